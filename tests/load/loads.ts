// Decodes and compiles a workload as the scenario's decoder does, for the tests of load/.

import assert from "node:assert/strict";
import { type Diagnostic, Diagnostics } from "../../sim/base/diagnostics.ts";
import { duration, INVALID, tagged, withDefault } from "../../sim/base/fields.ts";
import { type Nanos, SECOND } from "../../sim/base/time.ts";
import type { ClosedLoad, Load, OpenLoad } from "../../sim/load/load.ts";
import { compileExecutor, EXECUTORS } from "../../sim/load/registry.ts";
import { nodeOf, type Plain } from "./nodes.ts";

export const workloadField = tagged("a scenario", "executor", EXECUTORS, {
  gracefulStop: withDefault(duration({ bareMilliseconds: true }), (30 * SECOND) as Nanos, "Grace.", "30s"),
});

export type Config = { readonly [key: string]: Plain };

export function tryLoad(config: Config): { load: Load | undefined; problems: readonly Diagnostic[] } {
  const diagnostics = new Diagnostics();
  const node = nodeOf(config);
  const decoded = workloadField.decode(node, diagnostics);
  const load = decoded === INVALID ? INVALID : compileExecutor(decoded.kind, decoded.config, node, diagnostics);
  return { load: load === INVALID ? undefined : load, problems: diagnostics.sorted() };
}

export function loadOf(config: Config): Load {
  const { load, problems } = tryLoad(config);
  assert.deepEqual(problems.map((problem) => problem.message), []);
  assert.ok(load !== undefined);
  return load;
}

export function openLoad(config: Config): OpenLoad {
  const load = loadOf(config);
  assert.ok(load.type === "open");
  return load;
}

export function closedLoad(config: Config): ClosedLoad {
  const load = loadOf(config);
  assert.ok(load.type === "closed");
  return load;
}

/** For loads that draw nothing. */
export function noDraw(): number {
  throw new Error("even arrivals draw nothing");
}

/** All start times in nanoseconds. */
export function starts(load: OpenLoad, draw: (n: number) => number = noDraw): number[] {
  const arrivals = load.arrivals(draw);
  const times: number[] = [];
  for (let time = arrivals.next(); time < Infinity; time = arrivals.next()) times.push(time);
  assert.equal(arrivals.next(), Infinity);
  return times;
}

/** All changes of the number of VUs, as [seconds, VUs]. */
export function steps(load: ClosedLoad): [number, number][] {
  const changes = load.changes();
  const found: [number, number][] = [];
  while (changes.next()) found.push([changes.time / SECOND, changes.count]);
  assert.equal(changes.next(), false);
  return found;
}
