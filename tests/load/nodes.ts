// Builds nodes with true positions from plain values, for tests of decoders that need no parser.

import type { Entry, Node, Path, Span } from "../../sim/base/node.ts";

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** The node of a value, as if each entry of the outer map stood on a line of its own, inner ones in flow style. */
export function nodeOf(value: Plain): Node {
  const source = { name: "test.yaml", text: "" };
  let line = 1;
  let column = 1;
  const write = (text: string): Span => {
    const span = { source, line, column, length: Math.max(1, text.length) };
    source.text += text;
    column += text.length;
    return span;
  };
  const build = (plain: Plain, path: Path): Node => {
    if (Array.isArray(plain)) {
      const span = write("[");
      const items = plain.map((item, index) => {
        if (index > 0) write(", ");
        return build(item, [...path, index]);
      });
      write("]");
      return { type: "list", span, path, items };
    }
    if (typeof plain === "object" && plain !== null) {
      const outer = path.length === 0;
      const span = outer ? { source, line, column, length: 1 } : write("{");
      const entries: Entry[] = Object.entries(plain).map(([key, child], index) => {
        if (!outer && index > 0) write(", ");
        const keySpan = write(key);
        write(": ");
        const entry = { key, span: keySpan, value: build(child, [...path, key]) };
        if (outer) {
          source.text += "\n";
          line++;
          column = 1;
        }
        return entry;
      });
      if (!outer) write("}");
      return { type: "map", span, path, entries };
    }
    const text = String(plain);
    return { type: "scalar", span: write(text), path, value: plain as string | number | boolean | null, text };
  };
  return build(value, []);
}
