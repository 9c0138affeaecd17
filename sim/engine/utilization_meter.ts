// How busy a replica has been of late: an exponentially weighted mean of the share of its capacity in use, as load
// shedders keep it. The share changes in steps, so the mean is exact: it nears each step's level as 1 - exp(-t / span).

import { type Nanos, SECOND } from "../base/time.ts";

/** The time after which an older level counts for 1/e. */
const SPAN = SECOND;

export class UtilizationMeter {
  #mean = 0;
  #level = 0;
  #since = 0 as Nanos;

  /** @param capacity cores or workers; finite */
  constructor(readonly capacity: number) {}

  /** From now on so many are in use. */
  set(inUse: number, now: Nanos): void {
    this.#mean = this.mean(now);
    this.#since = now;
    this.#level = inUse / this.capacity;
  }

  /** The mean share in use; above 1 for a moment where a CPU limit lets a burst run ahead. */
  mean(now: Nanos): number {
    if (now === this.#since) return this.#mean;
    return this.#level + (this.#mean - this.#level) * Math.exp((this.#since - now) / SPAN);
  }
}
