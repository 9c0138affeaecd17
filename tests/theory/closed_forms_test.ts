// Every line of the theory's table, over a sixth of the long version's simulated time and with tolerances that are wider
// by the square root of that; `deno task test:theory` is the long version.

import assert from "node:assert/strict";
import { SYSTEMS } from "./cases.ts";
import { examine, LONG, SHORT } from "./estimate.ts";

/** With 15 degrees of freedom one honest line in 40,000 is further off than that. */
const STANDARD_ERRORS_MOST = 6;

for (const system of SYSTEMS) {
  Deno.test(`${system.name}: the simulation agrees with theory`, () => {
    for (const { question, simulated, standardError, tolerance, z, holds } of examine(system, SHORT)) {
      const found =
        `${question.quantity} (${question.formula}): expected ${question.expected}, simulated ${simulated}, ` +
        `standard error ${standardError}, tolerance ${tolerance * 100} %`;
      assert.ok(holds, found);
      // A bias too small for the tolerance shows here.
      const exact = standardError < 1e-9 * question.expected;
      assert.ok(exact || Math.abs(z) <= STANDARD_ERRORS_MOST, `${found}: ${z} standard errors off`);
    }
  });
}

Deno.test("a wrong formula does not hold: 7 % off fails the short version, 3 % the long one", () => {
  const system = SYSTEMS.find(({ name }) => name.startsWith("coordinated omission"))!;
  const off = (by: number): typeof system => ({
    ...system,
    questions: system.questions.slice(0, 2).map((question) => ({ ...question, expected: question.expected * by })),
  });
  assert.deepEqual(examine(off(1.07), SHORT).map(({ holds }) => holds), [false, false]);
  assert.deepEqual(examine(off(1.03), { ...LONG, share: SHORT.share }).map(({ holds }) => holds), [false, false]);
});
