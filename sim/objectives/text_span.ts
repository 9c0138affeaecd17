// Places inside a text of the file: where a word of a threshold stands, for the caret under it.

import { lineText, type Span } from "../base/node.ts";

/**
 * The span of `text.slice(at, at + length)`, where `text` is what stands at `span`, with or without quotes. When the
 * source spells the text in another way (escapes, folded lines), the whole span is given.
 */
export function spanWithin(span: Span, text: string, at: number, length: number): Span {
  const line = lineText(span.source, span.line);
  const quote = line[span.column - 1];
  const column = span.column + (quote === '"' || quote === "'" ? 1 : 0);
  if (!line.startsWith(text, column - 1)) return span;
  return { source: span.source, line: span.line, column: column + at, length: Math.max(1, length) };
}
