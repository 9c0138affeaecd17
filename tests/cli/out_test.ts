// Outputs of points and the summary's flags, by the whole program.

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { needs } from "../permissions.ts";
import { csvRows, readJson } from "../sinks/points_support.ts";
import { scenarioFolder, TEN_SECONDS } from "./scenarios.ts";
import { filesBelow, squall } from "./squall.ts";

const ignore = needs("read", "write", "run", "env", "net");
const FIXED = ["--start", "2026-11-23T12:00:00.123456789Z", "--no-logs", "--traces", "none"];

interface Summary {
  readonly metrics: {
    readonly [name: string]: { readonly type: string; readonly values: { readonly [name: string]: number } };
  };
  readonly delivery: { readonly points: { readonly generated: number; readonly delivered: number } };
}

function run(folder: string, ...flags: string[]): ReturnType<typeof squall> {
  return squall(["run", "scenario.yaml", ...FIXED, ...flags], { cwd: folder });
}

Deno.test({
  name: "outputs in JSON and CSV, plain and compressed, add up to summary.json and are the same at any pace",
  ignore,
  async fn() {
    const { folder } = scenarioFolder(TEN_SECONDS);
    Deno.writeTextFileSync(`${folder}/fast.json`, "an earlier output, which is replaced");
    const outs = (name: string): string[] =>
      [`json=${name}.json`, `json=${name}.json.gz`, `csv=${name}.csv.gz`].flatMap((out) => ["--out", out]);
    const [fast, paced] = await Promise.all([
      run(folder, "--results", "fast", "--pace", "max", ...outs("fast"), "--out", "csv=fast/points.csv"),
      run(folder, "--results", "paced", "--pace", "5x", ...outs("paced")),
    ]);
    assert.equal(fast.code, 0, fast.stderr);
    assert.equal(paced.code, 0, paced.stderr);
    for (const file of ["json", "json.gz", "csv.gz"]) {
      assert.deepEqual(Deno.readFileSync(`${folder}/fast.${file}`), Deno.readFileSync(`${folder}/paced.${file}`), file);
    }
    const text = Deno.readTextFileSync(`${folder}/fast.json`);
    assert.ok(gunzipSync(Deno.readFileSync(`${folder}/fast.json.gz`)).toString() === text);
    const csv = Deno.readTextFileSync(`${folder}/fast/points.csv`);
    assert.ok(gunzipSync(Deno.readFileSync(`${folder}/fast.csv.gz`)).toString() === csv);
    const points = readJson(text);
    assert.equal(csvRows(csv).length, points.length + 1);

    const summary = JSON.parse(Deno.readTextFileSync(`${folder}/fast/summary.json`)) as Summary;
    let compared = 0;
    for (const [name, { type, values }] of Object.entries(summary.metrics)) {
      const seen = points.filter(({ metric }) => metric === name).map(({ value }) => value);
      const sum = seen.reduce((total, value) => total + value, 0);
      if (type === "counter") assert.equal(sum, values["count"], name);
      else if (type === "rate") assert.deepEqual([sum, seen.length - sum], [values["passes"], values["fails"]], name);
      else if (type === "trend" && !name.includes("{")) {
        assert.deepEqual([Math.min(...seen), Math.max(...seen)], [values["min"], values["max"]], name);
        assert.ok(Math.abs(sum / seen.length - values["avg"]!) < 1e-9 * values["avg"]!, name);
      } else continue;
      compared++;
    }
    assert.ok(compared >= 12, `${compared} metrics were compared`);
    assert.equal(summary.delivery.points.generated, 4 * points.length);
    assert.equal(summary.delivery.points.delivered, 4 * points.length);
    assert.match(fast.stdout, /^ {2}points: generated ([\d,]+) = delivered \1 \+ rejected 0 \+ pending 0$/m);
    assert.match(fast.stdout, /^points {3}fast\.json$/m);
  },
});

