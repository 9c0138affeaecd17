// The start times of the arrival-rate executors, held to exact arithmetic and to k6's rules.

import assert from "node:assert/strict";
import fc from "fast-check";
import { uniform } from "../../sim/base/draws.ts";
import { DAY, MICROSECOND, MILLISECOND, type Nanos, SECOND } from "../../sim/base/time.ts";
import { compareTo, type ExactStage, integralAt } from "./exact_rate.ts";
import { type Config, openLoad, starts } from "./loads.ts";

const seeded = (seed: number) => (n: number): number => uniform(seed, n, 0x51ab);

/** Stages whose targets are thousandths, so that exact fractions can follow them. */
function rampConfig(startRate: number, stages: readonly ExactStage[], timeUnit: string, more: Config = {}): Config {
  return {
    executor: "ramping-arrival-rate",
    startRate: startRate / 1000,
    timeUnit,
    preAllocatedVUs: 1,
    stages: stages.map(({ target, durationNs }) => ({ target: target / 1000, duration: `${durationNs}ns` })),
    ...more,
  };
}

/** Asserts that start number k lies within 1 µs of the instant at which the exact integral is k. */
function assertOnCurve(
  k: number,
  time: number,
  startRate: number,
  stages: readonly ExactStage[],
  timeUnitNs: number,
): void {
  const before = integralAt(startRate, stages, timeUnitNs, time - MICROSECOND);
  const after = integralAt(startRate, stages, timeUnitNs, time + MICROSECOND);
  assert.ok(compareTo(before, k) <= 0 && compareTo(after, k) >= 0, `start ${k} at ${time} ns is off the curve`);
}

Deno.test("constant-arrival-rate starts its first iteration at once and the k-th after k periods", () => {
  const load = openLoad({ executor: "constant-arrival-rate", rate: 5, duration: "1s", preAllocatedVUs: 2 });
  assert.deepEqual(starts(load), [0, 200e6, 400e6, 600e6, 800e6]);
  assert.equal(load.expectedIterations, 5);
  assert.equal(load.length, SECOND);
});

Deno.test("constant-arrival-rate starts nothing at the instant at which it ends, and a part of a period counts as one", () => {
  const count = (rate: number, duration: string): number => {
    const load = openLoad({ executor: "constant-arrival-rate", rate, duration, preAllocatedVUs: 1 });
    const times = starts(load);
    assert.equal(load.expectedIterations, times.length);
    assert.ok(times.every((time) => time < load.length));
    return times.length;
  };
  assert.equal(count(10, "10s"), 100);
  assert.equal(count(10, "10050ms"), 101);
  assert.equal(count(0.3, "10s"), 3);
  assert.equal(count(0.01, "10s"), 1);
  assert.equal(count(7, "3s"), 21);
});

Deno.test("constant-arrival-rate takes fractional rates and any time unit", () => {
  const load = openLoad({
    executor: "constant-arrival-rate",
    rate: 1.5,
    timeUnit: "1m",
    duration: "3m",
    preAllocatedVUs: 1,
  });
  assert.deepEqual(starts(load).map((time) => time / SECOND), [0, 40, 80, 120, 160]);
  assert.equal(load.plannedRate(SECOND), 1.5 / 60);
});

Deno.test("constant-arrival-rate does not drift over 24 hours when the period is no whole number of nanoseconds", () => {
  const load = openLoad({ executor: "constant-arrival-rate", rate: 7, duration: "24h", preAllocatedVUs: 1 });
  const times = starts(load);
  assert.equal(times.length, 7 * 86_400);
  for (let k = 0; k < times.length; k += 997) {
    const exact = Number((BigInt(k) * 2_000_000_000n + 7n) / 14n);
    assert.equal(times[k], exact);
  }
});

Deno.test("ramping-arrival-rate starts number k, from 1, where the integral of the rate is k", () => {
  // 0 to 2 a second in 2 s: t²/2 = k; then 2 a second: k − 2 = 2 (t − 2).
  const load = openLoad({
    executor: "ramping-arrival-rate",
    preAllocatedVUs: 1,
    stages: [{ target: 2, duration: "2s" }, { target: 2, duration: "1s" }],
  });
  assert.deepEqual(starts(load), [Math.round(Math.SQRT2 * 1e9), 2e9, 2.5e9]);
  assert.equal(load.expectedIterations, 3);
});

