import assert from "node:assert/strict";
import fc from "fast-check";
import { LANGUAGES, LOG_FORMATS, type LogFormat } from "../../sim/model/model.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan, PlanEndpoint } from "../../sim/plan/plan.ts";
import { MemorySink } from "../../sim/sinks/memory.ts";
import { ByteWriter } from "../../sim/telemetry/byte_writer.ts";
import { LogLines } from "../../sim/telemetry/log_lines.ts";
import { assertGolden } from "../golden.ts";
import { needs } from "../permissions.ts";
import { everyKind, failing } from "./facts.ts";
import { addRow, IDENTITY, type RowParts, shop, siteOf, TRACE_HEX, withFailures } from "./plan.ts";

const MS = 1e6;
const LOGGING = ["web", "payment", "cart", "orders-db", "sessions", "events"];

function logged(plan: Plan, batch: FactBatch): MemorySink {
  const sink = new MemorySink(plan, IDENTITY);
  sink.take(batch);
  return sink;
}

function allOf(sink: MemorySink): string {
  return LOGGING.map((service) => `==> ${service}\n${sink.log(service)}`).join("\n");
}

/** The lines of `web` for one request of it. */
function requestLines(plan: Plan, parts: Partial<RowParts>, reference = "web.POST /checkout"): string[] {
  const site = siteOf(plan, reference, reference.startsWith("web") ? "journey" : "web");
  const service = plan.endpoints[site.callee]!.service;
  const batch = new FactBatch();
  addRow(batch, FactKind.request, {
    time: 100 * MS,
    start: 60 * MS,
    service,
    endpoint: site.callee,
    site: site.index,
    status: 200,
    attempt: 1,
    ...parts,
  });
  return logged(plan, batch).lines(plan.services[service]!.name);
}

for (const language of LANGUAGES) {
  for (const format of LOG_FORMATS) {
    Deno.test({
      name: `${language} ${format}: the lines are those of the golden file`,
      ignore: needs("read"),
      fn() {
        const plan = failing(shop(language, format));
        assertGolden(`log_lines/${language}.${format}.log`, allOf(logged(plan, everyKind(plan))));
      },
    });
  }
}

