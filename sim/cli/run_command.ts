// deno task run: simulates a scenario and writes its logs, traces and summary.

import { Command, Option } from "commander";
import { join } from "node:path";
import denoJson from "../../deno.json" with { type: "json" };
import { formatDuration, type Nanos } from "../base/time.ts";
import { lengthBounds, type Plan, planLength } from "../plan/plan.ts";
import { groundTruthJson } from "../report/ground_truth_json.ts";
import { hasJournal, journalJson } from "../report/journal.ts";
import type { ExperimentInput } from "../report/verdict.ts";
import { SUMMARY_MODES, type SummaryInput, type SummaryMode, TREND_STATS } from "../report/input.ts";
import { summaryJson } from "../report/summary_json.ts";
import { summaryText } from "../report/summary_text.ts";
import { commaLines } from "../report/terminal.ts";
import {
  type ClaimedFolder,
  claimRunFolder,
  newRunId,
  RUN_FILES,
  RunFilesError,
  writeRunFile,
} from "../run/run_files.ts";
import { LOG_DESTINATIONS, METRIC_MODES, RunSinks } from "../run/run_sinks.ts";
import { Run, type RunResult } from "../run/run.ts";
import { backfillWarnings, formatTime } from "../run/times.ts";
import { compileScenario } from "../scenario/compile.ts";
import type { Manifest } from "../run/manifest.ts";
import { readOtlpOptions } from "../sinks/otlp_options.ts";
import { type OpenOutput, openOutputs, type Output, OutputError } from "../sinks/outputs.ts";
import { visible } from "../base/diagnostics.ts";
import { collect, parseSeed, UsageError } from "./command.ts";
import { colorOf, columnsOf, OutputLost, printError, printPatiently } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { grafanaLines } from "./grafana_lines.ts";
import { errorsCommand } from "./next_step.ts";
import { collectOutput, parseTrendStats } from "./output_flags.ts";
import { shownPath, userPath } from "./paths.ts";
import { ProgressDisplay } from "./progress_display.ts";
import { readScenario, type ScenarioFlags } from "./scenario_files.ts";
import { metricsIntervalOf, parseMetricsInterval, readSignals, type SignalFlags } from "./signal_flags.ts";
import { onSignals } from "./signals.ts";
import {
  addDestinationFlags,
  addDisplayFlags,
  addTimeFlags,
  foldersOf,
  momentOf,
  paceText,
  startOf,
  type TelemetryFlags,
  tellLoss,
  tracesLine,
} from "./telemetry_flags.ts";

interface RunFlags extends ScenarioFlags, SignalFlags, TelemetryFlags {
  readonly logs: string | boolean;
  readonly seed?: number;
  readonly out?: readonly Output[];
  readonly summaryTrendStats: readonly string[];
  readonly summaryMode: SummaryMode;
  readonly label?: boolean;
}

const EXAMPLES = `
Exit codes:
  0 all went well, 99 a threshold or the hypothesis failed, 104 invalid scenario or flags, 105 interrupted, 108 the
  simulation could not go on, 109 internal error, 110 telemetry was not delivered or the summary not written

Examples:
  deno task run scenarios/checkout.yaml
  deno task run scenarios/checkout.yaml --pace max --seed 42
  deno task run scenarios/checkout.yaml --pace max --end now          as if it had just happened
  deno task run scenarios/checkout.yaml --set services.payment.replicas=1 --traces file
  deno task run scenarios/checkout.yaml --pace max --out json=points.json.gz --out csv=points.csv
`;

