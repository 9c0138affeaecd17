// Request by request, as in pathwise_test.ts: what callers' pools, bulkheads and balancers make of the engine's own
// arrivals and services.

import assert from "node:assert/strict";
import fc from "fast-check";
import { FOREVER, type Nanos, nanos, RUN_LENGTH_MAX } from "../../sim/base/time.ts";
import { type CallPolicies, NO_POLICIES } from "../../sim/model/policies.ts";
import { Outcome } from "../../sim/plan/facts.ts";
import { call, endpoint, exponential, ms, openLoad, plan, service, workload } from "../build.ts";
import { lognormal } from "./distributions.ts";
import { kieferWolfowitz, lindley, lossStation } from "./recursions.ts";
import { type Column, Tape, type Track } from "./tape.ts";

const REQUESTS = 10_000;
const RUNS = 8;
const MEAN_MS = 10;
const tape = new Tape();

const arrivals = {
  seed: fc.nat(),
  times: fc.constantFrom(exponential(ms(MEAN_MS)), lognormal(ms(MEAN_MS), 3)),
  load: fc.double({ min: 0.3, max: 1.1, noNaN: true }),
};

/** Users call a service under policies; `servers` is what the load is of. */
function run(
  policies: Partial<CallPolicies>,
  servers: number,
  { seed, times, load }: { seed: number; times: ReturnType<typeof exponential>; load: number },
  options: Parameters<typeof service>[2] = {},
): Tape {
  const rate = servers / MEAN_MS * load * 1000;
  const of = plan({
    seed,
    services: [service("server", { Get: endpoint(times) }, options)],
    journeys: { visit: [call("server.Get", { policies: { ...NO_POLICIES, ...policies } })] },
    workloads: [
      workload("arrivals", "visit", openLoad(rate, nanos(REQUESTS * 1.05 / rate * 1e9), { poisson: true }), {
        gracefulStop: (RUN_LENGTH_MAX / 2) as Nanos,
      }),
    ],
  });
  tape.record(of, 0 as Nanos, FOREVER);
  assert.ok(tape.iterations.length >= REQUESTS * 0.98, `${tape.iterations.length} requests`);
  return tape;
}

/** A column in the order of arrival. @param missing where a track has no row of an iteration */
function byIteration(track: Track, column: Column, length: number, missing = NaN): Float64Array {
  const ordered = new Float64Array(length).fill(missing);
  const iteration = track.iteration.values, values = column.values;
  for (let i = 0; i < values.length; i++) ordered[iteration[i]!] = values[i]!;
  return ordered;
}

function holds<T>(parameters: fc.Arbitrary<T>, check: (parameters: T) => void): void {
  fc.assert(fc.property(parameters, check), { numRuns: RUNS });
}

Deno.test("a pool is a queue for its connections: every wait and every end is Kiefer and Wolfowitz's", () => {
  holds(fc.record({ ...arrivals, size: fc.integer({ min: 1, max: 6 }) }), ({ size, ...load }) => {
    const pool = { size, wait: FOREVER, setup: undefined, keepAlive: FOREVER, view: "replica" as const };
    const ran = run({ pool }, size, load);
    const { length } = ran.iterations, calls = ran.journeyCalls;
    const came = byIteration(ran.iterations, ran.iterations.start, length);
    const work = byIteration(ran.requests("server"), ran.requests("server").work, length);
    const path = kieferWolfowitz(came, work, size);
    assert.deepEqual(byIteration(calls, calls.work, length), path.waits);
    assert.deepEqual(byIteration(calls, calls.end, length), path.departures);
  });
});

Deno.test("a bulkhead without a queue is Erlang's loss system: every call that it holds back", () => {
  holds(fc.record({ ...arrivals, places: fc.integer({ min: 1, max: 6 }) }), ({ places, ...load }) => {
    const ran = run({ bulkhead: { concurrency: places, queue: 0, wait: ms(0) } }, places, load);
    const { length } = ran.iterations, calls = ran.journeyCalls;
    const came = byIteration(ran.iterations, ran.iterations.start, length);
    const work = byIteration(ran.requests("server"), ran.requests("server").work, length, 0);
    const path = lossStation(came, work, places, places);
    const held = byIteration(calls, calls.outcome, length).map((each) => each === Outcome.bulkheadFull ? 1 : 0);
    assert.deepEqual(held, path.waits.map((wait) => wait < 0 ? 1 : 0));
  });
});

Deno.test("round-robin deals the arrivals out: at each replica every wait is Lindley's", () => {
  holds(fc.record({ ...arrivals, replicas: fc.integer({ min: 2, max: 5 }) }), ({ replicas, ...load }) => {
    const ran = run({ balancer: { kind: "round-robin", view: "replica" } }, replicas, load, {
      replicas,
      concurrency: 1,
    });
    const { length } = ran.iterations, track = ran.requests("server");
    const came = byIteration(ran.iterations, ran.iterations.start, length);
    const work = byIteration(track, track.work, length), waits = byIteration(track, track.wait, length);
    for (let replica = 0; replica < replicas; replica++) {
      const mine = (all: Float64Array): Float64Array => all.filter((_, n) => n % replicas === replica);
      assert.deepEqual(mine(waits), lindley(mine(came), mine(work)).waits);
    }
  });
});

Deno.test("least requests never takes a replica while another has fewer under way", () => {
  holds(fc.record({ ...arrivals, replicas: fc.integer({ min: 2, max: 5 }) }), ({ replicas, ...load }) => {
    const ran = run({ balancer: { kind: "least-requests", view: "replica" } }, replicas, load, {
      replicas,
      concurrency: 1,
    });
    const { length } = ran.iterations, track = ran.requests("server");
    const came = byIteration(track, track.start, length), end = byIteration(track, track.end, length);
    const replica = byIteration(track, track.replica, length);
    const underWay: number[][] = Array.from({ length: replicas }, () => []);
    for (let n = 0; n < length; n++) {
      const counts = underWay.map((ends, each) => {
        underWay[each] = ends.filter((time) => time >= came[n]!);
        return underWay[each]!.length;
      });
      assert.equal(counts[replica[n]!], Math.min(...counts), `request ${n}`);
      underWay[replica[n]!]!.push(end[n]!);
    }
  });
});
