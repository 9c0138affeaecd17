// The threshold suite: expressions of every aggregation, comparison, form of number and selector, with the verdict that
// k6's grammar and arithmetic demand on samples that are known; those that k6 refuses, with the place of the mistake; and
// the time at which abortOnFail ends a run.
//
// k6: metrics/thresholds_parser.go and thresholds.go. Three things are stricter here, on purpose: no samples is a failure,
// `Inf` and `NaN` are no bounds, and `p` needs its number.

import assert from "node:assert/strict";
import { Diagnostics } from "../../sim/base/diagnostics.ts";
import { INVALID } from "../../sim/base/fields.ts";
import type { Node, Source, Span } from "../../sim/base/node.ts";
import type { Nanos } from "../../sim/base/time.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import { thresholdsField } from "../../sim/objectives/thresholds_field.ts";
import type { Gate, Threshold } from "../../sim/objectives/threshold.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { summaryJson } from "../../sim/report/summary_json.ts";
import { summaryText } from "../../sim/report/summary_text.ts";
import { Run, type RunResult } from "../../sim/run/run.ts";
import { call, constant, endpoint, fault, ms, openLoad, plan, seconds, service, target, workload } from "../build.ts";
import { addFact, tinyPlan } from "../plans.ts";
import { exampleInput, threshold } from "../report/example.ts";

/**
 * Ten seconds with: journey requests of 100, 200, 300, 400 and 1000 ms, answered with 200, 200, 200, 404 and 500; four
 * iterations of 1 to 4 s; two dropped; 3 VUs, then 7; three requests in payment, of which one was refused.
 */
function samples(): FactBatch {
  const batch = new FactBatch();
  const statuses = [200, 200, 200, 404, 500];
  for (const [i, took] of [100, 200, 300, 400, 1000].entries()) {
    const outcome = i < 3 ? Outcome.ok : Outcome.error;
    addFact(batch, FactKind.call, { at: 2000 + i, took, status: statuses[i]!, outcome, flags: FactFlag.journey });
  }
  for (const took of [1000, 2000, 3000, 4000]) addFact(batch, FactKind.iteration, { at: 5000, took });
  batch.extra[addFact(batch, FactKind.dropped, { at: 5500 })] = 2;
  for (const [at, active] of [[6000, 3], [7000, 7]] as const) {
    batch.wait[addFact(batch, FactKind.vus, { at, workload: 1 })] = active;
  }
  for (const status of [200, 500, 503]) {
    const outcome = status === 503 ? Outcome.refused : Outcome.ok;
    addFact(batch, FactKind.request, { at: 8000, took: 40, status, outcome, endpoint: 2, service: 1 });
  }
  return batch;
}

const HOLDS = true, FAILS = false;

