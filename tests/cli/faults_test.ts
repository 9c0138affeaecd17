// deno task faults: the list, one kind with its fields and sample, and names that nothing bears.

import assert from "node:assert/strict";
import { type FaultKindName, FAULTS } from "../../sim/faults/registry.ts";
import { needs } from "../permissions.ts";
import { problems } from "../scenario/support.ts";
import { squall } from "./squall.ts";

const ignore = needs("read", "run", "env");

Deno.test({
  name: "faults lists each kind with a line, and tells the fields of one with a sample",
  ignore,
  async fn() {
    const [list, one, json, none] = await Promise.all([
      squall(["faults"]),
      squall(["faults", "--kind", "deploy"]),
      squall(["faults", "--json"]),
      squall(["faults", "--kind", "latncy"]),
    ]);
    assert.equal(list.code, 0, list.stderr);
    for (const kind of Object.keys(FAULTS)) assert.match(list.stdout, new RegExp(`^  ${kind} +\\S`, "m"));
    assert.ok(list.stdout.split("\n").every((line) => line.length <= 80));
    assert.equal(one.code, 0, one.stderr);
    for (const field of Object.keys(FAULTS.deploy.fields)) assert.match(one.stdout, new RegExp(`^  ${field} `, "m"));
    assert.ok(one.stdout.includes(`- { ${FAULTS.deploy.sample} }`));
    assert.deepEqual(JSON.parse(json.stdout).map(({ kind }: { kind: string }) => kind), Object.keys(FAULTS));
    assert.equal(none.code, 104);
    assert.match(none.stderr, /there is no kind of fault "latncy": did you mean "latency"\?/);
  },
});

Deno.test({
  name: "the sample of every kind is a fault that a scenario takes",
  ignore: needs("env"),
  fn() {
    for (const [kind, { sample }] of Object.entries(FAULTS) as [FaultKindName, { readonly sample: string }][]) {
      assert.match(sample, new RegExp(`^kind: ${kind}(,|$)`));
      // Whatever else a sample names is not in this file: only what is wrong with the fault by itself counts.
      const said = problems(`
name: shop
services: { web: { endpoints: { GET /: 5ms } } }
journeys: { visit: [web.GET /] }
scenarios: { shoppers: { executor: constant-vus, vus: 1, duration: 10s } }
faults: [{ ${sample} }]
`).filter((problem) =>
        !/there is no (service|fault)|has no (endpoint|replica)|no service has|never calls|would change nothing/
          .test(problem)
      );
      assert.deepEqual(said, [], kind);
    }
  },
});
