// A count of events.

import type { Aggregation } from "../objectives/threshold.ts";
import type { Instrument } from "./instrument.ts";

export class Counter implements Instrument {
  readonly type = "counter";

  /** @param zeroIsAnAnswer a count of 0 is a value, not a lack of samples */
  constructor(public count = 0, readonly zeroIsAnAnswer = false) {}

  get empty(): boolean {
    return this.count === 0 && !this.zeroIsAnAnswer;
  }

  add(count: number): void {
    this.count += count;
  }

  /** Events a second of the run; 0 in a run of no length. */
  rate(elapsed_s: number): number {
    return elapsed_s > 0 ? this.count / elapsed_s : 0;
  }

  merge(other: Counter): void {
    this.count += other.count;
  }

  aggregate({ type }: Aggregation, elapsed_s: number): number | undefined {
    if (this.empty) return undefined;
    return type === "count" ? this.count : type === "rate" ? this.rate(elapsed_s) : undefined;
  }
}
