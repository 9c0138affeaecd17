// Reads scenario files for the commands, with the flags that change what they say.

import { basename, dirname, resolve, sep as SEPARATOR } from "node:path";
import type { BaseFile, RefusedBase } from "../scenario/extends.ts";
import { FILE_BYTES_MAX } from "../scenario/limits.ts";
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
  const text = readText(file);
  const root = rootFolder(file);
  return loadScenario({
    path: shownPath(file),
    id: file,
    text,
    sets: flags.set ?? [],
    env: parseVariables(flags.env ?? []),
    readBase: (from, written) => readBase(root, from, written),
  });
}

function readText(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`there is no file ${shownPath(file)}`);
    if (error instanceof Deno.errors.IsADirectory) {
      throw new UsageError(`${shownPath(file)} is a folder, not a scenario file`);
    }
    throw new UsageError(`cannot read ${shownPath(file)}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * The folder that a scenario's own references stay in, so that a scenario from somebody else reads nothing besides: the
 * folder "scenarios" around it, or the folder that the user stands in, whichever is wider; else the file's own.
 */
function rootFolder(file: string): string {
  const folders = [...ancestors(dirname(file))];
  const user = userPath(".");
  return folders.findLast((folder) => basename(folder) === "scenarios" || folder === resolve(user)) ?? folders[0]!;
}

/** The folder and those around it, itself first. */
function* ancestors(folder: string): Generator<string> {
  for (let at = resolve(folder);; at = dirname(at)) {
    yield at;
    if (dirname(at) === at) return;
  }
}

function readBase(root: string, from: string, written: string): BaseFile | RefusedBase {
  const file = resolve(dirname(from), written);
  const shown = shownPath(file);
  if (!/\.ya?ml$/i.test(file)) return { refused: "it is no .yaml file", hint: "a base is a scenario, like base.yaml" };
  if (!isBelow(root, file)) return outside(root);
  try {
    const real = Deno.realPathSync(file);
    if (!isBelow(Deno.realPathSync(root), real)) return outside(root);
    const { isFile, size } = Deno.statSync(real);
    if (!isFile) return { refused: `${shown} is no file` };
    if (size > FILE_BYTES_MAX) {
      return { refused: `${shown} has ${size} bytes`, hint: `at most ${FILE_BYTES_MAX} are read` };
    }
    return { id: file, path: shown, text: Deno.readTextFileSync(real) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { refused: `there is no file ${shown}`, hint: "the path begins at the folder of this file" };
    }
    return { refused: `cannot read ${shown}: ${error instanceof Error ? error.message : error}` };
  }
}

function outside(root: string): RefusedBase {
  return { refused: "it leads out of the scenario's root folder", hint: `bases lie below ${shownPath(root)}` };
}

function isBelow(folder: string, file: string): boolean {
  return file.startsWith(folder.endsWith(SEPARATOR) ? folder : folder + SEPARATOR);
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
