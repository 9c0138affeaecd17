// What each fact does to the metrics, and what a selector takes of it.

import assert from "node:assert/strict";
import type { Nanos } from "../../sim/base/time.ts";
import { Counter } from "../../sim/metrics/counter.ts";
import type { Evaluation } from "../../sim/metrics/evaluation.ts";
import { Gauge } from "../../sim/metrics/gauge.ts";
import { Rate } from "../../sim/metrics/rate.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import { Trend } from "../../sim/metrics/trend.ts";
import { METRIC_NAMES, METRICS } from "../../sim/objectives/metrics.ts";
import type { Threshold } from "../../sim/objectives/threshold.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { addFact, type TinyFact, tinyPlan } from "../plans.ts";
import { exampleFacts, threshold } from "../report/example.ts";

const S = 1e9;
const { request, call, iteration, dropped, vus } = FactKind;

function measure(facts: readonly [number, TinyFact][], plan: Plan = tinyPlan()): RunMetrics {
  const metrics = new RunMetrics(plan);
  const batch = new FactBatch();
  for (const [kind, fact] of facts) addFact(batch, kind as FactKind, fact);
  metrics.take(batch);
  return metrics;
}

/** A metric's value in short: a counter's count, a rate as passes/total, a gauge's value, a trend's samples' sum in ms. */
function read(metrics: RunMetrics, text: string): string {
  const series = metrics.report(10 * S as Nanos).series.find((each) => each.text === text);
  const instrument = series?.instrument;
  if (instrument instanceof Counter) return String(instrument.count);
  if (instrument instanceof Rate) return `${instrument.passes}/${instrument.total}`;
  if (instrument instanceof Gauge) return String(instrument.value);
  if (instrument instanceof Trend) return `${instrument.count}: ${Math.round(instrument.sum)}ms`;
  return "missing";
}

const JOURNEY = FactFlag.journey;
const WEB = 0, CHECKOUT = 1, CHARGE = 2;
const BROWSE = 0, BUY = 1;

Deno.test("a journey's attempts are the http metrics; calls between services are not", () => {
  const metrics = measure([
    [call, { at: 50, took: 50, status: 200, flags: JOURNEY }],
    [call, { at: 90, took: 30, status: 404, outcome: Outcome.error, flags: JOURNEY }],
    [call, { at: 95, took: 20, status: 0, outcome: Outcome.timeout, flags: JOURNEY }],
    [call, { at: 99, took: 10, status: 200, endpoint: CHARGE }],
  ]);
  assert.equal(read(metrics, "http_reqs"), "3");
  assert.equal(read(metrics, "http_req_failed"), "2/3");
  assert.equal(read(metrics, "http_req_duration"), "3: 100ms");
  assert.equal(read(metrics, "http_req_waiting"), "3: 100ms");
  assert.equal(read(metrics, "http_req_duration{expected_response:true}"), "1: 50ms");
  assert.equal(read(metrics, "goodput"), "1");
  assert.equal(read(metrics, "timeouts"), "1");
});

Deno.test("a service's requests: errors are refusals and statuses from 500, durations are of accepted requests", () => {
  const metrics = measure([
    [request, { at: 50, took: 50, wait: 20, status: 200 }],
    [request, { at: 60, took: 10, status: 404 }],
    [request, { at: 70, took: 10, status: 502, outcome: Outcome.dependency }],
    [request, { at: 80, status: 503, outcome: Outcome.refused, flags: FactFlag.abandoned }],
    [request, { at: 90, took: 30, status: 200, flags: FactFlag.abandoned }],
  ]);
  assert.equal(read(metrics, "service_requests"), "5");
  assert.equal(read(metrics, "service_errors"), "2/5");
  assert.equal(read(metrics, "service_req_duration"), "4: 100ms");
  assert.equal(read(metrics, "service_queue_wait"), "4: 20ms");
  assert.equal(read(metrics, "refused"), "1");
  assert.equal(read(metrics, "abandoned"), "1");
});

Deno.test("what was interrupted is counted as interrupted and nowhere else", () => {
  const outcome = Outcome.interrupted;
  const metrics = measure([
    [request, { at: 50, took: 50, outcome, flags: FactFlag.abandoned }],
    [call, { at: 50, took: 50, outcome, attempt: 2, flags: JOURNEY }],
    [iteration, { at: 50, took: 50, outcome }],
  ]);
  const { services, workloads } = metrics.report(1 * S as Nanos);
  assert.deepEqual([services[0]!.interrupted, workloads[0]!.interrupted], [1, 1]);
  for (const text of ["http_reqs", "service_requests", "abandoned", "retries", "iterations"]) {
    assert.equal(read(metrics, text), "0", text);
  }
  assert.equal(read(metrics, "service_req_duration"), "0: 0ms");
});

