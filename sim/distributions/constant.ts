// A constant, written as a bare value: `3ms`.

import type { Distribution } from "./distribution.ts";
import type { Values } from "./kind.ts";

/** Always the same value. */
export function constant(value: number, { format }: Pick<Values, "format">): Distribution {
  return { text: format(value), mean: value, least: value, sample: () => value };
}
