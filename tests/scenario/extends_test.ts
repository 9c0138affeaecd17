// extends: what a file laid over another says in the end, and where its mistakes are shown.

import assert from "node:assert/strict";
import { formatDiagnostic, InvalidInput } from "../../sim/base/diagnostics.ts";
import type { Distribution } from "../../sim/distributions/distribution.ts";
import type { ReadBase } from "../../sim/scenario/extends.ts";
import { type LoadedScenario, loadScenario } from "../../sim/scenario/load.ts";
import type { CallStep } from "../../sim/model/model.ts";
import { scenarioTest } from "./support.ts";

const BASE = `# the shop
name: shop
seed: 7
services:
  web:
    concurrency: 8
    queue: 16
    endpoints:
      "GET /": { latency: { exponential: 5ms }, calls: [cart.Get, { call: cart.Put, optional: true }] }
  cart: { endpoints: { Get: { latency: { p50: 1ms, p99: 3ms } }, Put: { latency: 2ms, errors: 1% } } }
journeys: { visit: [web.GET /] }
scenarios:
  load: { executor: ramping-arrival-rate, preAllocatedVUs: 10, stages: [{ target: 5, duration: 10s }] }
faults:
  - { name: slow, kind: latency, target: cart, at: 2s, for: 4s, add: 10ms }
  - { name: broken, kind: errors, target: cart.Put, at: 5s, for: 1s, rate: 50% }
thresholds:
  http_req_duration: ['p(95)<500']
`;

interface Given {
  readonly files?: { readonly [id: string]: string };
  readonly sets?: readonly string[];
  readonly env?: { readonly [name: string]: string };
}

function overlay(text: string, { files = { "base.yaml": BASE }, sets = [], env = {} }: Given = {}): LoadedScenario {
  const readBase: ReadBase = (_, written) => {
    const found = files[written];
    return found === undefined ? { refused: `there is no ${written}` } : { id: written, path: written, text: found };
  };
  return loadScenario({ path: "top.yaml", text, sets, env: new Map(Object.entries(env)), readBase });
}

function over(changes: string, given: Given = {}): LoadedScenario["scenario"] {
  return overlay(`extends: base.yaml\n${changes}`, given).scenario;
}

function problems(text: string, given: Given = {}): string[] {
  try {
    overlay(text, given);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.diagnostics.map(formatDiagnostic);
  }
}

scenarioTest("a file that only extends is its base", () => {
  const { scenario, bases } = overlay("extends: base.yaml\n");
  assert.equal(scenario.name, "shop");
  assert.deepEqual(bases, ["base.yaml"]);
  assert.equal(scenario.faults.length, 2);
});

scenarioTest("maps are laid over maps key by key, lists and values replace, null removes", () => {
  const shop = over(`
seed: 8
services:
  web: { queue: null, replicas: 3 }
  bank: { endpoints: { Pay: 4ms } }
thresholds:
  http_req_duration: ['p(99)<900']
  http_req_failed: ['rate<0.1']
faults: null
`);
  const web = shop.services.get("web")!;
  assert.deepEqual([shop.seed, web.replicas, web.concurrency, web.queue], [8, 3, 8, Infinity]);
  assert.deepEqual([...shop.services.keys()], ["web", "cart", "bank"]);
  assert.deepEqual(shop.thresholds.map((each) => each.source), ["p(99)<900", "rate<0.1"]);
  assert.deepEqual(shop.faults, []);
});

scenarioTest("a map over a list changes its items by name, call or number; + appends", () => {
  const shop = over(`
services:
  web: { endpoints: { GET /: { calls: { cart.Get: { timeout: 50ms }, 1: { optional: null, probability: 20% } } } } }
faults:
  slow: { add: 90ms }
  broken: null
  +:
    - { name: later, kind: latency, target: web, at: 8s, add: 1ms }
thresholds:
  http_req_duration: { 'p(95)<500': { abortOnFail: true } }
`);
  const [get, put] = shop.services.get("web")!.endpoints.get("GET /")!.calls as CallStep[];
  assert.deepEqual([get!.target.endpoint, get!.timeout], ["Get", 50e6]);
  assert.deepEqual([put!.target.endpoint, put!.optional, put!.probability], ["Put", false, 0.2]);
  assert.deepEqual(shop.faults.map(({ name, at }) => [name, at]), [["slow", 2e9], ["later", 8e9]]);
  assert.equal((shop.faults[0]!.config!.add as Distribution).mean, 90e6);
  assert.equal(shop.thresholds[0]!.abortOnFail, true);
});

scenarioTest("another distribution, executor or kind of fault takes the whole place of the old one", () => {
  const shop = over(`
services:
  web: { endpoints: { GET /: { latency: { p50: 3ms, p99: 9ms } } } }
  cart: { endpoints: { Get: { latency: { p99: 8ms } } } }
scenarios: { load: { executor: constant-vus, vus: 2, duration: 5s } }
faults: { slow: { kind: errors, target: cart, at: 1s, rate: 10% } }
`);
  assert.equal(shop.workloads.get("load")!.executor, "constant-vus");
  assert.equal(shop.services.get("web")!.endpoints.get("GET /")!.latency!.sample(0.5), 3e6);
  const { latency } = shop.services.get("cart")!.endpoints.get("Get")!;
  assert.deepEqual([latency!.sample(0.5), Math.round(latency!.sample(0.99))], [1e6, 8e6]);
  assert.deepEqual([shop.faults[0]!.name, shop.faults[0]!.kind], ["slow", "errors"]);
});

