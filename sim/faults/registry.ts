// All fault kinds. A new one is a file and a line here.

import type { Diagnostics } from "../base/diagnostics.ts";
import type { Decoded, Invalid, Properties } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { errors } from "./errors.ts";
import type { CompiledFault, FaultKind } from "./kind.ts";
import { latency } from "./latency.ts";

export const FAULTS = {
  latency,
  errors,
} satisfies Record<string, FaultKind<Properties>>;

export type FaultKindName = keyof typeof FAULTS;

/**
 * Makes the effect of a fault from its decoded fields, or diagnoses what does not fit together.
 * @param node the map that was decoded, for positions
 */
export function compileFault<K extends FaultKindName>(
  kind: K,
  config: Decoded<(typeof FAULTS)[K]["fields"]>,
  node: Node,
  diagnostics: Diagnostics,
): CompiledFault | Invalid {
  const definition: FaultKind<Properties> = FAULTS[kind];
  return definition.compile(config, node, diagnostics);
}
