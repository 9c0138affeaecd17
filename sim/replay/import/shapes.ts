// A sample of times as a distribution that a scenario can say: a constant, a lognormal through two percentiles where that
// fits, else measured percentiles.

import { ksDistance, quantile } from "../comparison.ts";
import { normalQuantile } from "../../distributions/normal_quantile.ts";

export type Shape =
  | { readonly type: "constant"; readonly value: number }
  | { readonly type: "lognormal"; readonly p50: number; readonly p99: number }
  | { readonly type: "percentiles"; readonly points: readonly (readonly [percent: number, value: number])[] };

/** A simple form is taken when it is no further from the sample than this (Kolmogorov–Smirnov). */
const SIMPLE_DISTANCE_MAX = 0.02;
const SAMPLES_MIN = 8;
/** Times that differ by no more than this share are one. */
const CONSTANT_SPREAD_MAX = 1e-5;
const STEPS = 400;

/** @param sorted nanoseconds */
export function shapeOf(sorted: Float64Array): Shape {
  const n = sorted.length;
  if (n === 0) return { type: "constant", value: 0 };
  const p50 = quantile(sorted, 0.5);
  // Of so few nobody knows more than their size.
  if (n < SAMPLES_MIN) return { type: "constant", value: Number(p50.toPrecision(3)) };
  const low = sorted[0]!, high = sorted[n - 1]!;
  if (high - low <= CONSTANT_SPREAD_MAX * high || high < 1000) return { type: "constant", value: p50 };
  const p10 = quantile(sorted, 0.1), p90 = quantile(sorted, 0.9);
  if (p10 > 0 && p90 > p10) {
    // Through the bulk of the sample: its own 99th percentile is the least certain of all.
    const sigma = Math.log(p90 / p10) / (2 * normalQuantile(0.9));
    const lognormal: Shape = { type: "lognormal", p50, p99: p50 * Math.exp(sigma * normalQuantile(0.99)) };
    // Of few samples the distance is large by chance alone.
    if (shapeDistance(lognormal, sorted) < SIMPLE_DISTANCE_MAX + 0.5 / Math.sqrt(n)) return lognormal;
  }
  const percents = n >= 5000
    ? [0, 0.1, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9, 100]
    : n >= 500
    ? [0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 100]
    : n >= 50
    ? [0, 5, 10, 25, 50, 75, 90, 95, 100]
    : [0, 25, 50, 75, 100];
  return { type: "percentiles", points: percents.map((percent) => [percent, quantile(sorted, percent / 100)]) };
}

/** The value at a share of the distribution. */
export function shapeAt(shape: Shape, share: number): number {
  if (shape.type === "constant") return shape.value;
  if (shape.type === "lognormal") {
    const sigma = Math.log(shape.p99 / shape.p50) / normalQuantile(0.99);
    return shape.p50 * Math.exp(sigma * normalQuantile(Math.min(1 - 1e-9, Math.max(1e-9, share))));
  }
  const { points } = shape;
  let i = points.length - 2;
  while (i > 0 && points[i]![0] / 100 > share) i--;
  const [low, from] = points[i]!, [high, to] = points[i + 1]!;
  return from + (to - from) * (share * 100 - low) / (high - low);
}

/** How far a shape is from a sorted sample. */
export function shapeDistance(shape: Shape, sorted: Float64Array): number {
  const drawn = Float64Array.from({ length: STEPS }, (_, i) => shapeAt(shape, (i + 0.5) / STEPS));
  return ksDistance(drawn.sort(), sorted);
}
