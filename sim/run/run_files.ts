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
} as const;

/** A name for a run that no other has: when it was made, and eight random digits. It stands in no line and no span. */
export function newRunId(): string {
  const stamp = new Date().toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  const random = [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  return `${stamp}-${random}`;
}

/**
 * Makes the folder of a run with its parents.
 * @returns whether it was not there before
 * @throws {RunFilesError} when it holds a run already, is no folder, or cannot be made
 */
export function makeRunFolder(folder: string): boolean {
  try {
    Deno.mkdirSync(dirname(folder), { recursive: true });
    if (madeFolder(folder)) return true;
    for (const entry of Deno.readDirSync(folder)) {
      if ((Object.values(RUN_FILES) as string[]).includes(entry.name)) {
        throw new RunFilesError(`${folder} holds a run already (${entry.name}): choose another folder with --results`);
      }
    }
    return false;
  } catch (error) {
    if (error instanceof RunFilesError) throw error;
    throw new RunFilesError(
      `cannot use ${folder} for the run's files: ${error instanceof Error ? error.message : error}`,
    );
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
