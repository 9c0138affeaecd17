// The verdict on a hypothesis, from the steady state at each evaluation.

import assert from "node:assert/strict";
import { FOREVER, type Nanos } from "../../sim/base/time.ts";
import type { ThresholdResult } from "../../sim/metrics/evaluation.ts";
import { Experiment, type ExperimentReport } from "../../sim/metrics/experiment.ts";
import type { Hypothesis } from "../../sim/objectives/hypothesis.ts";

const seconds = (value: number): Nanos => (value * 1e9) as Nanos;

function result(ok: boolean): ThresholdResult {
  const threshold = {
    metricText: "http_req_failed",
    metric: "http_req_failed",
    tags: new Map(),
    source: "rate<0.1",
    aggregation: { type: "rate" as const },
    comparison: "<" as const,
    value: 0.1,
    abortOnFail: false,
    delayAbortEval: seconds(0),
    window: seconds(10),
    gate: undefined,
  };
  return { threshold, value: ok ? 0.01 : 0.5, ok, why: undefined, windowEnd: undefined };
}

interface Course {
  /** Seconds at which the steady state does not hold: from, and up to but not at. */
  readonly bad: readonly (readonly [number, number])[];
  readonly hypothesis?: Partial<Hypothesis>;
  /** The window of the only fault. */
  readonly fault?: readonly [number, number];
}

/** Two minutes, evaluated every two seconds; the fault is there from 40 s to 60 s. */
function judge({ bad, hypothesis = {}, fault = [40, 60] }: Course): ExperimentReport & { endedAt: number | undefined } {
  const whole: Hypothesis = {
    title: "it stands",
    probes: [],
    before: seconds(0),
    recoverWithin: undefined,
    ...hypothesis,
  };
  const [from, until] = fault;
  const experiment = new Experiment(whole, seconds(from), seconds(120));
  for (let at = 2; at <= 120; at += 2) {
    const ok = !bad.some(([start, end]) => at >= start && at < end);
    const faults = {
      begun: at >= from,
      open: at >= from && at < until,
      recoverFrom: at < from ? -Infinity : until === Infinity ? seconds(from) : at < until ? Infinity : seconds(until),
    };
    if (experiment.evaluate(seconds(at), [result(ok)], faults, false)) return { ...experiment.report(), endedAt: at };
  }
  return { ...experiment.report(), endedAt: undefined };
}

Deno.test("a steady state that holds all the time confirms the hypothesis", () => {
  const { verdict, before, during, after, deviations, why } = judge({ bad: [] });
  assert.deepEqual([verdict, why, deviations.length], ["held", undefined, 0]);
  assert.deepEqual([before?.time, during?.time, after?.time], [38e9, 40e9, 120e9]);
});

Deno.test("a run that is not steady at the last evaluation before the first fault ends there", () => {
  const { verdict, endedAt, before, why } = judge({ bad: [[38, 40]] });
  assert.deepEqual([verdict, endedAt, before?.met], ["unsteady", 38, false]);
  assert.match(why!, /before the first fault/);
  assert.equal(judge({ bad: [[0, 38]] }).verdict, "held", "what was before does not count");
});

Deno.test("before says for how long it has to hold before the first fault", () => {
  const hypothesis = { before: seconds(20) };
  assert.equal(judge({ bad: [[0, 18]], hypothesis }).verdict, "held");
  assert.equal(judge({ bad: [[0, 20]], hypothesis }).verdict, "held");
  assert.equal(judge({ bad: [[24, 26]], hypothesis }).verdict, "unsteady");
});

Deno.test("without recoverWithin it has to hold during the fault as well", () => {
  const { verdict, deviations, why } = judge({ bad: [[50, 54]] });
  assert.equal(verdict, "deviated");
  assert.match(why!, /not steady at 50s/);
  assert.deepEqual(deviations.map(({ from, until }) => [from, until]), [[50e9, 54e9]]);
});

Deno.test("with recoverWithin it may fail during the fault, and for so long after it", () => {
  const hypothesis = { recoverWithin: seconds(20) };
  assert.equal(judge({ bad: [[44, 80]], hypothesis }).verdict, "held");
  assert.equal(judge({ bad: [[44, 82]], hypothesis }).verdict, "held");
  const late = judge({ bad: [[44, 90]], hypothesis });
  assert.equal(late.verdict, "deviated");
  assert.match(late.why!, /22s after the faults' end, and 20s were allowed/);
});

Deno.test("a fault that stays leaves so much time from its beginning", () => {
  const hypothesis = { recoverWithin: seconds(20) };
  assert.equal(judge({ bad: [[44, 60]], hypothesis, fault: [40, Infinity] }).verdict, "held");
  assert.equal(judge({ bad: [[44, 70]], hypothesis, fault: [40, Infinity] }).verdict, "deviated");
});

Deno.test("a system that is not steady when the run ends has not recovered, however much time was left", () => {
  const { verdict, why } = judge({ bad: [[70, 200]], hypothesis: { recoverWithin: seconds(3600) } });
  assert.equal(verdict, "deviated");
  assert.match(why!, /when the run ended/);
});

Deno.test("without any fault the last evaluation says whether it holds", () => {
  const never = [FOREVER, FOREVER] as const;
  assert.equal(judge({ bad: [[0, 50]], fault: never }).verdict, "held");
  assert.equal(judge({ bad: [[100, 200]], fault: never }).verdict, "deviated");
});
