import assert from "node:assert/strict";
import { FOREVER } from "../../sim/base/time.ts";
import { PLAIN_CAPACITY } from "../../sim/model/capacity.ts";
import { type CallPolicies, NO_POLICIES } from "../../sim/model/policies.ts";
import { Change, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import {
  call,
  constant,
  endpoint,
  exponential,
  fault,
  ms,
  openLoad,
  plan,
  type Row,
  seconds,
  service,
  simulate,
  type Simulation,
  target,
  workload,
} from "../build.ts";

const FAILING = { errors: { rate: 1, status: 500, exception: undefined, message: undefined } };

function policies(of: Partial<CallPolicies>): { policies: CallPolicies } {
  return { policies: { ...NO_POLICIES, ...of } };
}

function assertNothingLeaks({ engine }: Simulation): void {
  assert.equal(engine.workersInUse, 0, "workers in use at the end");
  assert.equal(engine.framesInUse, 0, "frames in use at the end");
}

/** Users call web, which makes one call of the backend. */
function chain(
  step: ReturnType<typeof call>,
  backend: Parameters<typeof service>[1],
  { rate = 1, length = 1, web, options, ...more }: {
    rate?: number;
    length?: number;
    web?: Parameters<typeof service>[2];
    options?: Parameters<typeof service>[2];
    faults?: Parameters<typeof plan>[0]["faults"];
    poisson?: boolean;
  } = {},
): Plan {
  return plan({
    services: [
      service("web", { "GET /": endpoint(undefined, [step]) }, web),
      service("backend", backend, options),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(rate, seconds(length), { poisson: more.poisson ?? false }))],
    ...(more.faults === undefined ? {} : { faults: more.faults }),
  });
}

const inner = (run: Simulation): Row[] => run.calls.filter((each) => (each.flags & FactFlag.journey) === 0);
const backendOf = (run: Simulation): Row[] => run.requests.filter((each) => each.service === "backend");
const changesOf = (run: Simulation): Row[] => run.rows.filter((each) => each.kind === FactKind.change);

// ---- cancelling and deadlines ---------------------------------------------------------------------------------------

