// deno task stack:down: stops the stack, and with --volumes forgets what it holds.

import { Command } from "commander";
import { print } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { openStack } from "./stack_setting.ts";

interface DownFlags {
  readonly volumes?: boolean;
  readonly json?: boolean;
}

export function stackDownCommand(finish: (code: ExitCode) => void): Command {
  return new Command("stack:down")
    .summary("stop the stack")
    .description("Stops the stack and removes its containers. What it holds is kept, unless --volumes is given.")
    .option("--volumes", "remove its logs, traces, metrics and saved dashboards as well; files in logs/ and runs/ stay")
    .option("--json", "what was done as JSON on standard output")
    .action(async (flags: DownFlags) => finish(await down(flags)));
}

async function down(flags: DownFlags): Promise<ExitCode> {
  const { compose } = await openStack();
  const volumes = flags.volumes === true;
  await compose.down(volumes);
  if (flags.json) print(JSON.stringify({ stopped: true, volumesRemoved: volumes }) + "\n");
  else {
    print(
      volumes
        ? "The stack is stopped, and what it held is gone. logs/ and runs/ are as they were.\n"
        : "The stack is stopped. What it holds is kept for the next stack:up (stack:down --volumes forgets it).\n",
    );
  }
  return ExitCode.success;
}
