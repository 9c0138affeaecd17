// The command line: one file a command. Exit codes are in exit_codes.ts.

import { Command, CommanderError } from "commander";
import { InvalidInput, visible } from "../base/diagnostics.ts";
import { StackError } from "../stack/engine.ts";
import { printInvalid, UsageError } from "./command.ts";
import { OutputLost, print, printError } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { compareCommand } from "./compare_command.ts";
import { importCommand } from "./import_command.ts";
import { faultsCommand } from "./faults_command.ts";
import { inspectCommand } from "./inspect_command.ts";
import { replayCommand } from "./replay_command.ts";
import { runCommand } from "./run_command.ts";
import { schemaCommand } from "./schema_command.ts";
import { stackDownCommand } from "./stack_down_command.ts";
import { stackLogsCommand } from "./stack_logs_command.ts";
import { stackStatusCommand } from "./stack_status_command.ts";
import { stackUpCommand } from "./stack_up_command.ts";
import { sweepCommand } from "./sweep_command.ts";
import { validateCommand } from "./validate_command.ts";
import { verifyCommand } from "./verify_command.ts";

const EXAMPLES = `
Examples:
  deno task run scenarios/checkout.yaml                    in real time, about three minutes
  deno task run scenarios/checkout.yaml --pace max         the same bytes, as fast as it goes
  deno task inspect scenarios/checkout.yaml                what it will do, without running it
  deno task replay runs/<run id>                           a recording again, as if it happened now
  deno task validate scenarios/
`;

/** Runs the command that the arguments name, and gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let code: ExitCode = ExitCode.success;
  const finish = (result: ExitCode): void => void (code = result);
  const program = new Command("deno task")
    .description("Squall: a load and chaos simulator for distributed systems")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES)
    .configureOutput({ writeOut: print, writeErr: (text) => printError(text.split("\n").map(visible).join("\n")) })
    .exitOverride();
  const commands = [
    runCommand,
    replayCommand,
    importCommand,
    compareCommand,
    sweepCommand,
    inspectCommand,
    faultsCommand,
    validateCommand,
    schemaCommand,
    stackUpCommand,
    stackDownCommand,
    stackStatusCommand,
    stackLogsCommand,
    verifyCommand,
  ];
  for (const make of commands) {
    const command = make(finish).copyInheritedSettings(program);
    command.exitOverride();
    program.addCommand(command);
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    return codeOf(error);
  }
}

/** Says what went wrong, in the user's terms, and gives the exit code for it. */
function codeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.success : ExitCode.invalid;
  if (error instanceof InvalidInput) {
    printInvalid(error);
    return ExitCode.invalid;
  }
  if (error instanceof UsageError) {
    printError(`error: ${visible(error.message)}\n`);
    return ExitCode.invalid;
  }
  if (error instanceof OutputLost) {
    printError(`error: ${visible(error.message)}\n`);
    return ExitCode.undelivered;
  }
  if (error instanceof StackError) {
    // A line for each thing that is in the way.
    printError(`error: ${error.message.split("\n").map(visible).join("\n")}\n`);
    return ExitCode.invalid;
  }
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  printError(`internal error: ${text.split("\n").map(visible).join("\n")}\n`);
  return ExitCode.internal;
}
