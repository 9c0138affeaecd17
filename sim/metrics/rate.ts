// The share of samples that were true.

import type { Aggregation } from "../objectives/threshold.ts";
import type { Instrument } from "./instrument.ts";

export class Rate implements Instrument {
  readonly type = "rate";

  constructor(public passes = 0, public total = 0) {}

  get empty(): boolean {
    return this.total === 0;
  }

  /** From 0 to 1; 0 without samples. */
  get rate(): number {
    return this.total === 0 ? 0 : this.passes / this.total;
  }

  /** @param value 0 for false; anything else is true */
  add(value: number): void {
    this.total++;
    if (value !== 0) this.passes++;
  }

  merge(other: Rate): void {
    this.passes += other.passes;
    this.total += other.total;
  }

  aggregate({ type }: Aggregation): number | undefined {
    return type === "rate" && !this.empty ? this.rate : undefined;
  }
}
