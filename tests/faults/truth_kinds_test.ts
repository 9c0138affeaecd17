// The ground truth of every kind of fault against the run without it: the services that it says were reached are those
// whose requests changed.

import assert from "node:assert/strict";
import type { Nanos } from "../../sim/base/time.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { load } from "../scenario/support.ts";
import { changedServices, simulateTwin } from "./twins.ts";

/** One for each way in which faults act: on requests, calls, replicas, the network, memory, locks, messages and load. */
const KINDS = [
  "errors",
  "latency",
  "bandwidth",
  "blackhole",
  "cache-flush",
  "crash",
  "drain",
  "fail-over",
  "lock-contention",
  "log-flood",
  "memory-leak",
  "outage",
  "packet-loss",
  "partition",
  "pause",
  "pool-exhaustion",
  "queue-flood",
  "reset",
  "roll-back",
  "slow-consumer",
  "slow-cpu",
  "telemetry-loss",
  "unreachable",
  "zone-outage",
];

for (const kind of KINDS) {
  Deno.test({
    name: `the ground truth of scenarios/faults/${kind}.yaml names the services whose requests changed, and no others`,
    ignore: needs("read", "env"),
    fn() {
      const { scenario } = load(Deno.readTextFileSync(fromRoot(`scenarios/faults/${kind}.yaml`)));
      const before = simulateTwin(compileScenario({ ...scenario, faults: [] }));
      const after = simulateTwin(compileScenario(scenario));
      const reached = new Set(after.truth!.faults.flatMap((each) => each.reached.map(({ service }) => service)));
      assert.deepEqual([...reached].sort(), [...changedServices(before, after).keys()].sort());
    },
  });
}

Deno.test({
  name: "a window that does not come tells no fact, and the ground truth knows of none",
  ignore: needs("read", "env"),
  fn() {
    for (const kind of ["crash", "errors", "partition"]) {
      const { scenario } = load(Deno.readTextFileSync(fromRoot(`scenarios/faults/${kind}.yaml`)));
      const faults = scenario.faults.map((fault) => ({ ...fault, probability: 0 }));
      const { truth } = simulateTwin(compileScenario({ ...scenario, faults }));
      assert.deepEqual([truth!.injections, truth!.faults], [[], []], kind);
    }
  },
});

Deno.test({
  name: "a message that is sent late is handled late, and whoever then waits for its handler waits for the fault",
  ignore: needs("read", "env"),
  fn() {
    const { scenario } = load(`
name: shop
services:
  web:
    endpoints:
      POST /order: { latency: 2ms, calls: [publish: kafka.orders] }
      GET /report: { latency: 2ms, calls: [db.SELECT x] }
  kafka: { kind: queue, system: kafka, topics: { orders: { partitions: 4 } } }
  accounting:
    consumes: [{ topic: kafka.orders, endpoint: HandleOrder, concurrency: 8 }]
    endpoints: { HandleOrder: { latency: 1ms, calls: [db.INSERT x] } }
  db: { kind: database, system: postgresql, concurrency: 1, endpoints: { SELECT x: 12ms, INSERT x: 30ms } }
journeys: { buy: [web.POST /order], look: [web.GET /report] }
scenarios:
  buyers: { executor: constant-arrival-rate, exec: buy, rate: 5, duration: 20s, preAllocatedVUs: unlimited }
  lookers:
    { executor: constant-arrival-rate, exec: look, rate: 5, duration: 20s, preAllocatedVUs: unlimited, startTime: 100ms }
faults: [{ name: slow broker, kind: latency, target: web -> kafka.publish orders, at: 10s, for: 5s, add: 95ms }]
`);
    const before = simulateTwin(compileScenario({ ...scenario, faults: [] }));
    const after = simulateTwin(compileScenario(scenario));
    const [fault] = after.truth!.faults;
    assert.deepEqual(
      new Map(fault!.reached.map(({ service, requests }) => [service, requests])),
      changedServices(before, after),
    );
    assert.deepEqual(fault!.reached.find(({ service }) => service === "db")?.path, ["kafka", "db"]);
  },
});

