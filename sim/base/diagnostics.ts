// What is wrong with an input, as data: collected, sorted by position, and printed with the line and a caret.

import { lineText, type Node, type Path, type Span } from "./node.ts";

export interface Diagnostic {
  readonly span: Span;
  /** Where in the document: `services.web.replicas`. Empty for the whole. */
  readonly path: Path;
  readonly message: string;
  readonly hint?: string;
}

/** The most that is kept: whoever has more will not read on, and a hostile file must not cost hours. */
export const DIAGNOSTICS_MAX = 200;

/** Shorter values of variables are too common as words of messages to be told apart. */
const CONCEALED_LENGTH_MIN = 4;

/** Names a kind of value that decoding leaves behind, so that later checks find it with its place. */
export interface Mark<T> {
  readonly name: string;
  /** Only carries the type. */
  readonly type?: T;
}

/**
 * Collects diagnostics; the same message at the same place is kept once. It also collects what decoding marks, which is
 * there even when the value around it is wrong, so that checks over the whole can go on.
 */
export class Diagnostics {
  readonly #found = new Map<string, Diagnostic>();
  readonly #concealed = new Map<string, string>();
  readonly #marked = new Map<Mark<unknown>, Map<Node, unknown>>();

  add(span: Span, path: Path, message: string, hint?: string): void {
    if (this.full) return;
    const shown = this.#conceal(message);
    const key = `${span.source.name}:${span.line}:${span.column}:${shown}`;
    if (this.#found.has(key)) return;
    this.#found.set(key, {
      span,
      path,
      message: shown,
      ...(hint === undefined ? {} : { hint: this.#conceal(hint) }),
    });
  }

  get count(): number {
    return this.#found.size;
  }

  /** Whether DIAGNOSTICS_MAX are kept, so that more are not. */
  get full(): boolean {
    return this.#found.size >= DIAGNOSTICS_MAX;
  }

  /** By file, line and column. */
  sorted(): Diagnostic[] {
    return [...this.#found.values()].sort((a, b) =>
      compare(a.span.source.name, b.span.source.name) || a.span.line - b.span.line || a.span.column - b.span.column
    );
  }

  /** Removes those that the check says are not worth keeping. */
  drop(unwanted: (diagnostic: Diagnostic) => boolean): void {
    for (const [key, diagnostic] of this.#found) if (unwanted(diagnostic)) this.#found.delete(key);
  }

  /**
   * Writes `written` for `value` in every later message: the value of a variable may be a secret. Fields say a value as
   * it is written in the file; this is the second line of defence.
   */
  conceal(value: string, written: string): void {
    if (value.length >= CONCEALED_LENGTH_MIN) this.#concealed.set(value, written);
  }

  mark<T>(mark: Mark<T>, node: Node, value: T): void {
    let values = this.#marked.get(mark);
    if (values === undefined) this.#marked.set(mark, values = new Map());
    values.set(node, value);
  }

  /** What was marked so, in the order of decoding. */
  marked<T>(mark: Mark<T>): ReadonlyMap<Node, T> {
    return (this.#marked.get(mark) ?? new Map()) as ReadonlyMap<Node, T>;
  }

  #conceal(text: string): string {
    for (const [value, written] of this.#concealed) text = text.replaceAll(value, written);
    return text;
  }
}

/** Thrown when an input cannot be used; carries everything that is wrong with it. */
export class InvalidInput extends Error {
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(`${diagnostics.length} ${diagnostics.length === 1 ? "problem" : "problems"} in the input`);
    this.name = "InvalidInput";
  }
}

const SNIPPET_COLUMNS_MAX = 100;

/**
 * Writes a diagnostic as `file:line:col: message`, the line, a caret under the place and the hint. Control and
 * bidirectional characters of the input are shown as escapes, so that a file cannot drive the terminal.
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { span, message, hint } = diagnostic;
  const line = lineText(span.source, span.line);
  const cut = Math.max(0, span.column - 1 - SNIPPET_COLUMNS_MAX / 2);
  const before = (cut > 0 ? "…" : "") + visible(line.slice(cut, span.column - 1));
  const end = span.column - 1 + Math.min(span.length, SNIPPET_COLUMNS_MAX);
  const marked = visible(line.slice(span.column - 1, end));
  const shownEnd = Math.max(end, cut + SNIPPET_COLUMNS_MAX);
  const after = visible(line.slice(end, shownEnd)) + (shownEnd < line.length ? "…" : "");
  const gutter = String(span.line);
  const lines = [
    `${visible(span.source.name)}:${span.line}:${span.column}: ${visible(message)}`,
    `  ${gutter} | ${before}${marked}${after}`,
    `  ${" ".repeat(gutter.length)} | ${" ".repeat(width(before))}${"^".repeat(Math.max(1, width(marked)))}`,
  ];
  if (hint !== undefined) lines.push(`  ${" ".repeat(gutter.length)} = ${visible(hint)}`);
  return lines.join("\n");
}

// Cc: control, Cf: format (bidirectional marks, zero widths, tags), Zl and Zp: line and paragraph separators, Cs: halves.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Replaces control, bidirectional and invisible characters by escapes like `\u001b`; a tab becomes a space. */
export function visible(text: string): string {
  return text.replace(
    UNSAFE,
    (char) => char === "\t" ? " " : `\\u${char.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** The columns that a text takes on a terminal, so that the caret stands below its place. */
function width(text: string): number {
  let columns = 0;
  for (const char of text) columns += /\p{Mn}/u.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return columns;
}

/** Longer words are compared with nothing: no name that people mistype is longer. */
const COMPARED_LENGTH_MAX = 80;

/** The words nearest to `word`, best first: those within a third of the length in edits. */
export function nearest(word: string, words: Iterable<string>, most = 1): string[] {
  if (word.length > COMPARED_LENGTH_MAX) return [];
  const wanted = word.toLowerCase();
  const ranked: { word: string; distance: number }[] = [];
  for (const candidate of words) {
    const longest = Math.max(word.length, candidate.length);
    const limit = Math.max(1, Math.floor(longest / 3));
    if (longest > COMPARED_LENGTH_MAX || Math.abs(word.length - candidate.length) > limit) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance <= limit) ranked.push({ word: candidate, distance });
  }
  ranked.sort((a, b) => a.distance - b.distance || compare(a.word, b.word));
  return ranked.slice(0, most).map((entry) => entry.word);
}

/** Damerau–Levenshtein distance with adjacent transpositions (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, beforeLast[j - 2]! + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** Orders texts by UTF-16 units, the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
