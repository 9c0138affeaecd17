// The histogram behind every trend: what is exact, how far the rest may be off, and that merging changes nothing.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Trend, TREND_ERROR_MAX } from "../../sim/metrics/trend.ts";

function trendOf(values_ns: readonly number[]): Trend {
  const trend = new Trend();
  for (const value of values_ns) trend.add(value);
  return trend;
}

/** k6's percentile of exact samples, in nanoseconds. */
function exactPercentile(values: readonly number[], percentile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (percentile / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(rank)]!, above = sorted[Math.ceil(rank)]!;
  return below + (above - below) * (rank - Math.floor(rank));
}

/** Whole nanoseconds, spread over all orders of magnitude up to 100 days. */
const duration = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 366_900 }).map((log) => Math.floor(Math.exp(log / 1e4))),
);
const durations = fc.array(duration, { minLength: 1, maxLength: 300, size: "max" });

Deno.test("every percentile is within the error that is promised, which is less than 0.5 %", () => {
  assert.ok(TREND_ERROR_MAX < 0.005);
  fc.assert(
    fc.property(durations, fc.integer({ min: 0, max: 100_000 }).map((n) => n / 1000), (values, percentile) => {
      const exact = exactPercentile(values, percentile);
      const found = trendOf(values).percentile(percentile) * 1e6;
      assert.ok(
        Math.abs(found - exact) <= exact * TREND_ERROR_MAX + 1e-6,
        `p(${percentile}): ${found}, exactly ${exact}`,
      );
    }),
    { numRuns: 500 },
  );
});

Deno.test("count, sum, average, least and greatest are exact", () => {
  fc.assert(fc.property(durations, (values) => {
    const trend = trendOf(values);
    const sum = values.reduce((total, value) => total + value, 0);
    assert.equal(trend.count, values.length);
    assert.equal(trend.sum, sum / 1e6);
    assert.equal(trend.avg, sum / values.length / 1e6);
    assert.equal(trend.min, Math.min(...values) / 1e6);
    assert.equal(trend.max, Math.max(...values) / 1e6);
    assert.equal(trend.percentile(0), trend.min);
    assert.equal(trend.percentile(100), trend.max);
  }));
});

Deno.test("merged parts say what the whole would have said", () => {
  fc.assert(fc.property(fc.array(durations, { maxLength: 5 }), (parts) => {
    const merged = new Trend();
    for (const part of parts) merged.merge(trendOf(part));
    const whole = trendOf(parts.flat());
    assert.equal(merged.count, whole.count);
    for (const percentile of [0, 10, 50, 90, 99, 99.9, 100]) {
      assert.ok(Object.is(merged.percentile(percentile), whole.percentile(percentile)), `p(${percentile})`);
    }
  }));
});

Deno.test("merging leaves the other trend as it was, and does not share memory with it", () => {
  const one = trendOf([1e6]), other = trendOf([2e6]);
  one.merge(other);
  one.add(2e6);
  assert.deepEqual([one.count, other.count, other.max], [3, 1, 2]);
});

Deno.test("equal samples give exactly their value, whatever the percentile", () => {
  const trend = trendOf(Array.from({ length: 7 }, () => 123_456_789));
  for (const percentile of [1, 50, 95, 99.99]) assert.equal(trend.percentile(percentile), 123_456_789 / 1e6);
});

Deno.test("a percentile between two samples is interpolated as in k6", () => {
  assert.equal(trendOf([100, 200]).med, 150 / 1e6);
  assert.equal(trendOf([0, 0, 0, 100]).percentile(87.5), 62.5 / 1e6);
});

Deno.test("zeros count, and a trend without samples has no statistics", () => {
  const zeros = trendOf([0, 0, 0, 1e6]);
  assert.deepEqual([zeros.count, zeros.min, zeros.med, zeros.avg], [4, 0, 0, 0.25]);
  const empty = new Trend();
  assert.deepEqual([empty.empty, empty.avg, empty.min, empty.med], [true, NaN, NaN, NaN]);
  assert.equal(empty.aggregate({ type: "avg" }), undefined);
});

Deno.test("what is not a duration is refused", () => {
  assert.throws(() => new Trend().add(-1), RangeError);
  assert.throws(() => new Trend().add(NaN), RangeError);
});

Deno.test("a trend answers its own aggregations and no others", () => {
  const trend = trendOf([1e6, 3e6]);
  assert.equal(trend.aggregate({ type: "avg" }), 2);
  assert.equal(trend.aggregate({ type: "percentile", percentile: 100 }), 3);
  assert.equal(trend.aggregate({ type: "rate" }), undefined);
});
