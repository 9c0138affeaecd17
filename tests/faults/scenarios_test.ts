// Each file in scenarios/faults: its thresholds hold, and do not when what it shows is taken out.

import assert from "node:assert/strict";
import { basisOf, FAULTS, isMitigation, KINDS } from "../../sim/faults/registry.ts";
import { type Nanos, SECOND } from "../../sim/base/time.ts";
import type { FaultSpec, Scenario } from "../../sim/scenario/scenario.ts";
import { needs } from "../permissions.ts";
import { load } from "../scenario/support.ts";
import { broken, runInMemory } from "./runs.ts";

const ignore = needs("read", "env");
/** After the end of all of them, their gracefulStop included. */
const LATE = (1000 * SECOND) as Nanos;
const folder = new URL("../../scenarios/faults/", import.meta.url);
const names = ignore
  ? []
  : [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length)).sort();

function read(name: string): Scenario {
  return load(Deno.readTextFileSync(new URL(`${name}.yaml`, folder))).scenario;
}

/** What a file shows is the mitigation that it is named after, or else all of its faults. */
function without(scenario: Scenario, name: string): Scenario {
  return {
    ...scenario,
    faults: isMitigation(name) ? scenario.faults.filter(({ kind }) => basisOf(kind) !== name) : [],
  };
}

for (const name of names) {
  Deno.test({
    name: `scenarios/faults/${name}.yaml holds, and does not without what it shows`,
    ignore,
    fn() {
      const scenario = read(name);
      const ran = runInMemory(scenario);
      assert.deepEqual(broken(ran.evaluation), [], "with it");
      assert.equal(ran.engine.framesInUse, 0, "frames in use at the end");
      assert.equal(ran.engine.workersInUse, 0, "workers in use at the end");
      assert.notDeepEqual(broken(runInMemory(without(scenario, name)).evaluation), [], "without it");
    },
  });
}

/** All that the services of a run have told. */
function told(scenario: Scenario): string[] {
  const { sink, plan } = runInMemory(scenario, true);
  return [
    ...plan.services.map(({ name }) => sink.log(name)),
    ...sink.spans.map(({ name, startTime, endTime, attributes, status, resource }) =>
      JSON.stringify([name, startTime, endTime, attributes, status, resource.attributes])
    ),
  ];
}

for (const name of names.filter((each) => Object.hasOwn(KINDS, each))) {
  Deno.test({
    name: `a fault of kind ${name} with probability 0, or past the run's end, changes not a byte`,
    ignore,
    fn() {
      const scenario = read(name);
      const plain = told({ ...scenario, faults: [] });
      const never = (change: (fault: FaultSpec) => Partial<FaultSpec>): Scenario => ({
        ...scenario,
        faults: scenario.faults.map((fault) => ({ ...fault, ...change(fault) })),
      });
      assert.deepEqual(told(never(() => ({ probability: 0, when: [], reaction: 0 as Nanos }))), plain);
      assert.deepEqual(told(never(() => ({ at: LATE, when: [], reaction: 0 as Nanos }))), plain);
      assert.notDeepEqual(told(scenario), plain);
    },
  });
}

Deno.test({
  name: "no file in scenarios/faults tells by its own name in hosts and methods what is wrong",
  ignore,
  fn: () => assert.deepEqual(names.filter((name) => read(name).namespace === name), []),
});

Deno.test({
  name: "there is a scenario for each kind and mitigation",
  ignore,
  fn() {
    assert.deepEqual(Object.keys(KINDS).filter((kind) => !names.includes(kind)), []);
    const used = new Set(names.flatMap((name) => read(name).faults.map(({ kind }) => kind)));
    assert.deepEqual([...used].filter((kind) => !Object.hasOwn(FAULTS, kind)), []);
  },
});
