import assert from "node:assert/strict";
import { FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Step } from "../../sim/model/model.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import {
  call,
  constant,
  endpoint,
  exponential,
  ms,
  openLoad,
  plan,
  seconds,
  service,
  simulate,
  type Simulation,
  workload,
} from "../build.ts";
import { lock } from "./state.ts";
import { live } from "./world.ts";

const rows = ({ rows: all }: Pick<Simulation, "rows">) => all.filter((row) => row.kind === FactKind.lock);

function locking(
  steps: readonly Step[],
  { rate = 100, length = 1, poisson = false, update = constant(ms(20)), grace = 30 } = {},
): Plan {
  return plan({
    services: [
      service("web", { "GET /": endpoint(undefined, steps) }, { startTime: ms(100) }),
      service("db", { u: endpoint(update) }, { kind: "database", system: "postgresql" }),
      service("other", { o: endpoint(undefined, [lock([call("db.u")])]) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [
      workload("load", "visit", openLoad(rate, seconds(length), { poisson }), { gracefulStop: seconds(grace) }),
    ],
  });
}

function assertNothingLeaks({ engine }: Pick<Simulation, "engine">): void {
  assert.equal(engine.workersInUse, 0, "workers in use at the end");
  assert.equal(engine.framesInUse, 0, "frames in use at the end");
}

Deno.test("a row is held while the steps run, and goes to the one that waits longest", () => {
  const run = simulate(locking([lock([call("db.u")])]));
  // One every 10 ms, each holds the row for 20 ms: the n-th waits 10 n ms.
  assert.deepEqual(rows(run).map((row) => row.wait), Array.from({ length: 100 }, (_, n) => ms(10 * n)));
  const db = run.requests.filter((row) => row.service === "db").map((row) => row.start);
  assert.deepEqual(db, Array.from({ length: 100 }, (_, n) => ms(20 * n)));
  assertNothingLeaks(run);
});

Deno.test("rows of other keys do not wait for each other", () => {
  const run = simulate(locking([lock([call("db.u")], { row: { type: "zipf", n: 1_000_000, s: 0 } })]));
  assert.ok(rows(run).every((row) => row.wait === 0));
});

Deno.test("with Poisson arrivals and exponential holding times a row is an M/M/1 queue, request by request", () => {
  const run = simulate(
    locking([lock([call("db.u")])], { rate: 60, length: 170, poisson: true, update: exponential(ms(10)) }),
  );
  const waits = rows(run);
  const db = run.requests.filter((row) => row.service === "db");
  assert.ok(waits.length > 9_000);
  const arrivals = Float64Array.from(waits, (row) => row.start);
  const services = Float64Array.from(db, (row) => row.time - row.start);
  let free = 0;
  for (let i = 0; i < waits.length; i++) {
    const begins = Math.max(free, arrivals[i]!);
    assert.equal(waits[i]!.wait, begins - arrivals[i]!);
    free = begins + services[i]!;
  }
  const mean = waits.reduce((sum, row) => sum + row.wait, 0) / waits.length / 1e6;
  assert.ok(Math.abs(mean / 15 - 1) < 0.2, `mean wait ${mean} ms, ρ/(μ-λ) is 15 ms`);
});

Deno.test("a wait that is too long fails the request, and leaves the row to the next", () => {
  const run = simulate(locking([lock([call("db.u")], { timeout: ms(100) })]));
  const late = rows(run).filter((row) => row.outcome === Outcome.timeout);
  assert.ok(late.length > 20);
  for (const row of late) assert.equal(row.wait, ms(100));
  const failed = run.requests.filter((row) => row.service === "web" && row.outcome === Outcome.error);
  assert.equal(failed.length, late.length);
  for (const row of failed) assert.equal(row.status, 500);
  assertNothingLeaks(run);
});

Deno.test("whoever closes a circle of waits is the database's victim", () => {
  const a = lock([
    { type: "work", share: undefined, latency: constant(ms(1)) },
    lock([call("db.u")], { table: "b", row: { type: "attribute", name: "b" } }),
  ], {
    table: "a",
    row: { type: "attribute", name: "a" },
  });
  const b = lock([
    { type: "work", share: undefined, latency: constant(ms(1)) },
    lock([call("db.u")], { table: "a", row: { type: "attribute", name: "a" } }),
  ], {
    table: "b",
    row: { type: "attribute", name: "b" },
  });
  const run = simulate(
    locking([{ type: "choose", options: [{ weight: 1, steps: [a] }, { weight: 1, steps: [b] }] }], { rate: 200 }),
  );
  const victims = run.requests.filter((row) => row.service === "web" && row.outcome === Outcome.error);
  assert.ok(victims.length > 0);
  assert.equal(rows(run).filter((row) => row.outcome === Outcome.error).length, victims.length);
  assert.deepEqual(run.engine.deadlocks, []);
  assertNothingLeaks(run);
});

Deno.test("a request that waits for a row that its own caller holds is a deadlock, which is told", () => {
  const run = simulate(locking([lock([call("other.o")])], { rate: 1, grace: 5 }));
  assert.match(run.engine.deadlocks.join(), /other/);
  assertNothingLeaks(run);
});

Deno.test("what a request holds itself it does not wait for", () => {
  const run = simulate(locking([lock([lock([call("db.u")]), lock([call("db.u")])])], { rate: 10 }));
  assert.ok(run.requests.every((row) => row.outcome === Outcome.ok));
  assertNothingLeaks(run);
});

Deno.test("a holder that dies or fails lets go", () => {
  const run = live(locking([lock([call("db.u")])], { rate: 50 }), [
    { at: 0.205, act: (world) => world.crash(0, 0, ms(10)) },
  ]);
  const crashed = run.requests.filter((row) => row.outcome === Outcome.crashed);
  assert.equal(crashed.length, 1);
  assert.ok(run.requests.some((row) => row.service === "web" && row.start > ms(320) && row.outcome === Outcome.ok));
  assertNothingLeaks(run);
  const failing = { errors: { rate: 0.5, status: 500, exception: undefined, message: undefined } };
  const half = plan({
    services: [
      service("web", { "GET /": endpoint(undefined, [lock([call("db.u")])]) }),
      service("db", { u: endpoint(constant(ms(20)), [], failing) }, { kind: "database" }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(40, seconds(2)))],
  });
  const failed = simulate(half);
  assert.ok(rows(failed).every((row) => row.wait === 0 || row.wait === ms(0)));
  assertNothingLeaks(failed);
});
