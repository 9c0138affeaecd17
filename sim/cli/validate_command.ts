// deno task validate: checks scenario files without running them.

import { Command } from "commander";
import { join } from "node:path";
import { type Diagnostic, formatDiagnostic, InvalidInput, visible } from "../base/diagnostics.ts";
import { collect, UsageError } from "./command.ts";
import { print, printError } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { shownPath, userPath } from "./paths.ts";
import { readScenario, type ScenarioFlags } from "./scenario_files.ts";

interface ValidateFlags extends ScenarioFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

interface Verdict {
  readonly file: string;
  readonly diagnostics: readonly Diagnostic[];
}

export function validateCommand(finish: (code: ExitCode) => void): Command {
  return new Command("validate")
    .summary("check scenario files without running them")
    .description(
      "Checks scenario files, or all .yaml files of a folder, without running them. Everything that is wrong is told at once.",
    )
    .argument("<files...>", "scenario files or folders")
    .option("--set <path=value>", "override one value of the file (repeatable)", collect)
    .option("-e, --env <NAME=value>", "a variable for ${NAME} in the file (repeatable)", collect)
    .option("--json", "the diagnostics as JSON on standard output")
    .option("-q, --quiet", "say nothing about files that are valid")
    .addHelpText("after", "\nExample:\n  deno task validate scenarios/checkout.yaml --set services.cart.replicas=2\n")
    .action((files: string[], flags: ValidateFlags) => finish(validate(files, flags)));
}

function validate(paths: readonly string[], flags: ValidateFlags): ExitCode {
  const verdicts = paths.flatMap(scenarioFiles).map((path): Verdict => {
    try {
      readScenario(path, flags);
      return { file: shownPath(path), diagnostics: [] };
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      return { file: shownPath(path), diagnostics: error.diagnostics };
    }
  });
  if (flags.json) print(JSON.stringify(verdicts.map(verdictJson), undefined, 2) + "\n");
  else verdicts.forEach((verdict) => report(verdict, flags.quiet === true));
  return verdicts.every(({ diagnostics }) => diagnostics.length === 0) ? ExitCode.success : ExitCode.invalid;
}

function report({ file, diagnostics }: Verdict, quiet: boolean): void {
  if (diagnostics.length === 0) {
    if (!quiet) print(`${visible(file)}: valid\n`);
    return;
  }
  for (const diagnostic of diagnostics) printError(formatDiagnostic(diagnostic) + "\n\n");
  printError(`${visible(file)}: ${diagnostics.length} ${diagnostics.length === 1 ? "problem" : "problems"}\n`);
}

function verdictJson({ file, diagnostics }: Verdict): unknown {
  return {
    file,
    valid: diagnostics.length === 0,
    diagnostics: diagnostics.map(({ span, path, message, hint }) => ({
      file: span.source.name,
      line: span.line,
      column: span.column,
      length: span.length,
      path,
      message,
      hint: hint ?? null,
    })),
  };
}

/** The file itself, or every .yaml and .yml file below the folder, in the order of their names. */
function scenarioFiles(path: string): string[] {
  const start = userPath(path);
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(start);
  } catch {
    throw new UsageError(`there is no file or folder ${shownPath(start)}`);
  }
  if (!info.isDirectory) return [start];
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of [...Deno.readDirSync(folder)].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = join(folder, entry.name);
      if (entry.isDirectory) walk(inner);
      else if (/\.ya?ml$/.test(entry.name)) found.push(inner);
    }
  };
  walk(start);
  if (found.length === 0) throw new UsageError(`there is no .yaml file in ${shownPath(start)}`);
  return found;
}
