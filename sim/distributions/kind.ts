// What a kind of distribution is: the keys that it is written with, and how they become a quantile function. One file a
// kind, one line in the registry.

import type { Diagnostics } from "../base/diagnostics.ts";
import type { Decoded, Field, Invalid, Properties } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import type { Distribution } from "./distribution.ts";

/** What is distributed: times with their units, or plain numbers. The kinds are the same for both. */
export interface Values {
  /** One value. */
  readonly field: Field<number>;
  /** What a value is called as a key of a mix's items: `latency`. */
  readonly name: string;
  /** Only whole numbers are drawn. */
  readonly whole: boolean;
  format(value: number): string;
  /** The field of any distribution of such values, for kinds that are made of others. */
  readonly any: Field<Distribution>;
}

export interface DistributionKind {
  /** One line for lists and hover texts. */
  readonly summary: string;
  fields(values: Values): Properties;
  /**
   * Makes the distribution, or diagnoses what does not fit together.
   * @param node the map that was decoded, for positions
   */
  compile(config: Decoded<Properties>, values: Values, node: Node, diagnostics: Diagnostics): Distribution | Invalid;
}

interface Definition<P extends Properties> {
  readonly summary: string;
  fields(values: Values): P;
  compile(config: Decoded<P>, values: Values, node: Node, diagnostics: Diagnostics): Distribution | Invalid;
}

/** Gives `compile` the types of the fields. */
export function distributionKind<P extends Properties>(definition: Definition<P>): DistributionKind {
  return {
    summary: definition.summary,
    fields: (values) => definition.fields(values),
    compile: (config, values, node, diagnostics) => definition.compile(config as Decoded<P>, values, node, diagnostics),
  };
}
