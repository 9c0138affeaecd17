// A number of VUs that changes in straight lines, and the instants at which it does.

import { type Nanos, nanos } from "../base/time.ts";
import type { Stage } from "./executor.ts";
import type { VuChanges } from "./load.ts";

/** The most VUs that one workload may have, as in k6. */
export const VUS_MAX = 100_000_000;

/**
 * The number reaches n, up or down, when the line reaches n; there is no rounding between. (k6: getRawExecutionSteps in
 * lib/executor/ramping_vus.go.)
 */
export class VuCurve {
  readonly length: Nanos;
  readonly max: number;
  readonly #start: number;
  readonly #stages: readonly Stage[];

  constructor(start: number, stages: readonly Stage[]) {
    this.#start = start;
    this.#stages = stages;
    this.length = stages.reduce((sum, stage) => sum + stage.duration, 0) as Nanos;
    this.max = stages.reduce((max, stage) => Math.max(max, stage.target), start);
  }

  /** The number of VUs at this time, changes at this very time included; 0 outside the length. */
  countAt(time: Nanos): number {
    if (time < 0 || time >= this.length) return 0;
    let start = 0;
    let from = this.#start;
    for (const { target, duration } of this.#stages) {
      if (time < start + duration) {
        if (from === target) return from;
        const step = target > from ? 1 : -1;
        // Changes are rounded to whole nanoseconds: those of the next half nanosecond have come.
        const share = Math.min(1, (time + 0.5 - start) / duration);
        let count = from + step * Math.floor(Math.abs(target - from) * share);
        // The product may be rounded over a whole number; the instants of the changes decide.
        while (count !== target && timeOf(count + step, start, duration, from, target) <= time) count += step;
        while (count !== from && timeOf(count, start, duration, from, target) > time) count -= step;
        return count;
      }
      start += duration;
      from = target;
    }
    return 0;
  }

  /** A fresh cursor over the changes; the first is at 0. */
  changes(): VuChanges {
    return new CurveChanges(this.#start, this.#stages);
  }
}

/** When a line from `from` to `to` reaches `count`. */
function timeOf(count: number, start: number, duration: number, from: number, to: number): Nanos {
  return nanos(start + duration * (count - from) / (to - from));
}

class CurveChanges implements VuChanges {
  time = 0 as Nanos;
  count = 0;
  readonly #stages: readonly Stage[];
  #stage = 0;
  #stageStart = 0;
  #stageFrom: number;
  /** The change to come. */
  #nextTime = 0 as Nanos;
  #nextCount: number;
  #left = true;

  constructor(start: number, stages: readonly Stage[]) {
    this.#stages = stages;
    this.#stageFrom = start;
    this.#nextCount = start;
  }

  next(): boolean {
    if (!this.#left) return false;
    this.time = this.#nextTime;
    do this.count = this.#nextCount; while ((this.#left = this.#step()) && this.#nextTime === this.time);
    return true;
  }

  /** Moves the change to come on by one VU, or over a jump. */
  #step(): boolean {
    for (;;) {
      const stage = this.#stages[this.#stage];
      if (stage === undefined) return false;
      const { target, duration } = stage;
      if (this.#nextCount !== target) {
        if (duration === 0) this.#nextCount = target;
        else this.#nextCount += target > this.#nextCount ? 1 : -1;
        this.#nextTime = duration === 0
          ? this.#stageStart as Nanos
          : timeOf(this.#nextCount, this.#stageStart, duration, this.#stageFrom, target);
        return true;
      }
      this.#stage++;
      this.#stageStart += duration;
      this.#stageFrom = target;
    }
  }
}
