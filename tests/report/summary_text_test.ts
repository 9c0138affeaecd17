// The end of a run on the terminal, whole, at two widths; and what it does when there is little or much to say.

import assert from "node:assert/strict";
import type { Nanos } from "../../sim/base/time.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import { FactBatch, FactFlag, FactKind } from "../../sim/plan/facts.ts";
import type { SummaryInput } from "../../sim/report/input.ts";
import { summaryText } from "../../sim/report/summary_text.ts";
import { statisticsOf } from "../../sim/report/statistics.ts";
import { addFact, tinyPlan } from "../plans.ts";
import { exampleFacts, exampleInput, threshold } from "./example.ts";
import { AT_120_COLUMNS, AT_80_COLUMNS, FULL_AT_80_COLUMNS } from "./summary_golden.ts";

const CLOSING = ["  logs     logs/", "  results  runs/2026-11-23T12-00-00Z-4f2a/"];

// deno-lint-ignore no-control-regex -- the codes for colours
const CODES = /\u001b\[\d+m/g;

Deno.test("the summary at 80 columns", () => {
  assert.equal(summaryText(exampleInput(), { columns: 80, color: false }, CLOSING), AT_80_COLUMNS);
});

Deno.test("the summary at 120 columns", () => {
  assert.equal(summaryText(exampleInput(), { columns: 120, color: false }, CLOSING), AT_120_COLUMNS);
});

Deno.test("the full summary at 80 columns: every metric, a block a scenario, a row an endpoint", () => {
  const points = { generated: 12, delivered: 10, rejected: 0, pending: 2 };
  const input = exampleInput({
    trendStats: ["avg", "p(99)", "count"],
    delivery: { ...exampleInput().delivery, points },
  });
  assert.equal(summaryText(input, { columns: 80, color: false, mode: "full" }), FULL_AT_80_COLUMNS);
});

Deno.test("a scenario's block says what a selector for that scenario says", () => {
  const selected = ["browse", "buy"].flatMap((name) => [
    threshold(`http_reqs{scenario:${name}}`, "count>0"),
    threshold(`http_req_duration{scenario:${name}}`, "max>0"),
    threshold(`http_req_waiting{scenario:${name}}`, "max>0"),
    threshold(`http_req_failed{scenario:${name}}`, "rate>0"),
    threshold(`goodput{scenario:${name}}`, "count>0"),
    threshold(`iterations{scenario:${name}}`, "count>0"),
    threshold(`iteration_duration{scenario:${name}}`, "max>0"),
    threshold(`dropped_iterations{scenario:${name}}`, "count>=0"),
    threshold(`iterations_started{scenario:${name}}`, "rate>0"),
    threshold(`checks{scenario:${name}}`, "rate>0"),
    threshold(`data_sent{scenario:${name}}`, "count>0"),
    threshold(`data_received{scenario:${name}}`, "count>0"),
    threshold(`vus{scenario:${name}}`, "value>0"),
    threshold(`vus_max{scenario:${name}}`, "value>0"),
  ]);
  const metrics = new RunMetrics(tinyPlan({ thresholds: selected }));
  metrics.take(exampleFacts());
  const report = metrics.report(180e9 as Nanos);
  let compared = 0;
  for (const { name, series } of report.scenarios) {
    for (const { metric, instrument } of series) {
      const same = report.series.find(({ text }) => text === `${metric}{scenario:${name}}`)!.instrument;
      const stats = ["avg", "min", "max", "p(95)", "count"];
      assert.deepEqual(statisticsOf(instrument, 180, stats), statisticsOf(same, 180, stats), `${name} ${metric}`);
      compared++;
    }
  }
  assert.equal(compared, selected.length);
});

Deno.test("the scenario that k6 calls default has no block of its own in the full summary", () => {
  const metrics = new RunMetrics(tinyPlan({ workloads: { default: {} } }));
  const batch = new FactBatch();
  addFact(batch, FactKind.call, { at: 10, took: 5, status: 200, flags: FactFlag.journey });
  metrics.take(batch);
  const text = summaryText(inputOf(metrics, 2), { columns: 80, color: false, mode: "full" });
  assert.match(text, /TOTAL RESULTS/);
  assert.doesNotMatch(text, /SCENARIO/);
});

Deno.test("without statistics of trends their lines are short, and nothing trails", () => {
  const text = summaryText(exampleInput({ trendStats: [] }), { columns: 80, color: false });
  assert.match(text, /^ {4}iteration_duration\.+:$/m);
  assert.doesNotMatch(text, / $/m);
});

Deno.test("colour adds codes and changes nothing else", () => {
  const colored = summaryText(exampleInput(), { columns: 80, color: true }, CLOSING);
  assert.notEqual(colored, AT_80_COLUMNS);
  assert.equal(colored.replace(CODES, ""), AT_80_COLUMNS);
});

Deno.test("metrics and services fit any width from 60 on", () => {
  const input = exampleInput();
  for (let columns = 60; columns <= 160; columns++) {
    for (const mode of ["compact", "full"] as const) {
      const text = summaryText(input, { columns, color: false, mode });
      const body = text.slice(text.indexOf("TOTAL"), text.indexOf("  checkout:"));
      for (const line of body.split("\n")) assert.ok([...line].length <= columns, `${columns}: ${line}`);
    }
  }
});

Deno.test("a lost span is seen in the account", () => {
  const { logs } = exampleInput().delivery;
  const spans = { generated: 1_000, delivered: 990, rejected: 3, pending: 7 };
  const text = summaryText(exampleInput({ delivery: { spans, logs } }), { columns: 80, color: false });
  assert.match(text, /^ {2}spans: generated 1,000 = delivered 990 \+ rejected 3 \+ pending 7$/m);
});

function inputOf(metrics: RunMetrics, now_s: number, change: Partial<SummaryInput> = {}): SummaryInput {
  const now = now_s * 1e9 as Nanos;
  return exampleInput({ metrics: metrics.report(now), evaluation: metrics.evaluate(now), ...change });
}

Deno.test("a run that a threshold ended says which", () => {
  const metrics = new RunMetrics(tinyPlan({ thresholds: [threshold("http_reqs", "count<1", { abortOnFail: true })] }));
  const batch = new FactBatch();
  addFact(batch, FactKind.call, { at: 10, took: 5, status: 200, flags: FactFlag.journey });
  metrics.take(batch);
  const run = { ...exampleInput().run, ended: "aborted" } as const;
  const text = summaryText(inputOf(metrics, 2, { run }), { columns: 80, color: false });
  assert.match(text, /✗ 'count<1' count=1 {2}ended the run\n/);
  assert.match(text, /^ {2}checkout: 2s simulated, ended by a threshold,$/m);
});

Deno.test("a value next to its bound is written with the digits that tell them apart", () => {
  const metrics = new RunMetrics(tinyPlan({ thresholds: [threshold("http_req_duration", "max<200")] }));
  const batch = new FactBatch();
  addFact(batch, FactKind.call, { at: 900, took: 200.04, status: 200, flags: FactFlag.journey });
  metrics.take(batch);
  assert.match(summaryText(inputOf(metrics, 2), { columns: 80, color: false }), /✗ 'max<200' max=200\.04ms\n/);
});

Deno.test("a run in which nothing happened has a summary without noise", () => {
  const text = summaryText(inputOf(new RunMetrics(tinyPlan()), 2), { columns: 80, color: false });
  assert.equal(
    text,
    [
      "  █ SERVICES",
      "",
      "    service  requests  per s  errors  p50  p95  p99  wait p95  busy",
      "    web             0    0.0       –    –    –    –         –     –",
      "    payment         0    0.0       –    –    –    –         –     –",
      "    db              0    0.0       –    –    –    –         –     –",
      "",
      "  checkout: 2s simulated, 0 complete and 0 interrupted iterations, seed 7",
      "",
      "  spans: generated 1,204,113 = delivered 1,204,113 + rejected 0 + pending 0",
      "  logs: generated 88,102 = delivered 88,102 + rejected 0 + pending 0",
      "",
    ].join("\n"),
  );
});

Deno.test("a name cannot drive the terminal", () => {
  const input = exampleInput();
  const text = summaryText({ ...input, run: { ...input.run, name: "a\u001b[2Jb" } }, { columns: 80, color: false });
  assert.match(text, /a\\u001b\[2Jb: 3m simulated/);
});
