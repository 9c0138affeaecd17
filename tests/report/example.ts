// A run with something in it, for the tests of what is reported: a shop whose payment was slow and refused work.

import type { Nanos } from "../../sim/base/time.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import { parseExpression } from "../../sim/objectives/grammar.ts";
import { isMetricName, metricSpec } from "../../sim/objectives/metrics.ts";
import { parseSelector } from "../../sim/objectives/selector.ts";
import type { Threshold } from "../../sim/objectives/threshold.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { SummaryInput } from "../../sim/report/input.ts";
import { addFact, tinyPlan } from "../plans.ts";

/** A threshold as the scenario's decoder makes it. */
export function threshold(metricText: string, source: string, options: Partial<Threshold> = {}): Threshold {
  const selector = parseSelector(metricText);
  if ("message" in selector) throw new Error(selector.message);
  const metric = selector.metric.text;
  const expression = parseExpression(source, isMetricName(metric) ? metricSpec(metric) : undefined);
  if ("message" in expression) throw new Error(expression.message);
  const tags = new Map(selector.tags.map((tag) => [tag.name.text, tag.value.text]));
  return {
    metricText,
    metric,
    tags,
    source,
    ...expression,
    abortOnFail: false,
    delayAbortEval: 0 as Nanos,
    window: undefined,
    gate: undefined,
    ...options,
  };
}

const THRESHOLDS = [
  threshold("http_req_duration", "p(95)<800"),
  threshold("http_req_duration", "avg<=250"),
  threshold("http_req_failed", "rate<0.01"),
  threshold("service_errors{service:payment}", "rate<0.05", { abortOnFail: true }),
  threshold("http_req_duration{endpoint:GET /}", "p(99)<300"),
  threshold("iteration_duration{scenario:browse}", "med<1000"),
];

const SECONDS = 180;

/** Facts of a run of 180 s: `web` and `db` are well, `payment` is slow and refuses from second 80 to 120. */
export function exampleFacts(): FactBatch {
  const batch = new FactBatch();
  let iterations = 0;
  for (let second = 1; second <= SECONDS; second++) {
    const slow = second > 80 && second <= 120;
    for (let n = 0; n < 40; n++, iterations++) {
      const at = second * 1000 - 999 + n * 24;
      const spread = ((iterations * 37) % 100) / 100;
      const charge = (slow ? 750 : 40) + 30 * spread;
      const refused = slow && n % 4 === 0;
      const late = slow && n % 5 === 1;
      if (refused) {
        addFact(batch, FactKind.request, {
          at,
          outcome: Outcome.refused,
          status: 503,
          endpoint: 2,
          service: 1,
          workload: 1,
        });
      } else {
        const flags = late ? FactFlag.abandoned : 0;
        const wait = slow ? 200 * spread : 0;
        addFact(batch, FactKind.request, {
          at,
          took: charge,
          wait,
          status: 200,
          flags,
          endpoint: 2,
          service: 1,
          workload: 1,
        });
        if (late) addFact(batch, FactKind.call, { at, took: 800, outcome: Outcome.timeout, endpoint: 2, workload: 1 });
        if (late) addFact(batch, FactKind.call, { at, took: 40, status: 200, attempt: 2, endpoint: 2, workload: 1 });
      }
      addFact(batch, FactKind.request, { at, took: 0.4 + spread, status: 200, endpoint: 3, service: 2, workload: 1 });
      const status = refused ? 503 : 200;
      const took = refused ? 12 : charge + 25;
      addFact(batch, FactKind.request, { at, took, status, endpoint: 1, workload: 1 });
      const outcome = refused ? Outcome.error : Outcome.ok;
      addFact(batch, FactKind.call, {
        at,
        took: took + 1,
        status,
        outcome,
        endpoint: 1,
        workload: 1,
        flags: FactFlag.journey,
      });
      addFact(batch, FactKind.request, { at, took: 4 + 3 * spread, status: 200 });
      addFact(batch, FactKind.call, { at, took: 5 + 3 * spread, status: 200, flags: FactFlag.journey });
      addFact(batch, FactKind.iteration, { at, took: 2400 + took, workload: 1 });
    }
    addSamples(batch, second, slow);
  }
  for (let n = 0; n < 3; n++) addFact(batch, FactKind.iteration, { at: SECONDS * 1000, outcome: Outcome.interrupted });
  return batch;
}

function addSamples(batch: FactBatch, second: number, slow: boolean): void {
  for (let workload = 0; workload < 2; workload++) {
    const row = addFact(batch, FactKind.vus, { at: second * 1000, workload });
    batch.wait[row] = workload === 0 ? 0 : slow ? 96 : 12;
    batch.extra[row] = workload === 0 ? 5 : 100;
  }
  const busy_s = [
    0.9 * second,
    0.9 * second,
    1.2 * second + 2.5 * Math.min(40, Math.max(0, second - 80)),
    0.1 * second,
  ];
  for (const [station, service] of [0, 0, 1, 2].entries()) {
    const row = addFact(batch, FactKind.station, { at: second * 1000, service, replica: station === 1 ? 1 : 0 });
    batch.wait[row] = service === 1 && slow ? 8 : 0;
    batch.start[row] = busy_s[station]! * 1e9;
  }
}

/** The example's summary input; `change` alters what the tests want otherwise. */
export function exampleInput(change: Partial<SummaryInput> = {}): SummaryInput {
  const metrics = new RunMetrics(tinyPlan({ thresholds: THRESHOLDS }));
  metrics.take(exampleFacts());
  const end = SECONDS * 1e9 as Nanos;
  return {
    run: {
      id: "2026-11-23T12-00-00Z-4f2a",
      name: "checkout",
      seed: 7,
      start: "2026-11-23T12:00:00.000Z",
      version: "0.1.0",
      scenarioHash: "sha256:0a1b",
      ended: "completed",
    },
    metrics: metrics.report(end),
    evaluation: metrics.evaluate(end),
    delivery: {
      spans: { generated: 1_204_113, delivered: 1_204_113, rejected: 0, pending: 0 },
      logs: { generated: 88_102, delivered: 88_102, rejected: 0, pending: 0 },
    },
    ...change,
  };
}