export function runCommand(finish: (code: ExitCode) => void): Command {
  const command = new Command("run")
    .summary("simulate a scenario and write its logs, traces and summary")
    .description("Simulates a scenario and writes what its services would have written: log files and OTLP traces.")
    .argument("<scenario>", "scenario file");
  addTimeFlags(command, { starts: "it starts", ends: "it ends" })
    .option("--seed <number>", "seed of all random draws, instead of the file's", parseSeed)
    .option("--set <path=value>", "override one value of the file (repeatable)", collect)
    .option("-e, --env <NAME=value>", "a variable for ${NAME} in the file (repeatable)", collect);
  addDestinationFlags(command, "run")
    .addOption(
      new Option("--logs-to <destination>", "files, one a service, or OTLP").choices(LOG_DESTINATIONS).default("files"),
    )
    .option("--logs-endpoint <url>", "where OTLP logs go, /v1/logs is appended (default: Loki's, at localhost:3100)")
    .addOption(new Option("--metrics <mode>", "where metrics go").choices(METRIC_MODES).default("none"))
    .option(
      "--metrics-endpoint <url>",
      "where OTLP metrics go, /v1/metrics is appended (default: Prometheus', at localhost:9090)",
    )
    .addOption(
      new Option(
        "--metrics-interval <duration>",
        "of simulated time, between two readings of the metrics (default: 10s, 20s in runs of more than an hour)",
      ).argParser(parseMetricsInterval),
    )
    .option(
      "-o, --out <output>",
      "write every sample of every metric as k6 does: json=FILE or csv=FILE, compressed where FILE ends in .gz, json=- for standard output (repeatable)",
      collectOutput,
    )
    .addOption(
      new Option("--summary-trend-stats <stats>", "statistics of trends in the summary")
        .argParser(parseTrendStats).default(TREND_STATS, TREND_STATS.join(",")),
    )
    .addOption(
      new Option("--summary-mode <mode>", "the totals, each scenario and endpoint as well, or no summary")
        .choices(SUMMARY_MODES).default("compact"),
    )
    .option("--label", "say on each span and line which fault had an effect on it");
  return addDisplayFlags(command)
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, flags: RunFlags) => finish(await run(path, flags)));
}

/** Start of the run: nanoseconds since the epoch. */
function runStart(flags: RunFlags, plan: Plan): bigint {
  const moment = momentOf(flags);
  if (moment.flag === "--end" && planLength(plan) === Infinity) {
    throw new UsageError(`--end ${moment.text}: ${endless(plan)}: write --start`);
  }
  return startOf(moment, planLength(plan), "run");
}

/** Says which of the plan's workloads have no end. */
function endless(plan: Plan): string {
  const names = plan.workloads.filter(({ load }) => load.endless).map(({ name }) => name);
  return `${names.length === 1 ? "the scenario" : "the scenarios"} ${names.join(", ")} ${
    names.length === 1 ? "has" : "have"
  } no end`;
}

/** At the highest pace nobody could stop in time what has no end. */
function checkPace(pace: number, plan: Plan): void {
  if (pace !== Infinity || planLength(plan) < Infinity) return;
  const { executor } = plan.workloads.find(({ load }) => load.endless)!;
  const end = executor.startsWith("ramping-") ? "repeat: 10" : "duration: 24h";
  throw new UsageError(
    `--pace max: ${endless(plan)}: write ${end} in place of unlimited, or give a pace like --pace 100x`,
  );
}

