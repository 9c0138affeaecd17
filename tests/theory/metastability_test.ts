// The retry storm (N. Bronson et al., "Metastable failures in distributed systems", HotOS 2021), from its scenario file
// alone: what outlives its trigger, and which policies end it.

import assert from "node:assert/strict";
import { FOREVER } from "../../sim/base/time.ts";
import { readScenario } from "../../sim/cli/scenario_files.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { FactBatch, FactFlag, FactKind } from "../../sim/plan/facts.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";

const CALL = 'services.web.endpoints."GET /".calls.0';
/** The stall is from the 60th second to the 70th. */
const TRIGGER = 60, TRIGGER_END = 70;

/** Answers in time a second, in each second of a run. */
function goodput(minutes: number, ...set: string[]): number[] {
  const path = fromRoot("scenarios/lab/retry-storm.yaml");
  const { scenario } = readScenario(path, { set: [`scenarios.load.duration=${minutes}m`, ...set] });
  const engine = new Engine(compileScenario(scenario), 1), batch = new FactBatch();
  const answers = new Array<number>(minutes * 60).fill(0);
  while (!engine.done) {
    engine.step(FOREVER, batch);
    for (let row = 0; row < batch.length; row++) {
      if (batch.kind[row] !== FactKind.call || (batch.flags[row]! & FactFlag.journey) === 0) continue;
      const second = Math.floor(batch.time[row]! / 1e9);
      if (batch.status[row] === 200 && second < answers.length) answers[second]!++;
    }
    batch.clear();
  }
  return answers;
}

function mean(answers: readonly number[], from: number, to: number): number {
  return answers.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from);
}

function test(name: string, fn: () => void): void {
  Deno.test({ name, ignore: needs("read", "env"), fn });
}

test("a retry storm outlives its trigger: ten minutes later goodput is still under 5 % of before", () => {
  const answers = goodput(12);
  const before = mean(answers, 10, TRIGGER);
  assert.ok(before > 170, `${before} before`);
  assert.ok(mean(answers, TRIGGER_END, TRIGGER_END + 60) < 0.05 * before);
  const later = mean(answers, TRIGGER_END + 540, TRIGGER_END + 640);
  assert.ok(later < 0.05 * before, `${later} of ${before}`);
});

const CURES: Readonly<Record<string, readonly string[]>> = {
  "no retries": [`${CALL}.retry.attempts=1`],
  "a retry budget of 20 %": [`${CALL}.retry.budget=20%`],
  "gRPC's retry throttling": [`${CALL}.retry.budget={ tokens: 10, ratio: 0.1 }`],
  "a circuit breaker that opens for 5 s": [`${CALL}.breaker={ open: 5s }`],
  "cancelling at the time-out": [`${CALL}.cancel=true`],
  "a deadline that the database knows": [`${CALL}.propagateDeadline=true`],
  "a bulkhead of 100 calls": [`${CALL}.bulkhead=100`],
  "load shedding at 150 in the queue": ["services.db.shed={ queue: 150 }"],
  "a third of the load": ["scenarios.load.rate=60"],
};

for (const [cure, set] of Object.entries(CURES)) {
  test(`with ${cure} goodput is back over 95 % within a minute`, () => {
    const answers = goodput(3, ...set);
    const before = mean(answers, 10, TRIGGER), after = mean(answers, TRIGGER_END + 60, TRIGGER_END + 110);
    assert.ok(mean(answers, TRIGGER + 1, TRIGGER_END) < 0.05 * before, "the trigger strikes");
    assert.ok(after > 0.95 * before, `${after} of ${before}`);
  });
}
