// deno task sweep: one scenario in all combinations of some values, on all cores.

import { Command, InvalidArgumentError } from "commander";
import { visible } from "../base/diagnostics.ts";
import { planLength } from "../plan/plan.ts";
import { compileScenario } from "../scenario/compile.ts";
import { combinations, parseAxis, SweepError } from "../replay/sweep_grid.ts";
import { runJobs } from "../replay/sweep_pool.ts";
import { type MetricColumn, parseMetricColumn, type SweepJob, USUAL_METRICS } from "../replay/sweep_run.ts";
import { sweepJson, sweepPage, type SweepTable, sweepText } from "../replay/sweep_text.ts";
import { collect, parsed, UsageError } from "./command.ts";
import { colorOf, columnsOf, print, printError } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { writeUserFile } from "./output_files.ts";
import { parseVariables, readScenario } from "./scenario_files.ts";
import { onSignals } from "./signals.ts";

interface SweepFlags {
  readonly set?: readonly string[];
  readonly env?: readonly string[];
  readonly metric?: readonly MetricColumn[];
  readonly workers: number;
  readonly html?: string;
  readonly json?: boolean;
  readonly color: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Values are a range (1..10, 100ms..500ms..100ms: from, to, step), a list (x,y) or one value.

Examples:
  deno task sweep scenarios/checkout.yaml --set services.payment.concurrency=2..10..2
  deno task sweep scenarios/checkout.yaml --set services.payment.replicas=1..3 --set faults.0.for=20s,40s
  deno task sweep scenarios/checkout.yaml --set seed=1..20 --metric 'service_req_duration{service:payment}:p(95)'
`;

function collectMetric(text: string, before: readonly MetricColumn[] = []): MetricColumn[] {
  const column = parseMetricColumn(text);
  if (typeof column === "string") throw new InvalidArgumentError(visible(column));
  return [...before, column];
}

export function sweepCommand(finish: (code: ExitCode) => void): Command {
  return new Command("sweep")
    .summary("run a scenario with many settings, and tabulate what comes of each")
    .description(
      "Runs a scenario in all combinations of the values given with --set, on all cores, and tabulates the metrics: how " +
        "many replicas, which time-out. Nothing but the table is written.",
    )
    .argument("<scenario>", "scenario file")
    .option("--set <path=values>", "values of one setting: 1..10, 10ms..50ms..10ms, x,y (repeatable)", collect)
    .option("-e, --env <NAME=value>", "a variable for ${NAME} in the file (repeatable)", collect)
    .option("--metric <metric:statistic>", "another column (repeatable)", collectMetric)
    .option(
      "--workers <number>",
      "runs at once (default: the number of cores)",
      (text: string) =>
        parsed(/^[1-9]\d{0,2}$/.test(text) ? Number(text) : undefined, "It is a whole number from 1 to 999."),
      navigator.hardwareConcurrency,
    )
    .option("--html <file>", "also write a page")
    .option("-q, --quiet", "no progress")
    .option("--no-color", "no colours")
    .option("--json", "the table as JSON on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, flags: SweepFlags) => finish(await sweep(path, flags)));
}

async function sweep(path: string, flags: SweepFlags): Promise<ExitCode> {
  const { axes, settings } = gridOf(flags.set ?? []);
  const env = flags.env === undefined ? {} : { env: flags.env };
  const variables = [...parseVariables(flags.env ?? [])];
  const columns = [...USUAL_METRICS, ...(flags.metric ?? [])];
  const watched = watch(columns, readScenario(path, { ...env, set: setsOf(axes, settings[0]!) }).scenario);
  let name = path;
  // Every combination is checked before the first is run: what is wrong is said at once, and not after an hour.
  const jobs = settings.map((setting, index): SweepJob => {
    const { scenario, document } = readScenario(path, { ...env, set: [...setsOf(axes, setting), ...watched] });
    name = scenario.name;
    const plan = compileScenario(scenario);
    if (planLength(plan) === Infinity) throw new UsageError("a scenario without an end cannot be swept");
    return { index, document, env: variables, metrics: columns };
  });
  const tell = flags.quiet === true || !Deno.stderr.isTerminal()
    ? () => {}
    : (done: number): void => printError(`\r${done} of ${jobs.length} runs${done === jobs.length ? "\n" : ""}`);
  let done = 0, interrupted = false;
  const pool = runJobs(jobs, flags.workers, () => tell(++done));
  onSignals(() => {
    interrupted = true;
    pool.stop();
  });
  const results = await pool.results;
  const table: SweepTable = {
    name,
    axes: axes.map((axis) => axis.path),
    columns,
    rows: settings.map((setting, index) => ({ setting, result: results[index] })),
  };
  if (flags.html !== undefined) writeUserFile(flags.html, sweepPage(table));
  if (flags.json) print(JSON.stringify(sweepJson(table), undefined, 2) + "\n");
  else print(sweepText(table, { columns: columnsOf(Deno.stdout), color: colorOf(Deno.stdout, flags.color) }));
  if (interrupted) return ExitCode.interrupted;
  return results.some((result) => result?.error !== undefined) ? ExitCode.invalid : ExitCode.success;
}

function gridOf(sets: readonly string[]): {
  readonly axes: readonly ReturnType<typeof parseAxis>[];
  readonly settings: readonly (readonly string[])[];
} {
  try {
    const axes = sets.map(parseAxis);
    if (axes.length === 0) throw new SweepError("there is nothing to sweep: give --set a range, as in --set seed=1..5");
    return { axes, settings: combinations(axes) };
  } catch (error) {
    throw error instanceof SweepError ? new UsageError(visible(error.message)) : error;
  }
}

function setsOf(axes: readonly { readonly path: string }[], setting: readonly string[]): string[] {
  return axes.map(({ path }, index) => `${path}=${setting[index]}`);
}

/** Overrides that make the run keep metrics with selectors that no threshold is on. */
function watch(
  columns: readonly MetricColumn[],
  { thresholds, submetrics }: ReturnType<typeof readScenario>["scenario"],
): string[] {
  const known = new Set([...thresholds, ...submetrics].map(({ metricText }) => metricText));
  const wanted = new Set(columns.map(({ metric }) => metric).filter((metric) => metric.includes("{")));
  return [...wanted].filter((metric) => !known.has(metric)).map((metric) => `thresholds.${JSON.stringify(metric)}=[]`);
}
