// Every file of scenarios/lab/: its thresholds hold. The metastable failures are there twice: one whose trigger is over and
// that stays, and one that a policy ends; what stays does not without its trigger, nor with the policy.

import assert from "node:assert/strict";
import { readScenario } from "../../sim/cli/scenario_files.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { broken, runInMemory } from "../faults/runs.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";

const ignore = needs("read", "env");
const FOLDER = fromRoot("scenarios/lab");

/** Files that stay, and what ends each: the same that the file with its name and more has. */
const ENDED_BY: Readonly<Record<string, string>> = {
  "retry-storm": 'services.web.endpoints."GET /".calls.0.breaker={ open: 5s }',
  "cold-cache-collapse": "services.db.shed={ queue: 50 }",
  "abandoned-work": 'services.web.endpoints."POST /order".calls.0.propagateDeadline=true',
  "gc-death-spiral": "services.search.queue=50",
  "thundering-herd": "services.api.shed={ queue: 4 }",
};

const names = ignore ? [] : [...Deno.readDirSync(FOLDER)].map(({ name }) => name.replace(/\.yaml$/, "")).sort();

function read(name: string, ...set: string[]): Scenario {
  return readScenario(`${FOLDER}/${name}.yaml`, { set }).scenario;
}

/** What of its thresholds a run breaks. */
function brokenBy(scenario: Scenario): readonly unknown[] {
  const { evaluation, engine } = runInMemory(scenario);
  assert.equal(engine.framesInUse, 0, "frames in use at the end");
  assert.equal(engine.workersInUse, 0, "workers in use at the end");
  return broken(evaluation);
}

// Those whose names begin with theory are run by scenarios_test.ts.
for (const name of names.filter((each) => !each.startsWith("theory-"))) {
  Deno.test({
    name: `scenarios/lab/${name}.yaml does what it says`,
    ignore,
    fn() {
      assert.deepEqual(brokenBy(read(name)), []);
    },
  });
}

for (const [name, policy] of Object.entries(ENDED_BY)) {
  Deno.test({
    name: `${name} does not stay without its trigger, nor with what ends it`,
    ignore,
    fn() {
      assert.ok(names.some((each) => each.startsWith(`${name}-`)), `no file shows what ends ${name}`);
      assert.notDeepEqual(brokenBy({ ...read(name), faults: [] }), [], "without its trigger");
      assert.notDeepEqual(brokenBy(read(name, policy)), [], `with ${policy}`);
      for (const each of names.filter((other) => other.startsWith(`${name}-`))) {
        // And the policy ends something: without the fault there is nothing to end.
        assert.notDeepEqual(brokenBy({ ...read(each), faults: [] }), [], `${each} without its trigger`);
      }
    },
  });
}