async function run(path: string, flags: RunFlags): Promise<ExitCode> {
  const otlp = readOtlpOptions((name) => Deno.env.get(name), flags.otlpEndpoint);
  const signals = readSignals((name) => Deno.env.get(name), flags);
  const { scenario, document, bases } = readScenario(path, flags);
  const plan = compileScenario(flags.seed === undefined ? scenario : { ...scenario, seed: flags.seed });
  const startEpochNs = runStart(flags, plan);
  checkPace(flags.pace, plan);
  const outputs = flags.out ?? [];
  const pointsToStdout = outputs.some((output) => output.file === undefined);
  if (pointsToStdout && flags.json === true) {
    throw new UsageError("--json and an --out without a file both write to standard output");
  }
  const runId = newRunId();
  const { runFolder, logsFolder } = foldersOf(signals.logsTo === "otlp" ? { ...flags, logs: false } : flags, runId);
  const display = new ProgressDisplay({ quiet: flags.quiet === true, color: flags.color });
  const notice = (text: string): void => display.notice(visible(text));

  const sinks = await openSinks();
  display.lines(head(plan, startEpochNs, flags.pace, logsFolder, sinks));
  for (
    const text of [
      ...new Set([...(flags.traces === "file" || flags.traces === "none" ? [] : otlp.notices), ...signals.notices]),
      // In real time what is written never gets ahead of the clock.
      ...backfillWarnings(
        startEpochNs,
        flags.pace > 1 ? lengthBounds(plan).least : 0 as Nanos,
        Date.now(),
        { logs: logsFolder !== undefined, traces: flags.traces !== "none" },
      ),
    ]
  ) notice(text);

  const simulation = new Run({ plan, startEpochNs, pace: flags.pace, sinks, listener: display });
  let isOver = false;
  onSignals(() => {
    notice(
      isOver
        ? "the run is over, its summary is being written; once more ends at once"
        : "interrupted: ending what is open; once more ends at once",
    );
    simulation.interrupt();
  });
  let result: RunResult;
  try {
    result = await simulation.execute();
  } finally {
    isOver = true;
    display.end();
  }
  if (result.reason !== undefined) printError(`error: ${visible(result.reason)}\n`);
  return await report();

  async function openSinks(): Promise<RunSinks> {
    let claimed: ClaimedFolder | undefined;
    let opened: readonly OpenOutput[] = [];
    try {
      claimed = claimRunFolder(runFolder, document);
      opened = openOutputs(outputs, userPath, [userPath(path), ...bases]);
      const identity = {
        startEpochNs,
        seed: plan.seed,
        version: denoJson.version,
        resourceAttributes: otlp.resourceAttributes,
        labels: flags.label === true,
      };
      return await RunSinks.open({
        plan,
        identity,
        runId,
        logsFolder,
        runFolder,
        traces: flags.traces,
        otlp,
        ...signals,
        metricsInterval: metricsIntervalOf(flags, plan),
        outputs: opened,
        onNotice: notice,
        showPath: shownPath,
      });
    } catch (error) {
      for (const output of opened) output.release();
      claimed?.release();
      throw error instanceof RunFilesError || error instanceof OutputError ? new UsageError(error.message) : error;
    }
  }

  async function report(): Promise<ExitCode> {
    const input: SummaryInput = {
      run: {
        id: runId,
        name: plan.name,
        seed: plan.seed,
        start: formatTime(startEpochNs),
        version: denoJson.version,
        scenarioHash: await sha256(document),
        ended: result.ended,
        ...(result.reason === undefined ? {} : { reason: result.reason }),
      },
      metrics: result.metrics,
      evaluation: result.evaluation,
      ...(hasJournal(result.truth, result.experiment) ? { experiment: experiment() } : {}),
      delivery: sinks.delivery,
      trendStats: flags.summaryTrendStats,
    };
    const json = JSON.stringify(
      summaryJson(input, {
        isStdOutTTY: Deno.stdout.isTerminal(),
        isStdErrTTY: Deno.stderr.isTerminal(),
        noColor: !flags.color,
      }),
      undefined,
      2,
    ) + "\n";
    const written = new Set<string>();
    let code = codeOf(result, sinks);
    const failed = (error: unknown, kind: typeof RunFilesError | typeof OutputLost): void => {
      tellLoss(error, kind);
      if (code === ExitCode.success) code = ExitCode.undelivered;
    };
    try {
      writeRunFile(runFolder, RUN_FILES.manifest, manifestText());
      writeRunFile(runFolder, RUN_FILES.summary, json);
      written.add(RUN_FILES.summary);
      for (const [name, content] of Object.entries(experimentFiles())) {
        writeRunFile(runFolder, name, JSON.stringify(content, undefined, 2) + "\n");
        written.add(name);
      }
    } catch (error) {
      failed(error, RunFilesError);
    }
    // A full disk costs the file, but not the account of the run.
    try {
      if (flags.json) await printPatiently(json);
      else if (!flags.quiet) await printSummary(input, await linksToGrafana(), written);
    } catch (error) {
      failed(error, OutputLost);
    }
    return code;
  }

  function manifestText(): string {
    const manifest: Manifest = {
      manifest: 1,
      version: denoJson.version,
      id: runId,
      seed: plan.seed,
      start: formatTime(startEpochNs),
      ended: result.ended,
      elapsed_ns: result.metrics.elapsed,
      ...sinks.destinations,
    };
    return JSON.stringify(manifest, undefined, 2) + "\n";
  }

  function experiment(): ExperimentInput {
    return { experiment: result.experiment, truth: result.truth, elapsed: result.metrics.elapsed };
  }

  /** The journal and the ground truth, by their file names; none without faults and without a hypothesis. */
  function experimentFiles(): Record<string, unknown> {
    const { truth, ended, metrics: { elapsed } } = result;
    const at = (time: Nanos): string => formatTime(startEpochNs + BigInt(Math.round(time)));
    return {
      ...(hasJournal(truth, result.experiment)
        ? { [RUN_FILES.journal]: journalJson({ ...experiment(), plan, ended, version: denoJson.version, at }) }
        : {}),
      ...(truth === undefined ? {} : { [RUN_FILES.truth]: groundTruthJson({ plan, truth, elapsed, at }) }),
    };
  }

  function linksToGrafana(): Promise<string[]> {
    const { namespace, faults, seed } = plan,
      toCollector = sinks.traces.mode === "otlp",
      length = result.metrics.elapsed;
    return grafanaLines({ runId, namespace, startEpochNs, length, seed, faults, logsFolder, toCollector });
  }

  /** On standard error where standard output belongs to the points. */
  async function printSummary(
    input: SummaryInput,
    links: readonly string[],
    written: ReadonlySet<string>,
  ): Promise<void> {
    if (flags.summaryMode === "disabled") {
      const failed = new Set(
        result.evaluation.results.filter(({ ok }) => !ok).map((each) => each.threshold.metricText),
      );
      if (failed.size > 0) {
        printError(`error: thresholds failed: ${[...failed].map(visible).join(", ")}\n`);
      }
      return;
    }
    const stream = pointsToStdout ? Deno.stderr : Deno.stdout;
    const options = {
      columns: columnsOf(stream),
      color: colorOf(stream, flags.color),
      mode: flags.summaryMode,
    };
    const text = summaryText(input, options, [
      ...closing(runId, logsFolder, sinks, runFolder, written),
      ...(links.length === 0 ? [] : ["", "in Grafana", ...links.map((link) => `  ${link}`)]),
      ...nextSteps(plan, runId, logsFolder, sinks, options.columns),
    ]);
    if (pointsToStdout) printError(text);
    else await printPatiently(text);
  }
}

