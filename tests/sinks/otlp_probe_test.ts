// What counts as a collector when a run asks for one, and what is said of what does not.

import assert from "node:assert/strict";
import { askCollector, probeCollector } from "../../sim/sinks/otlp_probe.ts";
import { parseRetryAfter } from "../../sim/sinks/otlp_http.ts";
import { type Answer, failing, OK, partial, Receiver } from "../receiver.ts";
import { needs } from "../permissions.ts";

const ignore = needs("net");
const TIMEOUT_MS = 10_000;

const CASES: readonly (readonly [Answer, boolean, RegExp])[] = [
  [OK, true, /^answered 200$/],
  [partial(0), true, /^answered 200$/],
  [{ kind: "answer", status: 200, body: "" }, true, /^answered 200$/],
  [{ kind: "answer", status: 200, body: "<html>" }, false, /^answered 200: not with OTLP JSON/],
  [failing(400, undefined, "no spans"), true, /^answered 400: no spans$/],
  // Loki, whose receiver of log records refuses an export without any.
  [failing(422, undefined, "at least one valid stream is required for ingestion"), true, /^answered 422/],
  [
    { kind: "answer", status: 400, headers: { "content-type": "text/html" }, body: "<h1>" },
    false,
    /^answered 400: it refu/,
  ],
  [failing(429, "5"), true, /^answered 429: status 429$/],
  [failing(401), false, /^answered 401: it does not accept the credentials of OTEL_EXPORTER_OTLP_HEADERS; status 401$/],
  [failing(403), false, /^answered 403: it does not accept/],
  [failing(404), false, /^answered 404: there is no OTLP at this path/],
  [failing(405), false, /^answered 405: there is no OTLP at this path/],
  [failing(415), false, /^answered 415: it does not take OTLP as JSON/],
  [failing(301), false, /^answered 301: redirections are not followed/],
  [failing(500), false, /^answered 500: it is not ready/],
  [failing(503), false, /^answered 503: it is not ready/],
  [{ kind: "close", midAnswer: true }, false, /^connection closed$/],
];

Deno.test({
  name: "a collector is what takes an empty export, asks for patience, or refuses in OTLP's own form",
  ignore,
  fn: async () => {
    await using receiver = new Receiver();
    for (const [answer, answers, words] of CASES) {
      receiver.respond = () => answer;
      const asked = await askCollector({ url: receiver.url, headers: new Map() }, TIMEOUT_MS);
      assert.equal(asked.answers, answers, asked.words);
      assert.match(asked.words, words);
      assert.equal(await probeCollector(receiver.url, new Map(), TIMEOUT_MS), answers);
    }
    assert.equal(receiver.spans.size, 0);
    assert.deepEqual(
      new Set(receiver.requests.map(({ method, path }) => `${method} ${path}`)),
      new Set(["POST /v1/traces"]),
    );
  },
});

Deno.test({
  name: "a refused connection, an unknown host, a silent server and another protocol are no collector",
  ignore,
  fn: async () => {
    await using receiver = new Receiver();
    const ask = async (url: string, timeoutMs = TIMEOUT_MS) =>
      await askCollector({ url, headers: new Map() }, timeoutMs);
    receiver.respond = () => ({ kind: "hang" });
    assert.deepEqual(await ask(receiver.url, 30), { answers: false, words: "no answer within 30 ms" });
    assert.deepEqual(await ask(receiver.url.replace("http:", "https:")), {
      answers: false,
      words: "TLS handshake failed",
    });
    await receiver.close();
    assert.deepEqual(await ask(receiver.url), { answers: false, words: "connection refused" });
    assert.deepEqual(await ask("http://127.0.0.1:1/v1/traces"), { answers: false, words: "port not allowed" });
  },
});

Deno.test({
  name: "the headers are sent when asking, and none comes out again",
  ignore,
  fn: async () => {
    await using receiver = new Receiver();
    receiver.respond = () => failing(401, undefined, "Basic c2VjcmV0 is unknown");
    const headers = new Map([["authorization", "Basic c2VjcmV0"]]);
    const asked = await askCollector({ url: receiver.url, headers }, TIMEOUT_MS);
    assert.equal(receiver.requests[0]!.headers.get("authorization"), "Basic c2VjcmV0");
    assert.match(asked.words, /; \[hidden\] is unknown$/);
  },
});

Deno.test("Retry-After is whole seconds or an HTTP-date in any of its three forms, and nothing else", () => {
  const now = Date.parse("1994-11-06T08:49:00Z");
  assert.equal(parseRetryAfter("120", now), 120_000);
  assert.equal(parseRetryAfter(" 0 ", now), 0);
  assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now), 37_000);
  assert.equal(parseRetryAfter("Sunday, 06-Nov-94 08:49:37 GMT", now), 37_000);
  assert.equal(parseRetryAfter("Sun Nov  6 08:49:37 1994", now), 37_000);
  assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:40:00 GMT", now), 0);
  for (const text of [null, "", "-5", "3.5", "soon", "1e3", "Mon, whenever"]) {
    assert.equal(parseRetryAfter(text, now), undefined);
  }
});