Deno.test("each line of JSON parses and begins with the same keys in the same order", () => {
  for (const language of LANGUAGES) {
    const plan = failing(shop(language, "json"));
    const sink = logged(plan, everyKind(plan));
    for (const service of LOGGING) {
      for (const line of sink.lines(service)) {
        const record = JSON.parse(line);
        const keys = Object.keys(record);
        assert.deepEqual(keys.slice(0, 5), ["time", "level", "message", "service", "instance"]);
        if (record.trace_id !== undefined) assert.deepEqual(keys.slice(5, 7), ["trace_id", "span_id"]);
        assert.equal(new Set(keys).size, keys.length);
        assert.match(record.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
        assert.match(record.level, /^(debug|info|warn|error)$/);
        assert.equal(record.service, service);
        assert.notEqual(record.message, "");
        assert.ok(record.duration_ms === undefined || typeof record.duration_ms === "number");
      }
    }
  }
});

Deno.test("a line has the trace and the span of its request; a query that of its caller's CLIENT span", () => {
  const plan = shop();
  const [own] = requestLines(plan, { span: [0x01020304, 5] });
  assert.deepEqual([JSON.parse(own!).trace_id, JSON.parse(own!).span_id], [TRACE_HEX, "0102030400000005"]);
  const [query] = requestLines(plan, { span: [9, 9], parent: [0x0a0b0c0d, 7] }, "orders-db.INSERT orders");
  assert.equal(JSON.parse(query!).span_id, "0a0b0c0d00000007");
});

Deno.test("a query that a journey makes stands in no span", () => {
  const plan = shop();
  const site = siteOf(plan, "orders-db.INSERT orders", "journey");
  const batch = new FactBatch();
  addRow(batch, FactKind.request, { time: 1, service: 3, endpoint: site.callee, site: site.index, status: 200 });
  const record = JSON.parse(logged(plan, batch).lines("orders-db")[0]!);
  assert.ok(!("trace_id" in record) && !("span_id" in record));
});

Deno.test("an external service writes nothing", () => {
  const plan = failing(shop());
  assert.equal(logged(plan, everyKind(plan)).log("stripe"), "");
});

Deno.test("levels follow the outcome: info below 400, warn for 4xx, refused and abandoned, error from 500 on", () => {
  const plan = withFailures(shop(), [{}]);
  const level = (parts: Partial<RowParts>): string => JSON.parse(requestLines(plan, parts)[0]!).level;
  assert.equal(level({}), "info");
  assert.equal(level({ outcome: Outcome.error, status: 404 }), "warn");
  assert.equal(level({ outcome: Outcome.error, cause: 0, status: 500 }), "error");
  assert.equal(level({ outcome: Outcome.refused, status: 503 }), "warn");
  assert.equal(level({ flags: FactFlag.abandoned }), "warn");
});

Deno.test("what is below the service's level is not written", () => {
  const quiet = (level: "warn" | "error"): Plan => shop("go", "json", { logs: { format: "json", level } });
  assert.equal(requestLines(quiet("warn"), {}).length, 0);
  assert.equal(requestLines(quiet("warn"), { outcome: Outcome.refused, status: 503 }).length, 1);
  assert.equal(requestLines(quiet("error"), { outcome: Outcome.refused, status: 503 }).length, 0);
});

Deno.test("the caller's line names the call, the attempt, the time-out and the pause before the retry", () => {
  for (const language of LANGUAGES) {
    const plan = shop(language);
    const site = siteOf(plan, "payment.Charge");
    const batch = new FactBatch();
    addRow(batch, FactKind.call, {
      time: 900 * MS,
      start: 100 * MS,
      outcome: Outcome.timeout,
      flags: FactFlag.willRetry,
      wait: 43.25 * MS,
      endpoint: site.callee,
      site: site.index,
      attempt: 1,
    });
    const record = JSON.parse(logged(plan, batch).lines("web")[0]!);
    assert.equal(record.level, "warn");
    assert.match(record.message, /payment\.Charge/);
    assert.match(record.message, /timed out after 800ms/);
    assert.match(record.message, /1(\/| of )3/);
    assert.match(record.message, /43\.3ms/);
    assert.deepEqual(
      [record.attempt, record.attempts, record.timeout_ms, record.retry_in_ms, record.duration_ms],
      [1, 3, 800, 43.25, 800],
    );
  }
});

Deno.test("a request that failed of a call names it, how it ended and which attempt that was", () => {
  const plan = shop();
  const site = siteOf(plan, "payment.Charge");
  const batch = new FactBatch();
  const ends = { endpoint: site.callee, site: site.index, parent: [1, 2] as const, span: [5, 6] as const };
  addRow(batch, FactKind.call, { time: 900 * MS, start: 100 * MS, outcome: Outcome.timeout, attempt: 3, ...ends });
  const checkout = siteOf(plan, "web.POST /checkout", "journey");
  const request = { endpoint: checkout.callee, site: checkout.index, outcome: Outcome.dependency, status: 504 };
  const dependency = { cause: site.index, causeOutcome: Outcome.timeout };
  addRow(batch, FactKind.request, { time: 900 * MS, ...request, ...dependency });
  // Another request, whose failed call is not known, does not take the words of this one.
  addRow(batch, FactKind.request, { time: 900 * MS, ...request, ...dependency, span: [1, 3] });
  const [, first, second] = logged(plan, batch).lines("web").map((line) => JSON.parse(line));
  assert.match(first.message, /payment\.Charge timed out after 800ms \(attempt 3 of 3\)$/);
  assert.deepEqual([first.call, first["call.outcome"], first["call.attempt"]], ["payment.Charge", "timeout", 3]);
  assert.match(second.message, /payment\.Charge failed$/);
});

Deno.test("failed calls are forgotten when their request has ended", () => {
  const plan = shop();
  const site = siteOf(plan, "payment.Charge"), checkout = siteOf(plan, "web.POST /checkout", "journey");
  const lines = new LogLines(plan, IDENTITY), writers = plan.services.map(() => new ByteWriter(64));
  const batch = new FactBatch();
  for (let i = 1; i <= 500; i++) {
    const id = [i % 7, i] as const;
    const failed = { endpoint: site.callee, site: site.index, outcome: Outcome.timeout, parent: id };
    addRow(batch, FactKind.call, { time: i, start: i - 800 * MS, attempt: 3, ...failed });
    const outcome = i % 3 === 0 ? Outcome.interrupted : Outcome.dependency;
    const ended = { endpoint: checkout.callee, site: checkout.index, cause: site.index, span: id };
    addRow(batch, FactKind.request, { time: i, status: 504, outcome, causeOutcome: Outcome.timeout, ...ended });
  }
  for (let row = 0; row < batch.length; row++) lines.write(batch, row, writers);
  assert.equal(lines.openFailures, 0);
});

Deno.test("a deadline that ended an attempt early is told apart from the attempt's own limit", () => {
  const plan = shop();
  const site = siteOf(plan, "cart.GET /cart/{cartId}");
  const batch = new FactBatch();
  const parts = { endpoint: site.callee, site: site.index, outcome: Outcome.timeout, attempt: 2 };
  addRow(batch, FactKind.call, { time: 250 * MS, start: 0, ...parts });
  addRow(batch, FactKind.call, { time: 600 * MS, start: 500 * MS, ...parts });
  const [limit, deadline] = logged(plan, batch).lines("web").map((line) => JSON.parse(line).message);
  assert.match(limit, /timed out after 250ms/);
  assert.match(deadline, /hit its deadline of 600ms, 100ms into this attempt/);
});

Deno.test("a log step's placeholders are filled; what nothing is called stays as written", () => {
  const plan = shop();
  const site = siteOf(plan, "web.POST /checkout", "journey");
  const batch = new FactBatch();
  addRow(batch, FactKind.log, { time: 1, endpoint: site.callee, site: 0, replica: 1 });
  const record = JSON.parse(logged(plan, batch).lines("web")[0]!);
  const [request] = requestLines(plan, {});
  assert.equal(
    record.message,
    `order ${JSON.parse(request!)["order.id"]} of web on ${record.instance} {unknown}`,
  );
  assert.equal(record.tier, "gold");
});

Deno.test("lines and spans of one request bear the same drawn values", () => {
  const plan = shop();
  const site = siteOf(plan, "web.POST /checkout", "journey");
  const batch = new FactBatch();
  for (let i = 0; i < 200; i++) {
    const row = addRow(batch, FactKind.request, { time: i, endpoint: site.callee, site: site.index, status: 200 });
    batch.key[row * 2 + 1] = i * 0x9e3779b1;
  }
  const sink = logged(plan, batch);
  const lines = sink.lines("web").map((line) => JSON.parse(line));
  for (const [i, span] of sink.spans.entries()) {
    for (const name of ["order.id", "items", "currency", "url.path"]) {
      assert.equal(lines[i][name], span.attributes[name]);
    }
  }
  assert.ok(new Set(lines.map((line) => line["order.id"])).size > 190);
});

// ---- hostile names ---------------------------------------------------------------------------------------------------

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '"',
      "\\",
      "\n",
      "\r",
      "\t",
      "\u0000",
      "\u001b[31m",
      "\u202e",
      "\u2028",
      "\ud800",
      "\udc00",
      "=",
      " ",
      "{",
      "}",
      "é",
      "😀",
      "%",
      "/",
    ),
    fc.string({ minLength: 1, maxLength: 1 }),
  ),
  maxLength: 12,
});

