// Every file of scenarios/lab/: its thresholds hold. The metastable failures are there twice: one whose trigger is over and
// that stays, and one that a policy ends. tests/long/lab_test.ts takes out trigger and policy.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { brokenBy, labNames, readLab } from "./lab.ts";

const ignore = needs("read", "env");

/** A load for backends, of 1.2 million spans: tests/long/lab_test.ts runs it. */
const HEAVY = ["thousand-traces"];

// Those whose names begin with theory are run by scenarios_test.ts.
for (const name of ignore ? [] : labNames().filter((each) => !each.startsWith("theory-") && !HEAVY.includes(each))) {
  Deno.test({
    name: `scenarios/lab/${name}.yaml does what it says`,
    fn() {
      assert.deepEqual(brokenBy(readLab(name)), []);
    },
  });
}

Deno.test({
  name: "no file in scenarios/lab tells by its own name in hosts and methods what is wrong",
  ignore,
  fn() {
    const told = labNames().filter((name) => !name.startsWith("theory-") && readLab(name).namespace === name);
    assert.deepEqual(told, []);
  },
});