const SUITE: readonly [key: string, expression: string, verdict: boolean][] = [
  // counter
  ["http_reqs", "count==5", HOLDS],
  ["http_reqs", "count===5", HOLDS],
  ["http_reqs", "count!=5", FAILS],
  ["http_reqs", "count>5", FAILS],
  ["http_reqs", "count>=5", HOLDS],
  ["http_reqs", "count<5", FAILS],
  ["http_reqs", "count<=5", HOLDS],
  ["http_reqs", "count > 4", HOLDS],
  ["http_reqs", "  count\t<  6  ", HOLDS],
  ["http_reqs", "rate==0.5", HOLDS],
  ["http_reqs", "rate>.5", FAILS],
  ["http_reqs", "rate>=5e-1", HOLDS],
  ["http_reqs", "rate<1.", HOLDS],
  ["iterations", "count>=4", HOLDS],
  ["iterations", "rate<0.4", FAILS],
  ["dropped_iterations", "count<2", FAILS],
  ["dropped_iterations", "count<3", HOLDS],
  ["goodput", "count==3", HOLDS],
  ["refused", "count==1", HOLDS],
  ["retries", "count==0", HOLDS],
  ["timeouts", "rate===0", HOLDS],
  // gauge
  ["vus", "value==7", HOLDS],
  ["vus", "value<7", FAILS],
  ["vus", "value>3", HOLDS],
  ["vus", "value!=3", HOLDS],
  ["vus", "value>=+7", HOLDS],
  // rate
  ["http_req_failed", "rate==0.4", HOLDS],
  ["http_req_failed", "rate<0.4", FAILS],
  ["http_req_failed", "rate<=0.4", HOLDS],
  ["http_req_failed", "rate<0.41", HOLDS],
  ["http_req_failed", "rate>0.01", HOLDS],
  ["http_req_failed", "rate>-1", HOLDS],
  ["service_errors", "rate<0.5", FAILS],
  ["service_errors", "rate<0.67", HOLDS],
  // trend
  ["http_req_duration", "avg==400", HOLDS],
  ["http_req_duration", "avg<400", FAILS],
  ["http_req_duration", "avg<4e2", FAILS],
  ["http_req_duration", "avg<=400.0", HOLDS],
  ["http_req_duration", "min==100", HOLDS],
  ["http_req_duration", "min>100", FAILS],
  ["http_req_duration", "max===1000", HOLDS],
  ["http_req_duration", "max<1000", FAILS],
  ["http_req_duration", "max<1e3", FAILS],
  ["http_req_duration", "med>295", HOLDS],
  ["http_req_duration", "med<305", HOLDS],
  ["http_req_duration", "med<290", FAILS],
  ["http_req_duration", "p(0)==100", HOLDS],
  ["http_req_duration", "p(100)==1000", HOLDS],
  ["http_req_duration", "p(25)<210", HOLDS],
  ["http_req_duration", "p(50)<290", FAILS],
  ["http_req_duration", "p(90)>750", HOLDS],
  ["http_req_duration", "p(90)<770", HOLDS],
  ["http_req_duration", "p(95)<870", FAILS],
  ["http_req_duration", "p(95)<890", HOLDS],
  ["http_req_duration", "p(99.9) < 1000", HOLDS],
  ["http_req_duration", "p(99.9)>990", HOLDS],
  ["http_req_duration", "p(9.5e1)<890", HOLDS],
  ["iteration_duration", "avg==2500", HOLDS],
  ["iteration_duration", "p(100)<=4000", HOLDS],
  // selectors
  ["http_reqs{expected_response:true}", "count==3", HOLDS],
  ["http_reqs{status:404}", "count==1", HOLDS],
  ["http_reqs{status:404}", "count>1", FAILS],
  ["http_req_duration{expected_response:true}", "max==300", HOLDS],
  ["http_req_duration{expected_response:true,scenario:browse}", "avg==200", HOLDS],
  ["http_req_failed{expected_response:true}", "rate==0", HOLDS],
  ['http_reqs{"status":"500"}', "count==1", HOLDS],
  ["http_reqs{ status : 500 }", "count==1", HOLDS],
  ["vus{scenario:buy}", "value==7", HOLDS],
  ["service_req_duration{service:payment}", "avg==40", HOLDS],
  ["service_requests{service:payment,status:503}", "count==1", HOLDS],
  // no samples
  ["http_req_duration{scenario:buy}", "p(95)<200", FAILS],
  ["http_reqs{status:418}", "count<1", FAILS],
  ["http_req_failed{scenario:buy}", "rate<0.01", FAILS],
  ["checks", "rate<2", FAILS],
];

Deno.test(`${SUITE.length} expressions have the verdicts that k6 gives on the same samples`, () => {
  assert.ok(SUITE.length >= 60);
  const thresholds = SUITE.map(([key, expression]) => decoded(`${key}`, expression));
  const metrics = new RunMetrics(tinyPlan({ thresholds }));
  metrics.take(samples());
  const { results } = metrics.evaluate(10e9 as Nanos);
  const verdicts = results.map(({ ok, threshold: { metricText, source } }) => `${metricText} ${source} ${ok}`);
  assert.deepEqual(verdicts, SUITE.map(([key, expression, verdict]) => `${key} ${expression.trim()} ${verdict}`));
  for (const { value, why, ok } of results) assert.equal(value === undefined, why === "no samples" && !ok);
});

