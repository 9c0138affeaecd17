// Delivery over real HTTP on the loopback interface: whatever the collector does, the account is exact.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { type OtlpTuning } from "../../sim/sinks/otlp_delivery.ts";
import { type Answer, failing, inTurn, OK, partial, Receiver } from "../receiver.ts";
import { needs } from "../permissions.ts";
import { assertAccount, deliver, makeSink, makeSpan, requests, spanId } from "./otlp_support.ts";

const ignore = needs("net");

function test(name: string, run: (receiver: Receiver) => Promise<void>): void {
  Deno.test({
    name,
    ignore,
    fn: async () => {
      await using receiver = new Receiver();
      await run(receiver);
    },
  });
}

function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => spanId(from + i));
}

test("100,000 spans arrive, each once, and all are delivered", async (receiver) => {
  const bench = makeSink({ url: receiver.url, tuning: { batchItemsMax: 1024 } });
  await deliver(bench, 100_000, 4096);
  assertAccount(bench, receiver, { generated: 100_000, delivered: 100_000 });
  assert.deepEqual([...receiver.spans.keys()].sort(), ids(0, 100_000));
  assert.equal(receiver.duplicates, 0);
  assert.deepEqual(bench.notices, []);
});

test("a span arrives as it was built", async (receiver) => {
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 12);
  const span = receiver.spans.get(spanId(11))!;
  const built = makeSpan(11);
  assert.equal(span.name, built.name);
  assert.equal(span.parentSpanId, spanId(10));
  assert.equal(span.kind, 2);
  assert.equal(span.endTimeUnixNano - span.startTimeUnixNano, 1_000_000_333n);
  assert.deepEqual(span.attributes, built.attributes);
  assert.deepEqual(span.resource, built.resource.attributes);
  assert.deepEqual(span.scope, { name: "squall", version: "0.1.0" });
});

test("rows without a span are not counted", async (receiver) => {
  const bench = makeSink({ url: receiver.url });
  const batch = requests(0, 10);
  batch.kind.fill(2, 3, 5);
  await bench.sink.take(batch);
  await bench.sink.close();
  assertAccount(bench, receiver, { generated: 8, delivered: 8 });
});

test("a partial success counts exactly what was rejected, and its message is told once", async (receiver) => {
  receiver.respond = inTurn(partial(7, "attribute too long"), OK, partial(100, "attribute too long"), partial(0));
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 1000);
  assertAccount(bench, receiver, { delivered: 893, rejected: 107, pending: 0 });
  assert.equal(bench.notices.length, 1);
  assert.match(bench.notices[0]!, /rejects some spans: attribute too long$/);
});

test("a partial success that rejects nothing is a warning", async (receiver) => {
  receiver.respond = inTurn(partial(0, "clock skew"));
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 100);
  assertAccount(bench, receiver, { delivered: 100 });
  assert.match(bench.notices.join("\n"), /takes spans with a warning: clock skew$/);
});

test("a partial success that claims more than was sent rejects what was sent", async (receiver) => {
  receiver.respond = inTurn(partial(1_000_000));
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 100);
  assertAccount(bench, receiver, { delivered: 0, rejected: 100 });
});

test("a number of rejected spans that is a JSON number counts too", async (receiver) => {
  receiver.respond = inTurn({
    kind: "answer",
    status: 200,
    body: '{"partialSuccess":{"rejectedSpans":3}}',
    rejects: 3,
  });
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 100);
  assertAccount(bench, receiver, { delivered: 97, rejected: 3 });
});

for (const [name, retryAfter] of [["seconds", () => "1"], ["a date", () => httpDate(2_000)]] as const) {
  test(`429 with Retry-After as ${name} is waited for, though it is longer than the time-out`, async (receiver) => {
    const arrivals: number[] = [];
    const answers = [failing(429, retryAfter())];
    receiver.respond = () => {
      arrivals.push(performance.now());
      return answers.shift() ?? OK;
    };
    const bench = makeSink({ url: receiver.url, options: { timeoutMs: 500 } });
    await deliver(bench, 100);
    assertAccount(bench, receiver, { delivered: 100 });
    assert.equal(arrivals.length, 2);
    // A date has whole seconds, so at least one of two is left.
    assert.ok(arrivals[1]! - arrivals[0]! >= 950, `came back after ${arrivals[1]! - arrivals[0]!} ms`);
    assert.match(bench.notices.join("\n"), /asks for a pause of [12] s \(429\)$/);
  });
}

