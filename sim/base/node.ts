// A parsed document as a tree whose every node knows where it stands, so that whatever is wrong with it can be shown.

/** A text that was read: a file, or a value from the command line. */
export interface Source {
  /** As shown in front of a position: a path, or `--set services.web.replicas`. */
  readonly name: string;
  readonly text: string;
}

/** A stretch of a source. Lines and columns count from 1; the column counts UTF-16 units. */
export interface Span {
  readonly source: Source;
  readonly line: number;
  readonly column: number;
  /** At least 1. */
  readonly length: number;
}

export type Path = readonly (string | number)[];

export interface ScalarNode {
  readonly type: "scalar";
  readonly span: Span;
  readonly path: Path;
  readonly value: string | number | boolean | null;
  /** As written, without quotes; variables stand in it unexpanded. */
  readonly text: string;
  /** The text after the variables in it were replaced. It may be a secret: no message quotes it or `value`. */
  readonly expanded?: string;
  /** Written in quotes, so that it is a text whatever it looks like. */
  readonly quoted?: true;
  /** What is wrong here has been said, so that nothing more is. */
  readonly diagnosed?: true;
}

export interface ListNode {
  readonly type: "list";
  readonly span: Span;
  readonly path: Path;
  readonly items: readonly Node[];
}

export interface Entry {
  readonly key: string;
  /** Where the key stands. */
  readonly span: Span;
  readonly value: Node;
}

export interface MapNode {
  readonly type: "map";
  readonly span: Span;
  readonly path: Path;
  readonly entries: readonly Entry[];
}

export type Node = ScalarNode | ListNode | MapNode;

const LINE_BREAK = /\r\n|\n|\r/g;
const starts = new WeakMap<Source, readonly number[]>();

/** The offsets at which the lines of a source begin. */
export function lineStarts(source: Source): readonly number[] {
  let found = starts.get(source);
  if (found === undefined) {
    found = [0, ...Array.from(source.text.matchAll(LINE_BREAK), (match) => match.index + match[0].length)];
    starts.set(source, found);
  }
  return found;
}

/** A line of a source, counted from 1, without its break. */
export function lineText(source: Source, line: number): string {
  const lines = lineStarts(source);
  return source.text.slice(lines[line - 1] ?? source.text.length, lines[line]).replace(LINE_BREAK, "");
}

/** The span between two offsets, cut at the end of its first line and at least one column long. */
export function spanAt(source: Source, start: number, end: number): Span {
  const lines = lineStarts(source);
  let low = 0, high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lines[middle]! <= start) low = middle;
    else high = middle - 1;
  }
  const column = start - lines[low]! + 1;
  const lineEnd = lines[low]! + lineText(source, low + 1).trimEnd().length;
  return { source, line: low + 1, column, length: Math.max(1, Math.min(end, lineEnd) - start) };
}

/** The entry of a map with that key, if it has one. */
export function entryOf(map: MapNode, key: string): Entry | undefined {
  return map.entries.find((entry) => entry.key === key);
}

/** What the node is, in the words of a message. */
export function describeNode(node: Node): string {
  if (node.type === "list") return "a list";
  if (node.type === "map") return "a map";
  if (node.value === null) return "nothing";
  if (node.expanded !== undefined) return `the value of ${node.text}`;
  if (typeof node.value === "string") {
    return `the text "${node.value.length > 40 ? node.value.slice(0, 39) + "…" : node.value}"`;
  }
  return `the ${typeof node.value === "number" ? "number" : "word"} ${node.text}`;
}
