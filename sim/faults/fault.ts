// What every fault is: a kind turns the knobs of a request; target, window, ramp and probability belong to the wrapper
// that all kinds share.

import type { Nanos } from "../base/time.ts";

/** The numbers that faults change for one request, or for one attempt of a call. Times in nanoseconds. */
export interface Knobs {
  /** Time added. Faults add to it. */
  added: number;
  /** What its own work, or the network time of a call, is multiplied by. Faults multiply it. */
  factor: number;
  /**
   * Chance that this fault alone fails the request, 0 to 1. Set to 0 before each fault's turn and read after it: each
   * fault decides by a draw of its own, so faults of 30 % and 20 % fail 1 − 0.7 · 0.8 = 44 %, and where several hit, the
   * first in the order of the file says how.
   */
  errorRate: number;
}

/** Sets the knobs to neutral, as they must be before the first fault of a request turns them. */
export function resetKnobs(knobs: Knobs): void {
  knobs.added = 0;
  knobs.factor = 1;
  knobs.errorRate = 0;
}

export interface FaultEffect {
  /**
   * Turns the knobs for one request. At intensity 0 it leaves them as they are.
   * @param intensity 0 to 1: the ramp
   * @param u a uniform draw for this request and fault, 0 < u < 1, apart from the one that decides about errors
   */
  turn(knobs: Knobs, intensity: number, u: number): void;
}

/** When a fault is there, and how long it takes to come and go. */
export interface FaultWindow {
  readonly at: Nanos;
  /** The first instant after it; Infinity: it stays. */
  readonly until: Nanos;
  /** The effect rises for so long from `at` and falls for so long before `until`. */
  readonly ramp: Nanos;
}

/**
 * How strong a fault is at this time, 0 to 1: 0 outside its window, in straight lines up and down its ramps. A window
 * shorter than two ramps has its peak, below 1, in the middle; one without an end only rises.
 */
export function intensityAt({ at, until, ramp }: FaultWindow, time: Nanos): number {
  if (time < at || time >= until) return 0;
  if (ramp === 0) return 1;
  return Math.min(1, (time - at) / ramp, (until - time) / ramp);
}
