// The latest of a series of values, with the least and the greatest of them.

import type { Aggregation } from "../objectives/threshold.ts";
import type { Instrument } from "./instrument.ts";

export class Gauge implements Instrument {
  readonly type = "gauge";
  /** These three are NaN without samples. */
  value = NaN;
  min = NaN;
  max = NaN;

  get empty(): boolean {
    return Number.isNaN(this.value);
  }

  add(value: number): void {
    this.min = value < this.min || this.empty ? value : this.min;
    this.max = value > this.max || this.empty ? value : this.max;
    this.value = value;
  }

  merge(other: Gauge): void {
    if (other.empty) return;
    this.add(other.min);
    this.add(other.max);
    this.value = other.value;
  }

  aggregate({ type }: Aggregation): number | undefined {
    return type === "value" && !this.empty ? this.value : undefined;
  }
}