Deno.test("ramping-arrival-rate carries the part of an iteration that a stage leaves over into the next", () => {
  // 0.8 iterations in the first stage; the tenth of one a second later needs another 0.2.
  const load = openLoad({
    executor: "ramping-arrival-rate",
    preAllocatedVUs: 1,
    startRate: 0.8,
    stages: [{ target: 0.8, duration: "1s" }, { target: 4, duration: "0s" }, { target: 4, duration: "1s" }],
  });
  assert.deepEqual(starts(load), [1.05e9, 1.3e9, 1.55e9, 1.8e9]);
});

Deno.test("ramping-arrival-rate starts the last iteration of a ramp to 0 when a stage of rest follows it", () => {
  const rest = openLoad({
    executor: "ramping-arrival-rate",
    preAllocatedVUs: 1,
    startRate: 0.6,
    stages: [{ target: 0, duration: "10s" }, { target: 0, duration: "5s" }],
  });
  assert.equal(starts(rest).length, 3);
  assert.equal(starts(rest)[2], 10e9);
  assert.equal(rest.expectedIterations, 3);
  const none = openLoad({
    executor: "ramping-arrival-rate",
    preAllocatedVUs: 1,
    startRate: 0.6,
    stages: [{ target: 0, duration: "10s" }],
  });
  assert.equal(starts(none).length, 2, "it is due when the load ends, so it does not start");
  assert.equal(none.expectedIterations, 2);
});

Deno.test("ramping-arrival-rate goes to 0 and up again", () => {
  const load = openLoad({
    executor: "ramping-arrival-rate",
    preAllocatedVUs: 1,
    startRate: 2,
    stages: [{ target: 0, duration: "2s" }, { target: 0, duration: "10s" }, { target: 2, duration: "2s" }],
  });
  assert.deepEqual(starts(load), [Math.round((2 - Math.SQRT2) * 1e9), 2e9, Math.round((12 + Math.SQRT2) * 1e9)]);
});

Deno.test("ramping-arrival-rate without a rate starts nothing", () => {
  const load = openLoad({
    executor: "ramping-arrival-rate",
    preAllocatedVUs: 1,
    stages: [{ target: 0, duration: "2s" }],
  });
  assert.deepEqual(starts(load), []);
  assert.equal(load.expectedIterations, 0);
  assert.deepEqual(
    starts({
      ...load,
      arrivals: openLoad(rampConfig(0, [{ target: 0, durationNs: 1e9 }], "1s", { arrival: "poisson" })).arrivals,
    }, seeded(1)),
    [],
  );
});

const stagesArbitrary = fc.array(
  fc.record({
    target: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
    durationNs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100e9 })),
  }),
  { minLength: 1, maxLength: 6 },
).filter((stages) => stages.some(({ durationNs }) => durationNs > 0));

