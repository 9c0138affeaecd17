// Loads that come again: stages that are repeated, and loads without end. Cycle 1000 is as exact as the first, and nothing
// is kept of the cycles that are over.

import assert from "node:assert/strict";
import fc from "fast-check";
import { uniform } from "../../sim/base/draws.ts";
import { DAY, HOUR, MICROSECOND, type Nanos, nanos, RUN_LENGTH_MAX, SECOND } from "../../sim/base/time.ts";
import type { Stage } from "../../sim/load/executor.ts";
import { RateCurve } from "../../sim/load/rate_curve.ts";
import { type ExactStage, type Fraction, integralAt } from "./exact_rate.ts";
import { closedLoad, loadOf, openLoad, starts, steps, tryLoad } from "./loads.ts";

const CYCLES = 1000;

const stagesArbitrary = fc.array(
  fc.record({
    target: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
    durationNs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 10e9 })),
  }),
  { minLength: 1, maxLength: 5 },
).filter((stages) => stages.some(({ durationNs }) => durationNs > 0));

/** The integral over cycles, of which the exact fractions know one. */
class CycledIntegral {
  readonly length: number;
  readonly cycle: Fraction;

  constructor(readonly startRate: number, readonly stages: readonly ExactStage[], readonly timeUnitNs: number) {
    this.length = stages.reduce((sum, { durationNs }) => sum + durationNs, 0);
    this.cycle = integralAt(startRate, stages, timeUnitNs, this.length);
  }

  at(time: number): Fraction {
    const cycles = BigInt(Math.floor(time / this.length));
    const part = integralAt(this.startRate, this.stages, this.timeUnitNs, time % this.length);
    return {
      numerator: cycles * this.cycle.numerator * part.denominator + part.numerator * this.cycle.denominator,
      denominator: this.cycle.denominator * part.denominator,
    };
  }
}

function floorOf({ numerator, denominator }: Fraction): number {
  return Number(numerator / denominator);
}

const scaled = (stages: readonly ExactStage[]): Stage[] =>
  stages.map(({ target, durationNs }) => ({ target: target / 1000, duration: durationNs as Nanos }));

