// deno task inspect: what a scenario will do, without running it.

import { Command } from "commander";
import { visible } from "../base/diagnostics.ts";
import { inspect } from "../report/inspect.ts";
import { inspectionJson } from "../report/inspect_json.ts";
import { mermaidLimit, mermaidText } from "../report/inspect_mermaid.ts";
import { inspectionText } from "../report/inspect_text.ts";
import { compileScenario } from "../scenario/compile.ts";
import { collect, parseSeed, UsageError } from "./command.ts";
import { colorOf, columnsOf, print, printError } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { readScenario, type ScenarioFlags } from "./scenario_files.ts";

interface InspectFlags extends ScenarioFlags {
  readonly seed?: number;
  readonly json?: boolean;
  readonly mermaid?: boolean;
  readonly color: boolean;
}

const EXAMPLES = `
Examples:
  deno task inspect scenarios/checkout.yaml
  deno task inspect scenarios/checkout.yaml --set scenarios.buyers.stages.1.target=20
  deno task inspect scenarios/checkout.yaml --mermaid > calls.mmd
`;

export function inspectCommand(finish: (code: ExitCode) => void): Command {
  return new Command("inspect")
    .summary("tell what a scenario will do, without running it")
    .description(
      "Tells what a scenario will do, without running it: load and faults over time, iterations and spans to expect, " +
        "every option with its default filled in, and who calls whom.",
    )
    .argument("<scenario>", "scenario file")
    .option("--seed <number>", "seed of all random draws, instead of the file's", parseSeed)
    .option("--set <path=value>", "override one value of the file (repeatable)", collect)
    .option("-e, --env <NAME=value>", "a variable for ${NAME} in the file (repeatable)", collect)
    .option("--mermaid", "only the calls, as a Mermaid flowchart")
    .option("--json", "all of it as JSON on standard output")
    .option("--no-color", "no colours")
    .addHelpText("after", EXAMPLES)
    .action((path: string, flags: InspectFlags) => finish(inspectFile(path, flags)));
}

function inspectFile(path: string, flags: InspectFlags): ExitCode {
  if (flags.json && flags.mermaid) throw new UsageError("--json and --mermaid exclude each other: --json holds both");
  const { scenario } = readScenario(path, flags);
  const inspection = inspect(
    compileScenario(flags.seed === undefined ? scenario : { ...scenario, seed: flags.seed }),
    scenario,
  );
  if (flags.json) print(JSON.stringify(inspectionJson(inspection), undefined, 2) + "\n");
  else if (flags.mermaid) {
    const text = mermaidText(scenario);
    const limit = mermaidLimit(text);
    if (limit !== undefined) printError(`note: ${visible(limit)}\n`);
    print(text);
  } else {
    print(inspectionText(inspection, {
      columns: columnsOf(Deno.stdout),
      color: colorOf(Deno.stdout, flags.color),
    }));
  }
  return ExitCode.success;
}
