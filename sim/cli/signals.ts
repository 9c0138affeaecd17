// Ctrl-C, a request to terminate, and a terminal that is closed: the first ends the run gracefully, a later one at once.

import { ExitCode } from "./exit_codes.ts";

/** `deno task` delivers one Ctrl-C twice: what comes so soon after the first is the same one. */
const REPEAT_MS = 500;

/**
 * Calls `interrupt` at the first signal, and ends the process at one that comes later. It listens as long as the process
 * lives: were it to stop before the summary is written, a repeat of the first would end the process without one.
 */
export function onSignals(interrupt: () => void): void {
  let first: number | undefined;
  const listener = (): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      interrupt();
    } else if (now - first > REPEAT_MS) Deno.exit(ExitCode.interrupted);
  };
  const names: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const name of names) Deno.addSignalListener(name, listener);
}
