// `--set services.web.replicas=3`: overlays one value on a document before it is decoded. A path is keys and list indices
// with dots between them; a key with a dot in it is quoted, as in services.web.endpoints."GET /v1.0".latency.

import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node as YamlNode,
  Pair,
  Scalar,
  visit,
  YAMLMap,
} from "yaml";
import type { Document } from "yaml";
import type { Diagnostics } from "../base/diagnostics.ts";
import { type Source, spanAt } from "../base/node.ts";
import { type Origin, readYaml } from "./yaml.ts";

interface Segment {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Override {
  readonly source: Source;
  readonly segments: readonly Segment[];
  readonly value: YamlNode | null;
  readonly valueStart: number;
}

/** Reads the argument of one --set. Gives undefined when it is wrong; that is diagnosed with the argument as its source. */
export function parseOverride(argument: string, diagnostics: Diagnostics): Override | undefined {
  const equals = endOfPath(argument);
  const path = equals === -1 ? argument : argument.slice(0, equals);
  const source: Source = { name: `--set ${path}`, text: argument };
  const say = (start: number, end: number, message: string, hint: string): undefined => {
    diagnostics.add(spanAt(source, start, end), [], message, hint);
  };
  const segments = parsePath(path, say);
  if (equals === -1) {
    return segments && say(argument.length, argument.length + 1, '"=" and a value are missing', "as in --set seed=7");
  }
  const text = argument.slice(equals + 1);
  const valueStart = equals + 1;
  if (segments === undefined) return undefined;
  if (text.trim() === "") return { source, segments, value: null, valueStart };
  const yaml = readYaml(text, { source, shift: valueStart }, diagnostics);
  if (yaml === undefined || !yaml.whole) return undefined;
  return { source, segments, value: yaml.document.contents as YamlNode | null, valueStart };
}

/** The first "=" outside quotes; -1 when there is none. */
function endOfPath(argument: string): number {
  let quoted = false;
  for (let at = 0; at < argument.length; at++) {
    if (argument[at] === "\\" && quoted) at++;
    else if (argument[at] === '"') quoted = !quoted;
    else if (argument[at] === "=" && !quoted) return at;
  }
  return -1;
}

type Say = (start: number, end: number, message: string, hint: string) => undefined;

const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const BARE = /[^."]*/y;
const EXAMPLE = 'as in services.web.endpoints."GET /".latency';

function parsePath(path: string, say: Say): readonly Segment[] | undefined {
  const segments: Segment[] = [];
  let at = 0;
  for (;;) {
    const pattern = path[at] === '"' ? QUOTED : BARE;
    pattern.lastIndex = at;
    const match = pattern.exec(path);
    if (match === null) return say(at, path.length, "the quote is not closed", EXAMPLE);
    const end = at + match[0].length;
    const text = match[1] === undefined ? match[0].trim() : match[1].replace(/\\(.)/g, "$1");
    if (text === "") return say(at, end + 1, "a key is missing in the path", EXAMPLE);
    segments.push({ text, start: at, end });
    if (end === path.length) return segments;
    if (path[end] !== ".") return say(end, end + 1, 'a "." is due between the keys of the path', EXAMPLE);
    at = end + 1;
  }
}

/**
 * Puts the value into the document, with the maps that are missing on the way. `origins` learns where the new nodes come
 * from.
 */
export function applyOverride(
  document: Document,
  override: Override,
  origins: Map<unknown, Origin>,
  diagnostics: Diagnostics,
): void {
  const { source, segments, value, valueStart } = override;
  const say: Say = (start, end, message, hint) => {
    diagnostics.add(spanAt(source, start, end), segments.map((segment) => segment.text), message, hint);
  };
  const valueNode = value ?? new Scalar(null);
  origins.set(valueNode, { source, shift: valueStart });
  let parent: YamlNode | null = document.contents as YamlNode | null;
  if (parent === null) document.contents = parent = new YAMLMap();
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const next: YamlNode | undefined = isLast ? valueNode : undefined;
    const child: YamlNode | undefined = isMap(parent)
      ? intoMap(parent, segment, next, source, origins)
      : isSeq(parent)
      ? intoList(parent.items as YamlNode[], segment, next, segments.slice(0, index), say)
      : say(segment.start, segment.end, `${pathText(segments.slice(0, index))} is a value and has no keys`, EXAMPLE);
    if (child === undefined) return;
    parent = child;
  }
}

/** The value at a key, which is put there or created as an empty map. */
function intoMap(
  map: YAMLMap,
  segment: Segment,
  value: YamlNode | undefined,
  source: Source,
  origins: Map<unknown, Origin>,
): YamlNode {
  let pair = map.items.find(({ key }) => isScalar(key) && keyText(key) === segment.text) as Pair | undefined;
  if (pair === undefined) {
    const key = new Scalar(segment.text);
    key.range = [segment.start, segment.end, segment.end];
    origins.set(key, { source, shift: 0 });
    pair = new Pair(key, null);
    // An empty "{}" written on one line would keep the new keys there.
    if (map.items.length === 0) map.flow = false;
    map.items.push(pair);
  }
  const old = pair.value as YamlNode | null;
  if (value !== undefined) pair.value = value;
  else if (old === null || (isScalar(old) && old.value === null)) pair.value = new YAMLMap();
  return pair.value as YamlNode;
}

function intoList(
  items: YamlNode[],
  segment: Segment,
  value: YamlNode | undefined,
  before: readonly Segment[],
  say: Say,
): YamlNode | undefined {
  const index = /^\d+$/.test(segment.text) ? Number(segment.text) : NaN;
  if (!(index < items.length)) {
    const list = pathText(before);
    const count = items.length === 1 ? "1 item" : `${items.length} items`;
    const message = Number.isNaN(index) ? `${list} is a list of ${count}` : `${list} has ${count}`;
    const hint = items.length === 0 ? "it is empty" : `from ${list}.0 to ${list}.${items.length - 1}`;
    return say(segment.start, segment.end, message, hint);
  }
  if (value !== undefined) items[index] = value;
  return items[index];
}

function keyText(key: Scalar): string {
  return typeof key.value === "string" ? key.value : key.source ?? String(key.value);
}

function pathText(segments: readonly Segment[]): string {
  return segments.length === 0 ? "the scenario" : segments.map(({ text }) => text).join(".");
}

/**
 * Replaces every alias by a copy of its value, so that a change at one place is none at another. The document's aliases
 * have been found to be few and to end.
 */
export function expandAliases(document: Document): void {
  const anchors = new Map<string, YamlNode>();
  const expand = (node: unknown): unknown => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      return target === undefined ? node : target.clone();
    }
    if (isCollection(node)) {
      for (const [index, item] of node.items.entries()) {
        if (item instanceof Pair) item.value = expand(item.value);
        else node.items[index] = expand(item);
      }
    }
    const { anchor } = (node ?? {}) as { anchor?: string };
    if (anchor !== undefined) anchors.set(anchor, node as YamlNode);
    return node;
  };
  document.contents = expand(document.contents) as typeof document.contents;
  visit(document, {
    Node(_, node) {
      if (!isAlias(node)) delete (node as { anchor?: string }).anchor;
    },
  });
}
