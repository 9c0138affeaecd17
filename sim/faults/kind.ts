// What a fault kind is: its fields, and how they become an effect. One file a kind, one line in the registry.

import type { Diagnostics } from "../base/diagnostics.ts";
import type { Decoded, Invalid, Properties, Variant } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import type { ErrorSpec, LogLevel } from "../model/model.ts";
import type { FaultEffect } from "./fault.ts";

export interface CompiledFault {
  readonly effect: FaultEffect;
  /** What a request that it fails answers; undefined for a kind that fails none. */
  readonly failure: ErrorSpec | undefined;
  /** What the lines say that it has services write; `{name}` as in a log step. */
  readonly log?: { readonly level: LogLevel; readonly message: string };
  /** All attempts of one call share its fate. */
  readonly sticky?: boolean;
  /** Names that its fields hold: another service, a fault, a workload (none: all of them). */
  readonly toService?: string;
  readonly ofFault?: string;
  readonly workload?: string | undefined;
  /** The version that it brings. */
  readonly version?: string;
  /** So many replicas its service may come to have. */
  readonly replicasTo?: number;
  /** It fails those who wait too long for a lock, in the words of the database. */
  readonly failsByLock?: boolean;
  /** It strikes only endpoints that handle messages. */
  readonly onlyHandlers?: boolean;
  /** Which of the target's endpoints it strikes, by name; all if left out. */
  readonly strikes?: (endpoint: string) => boolean;
}

/**
 * What a kind strikes, and so what its target may be and where its options make sense:
 *
 * - requests: a service, an endpoint, a replica, or an edge; requests in their service, or calls on an edge
 * - work: the same, but no edge: what happens inside a service
 * - calls: as requests, and always on the way from caller to callee
 * - replicas: a service or a replica, as a whole
 * - links: a service with all its neighbours, or an edge between two services
 * - pools: the connections to a service, or of an edge
 * - services: a service as a whole
 * - zone: the replicas of all services in a zone; it has no target
 * - workloads: entries of scenarios; it has no target
 * - fault: another fault; it has no target
 */
export type Aim =
  | "requests"
  | "work"
  | "calls"
  | "replicas"
  | "links"
  | "pools"
  | "services"
  | "zone"
  | "workloads"
  | "fault";

export interface FaultKind<P extends Properties> extends Variant<P> {
  readonly aim: Aim;
  /** A mitigation makes things better. */
  readonly isMitigation?: true;
  /** It slows or stops own work, which services must keep account of. */
  readonly touchesCpu?: true;
  /** It needs an end: `for`. */
  readonly needsEnd?: true;
  /** How many replicas it strikes if nothing is said of it; all if left out. */
  readonly replicas?: number;
  /** An item of `faults` as a person would write it, without its braces; times may be left out. */
  readonly sample: string;
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

/** Whether what it strikes is single requests or calls, and not a part of the world as a whole. */
export function strikesRequests(aim: Aim): boolean {
  return aim === "requests" || aim === "work" || aim === "calls";
}
