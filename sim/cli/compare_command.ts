// deno task compare: two runs, recordings or scenarios side by side.

import { Command } from "commander";
import { join } from "node:path";
import { visible } from "../base/diagnostics.ts";
import type { Nanos } from "../base/time.ts";
import { SimulationError } from "../engine/core.ts";
import { compareSides, type Side } from "../replay/comparison.ts";
import { comparePage } from "../replay/compare_page.ts";
import { compareText } from "../replay/compare_text.ts";
import { Observation } from "../replay/observation.ts";
import { readTraffic } from "../replay/recorded_traffic.ts";
import { findRecording, RecordingError } from "../replay/recording.ts";
import { simulateTraffic } from "../replay/simulated.ts";
import { RUN_FILES } from "../run/run_files.ts";
import { parseTime } from "../run/times.ts";
import { compileScenario } from "../scenario/compile.ts";
import { collect, UsageError } from "./command.ts";
import { colorOf, columnsOf, print, printError } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { writeUserFile } from "./output_files.ts";
import { projectPath, shownPath, userPath } from "./paths.ts";
import { readScenario, type ScenarioFlags } from "./scenario_files.ts";

interface CompareFlags extends ScenarioFlags {
  readonly json?: boolean;
  readonly html?: string;
  readonly all?: boolean;
  readonly color: boolean;
}

const EXAMPLES = `
A side is a scenario file, the folder of a run, or recorded traces. Runs are simulated again from their own scenario.yaml
and seed, which gives the same requests; where both sides have one seed they are compared request by request.

Examples:
  deno task compare scenarios/checkout.yaml --set 'services.checkout.endpoints.PlaceOrder.calls.2.timeout=400ms'
  deno task compare runs/20261125-120000-1a2b3c4d runs/20261125-120500-5e6f7a8b
  deno task compare production.jsonl imported.yaml --html compare.html
`;

export function compareCommand(finish: (code: ExitCode) => void): Command {
  return new Command("compare")
    .summary("compare two runs, recordings or scenarios")
    .description(
      "Compares two runs, recordings or scenarios: rates, errors and durations of every service and endpoint, the " +
        "distance of their distributions, who calls whom, and which thresholds changed sides.",
    )
    .argument("<a>", "scenario file, folder of a run, or recording")
    .argument("[b]", "the other; left out with --set: the first again")
    .option("--set <path=value>", "override one value of B's scenario (repeatable)", collect)
    .option("-e, --env <NAME=value>", "a variable for ${NAME} in the files (repeatable)", collect)
    .option("--all", "also what is alike")
    .option("--html <file>", "also write a page")
    .option("--no-color", "no colours")
    .option("--json", "all of it as JSON on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (a: string, b: string | undefined, flags: CompareFlags) => finish(await compare(a, b, flags)));
}

async function compare(first: string, second: string | undefined, flags: CompareFlags): Promise<ExitCode> {
  if (second === undefined && flags.set === undefined) {
    throw new UsageError("there is only one side: name another, or change the first with --set");
  }
  const env = flags.env === undefined ? {} : { env: flags.env };
  try {
    const a = await sideOf(first, env);
    const b = await sideOf(second ?? first, { ...env, ...(flags.set === undefined ? {} : { set: flags.set }) });
    const comparison = compareSides(a, b);
    if (flags.html !== undefined) writeUserFile(flags.html, comparePage(comparison));
    if (flags.json) print(JSON.stringify(comparison, undefined, 2) + "\n");
    else {
      print(compareText(comparison, {
        columns: columnsOf(Deno.stdout),
        color: colorOf(Deno.stdout, flags.color),
        all: flags.all === true,
      }));
    }
    return ExitCode.success;
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    throw new UsageError(error.message);
  }
}

async function sideOf(path: string, flags: ScenarioFlags): Promise<Side> {
  const file = userPath(path);
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(file);
  } catch {
    throw new UsageError(`there is no file or folder ${shownPath(file)}`);
  }
  if (info.isDirectory && isRun(file)) return await runSide(file, flags);
  if (/\.ya?ml$/i.test(file)) return await scenarioSide(file, flags);
  if (flags.set !== undefined) throw new UsageError("--set changes a scenario, and a recording is none");
  return await recordedSide(file);
}

