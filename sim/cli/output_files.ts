// Files that a user asks a command to write, besides those of a run.

import { UsageError } from "./command.ts";
import { shownPath, userPath } from "./paths.ts";

/**
 * Writes a text to the path that the user gave: all of it, or nothing. What was there is replaced.
 * @throws {UsageError} when it cannot be written
 */
export function writeUserFile(path: string, text: string): void {
  const file = userPath(path);
  const unfinished = `${file}.unfinished`;
  try {
    Deno.writeTextFileSync(unfinished, text);
    Deno.renameSync(unfinished, file);
  } catch (error) {
    try {
      Deno.removeSync(unfinished);
    } catch {
      // It was not even begun.
    }
    throw new UsageError(`cannot write ${shownPath(file)}: ${error instanceof Error ? error.message : error}`);
  }
}
