// Checks on the answers of journeys' steps, and what requests and answers weigh: in a simulated run, and in the summaries.

import assert from "node:assert/strict";
import type { Nanos } from "../../sim/base/time.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { Counter } from "../../sim/metrics/counter.ts";
import { Rate } from "../../sim/metrics/rate.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import type { Check, CheckComparison } from "../../sim/model/model.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { CallSite, Plan } from "../../sim/plan/plan.ts";
import { checkHolds } from "../../sim/plan/samples.ts";
import { summaryJson } from "../../sim/report/summary_json.ts";
import { summaryText } from "../../sim/report/summary_text.ts";
import { call, closedLoad, constant, endpoint, ms, openLoad, plan, seconds, service, workload } from "../build.ts";
import { addFact, type TinyFact, tinyPlan } from "../plans.ts";
import { exampleInput, threshold } from "../report/example.ts";

function check(subject: Check["subject"], comparison: CheckComparison, value: number): Check {
  const written = subject === "duration" ? `${value / 1e6}ms` : value;
  return { name: `${subject} ${comparison} ${written}`, subject, comparison, value };
}

const OK = check("status", "==", 200), NOT_500 = check("status", "!=", 500), FAST = check("duration", "<", 50e6);

/** Metrics of a whole run. */
function measured(of: Plan): RunMetrics {
  const engine = new Engine(of, 1), metrics = new RunMetrics(of), batch = new FactBatch();
  while (!engine.done) {
    engine.step((engine.now + 2e9) as Nanos, batch);
    metrics.take(batch);
    batch.clear();
  }
  return metrics;
}

function countOf(metrics: RunMetrics, text: string): string {
  const { instrument } = metrics.report(seconds(10)).series.find((each) => each.text === text)!;
  if (instrument instanceof Rate) return `${instrument.passes}/${instrument.total}`;
  return instrument instanceof Counter ? String(instrument.count) : "neither";
}

Deno.test("a check compares the status or the duration of an attempt", () => {
  const holds = (each: Check, fact: TinyFact): boolean => {
    const batch = new FactBatch();
    return checkHolds(each, batch, addFact(batch, FactKind.call, fact));
  };
  const took = { at: 100, took: 50, status: 404 };
  const seen = (["<", "<=", ">", ">=", "==", "!="] as const).map((comparison) => [
    holds(check("status", comparison, 404), took),
    holds(check("duration", comparison, 50e6), took),
  ]);
  assert.deepEqual(seen, [[false, false], [true, true], [false, false], [true, true], [true, true], [false, false]]);
  const late = { at: 100, took: 30, status: 0, outcome: Outcome.timeout };
  assert.deepEqual([NOT_500, OK, FAST].map((each) => holds(each, late)), [false, false, true]);
  const cutOff = { at: 100, took: 1, status: 0, outcome: Outcome.aborted };
  assert.deepEqual([NOT_500, FAST].map((each) => holds(each, cutOff)), [false, true]);
});

Deno.test("checks are made on the last attempt of a step only, and on none that was interrupted", () => {
  const site = { index: 0, checks: [OK, FAST] } as unknown as CallSite;
  const of: Plan = { ...tinyPlan(), sites: [site] };
  const metrics = new RunMetrics(of);
  const batch = new FactBatch();
  const add = (fact: TinyFact): void => {
    batch.site[addFact(batch, FactKind.call, { took: 10, at: 20, ...fact })] = 0;
  };
  add({ status: 500, outcome: Outcome.error, flags: FactFlag.journey | FactFlag.willRetry });
  add({ status: 200, flags: FactFlag.journey, attempt: 2 });
  add({ status: 0, outcome: Outcome.interrupted, flags: FactFlag.journey });
  add({ status: 503, outcome: Outcome.refused, flags: FactFlag.journey | FactFlag.tolerated });
  add({ status: 200 });
  metrics.take(batch);
  assert.equal(countOf(metrics, "checks"), "3/4");
  assert.deepEqual(metrics.report(seconds(1)).checks, [
    { name: "status == 200", passes: 1, fails: 1 },
    { name: "duration < 50ms", passes: 2, fails: 0 },
  ]);
});

/** A user who waits 20 ms for an endpoint that takes 10 ms, or 40 ms where `slow`; two requests a second for 10 s. */
function shop({ thresholds = [] as Plan["thresholds"], retry = 1 } = {}): Plan {
  const made = plan({
    services: [service("web", {
      "GET /": endpoint(constant(ms(10)), [], { size: { request: 100, response: 2000 } }),
      "GET /slow": endpoint(constant(ms(40)), [], { size: { request: 7, response: 9 } }),
    })],
    journeys: {
      visit: [
        call("web.GET /", { checks: [OK, FAST] }),
        call("web.GET /slow", {
          timeout: ms(20),
          retry: { attempts: retry, backoff: undefined },
          checks: [OK],
        }),
      ],
    },
    workloads: [workload("users", "visit", openLoad(2, seconds(10)))],
  });
  return { ...made, thresholds };
}

