// The state of one workload: its VUs, its next start, and what of it is still alive.

import { FOREVER, type Nanos } from "../base/time.ts";
import type { Arrivals, VuChanges } from "../load/load.ts";
import { arrivalsOf, type DrawKey } from "../plan/draws.ts";
import type { PlanWorkload } from "../plan/plan.ts";

/** One virtual user. */
export class Vu {
  /** Slot of the frame of its current iteration; -1 when it runs none. */
  frame = -1;
  /** It starts another iteration when the current one ends (closed loads). */
  active = false;
  /** Rises when it is taken away or given back, so that an older end of grace is void. */
  generation = 0;
  iterations = 0;

  constructor(
    /** Counts from 1. */
    readonly number: number,
    /** Position in the list of all VUs of the run. */
    readonly slot: number,
    readonly workload: number,
  ) {}
}

export class WorkloadState {
  readonly vus: Vu[] = [];
  /** Iterations, and VUs of closed loads, that surges have added. */
  extraIterations = 0;
  readonly extraVus: Vu[] = [];
  /** Open loads: VUs that run no iteration; the one that became free last is used first. */
  readonly idle: Vu[] = [];
  vusTarget = 0;
  vusRunning = 0;
  iterationsStarted = 0;
  /** Iterations in a row that took no time. */
  instantIterations = 0;
  /** Frames of this workload that are alive, abandoned work included. */
  alive = 0;
  /** No further iteration will start. */
  loadEnded = false;
  ended = false;

  /** It has begun, or its beginning is scheduled. */
  begun = false;
  startTime: Nanos = FOREVER;
  loadEnd: Nanos = FOREVER;
  hardEnd: Nanos = FOREVER;
  readonly keyHigh: number;
  readonly keyLow: number;
  readonly arrivals: Arrivals | undefined;
  readonly changes: VuChanges | undefined;

  constructor(readonly plan: PlanWorkload, key: DrawKey) {
    this.keyHigh = key.high;
    this.keyLow = key.low;
    if (plan.load.type === "open") this.arrivals = arrivalsOf(plan.load, key);
    else this.changes = plan.load.changes();
  }

  /** Sets its times. @param origin the run's start, or the end of the workload that it waits for */
  begin(origin: Nanos): void {
    this.begun = true;
    this.startTime = (origin + this.plan.startDelay) as Nanos;
    this.loadEnd = (this.startTime + this.plan.load.length) as Nanos;
    this.hardEnd = (this.loadEnd + this.plan.gracefulStop) as Nanos;
  }

  /** When the next iteration of an open load starts; FOREVER when none is left. */
  nextArrival(): Nanos {
    const next = this.arrivals === undefined ? FOREVER : this.arrivals.next();
    return (next + this.startTime) as Nanos;
  }

  /** Whether the number of VUs has a change at this time that is still to be made. */
  changesAt(time: Nanos): boolean {
    const { changes } = this;
    return !this.loadEnded && changes !== undefined && changes.count !== this.vusTarget &&
      this.startTime + changes.time === time;
  }

  /** How many iterations of a fixed number have not been started; 0 for loads that have no such number. */
  get iterationsLeft(): number {
    const { load } = this.plan;
    if (load.type === "open" || load.iterations === undefined) return 0;
    if ("total" in load.iterations) return load.iterations.total - this.iterationsStarted;
    return load.iterations.perVu * load.vusMax - this.iterationsStarted;
  }

  /** Whether this VU may start another iteration. */
  mayIterate(vu: Vu): boolean {
    if (this.loadEnded || !vu.active) return false;
    const { load } = this.plan;
    if (load.type === "open" || load.iterations === undefined) return true;
    return "total" in load.iterations
      ? this.iterationsStarted < load.iterations.total
      : vu.iterations < load.iterations.perVu;
  }
}
