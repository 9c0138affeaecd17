// What the readers of recordings make of files as public tools write them, and of files that nobody should write.

import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { openFile } from "../../sim/replay/byte_source.ts";
import { needs } from "../permissions.ts";
import {
  base64,
  otlpRequest,
  otlpSpan,
  PARENT,
  readBytes,
  readPath,
  type ReadResult,
  SPAN,
  TRACE,
} from "./recordings.ts";

const ignore = needs("read", "write");

const test = (name: string, fn: () => Promise<void>): void => Deno.test({ name, ignore, fn });

/** What `otlpSpan` is when it was read. */
const READ = {
  traceId: TRACE,
  spanId: SPAN,
  parentSpanId: PARENT,
  name: "GET /cart",
  kind: 2,
  status: [2, 'no "cart"'],
  start: "1544712660000000001",
  end: "1544712661000000002",
  service: "cart",
  instance: "cart-1",
  scope: "lib",
  schema: '"https://schema/1"',
  attributes: { "http.route": "/cart", n: 42 },
  events: 1,
  links: [PARENT],
} as const;

function assertClean({ skipped, odd }: ReadResult): void {
  assert.deepEqual([skipped, odd], [{}, {}]);
}

for (const chunk of [5, 64, 65_536]) {
  test(`OTLP JSON lines are read in chunks of ${chunk} bytes`, async () => {
    const line = JSON.stringify(otlpRequest([otlpSpan(), otlpSpan({ spanId: PARENT, parentSpanId: "" })]));
    const result = await readBytes(`${line}\n${line}\n`, chunk);
    assertClean(result);
    assert.equal(result.format, "telemetry JSON");
    assert.equal(result.spans.length, 4);
    // The first line's schema stands behind its spans.
    assert.deepEqual(result.spans[2], READ);
    assert.equal(result.spans[3]!.parentSpanId, "");
  });
}

test("a document of OTLP JSON may be laid out over many lines, and have its members in any order", async () => {
  const { resourceSpans } = otlpRequest([otlpSpan()]) as { resourceSpans: Record<string, unknown>[] };
  const turned = resourceSpans.map((each) => Object.fromEntries(Object.entries(each).reverse()));
  for (const items of [resourceSpans, turned]) {
    const result = await readBytes(JSON.stringify({ extra: [1, { a: "]" }], resourceSpans: items }, undefined, 2), 100);
    assertClean(result);
    assert.deepEqual(result.spans.map((span) => ({ ...span, schema: READ.schema })), [READ]);
  }
});

test("gzip and zstd are told by their bytes", async () => {
  const text = JSON.stringify(otlpRequest([otlpSpan()])) + "\n";
  for (const bytes of [gzipSync(text), Buffer.concat([gzipSync(text), gzipSync(text)]), zstdCompressSync(text)]) {
    const result = await readBytes(bytes);
    assertClean(result);
    assert.ok(result.spans.length > 0 && result.spans.every((span) => span.spanId === SPAN));
  }
});

/** A message in protobuf, made by OpenTelemetry's own serialiser. */
function protobuf(): Uint8Array {
  const context = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };
  return ProtobufTraceSerializer.serializeRequest([{
    name: "GET /cart",
    kind: 1,
    spanContext: () => context,
    parentSpanContext: { ...context, spanId: PARENT },
    startTime: [1544712660, 1],
    endTime: [1544712661, 2],
    duration: [1, 1],
    ended: true,
    status: { code: 2, message: 'no "cart"' },
    attributes: {
      "http.route": "/cart",
      n: 42,
      below: -7,
      half: 0.5,
      yes: true,
      list: ["a", "b\n"],
    },
    links: [{ context: { ...context, spanId: PARENT } }],
    events: [{ name: "exception", time: [1544712660, 500000000], attributes: {} }],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    resource: {
      attributes: { "service.name": "cart", "service.instance.id": "cart-1" },
      getRawAttributes: () => [],
      merge: (other) => other!,
      schemaUrl: "https://schema/1",
    },
    instrumentationScope: { name: "lib", version: "1.2" },
  }])!;
}

function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(message.length + 4);
  new DataView(bytes.buffer).setUint32(0, message.length);
  bytes.set(message, 4);
  return bytes;
}

