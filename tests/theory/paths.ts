// What the pathwise tests share: runs of a journey over somewhat more than 10,000 requests, and their columns by request.

import assert from "node:assert/strict";
import fc from "fast-check";
import { FOREVER, type Nanos, nanos, RUN_LENGTH_MAX } from "../../sim/base/time.ts";
import type { Distribution } from "../../sim/distributions/distribution.ts";
import type { Service, Step } from "../../sim/model/model.ts";
import { constant, exponential, ms, openLoad, plan, workload } from "../build.ts";
import { bimodal, grid, lognormal } from "./distributions.ts";
import type { Path } from "./recursions.ts";
import { type Column, Tape, type Track } from "./tape.ts";

export const REQUESTS = 10_000;
const RUNS = 12;
export const MEAN_MS = 10;

export const SERVICES: Readonly<Record<string, Distribution>> = {
  exponential: exponential(ms(MEAN_MS)),
  constant: constant(ms(MEAN_MS)),
  lognormal: lognormal(ms(MEAN_MS), 3),
  bimodal: bimodal(ms(5), ms(55), 0.1),
  grid: grid(ms(1), 19),
};

export const serviceTimes = fc.constantFrom(...Object.keys(SERVICES)).map((name) => SERVICES[name]!);
/** Poisson arrivals, or even ones of a whole number of milliseconds, which tie with the times of the grid. */
export const common = {
  seed: fc.nat(),
  poisson: fc.boolean(),
  times: serviceTimes,
  load: fc.double({ min: 0.3, max: 1.2, noNaN: true }),
};

export const tape = new Tape();

export interface Arrivals {
  readonly seed: number;
  readonly poisson: boolean;
  /** Of the station that is to have it. */
  readonly load: number;
}

/** Runs a journey for somewhat more than REQUESTS arrivals at `load` times what `servers` can serve. */
export function run(services: readonly Service[], journey: readonly Step[], servers: number, arrivals: Arrivals): Tape {
  const period = MEAN_MS / servers / arrivals.load;
  const rate = 1000 / (arrivals.poisson ? period : Math.max(1, Math.round(period)));
  const length = nanos((REQUESTS * 1.05 / rate) * 1e9);
  const of = plan({
    seed: arrivals.seed,
    services,
    journeys: { visit: journey },
    workloads: [
      workload("arrivals", "visit", openLoad(rate, length, { poisson: arrivals.poisson }), {
        gracefulStop: (RUN_LENGTH_MAX / 2) as Nanos,
      }),
    ],
  });
  tape.record(of, 0 as Nanos, FOREVER);
  assert.ok(tape.iterations.length >= REQUESTS, `${tape.iterations.length} requests`);
  return tape;
}

/** A column by number of iteration, which is the order of arrival: each has visited the station once. */
export function byIteration(track: Track, column: Column): Float64Array {
  const ordered = new Float64Array(track.length).fill(NaN);
  const iteration = track.iteration.values, values = column.values;
  for (let i = 0; i < values.length; i++) ordered[iteration[i]!] = values[i]!;
  return ordered;
}

export function assertSame(what: string, actual: Float64Array, expected: Float64Array): void {
  assert.equal(actual.length, expected.length, `${what}: how many`);
  for (let n = 0; n < actual.length; n++) {
    if (actual[n] !== expected[n]) {
      assert.fail(`${what} of request ${n}: ${actual[n]} ns, the recursion says ${expected[n]} ns`);
    }
  }
}

/** The arrivals at a station, and what the recursion makes of them, are those of the engine. */
export function assertPath(name: string, track: Track, arrivals: Float64Array, path: Path): void {
  assertSame(`${name}: arrival`, byIteration(track, track.start), arrivals);
  assertSame(`${name}: wait`, byIteration(track, track.wait), path.waits);
  assertSame(`${name}: departure`, byIteration(track, track.end), path.departures);
}

export function shifted(times: Float64Array, by: number): Float64Array {
  return times.map((time) => time + by);
}

export const continuousTimes = fc.constantFrom(SERVICES.exponential!, SERVICES.lognormal!);

export const holds = <T>(parameters: fc.Arbitrary<T>, check: (parameters: T) => void): void =>
  fc.assert(fc.property(parameters, check), { numRuns: RUNS });