Deno.test("in a run, a step that times out fails its check of the status, once for all its attempts", () => {
  const metrics = measured(shop({
    retry: 3,
    thresholds: [
      threshold("checks{check:status == 200}", "rate>0.4"),
      threshold("checks{endpoint:GET /}", "rate==1"),
      threshold("checks{scenario:users,check:duration < 50ms}", "rate==1"),
      threshold("checks", "rate>0.6"),
    ],
  }));
  assert.equal(countOf(metrics, "checks"), "40/60");
  assert.equal(countOf(metrics, "checks{check:status == 200}"), "20/40");
  assert.equal(countOf(metrics, "checks{endpoint:GET /}"), "40/40");
  assert.equal(metrics.evaluate(seconds(10)).ok, true);
});

Deno.test("data_sent counts the requests of all attempts, data_received the answers that came in time", () => {
  const metrics = measured(shop({ retry: 3 }));
  assert.equal(countOf(metrics, "data_sent"), String(20 * 100 + 60 * 7));
  assert.equal(countOf(metrics, "data_received"), String(20 * 2000));
});

Deno.test("errors have a body as well, and what never reached the callee was not sent", () => {
  const metrics = new RunMetrics(withSizes(tinyPlan()));
  const batch = new FactBatch();
  addFact(batch, FactKind.call, { at: 20, status: 503, outcome: Outcome.refused, flags: FactFlag.journey });
  addFact(batch, FactKind.call, { at: 20, outcome: Outcome.aborted, flags: FactFlag.journey });
  addFact(batch, FactKind.call, { at: 20, status: 200 });
  metrics.take(batch);
  assert.deepEqual(["data_sent", "data_received"].map((name) => countOf(metrics, name)), ["3", "5"]);
});

function withSizes(of: Plan): Plan {
  return { ...of, endpoints: of.endpoints.map((each) => ({ ...each, size: { request: 3, response: 5 } })) };
}

function summaryOf(metrics: RunMetrics, end: Nanos): Parameters<typeof summaryText>[0] {
  return exampleInput({ metrics: metrics.report(end), evaluation: metrics.evaluate(end) });
}

Deno.test("the summary says checks in k6's lines, and data in powers of 1000", () => {
  const metrics = measured(shop());
  const text = summaryText(summaryOf(metrics, seconds(10)), { columns: 80, color: false });
  assert.equal(
    text.slice(text.indexOf("  █ TOTAL"), text.indexOf("    HTTP\n")),
    [
      "  █ TOTAL RESULTS",
      "",
      "    checks_total...................: 60       6/s",
      "    checks_succeeded...............: 66.66%   40 out of 60",
      "    checks_failed..................: 33.33%   20 out of 60",
      "",
      "    ✗ status == 200",
      "      ↳  50% — ✓ 20 / ✗ 20",
      "    ✓ duration < 50ms",
      "",
      "",
    ].join("\n"),
  );
  assert.match(text, /\n {4}NETWORK\n {4}data_received\.+: 40 kB {4}4 kB\/s\n {4}data_sent\.+: 2\.14 kB {2}214 B\/s\n/);
});

Deno.test("a scenario without checks and sizes has neither in its summary", () => {
  const input = exampleInput();
  const text = summaryText(input, { columns: 80, color: false, mode: "full" });
  assert.doesNotMatch(text, /checks|data_|NETWORK/);
  const { metrics } = summaryJson(input, { isStdOutTTY: false, isStdErrTTY: false, noColor: true }) as {
    metrics: Record<string, unknown>;
  };
  assert.deepEqual(Object.keys(metrics).filter((name) => /checks|data_/.test(name)), []);
});

Deno.test("summary.json has k6's root_group.checks with the MD5 of their paths, and metrics.checks", () => {
  const terminals = { isStdOutTTY: false, isStdErrTTY: false, noColor: true };
  const json = summaryJson(summaryOf(measured(shop()), seconds(10)), terminals) as {
    root_group: { checks: unknown[] };
    metrics: Record<string, { values: unknown; contains: string }>;
  };
  assert.deepEqual(json.root_group.checks, [
    // echo -n '::status == 200' | md5sum
    { name: "status == 200", path: "::status == 200", id: "726969263bbc7922ae205b21a0725077", passes: 20, fails: 20 },
    {
      name: "duration < 50ms",
      path: "::duration < 50ms",
      id: "3ca8bc5e3ff0bdeea1bf55eed0d84ff7",
      passes: 20,
      fails: 0,
    },
  ]);
  assert.deepEqual(json.metrics["checks"]!.values, { rate: 40 / 60, passes: 40, fails: 20 });
  assert.equal(json.metrics["data_sent"]!.contains, "data");
});

Deno.test("a closed load's checks add up over its VUs", () => {
  const of = plan({
    services: [service("web", { "GET /": endpoint(constant(ms(100))) })],
    journeys: { visit: [call("web.GET /", { checks: [OK] })] },
    workloads: [workload("users", "visit", closedLoad(3, seconds(2)))],
  });
  assert.equal(countOf(measured(of), "checks"), "60/60");
});
