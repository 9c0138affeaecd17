// Runs of scenarios/lab/ for tests.

import assert from "node:assert/strict";
import { readScenario } from "../../sim/cli/scenario_files.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { broken, runInMemory } from "../faults/runs.ts";
import { fromRoot } from "../root.ts";

const FOLDER = fromRoot("scenarios/lab");

export function labNames(): readonly string[] {
  return [...Deno.readDirSync(FOLDER)].map(({ name }) => name.replace(/\.yaml$/, "")).sort();
}

/** @param set as with --set */
export function readLab(name: string, ...set: string[]): Scenario {
  return readScenario(`${FOLDER}/${name}.yaml`, { set }).scenario;
}

/** What of its thresholds a run breaks. */
export function brokenBy(scenario: Scenario): readonly unknown[] {
  const { evaluation, engine } = runInMemory(scenario);
  assert.equal(engine.framesInUse, 0, "frames in use at the end");
  assert.equal(engine.workersInUse, 0, "workers in use at the end");
  return broken(evaluation);
}
