// What the four kinds of metric have in common: they answer an aggregation of a threshold, or have no sample to answer with.

import type { MetricType } from "../objectives/metrics.ts";
import type { Aggregation } from "../objectives/threshold.ts";

export interface Instrument {
  readonly type: MetricType;
  /** No sample has arrived. */
  readonly empty: boolean;
  /** Takes a sample: how many (counter), 1 or 0 (rate), the new value (gauge), whole nanoseconds (trend). */
  add(value: number): void;
  /**
   * The value that a threshold compares; undefined where there is no sample, or where the type has no such aggregation.
   * @param elapsed_s simulated seconds since the run's start
   */
  aggregate(aggregation: Aggregation, elapsed_s: number): number | undefined;
}
