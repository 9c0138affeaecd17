// The numbers of VUs that the closed executors plan, held to tables worked out by hand and to k6's rule.

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Nanos, nanos, SECOND } from "../../sim/base/time.ts";
import { closedLoad, steps } from "./loads.ts";

const ramp = (stages: [number, string][], more = {}) =>
  closedLoad({
    executor: "ramping-vus",
    stages: stages.map(([target, duration]) => ({ target, duration })),
    ...more,
  });

Deno.test("constant-vus has all its VUs from the start to the end", () => {
  const load = closedLoad({ executor: "constant-vus", vus: 7, duration: "90s" });
  assert.deepEqual(steps(load), [[0, 7]]);
  assert.equal(load.length, 90 * SECOND);
  assert.equal(load.vusMax, 7);
  assert.equal(load.iterations, undefined);
  assert.deepEqual([-1, 0, 89e9, 90e9].map((time) => load.plannedVUs(time as Nanos)), [0, 7, 7, 0]);
});

Deno.test("ramping-vus reaches a number when the line does, up and down", () => {
  const load = ramp(
    [[3, "3s"], [1, "4s"], [1, "2s"], [5, "0s"], [5, "1s"], [0, "5s"]],
    { startVUs: 0 },
  );
  assert.deepEqual(steps(load), [
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
    [5, 2],
    [7, 1],
    [9, 5],
    [11, 4],
    [12, 3],
    [13, 2],
    [14, 1],
    [15, 0],
  ]);
  assert.equal(load.length, 15 * SECOND);
  assert.equal(load.vusMax, 5);
});

Deno.test("ramping-vus begins with one VU, has a grace of 30 s and takes bare milliseconds", () => {
  const load = closedLoad({ executor: "ramping-vus", stages: [{ target: 4, duration: 2000 }] });
  assert.deepEqual(steps(load), [[0, 1], [0.666666667, 2], [1.333333333, 3], [2, 4]]);
  assert.equal(load.gracefulRampDown, 30 * SECOND);
  assert.equal(ramp([[4, "2s"]], { gracefulRampDown: 0 }).gracefulRampDown, 0);
});

Deno.test("ramping-vus goes to 0 and up again", () => {
  assert.deepEqual(steps(ramp([[0, "2s"], [0, "1s"], [2, "2s"]], { startVUs: 2 })), [
    [0, 2],
    [1, 1],
    [2, 0],
    [4, 1],
    [5, 2],
  ]);
});

Deno.test("a stage of 0s is one jump, and what happens at one instant is one change", () => {
  assert.deepEqual(steps(ramp([[10, "0s"], [10, "5s"]], { startVUs: 2 })), [[0, 10]]);
  assert.deepEqual(steps(ramp([[3, "1s"], [9, "0s"], [1, "0s"], [1, "5s"]], { startVUs: 2 })), [[0, 2], [1, 1]]);
  assert.deepEqual(steps(ramp([[2, "1s"], [0, "0s"]], { startVUs: 2 })), [[0, 2], [1, 0]]);
});

Deno.test("VUs that come in less than a nanosecond each come at once", () => {
  const found = steps(ramp([[1_000_000, "10ns"]], { startVUs: 0 }));
  assert.ok(found.length <= 11);
  assert.deepEqual(found.at(-1), [1e-8, 1_000_000]);
});

const stagesArbitrary = fc.array(
  fc.record({
    target: fc.integer({ min: 0, max: 60 }),
    duration: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3.6e12 })),
  }),
  { minLength: 1, maxLength: 6 },
).filter((stages) => stages.some(({ duration }) => duration > 0) && stages.some(({ target }) => target > 0));

Deno.test("for random stages the changes are those of k6's integer formula to the nanosecond", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 60 }), stagesArbitrary, (startVUs, stages) => {
    const load = closedLoad({
      executor: "ramping-vus",
      startVUs,
      stages: stages.map(({ target, duration }) => ({ target, duration: `${duration}ns` })),
    });
    const expected: [number, number][] = [[0, startVUs]];
    let end = 0, from = startVUs;
    for (const { target, duration } of stages) {
      end += duration;
      const direction = Math.sign(target - from);
      for (let count = from; count !== target;) {
        count = duration === 0 ? target : count + direction;
        const before = duration === 0
          ? 0n
          : BigInt(duration) * BigInt(Math.abs(target - count)) / BigInt(Math.abs(target - from));
        expected.push([end - Number(before), count]);
      }
      from = target;
    }
    // Of several at one instant, and k6 rounds up where this rounds to the nearest, the last counts.
    const changes = load.changes();
    let last = -1, index = 0;
    while (changes.next()) {
      assert.ok(changes.time > last && changes.time <= load.length);
      last = changes.time;
      while (index < expected.length && expected[index]![1] !== changes.count) index++;
      let near = false;
      for (let other = index; other < expected.length && expected[other]![0] <= changes.time + 1; other++) {
        near ||= expected[other]![1] === changes.count && Math.abs(expected[other]![0] - changes.time) <= 1;
      }
      assert.ok(near, `${changes.count} VUs at ${changes.time} ns`);
    }
    assert.equal(changes.count, from);
  }));
});

Deno.test("the planned number of VUs is that of the last change", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 60 }),
      stagesArbitrary,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }),
      (startVUs, stages, shares) => {
        const load = closedLoad({
          executor: "ramping-vus",
          startVUs,
          stages: stages.map(({ target, duration }) => ({ target, duration: `${duration}ns` })),
        });
        const changes = load.changes();
        const found: { time: Nanos; count: number }[] = [];
        while (changes.next()) found.push({ time: changes.time, count: changes.count });
        const times = [
          ...shares.map((share) => nanos(share * load.length)),
          ...found.flatMap(({ time }) => [time - 1, time, time + 1] as Nanos[]),
        ];
        for (const time of times) {
          const expected = time < 0 || time >= load.length ? 0 : found.findLast((change) => change.time <= time)!.count;
          assert.equal(load.plannedVUs(time), expected, `at ${time}`);
        }
        assert.equal(load.vusMax, Math.max(startVUs, ...stages.map(({ target }) => target)));
      },
    ),
  );
});

Deno.test("the executors with a fixed number of iterations have k6's defaults and all their VUs at once", () => {
  const shared = closedLoad({ executor: "shared-iterations" });
  assert.deepEqual(steps(shared), [[0, 1]]);
  assert.deepEqual(shared.iterations, { total: 1 });
  assert.equal(shared.length, 600 * SECOND);
  const perVu = closedLoad({ executor: "per-vu-iterations", vus: 4, iterations: 25, maxDuration: "20s" });
  assert.deepEqual(steps(perVu), [[0, 4]]);
  assert.deepEqual(perVu.iterations, { perVu: 25 });
  assert.equal(perVu.length, 20 * SECOND);
  assert.equal(perVu.vusMax, 4);
  assert.equal(perVu.plannedVUs(SECOND), 4);
  assert.deepEqual(closedLoad({ executor: "shared-iterations", vus: 4, iterations: 9 }).iterations, { total: 9 });
});
