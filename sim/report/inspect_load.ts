// How many iterations a workload will start, and what it takes to run them.

import { HOUR, type Nanos } from "../base/time.ts";
import type { ClosedLoad, Load, OpenLoad } from "../load/load.ts";
import { arrivalsOf, workloadKey } from "../plan/draws.ts";
import type { Plan, PlanWorkload } from "../plan/plan.ts";

/** Above it the arrivals of a random load are not counted one by one: that takes about a second. */
const COUNTED_ARRIVALS_MAX = 20_000_000;
/** Above it the changes of a number of VUs are not walked through. */
const CHANGES_MAX = 2_000_000;
/** Samples of a number of VUs in place of its changes, or of a rate in place of its starts. */
const SAMPLES = 10_000;

export interface Estimate {
  readonly count: number;
  /** Whether it is what a run will count, or only near it. */
  readonly isExact: boolean;
}

export interface LoadForecast {
  /** Iterations that start; of an open load those that are due, whether a VU is free or not. */
  readonly iterations: Estimate;
  /** Without gracefulStop; of a fixed number of iterations how long they take, if that is less. */
  readonly length: Nanos;
}

/** Of a load without end: two of its cycles, or so much. */
const ENDLESS_SHOWN = HOUR;

/** How much of the run is looked ahead at: all of it or, where it has no end, a part that shows what comes again. */
export function horizonOf(plan: Plan): Nanos {
  const ends = plan.workloads.map(({ startTime, load: { endless, cycle, length } }) =>
    startTime + Math.min(length, endless ? (cycle === undefined ? ENDLESS_SHOWN : 2 * cycle) : length)
  );
  return Math.max(1, ...ends) as Nanos;
}

/**
 * @param time mean time of an iteration in nanoseconds
 * @param horizon where a load without end is cut off
 */
export function forecastLoad(plan: Plan, workload: PlanWorkload, time: number, horizon: Nanos): LoadForecast {
  const load = cutOff(workload.load, (horizon - workload.startTime) as Nanos);
  if (load.type === "open") return { iterations: arrivals(plan, workload, load), length: load.length };
  return load.iterations === undefined
    ? { iterations: { count: loops(load, time), isExact: false }, length: load.length }
    : fixedIterations(load, load.iterations, time);
}

/** A load without end up to a length. */
function cutOff<L extends Load>(load: L, length: Nanos): L {
  return load.endless ? { ...load, length: Math.max(0, Math.min(load.length, length)) as Nanos } : load;
}

/** Counts the very draws of the run. */
function arrivals(plan: Plan, { salt }: PlanWorkload, load: OpenLoad): Estimate {
  const expectedIterations = load.endless
    ? meanOf(load.plannedRate, load.length) * load.length / 1e9
    : load.expectedIterations;
  const isCounted = expectedIterations <= COUNTED_ARRIVALS_MAX;
  let draws = 0;
  load.arrivals(() => (draws++, 0.5)).next();
  if (draws === 0 && !load.endless) return { count: expectedIterations, isExact: true };
  if (!isCounted) return { count: expectedIterations, isExact: false };
  const cursor = arrivalsOf(load, workloadKey(plan.seed, salt));
  let count = 0;
  while (cursor.next() < load.length) count++;
  return { count, isExact: true };
}

/**
 * Iterations that VUs start in a closed loop. Each VU starts one at once and then one after the other: of so long a stay
 * stay / time, and half a one more for the last, which is under way at its end (renewal theory, for iterations of about the
 * same length).
 */
function loops(load: ClosedLoad, time: number): number {
  const { vuTime, begun } = vuTimeOf(load);
  return Math.max(begun, vuTime / time + begun / 2);
}

/** VU-nanoseconds that are planned, and how often a VU is put to work. */
function vuTimeOf(load: ClosedLoad): { vuTime: number; begun: number } {
  const changes = load.changes();
  let vuTime = 0, begun = 0, time = 0, count = 0;
  for (let n = 0; n < CHANGES_MAX; n++) {
    if (!changes.next() || changes.time >= load.length) return { vuTime: vuTime + count * (load.length - time), begun };
    vuTime += count * (changes.time - time);
    begun += Math.max(0, changes.count - count);
    ({ time, count } = changes);
  }
  return { vuTime: meanOf(load.plannedVUs, load.length) * load.length, begun: load.vusMax };
}

/** The mean of a function of time up to `length`, by even samples. */
function meanOf(valueAt: (time: Nanos) => number, length: Nanos): number {
  let sum = 0;
  for (let i = 0; i < SAMPLES; i++) sum += valueAt(Math.floor((i + 0.5) / SAMPLES * length) as Nanos);
  return sum / SAMPLES;
}

function fixedIterations(
  load: ClosedLoad,
  iterations: NonNullable<ClosedLoad["iterations"]>,
  time: number,
): LoadForecast {
  const total = "total" in iterations ? iterations.total : iterations.perVu * load.vusMax;
  const needed = Math.ceil(total / load.vusMax) * time;
  if (needed > load.length) {
    return { iterations: { count: Math.min(total, loops(load, time)), isExact: false }, length: load.length };
  }
  // Near the end it is a matter of chance whether the last ones still start.
  return { iterations: { count: total, isExact: needed * 2 <= load.length }, length: Math.ceil(needed) as Nanos };
}

const STEPS = 960;
const REFINEMENTS = 50;

/** The highest value of a function of time up to `length`: by even samples, refined around the highest. */
export function peakOf(valueAt: (time: Nanos) => number, length: Nanos): number {
  let peak = 0, at = 0;
  const step = length / STEPS;
  for (let i = 0; i < STEPS; i++) {
    const value = valueAt(Math.floor(i * step) as Nanos);
    if (value > peak) [peak, at] = [value, i * step];
  }
  let from = Math.max(0, at - step), to = Math.min(length - 1, at + step);
  for (let i = 0; i < REFINEMENTS; i++) {
    const third = (to - from) / 3;
    const low = valueAt(Math.round(from + third) as Nanos), high = valueAt(Math.round(to - third) as Nanos);
    peak = Math.max(peak, low, high);
    if (low < high) from += third;
    else to -= third;
  }
  return peak;
}