/** A shop in which everything that a scenario may name freely is named so. */
function named(format: LogFormat, words: { route: string; value: string; attribute: string; message: string }): Plan {
  const plan = shop("java", format);
  const spec = { type: "oneOf" as const, values: [{ value: words.value, weight: 1 }] };
  const endpoints = plan.endpoints.map((endpoint): PlanEndpoint =>
    endpoint.protocol.type === "http" && endpoint.service === 0
      ? {
        ...endpoint,
        protocol: { ...endpoint.protocol, route: `/${words.route}` },
        attributes: [{ name: `x${words.attribute}`, scope: "request", spec, salt: 1 }, {
          name: "free",
          scope: "request",
          spec: { type: "id", prefix: words.value, digits: 3 },
          salt: 2,
        }],
      }
      : endpoint
  );
  const logs = [{ ...plan.logs[0]!, message: `${words.message}{free}` }];
  return withFailures({ ...plan, endpoints, logs }, [{ exception: words.value, message: words.message }]);
}

const words = fc.record({ route: hostile, value: hostile, attribute: hostile, message: hostile });

function hostileBatch(plan: Plan): FactBatch {
  const site = siteOf(plan, "web." + plan.endpoints[0]!.name, "journey");
  const batch = new FactBatch();
  const parts = { time: 1e9, endpoint: site.callee, site: site.index, status: 200 };
  addRow(batch, FactKind.request, parts);
  addRow(batch, FactKind.request, { ...parts, outcome: Outcome.error, cause: 0, status: 404 });
  addRow(batch, FactKind.request, { ...parts, outcome: Outcome.error, cause: 0, status: 500 });
  addRow(batch, FactKind.log, { time: 1e9, endpoint: site.callee, site: 0 });
  return batch;
}

