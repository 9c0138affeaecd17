// Which targets and options a fault kind can have, by what it strikes: for faults of the file, and for those that chance draws.

import { type Aim, strikesRequests } from "../faults/kind.ts";
import type { FaultTarget } from "./scenario.ts";

/** Something in a fault that its kind cannot have. */
export interface Misfit {
  readonly message: string;
  readonly hint: string;
}

/** Kinds that strike a zone, load, or another fault. */
export function hasNoTarget(aim: Aim): boolean {
  return aim === "zone" || aim === "workloads" || aim === "fault";
}

/** Why a kind cannot strike such a target; undefined: it can. */
export function targetMisfit(
  kind: string,
  aim: Aim,
  { service, endpoint, caller, replica }: FaultTarget,
): Misfit | undefined {
  if (strikesRequests(aim)) return undefined;
  const hint = `target: ${service}`;
  if (endpoint !== undefined && (aim === "replicas" || aim === "services" || aim === "links")) {
    return { message: `${kind} strikes a service as a whole, and no endpoint of it`, hint };
  }
  if (caller !== undefined && (aim === "replicas" || aim === "services")) {
    return { message: `${kind} strikes a service, and no calls to it`, hint };
  }
  if (replica !== undefined && aim !== "replicas") return { message: `${kind} strikes no single replica`, hint };
  return undefined;
}

/** The options that a kind cannot have, of those that are given, by their keys. */
export function optionMisfits(kind: string, aim: Aim, has: (key: string) => boolean): [key: string, Misfit][] {
  if (strikesRequests(aim)) return [];
  const misfits: [string, Misfit][] = [];
  const refuse = (key: string, message: string): void => {
    if (has(key)) misfits.push([key, { message, hint: `leave ${key} out` }]);
  };
  if (aim !== "workloads") refuse("ramp", `${kind} is there or not: it has no ramp`);
  refuse("where", `${kind} does not ask for a request's context`);
  if (aim !== "replicas") refuse("replicas", `${kind} does not choose replicas`);
  if (aim !== "replicas" && aim !== "zone") refuse("zone", `${kind} does not choose replicas by zone`);
  return misfits;
}