function codeOf(result: RunResult, sinks: RunSinks): ExitCode {
  if (result.ended === "interrupted") return ExitCode.interrupted;
  if (result.reason !== undefined) return ExitCode.aborted;
  const isRefuted = result.experiment !== undefined && result.experiment.verdict !== "held";
  if (!result.evaluation.ok || isRefuted) return ExitCode.thresholds;
  const { spans, logs, metrics, points } = sinks.delivery;
  const lost = spans.pending + spans.rejected + logs.pending + logs.rejected + (points?.pending ?? 0) +
    (metrics === undefined ? 0 : metrics.pending + metrics.rejected);
  return lost > 0 ? ExitCode.undelivered : ExitCode.success;
}

async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function head(
  plan: Plan,
  startEpochNs: bigint,
  pace: number,
  logsFolder: string | undefined,
  sinks: RunSinks,
): string[] {
  const { most, least } = lengthBounds(plan);
  const lengthText = most === Infinity
    ? "without end (Ctrl-C ends it)"
    : `${most > least ? "up to " : ""}${formatDuration(most)}`;
  return [
    ...commaLines(
      [`${visible(plan.name)}: ${lengthText} from ${formatTime(startEpochNs)} ${paceText(pace)}`, `seed ${plan.seed}`],
      columnsOf(Deno.stderr),
    ),
    `  logs    ${
      sinks.logsTo !== undefined
        ? visible(sinks.logsTo)
        : logsFolder === undefined
        ? "not written (--no-logs)"
        : `${visible(shownPath(logsFolder))}/<service>/`
    }`,
    ...sinks.traces.to.map((line, i) => `${i === 0 ? "  traces  " : " ".repeat(10)}${visible(line)}`),
    ...(sinks.metricsTo === undefined ? [] : [`  metrics ${visible(sinks.metricsTo)}`]),
    ...sinks.outputs.map((name) => `  points  ${visible(name)}`),
  ];
}

/** Where everything is. @param written the files of the run's folder that could be written */
function closing(
  runId: string,
  logsFolder: string | undefined,
  sinks: RunSinks,
  runFolder: string,
  written: ReadonlySet<string>,
): string[] {
  const lines: string[] = [];
  if (logsFolder !== undefined) {
    lines.push(`logs     ${visible(shownPath(logsFolder))}/<service>/<service>-${runId}.log`);
  } else if (sinks.logsTo !== undefined) lines.push(`logs     ${visible(sinks.logsTo)}`);
  lines.push(tracesLine(sinks.traces));
  if (sinks.metricsTo !== undefined) lines.push(`metrics  ${visible(sinks.metricsTo)}`);
  for (const name of sinks.outputs) lines.push(`points   ${visible(name)}`);
  const whereIs = (name: string): string => visible(shownPath(join(runFolder, name)));
  lines.push(`summary  ${written.has(RUN_FILES.summary) ? whereIs(RUN_FILES.summary) : "not written"}`);
  if (written.has(RUN_FILES.journal)) lines.push(`journal  ${whereIs(RUN_FILES.journal)}`);
  if (written.has(RUN_FILES.truth)) lines.push(`truth    ${whereIs(RUN_FILES.truth)}`);
  return lines;
}

/** What to do next. */
function nextSteps(
  plan: Plan,
  runId: string,
  logsFolder: string | undefined,
  sinks: RunSinks,
  columns: number,
): string[] {
  if (logsFolder === undefined || sinks.logFiles.length === 0) return [];
  const title = "next     ";
  const command = errorsCommand(plan, visible(shownPath(logsFolder)), runId, columns - title.length);
  return ["", ...command.map((line, i) => (i === 0 ? title : " ".repeat(title.length)) + line)];
}
