// Writes spans to a file of OTLP JSON lines: what the OpenTelemetry Collector's file exporter writes and its
// otlpjsonfile receiver reads.

import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { FactBatch } from "../plan/facts.ts";
import type { SpanBuilder } from "../telemetry/spans.ts";
import { LINE_ITEMS_MAX, OtlpFile, type OtlpFileSettings } from "./otlp_file.ts";
import { SPANS } from "./otlp_signal.ts";
import type { Delivery, Sink } from "./sink.ts";

/** A line of a trace file has so many spans at most. */
export const LINE_SPANS_MAX = LINE_ITEMS_MAX;

/** The file, with what a run calls its spans. */
export class TraceFile extends OtlpFile<ReadableSpan> {
  constructor(settings: OtlpFileSettings) {
    super(settings, SPANS);
  }
}

/**
 * The sink whose destination is a trace file. A line ends after LINE_SPANS_MAX spans and at each evaluation, never when
 * a batch does: so the file's bytes are the same at any pace.
 */
export class TraceFileSink implements Sink {
  readonly #builder: Pick<SpanBuilder, "build">;
  readonly #file: TraceFile;
  #spans: ReadableSpan[] = [];

  constructor(builder: Pick<SpanBuilder, "build">, file: TraceFile) {
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

  take(batch: FactBatch): void {
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
    this.#file.append(spans);
  }
}