Deno.test("retries and timeouts belong to the service called, and to the one that calls", () => {
  const metrics = measure(
    [
      [call, { endpoint: CHARGE, service: 0, outcome: Outcome.timeout }],
      [call, { endpoint: CHARGE, service: 0, attempt: 2, status: 200 }],
      [call, { endpoint: WEB, attempt: 3, outcome: Outcome.timeout, flags: JOURNEY }],
    ],
    tinyPlan({
      thresholds: [
        threshold("retries{service:payment,caller:web}", "count<9"),
        threshold("timeouts{caller:web}", "count<9"),
      ],
    }),
  );
  assert.equal(read(metrics, "retries"), "2");
  assert.equal(read(metrics, "timeouts"), "2");
  assert.equal(read(metrics, "retries{service:payment,caller:web}"), "1");
  assert.equal(read(metrics, "timeouts{caller:web}"), "1");
  const [web, payment] = metrics.report(1 * S as Nanos).services;
  assert.deepEqual([web!.retries, web!.timeouts, payment!.retries, payment!.timeouts], [1, 1, 0, 0]);
});

Deno.test("iterations that ended are complete, even when a call of theirs failed; dropped ones come in numbers", () => {
  const metrics = new RunMetrics(tinyPlan());
  const batch = new FactBatch();
  addFact(batch, iteration, { at: 2000, took: 1500 });
  addFact(batch, iteration, { at: 2000, took: 500, workload: BUY, outcome: Outcome.dependency });
  batch.extra[addFact(batch, dropped, { workload: BUY })] = 40;
  batch.extra[addFact(batch, dropped, { workload: BUY })] = 1;
  metrics.take(batch);
  assert.equal(read(metrics, "iterations"), "2");
  assert.equal(read(metrics, "iteration_duration"), "2: 2000ms");
  assert.equal(read(metrics, "dropped_iterations"), "41");
  assert.deepEqual(metrics.workloads(S as Nanos).map((each) => [each.complete, each.dropped]), [[1, 0], [1, 41]]);
});

Deno.test("a selector takes the facts that have all its tags", () => {
  const texts = [
    "http_reqs{scenario:buy}",
    "http_reqs{endpoint:POST /checkout,status:503}",
    "http_reqs{method:GET}",
    "http_req_failed{expected_response:false}",
    "http_reqs{scenario:buy,service:payment}",
    "http_reqs{team:shop}",
  ];
  const plan = tinyPlan({
    workloads: { browse: { tags: new Map([["team", "shop"]]) }, buy: {} },
    thresholds: texts.map((text) => threshold(text, text.startsWith("http_reqs") ? "count>0" : "rate<1")),
  });
  const metrics = measure([
    [call, { workload: BROWSE, endpoint: WEB, status: 200, flags: JOURNEY }],
    [call, { workload: BUY, endpoint: WEB, status: 200, flags: JOURNEY }],
    [call, { workload: BUY, endpoint: CHECKOUT, status: 200, flags: JOURNEY }],
    [call, { workload: BUY, endpoint: CHECKOUT, status: 503, flags: JOURNEY }],
  ], plan);
  assert.deepEqual(texts.map((text) => read(metrics, text)), ["3", "1", "2", "1/1", "0", "1"]);
});

Deno.test("the parts of a metric add up to the whole, and a threshold without tags sees the whole", () => {
  const types = { counter: "count>=0", gauge: "value>=0", rate: "rate>=0", trend: "max>=0" };
  const thresholds = METRIC_NAMES.flatMap((name): Threshold[] => {
    const expression = types[METRICS[name].type];
    const tags: readonly string[] = METRICS[name].tags;
    const parts = tags.includes("scenario") ? ["{scenario:browse}", "{scenario:buy}"] : [];
    return ["", ...parts].map((part) => threshold(name + part, expression));
  });
  const metrics = new RunMetrics(tinyPlan({ thresholds }));
  metrics.take(exampleFacts());
  const end = 180 * S as Nanos;
  const values = new Map(metrics.evaluate(end).results.map((each) => [each.threshold.metricText, each.value ?? 0]));
  for (const { text, metric, instrument } of metrics.report(end).series) {
    if (text !== metric) continue;
    const { aggregation } = thresholds.find((each) => each.metricText === text)!;
    assert.equal(values.get(text), instrument.aggregate(aggregation, 180) ?? 0, text);
    const browse = values.get(`${text}{scenario:browse}`), buy = values.get(`${text}{scenario:buy}`);
    if (browse === undefined || buy === undefined || instrument instanceof Rate) continue;
    const together = instrument instanceof Trend ? Math.max(browse, buy) : browse + buy;
    assert.ok(Math.abs(together - values.get(text)!) < 1e-9, text);
  }
});

