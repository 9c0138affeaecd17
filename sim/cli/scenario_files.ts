// Reads scenario files for the commands, with the flags that change what they say.

import { loadScenario } from "../scenario/load.ts";
import { UsageError } from "./command.ts";
import { shownPath, userPath } from "./paths.ts";

export interface ScenarioFlags {
  readonly set?: readonly string[];
  readonly env?: readonly string[];
}

/**
 * Reads and checks a scenario file.
 * @throws {InvalidInput} with everything that is wrong with it
 * @throws {UsageError} when it cannot be read
 */
export function readScenario(path: string, flags: ScenarioFlags): ReturnType<typeof loadScenario> {
  const file = userPath(path);
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`there is no file ${shownPath(file)}`);
    if (error instanceof Deno.errors.IsADirectory) {
      throw new UsageError(`${shownPath(file)} is a folder, not a scenario file`);
    }
    throw new UsageError(`cannot read ${shownPath(file)}: ${error instanceof Error ? error.message : error}`);
  }
  return loadScenario({ path: shownPath(file), text, sets: flags.set ?? [], env: parseVariables(flags.env ?? []) });
}

/**
 * The variables given with -e.
 * @throws {UsageError} when one is not NAME=value
 */
export function parseVariables(written: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const each of written) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(each);
    // The value may be a secret, so it is not shown.
    if (match === null) throw new UsageError("-e takes NAME=VALUE, where NAME is made of letters, digits and _");
    found.set(match[1]!, match[2]!);
  }
  return found;
}
