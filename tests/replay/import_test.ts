// Importing recorded traffic: the round trip, what is found in calls, and what hostile recordings come to.

import assert from "node:assert/strict";
import { importRecording, type ImportReport } from "../../sim/replay/import/import_recording.ts";
import { findErrorWindows, findTimeWindows } from "../../sim/replay/import/incidents.ts";
import type { CallStep, Step } from "../../sim/model/model.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { needs } from "../permissions.ts";
import { randomScenario } from "./random_scenarios.ts";
import { otlpRequest, otlpSpan } from "./recordings.ts";
import { importOf, roundTrip, scenarioOf, shortcomings } from "./round_trip.ts";

const ignore = needs("read", "write", "env");

/** Imports a file of these contents. */
async function importText(contents: string, asked = { attributes: false, messages: false }): Promise<ImportReport> {
  const path = Deno.makeTempFileSync({ suffix: ".jsonl" });
  try {
    Deno.writeTextFileSync(path, contents);
    return await importRecording({
      recording: { parts: [{ path, service: "by-name", bytes: contents.length }], notices: [] },
      shown: () => "recording",
      name: "imported",
      ...asked,
    });
  } finally {
    Deno.removeSync(path);
  }
}

const START_NS = 1_764_000_000_000_000_000n;
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

interface MadeSpan {
  readonly trace: number;
  readonly id: number;
  readonly parent?: number | undefined;
  readonly service: string;
  readonly name: string;
  /** OTLP's: 2 SERVER, 3 CLIENT. */
  readonly kind: number;
  /** Milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly failed?: boolean;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

/** A file of OTLP JSON lines with these spans. */
function recording(spans: readonly MadeSpan[]): string {
  return spans.map((span) => {
    const time = (ms: number): string => String(START_NS + BigInt(Math.round(ms * 1e6)));
    const json = otlpSpan({
      traceId: hex(span.trace + 1, 32),
      spanId: hex(span.id + 1, 16),
      parentSpanId: span.parent === undefined ? "" : hex(span.parent + 1, 16),
      name: span.name,
      kind: span.kind,
      startTimeUnixNano: time(span.from),
      endTimeUnixNano: time(span.to),
      attributes: Object.entries(span.attributes ?? {}).map(([key, value]) => ({
        key,
        value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
      })),
      events: [],
      links: [],
      status: span.failed === true ? { code: 2 } : {},
    });
    return JSON.stringify(otlpRequest([json], span.service));
  }).join("\n") + "\n";
}

/** Requests, each with the calls of a function: `[callee, from, to, failed]` in milliseconds after its start. */
function requests(
  count: number,
  callsOf: (request: number) => readonly (readonly [callee: string, from: number, to: number, failed?: boolean])[],
  length = 100,
): string {
  const spans: MadeSpan[] = [];
  for (let request = 0; request < count; request++) {
    const at = request * 200, first = request * 100;
    spans.push({ trace: request, id: first, service: "web", name: "Handle", kind: 2, from: at, to: at + length });
    callsOf(request).forEach(([callee, from, to, failed = false], i) => {
      const id = first + 1 + i * 2;
      const call = {
        trace: request,
        id,
        parent: first,
        service: "web",
        name: callee,
        kind: 3,
        from: at + from,
        to: at + to,
      };
      spans.push({ ...call, failed });
      spans.push({ ...call, id: id + 1, parent: id, service: callee, name: "Do", kind: 2, failed });
    });
  }
  return recording(spans);
}

async function stepsOf(contents: string): Promise<{ readonly steps: readonly Step[]; readonly scenario: Scenario }> {
  const { text } = await importText(contents);
  const scenario = scenarioOf(text!);
  return { steps: scenario.services.get("web")!.endpoints.get("Handle")!.calls, scenario };
}

const targets = (steps: readonly Step[]): unknown[] =>
  steps.map((step) =>
    step.type === "call"
      ? step.target.service
      : step.type === "parallel"
      ? step.branches.map(targets)
      : step.type === "choose"
      ? step.options.map((option) => targets(option.steps))
      : step.type
  );

for (const seed of [1, 4, 8]) {
  Deno.test({
    name: `random scenario ${seed} comes back from its traces: services, calls, rates, errors, times, the fault`,
    ignore,
    async fn() {
      const scenario = scenarioOf(randomScenario(seed, { rate: 30, length_s: 45 }));
      assert.deepEqual(shortcomings(scenario, await roundTrip(scenario)), []);
    },
  });
}

Deno.test({
  name: "checkout.yaml comes back from its traces, retries and time-outs included",
  ignore,
  async fn() {
    const text = Deno.readTextFileSync(new URL("../../scenarios/checkout.yaml", import.meta.url));
    const scenario = scenarioOf(text);
    const trip = await roundTrip(scenario);
    assert.deepEqual(shortcomings(scenario, trip), []);
    const place = trip.imported.services.get("checkout")!.endpoints.get("PlaceOrder")!.calls;
    assert.deepEqual(targets(place), [
      "cart",
      [["pricing"], ["inventory"], ["shipping"]],
      "payment",
      "orders",
      "cart",
      "mailer",
    ]);
    const charge = place[2] as CallStep;
    assert.deepEqual([charge.timeout, charge.retry!.attempts, charge.retry!.backoff!.jitter], [800e6, 3, "full"]);
    assert.equal((place[5] as CallStep).optional, true);
    assert.equal(trip.imported.services.get("checkout")!.replicas, scenario.services.get("checkout")!.replicas);
    assert.equal(trip.imported.services.get("storefront")!.language, "nodejs");
    // Asked by nobody, no value of an attribute and no message is in it.
    assert.doesNotMatch(trip.text, /ord-|message:|shop\.order_id/);
  },
});

const MESSAGES = `
name: messages
seed: 3
services:
  web:
    replicas: 2
    endpoints:
      POST /order: { latency: { p50: 5ms, p99: 20ms }, calls: [{ publish: kafka.orders }, { publish: kafka.mail, probability: 40% }] }
  worker:
    replicas: 2
    consumes: [{ topic: kafka.orders, endpoint: process orders, attempts: 3, retryAfter: 100ms }]
    endpoints: { process orders: { latency: 20ms, errors: 3%, calls: [stock.POST /take, { publish: kafka.mail }] } }
  stock: { endpoints: { POST /take: { latency: 3ms } } }
  biller: { consumes: [{ topic: kafka.orders, endpoint: process orders }], endpoints: { process orders: { latency: 8ms } } }
  mailer: { consumes: [{ topic: kafka.mail, endpoint: process mail }], endpoints: { process mail: { latency: 9ms } } }
  kafka: { kind: queue, topics: { orders: { partitions: 6, latency: 2ms }, mail: { partitions: 2 } } }
journeys: { buy: [web.POST /order] }
scenarios: { buyers: { executor: constant-arrival-rate, rate: 25, duration: 45s, preAllocatedVUs: unlimited } }
`;

Deno.test({
  name: "messages come back from their traces: who publishes, who handles them, and how often they are tried",
  ignore,
  async fn() {
    const scenario = scenarioOf(MESSAGES);
    const trip = await roundTrip(scenario);
    assert.deepEqual(shortcomings(scenario, trip), []);
    const { services, workloads } = trip.imported;
    assert.equal(workloads.size, 1);
    const [subscription] = services.get("worker")!.consumes!;
    assert.deepEqual([subscription!.attempts, subscription!.retryAfter], [3, 100e6]);
    assert.deepEqual([...services.get("kafka")!.topics!].map(([name, { partitions }]) => [name, partitions]), [
      ["orders", 6],
      ["mail", 2],
    ]);
  },
});

Deno.test({
  name: "handling a message is no part of sending it, though its span is the sender's child",
  ignore,
  async fn() {
    const spans = Array.from({ length: 60 }, (_, n): MadeSpan[] => {
      const at = n * 100, messaging = { "messaging.system": "rabbitmq", "messaging.destination.name": "jobs" };
      const common = { trace: n, attributes: messaging };
      return [
        { trace: n, id: n * 10, service: "web", name: "Handle", kind: 2, from: at, to: at + 10 },
        {
          ...common,
          id: n * 10 + 1,
          parent: n * 10,
          service: "web",
          name: "jobs send",
          kind: 4,
          from: at + 5,
          to: at + 6,
        },
        {
          ...common,
          id: n * 10 + 2,
          parent: n * 10 + 1,
          service: "worker",
          name: "jobs process",
          kind: 5,
          from: at + 50,
          to: at + 75,
        },
      ];
    }).flat();
    const { services, workloads } = scenarioOf((await importText(recording(spans))).text!);
    assert.deepEqual([...workloads.keys()], ["web-handle"]);
    const [step] = services.get("web")!.endpoints.get("Handle")!.calls.filter(({ type }) => type === "call");
    assert.deepEqual((step as CallStep).target, { service: "rabbitmq", endpoint: "publish jobs" });
    assert.equal(services.get("worker")!.consumes![0]!.endpoint, "process jobs");
  },
});

Deno.test({
  name: "calls in a circle, and messages that make messages of their own topic, have an end",
  ignore,
  async fn() {
    const messaging = { "messaging.system": "kafka", "messaging.destination.name": "loop" };
    const spans = Array.from({ length: 40 }, (_, trace) =>
      Array.from({ length: 10 }, (_, n): MadeSpan => ({
        trace,
        id: trace * 10 + n,
        ...(n === 0 ? {} : { parent: trace * 10 + n - 1 }),
        service: n % 4 < 2 ? "a" : "b",
        name: n % 2 === 0 ? "Do" : "Call",
        kind: n % 2 === 0 ? 2 : 3,
        from: trace * 100 + n,
        to: trace * 100 + 60 - n,
        attributes: { "rpc.method": "Do", ...(n % 2 === 0 ? {} : { "server.address": n % 4 < 2 ? "b" : "a" }) },
      }))).flat();
    const messages = Array.from({ length: 40 }, (_, n): MadeSpan[] => {
      const common = { trace: 1000 + n, service: "worker", attributes: messaging, from: n * 100, to: n * 100 + 9 };
      return [
        { ...common, id: 10_000 + n * 2, name: "process", kind: 5 },
        { ...common, id: 10_001 + n * 2, parent: 10_000 + n * 2, name: "send", kind: 4 },
      ];
    }).flat();
    const { services } = scenarioOf((await importText(recording([...spans, ...messages]))).text!);
    const [call] = services.get("a")!.endpoints.get("Do")!.calls.filter(({ type }) => type === "call") as CallStep[];
    assert.ok(Math.abs(call!.probability - 2 / 3) < 0.01);
    assert.ok(services.get("worker")!.endpoints.has("process loop"));
  },
});

Deno.test({
  name: "replicas that are gone, calls that are swallowed and a slow network are faults of the calls, at their times",
  ignore,
  async fn() {
    const text = await importOf(scenarioOf(`
name: cut off
seed: 2
network: 500us
services:
  web:
    endpoints:
      GET /: { latency: 2ms, calls: [a.Do, { call: b.Do, timeout: 100ms, optional: true }, c.Do] }
  a: { replicas: 2, endpoints: { Do: { latency: 3ms } } }
  b: { endpoints: { Do: { latency: 3ms } } }
  c: { endpoints: { Do: { latency: 3ms } } }
journeys: { j: [web.GET /] }
scenarios: { s: { executor: constant-arrival-rate, exec: j, rate: 20, duration: 2m, preAllocatedVUs: unlimited } }
faults:
  - { kind: crash, target: a#1, at: 20s, for: 15s }
  - { kind: blackhole, target: web -> b, at: 50s, for: 10s, rate: 70% }
  - { kind: latency, target: web -> c, at: 80s, for: 20s, add: 40ms }
`));
    const faults = scenarioOf(text).faults;
    assert.deepEqual(faults.map(({ kind, target }) => [kind, target.text]), [
      ["errors", "web.GET / -> a.Do"],
      ["blackhole", "web.GET / -> b.Do"],
      ["latency", "web.GET / -> c.Do"],
    ]);
    for (const [i, [from, to]] of [[20, 35], [50, 60], [80, 100]].entries()) {
      const { at, duration } = faults[i]!;
      assert.ok(Math.abs(at / 1e9 - from!) < 1 && Math.abs((at + duration) / 1e9 - to!) < 1, `${at} + ${duration}`);
    }
    assert.match(text, /rate: (4[5-9]|5[0-5])\.?\d*%/);
    assert.match(text, /add: 40ms/);
  },
});

Deno.test({
  name: "times that hardly vary come back with the digits that they need, and others with three",
  ignore,
  async fn() {
    const scenario = scenarioOf(`
name: narrow
network: 300us
services:
  web: { endpoints: { GET /: { latency: { p50: 8ms, p99: 40ms }, calls: [db.SELECT a, b.Do, c.Do] } } }
  db: { kind: database, endpoints: { SELECT a: 144ms } }
  b: { endpoints: { Do: { latency: { mix: [{ weight: 8, latency: 123.4567ms }, { weight: 2, latency: 200ms }] } } } }
  c: { endpoints: { Do: { latency: { uniform: [10ms, 10100us] } } } }
journeys: { j: [web.GET /] }
scenarios: { s: { executor: constant-arrival-rate, exec: j, rate: 30, duration: 40s, preAllocatedVUs: unlimited } }
`);
    const trip = await roundTrip(scenario);
    assert.deepEqual(shortcomings(scenario, trip), []);
    assert.match(trip.text, /latency: 144\.6ms/);
    assert.match(trip.text, /p50: 123\.4567ms/);
    assert.match(trip.text, /latency: \{ p50: \d(\.\d\d?)?ms, p99: \d\d(\.\d)?ms \}/);
  },
});

Deno.test({
  name: "choices and loops that fail often are as frequent as they were, though few of their requests were well",
  ignore,
  async fn() {
    const scenario = scenarioOf(`
name: survivors
services:
  web:
    endpoints:
      GET /a: { latency: 2ms, calls: [{ choose: [{ weight: 1, call: b.Bad }, { weight: 1, call: b.Good }] }] }
      GET /c: { latency: 2ms, calls: [{ repeat: { uniform: [1, 4] }, steps: [b.Worse] }] }
      GET /d: { latency: 2ms, calls: [{ repeat: 3, steps: [b.Never] }] }
  b:
    endpoints:
      Bad: { latency: 3ms, errors: 50% }
      Good: 4ms
      Worse: { latency: 3ms, errors: 20% }
      Never: { latency: 1ms, errors: 100% }
journeys: { a: [web.GET /a], c: [web.GET /c], d: [web.GET /d] }
scenarios:
  a: { executor: constant-arrival-rate, exec: a, rate: 40, duration: 40s, preAllocatedVUs: unlimited }
  c: { executor: constant-arrival-rate, exec: c, rate: 40, duration: 40s, preAllocatedVUs: unlimited }
  d: { executor: constant-arrival-rate, exec: d, rate: 10, duration: 40s, preAllocatedVUs: unlimited }
`);
    const trip = await roundTrip(scenario);
    assert.deepEqual(shortcomings(scenario, trip), []);
    const weights = [...trip.text.matchAll(/- weight: ([\d.]+)/g)].map(([, each]) => Number(each));
    assert.equal(weights.length, 2);
    for (const each of weights) assert.ok(Math.abs(each - 50) < 4, String(weights));
  },
});

Deno.test("two failures close to each other are chance where one in a hundred fails, and many are not", () => {
  const second = 1e9, span = { from: 0, to: 1000 * second };
  const times = Float64Array.from({ length: 2000 }, (_, i) => i * second / 2);
  const failed = Float64Array.from(times, (_, i) => i % 100 === 0 || i === 1001 ? 1 : 0);
  assert.deepEqual(findErrorWindows(times, failed, span), []);
  failed.fill(1, 1400, 1420);
  const windows = findErrorWindows(times, failed, span);
  assert.deepEqual(windows.map(({ from, to }) => [from / second, to / second]), [[700, 710]]);
});

Deno.test("windows of one endpoint do not lie in each other", () => {
  const second = 1e9, span = { from: 0, to: 200 * second };
  const times = Float64Array.from({ length: 4000 }, (_, i) => i * second / 20);
  // Slow for a while, and in front of that and behind it fast.
  const durations = Float64Array.from(times, (time, i) => {
    const s = time / second;
    return (s >= 95 && s < 105 ? 1e9 : s >= 80 && s < 120 ? 1e6 : 10e6) * (1 + i % 7 / 10);
  });
  const windows = findTimeWindows(times, durations, span);
  assert.equal(windows.length, 3);
  for (const [i, { from }] of windows.entries()) assert.ok(i === 0 || from >= windows[i - 1]!.to);
});

Deno.test({
  name: "the same recording gives the same scenario, byte for byte",
  ignore,
  async fn() {
    const scenario = scenarioOf(randomScenario(3, { rate: 10, length_s: 20 }));
    assert.equal(await importOf(scenario), await importOf(scenario));
  },
});

Deno.test({
  name: "calls one after the other, side by side, one or the other",
  ignore,
  async fn() {
    const inRow = await stepsOf(requests(40, () => [["a", 10, 20], ["b", 20, 30], ["c", 31, 40]]));
    assert.deepEqual(targets(inRow.steps.filter(({ type }) => type === "call")), ["a", "b", "c"]);
    const beside = await stepsOf(requests(40, (n) => [["a", 10, 20 + n % 9], ["b", 10, 30], ["c", 31, 40]], 41));
    assert.deepEqual(targets(beside.steps.filter(({ type }) => type !== "work")), [[["a"], ["b"]], "c"]);
    const branch = await stepsOf(requests(60, (n) => [["a", 10, 20], ["b", 20, 40], ["c", 10, 12 + n % 20]], 41));
    assert.deepEqual(targets(branch.steps.filter(({ type }) => type !== "work")), [[["a", "b"], ["c"]]]);
    const either = await stepsOf(requests(60, (n) => [[n % 3 === 0 ? "a" : "b", 10, 20]]));
    const choose = either.steps.find(({ type }) => type === "choose");
    assert.ok(choose?.type === "choose");
    assert.deepEqual(choose.options.map(({ weight }) => Math.round(weight)).sort(), [33, 67]);
  },
});

Deno.test({
  name: "a call that is left out, a loop, and attempts of one call are told apart",
  ignore,
  async fn() {
    const some = await stepsOf(requests(100, (n) => n % 4 === 0 ? [["a", 10, 20]] : []));
    const call = some.steps.find(({ type }) => type === "call") as CallStep;
    assert.equal(call.probability, 0.25);
    const loop = await stepsOf(
      requests(40, (n) => [["a", 1, 5], ["a", 5, 9], ...(n % 2 === 0 ? [["a", 9, 13] as const] : [])]),
    );
    const repeat = loop.steps.find(({ type }) => type === "repeat");
    assert.ok(repeat?.type === "repeat");
    assert.equal(repeat.times.mean, 2.5);
    // The first of every fourth fails, and another follows 10 ms later.
    const retried = await stepsOf(
      requests(60, (n) => n % 4 === 0 ? [["a", 10, 20, true], ["a", 30, 40]] : [["a", 10, 20]]),
    );
    const [retry] = retried.steps.filter((step): step is CallStep => step.type === "call");
    assert.deepEqual([retry!.retry!.attempts, retry!.retry!.backoff!.base, retry!.optional], [2, 10e6, false]);
    const tolerated = await stepsOf(requests(60, (n) => [["a", 10, 20, n % 4 === 0]]));
    const optional = tolerated.steps.find(({ type }) => type === "call") as CallStep;
    assert.deepEqual([optional.optional, optional.retry], [true, undefined]);
  },
});

Deno.test({
  name: "what goes on after the answer is not waited for, and arrives by itself",
  ignore,
  async fn() {
    const { steps, scenario } = await stepsOf(requests(60, () => [["a", 10, 20], ["later", 90, 250]]));
    assert.deepEqual(targets(steps.filter(({ type }) => type !== "work")), ["a"]);
    assert.ok([...scenario.workloads.keys()].some((name) => name.startsWith("later")));
  },
});

Deno.test({
  name: "paths without routes are templated, hosts become services, databases are known by their system",
  ignore,
  async fn() {
    const spans: MadeSpan[] = [];
    for (let n = 0; n < 50; n++) {
      const common = { trace: n, from: n * 100, to: n * 100 + 50 };
      spans.push({
        ...common,
        id: n * 10,
        service: "shop.web",
        name: `GET /orders/${10_000 + n}`,
        kind: 2,
        attributes: { "http.method": "GET", "http.target": `/orders/${10_000 + n}?page=${n}`, "http.status_code": 200 },
      });
      const call = { ...common, parent: n * 10, service: "shop.web", kind: 3, to: n * 100 + 20 };
      spans.push({
        ...call,
        id: n * 10 + 1,
        name: "HTTP POST",
        attributes: {
          "http.request.method": "POST",
          "url.full": `https://u:p@api.stripe.com/v1/charges/ch_${n}123456`,
        },
      });
      spans.push({
        ...call,
        id: n * 10 + 2,
        name: `SELECT * FROM orders WHERE id = ${n}`,
        from: n * 100 + 20,
        to: n * 100 + 30,
        attributes: {
          "db.system": "postgresql",
          "db.operation": "SELECT",
          "db.sql.table": "orders",
          "net.peer.name": "pg",
        },
      });
    }
    const { text } = await importText(recording(spans));
    const { services } = scenarioOf(text!);
    assert.deepEqual([...services.keys()].sort(), ["pg", "shop-web", "stripe"]);
    assert.deepEqual([...services.get("shop-web")!.endpoints.keys()], ["GET /orders/{id}"]);
    assert.deepEqual([...services.get("stripe")!.endpoints.keys()], ["POST /v1/charges/{id}"]);
    assert.deepEqual([...services.get("pg")!.endpoints.keys()], ["SELECT orders"]);
    assert.deepEqual([services.get("pg")!.kind, services.get("pg")!.system], ["database", "postgresql"]);
    assert.equal(services.get("stripe")!.kind, "external");
    assert.doesNotMatch(text!, /u:p/);
  },
});

Deno.test({
  name: "names that look like HTTP and are none, and values that stand before their keys, are no problem",
  ignore,
  async fn() {
    const names = ["/status", "PROPFIND /dav", "get", "POST cart"];
    const spans = names.map((name, n): MadeSpan => ({
      trace: n,
      id: n,
      service: "web",
      name,
      kind: 2,
      from: n * 10,
      to: n * 10 + 5,
    }));
    const method: MadeSpan = {
      ...spans[0]!,
      trace: 9,
      attributes: { "http.request.method": "GET", "http.route": "/x" },
    };
    const contents = recording([...spans, method]).replace(
      /"key":("http[^"]*"),"value":(\{[^}]*\})/g,
      '"value":$2,"key":$1',
    );
    const { services } = scenarioOf((await importText(contents)).text!);
    assert.deepEqual([...services.get("web")!.endpoints.keys()], [
      "span /status",
      "span PROPFIND /dav",
      "get",
      "span POST cart",
      "GET /x",
    ]);
  },
});

Deno.test({
  name: "values of attributes and messages are kept when they are asked for",
  ignore,
  async fn() {
    const spans = Array.from({ length: 60 }, (_, n): MadeSpan => ({
      trace: n,
      id: n,
      service: "web",
      name: "Handle",
      kind: 2,
      from: n * 10,
      to: n * 10 + 5,
      attributes: { "shop.plan": n % 3 === 0 ? "free" : "paid", "shop.order": `ord-${n}` },
    }));
    const asked = await importText(recording(spans), { attributes: true, messages: true });
    const { attributes } = scenarioOf(asked.text!).services.get("web")!.endpoints.get("Handle")!;
    assert.deepEqual([...attributes.keys()], ["shop.plan"]);
    const plain = await importText(recording(spans));
    assert.doesNotMatch(plain.text!, /shop\.plan|paid/);
  },
});

Deno.test({
  name: "broken and hostile recordings give a scenario that is valid, and an account",
  ignore,
  async fn() {
    const strange = [
      "a -> b",
      "${HOME}",
      "__proto__",
      "null",
      "x\u001b[31m",
      "ü 漢",
      "- [",
      "a: b #",
      "'\"",
      " ",
      "x".repeat(900),
    ];
    const spans = strange.flatMap((name, n): MadeSpan[] =>
      Array.from({ length: 40 }, (_, i) => ({
        trace: n * 100 + i,
        id: 1,
        service: name,
        name,
        kind: 2,
        from: i * 100,
        to: i * 100 + n,
        attributes: { "http.route": name, "http.request.method": "GET" },
      }))
    );
    const own = { trace: 9000, id: 5, parent: 5, service: "loop", name: "self", kind: 2, from: 0, to: 10 };
    const circle = [[7, 8], [8, 7]].map(([id, parent]) => ({ ...own, trace: 9001, id: id!, parent: parent! }));
    const orphan = { ...own, trace: 9002, parent: 77 };
    const backwards = { ...own, trace: 9003, parent: undefined, from: 10, to: 0 };
    const deep = Array.from({ length: 10_000 }, (_, n): MadeSpan => ({
      ...own,
      trace: 9004,
      id: n + 1,
      ...(n === 0 ? { parent: undefined } : { parent: n }),
      service: `deep${n % 50}`,
      kind: n % 2 === 0 ? 2 : 3,
    }));
    const { text, account } = await importText(
      recording([...spans, own, ...circle, orphan, orphan, backwards, ...deep]) +
        '{"resourceSpans": 3}\nnot json\n{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00","spanId":"zz"}]}]}]}\n',
    );
    const { services } = scenarioOf(text!);
    assert.ok(services.size > 35);
    const reasons = account.odd.map(({ reason, count }) => `${count} ${reason}`).join("\n");
    assert.match(reasons, /1 spans recorded twice/);
    assert.match(reasons, /whose parent is not in the recording/);
    assert.match(reasons, /their own ancestors/);
    assert.ok(account.skipped.length > 0);
    assert.ok(!text!.includes("\u001b"));
  },
});

Deno.test({
  name: "spans of clocks that were never set are left out and counted, so that no import lasts for years",
  ignore,
  async fn() {
    const year = 365 * 86_400_000;
    const spans = Array.from({ length: 60 }, (_, n): MadeSpan => ({
      trace: n,
      id: n,
      service: "web",
      name: "Handle",
      kind: 2,
      from: n * 100 + (n === 7 ? -40 * year : 0),
      to: n * 100 + (n === 7 ? -40 * year : 5) + (n === 9 ? year : 0),
    }));
    const { text, account } = await importText(recording(spans));
    const [load] = scenarioOf(text!).workloads.values();
    assert.ok(load !== undefined && account.length_s < 10);
    const reasons = account.odd.map(({ reason, count }) => `${count} ${reason}`);
    assert.deepEqual(reasons, [
      "1 spans more than a day apart from the others, left out",
      "1 spans of more than a day, left out",
    ]);
  },
});

Deno.test({
  name: "names that are too many for a file become one of each service, the rarest first",
  ignore,
  async fn() {
    const word = (n: number): string => n.toString(26).replace(/[0-9]/g, (digit) => "qrstuvwxyz"[Number(digit)]!);
    const spans = Array.from({ length: 2200 }, (_, n): MadeSpan => ({
      trace: n,
      id: n,
      service: "web",
      name: n % 2 === 0 ? "often" : `name ${word(n)}`,
      kind: 2,
      from: n,
      to: n + 5,
    }));
    const more = spans.map((span): MadeSpan => ({
      ...span,
      trace: span.trace + 5000,
      name: `other ${word(span.trace)}`,
    }));
    const { text, account } = await importText(recording([...spans, ...more]));
    const names = [...scenarioOf(text!).services.get("web")!.endpoints.keys()];
    assert.ok(names.length <= 901 && names.includes("often") && names.includes("others"), `${names.length}`);
    assert.match(account.odd.map(({ reason }) => reason).join(), /too many different names/);
  },
});

Deno.test({
  name: "a recording without a request is told so",
  ignore,
  async fn() {
    const { text, account } = await importText(
      recording([{ trace: 1, id: 1, service: "a", name: "x", kind: 3, from: 0, to: 1 }]),
    );
    assert.equal(text, undefined);
    assert.match(account.odd[0]!.reason, /no request/);
  },
});
