// Text to YAML's own tree, within limits, with every syntax error as a diagnostic. Nothing that a file contains makes it
// throw.

import { Composer, type Document, isDocument, Lexer, type Node as YamlNode, Parser } from "yaml";
import type { Diagnostics } from "../base/diagnostics.ts";
import { lineStarts, lineText, type Source, spanAt } from "../base/node.ts";
import { DEPTH_HINT, DEPTH_MAX, FILE_BYTES_MAX } from "./limits.ts";
import { explainSyntax } from "./syntax.ts";

export interface YamlText {
  readonly document: Document;
  /** Whether there was no syntax error. */
  readonly whole: boolean;
  /** Whether a line belongs to a part that a syntax error has made unsure. */
  damaged(line: number): boolean;
}

/** Where a piece of YAML stands: its text begins at `shift` in the source. */
export interface Origin {
  readonly source: Source;
  readonly shift: number;
}

const OPTIONS = {
  version: "1.2",
  schema: "core",
  // The library's own check takes quadratic time; the tree's is linear.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "silent",
} as const;

/** A document, and what is held open around its deepest value, besides the levels of nesting. */
const STACK_BESIDES = 4;

/** Reads the one document of a text. Gives undefined when nothing of it can be used; that is diagnosed. */
export function readYaml(text: string, origin: Origin, diagnostics: Diagnostics): YamlText | undefined {
  const say = (start: number, end: number, message: string, hint?: string): undefined => {
    diagnostics.add(spanAt(origin.source, origin.shift + start, origin.shift + end), [], message, hint);
  };
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > FILE_BYTES_MAX) {
    return say(0, 0, `the file has ${bytes} bytes`, `at most ${FILE_BYTES_MAX} are read`);
  }
  const script = /^[ \t]*(?:export\s+(?:const|let|default)|import\s.*from|import\s*\{)/m.exec(text);
  if (script !== null) {
    const at = script.index + script[0].search(/\S/);
    return say(
      at,
      script.index + script[0].length,
      "this is a script of k6, not a scenario in YAML",
      'keep what stands inside "scenarios: { … }" and "thresholds: { … }", and describe the services and journeys',
    );
  }
  const directive = directiveAt(text);
  if (directive !== undefined) {
    return say(...directive, "YAML directives are not supported", "leave the line out");
  }
  const damage: Lines[] = [];
  const documents = composeRepaired(text, origin, damage, diagnostics);
  if (documents === undefined) return say(0, 1, "this cannot be read as YAML", "is it a text file?");
  if (typeof documents === "number") {
    const message = `more than ${DEPTH_MAX} levels of lists and maps inside each other`;
    return say(documents, documents + 1, message, DEPTH_HINT);
  }
  const [document, second] = documents;
  if (document === undefined) return say(0, 1, "there is nothing in it", "a scenario begins with name: …");
  if (second !== undefined && second.contents !== null) {
    const start = second.range?.[0] ?? 0;
    const separator = text.lastIndexOf("---", start);
    const at = separator === -1 ? start : separator;
    say(at, at + 3, "a second document begins here", "a file holds one scenario");
  }
  diagnoseSyntax(text, document, origin, damage, diagnostics);
  return {
    document,
    whole: document.errors.length === 0,
    damaged: (line) => damage.some(([first, last]) => line >= first && line <= last),
  };
}

/** Where a directive such as `%YAML 1.1` stands, if one does: before the first value. */
function directiveAt(text: string): [start: number, end: number] | undefined {
  for (let start = 0; start < text.length;) {
    const lineEnd = text.indexOf("\n", start);
    const end = lineEnd === -1 ? text.length : lineEnd;
    const line = text.slice(start, end).trim();
    if (line.startsWith("%") && text[start] === "%") return [start, start + line.length];
    if (line !== "" && !line.startsWith("#")) return undefined;
    start = end + 1;
  }
  return undefined;
}

/** Bare braces in flow style are the most frequent error; each costs one more reading, so a large file has fewer. */
const REPAIRS_MAX = 20;
const REPAIRED_CHARACTERS_MAX = 2 * 1024 * 1024;

