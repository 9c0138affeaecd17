// What the scenario language means: defaults, shorthands, references, and checks over the whole file.

import assert from "node:assert/strict";
import type { CallStep } from "../../sim/model/model.ts";
import { NO_POLICIES } from "../../sim/model/policies.ts";
import { load, problems, scenario, scenarioTest, withCalls } from "./support.ts";

/** The first lines of what is wrong, without position, and their hints. */
function said(text: string): string {
  return problems(text).map((each) => each.replace(/\n +\d+ \|.*\n +\|.*/, "")).join("\n");
}

scenarioTest("everything that is left out has its default", () => {
  const { scenario: shop } = load(scenario());
  assert.equal(shop.seed, 1);
  assert.equal(shop.namespace, "shop");
  assert.equal(shop.environment, "production");
  const web = shop.services.get("web")!;
  assert.deepEqual(
    [web.kind, web.language, web.version, web.replicas, web.concurrency, web.queue, web.logs, web.system],
    ["service", "go", "1.0.0", 1, Infinity, Infinity, { format: "json", level: "info" }, undefined],
  );
  const [call] = web.endpoints.get("GET /")!.calls;
  assert.deepEqual(call, {
    type: "call",
    target: { service: "cart", endpoint: "Get" },
    probability: 1,
    where: undefined,
    timeout: undefined,
    deadline: undefined,
    retry: undefined,
    optional: false,
    fallback: undefined,
    policies: NO_POLICIES,
    network: undefined,
    onFailure: "continue",
    checks: [],
  });
  const workload = shop.workloads.get("load")!;
  assert.deepEqual([workload.exec, workload.startTime, workload.gracefulStop], ["visit", 0, 30e9]);
});

scenarioTest("the namespace is made of the name", () => {
  assert.equal(load(scenario({ name: '"Black Friday, 2nd tré!"' })).scenario.namespace, "black-friday-2nd-tre");
  assert.equal(load(scenario({ name: '"!!"' })).scenario.namespace, "squall");
});

scenarioTest("a reference is split at its first dot, so endpoints may contain dots and spaces", () => {
  const text = scenario({
    services: '{ web: { endpoints: { "GET /v1.0/{id}": 5ms } } }',
    journeys: '{ visit: ["web.GET /v1.0/{id}"] }',
  });
  const [step] = load(text).scenario.journeys.get("visit")!;
  assert.deepEqual((step as CallStep).target, { service: "web", endpoint: "GET /v1.0/{id}" });
});

scenarioTest("k6's own durations take bare milliseconds, all others want a unit", () => {
  const k6 = "{ load: { executor: constant-vus, duration: 10000, gracefulStop: 500 } }";
  assert.equal(load(scenario({ scenarios: k6 })).scenario.workloads.get("load")!.gracefulStop, 5e8);
  assert.match(
    said(withCalls("[{ call: db.q, timeout: 500 }]")),
    /the duration 500 has no unit\n += write 500ms or 500s/,
  );
});

scenarioTest("databases, caches and queues have a product, others have none", () => {
  const kinds = load(scenario({
    services: `
  web: { endpoints: { "GET /": 5ms } }
  db: { kind: database, endpoints: { SELECT x: 1ms } }
  redis: { kind: cache, endpoints: { GET x: 1ms } }
  bus: { kind: queue, system: rabbitmq, endpoints: { publish: 1ms } }`,
  })).scenario.services;
  assert.deepEqual([...kinds.values()].map((each) => each.system), [undefined, "postgresql", "redis", "rabbitmq"]);
  assert.match(
    said(scenario({ services: '{ web: { system: redis, endpoints: { "GET /": 5ms } } }' })),
    /a service of kind service has no system/,
  );
});

scenarioTest("a name that looks like HTTP has to be HTTP, but for databases and caches", () => {
  const named = (name: string, kind = "service"): string =>
    said(scenario({
      services: `{ web: { endpoints: { "GET /": 5ms } }, other: { kind: ${kind}, endpoints: { "${name}": 1ms } } }`,
    }));
  for (const name of ["get /x", "GET x", "GET  /x", "/x", "GET/x", "FETCH /x"]) {
    assert.match(named(name), /looks like HTTP/);
  }
  assert.match(named("get /x"), /write "GET \/x"/);
  assert.match(named("/x"), /"GET \/x"/);
  for (const name of ["Charge", "getCart", "shop.v1.Cart/Get", "GET /x"]) assert.equal(named(name), "");
  assert.equal(named("GET session", "cache"), "");
});

scenarioTest("a name of a service that leaves its folder is refused", () => {
  for (const name of ["../evil", "a/b", ".", "-x", "x".repeat(64), "C:"]) {
    const text = scenario({
      services: `{ web: { endpoints: { "GET /": 5ms } }, "${name}": { endpoints: { X: 1ms } } }`,
    });
    assert.match(said(text), /is not a name of a service\n += it becomes a folder/);
  }
  assert.match(
    said(scenario({ services: '{ web: { endpoints: { "GET /": 5ms } }, WEB: { endpoints: { X: 1ms } } }' })),
    /"WEB" and "web" differ in case only/,
  );
});