/** A line `key: "expression"` of a file, as its nodes. */
function line(key: string, expression: string): Node {
  const source: Source = { name: "shop.yaml", text: `${key}: "${expression}"` };
  const span = (column: number, length: number): Span => ({ source, line: 1, column, length });
  const value: Node = {
    type: "scalar",
    span: span(key.length + 3, expression.length + 2),
    path: ["thresholds", key],
    value: expression,
    text: expression,
    quoted: true,
  };
  return { type: "map", span: span(1, 1), path: ["thresholds"], entries: [{ key, span: span(1, key.length), value }] };
}

function decoded(key: string, expression: string): Threshold {
  const diagnostics = new Diagnostics();
  const config = thresholdsField.decode(line(key, expression), diagnostics);
  assert.ok(config !== INVALID, diagnostics.sorted()[0]?.message);
  return { ...config.thresholds[0]!, gate: undefined };
}

/** What stands under the caret: "" past the end. */
const REFUSED: readonly [key: string, expression: string, marked: string][] = [
  ["http_reqs", "", '"'],
  ["http_reqs", "count", '"'],
  ["http_reqs", "count 100", '"'],
  ["http_reqs", "count!20", "!"],
  ["http_reqs", "count=20", "="],
  ["http_reqs", "count=<20", "=<"],
  ["http_reqs", "count<>20", "<>"],
  ["http_reqs", "count!==20", "!=="],
  ["http_reqs", "<20", "<"],
  ["http_reqs", "foo>20", "foo"],
  ["http_reqs", "Count>20", "Count"],
  ["http_reqs", "count>abc", "abc"],
  ["http_reqs", "count>", '"'],
  ["http_reqs", "count>20 30", "20 30"],
  ["http_reqs", "count>20 && rate>1", "20 && rate>1"],
  ["http_reqs", "count>1_000", "1_000"],
  ["http_reqs", "count>0x10", "0x10"],
  ["http_reqs", "count<Inf", "Inf"],
  ["http_reqs", "avg>20", "avg"],
  ["http_reqs", "p(95)>20", "p(95)"],
  ["http_reqs", "value>20", "value"],
  ["vus", "count>20", "count"],
  ["vus", "max>20", "max"],
  ["http_req_failed", "rate<5%", "5%"],
  ["http_req_failed", "count>1", "count"],
  ["http_req_failed", "avg<1", "avg"],
  ["http_req_duration", "rate<1", "rate"],
  ["http_req_duration", "count<1", "count"],
  ["http_req_duration", "p<200", "p"],
  ["http_req_duration", "p95<200", "p95"],
  ["http_req_duration", "p()<200", ")"],
  ["http_req_duration", "p(95<200", "<"],
  ["http_req_duration", "p(-1)<200", "-1"],
  ["http_req_duration", "p(101)<200", "101"],
  ["http_req_duration", "p(NaN)<200", "NaN"],
  ["http_req_duration", "p(+Inf)<200", "+Inf"],
  ["http_req_duration", "p(foo)<200", "foo"],
  ["http_req_duration", "avg<200ms", "200ms"],
  ["http_req_duraton", "avg<200", "http_req_duraton"],
  ["http_req_duration{", "avg<200", ":"],
  ["http_req_duration}", "avg<200", "}"],
  ["http_req_duration{}", "avg<200", "}"],
  ["http_req_duration{service}", "avg<200", "service"],
  ["http_req_duration{service:}", "avg<200", "service:"],
  ["http_req_duration{service:web}x", "avg<200", "x"],
  ["http_req_duration{status:200,status:404}", "avg<200", "status"],
  ["iterations{service:web}", "count>1", "service"],
];