Deno.test({
  name: "points on standard output are alone there, and the summary goes to standard error",
  ignore,
  async fn() {
    const { folder } = scenarioFolder(TEN_SECONDS);
    const ended = await run(folder, "--pace", "max", "--results", "run", "--out", "json");
    assert.equal(ended.code, 0, ended.stderr);
    const summary = JSON.parse(Deno.readTextFileSync(`${folder}/run/summary.json`)) as Summary;
    assert.equal(readJson(ended.stdout).length, summary.delivery.points.delivered);
    assert.match(ended.stderr, /TOTAL RESULTS/);
  },
});

Deno.test({
  name: "a bad --out or summary flag gives exit code 104 and a plain sentence, and writes nothing",
  ignore,
  async fn() {
    const { folder } = scenarioFolder(TEN_SECONDS);
    Deno.writeTextFileSync(`${folder}/earlier.json`, "earlier");
    Deno.mkdirSync(`${folder}/folder`);
    const cases: [string[], RegExp][] = [
      [["--out", "xml=a"], /there is no output "xml": it is one of json, csv/],
      [["--out", "points.csv"], /did you mean "csv=points\.csv"\?/],
      [["--out", "csv=timeFormat=iso"], /there is no timeFormat "iso"/],
      [["--out", "csv=new.csv", "--out", "json=none/points.json"], /cannot write \S*none\/points\.json: No such file/],
      [["--out", "json=earlier.json", "--out", "csv=folder"], /cannot write \S*folder: Is a directory/],
      [["--out", "json=a", "--out", "csv=./a"], /\.\/a is already where --out json writes/],
      [["--out", "json", "--out", "csv=-"], /standard output is already where --out json writes/],
      [["--out", "json=scenario.yaml"], /scenario\.yaml is already the scenario itself/],
      [["--out", "json", "--json"], /both write to standard output/],
      [["--summary-trend-stats", "avg,p95"], /"p95" is no statistic of a trend: did you mean "p\(95\)"\?/],
      [["--summary-trend-stats", "p(101)"], /"p\(101\)" is no statistic/],
      [["--summary-mode", "ful"], /Allowed choices are compact, full, disabled/],
    ];
    // A folder each, for they run side by side: one that is refused takes away the folder that it made.
    const all = await Promise.all(cases.map(([flags], i) => run(folder, "--results", `run-${i}`, ...flags)));
    all.forEach(({ code, stdout, stderr }, i) => {
      assert.equal(code, 104, stderr);
      assert.match(stderr, cases[i]![1]);
      assert.equal(stdout, "");
    });
    assert.deepEqual(filesBelow(folder), ["earlier.json", "scenario.yaml"]);
    cases.forEach((_, i) => assert.throws(() => Deno.statSync(`${folder}/run-${i}`), Deno.errors.NotFound));
    assert.equal(Deno.readTextFileSync(`${folder}/earlier.json`), "earlier");
    assert.equal(Deno.readTextFileSync(`${folder}/scenario.yaml`), TEN_SECONDS);
  },
});

Deno.test({
  name: "--summary-mode full has a block a scenario, disabled prints none and still says that a threshold failed",
  ignore,
  async fn() {
    const { folder } = scenarioFolder(TEN_SECONDS.replace("rate<0.9", "rate<0.0001"));
    const [full, disabled] = await Promise.all([
      run(folder, "--pace", "max", "--results", "a", "--summary-mode", "full", "--summary-trend-stats", "count,p(99)"),
      run(folder, "--pace", "max", "--results", "b", "--summary-mode=disabled"),
    ]);
    assert.equal(full.code, 99, full.stderr);
    assert.match(full.stdout, /█ SCENARIO: buyers\n/);
    assert.match(full.stdout, /http_req_waiting\.+: count=\d+ +p\(99\)=/);
    assert.match(full.stdout, /^ {4} {2}POST \/buy /m);
    const { metrics } = JSON.parse(Deno.readTextFileSync(`${folder}/a/summary.json`)) as Summary;
    assert.deepEqual(Object.keys(metrics["http_req_duration"]!.values), ["count", "p(99)"]);
    assert.equal(disabled.code, 99, disabled.stderr);
    assert.equal(disabled.stdout, "");
    assert.match(disabled.stderr, /^error: thresholds failed: http_req_failed$/m);
    assert.ok("metrics" in JSON.parse(Deno.readTextFileSync(`${folder}/b/summary.json`)));
  },
});
