import assert from "node:assert/strict";
import { FOREVER } from "../../sim/base/time.ts";
import { Change, FactFlag, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { call, constant, endpoint, ms, openLoad, plan, seconds, service, simulate, workload } from "../build.ts";
import { live, type Told } from "./world.ts";

const WEB = 0, BACKEND = 1;

function twoServices(options: Parameters<typeof service>[2], { rate = 10, length = 10 } = {}): Plan {
  return plan({
    services: [
      service("web", { "GET /": endpoint(constant(ms(1)), [call("backend.Get")]) }),
      service("backend", { Get: endpoint(constant(ms(100)), [call("db.SELECT orders")]) }, options),
      service("db", { "SELECT orders": endpoint(constant(ms(5))) }, { kind: "database", system: "postgresql" }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(rate, seconds(length)))],
  });
}

function assertNothingLeaks({ engine }: Told): void {
  assert.equal(engine.workersInUse, 0, "workers in use at the end");
  assert.equal(engine.framesInUse, 0, "frames in use at the end");
}

function assertWhole({ rows }: Told): void {
  const spans = new Set(rows.map((row) => row.span));
  for (const row of rows) {
    if (/^0*$/.test(row.parent) || (row.flags & FactFlag.journey) !== 0) continue;
    assert.ok(spans.has(row.parent), `a span of ${row.service} at ${row.time} has no parent`);
  }
}

Deno.test("a crash ends at once what the replica works on and what waits there, and callers see a reset", () => {
  const run = live(twoServices({ concurrency: 1, startTime: seconds(2) }, { rate: 20 }), [
    { at: 1, act: (world) => world.crash(BACKEND, 0, seconds(1)) },
  ]);
  const crashed = run.requests.filter((each) => each.outcome === Outcome.crashed);
  assert.ok(crashed.length > 2);
  for (const each of crashed) {
    assert.equal(each.service, "backend");
    assert.equal(each.time, seconds(1));
  }
  // One was worked on; the others waited for all of their time.
  assert.equal(crashed.filter((each) => each.wait < each.time - each.start).length, 1);
  const reset = run.calls.filter((each) => each.outcome === Outcome.reset);
  assert.equal(reset.length, crashed.length);
  const failed = run.requests.filter((each) => each.service === "web" && each.time === seconds(1));
  assert.equal(failed.length, crashed.length);
  for (const each of failed) assert.equal(each.status, 502);
  assertWhole(run);
  assertNothingLeaks(run);
});

Deno.test("until it listens again a replica that is down refuses connections quickly, and callers go on choosing it", () => {
  const run = live(twoServices({ startTime: seconds(2), replicas: 2 }, { rate: 50 }), [
    { at: 1, act: (world) => world.crash(BACKEND, 0, seconds(1)) },
  ]);
  const refused = run.calls.filter((each) => each.outcome === Outcome.aborted);
  assert.ok(refused.length > 50 && refused.length < 100, `${refused.length} of about 75`);
  for (const each of refused) {
    assert.ok(each.time > seconds(1) && each.time < seconds(4.01));
    assert.equal(each.time, each.start);
    assert.equal(each.status, 0);
  }
  const starts = run.changes.map((each) => [each.outcome, each.time]);
  assert.deepEqual(starts, [
    [Change.replicaDown, seconds(1)],
    [Change.replicaStarts, seconds(2)],
    [Change.replicaListens, seconds(4)],
  ]);
  assert.ok(run.requests.some((each) => each.service === "backend" && each.replica === 0 && each.start > seconds(4)));
});

Deno.test("crashes in a row are answered as the kubelet does: at once, after 10 s, after 20 s, up to 5 minutes", () => {
  const crash = (at: number) => ({
    at,
    act: (world: Parameters<Parameters<typeof live>[1][0]["act"]>[0]) => world.crash(BACKEND, 0),
  });
  const of = twoServices({}, { rate: 1, length: 1500 });
  const run = live(of, [crash(1), crash(2), crash(20), crash(60), crash(200), crash(400), crash(700), crash(1400)]);
  const starts = run.changes.filter((each) => each.outcome === Change.replicaStarts).map((each) => each.time / 1e9);
  // The last one would start at 1700 s, after the end.
  assert.deepEqual(starts, [1, 12, 40, 100, 280, 560, 1000]);
});

Deno.test("a container that ran for ten minutes is restarted at once again", () => {
  const act = (world: Parameters<Parameters<typeof live>[1][0]["act"]>[0]): void => world.crash(BACKEND, 0);
  const run = live(twoServices({}, { rate: 1, length: 800 }), [{ at: 1, act }, { at: 2, act }, { at: 700, act }]);
  const starts = run.changes.filter((each) => each.outcome === Change.replicaStarts).map((each) => each.time / 1e9);
  assert.deepEqual(starts, [1, 12, 700]);
});

Deno.test("a replica that is stopped finishes what it has, takes nothing new, and loses nothing", () => {
  const run = live(twoServices({ replicas: 2, startTime: seconds(1) }, { rate: 50 }), [
    { at: 2, act: (world) => world.stop(BACKEND, 1) },
    { at: 5, act: (world) => world.start(BACKEND, 1) },
  ]);
  assert.ok(run.calls.every((each) => each.outcome === Outcome.ok));
  const of1 = run.requests.filter((each) => each.service === "backend" && each.replica === 1).map((each) => each.start);
  assert.ok(of1.every((start) => start < seconds(2.01) || start >= seconds(6)));
  assert.ok(of1.some((start) => start > seconds(6)));
  assertNothingLeaks(run);
});

Deno.test("after its grace a replica that does not stop is killed", () => {
  const of = plan({
    services: [service("web", { "GET /": endpoint(constant(seconds(60))) })],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(3)))],
  });
  const run = live(of, [{ at: 2.5, act: (world) => world.stop(WEB, 0) }]);
  const ends = run.requests.map((each) => [each.outcome, each.time]);
  assert.deepEqual(ends, Array.from({ length: 3 }, () => [Outcome.crashed, seconds(32.5)]));
});

