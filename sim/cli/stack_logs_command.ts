// deno task stack:logs: what the parts of the stack say themselves, not what they hold.

import { Command } from "commander";
import { StackError } from "../stack/engine.ts";
import { ALL_PARTS } from "../stack/parts.ts";
import { parsed, UsageError } from "./command.ts";
import { print } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { openStack } from "./stack_setting.ts";

interface LogsFlags {
  readonly follow?: boolean;
  readonly tail: number;
  readonly json?: boolean;
}

const TAIL_DEFAULT = 50;
const NAMES = [...ALL_PARTS.map(({ name }) => name as string), "generator"];

export function stackLogsCommand(finish: (code: ExitCode) => void): Command {
  return new Command("stack:logs")
    .summary("show what the parts of the stack say themselves")
    .description("Shows the last lines that the parts of the stack wrote about themselves.")
    .argument("[parts...]", `some of ${NAMES.join(", ")} (default: all)`)
    .option("-f, --follow", "go on until Ctrl-C")
    .option("-n, --tail <lines>", `lines of each part (default: ${TAIL_DEFAULT})`, parseTail, TAIL_DEFAULT)
    .option("--json", "the lines of each part as JSON on standard output")
    .addHelpText("after", "\nExample:\n  deno task stack:logs loki promtail --follow\n")
    .action(async (parts: string[], flags: LogsFlags) => finish(await logs(parts, flags)));
}

function parseTail(text: string): number {
  return parsed(/^\d{1,6}$/.test(text) ? Number(text) : undefined, "It is a whole number of lines.");
}

async function logs(parts: readonly string[], { follow, tail, json }: LogsFlags): Promise<ExitCode> {
  for (const part of parts) {
    if (!NAMES.includes(part)) throw new UsageError(`the stack has no part ${part}: it has ${NAMES.join(", ")}`);
  }
  if (follow && json) throw new UsageError("--follow and --json exclude each other: JSON has an end");
  const { compose } = await openStack();
  if (json) {
    const wanted = parts.length > 0 ? parts : (await compose.containers()).map(({ part }) => part);
    const lines = await Promise.all(wanted.map(async (part) => [part, await compose.lastLines(part, tail)] as const));
    print(JSON.stringify(Object.fromEntries(lines), undefined, 2) + "\n");
    return ExitCode.success;
  }
  const code = await compose.logs(parts, tail, follow === true);
  // Ctrl-C is how one ends --follow.
  if (code !== 0 && !(follow && code >= 128)) throw new StackError(`${compose.words} logs ended with ${code}`);
  return ExitCode.success;
}
