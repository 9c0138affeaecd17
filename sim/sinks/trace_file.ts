// Writes spans to a file of OTLP JSON lines: what the OpenTelemetry Collector's file exporter writes and its
// otlpjsonfile receiver reads.

import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { FactBatch } from "../plan/facts.ts";
import { serializeReadableSpans, type SerializeSpans } from "./otlp_export.ts";
import type { PendingStore, Rows, SpanSource } from "./otlp_sink.ts";
import { createFile, type OpenFile, RecordFile } from "./record_file.ts";
import type { Delivery, Sink } from "./sink.ts";

/** A line of so many spans has about a megabyte, which a reader of lines still takes. */
export const LINE_SPANS_MAX = 1000;
const LINE_END = 10;

export interface TraceFileSettings<Span = ReadableSpan> {
  readonly path: string;
  /** Needed where spans are no ReadableSpan. The whole line, its end included; used before the next call. */
  readonly serialize?: SerializeSpans<Span>;
  /** Takes a line for the user: the file could not be written to its end. */
  readonly onNotice: (text: string) => void;
  readonly open?: OpenFile;
}

/**
 * The file, which is created with its first span. Each line is one ExportTraceServiceRequest. Delivered are the spans of
 * whole lines; pending those that the disk did not take.
 */
export class TraceFile<Span = ReadableSpan> implements PendingStore<Span> {
  readonly path: string;
  readonly #serialize: SerializeSpans<Span>;
  readonly #open: OpenFile;
  readonly #onNotice: (text: string) => void;
  #file: RecordFile | undefined;
  #generated = 0;
  #delivered = 0;
  #error: Error | undefined;

  constructor(settings: TraceFileSettings<Span>) {
    this.path = settings.path;
    this.#serialize = settings.serialize ?? lineOf as unknown as SerializeSpans<Span>;
    this.#open = settings.open ?? createFile;
    this.#onNotice = settings.onNotice;
  }

  get delivery(): Delivery {
    const generated = this.#generated, delivered = this.#delivered;
    return { generated, delivered, rejected: 0, pending: generated - delivered };
  }

  /** Why the file could not be written to its end. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Whether a span has come, so that there is a file. */
  get exists(): boolean {
    return this.#file !== undefined;
  }

  /** Appends the spans in lines of at most LINE_SPANS_MAX. Does not throw: what is not in the file is counted pending. */
  appendSpans(spans: readonly Span[]): void {
    for (let from = 0; from < spans.length; from += LINE_SPANS_MAX) {
      this.#appendLine(spans.slice(from, from + LINE_SPANS_MAX));
    }
  }

  close(): void {
    this.#file?.close();
    this.#noticeError();
  }

  #appendLine(spans: Span[]): void {
    this.#generated += spans.length;
    if (this.#error !== undefined) return;
    try {
      this.#file ??= new RecordFile(this.path, this.#open);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const line = this.#serialize(spans);
    if (line === undefined) throw new Error("spans could not be serialised");
    if (this.#file.append(line, [line.length]) === 1) this.#delivered += spans.length;
    this.#noticeError();
  }

  #noticeError(): void {
    if (this.#file?.error !== undefined && this.#error === undefined) this.#fail(this.#file.error);
  }

  #fail(error: Error): void {
    this.#error = error;
    this.#onNotice(`cannot go on writing ${this.path}: ${error.message}; further spans are not kept in it`);
  }
}

function lineOf(spans: ReadableSpan[]): Uint8Array | undefined {
  const body = serializeReadableSpans(spans);
  if (body === undefined) return undefined;
  const line = new Uint8Array(body.length + 1);
  line.set(body);
  line[body.length] = LINE_END;
  return line;
}

/**
 * The sink whose destination is a trace file. A line ends after LINE_SPANS_MAX spans and at each evaluation, never when
 * a batch does: so the file's bytes are the same at any pace.
 */
export class TraceFileSink<Batch extends Rows = FactBatch, Span = ReadableSpan> implements Sink<Batch> {
  readonly #builder: SpanSource<Batch, Span>;
  readonly #file: TraceFile<Span>;
  #spans: Span[] = [];

  constructor(builder: SpanSource<Batch, Span>, file: TraceFile<Span>) {
    this.#builder = builder;
    this.#file = file;
  }

  /** So far. Spans of a line that is not complete are pending. */
  get delivery(): Delivery {
    const { generated, delivered } = this.#file.delivery;
    const buffered = this.#spans.length;
    return {
      generated: generated + buffered,
      delivered,
      rejected: 0,
      pending: generated + buffered - delivered,
    };
  }

  take(batch: Batch): void {
    for (let row = 0; row < batch.length; row++) {
      const span = this.#builder.build(batch, row);
      if (span === undefined) continue;
      this.#spans.push(span);
      if (this.#spans.length === LINE_SPANS_MAX) this.#endLine();
    }
  }

  evaluate(): void {
    this.#endLine();
  }

  close(): Promise<void> {
    this.#endLine();
    this.#file.close();
    return Promise.resolve();
  }

  #endLine(): void {
    if (this.#spans.length === 0) return;
    const spans = this.#spans;
    this.#spans = [];
    this.#file.appendSpans(spans);
  }
}
