// A number of VUs that changes in straight lines, and the instants at which it does.

import { type Nanos, nanos } from "../base/time.ts";
import type { Stage } from "./executor.ts";
import type { VuChanges } from "./load.ts";

/** The most VUs that one workload may have: each takes about 2 KB when it runs, and 24 GB is a large machine. */
export const VUS_MAX = 1_000_000;

/**
 * Stages that come again and again for as long as the curve is: each cycle begins with the number at the start. Within a
 * cycle the number reaches n, up or down, when the line reaches n; there is no rounding between. (k6: getRawExecutionSteps in
 * lib/executor/ramping_vus.go.) Cycles are worked out one at a time.
 */
export class VuCurve {
  readonly length: Nanos;
  readonly max: number;
  readonly #start: number;
  readonly #stages: readonly Stage[];
  readonly #cycle: Nanos;

  /** @param lengthOf gives the length of the whole, of that of a cycle; if left out, it is one cycle */
  constructor(start: number, stages: readonly Stage[], lengthOf: (cycle: Nanos) => Nanos = (cycle) => cycle) {
    this.#start = start;
    this.#stages = stages;
    this.#cycle = stages.reduce((sum, stage) => sum + stage.duration, 0) as Nanos;
    this.length = lengthOf(this.#cycle);
    this.max = stages.reduce((max, stage) => Math.max(max, stage.target), start);
  }

  /** The length of a cycle; undefined when there is but one. */
  get cycle(): Nanos | undefined {
    return this.#cycle < this.length ? this.#cycle : undefined;
  }

  /** The number of VUs at this time, changes at this very time included; 0 outside the length. */
  countAt(time: Nanos): number {
    if (time < 0 || time >= this.length) return 0;
    const local = time % this.#cycle;
    let start = 0;
    let from = this.#start;
    for (const { target, duration } of this.#stages) {
      if (local < start + duration) {
        if (from === target) return from;
        const step = target > from ? 1 : -1;
        // Changes are rounded to whole nanoseconds: those of the next half nanosecond have come.
        const share = Math.min(1, (local + 0.5 - start) / duration);
        let count = from + step * Math.floor(Math.abs(target - from) * share);
        // The product may be rounded over a whole number; the instants of the changes decide.
        while (count !== target && timeOf(count + step, start, duration, from, target) <= local) count += step;
        while (count !== from && timeOf(count, start, duration, from, target) > local) count -= step;
        return count;
      }
      start += duration;
      from = target;
    }
    return 0;
  }

  /** A fresh cursor over the changes; the first is at 0. */
  changes(): VuChanges {
    return new CurveChanges(this.#start, this.#stages, this.#cycle, this.length);
  }
}

/** When, in its cycle, a line from `from` to `to` reaches `count`. */
function timeOf(count: number, start: number, duration: number, from: number, to: number): Nanos {
  return nanos(start + duration * (count - from) / (to - from));
}

class CurveChanges implements VuChanges {
  time = 0 as Nanos;
  count = 0;
  readonly #start: number;
  readonly #stages: readonly Stage[];
  readonly #cycle: Nanos;
  readonly #length: Nanos;
  #cycleStart = 0;
  /** The number has changed in this cycle or at its start. */
  #changed = false;
  #stage = 0;
  /** In the cycle. */
  #stageStart = 0;
  #stageFrom: number;
  /** The change to come. */
  #nextTime = 0 as Nanos;
  #nextCount: number;
  #left = true;

  constructor(start: number, stages: readonly Stage[], cycle: Nanos, length: Nanos) {
    this.#start = start;
    this.#stages = stages;
    this.#cycle = cycle;
    this.#length = length;
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
      if (stage === undefined) {
        // A cycle in which nothing changes is followed by others like it.
        if (this.#cycleStart + this.#cycle >= this.#length || !this.#changed) return false;
        if (this.#enterCycle()) return true;
        continue;
      }
      const { target, duration } = stage;
      if (this.#nextCount !== target) {
        if (duration === 0) this.#nextCount = target;
        else this.#nextCount += target > this.#nextCount ? 1 : -1;
        const time = duration === 0
          ? this.#stageStart
          : timeOf(this.#nextCount, this.#stageStart, duration, this.#stageFrom, target);
        this.#nextTime = (this.#cycleStart + time) as Nanos;
        this.#changed = true;
        return this.#nextTime <= this.#length;
      }
      this.#stage++;
      this.#stageStart += duration;
      this.#stageFrom = target;
    }
  }

  /** Gives whether the number jumps to that of the start. */
  #enterCycle(): boolean {
    this.#cycleStart += this.#cycle;
    this.#stage = 0;
    this.#stageStart = 0;
    this.#stageFrom = this.#start;
    this.#changed = this.#nextCount !== this.#start;
    this.#nextCount = this.#start;
    this.#nextTime = this.#cycleStart as Nanos;
    return this.#changed;
  }
}
