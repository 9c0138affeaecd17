// What a threshold with a gate or a window looks at: samples that are told apart by their time, which costs those
// thresholds that need it and no others.

import type { Nanos } from "../base/time.ts";
import { firstWindowEnd } from "../objectives/gate.ts";
import { EVALUATE_EVERY, type Threshold } from "../objectives/threshold.ts";
import { isWorse, type Seen } from "./evaluation.ts";
import type { Instrument, Sampled } from "./instrument.ts";
import { SlidingWindow } from "./sliding_window.ts";

/** What a threshold compares, asked at a time up to which all facts have been taken. */
export interface JudgedSeries extends Sampled {
  seen(now: Nanos): Seen;
}

/** The series of a threshold that has a gate, a window, or both. */
export function judgedSeries(threshold: Threshold, empty: () => Instrument): JudgedSeries {
  const { window } = threshold;
  return window === undefined ? new GatedSeries(threshold, empty()) : new WindowedSeries(threshold, window, empty);
}

/** All samples so far whose time lies in the gate. */
class GatedSeries implements JudgedSeries {
  readonly #threshold: Threshold;
  readonly #from: number;
  readonly #to: number;
  readonly #instrument: Instrument;

  constructor(threshold: Threshold, instrument: Instrument) {
    this.#threshold = threshold;
    this.#from = threshold.gate?.from ?? 0;
    this.#to = threshold.gate?.to ?? Infinity;
    this.#instrument = instrument;
  }

  add(value: number, time: number): void {
    if (time >= this.#from && time < this.#to) this.#instrument.add(value, time);
  }

  seen(now: Nanos): Seen {
    const elapsed = Math.min(now, this.#to) - this.#from;
    const value = elapsed > 0 ? this.#instrument.aggregate(this.#threshold.aggregation, elapsed / 1e9) : undefined;
    return value === undefined ? { value, why: "no samples" } : { value };
  }
}

/** The worst of the windows so far, one ending every EVALUATE_EVERY; in memory of one instrument for each of those. */
class WindowedSeries implements JudgedSeries {
  readonly #threshold: Threshold;
  readonly #length: Nanos;
  readonly #empty: () => Instrument;
  readonly #window: SlidingWindow;
  readonly #from: number;
  readonly #to: number;
  readonly #firstEnd: number;
  /** Samples up to `#end`, which is when the next window ends. */
  #open: Instrument;
  #end: number = EVALUATE_EVERY;
  #windows = 0;
  #worst: { readonly value: number; readonly end: Nanos } | undefined;

  constructor(threshold: Threshold, length: Nanos, empty: () => Instrument) {
    this.#threshold = threshold;
    this.#length = length;
    this.#empty = empty;
    this.#from = threshold.gate?.from ?? 0;
    this.#to = threshold.gate?.to ?? Infinity;
    this.#firstEnd = firstWindowEnd(length, threshold.gate);
    this.#window = new SlidingWindow(length / EVALUATE_EVERY, empty);
    this.#open = empty();
  }

  add(value: number, time: number): void {
    if (time < this.#from || time >= this.#to) return;
    if (time >= this.#end) this.#advance(time);
    this.#open.add(value, time);
  }

  seen(now: Nanos): Seen {
    this.#advance(now);
    if (this.#worst !== undefined) return { value: this.#worst.value, windowEnd: this.#worst.end };
    return { value: undefined, why: this.#windows === 0 ? "no whole window" : "no samples" };
  }

  #advance(time: number): void {
    while (this.#end <= time) {
      this.#window.push(this.#open);
      this.#open = this.#empty();
      if (this.#end >= this.#firstEnd && this.#end <= this.#to) this.#judge(this.#end as Nanos);
      this.#end += EVALUATE_EVERY;
    }
  }

  #judge(end: Nanos): void {
    this.#windows++;
    const { aggregation } = this.#threshold;
    const value = this.#window.total().aggregate(aggregation, this.#length / 1e9);
    if (value === undefined) return;
    if (this.#worst === undefined || isWorse(value, this.#worst.value, this.#threshold)) this.#worst = { value, end };
  }
}
