// k6's shortcuts: vus, duration, iterations and stages at the top level of the file, in place of `scenarios`.

import type { Diagnostics } from "../base/diagnostics.ts";
import { type Decoded, integer, INVALID, type Invalid, optional, wrong } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { endlessLengthField, nodeAt, stagesField } from "./executor.ts";
import type { Load } from "./load.ts";
import { compileExecutor, type ExecutorKind, EXECUTORS } from "./registry.ts";
import { VUS_MAX } from "./vu_curve.ts";

export const SHORTCUT_FIELDS = {
  vus: optional(
    integer({ min: 0, max: VUS_MAX }),
    "k6's shortcut for one scenario: its VUs; with stages, those at the start.",
  ),
  duration: optional(
    endlessLengthField(),
    "k6's shortcut for a constant-vus scenario of this length; unlimited: until the run is stopped.",
  ),
  iterations: optional(integer({ min: 1 }), "k6's shortcut for a shared-iterations scenario."),
  stages: optional(
    stagesField(integer({ min: 0, max: VUS_MAX }), "VUs at the end of the stage."),
    "k6's shortcut for a ramping-vus scenario.",
  ),
};

/** Diagnoses shortcuts beside `scenarios`, which k6 lets override them. @param node the map of the whole file */
export function checkNoScenarios(node: Node, diagnostics: Diagnostics): void {
  if (nodeAt(node, "scenarios") === node) return;
  for (const key of Object.keys(SHORTCUT_FIELDS)) {
    const value = nodeAt(node, key);
    if (value === node) continue;
    wrong(
      value,
      `"${key}" beside "scenarios" has no meaning`,
      diagnostics,
      "it is a shortcut for a single scenario: move it into one, or leave scenarios out",
    );
  }
}

/**
 * Makes the one workload that the shortcuts stand for, which k6 calls `default`; undefined when there are none. What k6
 * refuses, and `vus` beside `scenarios`, which k6 lets override them, is diagnosed.
 * @param node the map of the whole file, for positions
 */
export function compileShortcuts(
  config: Decoded<typeof SHORTCUT_FIELDS>,
  node: Node,
  diagnostics: Diagnostics,
): { readonly executor: ExecutorKind; readonly load: Load } | undefined | Invalid {
  const { vus, duration, iterations, stages } = config;
  const used = (["iterations", "duration", "stages", "vus"] as const).filter((key) => config[key] !== undefined);
  const [first] = used;
  if (first === undefined) return undefined;
  const before = diagnostics.count;
  if (stages !== undefined && first !== "stages") {
    wrong(nodeAt(node, "stages"), `"stages" and "${first}" exclude each other`, diagnostics, "leave one of them out");
  }
  checkNoScenarios(node, diagnostics);
  if (iterations !== undefined && duration === Infinity) {
    const hint = "leave duration out, or write how long they may take";
    wrong(nodeAt(node, "duration"), "a number of iterations ends by itself", diagnostics, hint);
  }
  if (vus === 0 && stages === undefined) {
    wrong(nodeAt(node, "vus"), "without a VU no iteration can ever start", diagnostics, "write vus: 1 or more");
  }
  if (diagnostics.count > before) return INVALID;
  const made = (executor: ExecutorKind, load: Load | Invalid) => load === INVALID ? INVALID : { executor, load };
  if (stages !== undefined) {
    const config = {
      startVUs: vus ?? 1,
      stages,
      repeat: 1,
      gracefulRampDown: EXECUTORS["ramping-vus"].fields.gracefulRampDown.fallback!,
    };
    return made("ramping-vus", compileExecutor("ramping-vus", config, node, diagnostics));
  }
  if (iterations === undefined && duration !== undefined) {
    const config = { vus: vus ?? 1, duration };
    return made("constant-vus", compileExecutor("constant-vus", config, node, diagnostics));
  }
  // With vus alone each VU has one iteration on average.
  const shared = {
    vus: vus ?? 1,
    iterations: iterations ?? vus ?? 1,
    maxDuration: duration ?? EXECUTORS["shared-iterations"].fields.maxDuration.fallback!,
  };
  return made("shared-iterations", compileExecutor("shared-iterations", shared, node, diagnostics));
}
