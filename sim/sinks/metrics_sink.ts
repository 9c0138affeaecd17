// Reads a run's metrics at intervals of simulated time and hands the points to a collector or a file: the same points at
// the same times, whatever the pace.

import type { Nanos } from "../base/time.ts";
import { type FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import type { RunIdentity } from "../telemetry/identity.ts";
import type { MetricPoint } from "../telemetry/metric_points.ts";
import { MetricRecorder } from "../telemetry/metric_recorder.ts";
import type { OtlpDelivery } from "./otlp_delivery.ts";
import type { Delivery, Sink } from "./sink.ts";

/** What takes the points. */
export interface PointStore {
  /** All points of one time. */
  add(points: readonly MetricPoint[]): void | Promise<void>;
  close(): Promise<void>;
  readonly delivery: Readonly<Delivery>;
}

export interface MetricsSinkSettings {
  readonly plan: Plan;
  readonly identity: RunIdentity;
  /** Between two readings, of simulated time. */
  readonly interval: Nanos;
  readonly store: PointStore;
}

/** After the last reading it is said that there are no values any more. */
const END_AFTER_NS = 1_000_000;

export class MetricsSink implements Sink {
  readonly #recorder: MetricRecorder;
  readonly #interval: Nanos;
  readonly #store: PointStore;
  #due: number;
  #last = 0;

  constructor({ plan, identity, interval, store }: MetricsSinkSettings) {
    this.#recorder = new MetricRecorder(plan, identity);
    this.#interval = interval;
    this.#store = store;
    this.#due = interval;
  }

  /** In data points. */
  get delivery(): Readonly<Delivery> {
    return this.#store.delivery;
  }

  take(batch: FactBatch): void | Promise<void> {
    const row = this.#record(batch, 0);
    if (row < batch.length) return this.#takeRest(batch, row);
  }

  /** Reads what there is since the last reading, and says that it ends. */
  async close(): Promise<void> {
    try {
      if (this.#last > this.#due - this.#interval) await this.#store.add(this.#recorder.collect(this.#last));
      await this.#store.add(this.#recorder.end(this.#last + END_AFTER_NS));
    } finally {
      await this.#store.close();
    }
  }

  /** Counts rows until a reading is due, and gives the row before which it is. */
  #record(batch: FactBatch, from: number): number {
    for (let row = from; row < batch.length; row++) {
      const time = batch.time[row]!;
      if (time > this.#due) return row;
      this.#last = time;
      this.#recorder.take(batch, row);
    }
    return batch.length;
  }

  async #takeRest(batch: FactBatch, from: number): Promise<void> {
    for (let row = from; row < batch.length; row = this.#record(batch, row)) {
      while (batch.time[row]! > this.#due) {
        await this.#store.add(this.#recorder.collect(this.#due));
        this.#due += this.#interval;
      }
    }
  }
}

/** Sends the points with the same care as spans. */
export class OtlpPoints implements PointStore {
  constructor(readonly otlp: OtlpDelivery<MetricPoint>) {}

  get delivery(): Readonly<Delivery> {
    return this.otlp.account;
  }

  async add(points: readonly MetricPoint[]): Promise<void> {
    this.otlp.throwFailure();
    for (const point of points) {
      while (!this.otlp.hasRoom()) await this.otlp.ready();
      this.otlp.add(point);
    }
    this.otlp.flush();
    await this.otlp.turn();
  }

  async close(): Promise<void> {
    await this.otlp.close();
  }
}
