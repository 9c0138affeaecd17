import assert from "node:assert/strict";
import fc from "fast-check";
import { hashBytes, LineTable } from "../../sim/stack/verify/line_table.ts";

const encoder = new TextEncoder();

function hash(text: string): void {
  const bytes = encoder.encode(text);
  hashBytes(bytes, 0, bytes.length);
}

Deno.test("a table tells found, missing and doubled lines apart, whatever they are", () => {
  const lines = fc.uniqueArray(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 3000 });
  fc.assert(
    fc.property(lines, fc.array(fc.nat({ max: 2 }), { minLength: 3000, maxLength: 3000 }), (expected, times) => {
      const table = new LineTable();
      for (const [i, line] of expected.entries()) {
        hash(line);
        table.expect(i);
      }
      for (const [i, line] of expected.entries()) {
        for (let n = 0; n < times[i]!; n++) {
          hash(line);
          const slot = table.find();
          assert.equal(table.timeOf(slot), i);
          table.count(slot);
        }
      }
      const counts = times.slice(0, expected.length);
      assert.deepEqual(table.tally(), {
        found: counts.filter((n) => n > 0).length,
        missing: counts.filter((n) => n === 0).length,
        duplicate: counts.filter((n) => n === 2).length,
      });
    }),
    { numRuns: 20 },
  );
});

Deno.test("a line that differs in one byte, or in its length, is another line", () => {
  const table = new LineTable();
  hash("GET / 200");
  table.expect(0);
  for (const other of ["GET / 201", "GET / 20", "GET / 200 ", "", "GET / 200\0"]) {
    hash(other);
    assert.equal(table.find(), -1, JSON.stringify(other));
  }
});