test("a Retry-After that is longer than our patience makes the spans pending at once", async (receiver) => {
  receiver.respond = () => failing(429, "3600");
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 1000);
  assertAccount(bench, receiver, { delivered: 0, rejected: 0, pending: 1000 });
  assert.ok(receiver.requests.length <= 6, "it was asked again within the hour");
});

test("Retry-After 0 is a retry like any other", async (receiver) => {
  receiver.respond = inTurn(failing(503, "0"), failing(503, "Thu, 01 Jan 2015 00:00:00 GMT"));
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 100);
  assertAccount(bench, receiver, { delivered: 100 });
  assert.equal(receiver.requests.length, 3);
});

for (const status of [429, 502, 503, 504]) {
  test(`${status} is retried, and the spans arrive once`, async (receiver) => {
    receiver.respond = inTurn(failing(status), failing(status));
    const bench = makeSink({ url: receiver.url });
    await deliver(bench, 100);
    assertAccount(bench, receiver, { delivered: 100 });
    assert.equal(receiver.requests.length, 3);
    assert.deepEqual(bench.notices, []);
  });
}

for (const status of [301, 400, 401, 403, 404, 408, 500, 501]) {
  test(`${status} is final: rejected, not sent again`, async (receiver) => {
    receiver.respond = inTurn(failing(status, undefined, "no such\u001b[31m luck"));
    const bench = makeSink({ url: receiver.url });
    await deliver(bench, 1000);
    assertAccount(bench, receiver, { delivered: 900, rejected: 100 });
    assert.equal(receiver.requests.length, 10);
    assert.match(
      bench.notices.join("\n"),
      new RegExp(`refuses spans for good: it answered ${status}: no such\\\\u001b`),
    );
  });
}

test("what Loki says with a refusal, in protobuf though it was asked in JSON, is told", async (receiver) => {
  receiver.respond = inTurn({
    kind: "answer",
    status: 400,
    headers: { "content-type": "application/octet-stream" },
    // code 3, then the message.
    body: "\b\u0003\u0012\u0013timestamp too new: ",
  });
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 10);
  assertAccount(bench, receiver, { delivered: 0, rejected: 10 });
  assert.match(bench.notices.join("\n"), /for good: it answered 400: timestamp too new:/);
});

test("503 for ever makes the spans pending after five attempts", async (receiver) => {
  receiver.respond = () => failing(503);
  const bench = makeSink({ url: receiver.url, tuning: { probeEveryMs: 60_000, exportsInFlightMax: 1 } });
  await deliver(bench, 1000);
  assertAccount(bench, receiver, { delivered: 0, pending: 1000 });
  assert.equal(receiver.requests.length, 5);
  assert.equal(bench.notices.length, 1);
  assert.match(bench.notices[0]!, /takes no more spans \(answered 503: status 503\).*trace file.*every 60 s$/);
});

test("413 is split until it fits", async (receiver) => {
  receiver.respond = ({ jsonBytes }) => jsonBytes > 10_000 ? failing(413) : OK;
  const bench = makeSink({ url: receiver.url, tuning: { exportsInFlightMax: 1 } });
  await deliver(bench, 2000);
  assertAccount(bench, receiver, { delivered: 2000 });
  assert.equal(receiver.duplicates, 0);
  const refused = receiver.requests.filter(({ jsonBytes }) => jsonBytes > 10_000).length;
  assert.ok(refused * 10 <= receiver.requests.length, `${refused} of ${receiver.requests.length} were too large`);
});

