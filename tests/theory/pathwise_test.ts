// Request by request: the engine's own arrival and service times, fed to the textbook's recursions, give every wait and
// every end exactly, to the nanosecond.
//
// How ties are settled, which the recursions share: arrivals of an open load come before everything else of their
// nanosecond, so they find a request that leaves then still there; requests that leave one station at the same
// nanosecond go on in the order in which their service began; a time limit that ends at the nanosecond of the answer
// has ended.

import assert from "node:assert/strict";
import fc from "fast-check";
import { FOREVER, type Nanos, RUN_LENGTH_MAX } from "../../sim/base/time.ts";
import type { Distribution } from "../../sim/distributions/distribution.ts";
import type { Step } from "../../sim/model/model.ts";
import { Outcome } from "../../sim/plan/facts.ts";
import { call, closedLoad, constant, endpoint, exponential, ms, plan, service, workload } from "../build.ts";
import { grid } from "./distributions.ts";
import {
  type Arrivals,
  assertPath,
  assertSame,
  byIteration,
  common,
  continuousTimes,
  holds,
  MEAN_MS,
  REQUESTS,
  run,
  SERVICES,
  serviceTimes,
  shifted,
  tape,
} from "./paths.ts";
import { heldWorkers, inOrder, kieferWolfowitz, lindley, lossStation, machineRepairman } from "./recursions.ts";
import type { Tape } from "./tape.ts";

Deno.test("one server: every wait is Lindley's, whatever the arrivals and the services", () => {
  holds(fc.record(common), ({ times, ...arrivals }) => {
    const server = service("server", { Get: endpoint(times) }, { concurrency: 1 });
    const ran = run([server], [call("server.Get")], 1, arrivals);
    const track = ran.requests("server");
    const came = byIteration(ran.iterations, ran.iterations.start);
    assertPath("server", track, came, lindley(came, byIteration(track, track.work)));
  });
});

Deno.test("several servers: every wait is Kiefer and Wolfowitz's", () => {
  holds(fc.record({ ...common, servers: fc.integer({ min: 1, max: 9 }) }), ({ times, servers, ...arrivals }) => {
    const server = service("server", { Get: endpoint(times) }, { concurrency: servers });
    const ran = run([server], [call("server.Get")], servers, arrivals);
    const track = ran.requests("server");
    const came = byIteration(ran.iterations, ran.iterations.start);
    assertPath("server", track, came, kieferWolfowitz(came, byIteration(track, track.work), servers));
  });
});

/** Runs a loss station and gives how many were refused, and how many arrivals met a departure of their nanosecond. */
function checkLoss(times: Distribution, servers: number, queue: number, arrivals: Arrivals): [number, number] {
  const server = service("server", { Get: endpoint(times) }, { concurrency: servers, queue });
  const ran = run([server], [call("server.Get")], servers, arrivals);
  const track = ran.requests("server");
  const came = byIteration(ran.iterations, ran.iterations.start);
  const path = lossStation(came, byIteration(track, track.work), servers, servers + queue);
  const outcome = byIteration(track, track.outcome);
  assertSame(
    "refusal",
    outcome.map((each) => Number(each === Outcome.refused)),
    path.waits.map((wait) => Number(wait < 0)),
  );
  assertPath("server", track, came, { ...path, waits: path.waits.map((wait) => Math.max(0, wait)) });
  const left = new Set(path.departures.filter((_, n) => path.waits[n]! >= 0));
  return [path.waits.filter((wait) => wait < 0).length, came.filter((time) => left.has(time)).length];
}

Deno.test("a limited queue refuses exactly those whom the loss system refuses", () => {
  let refused = 0;
  const parameters = fc.record({
    ...common,
    load: fc.double({ min: 0.7, max: 2, noNaN: true }),
    servers: fc.integer({ min: 1, max: 6 }),
    queue: fc.integer({ min: 0, max: 12 }),
  });
  holds(parameters, ({ times, servers, queue, ...arrivals }) => {
    refused += checkLoss(times, servers, queue, arrivals)[0];
  });
  assert.ok(refused > 1000, `only ${refused} were refused`);
});

Deno.test("an arrival finds a request that leaves at its very nanosecond still there", () => {
  const arrivals = { seed: 3, poisson: false, load: 1 };
  const [refused, ties] = checkLoss(grid(ms(1), 19), 2, 1, arrivals);
  assert.ok(refused > 500 && ties > 1000, `${refused} refused, ${ties} ties`);
});