scenarioTest("a step has one thing to do, where it can be done", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["[{ call: db.q, work: 5ms }]", /"call" and "work" stand together in a step/],
    ["[{ think: 1s }]", /an endpoint does not think/],
    ["[{ cal: db.q }]", /unknown key "cal" in a step\n += did you mean "call"/],
    ["[{ timeout: 5s }]", /"call" is missing in a step/],
    ["[{ db.q: { timeout: 1s } }]", /the options of a call stand beside it: \{ call: db.q, timeout: 1s \}/],
    ["[[db.q]]", /lists stand inside parallel only/],
    ["[db]", /expected a call like cart.GetCart/],
    ["[{ repeat: 3 }]", /"steps" is missing in a step\n += steps: \[cart.GetCart\]/],
    ["[{ choose: [db.q] }]", /write \{ weight: 1, call: db.q \}/],
    ["[{ choose: [{ weight: 0, call: db.q }] }]", /all weights are 0/],
    ["[{ choose: [{ call: db.q }] }]", /"weight" is missing/],
    ["[{ parallel: [] }]", /needs at least 1/],
    ["[{ work: 5 }]", /the duration 5 has no unit/],
    ["[{ call: db.q, retry: { attempts: 2, backoff: { base: 5s, max: 1s } } }]", /max is shorter than its base/],
    ["[{ call: db.q, retry: 3 }]", /write \{ attempts: 3 \}; attempts counts the first one/],
    ["[{ call: db.q, retry: { max_retries: 3 } }]", /attempts: how often in all/],
    ["db.q", /begin each item with "- " on a line of its own, as in "- db.q"/],
  ];
  for (const [calls, says] of cases) assert.match(said(withCalls(calls)), says, calls);
  assert.match(said(scenario({ journeys: "{ visit: [web.GET /, work: 5ms] }" })), /a journey does no work/);
  assert.match(said(scenario({ journeys: "{ visit: [web.GET /, log: hello] }" })), /a journey writes no log/);
});

scenarioTest("latency that is never spent, and shares of none, are refused", () => {
  assert.match(said(withCalls("[work: 5ms, db.q]")), /this latency is never spent/);
  assert.match(
    said(withCalls("[work: 40%, db.q]", "errors: 1%")),
    /a share of the endpoint's latency, and it has none/,
  );
  assert.deepEqual(problems(withCalls("[work: 40%, db.q, work: 60%]")), []);
});

scenarioTest("a log message names attributes that there are", () => {
  const attributes = "latency: 5ms, attributes: { user.id: { id: {} } }";
  assert.deepEqual(problems(withCalls('[log: "{user.id} at {service}, {instance}"]', attributes)), []);
  assert.deepEqual(problems(withCalls('[{ log: "{n}", attributes: { n: { int: [1, 2] } } }]', attributes)), []);
  assert.match(
    said(withCalls('[log: "of {usr.id}"]', attributes)),
    /names \{usr.id\}.*\n += did you mean "\{user.id\}"/,
  );
});

scenarioTest("a dangling reference offers the whole of what was probably meant", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["[db.p]", /db has no endpoint "p"\n += did you mean "db.q"/],
    ["[dbb.q]", /there is no service "dbb"\n += did you mean "db.q"/],
    ["[web.GET /x]", /did you mean "web.GET \/"/],
    ["[payment.Charge]", /there is no service "payment"\n += the services are web, db/],
  ];
  for (const [calls, says] of cases) assert.match(said(withCalls(calls)), says, calls);
});

scenarioTest("a dangling reference is found beside other errors of its service", () => {
  const text = scenario({
    services:
      '{ web: { replicas: 0, endpoints: { "GET /": { latency: 5, calls: [web.X, { call: cart.Y, timeout: 1 }] } } } }',
  });
  const printed = said(text);
  for (const says of [/number 0/, /5 has no unit/, /no endpoint "X"/, /no service "cart"/, /1 has no unit/]) {
    assert.match(printed, says);
  }
});

scenarioTest("exec names a journey, and may be left out when there is one", () => {
  const two = "{ visit: [web.GET /], look: [web.GET /] }";
  assert.match(
    said(scenario({ journeys: two })),
    /"exec" is missing in load, and there are 2 journeys\n += exec: visit/,
  );
  const exec = "{ load: { executor: constant-vus, duration: 10s, exec: lok } }";
  assert.match(said(scenario({ journeys: two, scenarios: exec })), /no journey "lok"\n += did you mean "look"/);
});

scenarioTest("a run of more than 100 days is refused", () => {
  const days = "{ load: { executor: constant-vus, duration: 99d, startTime: 2d } }";
  assert.match(said(scenario({ scenarios: days })), /ends after 101d30s\n += a run lasts at most 100d/);
});

