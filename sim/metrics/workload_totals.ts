// What a run has seen of one workload, an entry of the file's `scenarios`.

import { Rate } from "./rate.ts";
import { Trend } from "./trend.ts";

/** A rate for the progress line is taken over so many samples, a second apart. */
const RECENT_SAMPLES = 5;

export class WorkloadTotals {
  /** When it starts or has started, in nanoseconds; Infinity while that is not known. */
  startTime = Infinity;
  complete = 0;
  interrupted = 0;
  dropped = 0;
  /** Of an open load: iterations that were due, and those of them that started. */
  due = 0;
  started = 0;
  httpReqs = 0;
  httpFailed = 0;
  dataSent = 0;
  dataReceived = 0;
  readonly checks = new Rate();
  readonly httpDuration = new Trend();
  readonly duration = new Trend();
  readonly #times = new Float64Array(RECENT_SAMPLES + 1);
  readonly #completes = new Float64Array(RECENT_SAMPLES + 1);
  #samples = 0;

  /** Remembers how many iterations are complete at this time, in nanoseconds. */
  sample(time: number): void {
    const slot = this.#samples++ % this.#times.length;
    this.#times[slot] = time;
    this.#completes[slot] = this.complete;
  }

  /** Iterations carried through a second, of late; 0 before two samples. */
  get recentRate(): number {
    const { length } = this.#times;
    if (this.#samples < 2) return 0;
    const newest = (this.#samples - 1) % length;
    const oldest = this.#samples <= length ? 0 : this.#samples % length;
    const elapsed = this.#times[newest]! - this.#times[oldest]!;
    return elapsed > 0 ? (this.#completes[newest]! - this.#completes[oldest]!) / (elapsed / 1e9) : 0;
  }
}
