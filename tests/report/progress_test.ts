// The lines that a run shows while it goes on.

import assert from "node:assert/strict";
import type { Nanos } from "../../sim/base/time.ts";
import type { WorkloadStats } from "../../sim/metrics/report.ts";
import { expectedEnd, plainProgress, progressLines, type ProgressState } from "../../sim/report/progress.ts";

const S = 1e9;

function workload(name: string, change: Partial<WorkloadStats> = {}): WorkloadStats {
  return {
    name,
    executor: "constant-vus",
    startTime: 0 as Nanos,
    length: 180 * S as Nanos,
    iterationsPlanned: undefined,
    plannedRate: undefined,
    vus: 12,
    vusMax: 50,
    complete: 1234,
    interrupted: 0,
    dropped: 0,
    httpReqs: 5000,
    httpFailed: 21,
    iterationRate: 31.24,
    ...change,
  };
}

const STATE: ProgressState = {
  now: 42 * S as Nanos,
  end: 180 * S as Nanos,
  spans: 120_331,
  logs: 88_102,
  faults: ["payment provider slow"],
  workloads: [
    workload("shoppers", { plannedRate: 40, dropped: 12 }),
    workload("browse"),
    workload("nightly-batch", { startTime: 60 * S as Nanos, vus: 0, complete: 0 }),
    workload("warmup", { length: 30 * S as Nanos, vus: 0, iterationsPlanned: 1234 }),
  ],
};

Deno.test("at 120 columns a line a workload has its bar, VUs, rate, iterations and drops", () => {
  assert.deepEqual(progressLines(STATE, { columns: 120, color: false }), [
    "running 0:42/3:00   23%  120,331 spans  88,102 log lines",
    "    shoppers      [======>-------------------------]  23%  12/50 VUs  31.2/40 iters/s        1,234 done  12 dropped",
    "    browse        [======>-------------------------]  23%  12/50 VUs     31.2 iters/s        1,234 done",
    "    nightly-batch [--------------------------------]   0%  starts at 1:00",
    "  ✓ warmup        [================================] 100%   0/50 VUs     31.2 iters/s  1,234/1,234 done",
    "  faults  payment provider slow",
  ]);
});

Deno.test("at 80 columns the least important columns go first", () => {
  assert.deepEqual(progressLines(STATE, { columns: 80, color: false }).slice(1, 4), [
    "    shoppers      [==>------------]  23%  12/50 VUs  31.2/40 iters/s  12 dropped",
    "    browse        [==>------------]  23%  12/50 VUs     31.2 iters/s",
    "    nightly-batch [---------------]   0%  starts at 1:00",
  ]);
});

Deno.test("no line is wider than the terminal, whatever the names", () => {
  const state: ProgressState = {
    ...STATE,
    faults: ["f".repeat(300)],
    workloads: [workload("w".repeat(300), { dropped: 1e9, complete: 1e12 }), ...STATE.workloads],
  };
  for (let columns = 50; columns <= 200; columns++) {
    for (const line of progressLines(state, { columns, color: false })) {
      assert.ok([...line].length <= columns, `${columns}: ${line}`);
    }
  }
});

Deno.test("colour changes no width, and a name cannot drive the terminal", () => {
  const state: ProgressState = { ...STATE, faults: ["\u001b[2J"], workloads: [workload("a\u001b[31mb")] };
  const plain = progressLines(state, { columns: 100, color: false });
  assert.equal(plain.join("").includes("\u001b"), false);
  // deno-lint-ignore no-control-regex -- the codes for colours
  const stripped = progressLines(state, { columns: 100, color: true }).map((line) => line.replace(/\u001b\[\d+m/g, ""));
  assert.deepEqual(stripped, plain);
  assert.equal(plainProgress(state).includes("\u001b"), false);
});

Deno.test("a workload that ends with its iterations is measured by them, when they are further than its time", () => {
  const half = workload("some", { iterationsPlanned: 2000, complete: 1000, length: 600 * S as Nanos });
  assert.match(
    progressLines({ ...STATE, workloads: [half] }, { columns: 100, color: false })[1]!,
    / 50% .*1,000\/2,000 done$/,
  );
});

Deno.test("a plain line says the time, and VUs, iterations and errors of each workload", () => {
  assert.equal(
    plainProgress({ ...STATE, workloads: STATE.workloads.slice(0, 3) }),
    "0:42/3:00 23% | shoppers: 12 VUs, 1,234 iterations, 12 dropped, 0.42% errors | " +
      "browse: 12 VUs, 1,234 iterations, 0.42% errors | nightly-batch: starts at 1:00 | faults: payment provider slow",
  );
});

Deno.test("a run without end shows the time alone", () => {
  assert.match(plainProgress({ ...STATE, end: Infinity as Nanos }), /^0:42 \| /);
});

Deno.test("a run without end shows the time that has passed, and neither a share nor a bar that fills", () => {
  const endless = {
    ...STATE,
    end: Infinity as Nanos,
    faults: [],
    workloads: [workload("soak", { length: Infinity as Nanos })],
  };
  const [run, soak] = progressLines(endless, { columns: 80, color: false });
  assert.match(run!, /^running 0:42 {2}120,331 spans/);
  assert.match(soak!, /^ {4}soak \[-+\] {4}∞ {2}12\/50 VUs/);
  assert.match(plainProgress(endless), /^0:42 \| soak: 12 VUs/);
});

Deno.test("a block is never taller than the terminal, and keeps the workloads that run", () => {
  const many = Array.from({ length: 30 }, (_, i) => workload(`w${i}`, i < 20 ? { startTime: 90 * S as Nanos } : {}));
  for (let rows = 8; rows < 40; rows++) {
    const lines = progressLines({ ...STATE, workloads: many }, { columns: 80, rows, color: false });
    assert.ok(lines.length < rows, `${lines.length} lines of ${rows} rows`);
  }
  const lines = progressLines({ ...STATE, workloads: many }, { columns: 80, rows: 14, color: false });
  assert.match(lines[1]!, /^ {4}w20 /);
  assert.equal(lines.at(-2), "    and 20 more");
});

Deno.test("long names that begin alike are told apart", () => {
  const names = Array.from({ length: 12 }, (_, i) => `a-very-long-workload-name-number-${i}-for-the-terminal`);
  const state = { ...STATE, workloads: [...names, "short"].map((name) => workload(name)) };
  const lines = progressLines(state, { columns: 80, color: false }).slice(1, 14);
  const shown = lines.map((line) => line.slice(4, 24).trim());
  assert.equal(new Set(shown).size, 13, shown.join("\n"));
  for (const name of shown.slice(0, 12)) assert.match(name, /^a-very….*\d/);
  assert.equal(shown[12], "short");
});

Deno.test("a workload that waits for another says so, and until then the end is not known", () => {
  const waiting = workload("load", { startTime: 600 * S as Nanos, waitsFor: "warm", vus: 0, complete: 0 });
  const state = { ...STATE, workloads: [workload("warm"), waiting], end: expectedEnd([waiting]) };
  assert.equal(state.end, Infinity);
  const [run, , load] = progressLines(state, { columns: 80, color: false });
  assert.match(run!, /^running 0:42 {2}\d/);
  assert.match(load!, / 0% {2}after warm$/);
  const done = workload("warm", { iterationsPlanned: 1234, length: 600 * S as Nanos });
  assert.equal(expectedEnd([done, workload("load", { startTime: 2 * S as Nanos })]), 182 * S);
});
