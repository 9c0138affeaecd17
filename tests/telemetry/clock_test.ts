import assert from "node:assert/strict";
import fc from "fast-check";
import { RUN_LENGTH_MAX } from "../../sim/base/time.ts";
import { EpochClock } from "../../sim/telemetry/clock.ts";

function epochNs(start: bigint, time: number): bigint {
  const clock = new EpochClock(start);
  clock.at(time);
  assert.ok(clock.nanos >= 0 && clock.nanos < 1e9 && Number.isSafeInteger(clock.seconds));
  return BigInt(clock.seconds) * 1_000_000_000n + BigInt(clock.nanos);
}

Deno.test("wall-clock time is exact to the nanosecond for any start and any time of a run", () => {
  fc.assert(fc.property(
    fc.bigInt(-62_135_596_800_000_000_000n, 253_402_300_799_999_999_999n),
    fc.integer({ min: 0, max: RUN_LENGTH_MAX }),
    (start, time) => assert.equal(epochNs(start, time), start + BigInt(time)),
  ));
});

Deno.test("a nanosecond before a full second does not round up to it, however late in the run", () => {
  // 8,640,000 s − 1 ns: the quotient by 10^9 is not representable and rounds to the whole.
  for (const seconds of [1, 3600, 4_194_304, 8_388_609, 8_640_000]) {
    const time = seconds * 1e9 - 1;
    assert.equal(epochNs(0n, time), BigInt(time));
    assert.equal(epochNs(999_999_999n, time), 999_999_999n + BigInt(time));
  }
});
