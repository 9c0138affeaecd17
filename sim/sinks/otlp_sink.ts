// Delivers spans or log records to a collector: makes them of the rows of batches, as there is room for another export.

import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { FactBatch } from "../plan/facts.ts";
import { OtlpDelivery, type OtlpTuning, type PendingStore } from "./otlp_delivery.ts";
import type { OtlpOptions } from "./otlp_options.ts";
import type { OtlpSignal } from "./otlp_signal.ts";
import type { Delivery, ItemSource, Rows, Sink } from "./sink.ts";

export interface OtlpSinkSettings<T, Batch = FactBatch> {
  readonly source: ItemSource<T, Batch>;
  readonly signal: OtlpSignal<T>;
  readonly options: OtlpOptions;
  readonly pendingStore: PendingStore<T>;
  /** Takes a line for the user: the collector went away, came back, rejects or refuses. */
  readonly onNotice: (text: string) => void;
  readonly tuning?: Partial<OtlpTuning>;
}

/** A sink whose items are made from one row each: spans and log records of a run, spans of a replay. */
export class OtlpSink<T = ReadableSpan, Batch extends Rows = FactBatch> implements Sink<Batch> {
  readonly #source: ItemSource<T, Batch>;
  readonly #delivery: OtlpDelivery<T>;

  constructor(settings: OtlpSinkSettings<T, Batch>) {
    this.#source = settings.source;
    this.#delivery = new OtlpDelivery(settings);
  }

  /** So far. Once the sink is closed: generated = delivered + rejected + pending; before, the rest is on its way. */
  get delivery(): Readonly<Delivery> {
    return this.#delivery.account;
  }

  take(batch: Batch): void | Promise<void> {
    this.#delivery.throwFailure();
    const row = this.#build(batch, 0);
    return row < batch.length ? this.#takeRest(batch, row) : this.#delivery.turn();
  }

  flush(): void {
    this.#delivery.flush();
  }

  /** @throws what the source or the pending store threw; never for what happened to the collector. */
  async close(): Promise<void> {
    await this.#delivery.close();
  }

  /** Builds items until the batch has no more rows or every export is under way, and gives the next row. */
  #build(batch: Batch, from: number): number {
    for (let row = from; row < batch.length; row++) {
      if (!this.#delivery.hasRoom()) return row;
      const item = this.#source.build(batch, row);
      if (item !== undefined) this.#delivery.add(item);
    }
    return batch.length;
  }

  async #takeRest(batch: Batch, from: number): Promise<void> {
    for (let row = from; row < batch.length; row = this.#build(batch, row)) await this.#delivery.ready();
  }
}
