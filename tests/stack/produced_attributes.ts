// The attributes of spans and resources, as a run of checkout.yaml makes them.

import { Engine } from "../../sim/engine/engine.ts";
import { FactBatch } from "../../sim/plan/facts.ts";
import { planLength } from "../../sim/plan/plan.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { MemorySink } from "../../sim/sinks/memory.ts";
import { fromRoot } from "../root.ts";
import { IDENTITY } from "../telemetry/plan.ts";

/** With their scope: `resource.service.name`, `span.http.route`. */
export function producedAttributes(): Set<string> {
  const text = Deno.readTextFileSync(fromRoot("scenarios/checkout.yaml"));
  const { scenario } = loadScenario({ path: "checkout.yaml", text, sets: [], env: new Map() });
  const plan = compileScenario(scenario);
  const sink = new MemorySink(plan, IDENTITY), engine = new Engine(plan, 1), batch = new FactBatch();
  const end = planLength(plan);
  for (let reached = false; !reached && !engine.done;) {
    reached = engine.step(end, batch);
    sink.take(batch);
    batch.clear();
  }
  const names = new Set<string>();
  for (const { attributes, resource } of sink.spans) {
    for (const name of Object.keys(attributes)) names.add(`span.${name}`);
    for (const name of Object.keys(resource.attributes)) names.add(`resource.${name}`);
  }
  return names;
}
