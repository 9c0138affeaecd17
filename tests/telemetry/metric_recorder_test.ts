// What processes and their cluster say about facts written out by hand, and about a simulated run against its own spans.

import assert from "node:assert/strict";
import { call, closedLoad, constant, endpoint, ms, plan as compile, seconds, service, workload } from "../build.ts";
import { Change, FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import { FOREVER } from "../../sim/base/time.ts";
import { NO_POLICIES } from "../../sim/model/policies.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { familyName } from "../../sim/sinks/openmetrics.ts";
import { metricsRequest } from "../../sim/sinks/otlp_metrics_json.ts";
import { INSTRUMENTS } from "../../sim/telemetry/metric_instruments.ts";
import type { MetricPoint } from "../../sim/telemetry/metric_points.ts";
import { MetricRecorder } from "../../sim/telemetry/metric_recorder.ts";
import { SpanBuilder } from "../../sim/telemetry/spans.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { addFact, tinyPlan } from "../plans.ts";
import { load, scenarioTest } from "../scenario/support.ts";
import { IDENTITY, shop } from "./plan.ts";

const S = 1e9;

/** Replica 0 of web tells of itself in each of these seconds. */
function record(facts: (batch: FactBatch) => void, seen: readonly number[]): MetricRecorder {
  const batch = new FactBatch(), recorder = new MetricRecorder(tinyPlan(), IDENTITY);
  for (const at of seen) addFact(batch, FactKind.station, { at: at * 1000, wait: 3 / 1e6 });
  facts(batch);
  const rows = [...Array(batch.length).keys()].sort((a, b) => batch.time[a]! - batch.time[b]!);
  for (const row of rows) recorder.take(batch, row);
  return recorder;
}

function named(points: readonly MetricPoint[], name: string): MetricPoint[] {
  return points.filter(({ series }) => series.instrument.name === name);
}

Deno.test("a server's durations fall into the conventions' buckets, by route and status, in seconds", () => {
  const recorder = record((batch) => {
    for (const [took, status] of [[4, 200], [5, 200], [6, 200], [20_000, 200], [1, 503]] as const) {
      addFact(batch, FactKind.request, { at: 900, took, status, outcome: status === 200 ? Outcome.ok : Outcome.error });
    }
  }, [1]);
  const [good, bad] = named(recorder.collect(S), "http.server.request.duration");
  assert.equal(good!.series.instrument.unit, "s");
  assert.deepEqual([...good!.histogram!.buckets], [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  assert.ok(Math.abs(good!.histogram!.sum - 20.015) < 1e-9);
  assert.equal(good!.series.attributes["http.route"], "/");
  assert.equal(good!.series.attributes["http.response.status_code"], 200);
  assert.equal(good!.series.attributes["error.type"], undefined);
  assert.equal(bad!.series.attributes["error.type"], "503");
});

Deno.test("counters are cumulative, and begin anew with their start when a process does", () => {
  const batch = new FactBatch();
  const recorder = new MetricRecorder(tinyPlan(), IDENTITY);
  const take = (kind: FactKind, fact: Parameters<typeof addFact>[2]): void =>
    recorder.take(batch, addFact(batch, kind, fact));
  const count = (time: number): [number, number] | undefined => {
    const [point] = named(recorder.collect(time * S), "http.server.request.duration");
    return point === undefined ? undefined : [point.value, point.start / S];
  };
  take(FactKind.station, { at: 1000 });
  take(FactKind.request, { at: 1100, took: 5, status: 200 });
  assert.deepEqual(count(2), [1, 0]);
  take(FactKind.station, { at: 2000 });
  take(FactKind.request, { at: 2100, took: 5, status: 200 });
  assert.deepEqual(count(3), [2, 0]);
  take(FactKind.change, { at: 2500, outcome: Change.replicaDown });
  const gone = recorder.collect(6 * S);
  const stale = named(gone, "http.server.request.duration");
  assert.equal(stale.length, 1);
  assert.ok(Number.isNaN(stale[0]!.value), "it is said once that there is no value");
  const cpu = named(gone, "container_cpu_usage_seconds_total");
  assert.deepEqual(cpu.map(({ value }) => value), [NaN]);
  assert.equal(named(gone, "kube_pod_container_status_ready")[0]!.value, 0);
  assert.deepEqual(named(recorder.collect(7 * S), "http.server.request.duration"), [], "a dead process has no samples");
  const starts = addFact(batch, FactKind.change, { at: 10_000, outcome: Change.replicaStarts });
  batch.extra[starts] = 1;
  recorder.take(batch, starts);
  take(FactKind.request, { at: 10_100, took: 5, status: 200 });
  assert.deepEqual(count(11), [1, 10]);
  const restarts = named(recorder.collect(11 * S), "kube_pod_container_status_restarts_total");
  assert.equal(restarts[0]!.value, 1);
});

/** What a simulated run's recorder says, read once a second. */
function simulated(services: string, faults: string, length: number): MetricPoint[] {
  const { scenario } = load(`
name: shop
services: { web: { ${services} endpoints: { GET /: 10ms } } }
journeys: { visit: [web.GET /] }
scenarios: { load: { executor: constant-arrival-rate, rate: 20, duration: ${length}s, preAllocatedVUs: unlimited } }
faults: [${faults}]
`);
  const of = compileScenario(scenario);
  const engine = new Engine(of, 1), batch = new FactBatch(), recorder = new MetricRecorder(of, IDENTITY);
  const points: MetricPoint[] = [];
  for (let until = 1; !engine.done && until <= length; until++) {
    engine.step(seconds(until), batch);
    for (let row = 0; row < batch.length; row++) recorder.take(batch, row);
    batch.clear();
    points.push(...recorder.collect(until * S));
  }
  return points;
}

const requestsOf = (points: readonly MetricPoint[]): MetricPoint[] => named(points, "http.server.request.duration");
const secondsOf = ({ time }: MetricPoint): number => time / S;

scenarioTest("a crash ends a process's series, and its next life counts from 0 under an instance of its own", () => {
  const points = requestsOf(
    simulated("", "{ kind: crash, target: web, at: 5s, for: 1s, restart: 3s }", 15),
  );
  const ids = [...new Set(points.map(({ series }) => series.resource["service.instance.id"]))];
  assert.equal(ids.length, 2);
  const [first, second] = ids.map((id) => points.filter(({ series }) => series.resource["service.instance.id"] === id));
  assert.deepEqual(first!.filter(({ value }) => Number.isNaN(value)).map(secondsOf), [5]);
  assert.ok(first!.every((point) => secondsOf(point) <= 5), "no samples after its end");
  assert.equal(second![0]!.start, 8 * S);
  assert.ok(second![0]!.value <= 20, "it counts from 0");
  assert.equal(second![0]!.series.resource["k8s.container.restart_count"], 1);
});

scenarioTest(
  "a pod tells how its container before this one ended, and of one that is killed for its memory the limit",
  () => {
    const points = simulated(
      "startTime: 1s,",
      "{ kind: crash, target: web, at: 3s, restart: 1s }, { kind: memory-leak, target: web, at: 8s, perRequest: 1MiB, limit: 64MiB }",
      20,
    );
    const told = named(points, "kube_pod_container_status_last_terminated_reason")
      .map((point) => [secondsOf(point), point.series.attributes["reason"], point.value] as const);
    const [first] = told, change = told.findIndex(([, reason]) => reason === "OOMKilled");
    assert.deepEqual(first, [4, "Error", 1]);
    assert.ok(told.slice(0, change - 1).every(([, reason, value]) => reason === "Error" && value === 1));
    const [at] = told[change]!;
    assert.deepEqual(told.slice(change - 1, change + 1), [[at, "Error", NaN], [at, "OOMKilled", 1]]);
    assert.ok(told.slice(change).every(([, reason]) => reason === "OOMKilled"));
    const limits = named(points, "container_spec_memory_limit_bytes").map(({ value }) => value);
    assert.ok(limits.length > 10 && limits.every((value) => value === 64 * 2 ** 20 || Number.isNaN(value)));
  },
);

scenarioTest("a deployment's pods have their version, and those before them are told no more", () => {
  const points = simulated(
    "replicas: 2,",
    "{ kind: deploy, target: web, at: 5s, for: 10s, version: 2.0.0, step: 1s }",
    20,
  );
  const versions = (from: number, until: number): string[] =>
    [
      ...new Set(
        requestsOf(points).filter((point) => secondsOf(point) > from && secondsOf(point) <= until && point.value > 0)
          .map(({ series }) => String(series.resource["service.version"])),
      ),
    ].sort();
  assert.deepEqual([versions(0, 5), versions(7, 14), versions(17, 20)], [["1.0.0"], ["2.0.0"], ["1.0.0"]]);
  const images = named(points, "kube_pod_container_info").filter((point) => secondsOf(point) === 10);
  assert.deepEqual(images.map(({ value, series }) => [value, series.attributes["image"]]), [[1, "web:2.0.0"], [
    1,
    "web:2.0.0",
  ]]);
  const pods = new Set(named(points, "kube_pod_info").map(({ series }) => series.attributes["pod"]));
  assert.equal(pods.size, 6);
});

scenarioTest(
  "pods that are added tell of themselves from their start on, and those that are taken away no more",
  () => {
    const points = simulated("replicas: 2,", "{ kind: scale, target: web, at: 5s, for: 5s, to: 4 }", 15);
    const pods = (at: number): number =>
      named(points, "kube_pod_info").filter((point) => secondsOf(point) === at && point.value === 1).length;
    const desired = (at: number): number | undefined =>
      named(points, "kube_deployment_spec_replicas").find((point) => secondsOf(point) === at)?.value;
    assert.deepEqual([pods(3), pods(7), pods(13)], [2, 4, 2]);
    assert.deepEqual([desired(3), desired(7), desired(13)], [2, 4, 2]);
  },
);

Deno.test("queue and workers are gauges as told last; refusals are counted, and no wait is made up for them", () => {
  const recorder = record((batch) => {
    addFact(batch, FactKind.request, { at: 500, took: 0, status: 503, outcome: Outcome.refused });
    addFact(batch, FactKind.request, { at: 600, took: 30, wait: 20, status: 200 });
  }, [1]);
  const points = recorder.collect(S);
  assert.equal(named(points, "server.queue.length")[0]!.value, 3);
  assert.equal(named(points, "server.workers.limit")[0]!.value, 10);
  assert.equal(named(points, "server.requests.refused")[0]!.value, 1);
  const [wait] = named(points, "server.queue.wait.duration");
  assert.equal(wait!.value, 1);
  assert.ok(Math.abs(wait!.histogram!.sum - 0.02) < 1e-9);
});

Deno.test("of a simulated run, every counted request and call is a span of the same kind, and exemplars are among them", () => {
  const of = shop("java");
  const engine = new Engine(of, 1), batch = new FactBatch();
  const recorder = new MetricRecorder(of, IDENTITY), spans = new SpanBuilder(of, IDENTITY);
  const ids = new Set<string>();
  let interrupted = 0, last = 0;
  for (let until = 0; !engine.done;) {
    engine.step(seconds(until += 1), batch);
    for (let row = 0; row < batch.length; row++) {
      recorder.take(batch, row);
      last = batch.time[row]!;
      const span = spans.build(batch, row);
      if (span === undefined) continue;
      if (batch.outcome[row] === Outcome.interrupted) interrupted++;
      ids.add(`${span.spanContext().traceId}${span.spanContext().spanId}`);
    }
    batch.clear();
  }
  const points = recorder.collect(last);
  const durations = points.filter(({ series }) => /\.(request|operation|call)\.duration$/.test(series.instrument.name));
  assert.ok(ids.size > 0);
  assert.equal(durations.reduce((sum, { value }) => sum + value, 0), ids.size - interrupted);
  const exemplars = durations.flatMap(({ histogram }) => histogram!.exemplars);
  assert.ok(exemplars.length > 0);
  for (const { traceId, spanId } of exemplars) assert.ok(ids.has(traceId + spanId));
  assert.deepEqual(durations.flatMap(({ histogram }) => histogram!.exemplars).length, exemplars.length);
  assert.equal(
    recorder.collect(last).flatMap(({ histogram }) => histogram?.exemplars ?? []).length,
    0,
    "an exemplar is told once",
  );
});

Deno.test("two endpoints that make the same call count it in one series: a data base keeps one value a time", () => {
  const query = [call("db.SELECT orders")];
  const of = compile({
    services: [
      service("web", { "GET /": endpoint(undefined, query), "GET /all": endpoint(undefined, query) }),
      service("db", { "SELECT orders": endpoint(constant(ms(1))) }, { kind: "database", system: "postgresql" }),
    ],
    journeys: { visit: [call("web.GET /"), call("web.GET /all")] },
    workloads: [workload("load", "visit", closedLoad(1, seconds(1), { total: 3 }))],
  });
  const engine = new Engine(of, 1), batch = new FactBatch(), recorder = new MetricRecorder(of, IDENTITY);
  engine.step(seconds(1), batch);
  for (let row = 0; row < batch.length; row++) recorder.take(batch, row);
  assert.deepEqual(named(recorder.collect(S), "db.client.operation.duration").map(({ value }) => value), [6]);
});

Deno.test("a request of OTLP JSON has 64-bit numbers as texts, and no value where a process has ended", () => {
  const recorder = record((batch) => void addFact(batch, FactKind.request, { at: 900, took: 4, status: 200 }), [1]);
  const points = [...recorder.collect(S), ...recorder.end(2 * S)];
  const request = JSON.parse(JSON.stringify(metricsRequest(named(points, "http.server.request.duration")))) as {
    resourceMetrics: { scopeMetrics: { metrics: { histogram: { dataPoints: Record<string, unknown>[] } }[] }[] }[];
  };
  const [point, ended] = request.resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!.histogram.dataPoints;
  assert.equal(point!["count"], "1");
  assert.equal(point!["timeUnixNano"], String(IDENTITY.startEpochNs + 1_000_000_000n));
  assert.equal((point!["bucketCounts"] as unknown[]).length, (point!["explicitBounds"] as unknown[]).length + 1);
  assert.equal(ended!["flags"], 1);
});

Deno.test("names in Prometheus are those that its OTLP receiver makes", () => {
  const names = Object.values(INSTRUMENTS).map(familyName);
  assert.equal(new Set(names).size, names.length);
  for (
    const name of [
      "http_server_request_duration_seconds",
      "http_server_request_body_size_bytes",
      "db_client_operation_duration_seconds",
      "messaging_client_sent_messages",
      "container_cpu_usage_seconds",
      "kube_pod_container_status_restarts",
      "server_workers_busy",
    ]
  ) assert.ok(names.includes(name), name);
});

Deno.test("a pool's connections, waits and time-outs, a replica's memory and its active requests are told as the engine has them", () => {
  const pool = { size: 2, wait: ms(15), setup: undefined, keepAlive: FOREVER, view: "replica" } as const;
  const MiB = 2 ** 20;
  const of = compile({
    services: [
      service("web", {
        "GET /": endpoint(undefined, [
          call("db.SELECT orders", { policies: { ...NO_POLICIES, pool }, optional: true }),
        ]),
      }, { concurrency: 8, memory: { limit: 64 * MiB, base: 10 * MiB, perRequest: MiB, leak: 0 } }),
      service("db", { "SELECT orders": endpoint(constant(ms(10))) }, { kind: "database", system: "postgresql" }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", closedLoad(6, seconds(3)))],
  });
  const engine = new Engine(of, 1), batch = new FactBatch(), recorder = new MetricRecorder(of, IDENTITY);
  let held = 0, wait = 0, refused = 0, got = 0;
  engine.step(seconds(3), batch);
  for (let row = 0; row < batch.length && batch.time[row]! <= 2 * S; row++) {
    recorder.take(batch, row);
    if (batch.kind[row] === FactKind.pool) held = batch.extra[row]!;
    if (batch.kind[row] !== FactKind.call || (batch.flags[row]! & FactFlag.journey) !== 0) continue;
    if (batch.outcome[row] === Outcome.noConnection) refused++;
    else {
      got++;
      wait += batch.extra[row]! / S;
    }
  }
  const points = recorder.collect(2 * S);
  const counts = named(points, "db.client.connection.count");
  assert.deepEqual(counts.map(({ series }) => series.attributes), [
    { "db.client.connection.pool.name": "db:5432/db|public", "db.client.connection.state": "used" },
    { "db.client.connection.pool.name": "db:5432/db|public", "db.client.connection.state": "idle" },
  ]);
  assert.equal(held, 2);
  assert.deepEqual(counts.map(({ value }) => value), [2, 0]);
  assert.equal(named(points, "db.client.connection.max")[0]!.value, 2);
  assert.ok(named(points, "db.client.connection.pending_requests")[0]!.value > 0);
  assert.ok(refused > 0);
  assert.equal(named(points, "db.client.connection.timeouts")[0]!.value, refused);
  const [waits] = named(points, "db.client.connection.wait_time");
  assert.equal(waits!.value, got);
  assert.ok(wait > 0 && Math.abs(waits!.histogram!.sum - wait) < 1e-9);
  const [active] = named(points, "http.server.active_requests");
  assert.deepEqual(active!.series.attributes, { "http.request.method": "GET", "url.scheme": "http" });
  assert.equal(active!.value, 6);
  assert.equal(named(points, "container_memory_working_set_bytes")[0]!.value, 16 * MiB);
  assert.equal(named(points, "container_spec_memory_limit_bytes")[0]!.value, 64 * MiB);
});