/** Whether it can be simulated again: the folder of a replay has no scenario, and is a recording. */
function isRun(folder: string): boolean {
  try {
    return [RUN_FILES.summary, RUN_FILES.scenario].every((name) => Deno.statSync(join(folder, name)).isFile);
  } catch {
    return false;
  }
}

async function recordedSide(file: string): Promise<Side> {
  try {
    const recording = findRecording([file], projectPath("logs"), shownPath);
    const { table, tally } = await readTraffic({ recording, shown: shownPath });
    for (const { reason, count, first } of tally.skipped) {
      printError(`left out: ${count} × ${visible(reason)} (first: ${visible(first)})\n`);
    }
    const observation = new Observation(table);
    if (observation.endpoints.length === 0) throw new UsageError(`there is no request in ${shownPath(file)}`);
    return {
      name: shownPath(file),
      observation,
      asked: undefined,
      seed: undefined,
      length_s: (observation.to - observation.from) / 1e9,
      thresholds: undefined,
    };
  } catch (error) {
    throw error instanceof RecordingError ? new UsageError(error.message) : error;
  }
}

async function scenarioSide(file: string, flags: ScenarioFlags): Promise<Side> {
  const { scenario } = readScenario(file, flags);
  const changes = flags.set === undefined ? "" : ` with ${flags.set.join(", ")}`;
  return await simulated(`${shownPath(file)}${changes}`, scenario, {});
}

interface KeptRun {
  readonly run?: { readonly id?: unknown; readonly seed?: unknown; readonly start?: unknown; readonly ended?: unknown };
  readonly state?: { readonly testRunDurationMs?: unknown };
  readonly metrics?: { readonly iterations?: { readonly values?: { readonly count?: unknown } } };
}

async function runSide(folder: string, flags: ScenarioFlags): Promise<Side> {
  const kept = keptRun(folder);
  const { scenario } = readScenario(join(folder, RUN_FILES.scenario), flags);
  const seed = typeof kept.run?.seed === "number" ? kept.run.seed : scenario.seed;
  const start = parseTime(String(kept.run?.start ?? ""), 0) ?? 0n;
  // What Ctrl-C cut short is compared as far as it went.
  const until = kept.run?.ended === "interrupted" && typeof kept.state?.testRunDurationMs === "number"
    ? Math.round(kept.state.testRunDurationMs * 1e6) as Nanos
    : undefined;
  const changes = flags.set === undefined ? "" : ` with ${flags.set.join(", ")}`;
  const side = await simulated(`${shownPath(folder)}${changes}`, { ...scenario, seed }, {
    startEpochNs: start,
    ...(until === undefined ? {} : { until }),
  });
  const count = kept.metrics?.iterations?.values?.count;
  if (flags.set === undefined && until === undefined && count !== side.iterations) {
    printError(
      `warning: ${shownPath(folder)}: simulated again it has ${side.iterations} iterations, its summary says ` +
        `${String(count)}: another version made it, or -e variables are missing\n`,
    );
  }
  return side;
}

function keptRun(folder: string): KeptRun {
  try {
    return JSON.parse(Deno.readTextFileSync(join(folder, RUN_FILES.summary))) as KeptRun;
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? `has no ${RUN_FILES.summary}` : `cannot be read: ${error}`;
    throw new UsageError(`${shownPath(folder)} is no folder of a run: it ${why}`);
  }
}

async function simulated(
  name: string,
  scenario: Parameters<typeof compileScenario>[0],
  settings: { readonly startEpochNs?: bigint; readonly until?: Nanos },
): Promise<Side & { readonly iterations: number }> {
  const notice = (text: string): void => printError(`${visible(name)}: ${visible(text)}\n`);
  const plan = compileScenario(scenario);
  const { observation, asked, evaluation, metrics } = await simulateTraffic(plan, { ...settings, notice });
  return {
    name,
    observation,
    asked,
    seed: scenario.seed,
    length_s: (settings.until ?? metrics.elapsed) / 1e9,
    thresholds: settings.until === undefined ? evaluation.results : undefined,
    iterations: metrics.workloads.reduce((sum, { complete }) => sum + complete, 0),
  };
}
