// Where paths lead: those that a user gives from the folder that the user stands in, the defaults from the project.

import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** `deno task` changes the working directory and keeps the user's in INIT_CWD. */
function userFolder(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}

/** A path that the user gave. */
export function userPath(path: string): string {
  return isAbsolute(path) ? path : join(userFolder(), path);
}

/** A folder of the project, for what the user did not name. */
export function projectPath(name: string): string {
  return join(PROJECT, name);
}

/** A path as the user would write it: relative where that is shorter and does not climb. */
export function shownPath(path: string): string {
  const short = relative(userFolder(), path);
  return short === "" ? "." : short.startsWith("..") ? path : short;
}