Deno.test(`${REFUSED.length} expressions and selectors are refused, each with its place`, () => {
  for (const [key, expression, marked] of REFUSED) {
    const diagnostics = new Diagnostics();
    assert.equal(thresholdsField.decode(line(key, expression), diagnostics), INVALID, `${key}: ${expression}`);
    const [{ span, hint } = assert.fail(), ...more] = diagnostics.sorted();
    assert.deepEqual(more, []);
    const under = span.source.text.slice(span.column - 1, span.column - 1 + span.length);
    assert.equal(under, marked, `${key}: ${expression}`);
    assert.ok(hint !== undefined);
  }
});

const GATES = {
  after12: { text: "after 12s", from: seconds(12), to: Infinity as Nanos },
  before8: { text: "before 8s", from: seconds(0), to: seconds(8) },
  from12to16: { text: "from 12s to 16s", from: seconds(12), to: seconds(16) },
} as const satisfies { [name: string]: Gate };

/** Ten requests a second for 20 s, of 10 ms each; from 9 s to 15 s of 510 ms. */
function slowFrom9(...thresholds: Threshold[]): Plan {
  const made = plan({
    services: [service("web", { "GET /": endpoint(constant(ms(10))) })],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("users", "visit", openLoad(10, seconds(20)))],
    faults: [
      fault(target("web.GET /"), {
        name: "slow",
        at: seconds(9),
        duration: seconds(6),
        effect: { turn: (knobs) => void (knobs.added += 500e6) },
      }),
    ],
  });
  return { ...made, thresholds };
}

function execute(of: Plan): Promise<RunResult> {
  const nothing = { generated: 0, delivered: 0, rejected: 0, pending: 0 };
  return new Run({
    plan: of,
    startEpochNs: 0n,
    pace: Infinity,
    sinks: {
      take: () => Promise.resolve(),
      evaluate: () => Promise.resolve(),
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
      delivery: { spans: nothing, logs: nothing, points: undefined },
    },
    listener: { progress: () => {}, notice: () => {} },
  }).execute();
}

Deno.test("abortOnFail ends the run at the first evaluation at which the threshold fails", async () => {
  const abortOnFail = true;
  const at = (delay_s: number): Partial<Threshold> => ({ abortOnFail, delayAbortEval: seconds(delay_s) });
  const cases: readonly [Threshold, number][] = [
    // The first slow answer comes at 9.51 s.
    [threshold("http_req_duration", "max<100", { abortOnFail }), 10],
    [threshold("http_req_duration", "max<100", at(10)), 10],
    [threshold("http_req_duration", "max<100", at(10.1)), 12],
    [threshold("http_req_duration", "max<100", at(15)), 16],
    [threshold("http_req_duration", "max<100"), 20],
    // 89 at 10 ms; the average of all passes 100 ms with the 20th slow one, at 11.5 s.
    [threshold("http_req_duration", "avg<100", { abortOnFail }), 12],
    // From 6 s to 10 s: 30 of 10 ms, 5 of 510 ms. From 8 s to 12 s: 10 and 25.
    [threshold("http_req_duration", "avg<100", { abortOnFail, window: seconds(4) }), 12],
    [threshold("http_req_duration", "avg<500", { abortOnFail, window: seconds(4) }), 14],
    [threshold("http_req_duration", "max<100", { abortOnFail, gate: GATES.before8 }), 20],
    [threshold("http_req_duration", "max<100", { abortOnFail, gate: GATES.after12 }), 14],
    [threshold("http_req_duration", "max<100", { ...at(17), gate: GATES.from12to16 }), 18],
    [threshold("http_req_duration", "max<100", { abortOnFail, window: seconds(4), gate: GATES.from12to16 }), 16],
    [threshold("http_reqs{scenario:nobody}", "count>0", { abortOnFail }), 20],
  ];
  for (const [each, end_s] of cases) {
    const { ended, metrics } = await execute(slowFrom9(each));
    const said = `${each.source} ${JSON.stringify(each.gate)} ${each.window}`;
    assert.equal(ended, end_s < 20 ? "aborted" : "completed", said);
    assert.equal(Math.round(metrics.elapsed / 1e9), end_s, said);
  }
});

