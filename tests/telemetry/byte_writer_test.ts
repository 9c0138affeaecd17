import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ByteWriter,
  writeAscii,
  writeDecimal,
  writeFixed,
  writeHex,
  writeThousandths,
} from "../../sim/telemetry/byte_writer.ts";

function written(write: (bytes: Uint8Array, at: number) => number): string {
  const bytes = new Uint8Array(64);
  return new TextDecoder().decode(bytes.subarray(0, write(bytes, 0)));
}

Deno.test("a whole number is written as String writes it, up to 2^53 and below zero", () => {
  const check = (value: number): void => {
    assert.equal(written((bytes, at) => writeDecimal(bytes, at, value)), String(value));
  };
  for (const value of [0, 9, 10, 99, 100, 999, 1000, 1001, 999_999_999, 1e9, 1e9 + 1, 2 ** 53 - 1, -1, -1000]) {
    check(value);
  }
  fc.assert(fc.property(fc.maxSafeInteger(), check));
});

Deno.test("a fixed number keeps its leading zeros", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(999_999_999), (digits, any) => {
    const value = any % 10 ** digits;
    assert.equal(written((bytes, at) => writeFixed(bytes, at, value, digits)), String(value).padStart(digits, "0"));
  }));
});

Deno.test("thousandths have exactly three decimals", () => {
  fc.assert(fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (value) => {
    const expected = `${Math.floor(value / 1000)}.${String(value % 1000).padStart(3, "0")}`;
    assert.equal(written((bytes, at) => writeThousandths(bytes, at, value)), expected);
  }));
});

Deno.test("a word is eight hexadecimal digits, also when it is read from a signed column", () => {
  const writer = new ByteWriter(16);
  fc.assert(fc.property(fc.integer(), (word) => {
    writeHex(writer.view, 3, word);
    const text = new TextDecoder().decode(writer.bytes.subarray(3, 11));
    assert.equal(text, (word >>> 0).toString(16).padStart(8, "0"));
  }));
});

Deno.test("a writer grows and keeps what it holds", () => {
  const writer = new ByteWriter(4);
  for (let i = 0; i < 100; i++) {
    writer.ensure(10);
    writer.length = writeAscii(writer.bytes, writer.length, "0123456789");
  }
  assert.equal(new TextDecoder().decode(writer.bytes.subarray(0, writer.length)), "0123456789".repeat(100));
  assert.equal(writer.view.buffer, writer.bytes.buffer);
});
