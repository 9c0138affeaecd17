// Random scenarios: whatever they say, nothing of the facts may be impossible, and a run is the same twice.
// `FUZZ_FROM=123 FUZZ_COUNT=1 deno test -A tests/fuzz` repeats the one of seed 123.

import assert from "node:assert/strict";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { needs } from "../permissions.ts";
import { load } from "../scenario/support.ts";
import { randomScenario } from "./generator.ts";
import { check } from "./invariants.ts";
import { settings } from "./settings.ts";

Deno.test({
  name: "2,000 random scenarios break no invariant, and give the same facts twice, in steps of any length",
  ignore: needs("env"),
  fn() {
    const { from, count } = settings(2000);
    let facts = 0, requests = 0;
    for (let seed = from; seed < from + count; seed++) {
      const text = randomScenario(seed);
      const again = `FUZZ_FROM=${seed} FUZZ_COUNT=1 deno test -A tests/fuzz\n${text}`;
      const { scenario } = load(text);
      const first = check(compileScenario(scenario), 2e9);
      assert.deepEqual(first.broken, [], again);
      const second = check(compileScenario(scenario), 37e6);
      assert.equal(second.digest, first.digest, `another run of the same scenario gives other facts: ${again}`);
      facts += first.facts;
      requests += first.requests;
    }
    // deno-lint-ignore no-console -- the seeds of a run that went well are worth knowing
    console.info(`seeds ${from} to ${from + count - 1}: ${requests} requests, ${facts} facts`);
  },
});
