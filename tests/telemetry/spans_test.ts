import assert from "node:assert/strict";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { type Language, LANGUAGES } from "../../sim/model/model.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { CallSite, Plan } from "../../sim/plan/plan.ts";
import { SpanBuilder } from "../../sim/telemetry/spans.ts";
import { everyKind, failing } from "./facts.ts";
import { addRow, IDENTITY, type RowParts, shop, siteOf, TRACE_HEX, withFailures } from "./plan.ts";

const MS = 1e6;

/** The span of a request that came through `site`. */
function server(plan: Plan, site: CallSite, parts: Partial<RowParts> = {}): ReadableSpan {
  const batch = new FactBatch();
  const row = addRow(batch, FactKind.request, {
    time: 5000 * MS,
    start: 4900 * MS,
    service: plan.endpoints[site.callee]!.service,
    endpoint: site.callee,
    site: site.index,
    status: 200,
    attempt: 1,
    vu: 4,
    parent: site.caller < 0 ? [0, 0] : [0xaabbccdd, 0x00000001],
    ...parts,
  });
  const span = new SpanBuilder(plan, IDENTITY).build(batch, row);
  assert.ok(span);
  return span;
}

function client(plan: Plan, site: CallSite, parts: Partial<RowParts> = {}): ReadableSpan {
  const batch = new FactBatch();
  const row = addRow(batch, FactKind.call, {
    time: 5000 * MS,
    start: 4900 * MS,
    endpoint: site.callee,
    site: site.index,
    status: 200,
    attempt: 1,
    span: [5, 6],
    parent: [1, 2],
    ...parts,
  });
  const span = new SpanBuilder(plan, IDENTITY).build(batch, row);
  assert.ok(span);
  return span;
}

const plan = shop();
const checkout = siteOf(plan, "web.POST /checkout", "journey");
const charge = siteOf(plan, "payment.Charge");
const cart = siteOf(plan, "cart.GET /cart/{cartId}");
const insert = siteOf(plan, "orders-db.INSERT orders");

Deno.test("ids are the columns in hexadecimal with their leading zeros, and a root has no parent", () => {
  const span = server(plan, checkout);
  assert.deepEqual(span.spanContext(), { traceId: TRACE_HEX, spanId: "0000000100000002", traceFlags: 1 });
  assert.equal(span.parentSpanContext, undefined);
});

Deno.test("a SERVER span's parent is remote, a CLIENT span's is not", () => {
  const inner = server(plan, charge).parentSpanContext;
  assert.deepEqual(inner, { traceId: TRACE_HEX, spanId: "aabbccdd00000001", traceFlags: 1, isRemote: true });
  assert.equal(client(plan, charge).parentSpanContext?.isRemote, false);
});

Deno.test("times are exact: the run's start plus the fact's nanoseconds", () => {
  const span = server(plan, checkout, { start: 876_543_210, time: 876_543_211 });
  assert.deepEqual(span.startTime, [1795428000, 999_999_999]);
  assert.deepEqual(span.endTime, [1795428001, 0]);
  assert.deepEqual(span.duration, [0, 1]);
});

Deno.test("a user's HTTP request has the attributes of a SERVER span behind an ingress", () => {
  const span = server(plan, checkout);
  assert.equal(span.name, "POST /checkout");
  assert.equal(span.kind, SpanKind.SERVER);
  assert.deepEqual(span.status, { code: SpanStatusCode.UNSET });
  const { "user_agent.original": agent, "client.address": address, ...rest } = span.attributes;
  assert.match(String(agent), /^Mozilla\/5\.0 /);
  assert.match(String(address), /^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/);
  assert.deepEqual(rest, {
    "http.request.method": "POST",
    "http.route": "/checkout",
    "url.path": "/checkout",
    "url.scheme": "https",
    "server.address": "test.example",
    "server.port": 443,
    "network.protocol.version": "1.1",
    "http.response.status_code": 200,
    "order.id": "ord_107220417540",
    items: 7,
    currency: "EUR",
  });
});

