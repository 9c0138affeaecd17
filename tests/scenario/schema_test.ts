// The JSON Schema agrees with the decoder: what is well for one is well for the other, as far as a schema can tell.

import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { assertGolden } from "../golden.ts";
import { needs } from "../permissions.ts";
import { scenarioSchema } from "../../sim/scenario/schema.ts";
import { load, problems, scenario, scenarioTest, withCalls } from "./support.ts";

const validate = new Ajv({ strict: false, allErrors: false }).compile(JSON.parse(JSON.stringify(scenarioSchema())));

const SCENARIOS = new URL("../../scenarios/", import.meta.url);

Deno.test({
  name: "scenarios/scenario.schema.json is what the fields describe (deno task schema writes it)",
  ignore: needs("read"),
  fn() {
    const text = Deno.readTextFileSync(new URL("scenario.schema.json", SCENARIOS));
    assert.equal(text, `${JSON.stringify(scenarioSchema(), undefined, 2)}\n`);
  },
});

Deno.test({
  name: "every scenario that is shipped is well, for the decoder and for the schema",
  ignore: needs("read", "env"),
  fn() {
    const names = [...Deno.readDirSync(SCENARIOS)].map((entry) => entry.name).filter((name) => name.endsWith(".yaml"));
    assert.ok(names.includes("minimal.yaml"));
    for (const name of names) {
      const text = Deno.readTextFileSync(new URL(name, SCENARIOS));
      assert.match(text, /^# yaml-language-server: \$schema=\.\/scenario\.schema\.json\n/, name);
      assert.deepEqual(problems(text), [], name);
      assert.ok(validate(parse(text)), `${name}: ${JSON.stringify(validate.errors)}`);
    }
  },
});

Deno.test({
  name: "a scenario with the whole language in it is decoded, and the schema knows all of it",
  ignore: needs("read", "env"),
  fn() {
    const text = Deno.readTextFileSync(new URL("../golden/whole-language.yaml", import.meta.url));
    assert.deepEqual(problems(text), []);
    assert.ok(validate(parse(text)), JSON.stringify(validate.errors));
    const decoded = JSON.stringify(load(text).scenario, (_, each) => each instanceof Map ? [...each] : each, 1);
    assertGolden("whole-language.json", `${decoded}\n`);
  },
});

scenarioTest("what is wrong by itself is wrong for both", () => {
  const wrong: readonly string[] = [
    scenario({ sead: "7" }),
    scenario({ seed: "-1" }),
    scenario({ network: "30" }),
    scenario({ network: "{ p50: 1ms }" }),
    scenario({ network: "{ p50: 1ms, p95: 2ms }" }),
    scenario({ network: "{ uniform: [1ms] }" }),
    scenario({ network: "{ normal: [1ms, 2ms], exponential: 3ms }" }),
    scenario({ network: "{ percentiles: { p0: 1ms } }" }),
    scenario({ services: "{}" }),
    scenario({ services: "[]" }),
    scenario({ services: "{ web: {} }" }),
    scenario({ services: '{ ../web: { endpoints: { "GET /": 1ms } } }' }),
    scenario({ services: '{ web: { replicas: 0, endpoints: { "GET /": 1ms } } }' }),
    scenario({ services: '{ web: { concurrency: none, endpoints: { "GET /": 1ms } } }' }),
    scenario({ services: '{ web: { kind: databse, endpoints: { "GET /": 1ms } } }' }),
    scenario({ services: "{ web: { endpoints: { GET /: 30 } } }" }),
    scenario({ services: "{ web: { endpoints: { GET /: { calls: cart.Get } } } }" }),
    withCalls("[{ cal: db.q }]"),
    withCalls("[{ call: db.q, work: 1ms }]"),
    withCalls("[{ call: db.q, timeout: 5 }]"),
    withCalls("[{ call: db.q, retry: 3 }]"),
    withCalls("[{ call: db }]"),
    withCalls("[{ think: 1s }]"),
    withCalls("[{ choose: [{ call: db.q }] }]"),
    withCalls("[{ choose: [{ weight: 1, call: db.q, timout: 1s }] }]"),
    withCalls("[{ repeat: 3 }]"),
    withCalls("[{ log: x, level: loud }]"),
    scenario({ journeys: "{ visit: [work: 5ms] }" }),
    scenario({ journeys: "{ visit: [] }" }),
    scenario({ scenarios: "{ load: { executor: constant-arival-rate } }" }),
    scenario({ scenarios: "{ load: { executor: constant-vus } }" }),
    scenario({ scenarios: "{ load: { executor: constant-vus, duration: 10s, stages: [] } }" }),
    scenario({
      scenarios: "{ load: { executor: constant-arrival-rate, rate: -1, duration: 1s, preAllocatedVUs: 1 } }",
    }),
    scenario({ faults: "[{ kind: latncy, target: web }]" }),
    scenario({ faults: "[{ kind: latency, add: 5ms }]" }),
    scenario({ thresholds: "{ http_req_duraton: ['p(95)<5'] }" }),
    scenario({ thresholds: "{ http_req_duration: ['p95<5'] }" }),
  ];
  for (const text of wrong) {
    assert.notDeepEqual(problems(text), [], text);
    assert.equal(validate(parse(text)), false, text);
  }
});

scenarioTest("what a person writes is well for both", () => {
  const well: readonly string[] = [
    scenario(),
    scenario({ network: "0" }),
    scenario({ network: "{ mix: [{ weight: 1, latency: { exponential: 5ms } }] }" }),
    withCalls("[]"),
    withCalls("[db.q, { call: db.q }, { parallel: [db.q, [db.q, { work: 20% }]] }]"),
    withCalls("[{ choose: [{ weight: 1, call: db.q, optional: true }, { weight: 1, steps: [db.q] }] }]"),
    withCalls("[{ choose: [{ weight: 1, repeat: 2, steps: [db.q] }] }]"),
    withCalls("[{ call: db.q, fallback: db.q, retry: { attempts: 2, backoff: 1ms } }]"),
    scenario({
      scenarios: "{ load: { executor: ramping-vus, stages: [{ target: 1, duration: 500 }], tags: { a: 1 } } }",
    }),
    scenario({ thresholds: "{ http_req_duration: 'p(95)<5', 'http_reqs{service:web}': [{ threshold: count>1 }] }" }),
  ];
  for (const text of well) {
    assert.deepEqual(problems(text), [], text);
    assert.ok(validate(parse(text)), `${text}\n${JSON.stringify(validate.errors)}`);
  }
});

scenarioTest(
  "a file that extends another is well for the schema with parts of things, nulls and changes of lists",
  () => {
    const well: readonly string[] = [
      "extends: a.yaml",
      "extends: a.yaml\nservices: { web: { replicas: 3, queue: null }, cart: null }",
      "extends: a.yaml\nservices: { web: { endpoints: { Get: { latency: { p99: 8ms }, calls: { db.q: { timeout: 1s } } } } } }",
      "extends: a.yaml\nscenarios: { load: { rate: 5 } }\nfaults: { slow: { add: 1ms }, bad: null, +: [{ kind: errors, target: web }] }",
      "extends: a.yaml\nthresholds: { http_req_duration: ['p(95)<5'] }\nfaults: null",
    ];
    for (const text of well) assert.ok(validate(parse(text)), `${text}\n${JSON.stringify(validate.errors)}`);
    const wrong: readonly string[] = [
      "extends: 3",
      "extends: a.yaml\nsead: 3",
      "extends: a.yaml\nservices: { web: { replcas: 3 } }",
      "extends: a.yaml\nservices: { web: { endpoints: { Get: { calls: [{ cal: db.q }] } } } }",
      "extends: a.yaml\nfaults: [{ kind: latncy, target: web }]",
    ];
    for (const text of wrong) assert.equal(validate(parse(text)), false, text);
  },
);
