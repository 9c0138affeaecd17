// summary.json: k6's shape, so that its readers work, and the parts that are Squall's own.

import assert from "node:assert/strict";
import type { Nanos } from "../../sim/base/time.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import { summaryJson } from "../../sim/report/summary_json.ts";
import { tinyPlan } from "../plans.ts";
import { exampleInput, threshold } from "./example.ts";

const TERMINALS = { isStdOutTTY: true, isStdErrTTY: false, noColor: false };

// deno-lint-ignore no-explicit-any -- JSON as any reader of the file sees it
function parsed(change: Parameters<typeof exampleInput>[0] = {}): any {
  return JSON.parse(JSON.stringify(summaryJson(exampleInput(change), TERMINALS)));
}

Deno.test("metrics have k6's type, contains, values and thresholds", () => {
  const { metrics } = parsed();
  assert.deepEqual(metrics.http_reqs, { type: "counter", contains: "default", values: { count: 14_400, rate: 80 } });
  assert.deepEqual(metrics.http_req_failed, {
    type: "rate",
    contains: "default",
    values: { rate: 400 / 14_400, passes: 400, fails: 14_000 },
    thresholds: { "rate<0.01": { ok: false } },
  });
  assert.deepEqual(metrics.vus, { type: "gauge", contains: "default", values: { value: 12, min: 12, max: 96 } });
  assert.equal(metrics.http_req_duration.type, "trend");
  assert.equal(metrics.http_req_duration.contains, "time");
  assert.deepEqual(Object.keys(metrics.http_req_duration.values), ["avg", "min", "med", "max", "p(90)", "p(95)"]);
  assert.deepEqual(metrics.http_req_duration.thresholds, { "p(95)<800": { ok: true }, "avg<=250": { ok: true } });
});

Deno.test("a metric with a selector stands under its own name", () => {
  const { metrics } = parsed();
  assert.deepEqual(metrics["service_errors{service:payment}"].values, { rate: 400 / 7200, passes: 400, fails: 6800 });
  assert.deepEqual(metrics["service_errors{service:payment}"].thresholds, { "rate<0.05": { ok: false } });
});

Deno.test("dropped_iterations is there at 0; a threshold without samples is a failure that says so", () => {
  const { metrics } = parsed();
  assert.deepEqual(metrics.dropped_iterations.values, { count: 0, rate: 0 });
  const none = metrics["iteration_duration{scenario:browse}"];
  assert.equal(none.values.med, null);
  assert.deepEqual(none.thresholds, { "med<1000": { ok: false, why: "no samples" } });
});

Deno.test("root_group, options and state are k6's", () => {
  const { root_group, options, state } = parsed({ trendStats: ["med", "p(99.9)", "count"] });
  assert.deepEqual(root_group, { name: "", path: "", id: "d41d8cd98f00b204e9800998ecf8427e", groups: [], checks: [] });
  assert.deepEqual(options.summaryTrendStats, ["med", "p(99.9)", "count"]);
  assert.deepEqual(state, { isStdOutTTY: true, isStdErrTTY: false, testRunDurationMs: 180_000 });
});

Deno.test("the trend statistics that were asked for are those that are given", () => {
  const { metrics } = parsed({ trendStats: ["med", "p(99.9)", "count"] });
  assert.deepEqual(Object.keys(metrics.http_req_duration.values), ["med", "p(99.9)", "count"]);
  assert.equal(metrics.http_req_duration.values.count, 14_400);
  assert.throws(() => parsed({ trendStats: ["p95"] }), /"p95" is no statistic of a trend/);
});

Deno.test("run says what was run, and how many iterations started and were interrupted", () => {
  const { run, metrics } = parsed();
  assert.equal(run.seed, 7);
  assert.equal(run.ended, "completed");
  assert.equal(run.interrupted, 3);
  assert.equal(run.started, metrics.iterations.values.count + run.interrupted);
});

Deno.test("services have their numbers, and those of each endpoint", () => {
  const { web, payment, db } = parsed().services;
  assert.deepEqual([web.requests, web.throughput, web.errors], [14_400, 80, 400]);
  assert.deepEqual(Object.keys(web.endpoints), ["GET /", "POST /checkout"]);
  assert.deepEqual([payment.refused, payment.abandoned, payment.throughput], [400, 240, 6800 / 180]);
  assert.deepEqual(Object.keys(payment.service_req_duration), ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"]);
  assert.ok(payment.service_queue_wait["p(95)"] > 100);
  assert.equal(db.utilization, null);
});

Deno.test("the account stands under delivery", () => {
  assert.deepEqual(parsed().delivery.spans, { generated: 1_204_113, delivered: 1_204_113, rejected: 0, pending: 0 });
});

Deno.test("a run in which nothing happened is summarised without a number that is not one", () => {
  const metrics = new RunMetrics(tinyPlan({ thresholds: [threshold("vus", "value>0")] }));
  const end = 0 as Nanos;
  const summary = parsed({ metrics: metrics.report(end), evaluation: metrics.evaluate(end) });
  assert.deepEqual(summary.metrics.vus.values, { value: null, min: null, max: null });
  assert.equal(summary.services.web.throughput, 0);
  assert.equal(summary.services.web.utilization, null);
  assert.equal("http_reqs" in summary.metrics, false);
  assert.equal("dropped_iterations" in summary.metrics, true);
});
