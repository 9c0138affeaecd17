// Cores, queues, pauses, warm-up, rate limits and load shedding, as a single service shows them.

import assert from "node:assert/strict";
import { FOREVER } from "../../sim/base/time.ts";
import { type Capacity, PLAIN_CAPACITY } from "../../sim/model/capacity.ts";
import type { Step } from "../../sim/model/model.ts";
import { Change, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import {
  call,
  constant,
  endpoint,
  exponential,
  ms,
  openLoad,
  plan,
  type Row,
  seconds,
  service,
  simulate,
  type Simulation,
  workload,
} from "../build.ts";

function assertNothingLeaks({ engine }: Simulation): void {
  assert.equal(engine.workersInUse, 0, "workers in use at the end");
  assert.equal(engine.framesInUse, 0, "frames in use at the end");
}

interface Options {
  readonly capacity?: Partial<Capacity>;
  readonly concurrency?: number;
  readonly queue?: number;
  readonly replicas?: number;
  readonly latency?: Parameters<typeof endpoint>[0];
  readonly calls?: readonly Step[];
  readonly poisson?: boolean;
}

/** One service under an open load. */
function single(options: Options, rate: number, length_s: number) {
  const { capacity, latency = constant(ms(10)), calls = [], poisson = false, ...rest } = options;
  return plan({
    services: [
      service("web", { "GET /": endpoint(latency, calls) }, {
        ...rest,
        capacity: { ...PLAIN_CAPACITY, ...capacity },
      }),
      service("back", { Get: endpoint(constant(ms(100))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(rate, seconds(length_s), { poisson }))],
  });
}

const web = (run: Simulation): Row[] => run.requests.filter((each) => each.service === "web");
const took = (row: Row): number => row.time - row.start;
const outcomes = (run: Simulation, outcome: number): Row[] => web(run).filter((each) => each.outcome === outcome);

// ---- cores ----------------------------------------------------------------------------------------------------------

Deno.test("requests on one core share it evenly: two that overlap take as long as both, and each is told its own work", () => {
  // At 0 and 5 ms: both on half a core from 5 ms on, so the first is done at 15 ms and the second at 20 ms.
  const run = simulate(single({ capacity: { cores: 1 } }, 200, 0.01));
  assert.deepEqual(web(run).map((each) => [each.start, each.time, each.wait, each.extra]), [
    [ms(0), ms(15), 0, ms(10)],
    [ms(5), ms(20), 0, ms(10)],
  ]);
  assertNothingLeaks(run);
});

Deno.test("no request uses more than one core, and half a core is half as fast", () => {
  assert.deepEqual(web(simulate(single({ capacity: { cores: 4 } }, 1, 1))).map(took), [ms(10)]);
  assert.deepEqual(web(simulate(single({ capacity: { cores: 0.5 } }, 1, 1))).map(took), [ms(20)]);
});

Deno.test("cores are held for own work only: a request that waits for a call leaves them to others", () => {
  const run = simulate(single({ capacity: { cores: 1 }, calls: [call("back.Get")] }, 100, 0.05));
  // Five arrivals 10 ms apart, each works 10 ms alone and then waits 100 ms.
  for (const request of web(run)) assert.equal(took(request), ms(110));
});

Deno.test("with both, concurrency says who is worked on and cores how fast", () => {
  const run = simulate(single({ capacity: { cores: 1 }, concurrency: 2 }, 1000, 0.003));
  // Two share the core from 1 ms on: the first is done at 19 ms. The third then shares it with the second's last ms.
  assert.deepEqual(web(run).map((each) => [each.start, each.time, each.wait]), [
    [ms(0), ms(19), 0],
    [ms(1), ms(21), 0],
    [ms(2), ms(30), ms(17)],
  ]);
});

Deno.test("branches of one request share its replica's cores", () => {
  const work = (length: number): Step[] => [{ type: "work", share: undefined, latency: constant(ms(length)) }];
  const steps: Step[] = [{ type: "parallel", branches: [work(10), work(10)] }];
  assert.deepEqual(
    web(simulate(single({ latency: undefined, calls: steps, capacity: { cores: 1 } }, 1, 1))).map(took),
    [
      ms(20),
    ],
  );
  assert.deepEqual(
    web(simulate(single({ latency: undefined, calls: steps, capacity: { cores: 2 } }, 1, 1))).map(took),
    [
      ms(10),
    ],
  );
});

Deno.test("what the run's end cuts off leaves the cores to nobody and leaks nothing", () => {
  const run = simulate(single({ capacity: { cores: 1 }, latency: constant(seconds(50)) }, 10, 1), { stopAt: 0.55 });
  assert.equal(outcomes(run, Outcome.interrupted).length, 6);
  assertNothingLeaks(run);
});

// ---- CPU limit ------------------------------------------------------------------------------------------------------

Deno.test("a CPU limit lets work run at full speed until the quota is used up, and then stops it until the next period", () => {
  const run = simulate(single({ latency: constant(ms(120)), capacity: { cpuLimit: 0.5 } }, 1, 1));
  // 50 ms of each period of 100 ms: 0 to 50, 100 to 150, 200 to 220.
  assert.deepEqual(web(run).map(took), [ms(220)]);
  const throttled = run.rows.filter((row) => row.kind === FactKind.change && row.outcome === Change.throttled);
  assert.deepEqual(throttled.map((row) => [row.time, row.wait]), [[ms(50), ms(50)], [ms(150), ms(50)]]);
});

Deno.test("a burst uses the quota up together: four threads on a limit of two cores stop halfway through the period", () => {
  const run = simulate(single({ latency: constant(ms(60)), capacity: { cpuLimit: 2 } }, 1e9, 4e-9));
  for (const request of web(run)) assert.ok(Math.abs(took(request) - ms(110)) < 10, String(took(request)));
});

Deno.test("a limit of two cores is nothing to a single thread", () => {
  assert.deepEqual(web(simulate(single({ latency: constant(ms(350)), capacity: { cpuLimit: 2 } }, 1, 1))).map(took), [
    ms(350),
  ]);
});

// ---- queues ---------------------------------------------------------------------------------------------------------

Deno.test("lifo takes up who came last", () => {
  const run = simulate(single({ concurrency: 1, capacity: { discipline: "lifo" } }, 1000, 0.004));
  assert.deepEqual(web(run).map((each) => each.start), [ms(0), ms(3), ms(2), ms(1)]);
  assertNothingLeaks(run);
});

Deno.test("patience in the queue ends with 503 after just that wait, and the worker never sees the request", () => {
  const run = simulate(single({ concurrency: 1, capacity: { patience: constant(ms(15)) } }, 1000, 0.004));
  // 10 ms each: the second waits 9 ms, the third would wait 18 ms and the fourth 27 ms.
  assert.deepEqual(web(run).map((each) => [each.start, each.time, each.outcome, each.status]), [
    [ms(0), ms(10), Outcome.ok, 200],
    [ms(2), ms(17), Outcome.expired, 503],
    [ms(3), ms(18), Outcome.expired, 503],
    [ms(1), ms(20), Outcome.ok, 200],
  ]);
  const calls = run.calls.filter((each) => each.status === 503);
  assert.deepEqual(calls.map((each) => each.outcome), [Outcome.refused, Outcome.refused]);
  assertNothingLeaks(run);
});

Deno.test("who is taken up at the very end of its patience is served", () => {
  const run = simulate(single({ concurrency: 1, capacity: { patience: constant(ms(9)) } }, 1000, 0.002));
  assert.deepEqual(web(run).map((each) => each.outcome), [Outcome.ok, Outcome.ok]);
});

Deno.test("controlled delay keeps waits within the target once the queue is standing, and serves who came last", () => {
  const capacity = { discipline: "codel" as const, delay: { target: ms(5), interval: ms(100) } };
  const run = simulate(single({ concurrency: 50, capacity, latency: exponential(ms(10)), poisson: true }, 10_000, 4));
  const late = web(run).filter((each) => each.start > seconds(2) && each.outcome === Outcome.ok);
  assert.ok(Math.max(...late.map((each) => each.wait)) <= ms(100));
  // Now and then the queue is empty by chance, and for an interval is served in order again.
  const patient = late.filter((each) => each.wait > ms(5)).length / late.length;
  assert.ok(patient < 0.25, `${patient} of them waited for more than the target`);
  // It is twice what the workers can do: they are all busy, and half is dropped.
  assert.ok(late.length > 9600 && late.length < 10_400, `${late.length} served`);
  assert.ok(outcomes(run, Outcome.dropped).length > 15_000);
  assertNothingLeaks(run);
});

Deno.test("controlled delay drops nothing of a load that the service can do", () => {
  const capacity = { discipline: "codel" as const };
  const run = simulate(single({ concurrency: 10, capacity, latency: exponential(ms(10)), poisson: true }, 500, 20));
  assert.equal(outcomes(run, Outcome.dropped).length, 0);
});

// ---- pauses and warm-up ---------------------------------------------------------------------------------------------

Deno.test("a pause is longer by what each request that is there adds", () => {
  const pauses = [{ every: constant(seconds(1)), length: constant(ms(20)), perRequest: ms(30) }];
  const run = simulate(
    single({ concurrency: 1, latency: exponential(ms(10)), capacity: { pauses }, poisson: true }, 85, 10),
  );
  const told = run.rows.filter((row) => row.kind === FactKind.change && row.outcome === Change.paused);
  let most = 0;
  for (const { start, wait } of told) {
    const present = web(run).filter((each) => each.start < start && each.time > start).length;
    assert.equal(wait, ms(20) + present * ms(30));
    most = Math.max(most, present);
  }
  assert.ok(told.length > 5 && most > 2, `${told.length} pauses, ${most} waited at most`);
});

Deno.test("in a pause everything of a replica stands still: its work, its answers, and what comes in", () => {
  const pauses = [{ every: constant(seconds(1)), length: constant(ms(200)) }];
  const run = simulate(single({ capacity: { pauses } }, 1000, 3));
  const told = run.rows.filter((row) => row.kind === FactKind.change && row.outcome === Change.paused);
  assert.equal(told.length, 3);
  for (const [n, pause] of told.entries()) {
    assert.equal(pause.wait, ms(200));
    assert.equal(pause.attempt, n + 1);
    if (n > 0) assert.equal(pause.start - told[n - 1]!.start, seconds(1));
    // Nobody is answered, and nobody is seen, before it is over.
    assert.equal(web(run).filter((each) => each.time > pause.start && each.time < pause.time).length, 0);
    assert.equal(web(run).filter((each) => each.start > pause.start && each.start < pause.time).length, 0);
  }
  const slow = web(run).filter((each) => took(each) !== ms(10));
  // Those at work when a pause begins take 200 ms longer.
  assert.ok(slow.length >= 27 && slow.length <= 33, `${slow.length}`);
  for (const request of slow) assert.equal(took(request), ms(210));
  assertNothingLeaks(run);
});

Deno.test("an answer to a paused caller waits for it, and so does the caller's time-out", () => {
  const pauses = [{ every: constant(seconds(2)), length: constant(ms(500)) }];
  const steps = [call("back.Get", { timeout: ms(150) })];
  const run = simulate(single({ capacity: { pauses }, calls: steps, latency: undefined }, 100, 4));
  const told = run.rows.filter((row) => row.kind === FactKind.change);
  const calls = run.calls.filter((each) => (each.flags & FactFlag.journey) === 0);
  for (const pause of told) {
    const held = calls.filter((each) => each.start < pause.start && each.time === pause.time);
    assert.ok(held.length >= 8, `${held.length} were held`);
    // What came first counts: every answer was there before its time-out.
    for (const each of held) assert.equal(each.outcome, Outcome.ok);
  }
  assertNothingLeaks(run);
});

Deno.test("replicas pause each at times of their own, the same in every run", () => {
  const pauses = [{ every: exponential(seconds(1)), length: constant(ms(50)) }];
  const starts = (replicas: number): Map<number, number[]> => {
    const run = simulate(single({ replicas, capacity: { pauses } }, 10, 20));
    return Map.groupBy(run.rows.filter((row) => row.kind === FactKind.change), (row) => row.replica) as never;
  };
  const three = starts(3), two = starts(2);
  assert.equal(three.size, 3);
  assert.notDeepEqual(three.get(0), three.get(1));
  assert.deepEqual(two.get(1), three.get(1));
});

Deno.test("own work is slower after the start, and as fast as ever when the warm-up is over", () => {
  const run = simulate(single({ capacity: { warmUp: { length: seconds(10), factor: 4 } } }, 1, 12));
  assert.deepEqual(web(run).map((each) => Math.round(took(each) / 1e6)), [
    40,
    37,
    34,
    31,
    28,
    25,
    22,
    19,
    16,
    13,
    10,
    10,
  ]);
  assert.equal(web(run)[0]!.extra, ms(40));
});

// ---- rate limits and shedding ---------------------------------------------------------------------------------------

Deno.test("a token bucket passes its burst, then its rate, and tells the others 429 and when to come again", () => {
  const run = simulate(single({ capacity: { rateLimit: { rate: 10, burst: 5, view: "replica" } } }, 100, 1));
  // One every 10 ms, a token every 100 ms: five at once, the sixth when 50 ms have brought half a token …
  const passed = outcomes(run, Outcome.ok).map((each) => each.start);
  assert.deepEqual(passed.slice(0, 7), [0, 10, 20, 30, 40, 100, 200].map(ms));
  const limited = outcomes(run, Outcome.rateLimited);
  assert.equal(passed.length + limited.length, 100);
  assert.deepEqual([limited[0]!.status, limited[0]!.start, limited[0]!.wait], [429, ms(50), ms(50)]);
  assert.ok(run.calls.some((each) => each.outcome === Outcome.refused && each.status === 429));
});

Deno.test("a bucket is each replica's own, unless all share one", () => {
  const passed = (view: "replica" | "global"): number =>
    outcomes(
      simulate(single({ replicas: 4, capacity: { rateLimit: { rate: 1, burst: 5, view } } }, 1000, 0.5)),
      Outcome.ok,
    ).length;
  assert.equal(passed("replica"), 20);
  assert.equal(passed("global"), 5);
});

Deno.test("shedding by queue turns away who finds so many waiting, before the queue is full", () => {
  const shed = { queue: 3, utilization: Infinity, codel: undefined };
  const run = simulate(single({ concurrency: 1, queue: 50, capacity: { shed } }, 1000, 0.01));
  assert.deepEqual([outcomes(run, Outcome.ok).length, outcomes(run, Outcome.shed).length], [4, 6]);
  for (const request of outcomes(run, Outcome.shed)) {
    assert.deepEqual([request.status, request.time - request.start], [503, 0]);
  }
});

for (
  const [what, options] of [
    ["workers", { concurrency: 10 }],
    ["cores", { capacity: { cores: 10 } }],
    ["a CPU limit", { capacity: { cpuLimit: 10 } }],
  ] as const
) {
  Deno.test(`shedding by utilization keeps the share of ${what} in use about there`, () => {
    const shed = { queue: Infinity, utilization: 0.6, codel: undefined };
    const all = { ...options, capacity: { ...(options as Options).capacity, shed } };
    const run = simulate(single({ ...all, latency: exponential(ms(10)), poisson: true }, 2000, 30));
    const late = outcomes(run, Outcome.ok).filter((each) => each.start > seconds(5));
    const used = late.reduce((sum, each) => sum + each.extra, 0) / seconds(25) / 10;
    assert.ok(Math.abs(used - 0.6) < 0.03, `${used} in use`);
    assert.ok(outcomes(run, Outcome.shed).length > 30_000);
  });
}

Deno.test("shedding by CoDel brings the wait of a mild overload down to some of the target", () => {
  const shed = { queue: Infinity, utilization: Infinity, codel: { target: ms(5), interval: ms(100) } };
  const run = simulate(
    single({ concurrency: 10, capacity: { shed }, latency: exponential(ms(10)), poisson: true }, 1050, 60),
  );
  const late = outcomes(run, Outcome.ok).filter((each) => each.start > seconds(20));
  const mean = late.reduce((sum, each) => sum + each.wait, 0) / late.length;
  // Without it the wait would grow by 50 ms a second, to 3 s.
  assert.ok(mean < ms(60), `mean wait ${mean / 1e6} ms`);
  const dropped = outcomes(run, Outcome.dropped).length;
  assert.ok(dropped > 2000 && dropped < 9000, `${dropped} dropped`);
  assertNothingLeaks(run);
});

// ---- deadlocks ------------------------------------------------------------------------------------------------------

/** Two services that call each other, each with one worker. */
function ring(capacity: Partial<Capacity>) {
  const options = { concurrency: 1, capacity: { ...PLAIN_CAPACITY, ...capacity } };
  return plan({
    services: [
      service("a", {
        Get: endpoint(constant(ms(10)), [call("b.Get")]),
        Again: endpoint(constant(ms(10))),
      }, options),
      service("b", { Get: endpoint(constant(ms(10)), [call("a.Again")]) }, options),
    ],
    journeys: { visit: [call("a.Get")] },
    workloads: [workload("load", "visit", openLoad(10, seconds(3)), { gracefulStop: seconds(3) })],
  });
}

Deno.test("cores never deadlock; workers that hold each other do, cores or not, unless patience ends it", () => {
  assert.equal(simulate(ring({})).engine.deadlocks.length, 1);
  assert.equal(simulate(ring({ cores: 1 })).engine.deadlocks.length, 1);
  assert.deepEqual(simulate(ring({ patience: constant(ms(500)) })).engine.deadlocks, []);
  const free = ring({ cores: 0.5 });
  const services = free.services.map((each) => ({ ...each, concurrency: Infinity }));
  const run = simulate({ ...free, services });
  assert.deepEqual(run.engine.deadlocks, []);
  assert.ok(run.iterations.every((each) => each.outcome === Outcome.ok));
});

Deno.test("nothing leaks, and the same run gives the same facts, with everything at once", () => {
  const capacity: Partial<Capacity> = {
    cores: 1.5,
    cpuLimit: 1,
    discipline: "codel",
    patience: exponential(ms(200)),
    pauses: [
      { every: exponential(seconds(1)), length: exponential(ms(40)) },
      { every: constant(seconds(3)), length: constant(ms(300)) },
    ],
    warmUp: { length: seconds(2), factor: 2 },
    rateLimit: { rate: 150, burst: 20, view: "global" },
    shed: { queue: 30, utilization: 0.95, codel: { target: ms(5), interval: ms(100) } },
  };
  const of = single(
    {
      capacity,
      concurrency: 8,
      queue: 40,
      replicas: 2,
      latency: exponential(ms(12)),
      calls: [call("back.Get", { timeout: ms(101) })],
      poisson: true,
    },
    200,
    20,
  );
  const run = simulate(of);
  for (const outcome of [Outcome.ok, Outcome.rateLimited, Outcome.dropped]) {
    assert.ok(outcomes(run, outcome).length > 0, `outcome ${outcome}`);
  }
  assert.deepEqual(simulate(of, { stepSeconds: 0.07 }).rows.length, run.rows.length);
  assertNothingLeaks(run);
  assert.ok(run.rows.every((row) => row.wait >= 0 && row.time >= row.start && row.time < FOREVER));
});
