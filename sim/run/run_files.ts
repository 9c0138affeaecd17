// The files of a run: runs/<run id>/, or the folder that the user names.

import { join } from "node:path";

/** Thrown when a run's folder cannot be used; the message says why and what to do. */
export class RunFilesError extends Error {
  override name = "RunFilesError";
}

export const RUN_FILES = {
  summary: "summary.json",
  scenario: "scenario.yaml",
  traces: "traces.jsonl",
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
 * @throws {RunFilesError} when it holds a run already, is no folder, or cannot be made
 */
export function makeRunFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    for (const entry of Deno.readDirSync(folder)) {
      if ((Object.values(RUN_FILES) as string[]).includes(entry.name)) {
        throw new RunFilesError(`${folder} holds a run already (${entry.name}): choose another folder with --results`);
      }
    }
  } catch (error) {
    if (error instanceof RunFilesError) throw error;
    throw new RunFilesError(
      `cannot use ${folder} for the run's files: ${error instanceof Error ? error.message : error}`,
    );
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