test("413 is split down to one span, and what is too large alone is rejected", async (receiver) => {
  receiver.respond = ({ spans }) => spans.some(({ attributes }) => "padding" in attributes) ? failing(413) : OK;
  const make = (number: number) => makeSpan(number, number === 42 ? 10 : 0);
  const bench = makeSink({ url: receiver.url, make });
  await deliver(bench, 100);
  assertAccount(bench, receiver, { delivered: 99, rejected: 1, pending: 0 });
  assert.ok(!receiver.spans.has(spanId(42)));
  assert.match(bench.notices.join("\n"), /too large \(413\)$/);
});

test("no body is ever larger than the limit, and a span that is larger alone is pending", async (receiver) => {
  const bodyBytesMax = 20_000;
  const make = (number: number) => makeSpan(number, number === 500 ? bodyBytesMax : (number * 7919) % 3000);
  const bench = makeSink({ url: receiver.url, tuning: { bodyBytesMax, batchItemsMax: 50 }, make });
  await deliver(bench, 1000);
  assertAccount(bench, receiver, { delivered: 999, pending: 1 });
  assert.deepEqual(bench.store.ids, [spanId(500)]);
  const largest = Math.max(...receiver.requests.map(({ jsonBytes }) => jsonBytes));
  assert.ok(largest <= bodyBytesMax && largest > bodyBytesMax / 4, `${largest} bytes`);
});

test("a receiver that is killed half-way leaves exactly the rest pending, by span id", async (receiver) => {
  receiver.respond = ({ spans }) => receiver.spans.size + spans.length > 5000 ? { kind: "die" } : OK;
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 20_000);
  const { delivered } = bench.sink.delivery;
  assert.ok(delivered > 4000 && delivered <= 5000, `${delivered}`);
  assertAccount(bench, receiver, { pending: 20_000 - delivered, rejected: 0 });
  const missing = ids(0, 20_000).filter((id) => !receiver.spans.has(id));
  assert.deepEqual(bench.store.ids.toSorted(), missing);
  assert.equal(bench.notices.length, 1);
  assert.match(bench.notices[0]!, /takes no more spans \(connection (refused|closed)\)/);
});

test("a receiver that dies in the middle of a body has nothing of it", async (receiver) => {
  receiver.interrupt = ({ number }) => number === 7 ? "die" : undefined;
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 5_000);
  assertAccount(bench, receiver, {});
  assert.ok(bench.sink.delivery.delivered <= 1_300 && bench.sink.delivery.pending > 0);
  const missing = ids(0, 5_000).filter((id) => !receiver.spans.has(id));
  const pendingToo = bench.store.ids.filter((id) => receiver.spans.has(id));
  // Answers that were under way when it died are lost: those spans may be at both places, no span at none.
  assert.deepEqual(bench.store.ids.toSorted(), [...missing, ...pendingToo].sort());
});

test("connections that are closed in the middle of a body or of an answer are tried again", async (receiver) => {
  receiver.interrupt = ({ number }) => number % 3 === 0 && number < 10 ? "close" : undefined;
  receiver.respond = inTurn({ kind: "close", midAnswer: false }, { kind: "close", midAnswer: true });
  const bench = makeSink({ url: receiver.url, tuning: { exportsInFlightMax: 2 } });
  await deliver(bench, 2000);
  assertAccount(bench, receiver, { delivered: 2000 });
  assert.deepEqual([...receiver.spans.keys()].sort(), ids(0, 2000));
  assert.equal(receiver.duplicates, 200);
});

for (const midAnswer of [false, true]) {
  test(`spans whose answer is lost ${midAnswer ? "half-way" : "altogether"} are pending, though they arrived`, async (receiver) => {
    receiver.respond = () => ({ kind: "close", midAnswer });
    const bench = makeSink({ url: receiver.url, tuning: { probeEveryMs: 60_000 } });
    await deliver(bench, 100);
    assertAccount(bench, receiver, { delivered: 0, pending: 100 });
    assert.equal(receiver.spans.size, 100);
  });
}

for (const [name, body] of [["a web page", "<html>hello</html>"], ["broken JSON", '{"partialSuccess":']] as const) {
  test(`a success with ${name} for an answer acknowledges nothing`, async (receiver) => {
    receiver.respond = () => ({ kind: "answer", status: 200, body });
    const bench = makeSink({ url: receiver.url });
    await deliver(bench, 300);
    assertAccount(bench, undefined, { delivered: 0, pending: 300 });
    assert.match(bench.notices.join("\n"), /its answer is not OTLP JSON/);
  });
}