Deno.test("for random stages every start of cycle 1 and of cycle 1000 is within 1 µs of the closed form", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20_000 }),
      stagesArbitrary,
      fc.constantFrom(1e9, 7e9, 6e10),
      (startRate, stages, timeUnitNs) => {
        const exact = new CycledIntegral(startRate, stages, timeUnitNs);
        const length = nanos(exact.length * CYCLES);
        const curve = new RateCurve(startRate / 1000, scaled(stages), timeUnitNs as Nanos, () => length);
        const before = floorOf(exact.at(exact.length * (CYCLES - 1)));
        const arrivals = curve.evenArrivals(1);
        let k = 1, last = 0;
        for (let time = arrivals.next(); time < Infinity; time = arrivals.next(), k++) {
          assert.ok(Number.isInteger(time) && time >= last && time < length);
          last = time;
          const inFirst = time < exact.length, inLast = k > before;
          if ((!inFirst && !inLast) || (k % 7 !== 0 && k > before + 20)) continue;
          const low = exact.at(Math.max(0, time - MICROSECOND)), high = exact.at(time + MICROSECOND);
          const wanted = BigInt(k);
          assert.ok(low.numerator <= wanted * low.denominator, `start ${k} at ${time} is late`);
          assert.ok(high.numerator >= wanted * high.denominator, `start ${k} at ${time} is early`);
        }
        assert.equal(curve.evenCount(1), k - 1);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("the starts up to the end of each cycle are the integral, rounded down: the rest is carried over exactly", () => {
  // 0.3 an hour for 7 h: 2.1 a cycle, whose tenths make one more in every tenth.
  const load = openLoad({
    executor: "ramping-arrival-rate",
    startRate: 0.3,
    timeUnit: "1h",
    preAllocatedVUs: 1,
    stages: [{ target: 0.3, duration: "7h" }],
    repeat: 340,
  });
  assert.equal(load.length, 340 * 7 * HOUR);
  assert.equal(load.cycle, 7 * HOUR);
  assert.equal(load.endless, false);
  const times = starts(load);
  assert.equal(times.length, 713, "714 are due, the last as the load ends");
  assert.equal(load.expectedIterations, times.length);
  for (let cycle = 1; cycle < 340; cycle++) {
    const due = times.filter((time) => time <= cycle * load.cycle!).length;
    assert.equal(due, Math.floor(cycle * 21 / 10), `by cycle ${cycle}`);
  }
  // Every tenth one is due at the very end of a cycle.
  times.forEach((time, index) => assert.equal(time, (index + 1) * 12_000 * SECOND));
});

Deno.test("each time the stages begin at startRate again", () => {
  const load = openLoad({
    executor: "ramping-arrival-rate",
    startRate: 0,
    preAllocatedVUs: 1,
    stages: [{ target: 4, duration: "1s" }],
    repeat: 3,
  });
  const first = nanos(Math.sqrt(1 / 2) * SECOND), second = SECOND;
  assert.deepEqual(starts(load), [first, second, SECOND + first, 2 * SECOND, 2 * SECOND + first]);
  const at = (ms: number): number => load.plannedRate((ms * 1e6) as Nanos);
  assert.deepEqual([0, 500, 1000, 2500, 2999, 3000].map(at).map((rate) => Number(rate.toFixed(9))), [
    0,
    2,
    0,
    2,
    3.996,
    0,
  ]);
});

Deno.test("a start takes no longer when most cycles have none", () => {
  const load = openLoad({
    executor: "ramping-arrival-rate",
    startRate: 1,
    timeUnit: "1d",
    preAllocatedVUs: 1,
    stages: [{ target: 1, duration: "1ms" }, { target: 0, duration: 0 }, { target: 0, duration: "1ms" }],
    repeat: "unlimited",
  });
  const arrivals = load.arrivals(() => 0.5);
  // Half of the time, so every two days.
  assert.deepEqual(
    [arrivals.next(), arrivals.next(), arrivals.next()].map((time) => Math.round(time / MICROSECOND)),
    [2, 4, 6].map((days) => Math.round((days * DAY - 1e6) / MICROSECOND)),
  );
});

Deno.test("Poisson arrivals over cycles are the sums of unit exponentials, mapped by the inverse of the integral", () => {
  const stages = [{ target: 3_000, durationNs: 0.9e9 }, { target: 0, durationNs: 0.1e9 }, {
    target: 0,
    durationNs: 1e9,
  }];
  const exact = new CycledIntegral(500, stages, 1e9);
  const length = nanos(exact.length * CYCLES);
  const draw = (n: number): number => uniform(11, n, 0x51ab);
  const curve = new RateCurve(0.5, scaled(stages), SECOND, () => length);
  const arrivals = curve.poissonArrivals(draw);
  let sum = 0, count = 0;
  for (let time = arrivals.next(); time < Infinity; time = arrivals.next()) {
    sum -= Math.log(draw(count++));
    const low = exact.at(Math.max(0, time - MICROSECOND)), high = exact.at(time + MICROSECOND);
    const value = ({ numerator, denominator }: Fraction): number => Number(numerator * 10n ** 12n / denominator) / 1e12;
    assert.ok(value(low) <= sum + 1e-8 && value(high) >= sum - 1e-8, `arrival ${count} at ${time}`);
  }
  const mean = floorOf(exact.at(length));
  assert.ok(Math.abs(count - mean) < 4 * Math.sqrt(mean), `${count} for ${mean}`);
  assert.equal(arrivals.next(), Infinity);
});

Deno.test("ramping-vus comes again from startVUs, to the nanosecond in every cycle", () => {
  const load = closedLoad({
    executor: "ramping-vus",
    startVUs: 1,
    stages: [{ target: 4, duration: "2s" }, { target: 2, duration: "1s" }],
    repeat: 3,
  });
  const third = 2 / 3;
  const cycle: [number, number][] = [[0, 1], [third, 2], [2 * third, 3], [2, 4], [2.5, 3], [3, 2]];
  const expected = [0, 3, 6].flatMap((start) =>
    cycle.map(([time, count]): [number, number] => [nanos((start + time) * SECOND) / SECOND, count])
  );
  // At the end of a cycle the jump back to the start is the last word.
  const found = steps(load);
  assert.deepEqual(found, expected.filter(([time, count], i) => count !== 2 || expected[i + 1]?.[0] !== time));
  assert.equal(load.length, 9 * SECOND);
  for (const [time, count] of found.slice(0, -1)) assert.equal(load.plannedVUs(nanos(time * SECOND)), count);
  assert.equal(load.plannedVUs(load.length), 0);
});

Deno.test("a number of VUs that never changes has one change, however often it is repeated", () => {
  const load = closedLoad({
    executor: "ramping-vus",
    startVUs: 5,
    stages: [{ target: 5, duration: "1s" }],
    repeat: "unlimited",
  });
  assert.deepEqual(steps(load), [[0, 5]]);
  assert.equal(load.endless, true);
});

Deno.test("loads without end are as long as a run may be, and say so", () => {
  const loads = [
    loadOf({ executor: "constant-vus", vus: 3, duration: "unlimited" }),
    loadOf({ executor: "constant-arrival-rate", rate: 5, duration: "unlimited", preAllocatedVUs: 1 }),
    loadOf({ executor: "ramping-vus", stages: [{ target: 2, duration: "1m" }], repeat: "unlimited" }),
    loadOf({
      executor: "ramping-arrival-rate",
      stages: [{ target: 2, duration: "1m" }],
      repeat: "unlimited",
      preAllocatedVUs: 1,
    }),
  ];
  for (const load of loads) {
    assert.deepEqual([load.length, load.endless], [RUN_LENGTH_MAX, true]);
    if (load.type === "open") assert.equal(load.expectedIterations, Infinity);
  }
  assert.deepEqual(loads.map((load) => load.cycle), [undefined, undefined, 60e9, 60e9]);
});

Deno.test("over 100 days a load without end keeps nothing of the cycles that are over", () => {
  const open = openLoad({
    executor: "ramping-arrival-rate",
    stages: [{ target: 2, duration: "1m" }, { target: 0, duration: "1m" }],
    repeat: "unlimited",
    preAllocatedVUs: 1,
  });
  const closed = closedLoad({
    executor: "ramping-vus",
    startVUs: 0,
    stages: [{ target: 2, duration: "1m" }, { target: 0, duration: "1m" }],
    repeat: "unlimited",
  });
  const arrivals = open.arrivals(() => 0.5), changes = closed.changes();
  let count = 0, last = 0, changed = 0, early = 0, most = 0;
  for (let time: number = arrivals.next(); time < Infinity; time = arrivals.next()) {
    [count, last] = [count + 1, time];
    if (count % 200_000 !== 0) continue;
    const bytes = Deno.memoryUsage().heapUsed;
    if (count <= 1_000_000) early = Math.max(early, bytes);
    else most = Math.max(most, bytes);
  }
  while (changes.next()) changed++;
  // 120 in each of 72,000 cycles, but the one that is due as the load ends.
  assert.equal(count, 72_000 * 120 - 1);
  assert.ok(last > RUN_LENGTH_MAX - 20 * SECOND && last < RUN_LENGTH_MAX);
  // One at 0, then 4 in each cycle.
  assert.equal(changed, 1 + 4 * 72_000);
  assert.ok(most - early < 30e6, `${most - early} bytes more; the times as numbers would take 60 MB`);
});

Deno.test("what is wrong with an end, or its absence, is said with what to write", () => {
  const problems = (config: Parameters<typeof tryLoad>[0]): string[] =>
    tryLoad(config).problems.map(({ path, message, hint }) => `${path.join(".")}: ${message} [${hint ?? ""}]`);
  assert.deepEqual(problems({ executor: "constant-vus", duration: "unlimted" }), [
    'duration: expected a duration like 30s, or unlimited, found the text "unlimted" [did you mean "unlimited"?]',
  ]);
  const stages = [{ target: 2, duration: "60d" }];
  assert.deepEqual(problems({ executor: "ramping-vus", stages, repeat: 2 }), [
    "repeat: 2 times stages of 60d are too long [a run lasts at most 100d: write repeat: 1 or less, or unlimited]",
  ]);
  assert.match(
    problems({ executor: "ramping-vus", stages, repeat: 0 })[0]!,
    /repeat: expected a whole number, 1 or more/,
  );
  assert.match(problems({ executor: "ramping-vus", stages, repeat: "forever" })[0]!, /a whole number or unlimited/);
});
