// What a fault kind is: its fields, and how they become an effect. One file a kind, one line in the registry.

import type { Diagnostics } from "../base/diagnostics.ts";
import type { Decoded, Invalid, Properties, Variant } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import type { ErrorSpec } from "../model/model.ts";
import type { FaultEffect } from "./fault.ts";

export interface CompiledFault {
  readonly effect: FaultEffect;
  /** What a request that it fails answers; undefined for a kind that fails none. */
  readonly failure: ErrorSpec | undefined;
}

export interface FaultKind<P extends Properties> extends Variant<P> {
  /**
   * Makes the effect, or diagnoses everything that does not fit together.
   * @param node the map that was decoded, for positions
   */
  compile(config: Decoded<P>, node: Node, diagnostics: Diagnostics): CompiledFault | Invalid;
}

/** Gives `compile` the types of the fields. */
export function faultKind<P extends Properties>(definition: FaultKind<P>): FaultKind<P> {
  return definition;
}
