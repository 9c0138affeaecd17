// What the four kinds of metric have in common: they answer an aggregation of a threshold, or have no sample to answer with.

import type { MetricType } from "../objectives/metrics.ts";
import type { Aggregation } from "../objectives/threshold.ts";

/** Takes samples. */
export interface Sampled {
  /**
   * Takes a sample: how many (counter), 1 or 0 (rate), the new value (gauge), whole nanoseconds (trend).
   * @param time of the sample, in nanoseconds since the run's start
   */
  add(value: number, time: number): void;
}

export interface Instrument extends Sampled {
  readonly type: MetricType;
  /** No sample has arrived. */
  readonly empty: boolean;
  /** Adds the samples of another of the same type; they came later. */
  merge(other: Instrument): void;
  /**
   * The value that a threshold compares; undefined where there is no sample, or where the type has no such aggregation.
   * @param elapsed_s simulated seconds since the run's start
   */
  aggregate(aggregation: Aggregation, elapsed_s: number): number | undefined;
}
