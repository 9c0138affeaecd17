// The YAML library's syntax errors in the words of somebody who looks over your shoulder: where it really is, and what to
// write instead.

import { isScalar, type Node as YamlNode, visit, type YAMLParseError } from "yaml";

export interface Explanation {
  /** Offsets in the text. */
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly hint?: string;
  /** The braces that make the rest of the text readable when other characters stand in their place. */
  readonly braces?: readonly [open: number, close: number];
}

/** @param contents what was read in spite of the errors */
export function explainSyntax(error: YAMLParseError, text: string, contents: YamlNode | null): Explanation {
  const [start, end] = error.pos;
  const brace = text[start] === "{" ? explainBrace(text, start) : undefined;
  if (brace !== undefined) return brace;
  if (/must end with a|and end with a/.test(error.message)) return explainUnclosed(error, text);
  switch (error.code) {
    case "TAB_AS_INDENT":
      return { start, end, message: "a tab is used as indentation", hint: "indent with spaces" };
    case "MULTILINE_IMPLICIT_KEY":
      return explainMultilineKey(text, start, end);
    case "MISSING_CHAR":
      return explainMissing(error, text, contents);
    case "BLOCK_AS_IMPLICIT_KEY":
      return explainSecondColon(text, start);
    case "BAD_INDENT":
      return explainIndent(error, text);
    case "BAD_SCALAR_START": {
      const value = restOfValue(text, start);
      const message = `a value cannot begin with "${text[start]}"`;
      return { start, end: start + value.length, message, hint: `quote it: "${value}"` };
    }
    case "BAD_DQ_ESCAPE":
      return {
        start,
        end: Math.max(end, start + 2),
        message: `"${text.slice(start, start + 2)}" is not an escape`,
        hint: "write \\\\ for a backslash, or use single quotes",
      };
    case "UNEXPECTED_TOKEN":
      return explainUnexpected(text, start, end);
    default:
      return { start, end, message: `not valid YAML: ${error.message.replace(/\s*at line \d+.*$/s, "")}` };
  }
}

/** `[frontend.GET /cart/{id}]` and `{ rate: ${RATE} }`: a brace inside a plain text in flow style begins a map. */
function explainBrace(text: string, start: number): Explanation | undefined {
  const close = text.indexOf("}", start);
  const lineEnd = text.indexOf("\n", start);
  if (close === -1 || (lineEnd !== -1 && close > lineEnd)) return undefined;
  const end = close + 1;
  if (text[start - 1] === "$") {
    const variable = text.slice(start - 1, end);
    return {
      start: start - 1,
      end,
      message: `${variable} cannot stand bare between brackets or braces`,
      hint: `quote it: "${variable}"; what looks like a number is one all the same`,
      braces: [start, close],
    };
  }
  const before = text.slice(0, start);
  const from = Math.max(...["[", "{", ",", "\n"].map((char) => before.lastIndexOf(char))) + 1;
  const rest = /^[^,\]}\n]*/.exec(text.slice(end))![0].replace(/:\s.*$/, "");
  const item = text.slice(from, end) + rest;
  if (!/[^\s]/.test(text.slice(from, start))) return undefined;
  return {
    start,
    end,
    message: `inside brackets ${text.slice(start, end)} begins a map`,
    hint: `quote the whole: "${item.trim().replace(/^- /, "")}", or write each item on a line of its own after "- "`,
    braces: [start, close],
  };
}

const COLON_WITHOUT_SPACE = /^([\w-]+):(\S.*)$/;

function explainMultilineKey(text: string, start: number, end: number): Explanation {
  const first = text.slice(start, end).split(/\r?\n/)[0]!.trimEnd();
  const missing = explainColon(first, start);
  if (missing !== undefined) return missing;
  if (/^-\S/.test(first)) return explainDash(first, start);
  const message = `"${first}" runs on to the next line, where a key follows`;
  return { start, end: start + first.length, message, hint: `is a colon missing: ${first}: … ?` };
}

function explainColon(written: string, start: number): Explanation | undefined {
  const match = COLON_WITHOUT_SPACE.exec(written);
  if (match === null) return undefined;
  const [, key, value] = match;
  const hint = `write ${key}: ${value}`;
  return { start, end: start + written.length, message: "a space is missing after the colon", hint };
}

function explainDash(written: string, start: number): Explanation {
  const hint = `write - ${written.slice(1)}`;
  return { start, end: start + written.length, message: 'a space is missing after the "-"', hint };
}

