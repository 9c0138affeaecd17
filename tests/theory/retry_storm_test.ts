// The metastable failure of the literature (Bronson et al., HotOS 2021), from its scenario file alone.

import assert from "node:assert/strict";
import { squall } from "../cli/squall.ts";
import { needs } from "../permissions.ts";

async function codeWith(...set: string[]): Promise<number> {
  const results = `${Deno.makeTempDirSync({ prefix: "squall-" })}/run`;
  const flags = [
    "--pace",
    "max",
    "--no-logs",
    "--traces",
    "none",
    "--results",
    results,
    ...set.flatMap((each) => ["--set", each]),
  ];
  return (await squall(["run", "scenarios/lab/retry-storm.yaml", ...flags])).code;
}

Deno.test({
  name: "a retry storm outlives its trigger; without retries, or at a third of the load, it passes",
  ignore: needs("read", "write", "run", "env", "net"),
  async fn() {
    assert.equal(await codeWith(), 0);
    assert.equal(await codeWith("scenarios.load.rate=60", "thresholds.goodput.1.threshold=rate>55"), 99);
    assert.equal(await codeWith('services.web.endpoints."GET /".calls.0.retry.attempts=1'), 99);
  },
});
