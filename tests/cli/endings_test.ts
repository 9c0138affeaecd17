// How runs end when something is in their way: signals while they report, a simulation that cannot go on, full disks, a
// folder that several runs want.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { needs } from "../permissions.ts";
import { readRun, type Summary } from "./runs.ts";
import { scenarioFolder, TEN_SECONDS } from "./scenarios.ts";
import { filesBelow, squall, start } from "./squall.ts";

const ignore = needs("read", "write", "run", "env", "net");
const onUnix = ignore || Deno.build.os === "windows";
// macOS has none, and Deno lets nobody ask about a device without --allow-all.
const withFullDevice = ignore || Deno.build.os !== "linux";
const FAST = ["--pace", "max", "--no-logs", "--traces", "none"];

function summaryIn(folder: string): Summary {
  return JSON.parse(Deno.readTextFileSync(`${folder}/summary.json`)) as Summary;
}

Deno.test({
  name: "repeats of Ctrl-C within 500 ms are the same one until the summary is written and the process has ended",
  ignore: onUnix,
  async fn() {
    const { folder, file } = scenarioFolder(TEN_SECONDS.replace("duration: 10s", "duration: 10m"));
    const run = start(["run", file, "--no-logs", "--traces", "none", "--results", `${folder}/run`, "--pace", "20x"]);
    await run.said("buyers");
    let ended = false;
    const ending = run.ended().finally(() => ended = true);
    for (const since = performance.now(); !ended && performance.now() - since < 200;) {
      try {
        run.process.kill("SIGINT");
      } catch {
        break; // It has ended.
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const { code, stdout, stderr } = await ending;
    assert.equal(code, 105, stderr);
    assert.match(stdout, /simulated, interrupted,\s+[\d,]+ complete and/);
    assert.match(stdout, /^ {2}logs: generated 0 = delivered 0 \+ rejected 0 \+ pending 0$/m);
    assert.equal(summaryIn(`${folder}/run`).run["ended"], "interrupted");
  },
});

Deno.test({
  name: "a later Ctrl-C ends a run whose summary nobody reads",
  ignore: onUnix,
  async fn() {
    // More than a pipe takes, so that the run waits for its reader.
    const services = Array.from({ length: 60 }, (_, i) => `  s${i}: { endpoints: { GET /: 1ms } }`).join("\n");
    const { folder } = scenarioFolder(
      `name: many\nservices:\n${services}\njourneys: { v: [s0.GET /] }\n` +
        "scenarios: { l: { executor: constant-vus, duration: 1s } }\n",
    );
    const run = start(["run", "scenario.yaml", ...FAST, "--results", "run", "--json"], { cwd: folder, unread: true });
    while (!existsSync(`${folder}/run/summary.json`)) await new Promise((resolve) => setTimeout(resolve, 20));
    run.process.kill("SIGINT");
    await run.said("once more ends at once");
    await new Promise((resolve) => setTimeout(resolve, 600));
    run.process.kill("SIGINT");
    assert.equal((await run.ended()).code, 105);
  },
});

const STALLED = `
name: stalled
services: { a: { concurrency: 1, queue: 0, endpoints: { A: { latency: 100ms } } } }
journeys: { v: [a.A] }
scenarios:
  load: { executor: ramping-vus, startVUs: 1, stages: [{ target: 1, duration: 3s }, { target: 3, duration: 3s }] }
`;

Deno.test({
  name: "a run that cannot go on is aborted: exit code 108, the cause, its summary and its account",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(STALLED);
    const ended = await squall([
      "run",
      file,
      "--pace",
      "max",
      "--traces",
      "file",
      "--logs",
      `${folder}/logs`,
      "--results",
      `${folder}/run`,
    ]);
    assert.equal(ended.code, 108, ended.stderr);
    assert.match(ended.stderr, /^error: no simulated time passes at 4\.5s \(scenarios: load\)\./m);
    assert.match(ended.stderr, /a\.A turns requests away at once.*think time.*backoff.*queue/);
    assert.match(
      ended.stdout,
      /stalled: 4\.5s simulated, aborted as no time passes,\s+[\d,]+ complete and 1 interrupted/,
    );
    assert.match(ended.stdout, /spans: generated ([\d,]+) = delivered \1 \+ rejected 0 \+ pending 0/);
    const { summary } = readRun(folder);
    assert.equal(summary.run["ended"], "aborted");
    assert.match(String(summary.run["reason"]), /no simulated time passes/);
    assert.ok(summary.metrics["iterations"]!.values["count"]! > 100_000);
  },
});

Deno.test({
  name: "standard output on a full disk costs the words, in one line and exit code 110, but not summary.json",
  ignore: withFullDevice,
  async fn() {
    const { folder, file } = scenarioFolder(TEN_SECONDS);
    for (const flags of [[], ["--json"]]) {
      const results = `${folder}/run${flags.length}`;
      const ended = await squall(["run", file, ...FAST, "--results", results, ...flags], { stdoutTo: "/dev/full" });
      assert.equal(ended.code, 110, ended.stderr);
      assert.match(ended.stderr, /^error: cannot write to standard output: No space left on device.*$/m);
      assert.doesNotMatch(ended.stderr, /internal error|\.ts:\d+/);
      assert.equal(summaryIn(results).run["ended"], "completed");
    }
    const inspected = await squall(["inspect", file], { stdoutTo: "/dev/full" });
    assert.equal(inspected.code, 110);
    assert.match(inspected.stderr, /^error: cannot write to standard output: [^\n]+\n$/);
  },
});

Deno.test({
  name: "a summary.json that cannot be written is said, in the closing lines too, and costs exit code 110",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(TEN_SECONDS);
    // In the way of the file that becomes summary.json.
    Deno.mkdirSync(`${folder}/run/summary.json.unfinished`, { recursive: true });
    const ended = await squall(["run", file, ...FAST, "--results", `${folder}/run`]);
    assert.equal(ended.code, 110, ended.stderr);
    assert.match(ended.stderr, /^error: cannot write .*summary\.json/m);
    assert.match(ended.stdout, /^summary {2}not written$/m);
    assert.match(ended.stdout, /spans: generated/);
  },
});

