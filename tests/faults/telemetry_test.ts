// What services and their clients write while faults are there, and what they do not write otherwise.

import assert from "node:assert/strict";
import { LANGUAGES } from "../../sim/model/model.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { load, scenarioTest } from "../scenario/support.ts";
import { type Ran, runInMemory } from "./runs.ts";

/** web calls payment; both as `parts` have it. */
function shop(faults: string, { web = "", payment = "", call = "payment.Charge" } = {}): Scenario {
  return load(`
name: shop
services:
  web: { ${web} endpoints: { POST /checkout: { latency: 5ms, calls: [${call}] } } }
  payment: { ${payment} endpoints: { Charge: 20ms, GET /health: 1ms } }
journeys: { visit: [web.POST /checkout] }
scenarios: { load: { executor: constant-arrival-rate, rate: 10, duration: 10s, preAllocatedVUs: unlimited } }
faults: ${faults}
`).scenario;
}

const run = (scenario: Scenario): Ran => runInMemory(scenario, true);
const times = ({ sink }: Ran, service: string): string[] =>
  sink.lines(service).map((line) => JSON.parse(line).time ?? JSON.parse(line).timestamp);

scenarioTest("what a client says of no connection is what the library of its language says, by trouble", () => {
  const said: Record<string, RegExp> = {
    refused: /refused|UNAVAILABLE|connect/i,
    name: /no such host|not known|ENOTFOUND|resolve host|Domain name not found|hostname/i,
    certificate: /certificate|PKIX/i,
    unreachable: /no route|EHOSTUNREACH/i,
  };
  for (const language of LANGUAGES) {
    for (const call of ["payment.Charge", "payment.GET /health"]) {
      for (const [trouble, words] of Object.entries(said)) {
        const scenario = shop(`[{ kind: outage, target: payment, trouble: ${trouble} }]`, {
          web: `language: ${language},`,
          call,
        });
        const { sink } = run(scenario);
        const thrown = sink.lines("web").map((line) => JSON.parse(line)).find((line) => "exception.message" in line);
        assert.match(thrown?.["exception.message"] ?? "", words, `${language} ${call} ${trouble}`);
        const client = sink.spans.find(({ kind, events }) => kind === 2 && events.length > 0);
        assert.match(
          String(client?.events[0]?.attributes?.["exception.message"]),
          words,
          `${language} ${trouble} span`,
        );
        // Nobody at the other end has seen anything.
        assert.deepEqual(sink.lines("payment"), []);
      }
    }
  }
});

scenarioTest("a connection that is cut is reset for the caller, and a request like others for the callee", () => {
  const { sink } = run(shop("[{ kind: reset, target: payment, at: 5s }]", { web: "language: go," }));
  const reset = sink.lines("web").filter((line) => /connection reset by peer/.test(line));
  assert.ok(reset.length >= 50);
  assert.equal(sink.lines("payment").length, 100);
  assert.ok(sink.lines("payment").every((line) => JSON.parse(line).level === "info"));
});

scenarioTest("a connection that is cut after some time leaves quick answers alone", () => {
  const { sink } = run(shop("[{ kind: reset, target: payment, after: 15ms }]"));
  assert.equal(sink.lines("web").filter((line) => /reset/.test(line)).length, 200);
  const quick = run(shop("[{ kind: reset, target: payment, after: 25ms }]"));
  assert.deepEqual(quick.sink.lines("web").filter((line) => /reset/.test(line)), []);
});

scenarioTest("a clock that is wrong shifts the times that its replica writes, and nothing else", () => {
  const faults = "[{ kind: clock-skew, target: payment#2, at: 2s, for: 5s, by: -1500ms }]";
  const parts = { payment: "replicas: 2," };
  const plain = run(shop("[]", parts)), skewed = run(shop(faults, parts));
  assert.deepEqual(skewed.sink.lines("web"), plain.sink.lines("web"));
  const before = times(plain, "payment"), after = times(skewed, "payment");
  const moved = before.map((time, i) => Date.parse(after[i]!) - Date.parse(time));
  assert.deepEqual([...new Set(moved)].sort(), [-1500, 0]);
  assert.equal(plain.sink.spans.length, skewed.sink.spans.length);
  let shifted = 0;
  plain.sink.spans.forEach((span, i) => {
    const other = skewed.sink.spans[i]!;
    assert.deepEqual(other.spanContext(), span.spanContext());
    assert.deepEqual(other.attributes, span.attributes);
    const ms = ([seconds, nanos]: readonly [number, number] | [number, number]): number => seconds * 1000 + nanos / 1e6;
    const by = ms(other.endTime) - ms(span.endTime);
    if (Math.abs(by) > 1e-3) {
      shifted++;
      assert.ok(Math.abs(by + 1500) < 1e-3);
      assert.equal(span.resource.attributes["service.name"], "payment");
    }
  });
  assert.ok(shifted > 10 && shifted < 50, `${shifted} spans`);
});