Deno.test({
  name: "a request that comes earlier since one before it failed waits for the fault, and so does who waits for it",
  ignore: needs("read", "env"),
  fn() {
    const { scenario } = load(`
name: shop
services:
  web: { endpoints: { GET /: { latency: 2ms, calls: [{ call: offers.Get, optional: true }, db.SELECT x] }, GET /report: { latency: 2ms, calls: [db.SELECT y] } } }
  offers: { endpoints: { Get: 50ms } }
  db: { kind: database, system: postgresql, concurrency: 1, endpoints: { SELECT x: 12ms, SELECT y: 30ms } }
journeys: { visit: [web.GET /], look: [web.GET /report] }
scenarios:
  visitors: { executor: constant-arrival-rate, exec: visit, rate: 5, duration: 20s, preAllocatedVUs: unlimited }
  lookers:
    { executor: constant-arrival-rate, exec: look, rate: 5, duration: 20s, preAllocatedVUs: unlimited, startTime: 190ms }
faults: [{ name: no offers, kind: errors, target: web -> offers, at: 10s, for: 5s }]
`);
    const before = simulateTwin(compileScenario({ ...scenario, faults: [] }));
    const after = simulateTwin(compileScenario(scenario));
    const changed = changedServices(before, after);
    assert.ok(changed.get("db")! > 20, "the database's requests collide");
    assert.deepEqual(new Set(after.truth!.faults[0]!.reached.map(({ service }) => service)), new Set(changed.keys()));
  },
});

/** Two callers of a service whose cores they share. */
const SHARED_CORES = `
name: shop
services:
  web: { endpoints: { GET /: { latency: 2ms, calls: [{ call: stock.Get, timeout: 80ms, retry: { attempts: 3 } }] } } }
  app: { endpoints: { GET /: { latency: 2ms, calls: [stock.Get] } } }
  stock: { replicas: 2, cores: 2, endpoints: { Get: { latency: { p50: 15ms, p99: 60ms } } } }
journeys: { visit: [web.GET /], look: [app.GET /] }
scenarios:
  visitors: { executor: constant-arrival-rate, exec: visit, rate: 70, duration: 15s, preAllocatedVUs: unlimited, arrival: poisson }
  lookers: { executor: constant-arrival-rate, exec: look, rate: 40, duration: 15s, preAllocatedVUs: unlimited, arrival: poisson }
faults: [{ name: trouble, at: 5s, for: 3s, FAULT }]
`;
for (
  const [why, fault] of [
    ["others have come", "kind: traffic-surge, scenario: visitors, multiply: 2"],
    ["others try again", "kind: reset, target: web -> stock, rate: 60%"],
    ["others come all at once", "kind: pause, target: web"],
    ["they have fewer replicas", "kind: readiness-failure, target: stock"],
  ] as const
) {
  Deno.test({
    name: `who shares cores is reached when ${why}`,
    ignore: needs("read", "env"),
    fn() {
      const { scenario } = load(SHARED_CORES.replace("FAULT", fault));
      const before = simulateTwin(compileScenario({ ...scenario, faults: [] }));
      const after = simulateTwin(compileScenario(scenario));
      const changed = changedServices(before, after);
      const reached = after.truth!.faults[0]!.reached;
      assert.deepEqual(reached.map(({ service }) => service).sort(), [...changed.keys()].sort());
      for (const { service, requests } of reached) {
        const share = requests / changed.get(service)!;
        assert.ok(share > 0.8 && share < 1.2, `${service}: ${requests} of ${changed.get(service)}`);
      }
    },
  });
}

Deno.test({
  name: "a replica that is down and that callers go on choosing leaves the others no more to do",
  ignore: needs("read", "env"),
  fn() {
    const fault = "kind: crash, target: 'stock#1', restart: 2s";
    const { scenario } = load(
      SHARED_CORES.replace("FAULT", fault).replaceAll(", timeout: 80ms, retry: { attempts: 3 }", ""),
    );
    const { truth } = simulateTwin(compileScenario(scenario));
    assert.deepEqual(truth!.faults[0]!.reached.map(({ service, slower }) => [service, slower]), [["web", 0], [
      "app",
      0,
    ]]);
  },
});