Deno.test("for random stages every start is within 1 µs of the closed form, and their number is exact", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20_000 }),
      stagesArbitrary,
      fc.constantFrom<["1s" | "7s" | "1m", number]>(["1s", 1e9], ["7s", 7e9], ["1m", 6e10]),
      (startRate, stages, [timeUnit, timeUnitNs]) => {
        const load = openLoad(rampConfig(startRate, stages, timeUnit));
        const times = starts(load);
        for (let k = 1; k <= times.length; k += k < 20 || k > times.length - 20 ? 1 : 13) {
          assertOnCurve(k, times[k - 1]!, startRate, stages, timeUnitNs);
        }
        assert.ok(times.every((time, index) => index === 0 || time >= times[index - 1]!));
        assert.ok(times.every((time) => Number.isInteger(time) && time < load.length));
        assert.equal(load.expectedIterations, times.length);
        // One less only where the integral is whole and reached as the load ends.
        const total = integralAt(startRate, stages, timeUnitNs, load.length);
        assert.ok(compareTo(total, times.length) >= 0);
        assert.ok(compareTo(total, times.length + 1) <= 0);
        if (compareTo(total, times.length + 1) === 0) {
          assert.notEqual(compareTo(integralAt(startRate, stages, timeUnitNs, load.length - 1), times.length + 1), 0);
        }
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("ramping-arrival-rate does not drift over 24 hours", () => {
  const stages = [{ target: 11_130, durationNs: DAY / 2 }, { target: 1_070, durationNs: DAY / 2 }];
  const load = openLoad(rampConfig(3_210, stages, "1s"));
  const times = starts(load);
  for (let k = 1; k <= times.length; k += k > times.length - 500 ? 1 : 499) {
    assertOnCurve(k, times[k - 1]!, 3_210, stages, 1e9);
  }
  assert.ok(times.length > 570_000);
});

Deno.test("a slow rate is exact to 1 µs after millions of fast starts", () => {
  const stages = [
    { target: 999_999_937, durationNs: 3.3e9 },
    { target: 1, durationNs: 0 },
    { target: 2, durationNs: DAY },
  ];
  const load = openLoad(rampConfig(999_999_937, stages, "1s"));
  const times = starts(load);
  assert.ok(times.length > 3_300_000 + 120);
  for (let k = times.length; k > times.length - 120; k--) assertOnCurve(k, times[k - 1]!, 999_999_937, stages, 1e9);
});

Deno.test("more than one iteration may start in a nanosecond, and none is lost", () => {
  const load = openLoad({
    executor: "constant-arrival-rate",
    rate: 2.5,
    timeUnit: "1ns",
    duration: "100ns",
    preAllocatedVUs: 1,
  });
  const times = starts(load);
  assert.equal(times.length, 250);
  assert.equal(times.at(-1), 99);
});

Deno.test("Poisson arrivals take one draw each and have the mean and the variance of a Poisson process", () => {
  const config = rampConfig(0, [{ target: 40_000, durationNs: 30e9 }, { target: 10_000, durationNs: 20e9 }], "1s", {
    arrival: "poisson",
  });
  const load = openLoad(config);
  assert.equal(load.expectedIterations, 1100);
  let sum = 0, squares = 0, early = 0;
  const runs = 200;
  for (let seed = 1; seed <= runs; seed++) {
    let draws = 0;
    const times = starts(load, (n) => {
      assert.equal(n, draws++);
      return seeded(seed)(n);
    });
    assert.equal(draws, times.length + 1, "the last draw passes the end");
    assert.ok(times.every((time, index) => time < load.length && (index === 0 || time >= times[index - 1]!)));
    sum += times.length;
    squares += times.length ** 2;
    early += times.filter((time) => time < 15e9).length;
  }
  const mean = sum / runs;
  const variance = squares / runs - mean ** 2;
  assert.ok(Math.abs(mean - 1100) < 4 * Math.sqrt(1100 / runs), `mean ${mean}`);
  assert.ok(Math.abs(variance / 1100 - 1) < 4 * Math.sqrt(2 / runs), `variance ${variance}`);
  assert.ok(Math.abs(early / runs - 150) < 4 * Math.sqrt(150 / runs), `in the first 15 s ${early / runs}`);
});

Deno.test("Poisson arrivals are the sums of unit exponentials, mapped by the inverse of the integral", () => {
  const stages = [{ target: 9_000, durationNs: DAY / 4 }, { target: 500, durationNs: DAY / 4 }];
  const times = starts(openLoad(rampConfig(100, stages, "1s", { arrival: "poisson" })), seeded(3));
  // Neumaier's sum, in thousandths of an iteration for exact comparison.
  let sum = 0, compensation = 0;
  times.forEach((time, index) => {
    const term = -Math.log(seeded(3)(index));
    const next = sum + term;
    compensation += sum >= term ? sum - next + term : term - next + sum;
    sum = next;
    if (index % 401 !== 0) return;
    const wanted = sum + compensation;
    const low = integralAt(100, stages, 1e9, time - MICROSECOND),
      high = integralAt(100, stages, 1e9, time + MICROSECOND);
    const nano = BigInt(Math.round(wanted * 1e9));
    assert.ok(low.numerator * 1_000_000_000n <= nano * low.denominator);
    assert.ok(high.numerator * 1_000_000_000n >= nano * high.denominator);
  });
  assert.ok(times.length > 190_000);
});

Deno.test("Poisson arrivals keep to the curve over many short stages, and end with it", () => {
  const stages = Array.from({ length: 1000 }, (_, index) => [
    { target: index % 2 === 0 ? 3_000 : 100, durationNs: 0 },
    { target: index % 2 === 0 ? 2_000 : 0, durationNs: 0.7e9 },
  ]).flat();
  // A trapezoid of 1.75 and a triangle of 0.035 in turn.
  const total = 500 * (1.75 + 0.035);
  for (let seed = 1; seed <= 5; seed++) {
    const times = starts(openLoad(rampConfig(0, stages, "1s", { arrival: "poisson" })), seeded(seed));
    let sum = 0, expected = 0;
    for (let n = 0; (sum -= Math.log(seeded(seed)(n))) < total; n++) {
      expected++;
      // The sum here is exact to a thousand-millionth of an iteration.
      const scaled = BigInt(Math.round(sum * 1e9)), time = times[n]!;
      const low = integralAt(0, stages, 1e9, time - MICROSECOND), high = integralAt(0, stages, 1e9, time + MICROSECOND);
      assert.ok((low.numerator - low.denominator / 1_000_000_000n) * 1_000_000_000n <= scaled * low.denominator);
      assert.ok((high.numerator + high.denominator / 1_000_000_000n) * 1_000_000_000n >= scaled * high.denominator);
    }
    assert.equal(times.length, expected);
  }
});

Deno.test("each cursor over the arrivals starts afresh, and the same draws give the same times", () => {
  const load = openLoad({
    executor: "constant-arrival-rate",
    rate: 50,
    duration: "10s",
    preAllocatedVUs: 1,
    arrival: "poisson",
  });
  assert.equal(load.expectedIterations, 500);
  assert.deepEqual(starts(load, seeded(9)), starts(load, seeded(9)));
  assert.notDeepEqual(starts(load, seeded(9)), starts(load, seeded(10)));
  assert.ok(starts(load, seeded(9))[0]! > 0);
});

Deno.test("the planned rate follows the lines, jumps at stages of 0s and is 0 outside the load", () => {
  const load = openLoad({
    executor: "ramping-arrival-rate",
    preAllocatedVUs: 1,
    startRate: 60,
    timeUnit: "1m",
    stages: [
      { target: 180, duration: "10s" },
      { target: 30, duration: "0s" },
      { target: 30, duration: "5s" },
    ],
  });
  const at = (ms: number): number => load.plannedRate((ms * MILLISECOND) as Nanos);
  assert.deepEqual([-1, 0, 5000, 10_000, 14_999, 15_000].map(at).map((rate) => Number(rate.toFixed(9))), [
    0,
    1,
    2,
    0.5,
    0.5,
    0,
  ]);
});

Deno.test("maxVUs is preAllocatedVUs by default, and unlimited VUs are added as they are needed", () => {
  const vus = (more: Config): [number, number] => {
    const load = openLoad({ executor: "constant-arrival-rate", rate: 1, duration: "1s", ...more });
    return [load.preAllocatedVUs, load.maxVUs];
  };
  assert.deepEqual(vus({ preAllocatedVUs: 7 }), [7, 7]);
  assert.deepEqual(vus({ preAllocatedVUs: 7, maxVUs: 20 }), [7, 20]);
  assert.deepEqual(vus({ preAllocatedVUs: 0, maxVUs: 20 }), [0, 20]);
  assert.deepEqual(vus({ preAllocatedVUs: "unlimited" }), [0, Infinity]);
  assert.deepEqual(vus({ preAllocatedVUs: 7, maxVUs: "unlimited" }), [7, Infinity]);
});
