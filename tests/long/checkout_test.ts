import assert from "node:assert/strict";
import { runScenario } from "../cli/runs.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";

Deno.test({
  name: "checkout.yaml in real time takes its three minutes and writes the bytes of a run at full speed",
  ignore: needs("read", "write", "run", "env", "net"),
  async fn() {
    const file = fromRoot("scenarios/checkout.yaml");
    const fixed = ["--seed", "9", "--start", "2026-11-23T12:00:00Z"];
    const began = performance.now();
    const live = await runScenario(file, ...fixed);
    const seconds = (performance.now() - began) / 1000;
    const fast = await runScenario(file, ...fixed, "--pace", "max");
    assert.equal(live.code, 0, live.stderr);
    assert.ok(seconds > 160, `it took ${seconds} s`);
    for (const [service, log] of fast.logs) assert.ok(live.logs.get(service) === log, `the log of ${service} differs`);
    assert.ok(live.traces === fast.traces, "the trace files differ");
    assert.ok(live.stderr.split("\n").filter((line) => /visitors/.test(line)).length > 20, "it says how far it is");
  },
});