test("OTLP protobuf is read alone, with lengths before its messages, and with each message compressed", async () => {
  const message = protobuf();
  const varint = Uint8Array.of((message.length & 127) | 128, message.length >> 7, ...message);
  const compressed = framed(zstdCompressSync(message));
  const json = framed(zstdCompressSync(JSON.stringify(otlpRequest([otlpSpan()]))));
  const expected = { ...READ, attributes: { ...READ.attributes, below: -7, half: 0.5, yes: true, list: ["a", "b\n"] } };
  for (
    const [bytes, count] of [
      [message, 1],
      [Buffer.concat([framed(message), framed(message)]), 2],
      [Buffer.concat([varint, varint]), 2],
      [Buffer.concat([compressed, compressed, compressed]), 3],
    ] as const
  ) {
    for (const chunk of [7, 4096]) {
      const result = await readBytes(bytes, chunk);
      assertClean(result);
      assert.equal(result.format, "OTLP protobuf");
      assert.deepEqual(result.spans, Array.from({ length: count }, () => expected));
    }
  }
  assert.deepEqual((await readBytes(Buffer.concat([json, json]))).spans.map(({ spanId }) => spanId), [SPAN, SPAN]);
});

interface Fields {
  readonly [field: number]: Fields;
}
const VALUE: Fields = {};
const PAIR: Fields = { 2: VALUE };
const SPAN_FIELDS: Fields = { 9: PAIR, 11: {}, 13: {}, 15: {} };
const REQUEST: Fields = { 1: { 1: { 1: PAIR }, 2: { 1: {}, 2: SPAN_FIELDS } } };

/** A message whose fields are written from last to first, as the Collector does; those of one list keep their order. */
function turned(bytes: Uint8Array, fields: Fields): Uint8Array {
  const parts: { readonly field: number; readonly bytes: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length;) {
    const from = at;
    const varint = (): number => {
      let value = 0;
      for (let shift = 0;; shift += 7) {
        const byte = bytes[at++]!;
        value += (byte & 127) * 2 ** shift;
        if (byte < 128) return value;
      }
    };
    const tag = varint(), field = tag >> 3;
    if ((tag & 7) === 0) varint();
    else if ((tag & 7) === 1) at += 8;
    else if ((tag & 7) === 5) at += 4;
    else {
      const length = varint(), inner = fields[field];
      const contents = bytes.subarray(at, at += length);
      const head = bytes.subarray(from, at - length);
      parts.push({ field, bytes: Buffer.concat([head, inner === undefined ? contents : turned(contents, inner)]) });
      continue;
    }
    parts.push({ field, bytes: bytes.subarray(from, at) });
  }
  return Buffer.concat(parts.toSorted((a, b) => b.field - a.field).map((part) => part.bytes));
}

test("OTLP protobuf is read whose fields stand from last to first, as the Collector writes them", async () => {
  const message = turned(protobuf(), REQUEST);
  const expected = { ...READ, attributes: { ...READ.attributes, below: -7, half: 0.5, yes: true, list: ["a", "b\n"] } };
  for (const bytes of [framed(message), message, framed(zstdCompressSync(message))]) {
    const result = await readBytes(bytes);
    assertClean(result);
    assert.deepEqual(result.spans, [expected]);
  }
});

test("Tempo's answers in protobuf are read, with numbers of the query behind the trace or without a trace around", async () => {
  const field = (tag: number, contents: Uint8Array): Uint8Array =>
    Uint8Array.of(tag, (contents.length & 127) | 128, contents.length >> 7, ...contents);
  const request = protobuf();
  for (const message of [request, turned(request, REQUEST)]) {
    const trace = Buffer.concat([message, message]);
    const answer = Buffer.concat([field(0x0a, trace), field(0x12, Uint8Array.of(8, 5)), Uint8Array.of(0x18, 1)]);
    for (const [bytes, count] of [[trace, 2], [field(0x0a, trace), 2], [answer, 2]] as const) {
      const result = await readBytes(bytes, 11);
      assertClean(result);
      assert.deepEqual(result.spans.map(({ spanId, service }) => [spanId, service]), Array(count).fill([SPAN, "cart"]));
    }
  }
});

test("Tempo's API is read, with base64 ids, names of enums and either name of its list", async () => {
  const span = otlpSpan({
    traceId: base64(TRACE),
    spanId: base64(SPAN),
    parentSpanId: base64(PARENT),
    kind: "SPAN_KIND_SERVER",
    status: { code: "STATUS_CODE_ERROR", message: 'no "cart"' },
    links: [{ traceId: base64(TRACE), spanId: base64(PARENT) }],
  });
  const { resourceSpans } = otlpRequest([span]);
  for (const document of [{ batches: resourceSpans }, { trace: { resourceSpans }, metrics: {} }]) {
    const result = await readBytes(JSON.stringify(document));
    assertClean(result);
    assert.deepEqual(result.spans.map((each) => ({ ...each, schema: READ.schema })), [READ]);
  }
});