scenarioTest("the target of a fault is a service, an endpoint, a replica or an edge that there is", () => {
  const fault = (target: string, more = "add: 5ms"): string =>
    scenario({ faults: `[{ kind: latency, target: "${target}", ${more} }]` });
  for (const target of ["web", "web.GET /", "web#1", "web#1.GET /", "web -> cart", "web.GET / -> cart.Get"]) {
    assert.deepEqual(problems(fault(target)), [], target);
  }
  const { target } = load(fault("web#1.GET /")).scenario.faults[0]!;
  assert.deepEqual(target, { text: "web#1.GET /", service: "web", endpoint: "GET /", replica: 0, caller: undefined });
  const cases: readonly (readonly [string, RegExp])[] = [
    ["wbe", /no service "wbe"\n += did you mean "web"/],
    ["web#0", /replicas count from 1/],
    ["web#2", /web has 1 replica, and no #2/],
    ["web#1 -> cart", /an edge has no replicas/],
    ["cart -> web", /cart never calls web\n += cart calls nothing/],
    ["web -> crt.Get", /did you mean "web -> cart.Get"/],
    ["web ->", /expected a target/],
  ];
  for (const [written, says] of cases) assert.match(said(fault(written)), says, written);
  assert.match(said(fault("web", "add: 5ms, for: 10s, ramp: 6s")), /ramp of 6s.*does not fit into 10s/);
});

scenarioTest("faults have names of their own", () => {
  const same = "{ kind: latency, target: web, add: 5ms }";
  assert.match(said(scenario({ faults: `[${same}, ${same}]` })), /two faults are called "latency on web"/);
  const later = "{ kind: latency, target: web, add: 5ms, at: 80s }";
  const names = load(scenario({ faults: `[${same}, ${later}]` })).scenario.faults.map((each) => each.name);
  assert.deepEqual(names, ["latency on web", "latency on web at 1m20s"]);
});

scenarioTest("options of k6 that mean nothing here say where they go", () => {
  assert.match(said(scenario({ vus: "10" })), /"vus" beside "scenarios" has no meaning/);
  assert.match(said(scenario({ options: "{}" })), /stands at the top level here/);
  assert.match(said(scenario({ userAgent: "x" })), /means nothing here/);
});

scenarioTest("thresholds name services and scenarios that there are", () => {
  assert.match(
    said(scenario({ thresholds: '{ "http_req_duration{service:wbe}": ["p(95)<5"] }' })),
    /did you mean "web"/,
  );
  assert.match(said(scenario({ thresholds: '{ "http_reqs{scenario:lod}": ["count>5"] }' })), /did you mean "load"/);
});

scenarioTest("k6's shortcuts make one scenario called default; without any load the file is incomplete", () => {
  const file = (load: string): string =>
    `name: shop\nservices: { web: { endpoints: { "GET /": 5ms } } }\njourneys: { visit: ["web.GET /"] }\n${load}`;
  const workload = load(file("vus: 3\nduration: 20s\n")).scenario.workloads.get("default")!;
  assert.deepEqual([workload.executor, workload.exec, workload.load.length], ["constant-vus", "visit", 20e9]);
  assert.match(said(file("")), /"scenarios" is missing in the scenario/);
  const both = said(file("").replace("5ms", "5"));
  assert.match(both, /"scenarios" is missing/);
  assert.match(both, /has no unit/);
});

scenarioTest("a scenario may start after another, which exists and does not wait for it in turn", () => {
  const pair = (a: string, b: string): string =>
    scenario({
      scenarios:
        `{ a: { executor: constant-vus, vus: 1, duration: 10s${a} }, b: { executor: constant-vus, vus: 1, duration: 5s${b} } }`,
    });
  assert.equal(load(pair("", ", startAfter: a")).scenario.workloads.get("b")!.startAfter, "a");
  assert.match(said(pair("", ", startAfter: aa")), /there is no scenario "aa"\n[\s\S]*did you mean "a"\?/);
  assert.match(said(pair(", startAfter: b", ", startAfter: a")), /wait for each other/);
});

scenarioTest("steps of journeys take checks and a reaction to failure, steps of endpoints do not", () => {
  const journey = (options: string): string => scenario({ journeys: `{ visit: [{ call: "web.GET /", ${options} }] }` });
  const [step] = load(journey('checks: ["status == 200", "duration < 500ms"], onFailure: leave')).scenario.journeys.get(
    "visit",
  )!;
  const { checks, onFailure } = step as CallStep;
  assert.equal(onFailure, "leave");
  assert.deepEqual(checks[1], { name: "duration < 500ms", subject: "duration", comparison: "<", value: 5e8 });
  assert.match(said(journey('checks: ["body == ok"]')), /an answer has no "body" to check/);
  assert.match(said(journey('checks: ["duration < 500"]')), /"500" is not a duration/);
  assert.match(said(withCalls("[{ call: db.q, onFailure: leave }]")), /unknown key "onFailure"/);
});