Deno.test("without any replica on the list calls are refused at once", () => {
  const run = live(twoServices({}, { rate: 10, length: 3 }), [{ at: 1, act: (world) => world.stop(BACKEND, 0) }]);
  const late = run.calls.filter((each) =>
    each.service === "web" && each.start > seconds(1.01) && (each.flags & 16) === 0
  );
  assert.ok(late.length >= 18);
  for (const each of late) assert.equal(each.outcome, Outcome.aborted);
});

Deno.test("a partition swallows requests, TCP tries again after 1, 3 and 7 s, and answers come after it", () => {
  const run = live(twoServices({}, { rate: 10, length: 3 }), [
    { at: 1.05, act: (world) => world.partition(WEB, BACKEND) },
    { at: 5, act: (world) => world.heal(BACKEND, WEB) },
  ]);
  const calls = run.calls.filter((each) => each.service === "web" && (each.flags & FactFlag.journey) === 0);
  const during = calls.filter((each) => each.start > seconds(1.05) && each.start < seconds(3));
  for (const each of during) {
    const tries = [1, 3, 7].map((after) => each.start + seconds(after)).find((time) => time >= seconds(5))!;
    assert.equal(each.time, tries + ms(105));
    assert.equal(each.outcome, Outcome.ok);
  }
  const answered = calls.filter((each) => each.start < seconds(1.05) && each.time > seconds(1.05));
  assert.ok(answered.length >= 1);
  for (const each of answered) assert.equal(each.time, seconds(5));
  assertWhole(run);
  assertNothingLeaks(run);
});

Deno.test("a partition that stays makes connections time out after 127 s", () => {
  const run = live(twoServices({}, { rate: 1, length: 1 }), [{ at: 0, act: (world) => world.partition(WEB, BACKEND) }]);
  const [given] = run.calls.filter((each) => (each.flags & FactFlag.journey) === 0);
  // The workload's gracefulStop of 30 s interrupts it before.
  assert.equal(given!.outcome, Outcome.interrupted);
  const patient = plan({
    services: [
      service("web", { "GET /": endpoint(constant(ms(1)), [call("backend.Get")]) }),
      service("backend", { Get: endpoint(constant(ms(1))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)), { gracefulStop: seconds(300) })],
  });
  const long = live(patient, [{ at: 0, act: (world) => world.partition(WEB, BACKEND) }]);
  const [call127] = long.calls.filter((each) => (each.flags & FactFlag.journey) === 0);
  assert.equal(call127!.outcome, Outcome.unreachable);
  assert.equal(call127!.time - call127!.start, seconds(127));
});

Deno.test("a world in which nothing happens is the run without one", () => {
  const of = twoServices({ replicas: 3, startTime: seconds(5) }, { rate: 30 });
  const without = simulate(of).rows;
  const within = live(of, []).rows.filter((row) => row.kind !== 5 && row.kind !== 6);
  assert.deepEqual(within, without);
});

Deno.test("the same happenings give the same facts", () => {
  const run = (): Told =>
    live(twoServices({ replicas: 2 }, { rate: 100 }), [
      { at: 1, act: (world) => world.crash(BACKEND, 0, seconds(1)) },
      { at: 3, act: (world) => world.crash(WEB, 0, FOREVER) },
      { at: 4, act: (world) => world.start(WEB, 0) },
    ]);
  const one = run();
  assert.deepEqual(one.rows, run().rows);
  assertWhole(one);
  assertNothingLeaks(one);
});