Deno.test("all requests of one user come from one address with one browser: where iterations arrive, each is a user", () => {
  const who = (iteration: number, vu = 1): unknown[] => {
    const { attributes } = server(plan, checkout, { iteration, vu });
    return [attributes["client.address"], attributes["user_agent.original"]];
  };
  assert.deepEqual(who(1), who(1, 2), "whichever VU runs it");
  assert.ok(new Set([1, 2, 3, 4, 5].map((iteration) => String(who(iteration)[0]))).size > 1);
});

Deno.test("the two spans of an HTTP call name the same host, port and path, and each other's address", () => {
  const asked = client(plan, cart, { peer: 0 }), answered = server(plan, cart, { peer: 1 });
  assert.equal(asked.name, "GET");
  assert.equal(answered.name, "GET /cart/{cartId}");
  for (const key of ["server.address", "server.port", "http.request.method"]) {
    assert.equal(asked.attributes[key], answered.attributes[key]);
  }
  assert.equal(asked.attributes["url.full"], `http://cart:8080${answered.attributes["url.path"]}`);
  assert.match(String(asked.attributes["network.peer.address"]), /^10\./);
  assert.match(String(answered.attributes["network.peer.address"]), /^10\./);
  assert.equal(answered.attributes["user_agent.original"], "Go-http-client/1.1");
});

Deno.test("a path parameter has the value of the endpoint's attribute of that name", () => {
  const { attributes } = server(plan, cart);
  assert.equal(attributes["url.path"], `/cart/${attributes["app.cart.id"]}`);
});

Deno.test("an attempt after the first says how often the request was sent again", () => {
  assert.equal(client(plan, cart).attributes["http.request.resend_count"], undefined);
  assert.equal(client(plan, cart, { attempt: 3 }).attributes["http.request.resend_count"], 2);
});

Deno.test("a gRPC call bears the full method as name and attribute on both sides", () => {
  for (const span of [client(plan, charge), server(plan, charge)]) {
    assert.equal(span.name, "test.payment.v1.PaymentService/Charge");
    assert.equal(span.attributes["rpc.method"], span.name);
    assert.equal(span.attributes["rpc.system.name"], "grpc");
    assert.equal(span.attributes["rpc.response.status_code"], "OK");
    assert.deepEqual([span.attributes["server.address"], span.attributes["server.port"]], ["payment", 50051]);
  }
});

Deno.test("a 4xx leaves the SERVER span unset and makes the CLIENT span an error", () => {
  const failed = withFailures(plan, [{ status: 404 }]);
  const parts = { outcome: Outcome.error, cause: 0, status: 404 };
  const answered = server(failed, cart, parts), asked = client(failed, cart, parts);
  assert.deepEqual(answered.status, { code: SpanStatusCode.UNSET });
  assert.equal(answered.attributes["error.type"], undefined);
  assert.equal(answered.events.length, 0);
  assert.equal(asked.status.code, SpanStatusCode.ERROR);
  assert.equal(asked.attributes["error.type"], "404");
});

Deno.test("a gRPC code that blames the client leaves the SERVER span unset", () => {
  const parts = { outcome: Outcome.error, status: 404 };
  const answered = server(plan, charge, parts), asked = client(plan, charge, parts);
  assert.equal(answered.attributes["rpc.response.status_code"], "NOT_FOUND");
  assert.equal(answered.status.code, SpanStatusCode.UNSET);
  assert.equal(asked.status.code, SpanStatusCode.ERROR);
  assert.equal(asked.attributes["error.type"], "NOT_FOUND");
});

Deno.test("an own error of 500 or more is an error with an exception event at its end", () => {
  const failed = withFailures(plan, [{ status: 503, exception: "BadDeploy", message: "no such\nflag" }]);
  const span = server(failed, checkout, { outcome: Outcome.error, cause: 0, status: 503 });
  assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message: "no such\nflag" });
  assert.equal(span.attributes["error.type"], "503");
  const [event] = span.events;
  assert.equal(event?.name, "exception");
  assert.deepEqual(event?.time, span.endTime);
  assert.equal(event?.attributes?.["exception.type"], "BadDeploy");
  assert.equal(event?.attributes?.["exception.message"], "no such\nflag");
  assert.match(String(event?.attributes?.["exception.stacktrace"]), /Checkout/);
});

