// Every distribution is a quantile function with an exact mean, and hits what it was described with.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Diagnostics } from "../../sim/base/diagnostics.ts";
import { INVALID } from "../../sim/base/fields.ts";
import type { Distribution } from "../../sim/distributions/distribution.ts";
import { normalQuantile, normalShareBelow } from "../../sim/distributions/normal_quantile.ts";
import { countField, latencyField } from "../../sim/distributions/registry.ts";
import { nodeOf, type Plain } from "../load/nodes.ts";

const MS = 1e6;

function latency(value: Plain): Distribution {
  const diagnostics = new Diagnostics();
  const decoded = latencyField.decode(nodeOf(value), diagnostics);
  assert.ok(decoded !== INVALID, diagnostics.sorted().map((each) => each.message).join("; "));
  return decoded;
}

function latencyProblem(value: Plain): string {
  const diagnostics = new Diagnostics();
  assert.equal(latencyField.decode(nodeOf(value), diagnostics), INVALID);
  const [first] = diagnostics.sorted();
  return `${first!.message} = ${first!.hint}`;
}

function count(value: Plain): Distribution {
  const decoded = countField.decode(nodeOf(value), new Diagnostics());
  assert.ok(decoded !== INVALID);
  return decoded;
}

/** The integral of the quantile function by midpoints, finer towards both ends, where tails are. */
function integral({ sample }: Distribution): number {
  let sum = 0;
  const steps = 200_000;
  for (let i = 0; i < steps; i++) {
    // u = 3t² − 2t³ has a slope of 0 at both ends.
    const t = (i + 0.5) / steps;
    sum += sample(t * t * (3 - 2 * t)) * 6 * t * (1 - t) / steps;
  }
  return sum;
}

