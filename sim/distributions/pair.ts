// A list of exactly two values, as in `[20ms, 5ms]`.

import { type Field, INVALID, wrongType } from "../base/fields.ts";

/** @param expects what the two are, for messages */
export function pairOf(field: Field<number>, expects: string): Field<readonly [number, number]> {
  return {
    expects,
    decode(node, diagnostics) {
      if (node.type !== "list" || node.items.length !== 2) return wrongType(node, expects, diagnostics);
      const [first, second] = [node.items[0]!, node.items[1]!].map((item) => field.decode(item, diagnostics));
      return first === INVALID || second === INVALID ? INVALID : [first!, second!];
    },
    schema: () => ({ type: "array", items: field.schema(), minItems: 2, maxItems: 2 }),
  };
}
