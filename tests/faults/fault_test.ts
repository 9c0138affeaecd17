// The window and the ramp that all faults share, and how faults of one request add up.

import assert from "node:assert/strict";
import fc from "fast-check";
import { FOREVER, type Nanos, SECOND } from "../../sim/base/time.ts";
import { type FaultWindow, intensityAt as strengthAt, neutralKnobs, resetKnobs } from "../../sim/faults/fault.ts";

const seconds = (value: number): Nanos => (value * SECOND) as Nanos;
type Ramped = FaultWindow & { readonly ramp: Nanos };
const intensityAt = (fault: Ramped, time: Nanos): number => strengthAt(fault, fault.ramp, time);
const window = (from: number, until: number, ramp: number): Ramped => ({
  from: seconds(from),
  until: until === Infinity ? FOREVER : seconds(until),
  ramp: seconds(ramp),
});

Deno.test("a fault without a ramp has its full strength from its first instant to its last", () => {
  const fault = window(10, 20, 0);
  assert.deepEqual([9.999999999, 10, 15, 19.999999999, 20, 30].map((at) => intensityAt(fault, seconds(at))), [
    0,
    1,
    1,
    1,
    0,
    0,
  ]);
});

Deno.test("a ramp rises from the start and falls before the end, in straight lines", () => {
  const fault = window(10, 30, 5);
  assert.deepEqual([9, 10, 11, 12.5, 15, 20, 25, 27.5, 29, 30].map((at) => intensityAt(fault, seconds(at))), [
    0,
    0,
    0.2,
    0.5,
    1,
    1,
    1,
    0.5,
    0.2,
    0,
  ]);
});

Deno.test("a window shorter than two ramps peaks in its middle, below the full strength", () => {
  const fault = window(0, 4, 5);
  assert.deepEqual([0, 1, 2, 3, 4].map((at) => intensityAt(fault, seconds(at))), [0, 0.2, 0.4, 0.2, 0]);
});

Deno.test("a fault without an end only rises", () => {
  const fault = window(10, Infinity, 5);
  assert.deepEqual([10, 12.5, 15, 1e6].map((at) => intensityAt(fault, seconds(at))), [0, 0.5, 1, 1]);
  assert.equal(intensityAt(window(0, Infinity, 0), 0 as Nanos), 1);
});

Deno.test("the strength lies between 0 and 1, and is the same forwards and backwards", () => {
  const time = fc.integer({ min: 0, max: 1e15 });
  fc.assert(fc.property(time, time, time, fc.integer({ min: -1e15, max: 2e15 }), (at, length, ramp, offset) => {
    const fault = { from: at as Nanos, until: (at + length) as Nanos, ramp: ramp as Nanos };
    const strength = intensityAt(fault, (at + offset) as Nanos);
    assert.ok(strength >= 0 && strength <= 1);
    if (offset < 0 || offset >= length) assert.equal(strength, 0);
    else if (offset > 0) assert.equal(intensityAt(fault, (at + length - offset) as Nanos), strength);
  }));
});

Deno.test("reset knobs change nothing of a request", () => {
  const knobs = { ...neutralKnobs(), added: 5, factor: 2, errorRate: 0.5 };
  resetKnobs(knobs);
  assert.deepEqual(knobs, neutralKnobs());
});