function assertNear(actual: number, expected: number, relative: number, what = ""): void {
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${what}: ${actual} is not ${expected}`);
}

const EXAMPLES: readonly Plain[] = [
  "3ms",
  "0s",
  { p50: "8ms", p99: "40ms" },
  { p50: "8ms", p99: "8ms" },
  { normal: ["20ms", "5ms"] },
  { normal: ["1ms", "5ms"] },
  { normal: ["0s", "5ms"] },
  { normal: ["5ms", "0s"] },
  { uniform: ["10ms", "30ms"] },
  { uniform: ["10ms", "10ms"] },
  { exponential: "10ms" },
  { pareto: { min: "5ms", alpha: 3.5 } },
  { percentiles: { p0: "1ms", p50: "8ms", p90: "20ms", p99: "40ms", p100: "200ms" } },
  { percentiles: { p0: "0s", "p99.9": "40ms", p100: "40ms" } },
  { mix: [{ weight: 99, latency: "1ms" }, { weight: 1, latency: { p50: "80ms", p99: "200ms" } }] },
];

for (const example of EXAMPLES) {
  const name = JSON.stringify(example);
  Deno.test(`the quantile function of ${name} never falls, is never negative, and begins at its least value`, () => {
    const { sample, least } = latency(example);
    let last = 0;
    for (let i = 1; i < 10_000; i++) {
      const value = sample(i / 10_000);
      assert.ok(value >= last && value >= least, `at ${i / 10_000}: ${value} after ${last}`);
      last = value;
    }
    for (const u of [2 ** -53, 1 - 2 ** -53]) assert.ok(Number.isFinite(sample(u)) && sample(u) >= least);
  });

  Deno.test(`the mean of ${name} is the integral of its quantile function`, () => {
    const distribution = latency(example);
    if (distribution.mean === 0) assert.equal(integral(distribution), 0);
    else assertNear(integral(distribution), distribution.mean, 1e-5);
  });
}

Deno.test("a percentile pair hits both percentiles", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 0, max: 100_000 }), (p50, more) => {
    const { sample } = latency({ p50: `${p50}ms`, p99: `${p50 + more}ms` });
    assertNear(sample(0.5), p50 * MS, 1e-15);
    assertNear(sample(0.99), (p50 + more) * MS, 1e-13);
  }));
});

Deno.test("percentiles are hit, and values lie in a straight line between them", () => {
  const { sample, mean } = latency({ percentiles: { p100: "40ms", p0: "10ms", p50: "20ms" } });
  assert.equal(sample(0.5), 20 * MS);
  assertNear(sample(0.25), 15 * MS, 1e-15);
  assertNear(sample(0.75), 30 * MS, 1e-15);
  assertNear(mean, 22.5 * MS, 1e-15);
});

Deno.test("a normal distribution near 0 is cut, not piled up there", () => {
  const { sample, mean } = latency({ normal: ["0s", "10ms"] });
  // The half-normal distribution: mean sd·√(2/π), median at the third quartile of the whole.
  assertNear(mean, 10 * MS * Math.sqrt(2 / Math.PI), 1e-14);
  assertNear(sample(0.5), 10 * MS * normalQuantile(0.75), 1e-14);
  assert.ok(sample(1e-6) > 0);
});

Deno.test("a Pareto distribution with alpha 1 and below has an infinite mean", () => {
  assert.equal(latency({ pareto: { min: "5ms", alpha: 1 } }).mean, Infinity);
  assertNear(latency({ pareto: { min: "5ms", alpha: 2 } }).mean, 10 * MS, 1e-15);
});

Deno.test("a mix draws each part by its weight", () => {
  const { sample } = latency({ mix: [{ weight: 1, latency: "80ms" }, { weight: 3, latency: "1ms" }] });
  const draws = Array.from({ length: 1000 }, (_, i) => sample((i + 0.5) / 1000));
  assert.equal(draws.filter((value) => value === 1 * MS).length, 750);
  assert.equal(draws.filter((value) => value === 80 * MS).length, 250);
});

Deno.test("whole counts between two bounds are equally likely, the bounds included", () => {
  const { sample, mean } = count({ uniform: [1, 5] });
  const seen = new Map<number, number>();
  for (let i = 0; i < 1000; i++) {
    const value = sample((i + 0.5) / 1000);
    seen.set(value, (seen.get(value) ?? 0) + 1);
  }
  assert.deepEqual([...seen], [[1, 200], [2, 200], [3, 200], [4, 200], [5, 200]]);
  assert.equal(mean, 3);
});

Deno.test("the normal quantile agrees with published values and with the distribution", () => {
  // Wichura's own test values, and quantiles from tables.
  assertNear(normalQuantile(0.25), -0.6744897501960817, 1e-15);
  assertNear(normalQuantile(0.001), -3.090232306167813, 1e-15);
  assertNear(normalQuantile(1e-20), -9.262340089798408, 1e-15);
  assertNear(normalQuantile(0.975), 1.959963984540054, 1e-15);
  assert.equal(normalQuantile(0.5), 0);
  fc.assert(fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (p) => {
    assert.ok(Math.abs(normalShareBelow(normalQuantile(p)) - p) < 2e-15);
  }));
});

Deno.test("a distribution that cannot be says why, and what to write", () => {
  const cases: readonly (readonly [Plain, RegExp])[] = [
    [30, /the duration 30 has no unit = write 30ms or 30s/],
    [{ p50: "40ms", p99: "8ms" }, /p99 is below p50/],
    [{ p50: "0s", p99: "8ms" }, /p50 is 0/],
    [{ p99: "8ms" }, /"p50" is missing in a distribution/],
    [{ p50: "1ms", p95: "8ms" }, /unknown key "p95".*percentiles/],
    [{ mean: "1ms", stddev: "8ms" }, /unknown key "mean".*normal: \[mean, deviation\]/],
    [{ unifrom: ["1ms", "2ms"] }, /unknown key "unifrom".*did you mean "uniform"\?/],
    [{ uniform: ["3ms", "2ms"] }, /upper bound.*below/],
    [{ uniform: ["3ms"] }, /expected a list \[least, most\]/],
    [{ uniform: ["1ms", "2ms"], exponential: "1ms" }, /"uniform" and "exponential" stand together/],
    [["1ms", "2ms"], /found a list = for a range write \{ uniform/],
    [{ pareto: { min: "1ms", alpha: 0 } }, /from 0.1 to 1000, found the number 0/],
    [{ percentiles: { p0: "1ms", p50: "2ms" } }, /"p100" is missing/],
    [{ percentiles: { p0: "3ms", p50: "2ms", p100: "9ms" } }, /p50 is below p0/],
    [{ percentiles: { p0: "3ms", p101: "2ms", p100: "9ms" } }, /"p101" is not a percentile/],
    [{ mix: [{ weight: 0, latency: "1ms" }] }, /all weights of the mix are 0/],
    [{ mix: [] }, /needs at least 1/],
    [{}, /a distribution is empty/],
    ["101d", /101d is too long/],
    ["-3ms", /a duration cannot be negative/],
    ["3 ms", /write 3ms, without a space/],
  ];
  for (const [value, says] of cases) assert.match(latencyProblem(value), says);
});
