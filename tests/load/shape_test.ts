// A rate with the shape of a day, held to the cosine and the factors that it is made of.

import assert from "node:assert/strict";
import fc from "fast-check";
import { DAY, HOUR, MINUTE, type Nanos, SECOND } from "../../sim/base/time.ts";
import { type Config, openLoad, starts, tryLoad } from "./loads.ts";
import type { Plain } from "./nodes.ts";

const shaped = (shape: { readonly [key: string]: Plain }, more: Config = {}) =>
  openLoad({ executor: "shaped-arrival-rate", duration: "24h", preAllocatedVUs: 1, shape, ...more });

const day = { low: 20, high: 200, peak: "20h" };

Deno.test("the day's curve is a cosine to within 0.1 % of its peak, and reaches both its ends", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 0, max: 23 * 60 + 59 }),
      (low, more, peakMinutes) => {
        const high = low + more;
        const load = shaped({ day: { low, high, peak: `${peakMinutes}m` } }, { duration: "48h" });
        const cosine = (time: number): number =>
          (high + low) / 2 + (high - low) / 2 * Math.cos(2 * Math.PI * (time - peakMinutes * MINUTE) / DAY);
        for (let time = 0; time < 2 * DAY; time += 7 * MINUTE) {
          const off = load.plannedRate(time as Nanos) - cosine(time);
          assert.ok(Math.abs(off) <= high / 1000, `${off} at ${time / MINUTE}m`);
        }
        const at = (time: number): number => load.plannedRate((time % DAY) as Nanos);
        assert.ok(Math.abs(at(peakMinutes * MINUTE) - high) <= 1e-7 * high);
        assert.ok(Math.abs(at(peakMinutes * MINUTE + DAY / 2) - low) <= 1e-7 * high);
        // The mean of a cosine is exact over whole days.
        assert.ok(Math.abs(load.expectedIterations - (low + high) / 2 * 2 * 86_400) <= 86.4 * 2 * high / 1000 + 1);
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("bursts multiply the day's rate, rise and fall in their ramps, and multiply each other", () => {
  const plain = shaped({ day });
  const load = shaped({
    day,
    bursts: [
      { at: "12h", for: "10m", times: 3, ramp: "1m" },
      { every: "1h", for: "2m", times: 2 },
    ],
  });
  const factor = (time: number): number => load.plannedRate(time as Nanos) / plain.plannedRate(time as Nanos);
  const near = (time: number, expected: number): void => {
    const found = factor(time);
    assert.ok(Math.abs(found - expected) < 0.004 * expected, `${found} in place of ${expected} at ${time / MINUTE}m`);
  };
  for (let hour = 0; hour < 24; hour++) {
    const start = hour * HOUR;
    if (hour !== 12) {
      for (const [at, times] of [[0, 2], [119, 2], [120, 1], [1800, 1], [3599, 1]] as const) {
        near(start + at * SECOND, times);
      }
    }
  }
  near(12 * HOUR, 2);
  near(12 * HOUR + 30 * SECOND, 2 * 2);
  near(12 * HOUR + 1 * MINUTE, 2 * 3);
  near(12 * HOUR + 2 * MINUTE, 3);
  near(12 * HOUR + 9 * MINUTE, 3);
  near(12 * HOUR + 9.5 * MINUTE, 2);
  near(12 * HOUR + 10 * MINUTE, 1);
});

Deno.test("a burst that reaches into the next day is there on the first one, too", () => {
  const load = shaped({ rate: 10, bursts: [{ at: "23h50m", for: "20m", times: 3 }] }, { duration: "3d" });
  const at = (time: number): number => load.plannedRate(time as Nanos);
  for (const start of [0, DAY, 2 * DAY]) {
    assert.deepEqual(
      [0, 10 * MINUTE - 1, 10 * MINUTE, 12 * HOUR, DAY - 10 * MINUTE - 1, DAY - 10 * MINUTE, DAY - 1]
        .map((time) => at(start + time)).map((rate) => Number(rate.toFixed(6))),
      [30, 30, 10, 10, 10, 30, 30],
    );
  }
  assert.equal(load.expectedIterations, 3 * (86_400 * 10 + 1200 * 20) - 1);
});

Deno.test("a week has seven factors, the first day's first, and comes again", () => {
  const load = shaped({ rate: 10, week: [1, 1, 1, 1, 1.2, 0.5, 0] }, { duration: "14d" });
  const rates = Array.from({ length: 14 }, (_, n) => load.plannedRate((n * DAY + 3 * HOUR) as Nanos));
  const week = [10, 10, 10, 10, 12, 5, 0];
  assert.deepEqual(rates.map((rate) => Number(rate.toFixed(6))), [...week, ...week]);
  assert.equal(load.cycle, 7 * DAY);
  assert.equal(load.expectedIterations, 2 * 57 * 86_400);
});

Deno.test("starts follow the shape for as many days as there are, in the unit that the rates have", () => {
  const shape = { day: { low: 1, high: 5, peak: "6h" }, bursts: [{ every: "6h", at: "1h", for: "30m", times: 4 }] };
  const load = shaped(shape, { timeUnit: "1m", duration: "60h" });
  const times = starts(load);
  assert.equal(times.length, load.expectedIterations);
  const inDay = (n: number): number => times.filter((time) => time >= n * DAY && time < (n + 1) * DAY).length;
  assert.ok(Math.abs(inDay(0) - inDay(1)) <= 1);
  // Numbers of starts against the integral of what is planned, in hours.
  for (let hour = 0; hour < 60; hour++) {
    let planned = 0;
    for (let s = 0; s < 3600; s += 6) planned += 6 * load.plannedRate(((hour * 3600 + s + 3) * SECOND) as Nanos);
    const started = times.filter((time) => time >= hour * HOUR && time < (hour + 1) * HOUR).length;
    assert.ok(Math.abs(started - planned) <= 1 + 1e-3 * planned, `${started} for ${planned} in hour ${hour}`);
  }
});

Deno.test("a shape may go on without end, and may be Poisson", () => {
  const load = shaped({ day }, { duration: "unlimited", arrival: "poisson" });
  assert.deepEqual([load.endless, load.expectedIterations, load.cycle], [true, Infinity, DAY]);
  const arrivals = load.arrivals(() => Math.exp(-1));
  // With draws whose exponential is 1 they are those of an even rate.
  const even = shaped({ day }, { duration: "unlimited" }).arrivals(() => 0.5);
  for (let n = 0; n < 1000; n++) assert.ok(Math.abs(arrivals.next() - even.next()) <= 1);
});

Deno.test("what is wrong with a shape is said at once, each where it stands", () => {
  const { load, problems } = tryLoad({
    executor: "shaped-arrival-rate",
    duration: "1d",
    preAllocatedVUs: 5,
    maxVUs: 2,
    shape: {
      rate: 5,
      day: { low: 20, high: 10, peak: "25h" },
      week: [0, 0, 0, 0, 0, 0, 0],
      bursts: [
        { at: "24h", for: "10m", times: 2 },
        { every: "7h", for: "8h", times: 2 },
        { for: "10m", times: 2, ramp: "6m" },
      ],
    },
  });
  assert.equal(load, undefined);
  assert.deepEqual(
    problems.map(({ path, message, hint }) => `${path.join(".")}: ${message} [${hint ?? ""}]`),
    [
      "maxVUs: maxVUs 2 is less than preAllocatedVUs 5 [at least 5; left out, it is preAllocatedVUs]",
      'shape.rate: "rate" and "day" exclude each other [leave one of them out]',
      "shape.day.low: low 20 is above high 10 [at most 10]",
      "shape.day.peak: the peak lies outside the day of 1d [less than 1d]",
      "shape.week: all factors of the week are 0 [without a rate no iteration ever starts]",
      "shape.bursts.0.at: 1d lies outside the day of 1d [less than 1d]",
      "shape.bursts.1.every: bursts every 7h do not fill 1d evenly [write every: 6h]",
      "shape.bursts.1.for: a burst of 8h does not fit into every 7h [at most 7h]",
      "shape.bursts.2.ramp: a ramp of 6m up and down does not fit into 10m [ramp is at most half of for: 5m]",
    ].toSorted((a, b) => order(a) - order(b)),
  );
  function order(text: string): number {
    const at = problems.findIndex(({ path }) => text.startsWith(`${path.join(".")}:`));
    return at < 0 ? Infinity : at;
  }
});

Deno.test("a shape of nothing, or of too much, is refused", () => {
  const problems = (shape: Plain, more: Config = {}): string[] =>
    tryLoad({ executor: "shaped-arrival-rate", duration: "1d", preAllocatedVUs: 5, shape, ...more })
      .problems.map(({ path, message, hint }) => `${path.join(".")}: ${message} [${hint ?? ""}]`);
  assert.match(problems({})[0]!, /^shape: the shape has neither a day nor a rate \[write day: /);
  assert.match(problems({ rate: 1, week: [1, 1] })[0]!, /^shape\.week: a list of 7 factors needs at least 7/);
  assert.match(
    problems({ rate: 1, bursts: [{ every: "2s", for: "1s", times: 2 }], week: [1, 1, 1, 1, 1, 1, 1] })[0]!,
    /^shape\.bursts: the bursts make a curve of 604807 pieces \[at most 100000/,
  );
  assert.match(problems({ day: { low: 1, high: 2, peak: 0, period: "30d" }, week: [1, 1, 1, 1, 1, 1, 1] })[0]!, /210d/);
  assert.match(problems({ rate: 9e15 }, { timeUnit: "1ms" })[0]!, /^shape: this asks for/);
});
