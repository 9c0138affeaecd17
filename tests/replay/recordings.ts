// Recordings for the tests of replay: small ones in every format, and what readers make of them.

import { Buffer } from "node:buffer";
import { RecordedFile } from "../../sim/replay/recorded_file.ts";
import type { AttributeValue, LineView, SpanView } from "../../sim/replay/records.ts";
import { Tally } from "../../sim/replay/tally.ts";

export const TRACE = "5b8efff798038103d269b633813fc60c";
export const SPAN = "eee19b7ec3c1b174";
export const PARENT = "eee19b7ec3c1b173";

/** A span of OTLP JSON. */
export function otlpSpan(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    traceId: TRACE,
    spanId: SPAN,
    parentSpanId: PARENT,
    name: "GET /cart",
    kind: 2,
    startTimeUnixNano: "1544712660000000001",
    endTimeUnixNano: "1544712661000000002",
    attributes: [{ key: "http.route", value: { stringValue: "/cart" } }, { key: "n", value: { intValue: "42" } }],
    events: [{ timeUnixNano: "1544712660500000000", name: "exception", attributes: [] }],
    links: [{ traceId: TRACE.replaceAll("b", "a"), spanId: PARENT, attributes: [] }],
    status: { code: 2, message: 'no "cart"' },
    ...changes,
  };
}

export function otlpRequest(spans: readonly unknown[], service = "cart"): Record<string, unknown> {
  return {
    resourceSpans: [{
      resource: {
        attributes: [
          { key: "service.name", value: { stringValue: service } },
          { key: "service.instance.id", value: { stringValue: `${service}-1` } },
        ],
      },
      scopeSpans: [{ scope: { name: "lib", version: "1.2" }, spans, schemaUrl: "https://schema/2" }],
      schemaUrl: "https://schema/1",
    }],
  };
}

/** Base64 of hexadecimal digits. */
export function base64(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}

export interface ReadSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly status: readonly [number, string];
  readonly start: string;
  readonly end: string;
  readonly service: string;
  readonly instance: string | undefined;
  readonly scope: string;
  readonly schema: string | undefined;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly events: number;
  readonly links: readonly string[];
}

export interface ReadLine {
  readonly service: string;
  readonly time: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly text: string;
}

export interface ReadResult {
  readonly format: string;
  readonly spans: readonly ReadSpan[];
  readonly lines: readonly ReadLine[];
  readonly skipped: Readonly<Record<string, number>>;
  readonly odd: Readonly<Record<string, number>>;
}

/** What is read from a file of these contents, in chunks of that many bytes. */
export async function readBytes(bytes: Uint8Array | string, chunkBytes = 1 << 16): Promise<ReadResult> {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeFileSync(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    return await readPath(path, chunkBytes);
  } finally {
    Deno.removeSync(path);
  }
}

export async function readPath(path: string, chunkBytes = 1 << 16): Promise<ReadResult> {
  const tally = new Tally();
  const spans: ReadSpan[] = [], lines: ReadLine[] = [];
  const file = await RecordedFile.open(path, { name: "recording", service: "by-name", tally }, chunkBytes);
  try {
    const sink = {
      span: (span: SpanView) => void spans.push(spanOf(span)),
      line: (line: LineView) => void lines.push(lineOf(line)),
    };
    while (await file.next(sink));
  } finally {
    file.close();
  }
  return {
    format: file.format,
    spans,
    lines,
    skipped: Object.fromEntries(tally.skipped.map(({ reason, count }) => [reason, count])),
    odd: Object.fromEntries(tally.odd.map(({ reason, count }) => [reason, count])),
  };
}

function spanOf(span: SpanView): ReadSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: span.kind,
    status: [span.statusCode, span.statusMessage],
    start: timeText(span.startSeconds, span.startNanos),
    end: timeText(span.endSeconds, span.endNanos),
    service: span.resource.service,
    instance: span.resource.instance,
    scope: span.scope.name,
    schema: span.resource.schemaUrl,
    attributes: Object.fromEntries(span.attributes()),
    events: span.events().length,
    links: span.links().map(({ spanId }) => spanId),
  };
}

function lineOf(line: LineView): ReadLine {
  const { service, traceId, spanId, text } = line;
  return { service, time: timeText(line.seconds, line.nanos), traceId, spanId, text };
}

function timeText(seconds: number, nanos: number): string {
  return `${seconds}${String(nanos).padStart(9, "0")}`;
}
