import assert from "node:assert/strict";
import type { FaultEffect, FaultTarget } from "../../sim/faults/fault.ts";
import { windowsBefore } from "../../sim/plan/fault_windows.ts";
import { FactBatch, FactKind } from "../../sim/plan/facts.ts";
import { Engine } from "../../sim/engine/engine.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import type { FaultSpec } from "../../sim/scenario/scenario.ts";
import {
  call,
  constant,
  endpoint,
  fault,
  ms,
  openLoad,
  plan,
  seconds,
  service,
  simulate,
  target,
  workload,
} from "../build.ts";

const SLOW: FaultEffect = { turn: (knobs) => void (knobs.added += 10e6) };

function parts(options: Partial<FaultSpec>, seed = 1): Parameters<typeof plan>[0] {
  return {
    seed,
    services: [service("web", { Get: endpoint(constant(ms(1))) }, { replicas: 4, zones: ["a", "b"] })],
    journeys: { visit: [call("web.Get")] },
    workloads: [workload("load", "visit", openLoad(100, seconds(10)))],
    faults: [fault(target("web"), { effect: SLOW, ...options })],
  };
}

/** When requests were slow, in whole hundreds of milliseconds. */
function slowTimes(of: Plan): number[] {
  const slow = simulate(of).requests.filter(({ start, time }) => time - start > 5e6);
  return [...new Set(slow.map(({ start }) => Math.floor(start / 1e8)))];
}

Deno.test("a fault comes again every so often, and no more often than it may", () => {
  const again = { at: seconds(1), duration: ms(200), every: seconds(3) };
  assert.deepEqual(slowTimes(plan(parts({ ...again, times: Infinity }))), [10, 11, 40, 41, 70, 71]);
  assert.deepEqual(slowTimes(plan(parts({ ...again, times: 2 }))), [10, 11, 40, 41]);
});

Deno.test("jitter delays each window by a draw of its own, the same for the same seed", () => {
  const windows = (seed: number): number[] => {
    const made = plan(
      parts({ at: seconds(0), duration: ms(100), every: seconds(1), times: Infinity, jitter: ms(500) }, seed),
    );
    return [...windowsBefore(seed, made.faults[0]!, seconds(10))].map(({ from }) => from);
  };
  assert.deepEqual(windows(1), windows(1));
  assert.notDeepEqual(windows(1), windows(2));
  const late = windows(1).map((from, turn) => from - turn * 1e9);
  assert.ok(late.every((by) => by >= 0 && by < 500e6));
  assert.equal(new Set(late).size, late.length);
});

Deno.test("a share of the replicas is chosen anew for each window, and a zone's are those that run there", () => {
  const struck = (options: Partial<FaultSpec>): number[][] => {
    const windows: number[][] = [];
    const begin = (_: unknown, { replicas }: FaultTarget): void => void windows.push([...replicas]);
    const of = plan(
      parts({ at: seconds(0), duration: ms(500), every: seconds(1), times: Infinity, effect: { begin }, ...options }),
    );
    simulate(of);
    return windows;
  };
  const halves = struck({ replicas: { share: 0.5 } });
  assert.equal(halves.length, 10);
  assert.ok(halves.every((replicas) => replicas.length === 2));
  assert.ok(new Set(halves.map(String)).size > 2, "not always the same");
  assert.deepEqual(struck({ zone: "b" })[0], [1, 3]);
  assert.equal(struck({ zone: "b", replicas: { count: 1 } })[0]!.length, 1);
});

Deno.test("only the replicas that a window strikes are slow", () => {
  const of = plan(parts({ zone: "a" }));
  for (const { replica, start, time } of simulate(of).requests) {
    assert.equal(time - start > 5e6, replica % 2 === 0);
  }
});

Deno.test("a fault that waits begins when it is triggered and its reaction time is over, once", () => {
  const waiting = { when: [{} as FaultSpec["when"][number]], reaction: seconds(1), duration: seconds(1) };
  const of = plan(parts({ at: seconds(2), ...waiting }));
  const engine = new Engine(of, 1), batch = new FactBatch();
  const told: [number, number][] = [];
  for (let until = 1; !engine.done; until++) {
    for (let reached = false; !reached;) {
      batch.clear();
      reached = engine.step(seconds(until), batch);
      for (let row = 0; row < batch.length; row++) {
        if (batch.kind[row] === FactKind.fault) told.push([batch.time[row]! / 1e9, batch.outcome[row]!]);
      }
    }
    engine.trigger(0);
  }
  // Before 2 s it is not asked; from then on it is asked at every second, and comes once.
  assert.deepEqual(told, [[3, 1], [4, 0]]);
});

Deno.test("a fault past the run's end, or of probability 0, changes no fact", () => {
  const facts = (options: Partial<FaultSpec>): string =>
    JSON.stringify(simulate(plan(parts(options))).rows.filter(({ kind }) => kind !== FactKind.fault));
  const none = JSON.stringify(simulate(plan({ ...parts({}), faults: [] })).rows);
  assert.equal(facts({ at: seconds(60) }), none);
  assert.equal(facts({ probability: 0 }), none);
});
