// Numbers on the terminal.

import assert from "node:assert/strict";
import {
  formatClock,
  formatCount,
  formatMilliseconds,
  formatNumber,
  formatRate,
  formatShare,
} from "../../sim/report/units.ts";

Deno.test("counts have thousands separators", () => {
  assert.deepEqual([0, 999, 1000, 1_204_113].map(formatCount), ["0", "999", "1,000", "1,204,113"]);
});

Deno.test("numbers have three significant digits, whole ones all of theirs", () => {
  const numbers = [0, 7, 12_345, 12_345.6, 999.6, 68.57, 1.234, 0.01234, -3.456, NaN];
  assert.deepEqual(numbers.map((each) => formatNumber(each)), [
    "0",
    "7",
    "12,345",
    "12,346",
    "1,000",
    "68.6",
    "1.23",
    "0.0123",
    "-3.46",
    "–",
  ]);
  assert.equal(formatRate(861.7), "862/s");
});

Deno.test("times carry their unit", () => {
  const times = [0, 0.000_4, 0.87, 5, 412.4, 999.4, 1250, 59_900, 60_000, 150_000, NaN];
  assert.deepEqual(times.map((each) => formatMilliseconds(each)), [
    "0s",
    "400ns",
    "870µs",
    "5ms",
    "412ms",
    "999ms",
    "1.25s",
    "59.9s",
    "1m",
    "2m30s",
    "–",
  ]);
  assert.equal(formatMilliseconds(200.04, 5), "200.04ms");
  assert.equal(formatMilliseconds(90_100, 4), "90.1s");
});

Deno.test("shares are cut, so that 100 % means all, and what is not nothing is not written as nothing", () => {
  const shares = [0, 0.00001, 0.0052, 0.29, 0.99999, 1, NaN];
  assert.deepEqual(shares.map((each) => formatShare(each)), [
    "0.00%",
    "<0.01%",
    "0.52%",
    "29.00%",
    "99.99%",
    "100.00%",
    "–",
  ]);
});

Deno.test("clock faces grow an hour when they need one", () => {
  assert.deepEqual([0, 42e9, 185e9, 3_725e9].map(formatClock), ["0:00", "0:42", "3:05", "1:02:05"]);
});
