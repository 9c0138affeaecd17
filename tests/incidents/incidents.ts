// What the tests of scenarios/incidents share: an incident must hold, must not without its root, and its what-if must hold.

import assert from "node:assert/strict";
import { loadScenario } from "../../sim/scenario/load.ts";
import type { FaultSpec, Scenario } from "../../sim/scenario/scenario.ts";
import { broken, runInMemory } from "../faults/runs.ts";

const folder = new URL("../../scenarios/incidents/", import.meta.url);

/** Faults whose names begin like this are what an incident comes from; the others are mitigations, or what goes with it. */
const ROOT = "root: ";

/** The incidents by the names of their files, without their what-ifs. Needs permission to read. */
export function incidentNames(): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".yaml") && !name.endsWith(".what-if.yaml"))
    .map((name) => name.slice(0, -".yaml".length)).sort();
}

/** Loads a file of the folder, with what it extends. */
export function incident(name: string): Scenario {
  const file = `${name}.yaml`;
  return loadScenario({
    path: file,
    text: Deno.readTextFileSync(new URL(file, folder)),
    sets: [],
    env: new Map(),
    readBase: (_, written) => ({
      id: written,
      path: written,
      text: Deno.readTextFileSync(new URL(written, folder)),
    }),
  }).scenario;
}

function isRoot({ name }: FaultSpec): boolean {
  return name.startsWith(ROOT);
}

/** The scenario without its roots, and without the mitigations that end them. */
function withoutRoot(scenario: Scenario): Scenario {
  const roots = new Set(scenario.faults.filter(isRoot).map(({ name }) => name));
  assert.ok(roots.size > 0, `no fault of ${scenario.name} begins with "${ROOT}"`);
  const faults = scenario.faults.filter(({ name, config }) =>
    !roots.has(name) && !(typeof config?.fault === "string" && roots.has(config.fault))
  );
  return { ...scenario, faults };
}

/** Runs a scenario and fails for each threshold that does not hold. */
export function assertHolds(scenario: Scenario): void {
  assert.deepEqual(broken(runInMemory(scenario).evaluation), [], scenario.name);
}

/** Runs an incident without its root: some threshold must not hold. */
export function assertRootMatters(scenario: Scenario): void {
  assert.notDeepEqual(broken(runInMemory(withoutRoot(scenario)).evaluation), [], `${scenario.name} without its root`);
}
