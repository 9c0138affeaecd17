// Memory over long and wide runs, of the whole program.

import assert from "node:assert/strict";
import { scenarioFolder } from "../cli/scenarios.ts";
import { start } from "../cli/squall.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";

const ignore = needs("read", "write", "run", "env", "net") || Deno.build.os !== "linux";

/** Resident memory of a process in MiB; undefined when it has ended. */
async function resident(pid: number): Promise<number | undefined> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)] }).output();
  const text = new TextDecoder().decode(stdout).trim();
  return text === "" ? undefined : Number(text) / 1024;
}

/** Runs to the end and gives the exit code and the resident memory, measured ten times a second. */
async function watched(...args: string[]): Promise<{ code: number; samples: number[]; stderr: string }> {
  const run = start(["run", ...args]);
  const samples: number[] = [];
  let over = false;
  const watching = (async () => {
    while (!over) {
      const now = await resident(run.process.pid);
      if (now !== undefined && !over) samples.push(now);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const { code, stderr } = await run.ended();
  over = true;
  await watching;
  assert.ok(samples.length > 20, `${samples.length} measurements`);
  return { code, samples, stderr };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

Deno.test({
  name: "24 simulated hours at 100 requests a second keep resident memory flat",
  ignore,
  async fn() {
    const { folder } = scenarioFolder("");
    const set = ["scenarios.load.rate=100", "scenarios.load.duration=24h", "scenarios.load.preAllocatedVUs=100"];
    const { code, samples, stderr } = await watched(
      fromRoot("scenarios/minimal.yaml"),
      ...set.flatMap((each) => ["--set", each]),
      ...["--pace", "max", "--no-logs", "--traces", "none", "--results", `${folder}/run`],
    );
    assert.equal(code, 0, stderr);
    const tenth = Math.floor(samples.length / 10);
    const second = mean(samples.slice(tenth, 2 * tenth)), last = mean(samples.slice(-tenth));
    assert.ok(
      Math.abs(last / second - 1) < 0.1,
      `resident: ${second} MiB in the second tenth, ${last} MiB in the last`,
    );
  },
});

Deno.test({
  name: "100,000 VUs in a closed loop run within 1.5 GB",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(`
name: wide
services: { web: { endpoints: { GET /: { latency: { p50: 20ms, p99: 90ms } } } } }
journeys: { visit: [web.GET /, { think: { uniform: [1s, 3s] } }] }
scenarios: { crowd: { executor: constant-vus, vus: 100000, duration: 20s } }
`);
    const { code, samples, stderr } = await watched(
      file,
      "--pace",
      "max",
      "--no-logs",
      "--traces",
      "none",
      "--results",
      `${folder}/run`,
    );
    assert.equal(code, 0, stderr);
    assert.ok(Math.max(...samples) < 1500, `resident: ${Math.max(...samples)} MiB`);
  },
});