Deno.test("with cancel the callee and all that it called end at the caller's time-out with 499, and their workers are free", () => {
  const run = simulate(plan({
    services: [
      service("web", {
        "GET /": endpoint(undefined, [call("mid.Get", { timeout: ms(20), ...policies({ cancel: true }) })]),
      }),
      service("mid", {
        Get: endpoint(ms0(1), [{
          type: "parallel",
          branches: [[call("deep.Get")], [{ type: "work", share: undefined, latency: constant(ms(500)) }]],
        }]),
      }),
      service("deep", { Get: endpoint(constant(ms(100))) }, { concurrency: 1 }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  for (const name of ["mid", "deep"]) {
    const request = run.requests.find((each) => each.service === name)!;
    assert.deepEqual([request.outcome, request.status, request.time], [Outcome.cancelled, 499, ms(20)], name);
  }
  const web = run.requests.find((each) => each.service === "web")!;
  assert.deepEqual([web.status, web.time], [504, ms(20)]);
  // Innermost first: a span ends before its parent does.
  assert.deepEqual(run.requests.map((each) => each.service), ["deep", "mid", "web"]);
  assertNothingLeaks(run);
});

function ms0(value: number) {
  return constant(ms(value));
}

Deno.test("a cancelled request that waits in a queue leaves it, and one on its way never arrives", () => {
  const step = call("backend.Get", { timeout: ms(15), network: ms0(2), ...policies({ cancel: true }) });
  const run = simulate(
    chain(step, { Get: endpoint(ms0(100)) }, { rate: 100, length: 0.05, options: { concurrency: 1 } }),
  );
  // Each is cancelled 15 ms after it was sent, 13 ms after it came: those who find the worker taken never begin.
  assert.deepEqual(
    backendOf(run).map((each) => [each.outcome, each.time - each.start]),
    Array(5).fill([
      Outcome.cancelled,
      ms(13),
    ]),
  );
  const late = call("backend.Get", { timeout: ms(1), network: ms0(2), ...policies({ cancel: true }) });
  assert.equal(backendOf(simulate(chain(late, { Get: endpoint(ms0(100)) }))).length, 0);
  assertNothingLeaks(run);
});

Deno.test("with propagateDeadline a callee refuses with 504 what it takes up too late, without working", () => {
  const step = call("backend.Get", { timeout: ms(25), ...policies({ propagateDeadline: true }) });
  const run = simulate(
    chain(step, { Get: endpoint(ms0(20)) }, { rate: 1000, length: 0.004, options: { concurrency: 1 } }),
  );
  // Four come at 0 to 3 ms, each with 25 ms: the second begins in time, at 20 ms, the others would at 40.
  assert.deepEqual(backendOf(run).map((each) => [each.outcome, each.status, each.time / 1e6, each.extra / 1e6]), [
    [Outcome.ok, 200, 20, 20],
    [Outcome.ok, 200, 40, 20],
    [Outcome.tooLate, 504, 40, 0],
    [Outcome.tooLate, 504, 40, 0],
  ]);
  assertNothingLeaks(run);
});

Deno.test("a deadline travels down: the callee's own calls end with it", () => {
  const given = policies({ propagateDeadline: true });
  const run = simulate(plan({
    services: [
      service("web", { "GET /": endpoint(undefined, [call("mid.Get", { timeout: ms(50), ...given })]) }),
      service("mid", { Get: endpoint(ms0(10), [call("deep.Get", { timeout: seconds(10), ...given })]) }),
      service("deep", { Get: endpoint(ms0(200)) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  const deepCall = inner(run).find((each) => each.service === "mid")!;
  assert.deepEqual([deepCall.outcome, deepCall.time], [Outcome.timeout, ms(50)]);
});

// ---- retries --------------------------------------------------------------------------------------------------------

Deno.test("retry.on says what is tried again", () => {
  const tried = (on: NonNullable<NonNullable<ReturnType<typeof call>["retry"]>["on"]>, status: number): number => {
    const retry = { attempts: 3, backoff: undefined, on };
    const errors = { rate: 1, status, exception: undefined, message: undefined };
    return backendOf(simulate(chain(call("backend.Get", { retry }), { Get: endpoint(undefined, [], { errors }) })))
      .length;
  };
  assert.equal(tried(["timeout"], 503), 1);
  assert.equal(tried(["5xx"], 503), 3);
  assert.equal(tried([503], 503), 3);
  assert.equal(tried([503], 500), 1);
  assert.equal(tried(["4xx"], 404), 3);
  assert.equal(tried([429, "timeout"], 429), 3);
});

Deno.test("a budget of 20 % lets one call in five be tried again, and its floor a number a second besides", () => {
  const budgeted = (floor: number): number => {
    const budget = { type: "share" as const, share: 0.2, floor, window: seconds(10) };
    const step = call("backend.Get", { retry: { attempts: 10, backoff: undefined, budget } });
    const run = simulate(chain(step, { Get: endpoint(undefined, [], FAILING) }, { rate: 100, length: 20 }));
    return backendOf(run).length;
  };
  assert.ok(Math.abs(budgeted(0) - 2_400) <= 10, `${budgeted(0)}`);
  // Its window begins full: 10 seconds' worth more.
  assert.ok(Math.abs(budgeted(5) - 2_500) <= 30, `${budgeted(5)}`);
});

Deno.test("gRPC's throttling stops retries at half of its tokens, and the call's fact says that the budget was used up", () => {
  const budget = { type: "tokens" as const, tokens: 10, ratio: 0.1 };
  const step = call("backend.Get", { retry: { attempts: 3, backoff: undefined, budget } });
  const run = simulate(chain(step, { Get: endpoint(undefined, [], FAILING) }, { rate: 10, length: 1 }));
  // Failures take 10 to 5: the fifth finds half.
  const flags = inner(run).map((each) => each.flags);
  assert.deepEqual(flags.slice(0, 5), [1, 1, 0, 1, FactFlag.overBudget]);
  assert.equal(backendOf(run).length, 3 + 2 + 8);
});

// ---- breaker --------------------------------------------------------------------------------------------------------

const BREAKER = {
  failureRate: 0.5,
  window: { count: 10 },
  minimum: 10,
  open: seconds(5),
  halfOpen: 3,
  slow: undefined,
  view: "replica",
} as const;

Deno.test("a breaker opens at its failure rate, holds calls back, lets some through half open, and closes when they are well", () => {
  const bad = fault(target("backend"), {
    effect: { turn: (knobs) => void (knobs.errorRate = 1) },
    duration: seconds(3),
    failure: FAILING.errors,
  });
  const step = call("backend.Get", policies({ breaker: BREAKER }));
  const run = simulate(chain(step, { Get: endpoint(ms0(1)) }, { rate: 10, length: 20, faults: [bad] }));
  // The tenth failure ends at 901 ms; at 5.901 s the fault is gone, and the third call that is let through closes it.
  assert.deepEqual(changesOf(run).map((each) => [each.outcome, each.time / 1e6, each.extra]), [
    [Change.breakerOpened, 901, 1],
    [Change.breakerHalfOpen, 6000, 1],
    [Change.breakerClosed, 6201, 0],
  ]);
  const held = inner(run).filter((each) => each.outcome === Outcome.notPermitted);
  assert.equal(held.length, 50);
  for (const each of held) assert.equal(each.time, each.start);
  const web = run.requests.filter((each) => each.causeOutcome === Outcome.notPermitted);
  assert.deepEqual(new Set(web.map((each) => each.status)), new Set([503]));
  assert.equal(backendOf(run).length, 150);
  assertNothingLeaks(run);
});

Deno.test("half open, only so many calls are under way; failures open it again", () => {
  const step = call("backend.Get", policies({ breaker: BREAKER }));
  const run = simulate(chain(step, { Get: endpoint(ms0(500), [], FAILING) }, { rate: 10, length: 11 }));
  const opened = changesOf(run).filter((each) => each.outcome === Change.breakerOpened).map((each) => each.time / 1e6);
  // Those of 6.4, 6.5 and 6.6 s are let through; what is still under way when it opens counts no more.
  assert.deepEqual(opened, [1400, 7100]);
});

Deno.test("a breaker with a window of time forgets, and slow calls open it too", () => {
  const timed = { ...BREAKER, window: { time: seconds(2) }, minimum: 15 };
  const step = (breaker: NonNullable<CallPolicies["breaker"]>) => call("backend.Get", policies({ breaker }));
  const changes = (breaker: NonNullable<CallPolicies["breaker"]>, rate: number): number =>
    changesOf(simulate(chain(step(breaker), { Get: endpoint(ms0(20), [], FAILING) }, { rate, length: 10 }))).length;
  assert.equal(changes(timed, 5), 0);
  assert.ok(changes(timed, 20) > 0);
  const slow = { ...BREAKER, slow: { duration: ms(10), rate: 1 } };
  const run = simulate(chain(step(slow), { Get: endpoint(ms0(20)) }, { rate: 10, length: 3 }));
  assert.deepEqual(changesOf(run).map((each) => [each.outcome, each.status]), [[Change.breakerOpened, 1]]);
});

Deno.test("each replica of the caller has a breaker of its own; a global one is the same for all", () => {
  const opened = (view: "replica" | "global"): number => {
    const step = call("backend.Get", policies({ breaker: { ...BREAKER, view } }));
    const run = simulate(
      chain(step, { Get: endpoint(undefined, [], FAILING) }, { rate: 100, length: 2, web: { replicas: 3 } }),
    );
    return changesOf(run).length;
  };
  assert.equal(opened("replica"), 3);
  assert.equal(opened("global"), 1);
});

// ---- bulkhead and pool ----------------------------------------------------------------------------------------------

Deno.test("a bulkhead holds back what is more than its number, at once, or after a wait", () => {
  const step = call("backend.Get", policies({ bulkhead: { concurrency: 2, queue: 0, wait: ms(0) } }));
  const run = simulate(chain(step, { Get: endpoint(ms0(100)) }, { rate: 100, length: 0.05 }));
  assert.deepEqual(inner(run).map((each) => each.outcome), [
    ...Array(3).fill(Outcome.bulkheadFull),
    Outcome.ok,
    Outcome.ok,
  ]);
  const patient = call("backend.Get", policies({ bulkhead: { concurrency: 1, queue: 2, wait: ms(150) } }));
  const waited = simulate(chain(patient, { Get: endpoint(ms0(100)) }, { rate: 100, length: 0.05 }));
  // One begins at once, two wait, two are too many; the second begins at 100 ms, the third would at 200.
  assert.deepEqual(inner(waited).map((each) => [each.outcome, (each.time - each.start) / 1e6]), [
    [Outcome.bulkheadFull, 0],
    [Outcome.bulkheadFull, 0],
    [Outcome.ok, 100],
    [Outcome.bulkheadFull, 150],
    [Outcome.ok, 190],
  ]);
  assertNothingLeaks(waited);
});

const POOL = { size: 1, wait: FOREVER, setup: undefined, keepAlive: FOREVER, view: "replica" } as const;

Deno.test("a call waits for a connection, and its wait is part of its time and told", () => {
  const step = call("backend.Get", policies({ pool: POOL }));
  const run = simulate(chain(step, { Get: endpoint(ms0(20)) }, { rate: 100, length: 0.04 }));
  assert.deepEqual(inner(run).map((each) => [(each.time - each.start) / 1e6, each.extra / 1e6]), [
    [20, 0],
    [30, 10],
    [40, 20],
    [50, 30],
  ]);
  const hasty = call("backend.Get", policies({ pool: { ...POOL, wait: ms(15) } }));
  const failed = inner(simulate(chain(hasty, { Get: endpoint(ms0(20)) }, { rate: 100, length: 0.04 })))
    .filter((each) => each.outcome === Outcome.noConnection);
  assert.deepEqual(failed.map((each) => (each.time - each.start) / 1e6), [15]);
});

Deno.test("a new connection takes its set-up; an idle one is used again until it is closed; a time-out closes it", () => {
  const calls = (pool: Partial<typeof POOL | { setup: ReturnType<typeof ms0> }>, timeout?: number): number[] => {
    const step = call("backend.Get", {
      ...policies({ pool: { ...POOL, setup: ms0(3), ...pool } }),
      timeout: timeout === undefined ? undefined : ms(timeout),
    });
    return inner(simulate(chain(step, { Get: endpoint(ms0(20)) }, { rate: 10, length: 0.3 })))
      .map((each) => each.extra / 1e6);
  };
  assert.deepEqual(calls({}), [3, 0, 0]);
  assert.deepEqual(calls({ keepAlive: ms(70) } as never), [3, 3, 3]);
  assert.deepEqual(calls({ keepAlive: ms(80) } as never), [3, 0, 0]);
  assert.deepEqual(calls({}, 10), [3, 3, 3]);
});

// ---- balancers and outliers -----------------------------------------------------------------------------------------

Deno.test("round-robin takes the replicas in turn; least-requests and power-of-two those with the least under way", () => {
  const replicas = (kind: "round-robin" | "least-requests" | "power-of-two"): number[] => {
    const step = call("backend.Get", policies({ balancer: { kind, view: "replica" } }));
    const run = simulate(
      chain(step, { Get: endpoint(ms0(500)) }, { rate: 100, length: 0.06, options: { replicas: 3 } }),
    );
    return backendOf(run).map((each) => each.replica);
  };
  assert.deepEqual(replicas("round-robin"), [0, 1, 2, 0, 1, 2]);
  const least = replicas("least-requests");
  assert.deepEqual([...least.slice(0, 3)].sort(), [0, 1, 2]);
  assert.deepEqual([...least.slice(3)].sort(), [0, 1, 2]);
  const counts = [0, 1, 2].map((replica) => replicas("power-of-two").filter((each) => each === replica).length);
  assert.ok(Math.max(...counts) <= 3, counts.join());
});

Deno.test("a balancer of random choice is what a call without one has, byte for byte", () => {
  const run = (of: Partial<CallPolicies>): Row[] =>
    simulate(chain(call("backend.Get", policies(of)), { Get: endpoint(exponential(ms(5))) }, {
      rate: 100,
      length: 2,
      options: { replicas: 4 },
    })).rows;
  assert.deepEqual(run({ balancer: { kind: "random", view: "replica" } }), run({}));
});

const OUTLIER = { consecutive: 5, interval: seconds(10), ejection: seconds(30), max: 0.1, panic: 0.5 };

Deno.test("a replica that fails five times in a row is left out for 30 s, and the next time for 60", () => {
  const bad = fault({ ...target("backend"), replica: 1 }, {
    effect: { turn: (knobs) => void (knobs.errorRate = 1) },
    failure: FAILING.errors,
  });
  const step = call("backend.Get", policies({ outlier: OUTLIER }));
  const run = simulate(
    chain(step, { Get: endpoint(ms0(1)) }, { rate: 30, length: 150, options: { replicas: 3 }, faults: [bad] }),
  );
  const [first, back, second, again] = changesOf(run);
  assert.deepEqual([first, back, second, again].map((each) => each!.outcome), [
    Change.ejected,
    Change.returned,
    Change.ejected,
    Change.returned,
  ]);
  // At the first look that finds 30 s over.
  assert.equal(back!.time, seconds(40));
  assert.equal(again!.time, seconds(Math.ceil((second!.time / 1e9 + 60) / 10) * 10));
  const while_ = backendOf(run).filter((each) => each.start > first!.time && each.start < back!.time);
  assert.ok(while_.length > 1000);
  assert.ok(while_.every((each) => each.replica !== 1));
});

Deno.test("no more than a tenth are ejected but one; with less than half left, ejections are not heeded", () => {
  const bad = [0, 1, 2].map((replica) =>
    fault({ ...target("backend"), replica }, {
      name: `bad ${replica}`,
      effect: { turn: (knobs) => void (knobs.errorRate = 1) },
      failure: FAILING.errors,
    })
  );
  const ran = (outlier: typeof OUTLIER): Simulation =>
    simulate(chain(call("backend.Get", policies({ outlier })), { Get: endpoint(ms0(1)) }, {
      rate: 100,
      length: 9,
      options: { replicas: 4 },
      faults: bad,
    }));
  assert.equal(changesOf(ran(OUTLIER)).length, 1);
  const all = ran({ ...OUTLIER, max: 1 });
  const ejections = changesOf(all);
  assert.equal(ejections.length, 3);
  // With one of four left all four are used again.
  const after = backendOf(all).filter((each) => each.start > ejections[2]!.time);
  assert.deepEqual(new Set(after.map((each) => each.replica)), new Set([0, 1, 2, 3]));
});

// ---- hedging --------------------------------------------------------------------------------------------------------

Deno.test("a hedge is sent after its time, the first answer is taken, and the other is cancelled", () => {
  let number = 0;
  // The first request takes 200 ms, the second 10.
  const latency = { ...constant(ms(10)), sample: () => number++ === 0 ? ms(200) : ms(10) };
  const step = call("backend.Get", policies({ hedge: { after: ms(50), max: 1 } }));
  const run = simulate(chain(step, { Get: endpoint(latency) }));
  assert.deepEqual(inner(run).map((each) => [each.attempt, each.outcome, each.flags, each.time / 1e6]), [
    [1, Outcome.cancelled, 0, 60],
    [2, Outcome.ok, FactFlag.hedge, 60],
  ]);
  assert.deepEqual(backendOf(run).map((each) => [each.outcome, each.time / 1e6]), [
    [Outcome.ok, 60],
    [Outcome.cancelled, 60],
  ]);
  assert.equal(new Set(inner(run).map((each) => each.span)).size, 2);
  assert.equal(run.requests.find((each) => each.service === "web")!.time, ms(60));
  assertNothingLeaks(run);
});

Deno.test("a failed attempt waits for the hedge beside it; when all have failed the call has failed", () => {
  const step = call("backend.Get", { timeout: ms(60), ...policies({ hedge: { after: ms(50), max: 2 } }) });
  const run = simulate(chain(step, { Get: endpoint(ms0(200)) }));
  assert.deepEqual(inner(run).map((each) => [each.attempt, each.outcome, each.flags, each.time / 1e6]), [
    [1, Outcome.timeout, FactFlag.undecided, 60],
    [2, Outcome.timeout, FactFlag.hedge, 110],
  ]);
  assert.equal(run.requests.find((each) => each.service === "web")!.status, 504);
  assertNothingLeaks(run);
});

Deno.test("a hedge after one that was refused is cancelled once with its caller", () => {
  // The hedge at 6 ms finds no token, that at 12 ms does; at 18 ms the user gives up.
  const rateLimit = { rate: 100, burst: 1, view: "replica" as const };
  const hedged = call("backend.Get", policies({ hedge: { after: ms(6), max: 2 }, cancel: true }));
  const run = simulate(plan({
    services: [
      service("web", { "GET /": endpoint(undefined, [hedged]) }),
      service("backend", { Get: endpoint(ms0(100)) }, { capacity: { ...PLAIN_CAPACITY, rateLimit } }),
    ],
    journeys: { visit: [call("web.GET /", { timeout: ms(18), ...policies({ cancel: true }) })] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
  }));
  assert.deepEqual(backendOf(run).map((each) => [each.outcome, each.time / 1e6]), [
    [Outcome.rateLimited, 6],
    [Outcome.cancelled, 18],
    [Outcome.cancelled, 18],
  ]);
  assertNothingLeaks(run);
});

Deno.test("everything at once leaks nothing, interrupted or not, and gives the same rows twice", () => {
  const all = policies({
    cancel: true,
    propagateDeadline: true,
    balancer: { kind: "least-requests", view: "replica" },
    pool: { size: 3, wait: ms(2), setup: exponential(ms(2)), keepAlive: ms(100), view: "replica" },
    breaker: { ...BREAKER, open: ms(200) },
    outlier: { ...OUTLIER, consecutive: 3, interval: ms(100), ejection: ms(300) },
    hedge: { after: ms(12), max: 2 },
    bulkhead: { concurrency: 4, queue: 1, wait: ms(3) },
  });
  const retry = {
    attempts: 3,
    backoff: { base: ms(5), max: ms(50), factor: 2, jitter: "full" as const },
    budget: { type: "share" as const, share: 0.5, floor: 2, window: seconds(1) },
  };
  const errors = { rate: 0.1, status: 503, exception: undefined, message: undefined };
  const of = plan({
    services: [
      service("web", {
        "GET /": endpoint(exponential(ms(1)), [{
          type: "parallel",
          branches: [
            [call("backend.Get", { timeout: ms(40), retry, ...all })],
            [call("other.Get", { timeout: ms(30), ...all, optional: true })],
          ],
        }]),
      }, { replicas: 2, concurrency: 30, queue: 30 }),
      service("backend", { Get: endpoint(exponential(ms(8)), [call("other.Get", { ...all, retry })], { errors }) }, {
        replicas: 3,
        concurrency: 3,
        queue: 5,
      }),
      service("other", { Get: endpoint(exponential(ms(6)), [], { errors }) }, {
        replicas: 2,
        concurrency: 4,
        queue: 10,
      }),
    ],
    journeys: { visit: [call("web.GET /", { timeout: ms(100), ...all })] },
    workloads: [workload("load", "visit", openLoad(300, seconds(10), { poisson: true }))],
  });
  const run = simulate(of);
  assertNothingLeaks(run);
  const seen = new Set(run.calls.map((each) => each.outcome));
  for (const name of ["ok", "timeout", "cancelled", "notPermitted", "bulkheadFull", "noConnection"] as const) {
    assert.ok(seen.has(Outcome[name]), `no call ended ${name}`);
  }
  assert.ok(run.requests.some((each) => each.outcome === Outcome.cancelled));
  assert.equal(run.iterations.length, new Set(run.iterations.map((each) => each.iteration)).size);
  assert.ok(run.iterations.length > 2800);
  assert.deepEqual(simulate(of, { stepSeconds: 0.1 }).rows, run.rows);
  for (const row of run.rows) assert.ok(row.time >= row.start && row.wait >= 0 && row.extra >= 0);
  // Every request of a service has a call for a parent.
  const spans = new Set(run.calls.map((each) => each.span));
  for (const each of run.requests) if (!/^0+$/.test(each.parent)) assert.ok(spans.has(each.parent));
  assertNothingLeaks(simulate(of, { stopAt: 4.321 }));
});
