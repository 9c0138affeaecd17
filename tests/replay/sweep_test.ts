// Sweeps: the grid that arguments make, and the table that comes of it, whatever the number of workers.

import assert from "node:assert/strict";
import { combinations, parseAxis, SweepError } from "../../sim/replay/sweep_grid.ts";
import { parseMetricColumn } from "../../sim/replay/sweep_run.ts";
import { sweepPage } from "../../sim/replay/sweep_text.ts";
import { squall } from "../cli/squall.ts";
import { scenarioFolder, TEN_SECONDS } from "../cli/scenarios.ts";
import { needs } from "../permissions.ts";

Deno.test("a range, a list and a value are an axis", () => {
  const values = (argument: string) => parseAxis(argument).values;
  assert.deepEqual(values("a=1..4"), ["1", "2", "3", "4"]);
  assert.deepEqual(values("a=100ms..300ms..100ms"), ["100ms", "200ms", "300ms"]);
  assert.deepEqual(values("a=0.1..0.3..0.1"), ["0.1", "0.2", "0.3"]);
  assert.deepEqual(values("a=10%..30%..10%"), ["10%", "20%", "30%"]);
  assert.deepEqual(values("a=x,y"), ["x", "y"]);
  assert.deepEqual(values("a={ p50: 1ms, p99: 2ms },3ms"), ["{ p50: 1ms, p99: 2ms }", "3ms"]);
  assert.deepEqual(values("a=5"), ["5"]);
  assert.deepEqual(parseAxis('e."GET /?a=b".latency=1ms,2ms'), {
    path: 'e."GET /?a=b".latency',
    values: ["1ms", "2ms"],
  });
  assert.deepEqual(combinations([parseAxis("a=1..2"), parseAxis("b=x,y")]), [["1", "x"], ["1", "y"], ["2", "x"], [
    "2",
    "y",
  ]]);
});

Deno.test("axes that make no sense are refused, and say what to write", () => {
  for (
    const [argument, says] of [
      ["a", /"=" and values are missing/],
      ["a=4..1", /goes up/],
      ["a=1ms..5s", /one unit throughout/],
      ["a=1..5..0", /step of a range is above 0/],
      ["a=1..100000", /more than 1000 values/],
    ] as const
  ) assert.throws(() => parseAxis(argument), (error) => error instanceof SweepError && says.test(error.message));
  const axis = parseAxis("a=1..1000");
  assert.throws(() => combinations([axis, axis]), /1000000 combinations: at most 10000/);
});

Deno.test("a metric has a statistic at its end", () => {
  assert.deepEqual(parseMetricColumn("service_req_duration{service:web}:p(95)"), {
    metric: "service_req_duration{service:web}",
    statistic: "p(95)",
  });
  assert.deepEqual(parseMetricColumn("http_reqs:count"), { metric: "http_reqs", statistic: "count" });
  assert.match(String(parseMetricColumn("http_reqs")), /metric and a statistic/);
  assert.match(String(parseMetricColumn("queue_depth:max")), /No metric is called queue_depth/);
  assert.match(String(parseMetricColumn("cache_hits{service:a}:p(95)")), /cache_hits has rate, passes, fails/);
});

Deno.test("a page of a grid has a curve for each value of the other axis, and shares are no rates", () => {
  const columns = [{ metric: "cache_hits{service:a}", statistic: "rate" }];
  const row = (setting: readonly string[], index: number) => ({
    setting,
    result: {
      index,
      values: { "cache_hits{service:a} rate": 0.5 + index / 10 },
      failed: [],
      thresholds: 0,
      ended: "completed",
    },
  });
  const settings = combinations([parseAxis("a=1..3"), parseAxis("b=x,y")]);
  const html = sweepPage({ name: "s", axes: ["a", "b"], columns, rows: settings.map(row) });
  assert.equal(html.match(/<polyline/g)?.length, 2);
  assert.match(html, /<b class="a">x<\/b> · <b class="b">y<\/b>/);
  assert.match(html, /<td>50\.00%<\/td>/);
  // Numbers of different units do not lie on one axis.
  const mixed = combinations([parseAxis("a=400ms,1s,2s"), parseAxis("b=x,y")]);
  assert.doesNotMatch(sweepPage({ name: "s", axes: ["a", "b"], columns, rows: mixed.map(row) }), /<polyline/);
});

Deno.test({
  name: "a sweep gives the same table with one worker and with two, and every row is the run of its setting",
  ignore: needs("read", "write", "run", "env"),
  async fn() {
    const { folder } = scenarioFolder(TEN_SECONDS);
    try {
      const args = [
        "sweep",
        "scenario.yaml",
        "--set",
        "services.payment.concurrency=2,6",
        "--set",
        "seed=1..2",
        "--json",
      ];
      const metric = ["--metric", "service_req_duration{service:payment}:p(95)"];
      const one = await squall([...args, ...metric, "--workers", "1"], { cwd: folder });
      const two = await squall([...args, ...metric, "--workers", "2", "--html", "sweep.html"], { cwd: folder });
      assert.deepEqual([one.code, two.code], [0, 0], one.stderr + two.stderr);
      assert.equal(one.stdout, two.stdout);
      const { rows } = JSON.parse(one.stdout) as { rows: { set: unknown; metrics: Record<string, number> }[] };
      assert.deepEqual(rows.map(({ set }) => Object.values(set as object)), [["2", "1"], ["2", "2"], ["6", "1"], [
        "6",
        "2",
      ]]);
      const flags = ["--pace", "max", "--no-logs", "--traces", "none", "--json", "--results", "r", "--seed", "2"];
      const run = await squall(["run", "scenario.yaml", ...flags, "--set", "services.payment.concurrency=2"], {
        cwd: folder,
      });
      const summary = JSON.parse(run.stdout) as { metrics: { http_req_duration: { values: Record<string, number> } } };
      assert.equal(rows[1]!.metrics["http_req_duration p(95)"], summary.metrics.http_req_duration.values["p(95)"]);
      assert.ok(rows[1]!.metrics["service_req_duration{service:payment} p(95)"]! > 0);
      assert.match(Deno.readTextFileSync(`${folder}/sweep.html`), /^<!doctype html>/);

      const bad = await squall(["sweep", "scenario.yaml", "--set", "services.payment.replicas=0..2"], { cwd: folder });
      assert.equal(bad.code, 104);
      assert.match(bad.stderr, /--set services.payment.replicas:1:\d+/);
      const none = await squall(["sweep", "scenario.yaml"], { cwd: folder });
      assert.deepEqual([none.code, /nothing to sweep/.test(none.stderr)], [104, true]);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
