import assert from "node:assert/strict";
import { Engine } from "../../sim/engine/engine.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import {
  call,
  closedLoad,
  constant,
  endpoint,
  exponential,
  fault,
  ms,
  openLoad,
  plan,
  seconds,
  service,
  simulate,
  type Simulation,
  target,
  workload,
} from "../build.ts";

/** No worker is held, nothing waits, and every strand is back in the pool. */
function assertNothingLeaks({ engine }: Simulation): void {
  assert.equal(engine.workersInUse, 0, "workers in use at the end");
  assert.equal(engine.framesInUse, 0, "frames in use at the end");
}

function single(options: Parameters<typeof service>[2], rate: number, length: number, latency = constant(ms(10))) {
  return plan({
    services: [service("web", { "GET /": endpoint(latency) }, options)],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(rate, seconds(length)))],
  });
}

Deno.test("a request takes the endpoint's latency, and nothing waits without a limit", () => {
  const run = simulate(single({}, 1000, 1));
  assert.equal(run.requests.length, 1000);
  for (const request of run.requests) {
    assert.equal(request.time - request.start, ms(10));
    assert.equal(request.wait, 0);
  }
  assert.equal(run.iterations.length, 1000);
  assertNothingLeaks(run);
});

Deno.test("with one worker requests wait their turn, and waiting is part of their time", () => {
  // One every 5 ms, each takes 10 ms: the n-th waits 5 n ms.
  const run = simulate(single({ concurrency: 1 }, 200, 0.1));
  assert.deepEqual(run.requests.map((request) => request.wait), Array.from({ length: 20 }, (_, n) => ms(5 * n)));
  for (const request of run.requests) assert.equal(request.time - request.start - request.wait, ms(10));
  assertNothingLeaks(run);
});

Deno.test("a full queue refuses the next request with 503, at once and without a worker", () => {
  const run = simulate(single({ concurrency: 1, queue: 2 }, 1000, 0.01));
  // At 0 ms one is taken up, 1 and 2 wait, 3 to 9 are refused.
  const refused = run.requests.filter((request) => request.outcome === Outcome.refused);
  assert.equal(refused.length, 7);
  for (const request of refused) {
    assert.equal(request.status, 503);
    assert.equal(request.time, request.start);
  }
  assert.equal(run.calls.filter((each) => each.outcome === Outcome.refused).length, 7);
  assertNothingLeaks(run);
});

Deno.test("a queue of no places refuses whatever finds no free worker", () => {
  const run = simulate(single({ concurrency: 3, queue: 0 }, 1000, 0.01));
  assert.equal(run.requests.filter((request) => request.outcome === Outcome.ok).length, 3);
  assert.equal(run.requests.filter((request) => request.outcome === Outcome.refused).length, 7);
});

