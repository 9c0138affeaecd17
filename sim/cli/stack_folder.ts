// The folder whose log files the stack shows.

import { projectPath, userPath } from "./paths.ts";

/** The folder that the shipper tails: the project's, or the one that SQUALL_LOGS names. */
export function stackLogsFolder(): string {
  const named = Deno.env.get("SQUALL_LOGS");
  return named === undefined || named === "" ? projectPath("logs") : userPath(named);
}
