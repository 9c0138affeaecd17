// What every distribution is once it is compiled: a quantile function, so that one uniform draw gives one value.

export interface Distribution {
  /** As a person would write it: `p50 8ms, p99 40ms`. */
  readonly text: string;
  /** The expected value, in the unit of the values (nanoseconds for latencies); Infinity when it has none. */
  readonly mean: number;
  /** The least value that can be drawn. */
  readonly least: number;
  /** The value at `u` of the cumulative distribution, 0 < u < 1: never negative, not rounded. */
  sample(u: number): number;
}
