// What the policies of calls leave in lines and spans.

import assert from "node:assert/strict";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { Engine } from "../../sim/engine/engine.ts";
import { type Language, LANGUAGES } from "../../sim/model/model.ts";
import { type CallPolicies, NO_POLICIES } from "../../sim/model/policies.ts";
import { FactBatch } from "../../sim/plan/facts.ts";
import { MemorySink } from "../../sim/sinks/memory.ts";
import { call, constant, endpoint, exponential, ms, openLoad, plan, seconds, service, workload } from "../build.ts";
import { IDENTITY } from "./plan.ts";

const FAILING = { errors: { rate: 1, status: 500, exception: undefined, message: undefined } };
const BREAKER = {
  failureRate: 0.5,
  window: { count: 10 },
  minimum: 10,
  open: ms(300),
  halfOpen: 3,
  slow: undefined,
  view: "replica",
} as const;
const POOL = { size: 1, wait: ms(5), setup: constant(ms(3)), keepAlive: seconds(1), view: "replica" } as const;

/** web calls three services, each with policies of its own; db only waits for connections. */
function run(language: Language): MemorySink {
  const step = (target: string, policies: Partial<CallPolicies>, options: Parameters<typeof call>[1] = {}) =>
    call(target, { optional: true, ...options, policies: { ...NO_POLICIES, ...policies } });
  const of = plan({
    services: [
      service("web", {
        "GET /": endpoint(constant(ms(1)), [
          step("payment.Charge", {
            breaker: BREAKER,
            outlier: { consecutive: 5, interval: ms(100), ejection: ms(200), max: 1, panic: 0 },
          }),
          step("search.GET /find", { hedge: { after: ms(8), max: 1 } }, { timeout: ms(30) }),
          step("stock.GET /stock", { bulkhead: { concurrency: 1, queue: 0, wait: ms(0) }, cancel: true }, {
            timeout: ms(12),
            retry: { attempts: 2, backoff: undefined, budget: { type: "tokens", tokens: 4, ratio: 0.1 } },
          }),
          step("db.SELECT items", { pool: POOL }),
        ]),
      }, { language }),
      service("payment", { Charge: endpoint(constant(ms(1)), [], FAILING) }, { replicas: 3 }),
      service("search", { "GET /find": endpoint(exponential(ms(10))) }),
      service("stock", { "GET /stock": endpoint(exponential(ms(12)), [call("db.SELECT items")]) }, { language }),
      service("db", { "SELECT items": endpoint(exponential(ms(5))) }, { kind: "database", system: "postgresql" }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(100, seconds(3), { poisson: true }))],
  });
  const sink = new MemorySink(of, IDENTITY), engine = new Engine(of, 1), batch = new FactBatch();
  while (!engine.done) {
    engine.step(seconds(100), batch);
    sink.take(batch);
    batch.clear();
  }
  return sink;
}

const java = run("java");

Deno.test("a breaker's changes and an outlier's ejections are lines of the caller, in its trace", () => {
  const lines = java.lines("web").map((line) => JSON.parse(line));
  const opened = lines.find(({ message }) => /changed state from CLOSED to OPEN/.test(message))!;
  assert.match(opened.message, /^CircuitBreaker 'payment\.Charge'/);
  assert.equal(opened.level, "warn");
  assert.ok(opened.trace_id !== undefined);
  assert.ok(lines.some(({ message }) => /from OPEN to HALF_OPEN/.test(message)));
  const ejected = lines.find(({ message }) => /outlier detection: ejected/.test(message))!;
  assert.match(ejected.message, /payment-\S+ \(10\.\S+:\d+\) of payment for \d+/);
  assert.ok(lines.some(({ message, trace_id }) => /is back \(unejected\)/.test(message) && trace_id === undefined));
});

Deno.test("a call that is held back has a CLIENT span with the library's exception, and nobody at its other end", () => {
  const served = new Set(java.spans.map((span) => span.parentSpanContext?.spanId));
  for (const type of ["CallNotPermittedException", "BulkheadFullException", "SQLTransientConnectionException"]) {
    const span = java.spans.find(({ attributes }) => String(attributes["error.type"]).endsWith(type))!;
    assert.ok(span !== undefined, type);
    assert.equal(span.kind, SpanKind.CLIENT);
    assert.equal(span.status.code, SpanStatusCode.ERROR);
    assert.equal(span.attributes["network.peer.address"], undefined);
    assert.equal(span.events[0]!.name, "exception");
    assert.ok(!served.has(span.spanContext().spanId), "it has no SERVER span");
  }
  assert.match(java.log("web"), /was not sent: CircuitBreaker 'payment\.Charge' is OPEN/);
  assert.match(java.log("web"), /HikariPool-1 - Connection is not available, request timed out after 5ms/);
  assert.match(java.log("web"), /\(retry budget exhausted\)/);
});

Deno.test("waiting for a connection stands in the span, in seconds", () => {
  const waits = java.spans.map(({ attributes }) => attributes["db.client.connection.wait_time"] as number | undefined)
    .filter((wait) => wait !== undefined);
  assert.ok(waits.length > 10);
  assert.ok(waits.every((wait) => wait > 0 && wait <= 0.05), Math.max(...waits).toString());
});

Deno.test("a hedged call has a span for each attempt, and the slower one is cancelled at both ends", () => {
  const hedged = java.spans.filter(({ attributes }) => attributes["request.hedge"] === true);
  assert.ok(hedged.length > 50);
  assert.ok(hedged.every(({ attributes }) => attributes["http.request.resend_count"] === 1));
  const cancelled = java.spans.filter(({ attributes }) => attributes["error.type"] === "cancelled");
  assert.ok(cancelled.length > 50);
  const servers = new Map(java.spans.map((span) => [span.parentSpanContext?.spanId, span]));
  for (const client of cancelled) {
    const server = servers.get(client.spanContext().spanId);
    if (server === undefined || !/GET/.test(client.name)) continue;
    assert.equal(server.attributes["http.response.status_code"], 499);
    assert.deepEqual(server.endTime, client.endTime);
  }
  assert.match(java.log("search"), /canceled by client/);
});

Deno.test("a cancelled statement is told in its database's words, and the request that made it in its language's", () => {
  assert.match(java.log("db"), /canceling statement due to user request/);
  assert.match(java.log("stock"), /cancelled by client/);
  for (const line of java.lines("stock").map((each) => JSON.parse(each))) {
    if (/cancelled by client/.test(line.message)) assert.equal(line["http.response.status_code"], 499);
  }
});

Deno.test("every line has a span, every span its parent, in every language", () => {
  for (const language of LANGUAGES) {
    const sink = language === "java" ? java : run(language);
    const known = new Set(sink.spans.map((span) => span.spanContext().spanId));
    assert.equal(known.size, sink.spans.length);
    for (const span of sink.spans) {
      if (span.parentSpanContext !== undefined) assert.ok(known.has(span.parentSpanContext.spanId), span.name);
    }
    for (const name of ["web", "stock", "search", "payment", "db"]) {
      for (const line of sink.lines(name)) {
        assert.doesNotMatch(line, /undefined|NaN|Infinity|\[object/);
        const { span_id } = JSON.parse(line);
        if (span_id !== undefined) assert.ok(known.has(span_id), line);
      }
    }
  }
});
