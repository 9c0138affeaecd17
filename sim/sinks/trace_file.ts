// Writes spans to a file of OTLP JSON lines instead of sending them.

import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { FactBatch } from "../plan/facts.ts";
import { LINE_ITEMS_MAX, type OtlpFile } from "./otlp_file.ts";
import type { Delivery, ItemSource, Rows, Sink } from "./sink.ts";

/**
 * The sink whose destination is a trace file. A line ends after LINE_ITEMS_MAX spans and at each evaluation, never when
 * a batch does: so the file's bytes are the same at any pace.
 */
export class TraceFileSink<T = ReadableSpan, Batch extends Rows = FactBatch> implements Sink<Batch> {
  readonly #builder: ItemSource<T, Batch>;
  readonly #file: OtlpFile<T>;
  #spans: T[] = [];

  constructor(builder: ItemSource<T, Batch>, file: OtlpFile<T>) {
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
      if (this.#spans.length === LINE_ITEMS_MAX) this.#endLine();
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