test("Tempo's answer to a search is told from a trace, and what to ask for instead is said", async () => {
  const { format, skipped } = await readBytes(
    JSON.stringify({ traces: [{ traceID: TRACE, rootServiceName: "shop" }] }),
  );
  assert.equal(format, "search");
  assert.match(Object.keys(skipped).join(), /hold no spans: ask \/api\/traces\//);
});

test("Jaeger's API is read: references, tags, logs, processes that come after the spans", async () => {
  const spans = [{
    traceID: TRACE.slice(16),
    spanID: SPAN,
    operationName: "GET /cart",
    references: [
      { refType: "FOLLOWS_FROM", traceID: "abc", spanID: "12" },
      { refType: "CHILD_OF", traceID: TRACE.slice(16), spanID: PARENT },
    ],
    startTime: 1544712660000001,
    duration: 1500,
    tags: [
      { key: "span.kind", type: "string", value: "client" },
      { key: "error", type: "bool", value: true },
      { key: "otel.status_description", type: "string", value: "gone" },
      { key: "n", type: "int64", value: 42 },
      { key: "half", type: "float64", value: 2 },
    ],
    logs: [{ timestamp: 1544712660000100, fields: [{ key: "event", type: "string", value: "exception" }] }],
    processID: "p1",
  }];
  const document = {
    data: [{
      traceID: TRACE.slice(16),
      spans,
      processes: { p1: { serviceName: "cart", tags: [{ key: "hostname", type: "string", value: "h1" }] } },
    }],
    total: 0,
  };
  const result = await readBytes(JSON.stringify(document));
  assertClean(result);
  assert.deepEqual(result.spans, [{
    ...READ,
    traceId: TRACE.slice(16).padStart(32, "0"),
    kind: 3,
    status: [2, "gone"],
    start: "1544712660000001000",
    end: "1544712660001501000",
    instance: "h1",
    scope: "",
    schema: undefined,
    attributes: { n: 42, half: 2 },
    links: ["0000000000000012"],
  }]);
});

test("a trace of Jaeger, or its spans, are read without the answer around them", async () => {
  const span = {
    traceID: TRACE,
    spanID: SPAN,
    operationName: "GET /cart",
    references: [],
    startTime: 1544712660000001,
    duration: 1500,
  };
  const process = { serviceName: "cart", tags: [] };
  const trace = { note: "by hand", traceID: TRACE, spans: [{ ...span, processID: "p1" }], processes: { p1: process } };
  const alone = { ...span, process };
  for (const document of [trace, [trace], alone, [alone]]) {
    for (const indent of [0, 2]) {
      const result = await readBytes(JSON.stringify(document, undefined, indent), 50);
      assertClean(result);
      assert.deepEqual(result.spans.map(({ service, spanId }) => [service, spanId]), [["cart", SPAN]]);
    }
  }
  assert.equal((await readBytes(`{"traceID":"${TRACE}","time":"2018-12-13T14:51:00Z"}`)).lines.length, 1);
});

test("times that are numbers keep their last digits in every form", async () => {
  const text = JSON.stringify(otlpRequest([otlpSpan({ traceId: base64(TRACE) }), otlpSpan()]));
  const result = await readBytes(text.replace(/Nano":"(\d+)"/g, 'Nano":$1'));
  assertClean(result);
  assert.deepEqual(result.spans.map(({ start, end }) => [start, end]), [[READ.start, READ.end], [
    READ.start,
    READ.end,
  ]]);
});

test("log lines say their time in many ways", async () => {
  const lines: readonly (readonly [string, string])[] = [
    [`{"time":"2018-12-13T14:51:00.25Z","service":"web","trace_id":"${TRACE}"}`, "1544712660250000000"],
    [`{"ts":1544712660.25,"msg":"x"}`, "1544712660250000000"],
    [`{"msg":"x","timestamp":1544712660250}`, "1544712660250000000"],
    [`ts=1544712660250000 level=info msg=x`, "1544712660250000000"],
    [`time="2018-12-13 16:51:00,250+02:00" level=info`, "1544712660250000000"],
    [`10.0.0.1 - bob [13/Dec/2018:15:51:00 +0100] "GET / HTTP/1.1" 200 12 "-" "curl"`, "1544712660000000000"],
    [`2018/12/13 14:51:00 [error] 7#7: *1 connect() failed`, "1544712660000000000"],
    [`[2018-12-13T14:51:00Z] app.INFO: hello`, "1544712660000000000"],
  ];
  const result = await readBytes(lines.map(([line]) => line).join("\r\n"), 40);
  assertClean(result);
  assert.deepEqual(result.lines.map(({ text, time }) => [text, time]), lines);
  assert.deepEqual(result.lines.slice(0, 2).map(({ service, traceId }) => [service, traceId]), [
    ["web", TRACE],
    ["by-name", ""],
  ]);
});

test("a stack trace belongs to the line before it, and lines before the first time are counted", async () => {
  const text = `starting\n2018-12-13T14:51:00Z boom ${TRACE} ${SPAN}\n  at a()\n  at b()\n2018-12-13T14:51:01Z next\n`;
  for (const chunk of [9, 4096]) {
    const result = await readBytes(text, chunk);
    assert.deepEqual(result.lines.map((line) => line.text), [
      `2018-12-13T14:51:00Z boom ${TRACE} ${SPAN}\n  at a()\n  at b()`,
      "2018-12-13T14:51:01Z next",
    ]);
    assert.deepEqual([result.lines[0]!.traceId, result.lines[0]!.spanId], [TRACE, SPAN]);
    assert.deepEqual(result.skipped, { "lines without a time": 1 });
  }
});

test("log records of OTLP become JSON lines", async () => {
  const record = {
    timeUnixNano: "1544712660000000001",
    severityNumber: 17,
    body: { stringValue: "boom" },
    traceId: TRACE,
    spanId: SPAN,
    attributes: [{ key: "n", value: { intValue: "1" } }],
  };
  const { resourceSpans } = otlpRequest([]) as { resourceSpans: { resource: unknown }[] };
  const result = await readBytes(
    JSON.stringify({ resourceLogs: [{ resource: resourceSpans[0]!.resource, scopeLogs: [{ logRecords: [record] }] }] }),
  );
  assertClean(result);
  assert.equal(result.lines.length, 1);
  const [line] = result.lines;
  assert.deepEqual([line!.service, line!.time, line!.traceId, line!.spanId], ["cart", READ.start, TRACE, SPAN]);
  assert.deepEqual(JSON.parse(line!.text), {
    n: 1,
    time: "2018-12-13T14:51:00.000000001Z",
    level: "error",
    message: "boom",
    service: "cart",
    instance: "cart-1",
    trace_id: TRACE,
    span_id: SPAN,
  });
});

// ---- what is broken ------------------------------------------------------------------------------------------------

test("a line that is cut off anywhere costs its own spans at most", async () => {
  const line = JSON.stringify(otlpRequest([otlpSpan()]));
  for (let cut = 1; cut < line.length; cut += 11) {
    const result = await readBytes(`${line}\n${line.slice(0, cut)}\n${line}\n`, 500);
    assert.equal(result.format, "telemetry JSON");
    assert.ok(result.spans.length >= 2 && result.spans.length <= 3, `cut at ${cut}: ${result.spans.length} spans`);
    assert.equal(Object.keys(result.skipped).length, 1, `cut at ${cut}`);
  }
});

test("a file that ends within a value is read as far as it goes", async () => {
  const line = JSON.stringify(otlpRequest([otlpSpan(), otlpSpan()]));
  const result = await readBytes(line.slice(0, -60));
  assert.ok(result.spans.length >= 1);
  assert.deepEqual(Object.values(result.skipped), [1]);
});

test("what is no span is counted with its reason, and costs nothing else", async () => {
  const deep = "[".repeat(9_000) + "]".repeat(9_000);
  const spans = [
    otlpSpan({ traceId: "xyz" }),
    otlpSpan({ traceId: "0".repeat(32) }),
    otlpSpan({ spanId: "" }),
    otlpSpan({ endTimeUnixNano: "soon" }),
    otlpSpan({ attributes: [{ key: "deep", value: { arrayValue: { values: "DEEP" } } }], future: "DEEP" }),
    "no span",
    null,
    otlpSpan(),
  ];
  const result = await readBytes(JSON.stringify(otlpRequest(spans)).replaceAll('"DEEP"', deep), 1000);
  assert.deepEqual(result.spans.map(({ spanId }) => spanId), [SPAN]);
  assert.equal(Object.values(result.skipped).reduce((sum, count) => sum + count, 0), 7);
});

test("a span that is its own parent, or ends before it starts, is kept and counted", async () => {
  const result = await readBytes(JSON.stringify(otlpRequest([
    otlpSpan({ parentSpanId: SPAN }),
    otlpSpan({ endTimeUnixNano: "1544712659000000000" }),
  ])));
  assert.equal(result.spans.length, 2);
  assert.deepEqual(result.odd, { "spans that are their own parent": 1, "spans that end before they start": 1 });
});

test("10,000 levels of anything are no problem", async () => {
  for (const [open, close] of [["[", "]"], ['{"a":', "1}"]] as const) {
    const deep = open.repeat(10_000) + (close === "1}" ? "1" + "}".repeat(10_000) : close.repeat(10_000));
    const text = `{"resourceSpans":[{"x":${deep},"scopeSpans":[{"spans":[${JSON.stringify(otlpSpan())}]}]}]}`;
    assert.equal((await readBytes(text, 3000)).spans.length, 1);
    assert.equal((await readBytes(`{"time":"2018-12-13T14:51:00Z","x":${deep}}\n`)).lines.length, 1);
  }
});

test("broken gzip, broken protobuf and unknown bytes are said", async () => {
  const gzip = gzipSync(`${JSON.stringify(otlpRequest([otlpSpan()]))}\n`.repeat(2000));
  const half = await readBytes(gzip.subarray(0, gzip.length >> 1));
  assert.match(Object.keys(half.skipped).join(), /gzip is broken or cut off/);
  const message = framed(protobuf());
  message[6] = 127;
  const broken = await readBytes(Buffer.concat([message, framed(protobuf())]));
  assert.equal(broken.spans.length, 1);
  assert.equal(Object.keys(broken.skipped).length, 1);
  assert.match(
    Object.keys((await readBytes(Uint8Array.from({ length: 999 }, (_, i) => i * 7 % 256))).skipped).join(),
    /neither/,
  );
  assert.equal((await readBytes("")).format, "nothing");
});

test("zstd that is cut off anywhere is said, and several frames in a file are none", async () => {
  const text = `${JSON.stringify(otlpRequest([otlpSpan()]))}\n`;
  const frame = zstdCompressSync(text.repeat(500));
  for (const cut of [6, frame.length >> 1, frame.length - 1]) {
    const { skipped } = await readBytes(frame.subarray(0, cut));
    assert.match(JSON.stringify(skipped), /^.{2}its zstd is broken or cut off [^,]*":1.$/, `cut at ${cut}`);
  }
  const skippable = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
  const whole = await readBytes(Buffer.concat([frame, skippable, frame]));
  assertClean(whole);
  assert.equal(whole.spans.length, 1000);
});

test("a file that cannot be read is counted with the reason", async () => {
  const { format, skipped } = await readPath("/nowhere/at/all.json");
  assert.equal(format, "unknown");
  assert.match(Object.keys(skipped).join(), /^files that cannot be read: /);
});

test("text may hold a NUL", async () => {
  const result = await readBytes("2018-12-13T14:51:00Z a\0b\n2018-12-13T14:51:01Z c\n");
  assertClean(result);
  assert.equal(result.lines.length, 2);
});

test("a gzip bomb is given up, and no more of it is held than a piece", async () => {
  const path = Deno.makeTempFileSync();
  try {
    for (const bomb of [gzipSync(new Uint8Array(20 << 20)), zstdCompressSync(new Uint8Array(20 << 20))]) {
      Deno.writeFileSync(path, bomb);
      const source = openFile(path, 1 << 16, { max: 200, freeBytes: 1 << 20 });
      let bytes = 0;
      await assert.rejects(async () => {
        for (let piece = await source.next(); piece !== undefined; piece = await source.next()) bytes += piece.length;
      }, /expands more than 200-fold/);
      source.close();
      assert.ok(bytes < 8 << 20, `${bytes} bytes`);
    }
  } finally {
    Deno.removeSync(path);
  }
});

test("texts that are not UTF-8 are mended", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify(otlpRequest([otlpSpan({ name: "caf\u00e9" })])));
  bytes[bytes.indexOf(0xc3)] = 0xff;
  const result = await readBytes(bytes);
  assert.equal(result.spans[0]!.name, "caf\ufffd\ufffd");
  assert.deepEqual(result.odd, { "texts that are not UTF-8": 1 });
});
