// All executors by the names that k6 gives them. A new one is a file and a line here.

import type { Diagnostics } from "../base/diagnostics.ts";
import type { Decoded, Invalid, Properties } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { constantArrivalRate } from "./constant_arrival_rate.ts";
import { constantVus } from "./constant_vus.ts";
import type { Executor } from "./executor.ts";
import type { Load } from "./load.ts";
import { perVuIterations } from "./per_vu_iterations.ts";
import { rampingArrivalRate } from "./ramping_arrival_rate.ts";
import { rampingVus } from "./ramping_vus.ts";
import { shapedArrivalRate } from "./shaped_arrival_rate.ts";
import { sharedIterations } from "./shared_iterations.ts";

export const EXECUTORS = {
  "shared-iterations": sharedIterations,
  "per-vu-iterations": perVuIterations,
  "constant-vus": constantVus,
  "ramping-vus": rampingVus,
  "constant-arrival-rate": constantArrivalRate,
  "ramping-arrival-rate": rampingArrivalRate,
  "shaped-arrival-rate": shapedArrivalRate,
} satisfies Record<string, Executor<Properties>>;

export type ExecutorKind = keyof typeof EXECUTORS;

/**
 * Makes the load of an executor from its decoded fields, or diagnoses what does not fit together.
 * @param node the map that was decoded, for positions
 */
export function compileExecutor<K extends ExecutorKind>(
  kind: K,
  config: Decoded<(typeof EXECUTORS)[K]["fields"]>,
  node: Node,
  diagnostics: Diagnostics,
): Load | Invalid {
  const executor: Executor<Properties> = EXECUTORS[kind];
  return executor.compile(config, node, diagnostics);
}
