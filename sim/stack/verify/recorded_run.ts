// A run's folder, read back: what it claims to have written, and the plan from which it can be simulated again.

import { join } from "node:path";
import type { Plan } from "../../plan/plan.ts";
import { type Manifest, ManifestError, parseManifest } from "../../run/manifest.ts";
import { RUN_FILES } from "../../run/run_files.ts";
import { parseTime } from "../../run/times.ts";
import { compileScenario } from "../../scenario/compile.ts";
import { loadScenario } from "../../scenario/load.ts";

/** Thrown when a folder holds no run that can be verified; the message says why. */
export class RecordedRunError extends Error {
  override name = "RecordedRunError";
}

export interface RecordedRun {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly plan: Plan;
  readonly startEpochNs: bigint;
}

/**
 * Reads a run's folder.
 * @param env variables given with -e: their values stand in no file of the run
 * @throws {RecordedRunError} when it holds no run, or one that was not finished
 * @throws {InvalidInput} when its scenario is not valid, as without its variables
 */
export function readRun(folder: string, env: ReadonlyMap<string, string>): RecordedRun {
  let manifest: Manifest;
  const text = read(folder, RUN_FILES.manifest);
  if (text === undefined) {
    const isRun = read(folder, RUN_FILES.scenario) !== undefined;
    throw new RecordedRunError(
      isRun
        ? `${folder} holds a run without ${RUN_FILES.manifest}: it was cut off, or is still going on`
        : `${folder} holds no run: give the folder that has its ${RUN_FILES.manifest}, like runs/<run id>`,
    );
  }
  try {
    manifest = parseManifest(text);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new RecordedRunError(`${join(folder, RUN_FILES.manifest)}: ${error.message}`);
  }
  const scenarioText = read(folder, RUN_FILES.scenario);
  if (scenarioText === undefined) throw new RecordedRunError(`${folder} holds no ${RUN_FILES.scenario}`);
  const { scenario } = loadScenario({ path: join(folder, RUN_FILES.scenario), text: scenarioText, sets: [], env });
  const startEpochNs = parseTime(manifest.start, 0);
  if (startEpochNs === undefined) throw new RecordedRunError(`${folder}: its start "${manifest.start}" is no time`);
  return { folder, manifest, plan: compileScenario({ ...scenario, seed: manifest.seed }), startEpochNs };
}

function read(folder: string, name: string): string | undefined {
  try {
    return Deno.readTextFileSync(join(folder, name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw new RecordedRunError(`cannot read ${join(folder, name)}: ${error instanceof Error ? error.message : error}`);
  }
}
