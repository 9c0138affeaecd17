// Nodes to a Scenario, or all that is wrong with them: first each value by itself, then what they say together.

import type { Diagnostics } from "../base/diagnostics.ts";
import { INVALID, type Invalid } from "../base/fields.ts";
import { type MapNode, type Node } from "../base/node.ts";
import type { Nanos } from "../base/time.ts";
import { checkServiceNames } from "../model/service_fields.ts";
import { gateOf } from "../objectives/gate.ts";
import { checkCallGraph } from "./call_graph.ts";
import { checkConditions } from "./condition_checks.ts";
import { checkEndpoints } from "./endpoint_checks.ts";
import { checkLoad, type ScenarioConfig, scenarioField } from "./fields.ts";
import { mapAt, outlineOf } from "./outline.ts";
import { checkReferences } from "./references.ts";
import type { Scenario } from "./scenario.ts";

/** Decodes a scenario. Gives INVALID when there is any diagnostic, and then they are all there. */
export function decodeScenario(node: Node, diagnostics: Diagnostics): Scenario | Invalid {
  const config = decodeValues(node, diagnostics);
  if (node.type === "map") checkWhole(node, diagnostics);
  return config === INVALID || diagnostics.count > 0 ? INVALID : scenarioOf(config);
}

/** Only what each value says by itself, for a file of which a part cannot be read. */
export function decodeValues(node: Node, diagnostics: Diagnostics): ScenarioConfig | Invalid {
  return scenarioField.decode(node, diagnostics);
}

function checkWhole(root: MapNode, diagnostics: Diagnostics): void {
  const outline = outlineOf(root, diagnostics);
  checkLoad(root, outline.journeys, diagnostics);
  const services = mapAt(root, "services");
  if (services !== undefined) checkServiceNames(services, diagnostics);
  checkReferences(root, outline, diagnostics);
  checkCallGraph(outline, diagnostics);
  checkEndpoints(outline, diagnostics);
  checkConditions(outline, diagnostics);
}

function scenarioOf({ scenarios, namespace, thresholds, ...config }: ScenarioConfig): Scenario {
  const [onlyJourney] = config.journeys.keys();
  const faults = new Map(
    config.faults.map(({ name, at, duration }) => [name, { at, until: (at + duration) as Nanos }]),
  );
  return {
    ...config,
    thresholds: thresholds.thresholds.map((threshold) => ({ ...threshold, gate: gateOf(threshold.gate, faults) })),
    submetrics: thresholds.submetrics,
    namespace: namespace ?? slug(config.name),
    workloads: new Map(
      [...scenarios].map(([name, draft]) => [name, { name, ...draft, exec: draft.exec ?? onlyJourney! }]),
    ),
  };
}

/** `Black Friday, 2nd try` becomes `black-friday-2nd-try`. */
function slug(name: string): string {
  return name.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "") || "squall";
}