/** A shop that keeps what its database says for half a minute. */
const CACHED = `
name: shop
context: { item: { zipf: { n: 300, s: 0.9 } } }
services:
  web: { endpoints: { GET /: { latency: 3ms, calls: [{ cache: { in: redis, key: item, ttl: 30s, miss: [{ call: db.SELECT item, timeout: 500ms }] } }] } } }
  redis: { kind: cache, system: redis, endpoints: { GET: 400us, SET: 400us } }
  db: { kind: database, system: postgresql, endpoints: { SELECT item: 15ms } }
journeys: { look: [web.GET /] }
scenarios: { lookers: { executor: constant-arrival-rate, rate: 60, duration: 15s, preAllocatedVUs: unlimited } }
faults: [{ name: trouble, at: 5s, for: 3s, FAULT }]
`;
for (
  const [why, fault] of [
    ["could not be fetched", "kind: errors, target: db, rate: 80%"],
    ["was fetched late", "kind: latency, target: db, add: 400ms"],
    ["could not be stored", "kind: outage, target: redis"],
  ] as const
) {
  Deno.test({
    name: `a miss is the fault's when what is asked for ${why} before`,
    ignore: needs("read", "env"),
    fn() {
      const { scenario } = load(CACHED.replace("FAULT", fault));
      const before = simulateTwin(compileScenario({ ...scenario, faults: [] }));
      const after = simulateTwin(compileScenario(scenario));
      const reached = after.truth!.faults[0]!.reached.map(({ service, requests }) => [service, requests] as const);
      assert.deepEqual(new Map(reached), changedServices(before, after));
    },
  });
}

Deno.test({
  name: "who finds no worker is reached by the fault that keeps the answers of those who hold them",
  ignore: needs("read", "env"),
  fn() {
    const { scenario } = load(`
name: shop
services:
  edge: { endpoints: { GET /: { latency: 1ms, calls: [web.Get] } } }
  web: { concurrency: 8, queue: 8, endpoints: { Get: { latency: 20ms, calls: [{ call: offers.Get, optional: true }] } } }
  offers: { endpoints: { Get: 5ms } }
journeys: { visit: [edge.GET /] }
scenarios: { visitors: { executor: constant-arrival-rate, rate: 20, duration: 10s, preAllocatedVUs: unlimited } }
faults: [{ name: silence, kind: blackhole, target: web -> offers, at: 3s, for: 4s, probability: 40% }]
`);
    const before = simulateTwin(compileScenario({ ...scenario, faults: [] }));
    const after = simulateTwin(compileScenario(scenario));
    const changed = changedServices(before, after);
    const reached = after.truth!.faults[0]!.reached.map(({ service, requests }) => [service, requests] as const);
    assert.ok(changed.get("edge")! > 50, "the workers are all held");
    assert.deepEqual(new Map(reached), changed);
  },
});

Deno.test({
  name:
    "messages that wait for a consumer that a fault has taken away come late, and meet what they would not have met",
  ignore: needs("read", "env"),
  fn() {
    for (const fault of ["kind: crash, target: billing, restart: 1s", "kind: partition, target: billing -> kafka"]) {
      const { scenario } = load(`
name: shop
services:
  web: { endpoints: { POST /order: { latency: 2ms, calls: [publish: kafka.orders] } } }
  kafka: { kind: queue, system: kafka, topics: { orders: { partitions: 4 } } }
  billing: { consumes: [{ topic: kafka.orders, endpoint: Bill }], endpoints: { Bill: { latency: 2ms, calls: [db.INSERT x] } } }
  db: { kind: database, system: postgresql, concurrency: 1, endpoints: { INSERT x: 8ms } }
journeys: { buy: [web.POST /order] }
scenarios: { buyers: { executor: constant-arrival-rate, rate: 10, duration: 10s, preAllocatedVUs: unlimited } }
faults: [{ name: trouble, ${fault}, at: 4s, for: 1s }]
`);
      const before = simulateTwin(compileScenario({ ...scenario, faults: [] }));
      const after = simulateTwin(compileScenario(scenario));
      const changed = changedServices(before, after);
      assert.ok(changed.has("db"), "they all come at once");
      const reached = after.truth!.faults[0]!.reached.map(({ service }) => service);
      assert.deepEqual(new Set(reached), new Set(changed.keys()), fault);
    }
  },
});

Deno.test({
  name: "the service that stands by is reached by the fail-over that sends requests to it",
  ignore: needs("read", "env"),
  fn() {
    const { scenario } = load(Deno.readTextFileSync(fromRoot("scenarios/faults/fail-over.yaml")));
    const faults = scenario.faults.map((fault) => ({ ...fault, when: [], reaction: 0 as Nanos, at: 10e9 as Nanos }));
    const before = simulateTwin(compileScenario({ ...scenario, faults: [] }));
    const after = simulateTwin(compileScenario({ ...scenario, faults: faults.slice(1) }));
    const [standby] = after.truth!.sideEffects[0]!.reached;
    assert.deepEqual([standby?.service, standby?.other], [
      "db-standby",
      changedServices(before, after).get("db-standby"),
    ]);
  },
});