Deno.test("whatever a scenario names, a line of JSON parses to just those names", () => {
  fc.assert(fc.property(words, (names) => {
    const plan = named("json", names);
    const lines = logged(plan, hostileBatch(plan)).lines("web");
    assert.equal(lines.length, 4);
    const [ok, , failed, step] = lines.map((line) => JSON.parse(line));
    assert.equal(ok["http.route"], `/${names.route}`);
    assert.equal(ok[`x${names.attribute}`], names.value);
    assert.equal(failed["exception.type"], names.value);
    assert.equal(failed["exception.message"], names.message);
    assert.ok(step.message.startsWith(names.message.replaceAll("{free}", step.message)));
  }));
});

Deno.test("whatever a scenario names, a line of logfmt is one line of pairs", () => {
  const pair = /^([^\s"=]+)=("(?:[^"\\\n\r]|\\.)*"|[^\s"]*)(?: |$)/;
  fc.assert(fc.property(words, (names) => {
    const plan = named("logfmt", names);
    const lines = logged(plan, hostileBatch(plan)).lines("web");
    assert.equal(lines.length, 4);
    for (const line of lines) {
      let rest = line;
      while (rest !== "") {
        const match = pair.exec(rest);
        assert.ok(match, `no pair at: ${rest}`);
        rest = rest.slice(match[0].length);
      }
    }
  }));
});

Deno.test("whatever a scenario names, it forges no line of the plain format", () => {
  fc.assert(fc.property(words, (names) => {
    const plan = named("plain", names);
    const log = logged(plan, hostileBatch(plan)).log("web");
    // deno-lint-ignore no-control-regex -- control characters are what this is about
    assert.doesNotMatch(log, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
    const starts = log.split("\n").filter((line) => /^\d{4}-\d\d-\d\dT/.test(line));
    assert.equal(starts.length, 4);
    for (const line of log.trimEnd().split("\n")) {
      assert.match(line, /^(\d{4}-\d\d-\d\dT.* 1 --- \[web\]|\tat |.*: )/);
    }
  }));
});

Deno.test("time in a line is exact at the ends of what a run may cover", () => {
  const at = (startEpochNs: bigint, time: number): string => {
    const plan = shop();
    const site = siteOf(plan, "web.POST /checkout", "journey");
    const batch = new FactBatch();
    addRow(batch, FactKind.request, { time, endpoint: site.callee, site: site.index, status: 200 });
    const sink = new MemorySink(plan, { ...IDENTITY, startEpochNs });
    sink.take(batch);
    return JSON.parse(sink.lines("web")[0]!).time;
  };
  assert.equal(at(0n, 0), "1970-01-01T00:00:00.000000000Z");
  assert.equal(at(999_999_999n, 1), "1970-01-01T00:00:01.000000000Z");
  assert.equal(at(-1n, 0), "1969-12-31T23:59:59.999999999Z");
  assert.equal(at(0n, 100 * 86_400e9 - 1), "1970-04-10T23:59:59.999999999Z");
  assert.equal(at(253_402_300_799_000_000_000n, 999_999_999), "9999-12-31T23:59:59.999999999Z");
});

Deno.test("a line does not depend on the lines before it", () => {
  for (const format of LOG_FORMATS) {
    const plan = failing(shop("python", format));
    const batch = everyKind(plan);
    const twice = new MemorySink(plan, IDENTITY);
    twice.take(batch);
    const once = twice.log("web");
    twice.take(batch);
    assert.equal(twice.log("web"), once + once);
  }
});
