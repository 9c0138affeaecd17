// The ground truth against the run without the fault, request by request; the long tests do it for 200 faults.

import assert from "node:assert/strict";
import { Ajv } from "ajv";
import type { Nanos } from "../../sim/base/time.ts";
import { groundTruthJson } from "../../sim/report/ground_truth_json.ts";
import { journalJson } from "../../sim/report/journal.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { load } from "../scenario/support.ts";
import { checkRandomFaults, simulateTwin, twinOf } from "./twins.ts";

Deno.test({
  name: "the ground truth of 20 random faults names the service that was struck, and those whose requests changed",
  ignore: needs("read", "env"),
  fn: () => checkRandomFaults(20),
});

Deno.test({
  name: "where no fault ever begins there is no incident, and no red herring",
  ignore: needs("read", "env"),
  fn() {
    const { truth } = twinOf("{ kind: errors, target: cart, at: 10h }", 1);
    assert.deepEqual(truth?.redHerrings, []);
    assert.deepEqual(truth?.phases.map(({ name }) => name), ["baseline"]);
  },
});

Deno.test({
  name: "mitigations are no injections: they have lists of their own, and begin no incident",
  ignore: needs("read", "env"),
  fn() {
    const { scenario } = load(`
name: shop
services: { web: { endpoints: { GET /: 10ms } } }
journeys: { visit: [web.GET /] }
scenarios: { load: { executor: constant-arrival-rate, rate: 10, duration: 30s, preAllocatedVUs: unlimited } }
faults:
  - { name: turn away, kind: shed, target: web, at: 5s, for: 15s, rate: 50% }
  - { name: broken, kind: errors, target: web, at: 10s, for: 5s }
`);
    const { plan, truth } = simulateTwin(compileScenario(scenario));
    const at = (time: Nanos): string => new Date(time / 1e6).toISOString();
    const elapsed = 30e9 as Nanos;
    const json = groundTruthJson({ plan, truth: truth!, elapsed, at });
    const validate = new Ajv().compile(
      JSON.parse(Deno.readTextFileSync(fromRoot("scenarios/ground-truth.schema.json"))),
    );
    assert.ok(validate(json), JSON.stringify(validate.errors));
    assert.deepEqual(truth!.injections.map(({ fault, from }) => [fault.name, from]), [["broken", 10e9]]);
    assert.deepEqual(truth!.mitigations.map(({ fault, from }) => [fault.name, from]), [["turn away", 5e9]]);
    assert.deepEqual(truth!.faults.map(({ fault }) => fault.name), ["broken"]);
    assert.deepEqual(truth!.sideEffects.map(({ fault }) => fault.name), ["turn away"]);
    assert.ok(truth!.sideEffects[0]!.users.failed > 20);
    assert.deepEqual(truth!.phases.map(({ name, from }) => [name, from]), [["baseline", 0], ["incident", 10e9], [
      "normal",
      15e9,
    ]]);
    const journal = journalJson({ plan, truth, experiment: undefined, elapsed, ended: "completed", version: "0", at });
    const names = (key: string): string[] =>
      (journal[key] as { readonly activity: { readonly name: string } }[]).map(({ activity }) => activity.name);
    assert.deepEqual([names("run"), names("rollbacks")], [["broken"], ["turn away"]]);
  },
});