test("a success without a body acknowledges everything", async (receiver) => {
  receiver.respond = () => ({ kind: "answer", status: 202, body: "" });
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 300);
  assertAccount(bench, receiver, { delivered: 300 });
});

test("a connection that is refused from the start makes everything pending", async (receiver) => {
  await receiver.close();
  const bench = makeSink({ url: receiver.url });
  await deliver(bench, 3000);
  assertAccount(bench, receiver, { delivered: 0, pending: 3000 });
  assert.deepEqual(bench.store.ids.toSorted(), ids(0, 3000));
  assert.match(bench.notices.join("\n"), /\(connection refused\)/);
});

test("a collector that never answers is given up after the time-out", async (receiver) => {
  receiver.respond = () => ({ kind: "hang" });
  const bench = makeSink({ url: receiver.url, options: { timeoutMs: 50 }, tuning: { probeTimeoutMs: 50 } });
  await deliver(bench, 1000);
  assertAccount(bench, receiver, { delivered: 0, pending: 1000 });
  assert.match(bench.notices.join("\n"), /\(no answer within 50 ms\)/);
});

test("closing waits for answers only so long", async (receiver) => {
  receiver.respond = () => ({ kind: "hang" });
  const bench = makeSink({ url: receiver.url, tuning: { closeMsMax: 50 } });
  await deliver(bench, 450);
  assertAccount(bench, receiver, { delivered: 0, pending: 450 });
});

test("closing does not wait for a pause that the collector asked for beyond its bound", async (receiver) => {
  receiver.respond = () => failing(503, "30");
  const bench = makeSink({ url: receiver.url, tuning: { closeMsMax: 50 } });
  await deliver(bench, 100);
  assertAccount(bench, receiver, { delivered: 0, pending: 100 });
  assert.equal(receiver.requests.length, 1);
});

test("a collector that comes back gets the later spans", async (receiver) => {
  const bench = makeSink({ url: receiver.url });
  await bench.sink.take(requests(0, 1000));
  await receiver.received(9);
  receiver.die();
  let next = 1000;
  while (bench.notices.length < 1) {
    await bench.sink.take(requests(next, 100));
    next += 100;
    await macrotask();
  }
  const lost = next;
  await bench.sink.take(requests(next, 100));
  next += 100;
  receiver.comeBack();
  while (bench.notices.length < 2) await macrotask();
  await bench.sink.take(requests(next, 500));
  await bench.sink.close();
  assertAccount(bench, receiver, { generated: next + 500, rejected: 0 });
  assert.match(
    bench.notices[1]!,
    /takes spans again; the \d+ that it did not acknowledge stay in the run's trace file/,
  );
  assert.ok(ids(next, next + 500).every((id) => receiver.spans.has(id)));
  assert.ok(bench.store.ids.includes(spanId(lost - 1)));
});

test("at full pace the run goes on and the collector is asked again, though the engine never waits", async (receiver) => {
  receiver.die();
  const bench = makeSink({ url: receiver.url, tuning: { probeEveryMs: 1 } });
  let first = 0;
  for (; bench.notices.length < 2; first += 500) {
    await bench.sink.take(requests(first, 500));
    if (bench.notices.length === 1) receiver.comeBack();
  }
  await deliver(bench, 0);
  assertAccount(bench, receiver, { generated: first });
});

test("a slow collector holds the engine, so that no more is built than what is in flight and one batch", async (receiver) => {
  const gate = Promise.withResolvers<Answer>();
  receiver.respond = () => gate.promise;
  const bench = makeSink({ url: receiver.url, tuning: { batchItemsMax: 100, exportsInFlightMax: 4 } });
  const taken = bench.sink.take(requests(0, 10_000));
  assert.ok(taken instanceof Promise);
  let held = true;
  const done = taken.then(() => held = false);
  await receiver.received(4);
  for (let turn = 0; turn < 20; turn++) await macrotask();
  assert.ok(held);
  assert.equal(bench.spans.built, 500);
  assert.equal(receiver.requests.length, 4);
  gate.resolve(OK);
  await done;
  await bench.sink.close();
  assertAccount(bench, receiver, { delivered: 10_000 });
});