Deno.test("a window sees what the whole run hides, and a gate leaves out what is not meant", async () => {
  const { evaluation } = await execute(slowFrom9(
    threshold("http_req_duration", "avg<200"),
    threshold("http_req_duration", "avg<200", { window: seconds(2) }),
    threshold("http_req_duration", "max<100", { gate: GATES.before8 }),
    threshold("http_req_duration", "min>500", { gate: GATES.from12to16 }),
    threshold("http_req_duration", "min>500", { gate: GATES.from12to16, window: seconds(2) }),
    threshold("http_reqs", "rate==10", { gate: { text: "", from: seconds(2), to: seconds(8) } }),
    threshold("http_reqs", "rate>=10", { gate: { text: "", from: seconds(1), to: seconds(8) }, window: seconds(4) }),
    threshold("http_req_duration", "max<1000", { window: seconds(30) }),
    threshold("http_req_duration{status:500}", "max<1000", { window: seconds(2) }),
    threshold("http_req_duration", "max<1000", { gate: { text: "", from: seconds(90), to: seconds(99) } }),
    threshold("dropped_iterations", "count<1", { gate: { text: "", from: seconds(90), to: seconds(99) } }),
  ));
  assert.deepEqual(
    evaluation.results.map(({ ok, value, why, windowEnd }) => [
      ok,
      value === undefined ? why : Math.round(value),
      windowEnd === undefined ? 0 : windowEnd / 1e9,
    ]),
    [
      [true, 160, 0],
      [false, 510, 12],
      [true, 10, 0],
      // The fault ends at 15 s: answers after that may be fast.
      [false, 10, 0],
      [false, 10, 16],
      [true, 10, 0],
      [true, 10, 6],
      [false, "no whole window", 0],
      [false, "no samples", 0],
      [false, "no samples", 0],
      [false, "no samples", 0],
    ],
  );
});

Deno.test("the summaries show a threshold with its window and its gate, and where the worst window was", async () => {
  const gate = { text: 'during "slow"', from: seconds(9), to: seconds(15) };
  const { metrics, evaluation } = await execute(slowFrom9(
    threshold("http_req_duration", "max<100", { window: seconds(4), gate }),
    threshold("http_req_duration", "max<1000", { window: seconds(30) }),
  ));
  const input = exampleInput({ metrics, evaluation });
  assert.match(
    summaryText(input, { columns: 80, color: false }),
    /✗ 'max<100' over 4s during "slow" max=510ms in the 4s to 14s\n {4}✗ 'max<1000' over 30s +no whole window\n/,
  );
  const json = summaryJson(input, { isStdOutTTY: false, isStdErrTTY: false, noColor: true }) as {
    metrics: Record<string, { thresholds: unknown }>;
  };
  assert.deepEqual(json.metrics["http_req_duration"]!.thresholds, {
    'max<100 over 4s during "slow"': { ok: false },
    "max<1000 over 30s": { ok: false, why: "no whole window" },
  });
});

Deno.test("a part of a metric with an empty list stands in the summary, and judges nothing", async () => {
  const tags = new Map([["service", "web"]]);
  const submetrics = [{ metricText: "http_reqs{service:web}", metric: "http_reqs", tags }];
  const { metrics, evaluation } = await execute({ ...slowFrom9(), submetrics });
  const text = summaryText(exampleInput({ metrics, evaluation }), { columns: 80, color: false });
  assert.match(text, /\n {4}http_reqs\.+: 200 .*\n {6}\{ service:web \}\.+: 200 /);
  assert.doesNotMatch(text, /THRESHOLDS/);
});