/**
 * Composes the text. Braces inside plain texts of flow style are diagnosed and replaced, so that they spoil their line only.
 * Gives the documents, or the offset at which the nesting is too deep; undefined when the text is beyond YAML.
 */
function composeRepaired(
  text: string,
  { source, shift }: Origin,
  damage: Lines[],
  diagnostics: Diagnostics,
): Document[] | number | undefined {
  for (let repairs = 0;; repairs++) {
    let composed: Document[] | number;
    try {
      composed = compose(text);
    } catch {
      return undefined;
    }
    const [document] = typeof composed === "number" ? [] : composed;
    const [error] = document?.errors ?? [];
    if (document === undefined || error === undefined || repairs === REPAIRS_MAX) return composed;
    if (repairs * text.length > REPAIRED_CHARACTERS_MAX) return composed;
    const { start, end, message, hint, braces } = explainSyntax(error, text, document.contents as YamlNode | null);
    if (braces === undefined) return composed;
    const span = spanAt(source, shift + start, shift + end);
    diagnostics.add(span, [], message, hint);
    damage.push([span.line, span.line]);
    const [open, close] = braces;
    text = `${text.slice(0, open)}_${text.slice(open + 1, close)}_${text.slice(close + 1)}`;
  }
}

/** Gives the documents, or the offset at which the nesting is too deep. */
function compose(text: string): Document[] | number {
  const parser = new Parser();
  const composer = new Composer(OPTIONS);
  const documents: Document[] = [];
  const keep = (document: unknown): void => {
    if (isDocument(document)) documents.push(document as Document);
  };
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) for (const document of composer.next(token)) keep(document);
    // The composer calls itself for each level.
    if (parser.stack.length > DEPTH_MAX + STACK_BESIDES) return Math.min(parser.offset, text.length - 1);
  }
  for (const token of parser.end()) for (const document of composer.next(token)) keep(document);
  for (const document of composer.end(false, text.length)) keep(document);
  return documents;
}

type Lines = readonly [first: number, last: number];

/** Diagnoses one error a line, and adds the lines that they make unsure: the top-level parts that they stand in. */
function diagnoseSyntax(
  text: string,
  document: Document,
  { source, shift }: Origin,
  damage: Lines[],
  diagnostics: Diagnostics,
): void {
  const tabbed: Lines[] = [];
  const said = new Set<number>();
  const last = lineStarts(source).length;
  // What follows a line with a tab is often its echo.
  const errors = [...document.errors].sort((a, b) =>
    Number(b.code === "TAB_AS_INDENT") - Number(a.code === "TAB_AS_INDENT")
  );
  for (const error of errors) {
    if (diagnostics.full) {
      damage.push([1, last]);
      return;
    }
    const { start, end, message, hint } = explainSyntax(error, text, document.contents as YamlNode | null);
    const span = spanAt(source, shift + start, shift + Math.max(end, start + 1));
    const errorLine = spanAt(source, shift + error.pos[0], shift + error.pos[0] + 1).line;
    const isEcho = said.size > 0 && / in YAML stream| at node end/.test(error.message);
    if (isEcho) {
      damage.push([errorLine, last]);
      return;
    }
    if (said.has(span.line) || said.has(errorLine)) continue;
    if (error.code !== "TAB_AS_INDENT" && tabbed.some(([from, to]) => span.line >= from && span.line <= to)) continue;
    said.add(span.line);
    diagnostics.add(span, [], message, hint);
    let first = span.line;
    while (first > 1 && !isTopLevel(lineText(source, first))) first--;
    let until = Math.max(span.line, errorLine);
    while (until < last && !isTopLevel(lineText(source, until + 1))) until++;
    damage.push([first, until]);
    if (error.code === "TAB_AS_INDENT") tabbed.push([first, until]);
  }
}

function isTopLevel(line: string): boolean {
  return /^[^\s#\-\]})]/.test(line);
}