scenarioTest("telemetry that gets lost is counted apart, and what does arrive is as it was", () => {
  const plain = run(shop("[]")), lossy = run(shop("[{ kind: telemetry-loss, target: payment, rate: 40% }]"));
  const ids = ({ sink }: Ran): string[] => sink.spans.map((span) => span.spanContext().spanId);
  const arrived = new Set(ids(lossy));
  assert.ok(ids(lossy).every((id) => ids(plain).includes(id)));
  const { lost, generated, pending, rejected } = lossy.sink.spanDelivery;
  assert.equal(lost, plain.sink.spans.length - arrived.size);
  assert.deepEqual([generated, pending, rejected], [arrived.size, 0, 0]);
  assert.ok(lost! > 20 && lost! < 60, `${lost} spans lost`);
  assert.equal(lossy.sink.logDelivery.lost, plain.sink.lines("payment").length - lossy.sink.lines("payment").length);
  assert.deepEqual(lossy.sink.lines("web"), plain.sink.lines("web"));
  assert.equal(plain.sink.spanDelivery.lost, undefined);
  // One of them only.
  const spans = run(shop("[{ kind: telemetry-loss, target: payment, signal: spans }]"));
  assert.deepEqual(spans.sink.lines("payment"), plain.sink.lines("payment"));
  assert.equal(spans.sink.spanDelivery.lost, 100);
});

scenarioTest(
  "a deployment changes pods and versions of what the new replicas write, and its end changes them back",
  () => {
    const parts = { payment: "replicas: 2, version: 1.0.0, startTime: 100ms," };
    const fault = "{ kind: deploy, target: payment, at: 2s, for: 4s, version: 1.1.0, step: 1s, errors: 100% }";
    const { sink } = run(shop(`[${fault}]`, parts));
    const servers = sink.spans.filter((span) =>
      span.kind === 1 && span.resource.attributes["service.name"] === "payment"
    );
    const epoch = 1_700_000_000;
    const versions = (from: number, to: number): string[] =>
      [
        ...new Set(
          servers.filter(({ startTime: [seconds] }) => seconds >= epoch + from && seconds < epoch + to)
            .map(({ resource }) => String(resource.attributes["service.version"])),
        ),
      ].sort();
    assert.deepEqual(versions(0, 2), ["1.0.0"]);
    assert.deepEqual(versions(2, 3), ["1.0.0", "1.1.0"]);
    assert.deepEqual(versions(4, 6), ["1.1.0"]);
    assert.deepEqual(versions(8, 10), ["1.0.0"]);
    for (const { resource, status } of servers) {
      assert.equal(status.code === 2, resource.attributes["service.version"] === "1.1.0");
    }
    const pods = new Set(servers.map(({ resource }) => resource.attributes["k8s.pod.name"]));
    assert.equal(pods.size, 6);
    assert.equal(sink.lines("payment").filter((line) => /starting payment 1\.1\.0/.test(line)).length, 2);
    assert.equal(sink.lines("payment").filter((line) => /starting payment 1\.0\.0/.test(line)).length, 2);
    const named = new Set(sink.lines("payment").map((line) => JSON.parse(line).instance));
    assert.deepEqual([...named].sort(), [...pods].map(String).sort());
  },
);

scenarioTest("a full disk and a lock that is waited for too long fail in the words of the product", () => {
  const words = (system: string, fault: string): string => {
    const { sink } = runInMemory(
      load(`
name: shop
services:
  web: { endpoints: { POST /order: { calls: [db.INSERT orders] } } }
  db: { kind: database, system: ${system}, endpoints: { INSERT orders: 200ms } }
journeys: { visit: [web.POST /order] }
scenarios: { load: { executor: constant-arrival-rate, rate: 10, duration: 5s, preAllocatedVUs: unlimited } }
faults: [${fault}]
`).scenario,
      true,
    );
    return sink.log("db") + sink.log("web");
  };
  assert.match(words("postgresql", "{ kind: disk-full, target: db }"), /No space left on device/);
  const lock = "{ kind: lock-contention, target: db, timeout: 500ms }";
  assert.match(words("postgresql", lock), /canceling statement due to lock timeout/);
  assert.match(words("mysql", lock), /Lock wait timeout exceeded/);
});

scenarioTest("a collection that a fault brings about is told in the runtime's words; a stop is not", () => {
  const pause = (why: string): string =>
    run(shop(`[{ kind: pause, target: payment, at: 2s, for: 800ms, why: ${why} }]`, { payment: "language: java," }))
      .sink.log("payment");
  assert.match(pause("collection"), /Pause Full.*800/);
  assert.doesNotMatch(pause("stop"), /Pause/);
});

scenarioTest(
  "a database tells of statements that waited a second and more for a fault's lock, under their callers' spans",
  () => {
    const { sink } = run(
      load(`
name: shop
services:
  web: { endpoints: { POST /order: { latency: 2ms, calls: [db.UPDATE stock] } } }
  db: { kind: database, system: postgresql, endpoints: { UPDATE stock: 10ms } }
journeys: { buy: [web.POST /order] }
scenarios: { load: { executor: constant-arrival-rate, rate: 20, duration: 10s, preAllocatedVUs: unlimited } }
faults: [{ name: hot row, kind: lock-contention, target: db, at: 2s, for: 6s, hold: 60ms, timeout: 1500ms }]
`).scenario,
    );
    const lines = sink.lines("db").map((line) => JSON.parse(line));
    const waits = lines.filter(({ lock_wait_ms }) => lock_wait_ms !== undefined);
    assert.ok(waits.length > 5);
    const clients = new Set(sink.spans.filter(({ kind }) => kind === 2).map((span) => span.spanContext().spanId));
    for (const { message, lock_wait_ms, span_id } of waits) {
      assert.match(message, /^process \d+ acquired ShareLock .* while updating tuple in relation "stock"$/);
      assert.ok(lock_wait_ms >= 1000 && clients.has(span_id));
    }
    const [failed] = lines.filter(({ level }) => level === "error");
    assert.match(failed.message, /canceling statement due to lock timeout \[55P03\]/);
  },
);
