// Ten times as many random scenarios as tests/fuzz tries, and other ones.

import assert from "node:assert/strict";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { randomScenario } from "../fuzz/generator.ts";
import { check } from "../fuzz/invariants.ts";
import { settings } from "../fuzz/settings.ts";
import { needs } from "../permissions.ts";
import { load } from "../scenario/support.ts";

Deno.test({
  name: "20,000 more random scenarios break no invariant, and give the same facts twice",
  ignore: needs("env"),
  fn() {
    const { from, count } = settings(20_000, 100_001);
    for (let seed = from; seed < from + count; seed++) {
      const text = randomScenario(seed);
      const again = `FUZZ_FROM=${seed} FUZZ_COUNT=1 deno test -A tests/fuzz/fuzz_test.ts\n${text}`;
      const plan = compileScenario(load(text).scenario);
      const first = check(plan, 2e9);
      assert.deepEqual(first.broken, [], again);
      assert.equal(check(plan, 37e6).digest, first.digest, `another run gives other facts: ${again}`);
    }
  },
});
