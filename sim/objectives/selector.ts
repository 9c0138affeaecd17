// The key of a threshold: a metric, alone or with the tags that its samples must have, as `http_reqs{scenario:buy}`.

import type { Problem } from "./grammar.ts";

/** A stretch of the key, and what it says once quotes and spaces around it are taken away. */
export interface SelectorPart {
  readonly text: string;
  readonly at: number;
  readonly length: number;
}

export interface SelectorTag {
  readonly name: SelectorPart;
  readonly value: SelectorPart;
}

export interface Selector {
  readonly metric: SelectorPart;
  readonly tags: readonly SelectorTag[];
}

/**
 * Reads a key as k6 does: the tags stand between the first `{` and a `}` that ends the key, so a value may contain both.
 * Quotes around a tag's name or value are optional, and say nothing.
 *
 * ```
 * selector -> metric | metric "{" tag ("," tag)* "}"
 * tag      -> name ":" value
 * name     -> anything but "," and ":", with or without quotes
 * value    -> anything but ",", with or without quotes; not empty
 * ```
 */
export function parseSelector(key: string): Selector | Problem {
  const open = key.indexOf("{");
  const close = key.lastIndexOf("}");
  if (open === -1 && close === -1) return { metric: name(key), tags: [] };
  if (open === -1 || (close !== -1 && close < open)) {
    return { at: close, length: 1, message: 'a "}" without a "{" before it', hint: HINT };
  }
  if (close === -1) return { at: key.length, length: 1, message: 'the "{" is not closed', hint: HINT };
  if (close !== key.length - 1) {
    return { at: close + 1, length: key.length - close - 1, message: 'nothing may follow the "}"', hint: HINT };
  }
  const tags: SelectorTag[] = [];
  let at = open + 1;
  for (const text of key.slice(open + 1, close).split(",")) {
    const tag = parseTag(key, at, at + text.length);
    if ("message" in tag) return tag;
    const before = tags.find((other) => other.name.text === tag.name.text);
    if (before !== undefined) {
      return {
        ...tag.name,
        message: `the tag "${tag.name.text}" stands twice`,
        hint: "a sample has one value of a tag",
      };
    }
    tags.push(tag);
    at += text.length + 1;
  }
  return { metric: name(key.slice(0, open)), tags };
}

/** A metric's name is taken as it stands, as k6 does. */
function name(text: string): SelectorPart {
  return { text, at: 0, length: Math.max(1, text.length) };
}

const HINT = "write it as in http_req_duration{service:web,status:200}";

function parseTag(key: string, from: number, to: number): SelectorTag | Problem {
  const colon = key.slice(from, to).indexOf(":");
  if (colon === -1 || from + colon + 1 === to) {
    const text = key.slice(from, to).trim();
    return {
      at: from,
      length: Math.max(1, to - from),
      message: text === "" ? "a tag is missing" : `the tag "${text}" has no value`,
      hint: HINT,
    };
  }
  return { name: part(key, from, from + colon), value: part(key, from + colon + 1, to) };
}

function part(key: string, from: number, to: number): SelectorPart {
  const written = key.slice(from, to);
  const text = written.trim();
  const lead = written.length - written.trimStart().length;
  return {
    text: text.replace(/^["']+|["']+$/g, ""),
    at: from + (text === "" ? 0 : lead),
    length: Math.max(1, text.length),
  };
}
