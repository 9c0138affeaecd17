// What every executor compiles to: when iterations start (open), or how many VUs there are (closed). It runs nothing;
// the rules that hold for whoever runs it stand here, as k6 has them.
//
// At one instant what is planned comes before what happens: changes of the number of VUs, then the end of the load, the
// ends of graces and arrivals, and only then the ends of iterations. An iteration that ends at the very moment at which
// its VU is taken away, or the load ends, is followed by no other; one that ends when its grace does is interrupted; and
// an arrival finds a VU that becomes free at that instant still busy. (In k6 an iteration always ends a little after the
// round number that a sleep promises, so these are its results for iterations that only sleep.)

import type { Nanos } from "../base/time.ts";

export type Load = OpenLoad | ClosedLoad;

/**
 * Iterations start at times of their own, whether earlier ones have ended or not.
 *
 * An arrival that finds no free VU is dropped (one dropped iteration, never made up for); if there are fewer than `maxVUs`
 * then, one is added, which is free from the next arrival on. Where `maxVUs` is Infinity a VU is added for that very
 * arrival and nothing is dropped. At `length` no more iterations start; those running have gracefulStop, and are then
 * interrupted.
 */
export interface OpenLoad {
  readonly type: "open";
  /** Length without gracefulStop; of a load without end as long as a run may last. */
  readonly length: Nanos;
  /** Whether it was asked to go on until the run is stopped. */
  readonly endless: boolean;
  /** After which it comes again, where it does. */
  readonly cycle: Nanos | undefined;
  /** VUs that are there from the start; finite. */
  readonly preAllocatedVUs: number;
  /** Infinity: as many as it takes. */
  readonly maxVUs: number;
  /**
   * How many starts there will be, dropped ones included: exact for even spacing, the mean for Poisson arrivals, and
   * Infinity without end.
   */
  readonly expectedIterations: number;
  /** The rate that is asked for at this time after the workload's start, in iterations a second; 0 outside its length. */
  plannedRate(time: Nanos): number;
  /**
   * A fresh cursor over the start times, relative to the workload's start.
   * @param draw the n-th draw of this workload, n = 0, 1, 2…, 0 < u < 1; only Poisson arrivals draw
   */
  arrivals(draw: (n: number) => number): Arrivals;
}

export interface Arrivals {
  /** The next start, before the load's length; Infinity when there is none left. Never decreases. */
  next(): Nanos;
}

/**
 * VUs run iterations one after the other: VU i (from 1) runs while the number of VUs is i or more.
 *
 * When the number falls, the VUs with the highest numbers are taken away: each ends its iteration, for which it has
 * `gracefulRampDown`, but not beyond length + gracefulStop; an iteration still running then is interrupted. A VU that
 * is wanted again in that time, or at its very end, goes on as if it had never been taken away. At `length` all VUs that
 * are left stop: no iteration starts then or later, and those running have gracefulStop; a VU that a change at `length`
 * itself takes away has only gracefulRampDown. Of a fixed number of iterations, those that have not started by
 * `length` are dropped; one that was started and interrupted is not. The workload ends before `length` when all its
 * iterations have ended.
 */
export interface ClosedLoad {
  readonly type: "closed";
  /**
   * Length without gracefulStop; the maxDuration of the executors with a fixed number of iterations; of a load without end
   * as long as a run may last.
   */
  readonly length: Nanos;
  /** Whether it was asked to go on until the run is stopped. */
  readonly endless: boolean;
  /** After which it comes again, where it does. */
  readonly cycle: Nanos | undefined;
  /** The highest number of VUs that is planned; that many are initialised from the start. */
  readonly vusMax: number;
  /** How long an iteration of a VU that is taken away may go on. */
  readonly gracefulRampDown: Nanos;
  /** Iterations in all, shared by the VUs, or for each VU; undefined: as many as the time allows. */
  readonly iterations: { readonly total: number } | { readonly perVu: number } | undefined;
  /** How many VUs are planned at this time after the workload's start; 0 outside its length. */
  plannedVUs(time: Nanos): number;
  /** A fresh cursor over the changes of the number of VUs, relative to the workload's start; the first is at 0. */
  changes(): VuChanges;
}

export interface VuChanges {
  /** Moves to the next change. Gives false when there is none left. */
  next(): boolean;
  /** Rises with every change; at most the load's length. What changes several times at one instant is one change. */
  readonly time: Nanos;
  /** The number of VUs from `time` on. */
  readonly count: number;
}
