// What messages, rows and caches look like in spans and log lines.

import assert from "node:assert/strict";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { Plan } from "../../sim/plan/plan.ts";
import { MemorySink } from "../../sim/sinks/memory.ts";
import { call, constant, endpoint, ms, openLoad, plan, seconds, service, workload } from "../build.ts";
import { consumes, localCache, lock, publish } from "../engine/state.ts";
import { publishEndpoint } from "../../sim/model/state.ts";
import { live } from "../engine/world.ts";
import { IDENTITY } from "./plan.ts";

const FAILING = { errors: { rate: 0.5, status: 500, exception: undefined, message: undefined } };

function shop(system: string): Plan {
  return plan({
    services: [
      service("web", {
        "POST /": endpoint(constant(ms(1)), [
          localCache([]),
          lock([call("db.UPDATE stock")], { timeout: seconds(2) }),
          publish("kafka.orders"),
        ]),
      }, { logs: { format: "json", level: "debug" } }),
      service("db", { "UPDATE stock": endpoint(constant(ms(300))) }, { kind: "database", system: "postgresql" }),
      service("kafka", {
        [publishEndpoint("orders")]: endpoint(constant(ms(1))),
        [publishEndpoint("dlq")]: endpoint(undefined),
      }, {
        kind: "queue",
        system,
        topics: new Map([["orders", { partitions: 2, latency: undefined }], ["dlq", {
          partitions: 1,
          latency: undefined,
        }]]),
      }),
      service("billing", { Handle: endpoint(constant(ms(5)), [], FAILING) }, {
        language: "java",
        replicas: 2,
        consumes: [
          consumes("kafka.orders", "Handle", {
            attempts: 2,
            deadLetter: { service: "kafka", endpoint: publishEndpoint("dlq") },
            sessionTimeout: seconds(2),
          }),
        ],
      }),
    ],
    journeys: { buy: [call("web.POST /")] },
    workloads: [workload("users", "buy", openLoad(5, seconds(8)))],
  });
}

function simulated(system: string): MemorySink {
  const of = shop(system), into = new MemorySink(of, IDENTITY);
  live(of, [{ at: 4, act: (world) => world.crash(3, 0, seconds(60)) }], (batch) => into.take(batch));
  return into;
}

const sink = simulated("kafka");
const lines = (name: string) => sink.lines(name).map((line) => JSON.parse(line));

Deno.test("a message is a PRODUCER span and a CONSUMER span in its own trace that links to it", () => {
  const producers = new Map(
    sink.spans.filter(({ kind }) => kind === SpanKind.PRODUCER).map((span) => [span.spanContext().spanId, span]),
  );
  const consumers = sink.spans.filter(({ kind }) => kind === SpanKind.CONSUMER);
  assert.ok(consumers.length > 20);
  for (const span of consumers) {
    assert.equal(span.name, "process orders");
    assert.equal(span.parentSpanContext, undefined);
    const [link] = span.links;
    const sender = producers.get(link!.context.spanId)!;
    assert.equal(link!.context.traceId, sender.spanContext().traceId);
    assert.notEqual(span.spanContext().traceId, link!.context.traceId);
    assert.equal(span.attributes["messaging.consumer.group.name"], "billing");
    assert.match(String(span.attributes["messaging.destination.partition.id"]), /^[01]$/);
    assert.equal(typeof span.attributes["messaging.kafka.offset"], "number");
  }
  assert.ok(
    consumers.some((span) => span.status.code === SpanStatusCode.ERROR && span.events[0]?.name === "exception"),
  );
});

Deno.test("the consumer tells of messages, of those that it gives up, and of the partitions that it gets", () => {
  const billing = lines("billing");
  assert.ok(billing.some(({ message }) => /^processed message from orders in/.test(message)));
  assert.ok(billing.some(({ message }) => /^failed to process message from orders: java\./.test(message)));
  const given = billing.find(({ message }) => /sent to dead-letter topic dlq/.test(message));
  assert.equal(given.level, "error");
  assert.match(given.trace_id, /^[0-9a-f]{32}$/);
  assert.ok(
    billing.some(({ message }) => /Adding newly assigned partitions: orders-0, orders-1$/.test(message)),
    "the one that is left takes the partitions of the one that died",
  );
});

Deno.test("only Kafka's consumers speak of it as Kafka's client does", () => {
  const billing = simulated("redis").lines("billing").map((line) => JSON.parse(line).message);
  assert.ok(billing.some((message) => /^consumer 2 of billing now reads: orders-0, orders-1$/.test(message)));
  assert.ok(!billing.some((message) => /groupId/.test(message)));
});

Deno.test("a row that is locked is a statement's span with the wait in it, and a long wait a line of the database", () => {
  const locks = sink.spans.filter(({ name }) => name === "SELECT stock");
  assert.ok(locks.length > 20);
  const ids = new Set(sink.spans.map((span) => span.spanContext().spanId));
  for (const span of locks) {
    assert.equal(span.kind, SpanKind.CLIENT);
    assert.match(String(span.attributes["db.query.text"]), /FOR UPDATE$/);
    assert.ok(ids.has(span.parentSpanContext!.spanId));
  }
  const late = locks.filter((span) => span.status.code === SpanStatusCode.ERROR);
  assert.ok(late.length > 0);
  assert.equal(late[0]!.attributes["db.response.status_code"], "55P03");
  const db = lines("db");
  assert.ok(db.some(({ message }) => /^process \d+ acquired ShareLock on transaction \d+ after/.test(message)));
  assert.ok(db.some(({ message }) => /^canceling statement due to lock timeout/.test(message)));
});

Deno.test("a debug line says whether a cache had it", () => {
  const asked = lines("web").filter(({ message }) => /^cache (hit|miss) in local cache$/.test(message));
  assert.equal(asked.filter((line) => line["cache.hit"] === false).length, 1);
  assert.ok(asked.length > 20);
});
