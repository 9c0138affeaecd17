// Deadlocks over what a caller has too few of: places of a bulkhead, connections of a pool. Those over workers and rows are
// in engine_test.ts, capacity_test.ts and locks_test.ts.

import assert from "node:assert/strict";
import { PLAIN_CAPACITY } from "../../sim/model/capacity.ts";
import { FOREVER, type Nanos } from "../../sim/base/time.ts";
import { type CallPolicies, NO_POLICIES } from "../../sim/model/policies.ts";
import type { CallStep } from "../../sim/model/model.ts";
import { Outcome } from "../../sim/plan/facts.ts";
import { call, constant, endpoint, ms, openLoad, plan, seconds, service, simulate, workload } from "../build.ts";

/** a.First calls b.Outer, which calls back: a.Second calls b.Inner. Both calls of a are to have these policies. */
function back(
  policies: Partial<CallPolicies>,
  options: Parameters<typeof call>[1] = {},
  inner = "Inner",
): ReturnType<typeof simulate> {
  const out = (target: string): CallStep =>
    call(`b.${target}`, { policies: { ...NO_POLICIES, ...policies }, ...options });
  return simulate(plan({
    services: [
      service("a", {
        First: endpoint(constant(ms(10)), [out("Outer")]),
        Second: endpoint(constant(ms(1)), [out(inner)]),
      }),
      service("b", {
        Outer: endpoint(constant(ms(10)), [call("a.Second")]),
        Inner: endpoint(constant(ms(1))),
      }),
    ],
    journeys: { visit: [call("a.First")] },
    workloads: [workload("load", "visit", openLoad(10, seconds(2)), { gracefulStop: seconds(5) })],
  }));
}

const pool = (size: number, wait: Nanos) =>
  ({ pool: { size, wait, setup: undefined, keepAlive: FOREVER, view: "replica" } }) as const;
const bulkhead = (wait: Nanos) => ({ bulkhead: { concurrency: 1, queue: Infinity, wait } }) as const;

Deno.test("a pool whose connections are all held by calls that wait for one of them is a deadlock, which is told", () => {
  const run = back(pool(1, FOREVER));
  assert.deepEqual(run.engine.deadlocks.length, 1);
  assert.match(run.engine.deadlocks[0]!, /^deadlock: every worker or connection of a is held by a request that waits/);
  assert.ok(run.iterations.every(({ outcome }) => outcome === Outcome.interrupted));
  assert.equal(run.engine.framesInUse, 0);
});

Deno.test("with one connection more than requests at once, or a longest wait, or a time-out, nobody waits for ever", () => {
  assert.deepEqual(back(pool(4, FOREVER)).engine.deadlocks, []);
  assert.deepEqual(back(pool(1, ms(100))).engine.deadlocks, []);
  assert.deepEqual(back(pool(1, FOREVER), { timeout: ms(200) }).engine.deadlocks, []);
});

Deno.test("a bulkhead whose places are all held by calls that wait for one is a deadlock, unless the wait has a limit", () => {
  assert.match(back(bulkhead(FOREVER), {}, "Outer").engine.deadlocks.join(), /every worker or place of a is held/);
  assert.deepEqual(back(bulkhead(ms(100)), {}, "Outer").engine.deadlocks, []);
});

Deno.test("what waits for a free worker of a replica that stands still is in no deadlock", () => {
  const pauses = [{ every: constant(seconds(3)), length: constant(seconds(2)) }];
  const ring = (target: string): CallStep => call(target);
  const run = simulate(plan({
    services: [
      service("a", {
        Get: endpoint(constant(ms(1)), [ring("b.Get")]),
        Again: endpoint(constant(ms(1))),
      }, { concurrency: 50, capacity: { ...PLAIN_CAPACITY, pauses } }),
      service("b", { Get: endpoint(constant(ms(1)), [ring("a.Again")]) }, { concurrency: 50 }),
    ],
    journeys: { visit: [call("a.Get")] },
    workloads: [workload("load", "visit", openLoad(10, seconds(20)), { gracefulStop: seconds(20) })],
  }));
  assert.deepEqual(run.engine.deadlocks, []);
  assert.ok(run.iterations.every(({ outcome }) => outcome === Outcome.ok));
});
