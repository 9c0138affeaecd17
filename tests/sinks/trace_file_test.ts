import assert from "node:assert/strict";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { FactBatch, FactKind } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { LINE_ITEMS_MAX, OtlpFile } from "../../sim/sinks/otlp_file.ts";
import { SPANS } from "../../sim/sinks/otlp_signal.ts";
import { TraceFileSink } from "../../sim/sinks/trace_file.ts";
import { SpanBuilder } from "../../sim/telemetry/spans.ts";
import { addRow, IDENTITY, shop, siteOf, TRACE_HEX } from "../telemetry/plan.ts";
import { type Disk, disk } from "./failing_file.ts";

const PATH = "traces.jsonl";
const plan = shop();

function file({ open }: Disk): { traces: OtlpFile<ReadableSpan>; notices: string[] } {
  const notices: string[] = [];
  return { traces: new OtlpFile({ path: PATH, open, onNotice: (text) => notices.push(text) }, SPANS), notices };
}

function requests(of: Plan, count: number, first = 0): FactBatch {
  const site = siteOf(of, "web.POST /checkout", "journey"), inner = siteOf(of, "payment.Charge");
  const batch = new FactBatch();
  for (let i = first; i < first + count; i++) {
    const { callee, index } = i % 2 === 0 ? site : inner;
    const service = of.endpoints[callee]!.service;
    addRow(batch, FactKind.request, { time: i, service, endpoint: callee, site: index, status: 200, span: [7, i] });
  }
  return batch;
}

interface Request {
  readonly resourceSpans: readonly {
    readonly schemaUrl: string;
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue: string } }[] };
    readonly scopeSpans: readonly {
      readonly schemaUrl: string;
      readonly spans: readonly { traceId: string; spanId: string; startTimeUnixNano: string; kind: number }[];
    }[];
  }[];
}

function linesOf(text: string): Request[] {
  assert.ok(text.endsWith("\n"));
  return text.slice(0, -1).split("\n").map((line) => JSON.parse(line));
}

const spansOf = (request: Request): { spanId: string; traceId: string; startTimeUnixNano: string }[] =>
  request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));

Deno.test("each line is a request of OTLP with the spans under their resource and scope", async () => {
  const made = disk();
  const sink = new TraceFileSink(new SpanBuilder(plan, IDENTITY), file(made).traces);
  sink.take(requests(plan, 10));
  await sink.close();
  const [request, ...more] = linesOf(made.files.get(PATH)!.text);
  assert.equal(more.length, 0);
  assert.equal(request!.resourceSpans.length, 2);
  for (const { schemaUrl, scopeSpans } of request!.resourceSpans) {
    assert.equal(schemaUrl, "https://opentelemetry.io/schemas/1.44.0");
    assert.equal(scopeSpans[0]!.schemaUrl, schemaUrl);
  }
  const spans = spansOf(request!);
  assert.deepEqual(spans.map(({ spanId }) => parseInt(spanId.slice(8), 16)).sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.ok(spans.every(({ traceId }) => traceId === TRACE_HEX));
  assert.ok(spans.every(({ startTimeUnixNano }) => startTimeUnixNano.startsWith("1795428000123456")));
  assert.deepEqual(sink.delivery, { generated: 10, delivered: 10, rejected: 0, pending: 0 });
});

Deno.test("lines end by count and at evaluations, never where a batch or a flush does", async () => {
  const texts = [[2500], [1, 999, 1000, 500], Array.from({ length: 250 }, () => 10)].map(async (sizes) => {
    const made = disk();
    const sink = new TraceFileSink(new SpanBuilder(plan, IDENTITY), file(made).traces);
    let first = 0;
    for (const size of sizes) {
      sink.take(requests(plan, size, first));
      first += size;
    }
    sink.evaluate();
    sink.evaluate();
    sink.take(requests(plan, 3, first));
    await sink.close();
    return made.files.get(PATH)!.text;
  });
  const [one, ...others] = await Promise.all(texts);
  for (const other of others) assert.equal(other, one);
  assert.deepEqual(linesOf(one!).map((line) => spansOf(line).length), [LINE_ITEMS_MAX, LINE_ITEMS_MAX, 500, 3]);
});

Deno.test("there is no file before the first span", async () => {
  const made = disk();
  const { traces } = file(made);
  const sink = new TraceFileSink(new SpanBuilder(plan, IDENTITY), traces);
  sink.evaluate();
  assert.equal(made.files.size, 0);
  assert.equal(traces.exists, false);
  traces.append([]);
  assert.equal(made.files.size, 0);
  traces.append([new SpanBuilder(plan, IDENTITY).build(requests(plan, 1), 0)!]);
  assert.equal(traces.exists, true);
  await sink.close();
  assert.ok(made.files.get(PATH)!.closed);
});

Deno.test("a file that takes a hundred bytes at a time gets every span", async () => {
  const made = disk({ bytesAtOnce: 100 });
  const sink = new TraceFileSink(new SpanBuilder(plan, IDENTITY), file(made).traces);
  sink.take(requests(plan, 50));
  await sink.close();
  assert.equal(spansOf(linesOf(made.files.get(PATH)!.text)[0]!).length, 50);
});

Deno.test("on a full disk whole lines stay, the other spans are pending, and it is told once", async () => {
  const made = disk({ capacity: 200_000, bytesAtOnce: 10_000 });
  const { traces, notices } = file(made);
  const sink = new TraceFileSink(new SpanBuilder(plan, IDENTITY), traces);
  for (let i = 0; i < 20; i++) {
    sink.take(requests(plan, 50, i * 50));
    sink.evaluate();
  }
  await sink.close();
  const kept = linesOf(made.files.get(PATH)!.text).flatMap(spansOf).length;
  assert.ok(kept > 0 && kept < 1000 && kept % 50 === 0);
  assert.deepEqual(sink.delivery, { generated: 1000, delivered: kept, rejected: 0, pending: 1000 - kept });
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /traces\.jsonl: No space left on device/);
  assert.match(String(traces.error), /No space left/);
});

Deno.test("a file that cannot be created leaves all spans pending and throws nothing", () => {
  const made = disk();
  made.open(PATH);
  const { traces, notices } = file(made);
  const builder = new SpanBuilder(plan, IDENTITY), batch = requests(plan, 2);
  traces.append([builder.build(batch, 0)!]);
  traces.append([builder.build(batch, 1)!]);
  traces.close();
  assert.deepEqual(traces.delivery, { generated: 2, delivered: 0, rejected: 0, pending: 2 });
  assert.equal(notices.length, 1);
});

Deno.test("a torn line that cannot be cut off is still not counted", () => {
  const made = disk({ capacity: 1500, failsToTruncate: true });
  const { traces } = file(made);
  const builder = new SpanBuilder(plan, IDENTITY), batch = requests(plan, 1);
  traces.append([builder.build(batch, 0)!]);
  assert.deepEqual(traces.delivery, { generated: 1, delivered: 0, rejected: 0, pending: 1 });
  assert.match(String(traces.error), /No space left/);
});
