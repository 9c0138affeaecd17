// Comparing: the distance of distributions, differences of calls and thresholds, and request by request.

import assert from "node:assert/strict";
import fc from "fast-check";
import { compareText } from "../../sim/replay/compare_text.ts";
import { comparePage } from "../../sim/replay/compare_page.ts";
import { compareSides, ksDistance, type Side } from "../../sim/replay/comparison.ts";
import { Observation } from "../../sim/replay/observation.ts";
import { readTraffic } from "../../sim/replay/recorded_traffic.ts";
import { simulateTraffic } from "../../sim/replay/simulated.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { TEN_SECONDS } from "../cli/scenarios.ts";
import { needs } from "../permissions.ts";
import { record, scenarioOf } from "./round_trip.ts";

const ignore = needs("read", "write", "env");

async function sideOf(text: string, name = "side"): Promise<Side> {
  const scenario = scenarioOf(text);
  const { observation, asked, evaluation, metrics } = await simulateTraffic(compileScenario(scenario));
  return {
    name,
    observation,
    asked,
    seed: scenario.seed,
    length_s: metrics.elapsed / 1e9,
    thresholds: evaluation.results,
  };
}

Deno.test("the distance is 0 of a sample to itself, 1 of samples apart, and symmetric", () => {
  const sample = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 60 })
    .map((values) => Float64Array.from(values).sort());
  fc.assert(fc.property(sample, sample, (a, b) => {
    // By the definition: over every value of either.
    const share = (all: Float64Array, value: number): number => all.filter((each) => each <= value).length / all.length;
    const slow = Math.max(...[...a, ...b].map((value) => Math.abs(share(a, value) - share(b, value))));
    assert.ok(Math.abs(ksDistance(a, b) - slow) < 1e-12);
    assert.equal(ksDistance(a, b), ksDistance(b, a));
    assert.equal(ksDistance(a, a), 0);
    assert.equal(ksDistance(a, a.map((value) => value + 100)), 1);
  }));
  assert.ok(Number.isNaN(ksDistance(new Float64Array(0), new Float64Array([1]))));
});

Deno.test({
  name: "a scenario and itself are the same, request by request",
  ignore,
  async fn() {
    const comparison = compareSides(await sideOf(TEN_SECONDS), await sideOf(TEN_SECONDS));
    assert.deepEqual(comparison.edges, []);
    for (const { ks, a, b } of comparison.endpoints) assert.deepEqual([ks, a], [0, b]);
    const [buy] = comparison.requests!;
    assert.ok(buy!.matched > 200);
    assert.deepEqual([buy!.same, buy!.onlyA, buy!.onlyB, buy!.furthest.length], [buy!.matched, 0, 0, 0]);
    assert.match(
      compareText(comparison, { columns: 80, color: false, all: false }),
      /the same in both to the nanosecond/,
    );
  },
});

Deno.test({
  name: "without its fault a scenario differs from the moment of the fault on, and a threshold changes sides",
  ignore,
  async fn() {
    const text = TEN_SECONDS.replace("rate<0.9", "rate<0.3");
    const a = await sideOf(text, "with"), b = await sideOf(text.replace("target: bank", "target: prices"), "without");
    const comparison = compareSides(a, b);
    const [buy] = comparison.requests!;
    assert.ok(buy!.same > 0 && buy!.same < buy!.matched);
    // The fault is at 4 s; a request under way then may meet it.
    assert.ok(buy!.firstDifference_s > 3.5 && buy!.firstDifference_s < 5, String(buy!.firstDifference_s));
    assert.match(buy!.furthest[0]!.traceA, /^[0-9a-f]{32}$/);
    const bank = comparison.endpoints.find(({ service }) => service === "bank")!;
    assert.ok(bank.ks > 0.1 && bank.a!.rate > 1.4 * bank.b!.rate);
    const [failed] = comparison.thresholds;
    assert.deepEqual([failed!.a!.ok, failed!.b!.ok], [false, true]);
    const text80 = compareText(comparison, { columns: 80, color: false, all: false });
    assert.ok(text80.split("\n").every((line) => line.length <= 100), text80);
    assert.match(text80, /0\.\d{3}\*\n(.*\n)+ +\* no chance: less than one in 1,000/);
    const page = comparePage(comparison);
    assert.match(page, /^<!doctype html>/);
    assert.doesNotMatch(page, /https?:\/\//);
  },
});

Deno.test({
  name: "a run and its own traces show the same endpoints, calls and times",
  ignore,
  async fn() {
    const path = `${Deno.makeTempDirSync()}/traces.jsonl`;
    await record(scenarioOf(TEN_SECONDS), path);
    const { table, tally } = await readTraffic({
      recording: { parts: [{ path, service: "", bytes: 0 }], notices: [] },
      shown: (each) => each,
    });
    const recorded = new Observation(table);
    assert.deepEqual([tally.skipped.length, tally.odd.length], [0, 0]);
    const run = await sideOf(TEN_SECONDS, "run");
    const other: Side = {
      name: "traces",
      observation: recorded,
      asked: undefined,
      seed: undefined,
      length_s: run.length_s,
      thresholds: undefined,
    };
    const comparison = compareSides(run, other);
    assert.deepEqual(comparison.edges, []);
    assert.equal(comparison.requests, undefined);
    for (const { service, endpoint, a, b, ks } of comparison.endpoints) {
      assert.deepEqual([a, ks], [b, 0], `${service}.${endpoint}`);
    }
  },
});