Deno.test("a request that failed of a dependency is an error without an exception of its own", () => {
  const span = server(plan, checkout, { outcome: Outcome.dependency, cause: charge.index, status: 504 });
  assert.deepEqual(span.status, { code: SpanStatusCode.ERROR });
  assert.equal(span.attributes["http.response.status_code"], 504);
  assert.equal(span.attributes["error.type"], "504");
  assert.equal(span.events.length, 0);
});

Deno.test("a call that timed out has no status and an exception in the language's own words", () => {
  const parts = { outcome: Outcome.timeout, status: 0, start: 4750 * MS };
  const words: Partial<Record<Language, RegExp>> = {
    java: /^java\.net\.http\.HttpTimeoutException: request timed out\n\tat /,
    nodejs: /^TimeoutError: The operation was aborted due to timeout\n {4}at /,
    python: /^Traceback \(most recent call last\):\n[^]*httpx\.ReadTimeout: The read operation timed out$/,
    dotnet: /HttpClient\.Timeout of 0\.25 seconds elapsing\.\n {3}at /,
    php: /Operation timed out after 250 milliseconds/,
  };
  for (const language of LANGUAGES) {
    const shopOf = shop(language);
    const span = client(shopOf, siteOf(shopOf, "cart.GET /cart/{cartId}"), parts);
    assert.equal(span.attributes["error.type"], "timeout");
    assert.equal(span.attributes["http.response.status_code"], undefined);
    assert.equal(span.events[0]?.name, "exception");
    assert.match(String(span.events[0]?.attributes?.["exception.stacktrace"]), words[language] ?? /./);
  }
});

Deno.test("a gRPC call that timed out has the code that its client makes up", () => {
  const span = client(plan, charge, { outcome: Outcome.timeout, status: 0 });
  assert.equal(span.attributes["rpc.response.status_code"], "DEADLINE_EXCEEDED");
  assert.equal(span.attributes["error.type"], "DEADLINE_EXCEEDED");
});

Deno.test("a call that was cut off never reached a replica", () => {
  const span = client(plan, cart, { outcome: Outcome.aborted, status: 0 });
  assert.equal(span.attributes["network.peer.address"], undefined);
  assert.equal(span.attributes["error.type"], "*url.Error");
  assert.match(String(span.events[0]?.attributes?.["exception.message"]), /connection refused/);
});

Deno.test("what was interrupted is an error that says so and nothing else", () => {
  for (
    const span of [
      server(plan, checkout, { outcome: Outcome.interrupted, status: 0 }),
      client(plan, cart, { outcome: Outcome.interrupted, status: 0 }),
    ]
  ) {
    assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message: "interrupted" });
    assert.equal(span.attributes["http.response.status_code"], undefined);
    assert.equal(span.events.length, 0);
  }
});

Deno.test("a database call is a CLIENT span with the query; its endpoint's attributes stand there", () => {
  const span = client(plan, insert);
  assert.equal(span.name, "INSERT orders");
  assert.equal(span.kind, SpanKind.CLIENT);
  const { "network.peer.address": _, ...rest } = span.attributes;
  assert.deepEqual(rest, {
    "db.system.name": "postgresql",
    "db.namespace": "orders|public",
    "db.operation.name": "INSERT",
    "db.query.text": "INSERT INTO orders (order_id, status, payload, created_at) VALUES ($1, $2, $3, $4)",
    "server.address": "orders-db",
    "server.port": 5432,
    "db.collection.name": "orders",
    "network.peer.port": 5432,
  });
});

Deno.test("a database's error has the database's own code", () => {
  const refused = client(plan, insert, { outcome: Outcome.refused, status: 503 });
  assert.equal(refused.attributes["db.response.status_code"], "53300");
  assert.equal(refused.status.message, "sorry, too many clients already");
  const deadlock = client(plan, insert, { outcome: Outcome.error, status: 500 });
  assert.equal(deadlock.attributes["error.type"], "40P01");
});