Deno.test("batches of any size give the same metrics", () => {
  const facts = exampleFacts();
  const whole = new RunMetrics(tinyPlan()), parts = new RunMetrics(tinyPlan());
  whole.take(facts);
  const one = new FactBatch(1);
  for (let row = 0; row < facts.length; row++) {
    one.clear();
    one.append(facts.kind[row] as FactKind, facts.time[row] as Nanos);
    for (
      const column of ["outcome", "flags", "status", "attempt", "workload", "service", "replica", "endpoint"] as const
    ) {
      one[column][0] = facts[column][row]!;
    }
    for (const column of ["start", "wait", "extra"] as const) one[column][0] = facts[column][row]!;
    parts.take(one);
  }
  for (const name of METRIC_NAMES) assert.equal(read(parts, name), read(whole, name), name);
});

Deno.test("services have totals of their endpoints, and a utilization where workers are limited", () => {
  const metrics = new RunMetrics(tinyPlan());
  metrics.take(exampleFacts());
  const [web, payment, db] = metrics.report(180 * S as Nanos).services;
  assert.equal(web!.requests, 14_400);
  assert.deepEqual(web!.endpoints.map((each) => [each.name, each.requests]), [["GET /", 7200], [
    "POST /checkout",
    7200,
  ]]);
  assert.equal(web!.errors, 400);
  assert.equal(payment!.refused, 400);
  assert.equal(payment!.duration.count, 6800);
  assert.ok(Math.abs(payment!.utilization! - (1.2 * 180 + 100) / (4 * 180)) < 1e-12);
  assert.equal(db!.utilization, null);
});

Deno.test("the recent rate of iterations is that of the last five seconds", () => {
  const metrics = new RunMetrics(tinyPlan());
  const batch = new FactBatch();
  for (let second = 0; second <= 20; second++) {
    for (let n = 0; n < second; n++) addFact(batch, iteration, { at: second * 1000 });
    addFact(batch, vus, { at: second * 1000 });
  }
  metrics.take(batch);
  assert.equal(metrics.workloads(20 * S as Nanos)[0]!.iterationRate, (16 + 17 + 18 + 19 + 20) / 5);
});

function evaluate(thresholds: readonly Threshold[], facts: readonly [number, TinyFact][], now_s: number): Evaluation {
  return measure(facts, tinyPlan({ thresholds })).evaluate(now_s * S as Nanos);
}

const slow: [number, TinyFact] = [call, { at: 500, took: 400, status: 200, flags: JOURNEY }];

Deno.test("every comparison is evaluated on the value seen", () => {
  const seen = (source: string): boolean => evaluate([threshold("http_req_duration", source)], [slow], 2).ok;
  assert.deepEqual(["max<400", "max<=400", "max>400", "max>=400", "max==400", "max===400", "max!=400"].map(seen), [
    false,
    true,
    false,
    true,
    true,
    true,
    false,
  ]);
});

Deno.test("a threshold without samples fails, says so, and ends nothing", () => {
  const evaluation = evaluate(
    [threshold("http_req_duration{service:db}", "p(95)<200", { abortOnFail: true })],
    [slow],
    2,
  );
  const [result] = evaluation.results;
  assert.deepEqual([result!.ok, result!.value, result!.why], [false, undefined, "no samples"]);
  assert.equal(evaluation.ok, false);
  assert.equal(evaluation.abort, undefined);
});

Deno.test("that no mishap happened is a value: 0", () => {
  const [result] = evaluate([threshold("dropped_iterations", "count<10")], [], 2).results;
  assert.deepEqual([result!.ok, result!.value], [true, 0]);
});

Deno.test("a failed threshold ends the run only with abortOnFail, and not before delayAbortEval", () => {
  const options = { abortOnFail: true, delayAbortEval: 10 * S as Nanos };
  const abort = (change: Partial<Threshold>, now_s: number): boolean =>
    evaluate([threshold("http_req_duration", "max<100", change)], [slow], now_s).abort !== undefined;
  assert.equal(abort({}, 60), false);
  assert.equal(abort({ abortOnFail: true }, 2), true);
  assert.equal(abort(options, 8), false);
  assert.equal(abort(options, 10), true);
});

Deno.test("a counter's rate is over the simulated time so far", () => {
  const [result] = evaluate([threshold("http_reqs", "rate>0.2")], [slow], 4).results;
  assert.deepEqual([result!.ok, result!.value], [true, 0.25]);
});

Deno.test("a plan whose threshold names no metric is refused", () => {
  const plan = tinyPlan({ thresholds: [{ ...threshold("http_reqs", "count>1"), metric: "http_reqz" }] });
  assert.throws(() => new RunMetrics(plan), /There is no metric "http_reqz"/);
});
