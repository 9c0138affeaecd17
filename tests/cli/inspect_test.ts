import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { scenarioFolder } from "./scenarios.ts";
import { squall } from "./squall.ts";

const ignore = needs("read", "write", "run", "env", "net");
const CHECKOUT = fromRoot("scenarios/checkout.yaml");

interface Expected {
  readonly iterations: { readonly count: number; readonly isExact: boolean };
  readonly requests: number;
  readonly spans: number;
}

async function expectedOf(...args: string[]): Promise<Expected> {
  const { code, stdout, stderr } = await squall(["inspect", ...args, "--json"]);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { expected: Expected }).expected;
}

Deno.test({
  name: "inspect tells how many iterations a run will have, and about how many requests and spans",
  ignore,
  async fn() {
    const results = `${Deno.makeTempDirSync({ prefix: "squall-" })}/run`;
    const flags = [CHECKOUT, "--seed", "42", "--set", "faults=[]"];
    const [expected, other, run] = await Promise.all([
      expectedOf(...flags),
      expectedOf(CHECKOUT, "--seed", "43", "--set", "scenarios.buyers.stages.1.target=20"),
      squall(["run", ...flags, "--pace", "max", "--no-logs", "--traces", "file", "--results", results, "--quiet"]),
    ]);
    assert.ok(run.code === 0 || run.code === 99, run.stderr);
    const { metrics, delivery } = JSON.parse(Deno.readTextFileSync(`${results}/summary.json`));
    const count = metrics.iterations.values.count;
    assert.deepEqual(expected.iterations, { count, isExact: true });
    assert.notEqual(other.iterations.count, count, "another seed and another load give other arrivals");
    assert.ok(Math.abs(expected.requests / metrics.http_reqs.values.count - 1) < 0.05);
    assert.ok(Math.abs(expected.spans / delivery.spans.generated - 1) < 0.05);
  },
});

Deno.test({
  name: "inspect of the shipped scenario fits 80 columns and shows each of its parts",
  ignore,
  async fn() {
    const { code, stdout, stderr } = await squall(["inspect", CHECKOUT]);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    for (const line of stdout.split("\n")) assert.ok([...line].length <= 80, line);
    for (const section of ["LOAD", "SCENARIOS", "FAULTS", "SERVICES", "CALLS", "THRESHOLDS"]) {
      assert.ok(stdout.includes(`█ ${section}\n`), section);
    }
    assert.match(stdout, /timeUnit: 1s {2}arrival: poisson/);
    assert.match(stdout, /card processor slow\n.*latency on cardlink, from/);
    assert.match(stdout, /payment\.Charge .*\n.*timeout 800ms\n.*3 attempts \(backoff 50ms ×2 up to 1s, full jitter\)/);
    assert.ok(!stdout.includes("\u001b"), "no colours where there is no terminal");
  },
});

Deno.test({
  name: "inspect --mermaid prints the diagram and nothing else",
  ignore,
  async fn() {
    const { code, stdout, stderr } = await squall(["inspect", CHECKOUT, "--mermaid"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^flowchart LR\n {2}j0\(\["browse"\]\)\n/);
    assert.match(stdout, /-->\|"timeout 800ms, 3 attempts/);
    const both = await squall(["inspect", CHECKOUT, "--mermaid", "--json"]);
    assert.equal(both.code, 104);
  },
});

Deno.test({
  name: "inspect fills in every default and says what is wrong with a file as validate does",
  ignore,
  async fn() {
    const text = `
name: tiny
services: { web: { endpoints: { GET /: { latency: 5ms } } } }
journeys: { visit: [web.GET /] }
scenarios: { load: { executor: shared-iterations } }
`;
    const { stdout } = await squall(["inspect", scenarioFolder(text).file]);
    assert.match(stdout, /executor: shared-iterations {2}exec: visit {2}iterations: 1 {2}vus: 1\s+maxDuration: 10m/);
    assert.match(stdout, /startTime: 0s {2}gracefulStop: 30s {2}tags: none\s+env: none/);
    assert.match(stdout, /seed 1, namespace tiny,?\s+environment production/);
    const { code, stdout: none, stderr } = await squall([
      "inspect",
      scenarioFolder(text.replace("latency", "latenci")).file,
    ]);
    assert.deepEqual([code, none], [104, ""]);
    assert.match(stderr, /scenario\.yaml:3:\d+: .*latenci/);
  },
});