test("an answer is not late when it was this process that was busy", async (receiver) => {
  const bench = makeSink({ url: receiver.url, options: { timeoutMs: 400 } });
  await bench.sink.take(requests(0, 101));
  for (const start = performance.now(); performance.now() - start < 800;);
  await bench.sink.close();
  assertAccount(bench, receiver, { delivered: 101 });
  assert.equal(receiver.requests.length, 2);
});

test("flush sends what is buffered", async (receiver) => {
  const bench = makeSink({ url: receiver.url });
  await bench.sink.take(requests(0, 7));
  await bench.sink.flush();
  await receiver.received(1);
  assert.equal(receiver.spans.size, 7);
  await bench.sink.close();
  assertAccount(bench, receiver, { delivered: 7 });
});

test("gzip bodies arrive, smaller", async (receiver) => {
  const bench = makeSink({ url: receiver.url, options: { compression: "gzip" } });
  await deliver(bench, 1000);
  assertAccount(bench, receiver, { delivered: 1000 });
  const [request] = receiver.requests;
  assert.equal(request!.headers.get("content-encoding"), "gzip");
  assert.ok(request!.bodyBytes < request!.jsonBytes / 4);
  assert.ok(request!.bodyBytes >= gzipSync(new Uint8Array(1)).length);
});

test("headers are sent, and none of their values reaches a notice", async (receiver) => {
  receiver.respond = inTurn(
    failing(400, undefined, "bad key s3cr3t-token in Bearer s3cr3t-token"),
    partial(1, "tenant-5150 is over its limit"),
  );
  const headers = new Map([["authorization", "Bearer s3cr3t-token"], ["x-scope-orgid", "tenant-5150"]]);
  const bench = makeSink({ url: `${receiver.url}?api_key=topsecret`, options: { headers } });
  await deliver(bench, 300);
  receiver.die();
  assertAccount(bench, receiver, { delivered: 199, rejected: 101 });
  for (const request of receiver.requests) {
    assert.equal(request.headers.get("authorization"), "Bearer s3cr3t-token");
    assert.equal(request.headers.get("x-scope-orgid"), "tenant-5150");
    assert.equal(request.headers.get("content-type"), "application/json");
    assert.equal(request.headers.get("user-agent"), "squall");
    assert.equal(request.path, "/v1/traces?api_key=topsecret");
  }
  assert.equal(bench.notices.length, 2);
  assert.doesNotMatch(bench.notices.join("\n"), /s3cr3t|5150|topsecret/);
  assert.match(bench.notices.join("\n"), /bad key \[hidden\]/);
});

test("many exports use few connections, and none is left open", async (receiver) => {
  let most = 0;
  receiver.respond = () => {
    most = Math.max(most, receiver.connections);
    return OK;
  };
  const tuning: Partial<OtlpTuning> = { batchItemsMax: 5, exportsInFlightMax: 4 };
  const bench = makeSink({ url: receiver.url, tuning });
  await deliver(bench, 5000);
  assertAccount(bench, receiver, { delivered: 5000 });
  assert.equal(receiver.requests.length, 1000);
  assert.ok(most <= 4, `${most} connections`);
  while (receiver.connections > 0) await macrotask();
});

test("a store that fails is the run's to hear, and the account stays exact", async (receiver) => {
  receiver.die();
  const bench = makeSink({ url: receiver.url });
  const full = new Error("disk full");
  bench.store.append = () => {
    throw full;
  };
  await assert.rejects(deliver(bench, 1000), full);
  await assert.rejects(bench.sink.close(), full);
  const { generated, delivered, rejected, pending } = bench.sink.delivery;
  assert.equal(generated, delivered + rejected + pending);
});

function httpDate(inMs: number): string {
  return new Date(Date.now() + inMs).toUTCString();
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
