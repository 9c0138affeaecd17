// Caches, locks, messages and the lives of replicas in the file.

import assert from "node:assert/strict";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { inspect } from "../../sim/report/inspect.ts";
import { inspectionJson } from "../../sim/report/inspect_json.ts";
import { load, problems, scenarioTest } from "./support.ts";

const SHOP = `
name: shop
services:
  web:
    endpoints:
      GET /p:
        attributes: { product.id: { int: [1, 9] } }
        calls:
          - cache: { in: redis.product, key: product.id, ttl: 10s, singleflight: true, timeout: 50ms, miss: [db.SELECT products] }
          - cache: { in: local, entries: 100, miss: [db.SELECT products] }
          - lock: { in: db, row: stock, timeout: 1s, steps: [ db.UPDATE stock ] }
          - { publish: kafka.orders, key: product.id, timeout: 1s, retry: { attempts: 2 } }
  redis: { kind: cache, entries: 300, endpoints: { GET product: 500us, SET product: 500us } }
  db: { kind: database, endpoints: { SELECT products: 5ms, UPDATE stock: 2ms } }
  kafka: { kind: queue, topics: { orders: { partitions: 6, latency: 1ms }, dlq: {} } }
  billing:
    concurrency: 4
    startTime: 2s
    scaling: { max: 8, target: 60%, delay: 30s }
    health: { every: 5s, restartAfter: 6 }
    memory: { limit: 512MiB, base: 200MiB, leak: 1KiB }
    consumes: [ { topic: kafka.orders, endpoint: HandleOrder, attempts: 3, deadLetter: kafka.dlq } ]
    endpoints: { HandleOrder: 20ms }
journeys: { j: [web.GET /p] }
scenarios: { s: { executor: constant-arrival-rate, rate: 100, duration: 20s, preAllocatedVUs: unlimited } }
`;

scenarioTest("caches, locks, topics and lives become parts of the plan", () => {
  const plan = compileScenario(load(SHOP).scenario);
  assert.deepEqual(plan.caches!.map(({ isLocal, entries, ttl }) => [isLocal, entries, ttl]), [
    [false, 300, 10e9],
    [true, 100, Infinity],
  ]);
  assert.equal(plan.caches![0]!.key.type, "attribute");
  assert.equal(plan.locks![0]!.key.type, "constant");
  assert.deepEqual(plan.topics!.map(({ name, partitions }) => [name, partitions]), [["orders", 6], ["dlq", 1]]);
  const [subscription] = plan.subscriptions!;
  assert.deepEqual([subscription!.attempts, subscription!.deadLetter, subscription!.sessionTimeout], [3, 1, 45e9]);
  const billing = plan.services.find(({ name }) => name === "billing")!;
  assert.deepEqual([billing.replicas, billing.replicasMax, billing.startTime], [1, 8, 2e9]);
  assert.equal(billing.health!.failures, 3);
  assert.equal(billing.memory!.leak, 1024);
});

scenarioTest("inspect tells of them as the file has them, with every default", () => {
  const { scenario } = load(SHOP);
  const json = JSON.parse(JSON.stringify(inspectionJson(inspect(compileScenario(scenario), scenario))));
  const { billing, kafka, redis, web } = json.services;
  assert.deepEqual(kafka.topics.orders, { partitions: 6, latency: "1ms" });
  assert.equal(redis.entries, 300);
  assert.equal(web.topics, null);
  assert.deepEqual(billing.memory, { limit: "512MiB", base: "200MiB", perRequest: "0B", leak: "1KiB" });
  assert.equal(billing.scaling.target, "60%");
  assert.equal(billing.health.failures, 3);
  assert.equal(billing.consumes[0].deadLetter, "kafka.dlq");
  const published = web.endpoints["GET /p"].calls[3];
  assert.deepEqual([published.publish, published.key.name], ["kafka.orders", "product.id"]);
});

for (
  const [from, to, expected] of [
    ["redis.product", "redis.produkt", /redis has no endpoint "GET produkt"/],
    ["in: redis.product", "in: db.product", /db has no endpoint "GET product"|db is of kind database, not cache/],
    ["key: product.id, ttl", "key: product.di, ttl", /has an attribute "product.di"[\s\S]*did you mean "product.id"/],
    ["lock: { in: db", "lock: { in: redis", /redis is of kind cache, not database/],
    ["publish: kafka.orders", "publish: kafka.ordes", /kafka has no topic "ordes"[\s\S]*did you mean "kafka.orders"/],
    ["topic: kafka.orders", "topic: kafkа.orders", /there is no service/],
    ["endpoint: HandleOrder", "endpoint: HandelOrder", /no endpoint "HandelOrder"[\s\S]*did you mean "HandleOrder"/],
    ["target: 60%", "target: 60", /the target of utilization is a share/],
    ["max: 8, target", "min: 9, max: 8, target", /min is more than max/],
    ["concurrency: 4", "version: 1.0.1", /without a limit of workers there is no utilization/],
    ["base: 200MiB", "base: 600MiB", /the base is not below the limit/],
    ["kind: cache, entries", "kind: database, entries", /only a service of kind cache has entries/],
  ] as const
) {
  scenarioTest(`it is said what is wrong with "${to}"`, () => {
    const text = SHOP.replace(from, to);
    assert.notEqual(text, SHOP);
    assert.match(problems(text).join("\n"), expected);
  });
}

scenarioTest("a journey has no cache and no lock, and a service without endpoints needs topics", () => {
  const journey = SHOP.replace("[web.GET /p]", "[{ cache: { in: local, miss: [web.GET /p] } }]");
  assert.match(problems(journey).join("\n"), /a journey has no cache/);
  assert.match(
    problems(SHOP.replace(", topics: { orders: { partitions: 6, latency: 1ms }, dlq: {} }", "")).join("\n"),
    /"endpoints" is missing/,
  );
});