Deno.test("replicas chosen at random are queues of their own", () => {
  const parameters = fc.record({
    ...common,
    replicas: fc.integer({ min: 2, max: 5 }),
    servers: fc.integer({ min: 1, max: 3 }),
  });
  holds(parameters, ({ times, replicas, servers, ...arrivals }) => {
    const server = service("server", { Get: endpoint(times) }, { concurrency: servers, replicas });
    const ran = run([server], [call("server.Get")], servers * replicas, arrivals);
    const track = ran.requests("server");
    const [came, work, wait, left, chosen] = [ran.iterations, track, track, track, track].map((each, which) =>
      byIteration(each, [each.start, each.work, each.wait, each.end, each.replica][which]!)
    ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
    for (let replica = 0; replica < replicas; replica++) {
      const own = (values: Float64Array): Float64Array => values.filter((_, n) => chosen[n] === replica);
      const path = kieferWolfowitz(own(came), own(work), servers);
      assert.ok(path.waits.length > REQUESTS / replicas / 2, `replica ${replica} had ${path.waits.length} requests`);
      assertSame(`replica ${replica}: wait`, own(wait), path.waits);
      assertSame(`replica ${replica}: departure`, own(left), path.departures);
    }
  });
});

Deno.test("a tandem: what leaves one station arrives at the next, the network later", () => {
  const parameters = fc.record({
    ...common,
    // Two requests that leave a station at one nanosecond have no order that theory knows: so no lattice of times here.
    times: continuousTimes,
    others: fc.array(fc.record({ times: continuousTimes, servers: fc.integer({ min: 1, max: 4 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    network: fc.integer({ min: 0, max: 3_000_000 }),
  });
  holds(parameters, ({ times, others, network, ...arrivals }) => {
    const stations = [{ times, servers: 1 }, ...others];
    const services = stations.map(({ times, servers }, n) =>
      service(`s${n}`, { Get: endpoint(times) }, { concurrency: servers, network: constant(network as Nanos) })
    );
    const ran = run(services, services.map(({ name }) => call(`${name}.Get`)), 1, arrivals);
    let came = shifted(byIteration(ran.iterations, ran.iterations.start), network);
    for (const [n, { servers }] of stations.entries()) {
      const track = ran.requests(`s${n}`);
      const path = inOrder(came, byIteration(track, track.work), (a, s) => kieferWolfowitz(a, s, servers));
      assertPath(`station ${n}`, track, came, path);
      came = shifted(path.departures, 2 * network);
    }
    const answered = shifted(came, -network);
    assertSame("journey: end", byIteration(ran.iterations, ran.iterations.end), answered);
  });
});

Deno.test("a worker is held while its request waits for the service behind", () => {
  const parameters = fc.record({
    ...common,
    workers: fc.integer({ min: 1, max: 6 }),
    own: fc.integer({ min: 0, max: 8_000_000 }),
    network: fc.integer({ min: 0, max: 2_000_000 }),
  });
  holds(parameters, ({ times, workers, own, network, ...arrivals }) => {
    const services = [
      service("front", { Get: endpoint(constant(own as Nanos), [call("back.Get")]) }, { concurrency: workers }),
      service("back", { Get: endpoint(times) }, { concurrency: 1, network: constant(network as Nanos) }),
    ];
    const ran = run(services, [call("front.Get")], 1, arrivals);
    const front = ran.requests("front"), back = ran.requests("back");
    const came = byIteration(ran.iterations, ran.iterations.start);
    const path = heldWorkers(came, byIteration(back, back.work), { workers, own, network });
    assertPath("front", front, came, path.front);
    assertSame("back: wait", byIteration(back, back.wait), path.back.waits);
    assertSame("back: departure", byIteration(back, back.end), path.back.departures);
  });
});

Deno.test("fork and join: a request ends when the last of its branches has answered", () => {
  const parameters = fc.record({
    ...common,
    branches: fc.array(serviceTimes, { minLength: 2, maxLength: 5 }),
    network: fc.integer({ min: 0, max: 2_000_000 }),
  });
  holds(parameters, ({ times: _, branches, network, ...arrivals }) => {
    const behind = branches.map((times, n) =>
      service(`b${n}`, { Get: endpoint(times) }, { concurrency: 1, network: constant(network as Nanos) })
    );
    const fork: Step = { type: "parallel", branches: behind.map(({ name }) => [call(`${name}.Get`)]) };
    const ran = run(
      [service("front", { Get: endpoint(undefined, [fork]) }), ...behind],
      [call("front.Get")],
      1,
      arrivals,
    );
    const came = byIteration(ran.iterations, ran.iterations.start);
    const last = new Float64Array(came.length);
    for (const { name } of behind) {
      const track = ran.requests(name), there = shifted(came, network);
      const path = lindley(there, byIteration(track, track.work));
      assertPath(name, track, there, path);
      path.departures.forEach((time, n) => last[n] = Math.max(last[n]!, time + network));
    }
    const front = ran.requests("front");
    assertSame("front: end", byIteration(front, front.end), last);
  });
});

/** What an attempt of a journey's call should have met: Lindley's server, the network and the caller's patience. */
function checkAttempts(
  ran: Tape,
  { network, timeout, pause }: { network: number; timeout: number; pause: number },
): number {
  const { journeyCalls: calls } = ran, track = ran.requests("server");
  // One server and one queue: requests leave in the order in which they came.
  const came = track.start.values;
  const path = lindley(came, track.work.values);
  assertSame("wait", track.wait.values, path.waits);
  assertSame("departure", track.end.values, path.departures);
  assert.equal(calls.length, track.length);
  const answered = new Map<number, number>();
  path.departures.forEach((time, n) => answered.set(came[n]! - network, time + network));
  const began = [...calls.start.values.keys()].sort((a, b) =>
    calls.iteration.values[a]! - calls.iteration.values[b]! || calls.start.values[a]! - calls.start.values[b]!
  );
  let timedOut = 0, next = NaN;
  for (const n of began) {
    const start = calls.start.values[n]!, limit = start + timeout, answer = answered.get(start)!;
    const late = answer >= limit;
    assert.equal(calls.outcome.values[n], late ? Outcome.timeout : Outcome.ok);
    assert.equal(calls.end.values[n], late ? limit : answer);
    if (!Number.isNaN(next)) assert.equal(start, next, "a retry begins one pause after the attempt before it");
    const retried = calls.wait.values[n]! > 0;
    if (retried) assert.ok(late && calls.wait.values[n] === pause);
    next = retried ? limit + pause : NaN;
    timedOut += Number(late);
  }
  return timedOut;
}

Deno.test("time-outs end an attempt at their nanosecond, the server works on, and retries queue again", () => {
  let timedOut = 0;
  const parameters = fc.record({
    seed: fc.nat(),
    times: fc.constantFrom(SERVICES.exponential!, SERVICES.lognormal!),
    load: fc.double({ min: 0.3, max: 0.7, noNaN: true }),
    network: fc.integer({ min: 0, max: 2_000_000 }),
    timeout: fc.integer({ min: 20_000_000, max: 60_000_000 }),
    pause: fc.integer({ min: 1, max: 50_000_000 }),
    attempts: fc.integer({ min: 1, max: 3 }),
  });
  holds(parameters, ({ seed, times, load, network, timeout, pause, attempts }) => {
    const server = service("server", { Get: endpoint(times) }, { concurrency: 1, network: constant(network as Nanos) });
    const backoff = { base: pause as Nanos, max: pause as Nanos, factor: 1, jitter: "none" as const };
    const visit = call("server.Get", { timeout: timeout as Nanos, retry: { attempts, backoff } });
    const ran = run([server], [visit], 1, { seed, poisson: true, load });
    timedOut += checkAttempts(ran, { network, timeout, pause });
  });
  assert.ok(timedOut > 1000, `only ${timedOut} timed out`);
});

Deno.test("a closed loop is the machine repairman's circle: every user comes back one pause after the answer", () => {
  const parameters = fc.record({
    seed: fc.nat(),
    users: fc.integer({ min: 1, max: 25 }),
    think: fc.double({ min: 10, max: 400, noNaN: true }),
  });
  holds(parameters, ({ seed, users, think }) => {
    const length = ms(REQUESTS * 1.15 * Math.max(MEAN_MS, (MEAN_MS + think) / users) * 1.3);
    const of = plan({
      seed,
      services: [service("server", { Get: endpoint(exponential(ms(MEAN_MS))) }, { concurrency: 1 })],
      journeys: { visit: [call("server.Get"), { type: "think", pause: exponential(ms(think)) }] },
      workloads: [
        workload("users", "visit", closedLoad(users, length), { gracefulStop: (RUN_LENGTH_MAX / 2) as Nanos }),
      ],
    });
    tape.record(of, 0 as Nanos, FOREVER);
    const visits = tape.requests("server"), { iterations } = tape;
    assert.ok(visits.length >= REQUESTS && visits.length === iterations.length, `${visits.length} visits`);
    const none = (): number[][] => Array.from({ length: users }, () => []);
    const services = none(), thinks = none(), began = none(), served = none(), ended = none();
    for (let i = 0; i < visits.length; i++) {
      const user = visits.vu.values[i]! - 1;
      services[user]!.push(visits.work.values[i]!);
      began[user]!.push(visits.start.values[i]!);
      served[user]!.push(visits.end.values[i]!);
    }
    for (let i = 0; i < iterations.length; i++) ended[iterations.vu.values[i]! - 1]!.push(iterations.end.values[i]!);
    for (let user = 0; user < users; user++) {
      thinks[user]!.push(...ended[user]!.map((end, n) => end - served[user]![n]!));
    }
    const circle = machineRepairman(services, thinks);
    for (let user = 0; user < users; user++) {
      assertSame(`user ${user}: arrival`, Float64Array.from(began[user]!), Float64Array.from(circle.began[user]!));
      assertSame(`user ${user}: answer`, Float64Array.from(served[user]!), Float64Array.from(circle.served[user]!));
    }
  });
});