scenarioTest("bases have bases, and the nearest file has the last word", () => {
  const files = {
    "middle.yaml": "extends: base.yaml\nseed: 2\nname: middle\nservices: { web: { replicas: 2 } }\n",
    "base.yaml": BASE,
  };
  const { scenario, bases } = overlay("extends: middle.yaml\nseed: 3\nservices: { web: { queue: 1 } }\n", { files });
  const web = scenario.services.get("web")!;
  assert.deepEqual([scenario.seed, scenario.name, web.replicas, web.queue], [3, "middle", 2, 1]);
  assert.deepEqual(bases, ["middle.yaml", "base.yaml"]);
});

scenarioTest("the document of a run is whole: it says the same without the files that it came from", () => {
  const changes = "extends: base.yaml\nservices: { web: { replicas: 3, queue: '${Q}' } }\nfaults: { slow: null }\n";
  const given = { sets: ["seed=9"], env: { Q: "4" } };
  const { scenario, document } = overlay(changes, given);
  assert.doesNotMatch(document, /extends/);
  const again = loadScenario({ path: "run.yaml", text: document, sets: [], env: new Map([["Q", "4"]]) }).scenario;
  const plain = (value: unknown) => JSON.stringify(value, (_, each) => each instanceof Map ? [...each] : each);
  assert.equal(plain(again), plain(scenario));
  assert.deepEqual([again.seed, again.services.get("web")!.queue], [9, 4]);
});

scenarioTest("aliases and variables hold in the file that they stand in", () => {
  const files = { "base.yaml": `${BASE}description: &d "\${E}"\nnamespace: *d\n` };
  const { scenario } = overlay("extends: base.yaml\nenvironment: &d test\ndescription: *d\n", {
    files,
    env: { E: "shop" },
  });
  assert.deepEqual([scenario.description, scenario.namespace, scenario.environment], ["test", "shop", "test"]);
});

scenarioTest("every mistake is shown in the file that it stands in", () => {
  const says = (text: string, expected: readonly RegExp[], given: Given = {}): void => {
    const found = problems(text, given);
    assert.equal(found.length, expected.length, found.join("\n\n"));
    for (const [index, pattern] of expected.entries()) assert.match(found[index]!, pattern);
  };
  const base = { files: { "base.yaml": BASE.replace("optional: true", "timeout: 5").replace("seed: 7", "sead: 7") } };
  says("extends: base.yaml\nservices:\n  web: { replcas: 3 }\n", [
    /^base.yaml:3:1: unknown key "sead"/,
    /^base.yaml:9:\d+: the duration 5 has no unit\n.*\n +\| +\^$/m,
    /^top.yaml:3:10: unknown key "replcas"/,
  ], base);
  says("extends: base.yaml\nservices: { cart: { endpoints: { Get: null } } }\n", [
    /^base.yaml:9:\d+: cart has no endpoint "Get"/,
  ]);
  says("extends: base.yaml\nservices: { wbe: null }\n", [
    /^top.yaml:2:13: there is no "wbe" to remove\n[^]*did you mean "web"/,
  ]);
  says("extends: base.yaml\nfaults: { slwo: { add: 1ms } }\n", [
    /^top.yaml:2:11: no item of the list is called "slwo"\n[^]*did you mean "slow"/,
  ]);
  says("extends: base.yaml\nfaults: { 2: { add: 1ms } }\n", [/by number from 0 to 1; \+: \[ … \] appends/]);
  says("extends: base.yaml\nfaults: { +: { add: 1ms } }\n", [/expected a list: "\+" appends its items/]);
  says("extends: base.yaml\nseed: 3\nseed: 4\n", [/^top.yaml:3:1: the key "seed" stands twice/]);
  says("extends: base.yaml\nservices: { web: { __proto__: 1 } }\n", [/^top.yaml:2:20: "__proto__" cannot be a key/]);
  says("extends: base.yaml\nseed: [1\n", [/^top.yaml:2:7: this \[ is not closed/]);
  says("extends: base.yaml\n", [/^base.yaml:1:7: this \[ is not closed/], { files: { "base.yaml": "seed: [1\n" } });
});

scenarioTest("a base that cannot be used is refused at the place that names it", () => {
  const cases: readonly (readonly [string, RegExp, Given?])[] = [
    ["extends: other.yaml\n", /^top.yaml:1:10: there is no other.yaml/],
    ["extends: [a]\n", /^top.yaml:1:10: expected the path of a scenario file/],
    ["extends:\n", /^top.yaml:1:1: expected the path/],
    ["extends: '${X}'\n", /^top.yaml:1:10: a variable cannot stand here/],
    ["extends: b.yaml\n", /^b.yaml:1:10: b.yaml extends itself/, { files: { "b.yaml": "extends: b.yaml\n" } }],
    ["extends: b.yaml\n", /^top.yaml:1:10: b.yaml is not a scenario/, { files: { "b.yaml": "- 1\n" } }],
    ["extends: b.yaml\n", /^b.yaml:1:1: there is nothing in it/, { files: { "b.yaml": "" } }],
    ["extends: b.yaml\n", /b.yaml:1:8: no value before this has the anchor &a/, {
      files: { "b.yaml": "a: &a [*a]\n" },
    }],
  ];
  for (const [text, pattern, given] of cases) {
    assert.match(problems(text, given).join("\n"), pattern);
  }
  const long: Record<string, string> = {};
  for (let i = 0; i < 20; i++) long[`${i}.yaml`] = `extends: ${i + 1}.yaml\n`;
  assert.match(problems("extends: 0.yaml\n", { files: long })[0]!, /more than 8 files extend each other/);
  assert.match(problems(BASE, { sets: ["extends=x.yaml"] })[0]!, /extends stands in the file itself/);
});
