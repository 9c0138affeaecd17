// deno task stack:status: which parts of the stack are ready, and where.

import { Command } from "commander";
import { askParts } from "../stack/readiness.ts";
import { print } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { environment, openStack, partsOf, statusJson, statusLine } from "./stack_setting.ts";

export function stackStatusCommand(finish: (code: ExitCode) => void): Command {
  return new Command("stack:status")
    .summary("tell which parts of the stack are ready, and where")
    .description("Asks each part of the stack whether it is ready. Exit code 0 when all are, 1 when one is not.")
    .option("--json", "the state of each part as JSON on standard output")
    .action(async (flags: { json?: boolean }) => finish(await status(flags.json === true)));
}

async function status(json: boolean): Promise<ExitCode> {
  const { compose } = await openStack();
  const containers = await compose.containers();
  const states = await askParts(partsOf(containers), containers, environment);
  print(json ? statusJson(states) : states.map((state) => statusLine(state) + "\n").join(""));
  if (containers.length === 0 && !json) print("\nNothing of the stack is there: deno task stack:up starts it.\n");
  return states.every(({ ready }) => ready) ? ExitCode.success : ExitCode.unready;
}
