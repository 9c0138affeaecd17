// The top-level shortcuts stand for the scenarios that k6 makes of them.

import assert from "node:assert/strict";
import { type Diagnostic, Diagnostics } from "../../sim/base/diagnostics.ts";
import { INVALID, record } from "../../sim/base/fields.ts";
import type { ClosedLoad } from "../../sim/load/load.ts";
import { compileShortcuts, SHORTCUT_FIELDS } from "../../sim/load/shortcuts.ts";
import { type Config, steps } from "./loads.ts";
import { nodeOf } from "./nodes.ts";

function shortcuts(config: Config): { made: ReturnType<typeof compileShortcuts>; problems: readonly Diagnostic[] } {
  const diagnostics = new Diagnostics();
  const { scenarios: _, ...rest } = config;
  const decoded = record("a scenario file", SHORTCUT_FIELDS).decode(nodeOf(rest), diagnostics);
  const made = decoded === INVALID ? INVALID : compileShortcuts(decoded, nodeOf(config), diagnostics);
  return { made, problems: diagnostics.sorted() };
}

function made(config: Config): { executor: string; load: ClosedLoad } {
  const { made, problems } = shortcuts(config);
  assert.deepEqual(problems, []);
  assert.ok(made !== undefined && made !== INVALID && made.load.type === "closed");
  return { executor: made.executor, load: made.load };
}

Deno.test("vus and duration are a constant-vus scenario", () => {
  const { executor, load } = made({ vus: 3, duration: "30s" });
  assert.equal(executor, "constant-vus");
  assert.deepEqual([load.vusMax, load.length, load.iterations], [3, 30e9, undefined]);
  assert.equal(made({ duration: 5000 }).load.vusMax, 1);
});

Deno.test("iterations are a shared-iterations scenario, and duration is then its maxDuration", () => {
  const { executor, load } = made({ vus: 3, iterations: 40, duration: "30s" });
  assert.equal(executor, "shared-iterations");
  assert.deepEqual([load.vusMax, load.length, load.iterations], [3, 30e9, { total: 40 }]);
  assert.equal(made({ iterations: 2 }).load.length, 600e9);
});

Deno.test("vus alone run one iteration each between them", () => {
  const { executor, load } = made({ vus: 5 });
  assert.equal(executor, "shared-iterations");
  assert.deepEqual([load.vusMax, load.iterations], [5, { total: 5 }]);
});

Deno.test("stages are a ramping-vus scenario that starts with vus, by default one", () => {
  const stages = [{ target: 2, duration: "2s" }];
  const { executor, load } = made({ vus: 0, stages });
  assert.equal(executor, "ramping-vus");
  assert.deepEqual(steps(load), [[0, 0], [1, 1], [2, 2]]);
  assert.equal(load.gracefulRampDown, 30e9);
  assert.deepEqual(steps(made({ stages }).load), [[0, 1], [2, 2]]);
});

Deno.test("no shortcut makes no workload", () => {
  assert.deepEqual(shortcuts({}), { made: undefined, problems: [] });
});

Deno.test("shortcuts that exclude each other, or stand beside scenarios, are diagnosed where they stand", () => {
  const found = (config: Config): string[] => {
    const { made, problems } = shortcuts(config);
    assert.equal(made, INVALID);
    return problems.map((problem) => `${problem.path.join(".")}: ${problem.message}`);
  };
  const stages = [{ target: 2, duration: "2s" }];
  assert.deepEqual(found({ duration: "1s", stages }), ['stages: "stages" and "duration" exclude each other']);
  assert.deepEqual(found({ iterations: 4, stages }), ['stages: "stages" and "iterations" exclude each other']);
  assert.deepEqual(found({ vus: 4, duration: "1s", scenarios: {} }), [
    'vus: "vus" beside "scenarios" has no meaning',
    'duration: "duration" beside "scenarios" has no meaning',
  ]);
  assert.deepEqual(found({ vus: 0, duration: "1s" }), ["vus: without a VU no iteration can ever start"]);
  assert.deepEqual(found({ vus: 5, iterations: 3 }), ["iterations: iterations 3 is less than vus 5"]);
  assert.deepEqual(found({ stages: [{ target: 2, duration: 0 }] }), ["stages: the stages take no time"]);
});