function explainMissing(error: YAMLParseError, text: string, contents: YamlNode | null): Explanation {
  const [start, end] = error.pos;
  if (/Missing closing/.test(error.message)) {
    const open = openQuote(contents, start) ?? start;
    return {
      start: open,
      end: open + 1,
      message: "this quote is not closed",
      hint: `a ${text[open] ?? '"'} is missing`,
    };
  }
  if (/followed by map values/.test(error.message)) {
    const first = text.slice(start, end).split(/\r?\n/)[0]!.trimEnd();
    const known = explainColon(first, start) ?? (/^-\S/.test(first) ? explainDash(first, start) : undefined);
    const message = `"${first}" stands where a key is due`;
    return known ?? { start, end: start + first.length, message, hint: `is a colon missing: ${first}: … ?` };
  }
  if (/without - indicator/.test(error.message)) {
    const at = start + text.slice(start).search(/\S|$/);
    const line = restOfValue(text, at);
    return {
      start: at,
      end: at + line.length,
      message: 'this line is neither an item ("- ") nor in line with the keys of the item above',
      hint: 'begin it with "- ", or in the column where the key above begins',
    };
  }
  if (/flow sequence items|flow map items/.test(error.message)) {
    return {
      start,
      end,
      message: "a comma is missing before this",
      hint: "quote a text that contains brackets or braces",
    };
  }
  return { start, end, message: `not valid YAML: ${error.message}` };
}

function openQuote(contents: YamlNode | null, before: number): number | undefined {
  let found: number | undefined;
  if (contents === null) return undefined;
  visit(contents, {
    Scalar(_, node) {
      if (!isScalar(node) || !node.range) return;
      const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
      if (quoted && node.range[0] <= before && node.range[1] >= before) found = node.range[0];
    },
  });
  return found;
}

function explainSecondColon(text: string, start: number): Explanation {
  const value = restOfValue(text, start);
  if (value.includes(": ")) {
    const message = "a second key begins on this line";
    return { start, end: start + value.length, message, hint: `quote a text that contains a colon: "${value}"` };
  }
  return {
    start,
    end: start + value.length,
    message: "a key that has keys below it cannot have a value as well",
    hint: "write the value under a key of its own, or begin the next line further to the left",
  };
}

function explainIndent(error: YAMLParseError, text: string): Explanation {
  const [start] = error.pos;
  const at = start + text.slice(start).search(/\S|$/);
  return {
    start: at,
    end: at + restOfValue(text, at).length,
    message: "this line is not in line with the ones that it belongs to",
    hint: "the keys of one map, and the items of one list, begin in the same column",
  };
}

function explainUnclosed(error: YAMLParseError, text: string): Explanation {
  const open = /map/i.test(error.message) ? "{" : "[";
  const at = unclosed(text, error.pos[0], open);
  const hint = `a ${open === "{" ? "}" : "]"} is missing, or what follows is not indented`;
  return { start: at, end: at + 1, message: `this ${open} is not closed`, hint };
}

/** The last bracket of that kind before the offset that is still open there. */
function unclosed(text: string, before: number, open: string): number {
  const close = open === "{" ? "}" : "]";
  let closed = 0;
  for (let at = before - 1; at >= 0; at--) {
    if (text[at] === close) closed++;
    else if (text[at] === open && closed-- === 0) return at;
  }
  return before;
}

function explainUnexpected(text: string, start: number, end: number): Explanation {
  const written = restOfValue(text, start);
  const column = start - (text.lastIndexOf("\n", start - 1) + 1);
  if (/^[\w-]+:(\s|$)/.test(written) && column === 0) {
    const message = "a key stands beside a list, or below something that is not closed";
    return { start, end: start + written.length, message, hint: 'indent the list\'s "- " below a key of its own' };
  }
  const shown = text.slice(start, end).trim() || written;
  const hint = /[[\]{}]/.test(shown) ? "are brackets or braces not closed? quote a text that contains them" : undefined;
  const message = shown === "" ? "something is missing here" : `"${shown.split("\n")[0]}" is not expected here`;
  return { start, end, message, ...(hint === undefined ? {} : { hint }) };
}

/** The rest of the line, without a comment. */
function restOfValue(text: string, start: number): string {
  return /^[^\r\n]*/.exec(text.slice(start, start + 2000))![0].replace(/\s+#.*$/, "").trimEnd();
}
