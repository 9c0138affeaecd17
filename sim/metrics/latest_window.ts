// What a fault that waits looks at: the samples of the last so much time, judged by themselves at every evaluation.

import { compares } from "../base/comparison.ts";
import type { Nanos } from "../base/time.ts";
import { EVALUATE_EVERY, type Threshold } from "../objectives/threshold.ts";
import type { ThresholdResult } from "./evaluation.ts";
import type { Instrument, Sampled } from "./instrument.ts";
import { SlidingWindow } from "./sliding_window.ts";

export class LatestWindow implements Sampled {
  readonly #threshold: Threshold;
  readonly #length: Nanos;
  readonly #empty: () => Instrument;
  readonly #window: SlidingWindow;
  #open: Instrument;
  #end: number = EVALUATE_EVERY;

  /**
   * @param length a multiple of EVALUATE_EVERY
   * @param empty a new instrument without samples
   */
  constructor(threshold: Threshold, length: Nanos, empty: () => Instrument) {
    this.#threshold = threshold;
    this.#length = length;
    this.#empty = empty;
    this.#window = new SlidingWindow(length / EVALUATE_EVERY, empty);
    this.#open = empty();
  }

  add(value: number, time: number): void {
    if (time >= this.#end) this.#advance(time);
    this.#open.add(value, time);
  }

  /** Whether the threshold holds over the window that ends now, once a whole one has passed; not without samples. */
  holds(now: Nanos): boolean {
    return this.seen(now).ok;
  }

  /** The value over that window as well; undefined before a whole one has passed, and without samples. */
  seen(now: Nanos): ThresholdResult {
    this.#advance(now);
    const threshold = this.#threshold, { aggregation, comparison, value: bound } = threshold;
    const isWhole = now >= this.#length;
    const value = isWhole ? this.#window.total().aggregate(aggregation, this.#length / 1e9) : undefined;
    const why = value !== undefined ? undefined : isWhole ? "no samples" : "no whole window";
    return { threshold, value, ok: value !== undefined && compares(value, comparison, bound), why, windowEnd: now };
  }

  #advance(time: number): void {
    while (this.#end <= time) {
      this.#window.push(this.#open);
      this.#open = this.#empty();
      this.#end += EVALUATE_EVERY;
    }
  }
}