Deno.test("a message to a broker is a PRODUCER span, a call to the outside a CLIENT span over https", () => {
  const sent = client(plan, siteOf(plan, "events.publish orders"));
  assert.equal(sent.kind, SpanKind.PRODUCER);
  assert.equal(sent.name, "publish orders");
  assert.equal(sent.attributes["messaging.destination.name"], "orders");
  const paid = client(plan, siteOf(plan, "stripe.POST /v1/charges"));
  assert.equal(paid.attributes["url.full"], "https://api.stripe.example/v1/charges");
  assert.equal(paid.attributes["network.peer.address"], undefined);
});

Deno.test("rows without a span give none", () => {
  const builder = new SpanBuilder(plan, IDENTITY);
  const batch = new FactBatch();
  const none = [
    addRow(batch, FactKind.request, { time: 1, service: 3, endpoint: insert.callee, site: insert.index, status: 200 }),
    addRow(batch, FactKind.call, { time: 1, endpoint: checkout.callee, site: checkout.index, flags: FactFlag.journey }),
    addRow(batch, FactKind.log, { time: 1, endpoint: checkout.callee, site: 0 }),
    addRow(batch, FactKind.iteration, { time: 1 }),
    addRow(batch, FactKind.dropped, { time: 1 }),
    addRow(batch, FactKind.vus, { time: 1 }),
    addRow(batch, FactKind.station, { time: 1 }),
  ];
  for (const row of none) assert.equal(builder.build(batch, row), undefined);
});

Deno.test("a replica's spans share one resource that names service, pod, SDK and environment", () => {
  const attributed = shop("java", "json", {
    version: "2.4.1",
    attributes: new Map([["team", "checkout"], ["deployment.environment.name", "canary"]]),
  });
  const builder = new SpanBuilder(attributed, IDENTITY);
  const batch = new FactBatch();
  const parts = { time: 1, endpoint: checkout.callee, site: checkout.index, status: 200 };
  const [a, b, other] = [0, 0, 1].map((replica) =>
    builder.build(batch, addRow(batch, FactKind.request, { ...parts, replica }))!
  );
  assert.equal(a!.resource, b!.resource);
  assert.notEqual(a!.resource.attributes["service.instance.id"], other!.resource.attributes["service.instance.id"]);
  const { attributes, schemaUrl } = a!.resource;
  assert.equal(schemaUrl, "https://opentelemetry.io/schemas/1.44.0");
  assert.equal(a!.instrumentationScope.schemaUrl, schemaUrl);
  assert.equal(a!.instrumentationScope.name, "io.opentelemetry.tomcat-10.0");
  assert.equal(attributes["service.name"], "web");
  assert.equal(attributes["service.namespace"], "test");
  assert.equal(attributes["service.version"], "2.4.1");
  assert.equal(attributes["telemetry.sdk.language"], "java");
  assert.equal(attributes["team"], "checkout");
  assert.equal(attributes["deployment.environment.name"], "canary");
  assert.equal(attributes["k8s.deployment.name"], "web");
  assert.equal(attributes["k8s.pod.name"], attributes["host.name"]);
});

Deno.test("half a surrogate pair in a scenario never reaches a span", () => {
  const hostile = withFailures(shop("go", "json", { version: "1\ud800" }), [{
    message: "a\udc00b",
    exception: "X\ud83d",
  }]);
  const span = server(hostile, checkout, { outcome: Outcome.error, cause: 0, status: 500 });
  const texts = JSON.stringify([span.name, span.status, span.attributes, span.events, span.resource.attributes]);
  assert.doesNotMatch(texts, /\\ud[89a-f]/i);
});

Deno.test("building does not change with what was built before", () => {
  const failed = failing(shop());
  const batch = everyKind(failed);
  const builder = new SpanBuilder(failed, IDENTITY);
  const shown = (span: ReadableSpan | undefined): string =>
    JSON.stringify(span && [span.name, span.attributes, span.status, span.events, span.startTime, span.spanContext()]);
  for (let row = 0; row < batch.length; row++) {
    const first = shown(builder.build(batch, row));
    assert.equal(first, shown(builder.build(batch, row)));
    assert.equal(first, shown(new SpanBuilder(failed, IDENTITY).build(batch, row)));
  }
});