function chain(
  step: ReturnType<typeof call>,
  backend: Parameters<typeof service>[1],
  options?: Parameters<typeof service>[2],
) {
  return plan({
    services: [
      service("web", { "GET /": endpoint(constant(ms(1)), [step]) }),
      service("backend", backend, options),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  });
}

Deno.test("the network lies between caller and callee, there and back", () => {
  const run = simulate(chain(call("backend.Get", { network: constant(ms(2)) }), { Get: endpoint(constant(ms(10))) }));
  const client = run.calls.find((each) => each.service === "web" && (each.flags & FactFlag.journey) === 0)!;
  const server = run.requests.find((each) => each.service === "backend")!;
  assert.equal(server.start - client.start, ms(2));
  assert.equal(client.time - server.time, ms(2));
  assert.equal(server.parent, client.span);
  assert.equal(server.trace, client.trace);
});

Deno.test("after the caller's time-out the callee goes on working, and the caller answers 504", () => {
  const run = simulate(chain(call("backend.Get", { timeout: ms(20) }), { Get: endpoint(constant(ms(100))) }));
  const web = run.requests.find((each) => each.service === "web")!;
  const backend = run.requests.find((each) => each.service === "backend")!;
  assert.equal(web.status, 504);
  assert.equal(web.outcome, Outcome.dependency);
  assert.equal(web.causeOutcome, Outcome.timeout);
  assert.equal(web.time, ms(21));
  assert.equal(backend.time, ms(101));
  assert.equal(backend.outcome, Outcome.ok);
  assert.equal(backend.flags & FactFlag.abandoned, FactFlag.abandoned);
  assertNothingLeaks(run);
});

Deno.test("a retry is a new arrival at a later time, with a span of its own", () => {
  const retry = { attempts: 3, backoff: { base: ms(50), max: seconds(1), factor: 2, jitter: "none" as const } };
  const run = simulate(chain(call("backend.Get", { timeout: ms(20), retry }), { Get: endpoint(constant(ms(100))) }));
  const arrivals = run.requests.filter((each) => each.service === "backend");
  // 1 ms of work, then 20 ms and a pause of 50 ms, 20 ms and a pause of 100 ms.
  assert.deepEqual(arrivals.map((each) => each.start), [ms(1), ms(71), ms(191)]);
  assert.equal(new Set(arrivals.map((each) => each.span)).size, 3);
  const attempts = run.calls.filter((each) => (each.flags & FactFlag.journey) === 0);
  assert.deepEqual(attempts.map((each) => [each.attempt, each.flags, each.wait]), [
    [1, FactFlag.willRetry, ms(50)],
    [2, FactFlag.willRetry, ms(100)],
    [3, 0, 0],
  ]);
});

Deno.test("nested retries multiply: three attempts at each of three layers are 27 arrivals", () => {
  const retry = { attempts: 3, backoff: undefined };
  const run = simulate(plan({
    services: [
      service("a", { Get: endpoint(constant(ms(1)), [call("b.Get", { retry })]) }),
      service("b", { Get: endpoint(constant(ms(1)), [call("c.Get", { retry })]) }),
      service("c", { Get: endpoint(constant(ms(1)), [call("d.Get", { retry })]) }),
      service("d", {
        Get: endpoint(constant(ms(1)), [], {
          errors: { rate: 1, status: 500, exception: undefined, message: undefined },
        }),
      }),
    ],
    journeys: { visit: [call("a.Get")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  assert.equal(run.requests.filter((each) => each.service === "d").length, 27);
});

Deno.test("a deadline spans all attempts and their pauses", () => {
  const retry = { attempts: 10, backoff: { base: ms(30), max: ms(30), factor: 1, jitter: "none" as const } };
  const run = simulate(
    chain(call("backend.Get", { timeout: ms(20), deadline: ms(110), retry }), { Get: endpoint(constant(ms(500))) }),
  );
  // Attempts at 1, 51 and 101 ms; the third ends at the deadline, 111 ms, and no fourth begins.
  assert.equal(run.requests.filter((each) => each.service === "backend").length, 3);
  assert.equal(run.requests.find((each) => each.service === "web")!.time, ms(111));
});

Deno.test("a failed call fails its caller with 503 when refused and 502 otherwise, unless it is optional or has a fallback", () => {
  const errors = { rate: 1, status: 500, exception: undefined, message: undefined };
  const failing = { Get: endpoint(constant(ms(1)), [], { errors }) };
  const statusOf = (run: Simulation): number => run.requests.find((each) => each.service === "web")!.status;
  assert.equal(statusOf(simulate(chain(call("backend.Get"), failing))), 502);
  assert.equal(
    statusOf(simulate(chain(call("backend.Get"), { Get: endpoint(constant(ms(1))) }, { concurrency: 0, queue: 0 }))),
    503,
  );
  assert.equal(statusOf(simulate(chain(call("backend.Get", { optional: true }), failing))), 200);
  const withFallback = { ...failing, Cached: endpoint(constant(ms(2))) };
  const run = simulate(chain(call("backend.Get", { fallback: [call("backend.Cached")] }), withFallback));
  assert.equal(statusOf(run), 200);
  assert.equal(run.requests.filter((each) => each.endpoint === "Cached").length, 1);
});

Deno.test("a fallback is not taken when the call succeeds or is skipped", () => {
  const fallback = [call("backend.Cached")];
  const backend = { Get: endpoint(constant(ms(1))), Cached: endpoint(constant(ms(1))) };
  for (const probability of [0, 1]) {
    const run = simulate(chain(call("backend.Get", { fallback, probability }), backend));
    assert.equal(run.requests.filter((each) => each.endpoint === "Cached").length, 0);
    assert.equal(run.requests.filter((each) => each.endpoint === "Get").length, probability);
  }
});

Deno.test("a request fails of its own accord after its own work and before its first call", () => {
  const run = simulate(plan({
    services: [
      service("web", {
        "GET /": endpoint(constant(ms(7)), [call("backend.Get")], {
          errors: { rate: 1, status: 500, exception: undefined, message: undefined },
        }),
      }),
      service("backend", { Get: endpoint(constant(ms(1))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  assert.equal(run.requests.length, 1);
  assert.equal(run.requests[0]!.time - run.requests[0]!.start, ms(7));
  assert.equal(run.requests[0]!.outcome, Outcome.error);
});

Deno.test("parallel branches run side by side, and the step ends with the slowest", () => {
  const run = simulate(plan({
    services: [
      service("web", {
        "GET /": endpoint(constant(ms(1)), [
          { type: "parallel", branches: [[call("a.Get"), call("a.Get")], [call("b.Get")], []] },
          call("b.Get"),
        ]),
      }),
      service("a", { Get: endpoint(constant(ms(10))) }),
      service("b", { Get: endpoint(constant(ms(15))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  assert.equal(run.requests.find((each) => each.service === "web")!.time, ms(1 + 20 + 15));
  const clients = run.calls.filter((each) => (each.flags & FactFlag.journey) === 0);
  assert.deepEqual(clients.map((each) => each.start).sort((x, y) => x - y), [ms(1), ms(1), ms(11), ms(21)]);
  assertNothingLeaks(run);
});

Deno.test("a parallel step whose branch fails waits for the others, then fails its caller", () => {
  const errors = { rate: 1, status: 500, exception: undefined, message: undefined };
  const run = simulate(plan({
    services: [
      service("web", {
        "GET /": endpoint(constant(ms(1)), [{ type: "parallel", branches: [[call("a.Get")], [call("b.Get")]] }]),
      }),
      service("a", { Get: endpoint(constant(ms(2)), [], { errors }) }),
      service("b", { Get: endpoint(constant(ms(50))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  const web = run.requests.find((each) => each.service === "web")!;
  assert.equal(web.status, 502);
  assert.equal(web.time, ms(51));
  assertNothingLeaks(run);
});

Deno.test("repeat makes each turn a call with a span of its own", () => {
  const run = simulate(plan({
    services: [
      service("web", {
        "GET /": endpoint(undefined, [
          {
            type: "repeat",
            times: constant(3 as never),
            steps: [{ type: "repeat", times: constant(2 as never), steps: [call("a.Get")] }],
          },
        ]),
      }),
      service("a", { Get: endpoint(exponential(ms(10))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  const turns = run.requests.filter((each) => each.service === "a");
  assert.equal(turns.length, 6);
  assert.equal(new Set(turns.map((each) => each.span)).size, 6);
  assert.equal(new Set(turns.map((each) => each.time - each.start)).size, 6, "each turn draws its own latency");
});

Deno.test("choose follows its weights", () => {
  const run = simulate(plan({
    services: [service("a", { X: endpoint(constant(ms(1))), Y: endpoint(constant(ms(1))) })],
    journeys: {
      visit: [{ type: "choose", options: [{ weight: 3, steps: [call("a.X")] }, { weight: 1, steps: [call("a.Y")] }] }],
    },
    workloads: [workload("load", "visit", openLoad(1000, seconds(10)))],
  }));
  const share = run.requests.filter((each) => each.endpoint === "X").length / run.requests.length;
  assert.equal(run.requests.length, 10_000);
  // Five standard errors.
  assert.ok(Math.abs(share - 0.75) < 5 * Math.sqrt((0.75 * 0.25) / 10_000), `share ${share}`);
});

Deno.test("steps of work split the endpoint's one latency, and may add their own", () => {
  const run = simulate(plan({
    services: [
      service("web", {
        "GET /": endpoint(constant(ms(10)), [
          { type: "work", share: 0.3, latency: undefined },
          call("a.Get"),
          { type: "work", share: 0.7, latency: undefined },
          { type: "work", share: undefined, latency: constant(ms(5)) },
        ]),
      }),
      service("a", { Get: endpoint(constant(ms(1))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  const inner = run.requests.find((each) => each.service === "a")!;
  const web = run.requests.find((each) => each.service === "web")!;
  assert.equal(inner.start, ms(3));
  assert.equal(web.time, ms(3 + 1 + 7 + 5));
  assert.equal(web.extra, ms(15));
});

Deno.test("an iteration without a free VU is dropped and counted", () => {
  const of = (vus: number, maxVUs: number) =>
    simulate(plan({
      services: [service("web", { "GET /": endpoint(constant(ms(99))) })],
      journeys: { visit: [call("web.GET /")] },
      workloads: [workload("load", "visit", openLoad(100, seconds(1), { vus, maxVUs }))],
    }));
  // One every 10 ms, each takes 99 ms: 5 VUs serve 5 in each 100 ms.
  const capped = of(5, 5);
  assert.equal(capped.iterations.length, 50);
  assert.equal(capped.dropped.length, 50);
  // A VU that is added serves the next iteration: from 5 to 10 VUs five are dropped.
  const growing = of(5, 10);
  assert.equal(growing.dropped.length, 5);
  assert.equal(growing.iterations.length, 95);
});

Deno.test("VUs of a closed loop run one iteration after the other", () => {
  const run = simulate(plan({
    services: [service("web", { "GET /": endpoint(constant(ms(100))) })],
    journeys: { visit: [call("web.GET /"), { type: "think", pause: constant(ms(150)) }] },
    workloads: [workload("load", "visit", closedLoad(4, seconds(10)))],
  }));
  assert.equal(run.iterations.length, 160);
  assertNothingLeaks(run);
});

Deno.test("shared and per-VU iterations end when they are used up; what time cuts off is dropped", () => {
  const of = (iterations: { total: number } | { perVu: number }, length: number) =>
    simulate(plan({
      services: [service("web", { "GET /": endpoint(constant(ms(100))) })],
      journeys: { visit: [call("web.GET /")] },
      workloads: [workload("load", "visit", closedLoad(3, seconds(length), iterations))],
    }));
  const shared = of({ total: 10 }, 60);
  assert.equal(shared.iterations.length, 10);
  assert.equal(shared.engine.now, ms(400));
  assert.equal(of({ perVu: 10 }, 60).iterations.length, 30);
  const cut = of({ total: 100 }, 1);
  assert.equal(cut.iterations.length, 30);
  assert.deepEqual(cut.dropped.map((row) => row.extra), [70]);
});

Deno.test("what is open when gracefulStop ends is interrupted, innermost first, and written", () => {
  const run = simulate(plan({
    services: [
      service("web", { "GET /": endpoint(constant(ms(1)), [call("backend.Get")]) }),
      service("backend", { Get: endpoint(constant(seconds(100))) }, { concurrency: 1 }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(2, seconds(1)), { gracefulStop: seconds(3) })],
  }));
  const ended = run.rows.filter((row) => row.outcome === Outcome.interrupted);
  assert.deepEqual(
    ended.map((row) => [row.kind, row.service]),
    [
      [FactKind.request, "backend"],
      [FactKind.request, "backend"],
      [FactKind.call, "web"],
      [FactKind.request, "web"],
      [FactKind.call, "web"],
      [FactKind.request, "web"],
      [FactKind.call, "web"],
      [FactKind.call, "web"],
      [FactKind.iteration, "web"],
      [FactKind.iteration, "web"],
    ],
  );
  for (const row of ended) assert.equal(row.time, seconds(4));
  assertNothingLeaks(run);
});

Deno.test("stopping interrupts everything at once and leaves nothing behind", () => {
  const run = simulate(
    plan({
      services: [
        service("web", {
          "GET /": endpoint(exponential(ms(20)), [{ type: "parallel", branches: [[call("a.Get")], [call("a.Get")]] }]),
        }),
        service("a", { Get: endpoint(exponential(ms(100))) }, { concurrency: 5, network: exponential(ms(5)) }),
      ],
      journeys: { visit: [call("web.GET /", { timeout: ms(300), retry: { attempts: 2, backoff: undefined } })] },
      workloads: [workload("load", "visit", openLoad(100, seconds(60), { poisson: true }))],
    }),
    { stopAt: 5 },
  );
  assert.equal(run.engine.now, seconds(5));
  assert.ok(run.rows.some((row) => row.outcome === Outcome.interrupted));
  assertNothingLeaks(run);
});

Deno.test("held workers and a cycle of calls can deadlock: it is reported, and the run ends", () => {
  const run = simulate(plan({
    services: [
      service("a", { X: endpoint(constant(ms(10)), [call("b.Y")]), Z: endpoint(constant(ms(1))) }, { concurrency: 1 }),
      service("b", { Y: endpoint(constant(ms(10)), [call("a.Z")]) }, { concurrency: 1 }),
    ],
    journeys: { visit: [call("a.X")] },
    workloads: [workload("load", "visit", openLoad(10, seconds(1)), { gracefulStop: seconds(5) })],
  }));
  assert.equal(run.engine.now, seconds(6));
  assert.deepEqual(run.engine.deadlocks.length, 1);
  assert.match(run.engine.deadlocks[0]!, /\ba\b/);
  assertNothingLeaks(run);
});

Deno.test("a long queue alone is no deadlock", () => {
  const run = simulate(single({ concurrency: 1 }, 1000, 1, constant(seconds(5))));
  assert.deepEqual(run.engine.deadlocks, []);
});

Deno.test("a closed loop whose iterations take no time is an error, not a hang", () => {
  const still = plan({
    services: [service("web", { "GET /": endpoint(undefined) })],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", closedLoad(1, seconds(1)))],
  });
  assert.throws(() => simulate(still), /no simulated time passes/);
});

Deno.test("a chain of calls deeper than the limit fails with 508 instead of going on for ever", () => {
  const run = simulate(plan({
    services: [service("a", { X: endpoint(undefined, [call("a.X", { probability: 0.999999 })]) })],
    journeys: { visit: [call("a.X")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  assert.equal(run.requests.length, 100);
  assert.ok(run.calls.some((each) => each.outcome === Outcome.tooDeep && each.status === 508));
});

Deno.test("a retry repeats what was asked, so its attributes are those of the first attempt; its own draws are not", () => {
  const of = chain(call("backend.Get", { timeout: ms(20), retry: { attempts: 2, backoff: undefined } }), {
    Get: endpoint(exponential(seconds(10))),
  });
  const engine = new Engine(of, 1);
  const batch = new FactBatch();
  engine.step(seconds(100), batch);
  const rows = Array.from({ length: batch.length }, (_, row) => row)
    .filter((row) => batch.kind[row]! === FactKind.request && batch.endpoint[row]! === 1);
  assert.equal(rows.length, 2);
  const [first, second] = rows.map((row) => ({
    key: [...batch.key.subarray(row * 2, row * 2 + 2)],
    work: batch.extra[row],
  }));
  assert.deepEqual(first!.key, second!.key);
  assert.notEqual(first!.work, second!.work);
});

Deno.test("a user who leaves takes no further step; one who continues does", () => {
  const of = (onFailure: "leave" | "continue") =>
    simulate(plan({
      services: [service("web", {
        Bad: endpoint(constant(ms(1)), [], {
          errors: { rate: 1, status: 500, exception: undefined, message: undefined },
        }),
        Good: endpoint(constant(ms(1))),
      })],
      journeys: { visit: [call("web.Bad", { onFailure }), call("web.Good")] },
      workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
    }));
  const left = of("leave");
  assert.deepEqual(left.requests.map((each) => each.endpoint), ["Bad"]);
  assert.equal(left.iterations[0]!.outcome, Outcome.ok, "the iteration is complete, as in k6");
  assert.deepEqual(of("continue").requests.map((each) => each.endpoint), ["Bad", "Good"]);
});

Deno.test("a workload that starts after another waits for its last iteration, and for its own delay", () => {
  const run = simulate(plan({
    services: [service("web", { "GET /": endpoint(constant(ms(700))) })],
    journeys: { visit: [call("web.GET /")] },
    workloads: [
      workload("second", "visit", openLoad(1, seconds(1)), { startAfter: "first", startTime: seconds(2) }),
      workload("first", "visit", openLoad(2, seconds(1))),
    ],
  }));
  // The last iteration of the first starts at 0.5 s and ends at 1.2 s.
  assert.deepEqual(run.iterations.map((each) => [each.workload, each.start]), [[1, 0], [1, ms(500)], [0, ms(3200)]]);
  assertNothingLeaks(run);
});

Deno.test("stopping does not start what waits for the stopped", () => {
  const run = simulate(
    plan({
      services: [service("web", { "GET /": endpoint(constant(ms(100))) })],
      journeys: { visit: [call("web.GET /")] },
      workloads: [
        workload("first", "visit", openLoad(10, seconds(100))),
        workload("second", "visit", openLoad(10, seconds(1)), { startAfter: "first" }),
      ],
    }),
    { stopAt: 3 },
  );
  assert.equal(run.engine.now, seconds(3));
  assert.ok(run.iterations.every((each) => each.workload === 0));
  assertNothingLeaks(run);
});

Deno.test("a stall that is over does not slow what waited for it", () => {
  const stall = { turn: (knobs: { added: number }) => void (knobs.added += seconds(2)) };
  const run = simulate(plan({
    services: [service("db", { Q: endpoint(constant(ms(10))) }, { concurrency: 1 })],
    journeys: { visit: [call("db.Q")] },
    workloads: [workload("load", "visit", openLoad(20, seconds(30)))],
    faults: [fault(target("db.Q"), { effect: stall, at: seconds(10), duration: ms(1900) })],
  }));
  assert.deepEqual(run.requests.filter((each) => each.extra > ms(10)).map((each) => each.extra), [seconds(2) + ms(10)]);
  assert.ok(run.engine.now <= seconds(30), "the backlog has drained");
});

Deno.test("an answer that comes just in time is in time", () => {
  const run = simulate(chain(call("backend.Get", { timeout: ms(100) }), { Get: endpoint(constant(ms(100))) }));
  assert.equal(run.requests.find((each) => each.service === "web")!.status, 200);
});

Deno.test("calls of a database stand in its caller's span, since it has none of its own", () => {
  const run = simulate(plan({
    services: [
      service("web", { "GET /": endpoint(constant(ms(1)), [call("db.SELECT")]) }),
      service("db", { SELECT: endpoint(constant(ms(1)), [call("audit.Note")]) }, { kind: "database" }),
      service("audit", { Note: endpoint(constant(ms(1))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  const query = run.calls.find((each) => each.endpoint === "SELECT")!;
  assert.equal(run.requests.find((each) => each.service === "audit")!.parent, query.span);
});

Deno.test("a fault that multiplies an edge's network time does so both ways", () => {
  const tenfold = { turn: (knobs: { factor: number }) => void (knobs.factor *= 10) };
  const run = simulate(plan({
    services: [
      service("web", { "GET /": endpoint(undefined, [call("n.E", { network: constant(ms(10)) })]) }),
      service("n", { E: endpoint(constant(ms(1))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
    faults: [fault(target("n.E", "web"), { effect: tenfold })],
  }));
  assert.equal(run.requests.find((each) => each.service === "web")!.time, ms(201));
});

Deno.test("iterations that take no time end when they are counted", () => {
  const run = simulate(plan({
    services: [service("web", { "GET /": endpoint(undefined) })],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", closedLoad(10, seconds(10), { total: 150_000 }))],
  }));
  assert.equal(run.iterations.length, 150_000);
});

Deno.test("a user who leaves from within a branch leaves once all branches have ended, and takes no further step", () => {
  const { iterations, calls } = simulate(plan({
    services: [
      service("web", {
        Bad: endpoint(constant(ms(1)), [], {
          errors: { rate: 1, status: 500, exception: undefined, message: undefined },
        }),
        Slow: endpoint(constant(ms(50))),
        Never: endpoint(constant(ms(1))),
      }),
    ],
    journeys: {
      visit: [
        {
          type: "parallel",
          branches: [[call("web.Bad", { onFailure: "leave" }), call("web.Never")], [call("web.Slow")]],
        },
        call("web.Never"),
      ],
    },
    workloads: [workload("load", "visit", openLoad(10, seconds(1)))],
  }));
  assert.equal(iterations.length, 10);
  assert.ok(iterations.every(({ start, time }) => time - start === 50e6));
  assert.deepEqual([...new Set(calls.map(({ endpoint }) => endpoint))].sort(), ["Bad", "Slow"]);
});
