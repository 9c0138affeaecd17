// What crashes, stops and starts look like in spans, resources and log lines.

import assert from "node:assert/strict";
import { SpanStatusCode } from "@opentelemetry/api";
import { LANGUAGES, LOG_FORMATS } from "../../sim/model/model.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { MemorySink } from "../../sim/sinks/memory.ts";
import { call, constant, endpoint, ms, openLoad, plan, seconds, service, workload } from "../build.ts";
import { type Happening, live } from "../engine/world.ts";
import { IDENTITY } from "./plan.ts";

const BACKEND = 1, DB = 2;

function shop(backend: Parameters<typeof service>[2] = {}): Plan {
  return plan({
    services: [
      service("web", { "GET /": endpoint(constant(ms(1)), [call("backend.GET /stock")]) }, { language: "java" }),
      service("backend", { "GET /stock": endpoint(constant(ms(50)), [call("db.SELECT stock")]) }, {
        startTime: seconds(2),
        ...backend,
      }),
      service("db", { "SELECT stock": endpoint(constant(ms(20))) }, { kind: "database", system: "postgresql" }),
    ],
    journeys: { look: [call("web.GET /")] },
    workloads: [workload("users", "look", openLoad(50, seconds(8)))],
  });
}

function told(of: Plan, happenings: readonly Happening[]): MemorySink {
  const sink = new MemorySink(of, IDENTITY);
  live(of, happenings, (batch) => sink.take(batch));
  return sink;
}

const crashAt2: readonly Happening[] = [{ at: 2, act: (world) => world.crash(BACKEND, 0, seconds(1)) }];

Deno.test("a new container in the same pod: another instance and a restart count, the same pod", () => {
  const spans = told(shop(), crashAt2).spans.filter((span) => span.resource.attributes["service.name"] === "backend");
  const of = (name: string): Set<unknown> => new Set(spans.map((span) => span.resource.attributes[name]));
  assert.deepEqual([...of("k8s.container.restart_count")], [undefined, 1]);
  assert.equal(of("service.instance.id").size, 2);
  for (const same of ["k8s.pod.name", "k8s.pod.uid", "host.name", "k8s.node.name"]) {
    assert.equal(of(same).size, 1, same);
  }
});

Deno.test("what a dead process had open is in the trace with an error, so that no span is without its parent", () => {
  const { spans } = told(shop(), crashAt2);
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  for (const span of spans) {
    if (span.parentSpanContext !== undefined) assert.ok(ids.has(span.parentSpanContext.spanId), span.name);
  }
  const crashed = spans.filter((span) => span.attributes["error.type"] === "crashed");
  assert.ok(crashed.length >= 3);
  for (const span of crashed) {
    assert.equal(span.status.code, SpanStatusCode.ERROR);
    assert.equal(span.resource.attributes["service.name"], "backend");
  }
});

Deno.test("the dead process writes nothing until the next one starts and listens; its callers tell of a reset", () => {
  const sink = told(shop(), crashAt2);
  const lines = sink.lines("backend").map((line) => JSON.parse(line));
  const at = (line: { time: string }): number => Date.parse(line.time) - Number(IDENTITY.startEpochNs / 1_000_000n);
  const silent = lines.filter((line) => at(line) >= 2000 && at(line) < 3000);
  assert.deepEqual(silent, []);
  const own = lines.filter((line) => line.trace_id === undefined);
  assert.deepEqual(own.map((line) => [at(line), line.message]), [
    [3000, "starting backend 1.0.0"],
    [5000, "listening on :8080"],
  ]);
  const web = sink.log("web");
  assert.match(web, /connection to backend:8080 reset by peer/);
  assert.match(web, /connection to backend:8080 refused/);
  const exceptions = new Set(
    sink.spans.flatMap((span) => span.events.map((event) => event.attributes?.["exception.message"])),
  );
  assert.ok(exceptions.has("HTTP/1.1 header parser received no bytes"), [...exceptions].join());
});

Deno.test("a database that crashed says so in its own words", () => {
  const sink = told(shop(), [{ at: 2, act: (world) => world.crash(DB, 0, seconds(1)) }]);
  const messages = sink.lines("db").map((line) => JSON.parse(line)).filter((line) => line.trace_id === undefined)
    .map((line) => line.message);
  assert.deepEqual(messages, [
    "database system was not properly shut down; automatic recovery in progress",
    "database system is ready to accept connections",
  ]);
});

Deno.test("every language says in every format that it starts, listens and stops", () => {
  for (const language of LANGUAGES) {
    for (const format of LOG_FORMATS) {
      const sink = told(shop({ language, logs: { format, level: "info" } }), [
        { at: 2, act: (world) => world.restart(BACKEND, 0) },
      ]);
      const log = sink.log("backend");
      assert.match(log, /start|running/i, language);
      assert.match(log, /listening|started|running|handle connections/i, language);
      assert.match(log, /signal|shut|closing|stopping|terminating/i, language);
    }
  }
});
