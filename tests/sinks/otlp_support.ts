// What the tests of delivery share: spans by number, a pending store in memory, and a sink with short times.

import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import assert from "node:assert/strict";
import type { Nanos } from "../../sim/base/time.ts";
import { FactBatch, FactKind } from "../../sim/plan/facts.ts";
import type { OtlpOptions } from "../../sim/sinks/otlp_options.ts";
import { OTLP_TUNING, type OtlpTuning } from "../../sim/sinks/otlp_delivery.ts";
import { SPANS } from "../../sim/sinks/otlp_signal.ts";
import { OtlpSink } from "../../sim/sinks/otlp_sink.ts";
import type { Receiver } from "../receiver.ts";

export function spanId(number: number): string {
  return (number + 1).toString(16).padStart(16, "0");
}

const RESOURCES = ["frontend", "cart", "payment", "orders"].map((name) => {
  const resource: ReadableSpan["resource"] = {
    attributes: { "service.name": name, "service.version": "1.4.2", "service.instance.id": `${name}-1` },
    getRawAttributes: () => Object.entries(resource.attributes),
    merge: () => resource,
  };
  return resource;
});

/** The span of this number: ten to a trace, each the child of the one before; `padding` bytes on top. */
export function makeSpan(number: number, padding = 0): ReadableSpan {
  const first = number - number % 10;
  const context = { traceId: (first + 1).toString(16).padStart(32, "0"), spanId: spanId(number), traceFlags: 1 };
  const parent = number === first ? {} : { parentSpanContext: { ...context, spanId: spanId(number - 1) } };
  return {
    name: "POST /checkout",
    kind: 1,
    spanContext: () => context,
    ...parent,
    startTime: [1_760_000_000 + Math.floor(number / 1000), (number % 1000) * 1e6 + 123],
    endTime: [1_760_000_001 + Math.floor(number / 1000), (number % 1000) * 1e6 + 456],
    duration: [1, 333],
    status: { code: 0 },
    attributes: {
      "http.request.method": "POST",
      "url.path": "/checkout",
      "url.scheme": "http",
      "http.route": "/checkout",
      "server.address": "frontend",
      "server.port": 8080,
      "http.response.status_code": 200,
      "network.protocol.version": "1.1",
      "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0)",
      ...(padding > 0 ? { padding: "x".repeat(padding) } : {}),
    },
    events: [],
    links: [],
    ended: true,
    resource: RESOURCES[number % RESOURCES.length]!,
    instrumentationScope: { name: "squall", version: "0.1.0" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** A batch with so many requests, whose spans are numbered on from `first` by {@link Spans}. */
export function requests(first: number, count: number): FactBatch {
  const batch = new FactBatch(count);
  for (let i = 0; i < count; i++) {
    const row = batch.append(FactKind.request, 0 as Nanos);
    batch.iteration[row] = first + i;
  }
  return batch;
}

/** Makes the span that a row names, and counts. */
export class Spans {
  built = 0;
  constructor(readonly make: (number: number) => ReadableSpan = makeSpan) {}

  build(batch: FactBatch, row: number): ReadableSpan | undefined {
    if (batch.kind[row] !== FactKind.request) return undefined;
    this.built++;
    return this.make(batch.iteration[row]!);
  }
}

export class MemoryStore {
  readonly ids: string[] = [];
  closed = false;

  append(spans: readonly ReadableSpan[]): void {
    for (const span of spans) this.ids.push(span.spanContext().spanId);
  }

  close(): void {
    this.closed = true;
  }
}

export interface Bench {
  readonly sink: OtlpSink;
  readonly spans: Spans;
  readonly store: MemoryStore;
  readonly notices: string[];
}

/** Nothing waits longer than some milliseconds, but for time-outs that a test expects not to run out. */
export const QUICK: Partial<OtlpTuning> = {
  batchItemsMax: 100,
  probeEveryMs: 20,
  probeTimeoutMs: 5_000,
  retry: { ...OTLP_TUNING.retry, pauseMs: 2, pauseMsMax: 5 },
};

export interface BenchSettings {
  readonly url: string;
  readonly options?: Partial<OtlpOptions>;
  readonly tuning?: Partial<OtlpTuning>;
  readonly make?: (number: number) => ReadableSpan;
}

export function makeSink({ url, options = {}, tuning = {}, make }: BenchSettings): Bench {
  const spans = new Spans(make);
  const store = new MemoryStore();
  const notices: string[] = [];
  const sink = new OtlpSink({
    source: spans,
    signal: SPANS,
    options: {
      url,
      headers: new Map(),
      compression: "none",
      timeoutMs: 10_000,
      resourceAttributes: new Map(),
      notices: [],
      ...options,
    },
    pendingStore: store,
    onNotice: (text) => notices.push(text),
    tuning: { ...QUICK, ...tuning },
  });
  return { sink, spans, store, notices };
}

/** Delivers spans 0 to `count` in batches of facts, and closes the sink. */
export async function deliver(bench: Bench, count: number, batchRows = 500): Promise<void> {
  for (let first = 0; first < count; first += batchRows) {
    await bench.sink.take(requests(first, Math.min(batchRows, count - first)));
  }
  await bench.sink.close();
}

/** The account adds up, says what the receiver has, and each span is where the account says, once. */
export function assertAccount(
  bench: Bench,
  receiver: Receiver | undefined,
  expected: Partial<OtlpSink["delivery"]>,
): void {
  const { generated, delivered, rejected, pending } = bench.sink.delivery;
  const account = { generated, delivered, rejected, pending };
  assert.equal(generated, delivered + rejected + pending, JSON.stringify(account));
  assert.equal(generated, bench.spans.built);
  assert.deepEqual({ ...account, ...expected }, account);
  assert.equal(bench.store.ids.length, pending);
  assert.ok(bench.store.closed);
  assert.equal(new Set(bench.store.ids).size, pending);
  if (receiver === undefined) return;
  const both = bench.store.ids.filter((id) => receiver.spans.has(id));
  assert.equal(receiver.spans.size, delivered + both.length);
}
