// Request by request, as in pathwise_test.ts: cores that are shared, a CPU limit, and queues that serve or lose their
// requests otherwise than in order.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Distribution } from "../../sim/distributions/distribution.ts";
import { type Capacity, PLAIN_CAPACITY } from "../../sim/model/capacity.ts";
import { Outcome } from "../../sim/plan/facts.ts";
import { call, constant, endpoint, exponential, ms, service } from "../build.ts";
import {
  codelServer,
  impatient,
  lastComeFirstServed,
  processorSharing,
  throttledServer,
} from "./capacity_recursions.ts";
import { type Arrivals, assertPath, assertSame, byIteration, common, holds, REQUESTS, run, SERVICES } from "./paths.ts";
import type { Path } from "./recursions.ts";
import type { Track } from "./tape.ts";

/** Runs one service with this capacity, and gives its arrivals and its track. */
function station(
  times: Parameters<typeof endpoint>[0],
  options: { readonly concurrency?: number; readonly capacity: Partial<Capacity> },
  servers: number,
  arrivals: Arrivals,
): { readonly came: Float64Array; readonly track: Track; readonly work: Float64Array } {
  const capacity = { ...PLAIN_CAPACITY, ...options.capacity };
  const server = service("server", { Get: endpoint(times) }, { ...options, capacity });
  const ran = run([server], [call("server.Get")], servers, arrivals);
  const track = ran.requests("server");
  return { came: byIteration(ran.iterations, ran.iterations.start), track, work: byIteration(track, track.work) };
}

/** Load that a station without a limit of its queue can take. */
const stable = { ...common, load: fc.double({ min: 0.3, max: 0.95, noNaN: true }) };

Deno.test("processor sharing on one core and on several: every departure is the recursion's, to the nanosecond", () => {
  let shared = 0;
  const cores = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.double({ min: 0.25, max: 4, noNaN: true }));
  holds(fc.record({ ...stable, cores }), ({ times, cores, ...arrivals }) => {
    const { came, track, work } = station(times, { capacity: { cores } }, cores, arrivals);
    const path = processorSharing(came, work, cores);
    assertSame("arrival", byIteration(track, track.start), came);
    assertSame("wait", byIteration(track, track.wait), path.waits);
    // Times of the engine are whole nanoseconds: one leaves at the end of that in which its service was done.
    const off = byIteration(track, track.end).map((time, n) => Math.abs(time - Math.ceil(path.departures[n]!)));
    const worst = off.reduce((most, each) => Math.max(most, each), 0);
    assert.ok(worst <= 1, `a departure is ${worst} ns from the recursion's`);
    shared += path.departures.filter((time, n) =>
      time > came[n]! + Math.ceil(work[n]! / Math.min(1, cores)) + 1
    ).length;
  });
  assert.ok(shared > REQUESTS, `only ${shared} shared their core with another`);
});

Deno.test("a CPU limit: a single worker stops when its quota of a period is used up, to the nanosecond", () => {
  const limit = fc.integer({ min: 2, max: 19 }).map((twentieths) => twentieths * 50);
  const check = ({ times, limit, ...arrivals }: Arrivals & { times: Distribution; limit: number }): void => {
    const cpuLimit = limit / 1000;
    const { came, track, work } = station(times, { concurrency: 1, capacity: { cpuLimit } }, cpuLimit, arrivals);
    assertPath("server", track, came, throttledServer(came, work, { quota: limit * 1e5, period: 1e8 }));
  };
  holds(fc.record({ ...stable, limit }), check);
  // 0.55 · 10^8 is no whole number in floating point, and yet the quota is one.
  check({ seed: 5, poisson: true, times: SERVICES.lognormal!, load: 0.9, limit: 550 });
});

Deno.test("lifo: every wait is that of the stack", () => {
  const servers = fc.integer({ min: 1, max: 6 });
  holds(fc.record({ ...common, servers }), ({ times, servers, ...arrivals }) => {
    const options = { concurrency: servers, capacity: { discipline: "lifo" as const } };
    const { came, track, work } = station(times, options, servers, arrivals);
    assertPath("server", track, came, lastComeFirstServed(came, work, servers));
  });
});

/** Who left without service is who left in the recursion, and all times are the recursion's. */
function assertLosses(track: Track, came: Float64Array, outcome: number, path: Path & { left: Uint8Array }): number {
  const left = byIteration(track, track.outcome).map((each) => Number(each === outcome));
  assertSame("who left", left, Float64Array.from(path.left));
  assertPath("server", track, came, path);
  return path.left.reduce((sum, each) => sum + each, 0);
}

Deno.test("patience in the queue: those who leave, and when, and every wait of the others", () => {
  let left = 0;
  const parameters = fc.record({
    ...common,
    load: fc.double({ min: 0.7, max: 2, noNaN: true }),
    servers: fc.integer({ min: 1, max: 5 }),
    patience: fc.constantFrom(constant(ms(15)), constant(ms(3)), exponential(ms(30))),
  });
  holds(parameters, ({ times, servers, patience, ...arrivals }) => {
    const options = { concurrency: servers, capacity: { patience } };
    const { came, track, work } = station(times, options, servers, arrivals);
    const outcome = byIteration(track, track.outcome), wait = byIteration(track, track.wait);
    // A patience that was drawn is known of those whose patience ended; the others had enough.
    const drawn = outcome.map((each, n) => each === Outcome.expired ? wait[n]! : Infinity);
    const given = patience.least > 0 ? outcome.map(() => patience.mean) : drawn;
    left += assertLosses(track, came, Outcome.expired, impatient(came, work, given, servers));
  });
  assert.ok(left > REQUESTS, `only ${left} left`);
});

Deno.test("CoDel drops those whom RFC 8289's own steps drop", () => {
  let dropped = 0;
  const parameters = fc.record({
    ...common,
    load: fc.double({ min: 0.9, max: 1.6, noNaN: true }),
    target: fc.integer({ min: 1, max: 30 }),
    interval: fc.integer({ min: 31, max: 300 }),
  });
  holds(parameters, ({ times, target, interval, ...arrivals }) => {
    const codel = { target: ms(target), interval: ms(interval) };
    const options = { concurrency: 1, capacity: { shed: { queue: Infinity, utilization: Infinity, codel } } };
    const { came, track, work } = station(times, options, 1, arrivals);
    dropped += assertLosses(track, came, Outcome.dropped, codelServer(came, work, codel));
  });
  assert.ok(dropped > REQUESTS, `only ${dropped} were dropped`);
});
