// The files of a run: runs/<run id>/, or the folder that the user names.

import { dirname, join } from "node:path";

/** Thrown when a run's folder cannot be used; the message says why and what to do. */
export class RunFilesError extends Error {
  override name = "RunFilesError";
}

export const RUN_FILES = {
  summary: "summary.json",
  scenario: "scenario.yaml",
  traces: "traces.jsonl",
  /** Log records and data points that no collector acknowledged. */
  logs: "logs.jsonl",
  metrics: "metrics.jsonl",
  openMetrics: "metrics.openmetrics",
  manifest: "manifest.json",
  /** What a replay replays, and how: it has no scenario. */
  replay: "replay.json",
  journal: "journal.json",
  truth: "ground-truth.json",
} as const;

/** A name for a run that no other has: when it was made, and eight random digits. It stands in no line and no span. */
export function newRunId(): string {
  const stamp = new Date().toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  const random = [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  return `${stamp}-${random}`;
}

/** A folder that is this run's. */
export interface ClaimedFolder {
  /** Leaves the folder as it was before, unless something else has been put into it. */
  release(): void;
}

/**
 * Makes the folder of a run with its parents, and claims it for this run by its copy of the scenario: of several runs that
 * are started at once, one gets it.
 * @param document the scenario as it is run
 * @param name of the file that the document becomes
 * @throws {RunFilesError} when it holds a run already, is no folder, or cannot be written to
 */
export function claimRunFolder(
  folder: string,
  document: string,
  name: string = RUN_FILES.scenario,
): ClaimedFolder {
  const claim = join(folder, name);
  let isNew = false, isClaimed = false;
  const release = (): void => {
    if (isClaimed) quietly(() => Deno.removeSync(claim));
    if (isNew) quietly(() => Deno.removeSync(folder));
  };
  try {
    Deno.mkdirSync(dirname(folder), { recursive: true });
    isNew = madeFolder(folder);
    using file = created(claim);
    if (file === undefined) throw holdsRun(folder, name);
    isClaimed = true;
    for (const entry of Deno.readDirSync(folder)) {
      const isOthers = entry.name !== name && (Object.values(RUN_FILES) as string[]).includes(entry.name);
      if (isOthers) throw holdsRun(folder, entry.name);
    }
    let bytes: Uint8Array = new TextEncoder().encode(document);
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
    return { release };
  } catch (error) {
    release();
    if (error instanceof RunFilesError) throw error;
    throw new RunFilesError(
      `cannot use ${folder} for the run's files: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function holdsRun(folder: string, name: string): RunFilesError {
  return new RunFilesError(`${folder} holds a run already (${name}): choose another folder with --results`);
}

/** A new file; undefined where there is one of that name. */
function created(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path, { write: true, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw error;
  }
}

/** What went wrong before is what the user must hear. */
function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // It is left as it is.
  }
}

function madeFolder(folder: string): boolean {
  try {
    Deno.mkdirSync(folder);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

/**
 * Writes a file of a run that is not there yet: all of it, or nothing.
 * @throws {RunFilesError} when it cannot be written
 */
export function writeRunFile(folder: string, name: string, text: string): void {
  const unfinished = join(folder, `${name}.unfinished`);
  try {
    Deno.writeTextFileSync(unfinished, text, { createNew: true });
    Deno.renameSync(unfinished, join(folder, name));
  } catch (error) {
    try {
      Deno.removeSync(unfinished);
    } catch {
      // It was not even begun.
    }
    throw new RunFilesError(`cannot write ${join(folder, name)}: ${error instanceof Error ? error.message : error}`);
  }
}
