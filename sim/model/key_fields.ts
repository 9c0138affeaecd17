// Keys: which entry of a cache, which row, which partition.

import {
  converted,
  either,
  type Field,
  integer,
  isScalar,
  number,
  record,
  required,
  text,
  withDefault,
} from "../base/fields.ts";
import type { KeySpec } from "./state.ts";

/** A table of more keys takes more memory than it is worth. */
const KEYS_MAX = 10_000_000;

export const KEY_DEFAULT: KeySpec = { type: "zipf", n: 10_000, s: 1.1 };

const zipf = record("a law of popularity", {
  n: withDefault(integer({ min: 1, max: KEYS_MAX }), 10_000, "How many keys there are."),
  s: withDefault(number({ min: 0, max: 10 }), 1.1, "The k-th is asked for in proportion to 1/k^s; 0: all alike."),
});

/** The name of an attribute, or `{ zipf: { n: 10000, s: 1.1 } }`. */
export const keyField: Field<KeySpec> = either<KeySpec, KeySpec>(
  "an attribute of the endpoint, or { zipf: { n: 10000, s: 1.1 } }",
  isScalar,
  converted(text("the name of an attribute", { lengthMax: 200 }), (name): KeySpec => ({ type: "attribute", name })),
  converted(
    record("a key", { zipf: required(zipf, "Drawn by Zipf's law.", "zipf: { n: 10000, s: 1.1 }") }),
    ({ zipf: { n, s } }): KeySpec => ({ type: "zipf", n, s }),
  ),
);