Deno.test({
  name: "of runs that are started at once with one folder, one goes on",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(TEN_SECONDS);
    const results = `${folder}/run`;
    const all = await Promise.all(
      Array.from({ length: 4 }, () => squall(["run", file, ...FAST, "--results", results])),
    );
    assert.deepEqual(
      all.map(({ code }) => code).sort(),
      [0, 104, 104, 104],
      all.map(({ stderr }) => stderr).join("\n"),
    );
    for (const { code, stderr } of all) if (code === 104) assert.match(stderr, /^error: .*run holds a run already/m);
    assert.deepEqual(filesBelow(results), [
      "ground-truth.json",
      "journal.json",
      "manifest.json",
      "scenario.yaml",
      "summary.json",
    ]);
  },
});

Deno.test({
  name: "no text of a scenario drives the terminal",
  ignore,
  async fn() {
    const raw = String.raw`\e[31mX\u202e`;
    const { folder, file } = scenarioFolder(`
name: "n${raw}"
description: "d${raw}"
services: { web: { concurrency: 1, endpoints: { GET /: { latency: 50ms, errors: { rate: 5%, message: "m${raw}" } } } } }
journeys: { v: [{ call: web.GET /, checks: [status == 200] }, { think: 10ms }] }
scenarios: { load: { executor: constant-arrival-rate, rate: 30, duration: 4s, preAllocatedVUs: 2, tags: { t: "${raw}" } } }
faults: [{ name: "f${raw}", kind: errors, target: web, at: 0s, for: 2s, rate: 10% }]
thresholds: { http_req_duration: [{ threshold: 'avg<1', during: "f${raw}" }], "http_reqs{t:${raw}}": ['count>0'] }
`);
    const all = await Promise.all([
      squall(["run", file, ...FAST, "--results", `${folder}/a`, "--summary-mode", "full"]),
      squall(["run", file, "--pace", "3x", "--no-logs", "--traces", "none", "--results", `${folder}/b`]),
      squall(["run", file, ...FAST, "--results", `${folder}/c`, "--summary-mode", "disabled"]),
      squall(["inspect", file]),
      squall(["inspect", file, "--mermaid"]),
      squall(["validate", file, "--set", `name=[${raw.replace(String.raw`\e`, "\x1b")}]`]),
      squall(["run", file, "--pace", "\x1b[31m"]),
      squall(["run", file, "--\x1b[31m"]),
    ]);
    assert.deepEqual(all.map(({ code }) => code), [99, 99, 99, 0, 0, 104, 104, 104], all[0]!.stderr);
    for (const { stdout, stderr } of all) {
      // deno-lint-ignore no-control-regex -- that is what must not be there
      assert.doesNotMatch(stdout + stderr, /[\x00-\x09\x0b-\x1f\u202e]/);
    }
  },
});
