// The end of a run on the terminal: k6's summary, a table of the services, and the account.

import { compare, visible } from "../base/diagnostics.ts";
import { writeDuration } from "../base/fields.ts";
import { formatDuration } from "../base/time.ts";
import type { CheckStats } from "../metrics/check_totals.ts";
import { Counter } from "../metrics/counter.ts";
import type { ThresholdResult } from "../metrics/evaluation.ts";
import { Rate } from "../metrics/rate.ts";
import type { MetricsReport, RequestStats, Series, ServiceStats } from "../metrics/report.ts";
import { formatAggregation } from "../objectives/grammar.ts";
import { isMetricName, type MetricName, metricSpec } from "../objectives/metrics.ts";
import { type Threshold, thresholdText } from "../objectives/threshold.ts";
import { type Account, type SummaryInput, type SummaryMode, TREND_STATS } from "./input.ts";
import { layOut, metricLines, type MetricStyle, type ShownSeries } from "./metric_lines.ts";
import { type Column, commaLines, cut, padEnd, type Paint, paintFor, tableLines, widthOf } from "./terminal.ts";
import { unreachedRates } from "./unreached_rates.ts";
import { verdictLines } from "./verdict.ts";
import { formatCount, formatMilliseconds, formatNumber, formatShare } from "./units.ts";

export interface TextOptions {
  /** Of the terminal; less than 60 is taken as 60. */
  readonly columns: number;
  readonly color: boolean;
}

export interface SummaryTextOptions extends TextOptions {
  /** As k6's --summary-mode, which also has one that prints nothing. `compact` when left out. */
  readonly mode?: Exclude<SummaryMode, "disabled">;
}

const COLUMNS_MIN = 60;
const INDENT = 4;

/** Shown, where there are samples; the others in the full summary, and where a threshold is on them. */
const SECTIONS: { readonly [section: string]: readonly MetricName[] } = {
  CHECKS: ["checks"],
  HTTP: ["http_req_duration", "http_req_failed", "http_reqs"],
  EXECUTION: ["dropped_iterations", "iteration_duration", "iterations", "vus", "vus_max"],
  NETWORK: ["data_received", "data_sent"],
  INSIDE: [
    "service_requests",
    "service_errors",
    "retries",
    "hedges",
    "timeouts",
    "held_back",
    "refused",
    "cancelled",
    "abandoned",
    "cache_hits",
    "consumer_lag",
    "message_age",
    "messages_redelivered",
    "messages_dead_lettered",
    "lock_wait",
    "service_replicas",
    "restarts",
  ],
};

/**
 * The summary, ending with a newline.
 * @param closing lines below the account: where things are, what to do next
 */
export function summaryText(
  input: SummaryInput,
  options: SummaryTextOptions,
  closing: readonly string[] = [],
): string {
  const paint = paintFor(options.color);
  const columns = Math.max(COLUMNS_MIN, options.columns);
  const full = options.mode === "full";
  const blocks: readonly Block[] = [
    { title: "THRESHOLDS", lines: thresholdLines(input, paint) },
    experimentBlock(input, columns, paint),
    ...metricBlocks(input, full, columns, paint),
    { title: "SERVICES", lines: serviceLines(input.metrics, full, columns, paint) },
  ];
  const lines = blocks.flatMap((block) =>
    block.lines.length === 0 ? [] : [`  █ ${paint.bold(block.title)}`, "", ...block.lines, ""]
  );
  lines.push(...endLines(input, columns, paint));
  lines.push(...unreachedRates(input.metrics).map(({ short }) => `  ${paint.yellow(cut(short, columns - 2))}`), "");
  const { spans, logs, metrics, points } = input.delivery;
  lines.push(accountLine("spans", spans, paint), accountLine("logs", logs, paint));
  if (metrics !== undefined) lines.push(accountLine("metrics", metrics, paint));
  if (points !== undefined) lines.push(accountLine("points", points, paint));
  if (closing.length > 0) lines.push("", ...closing);
  return lines.join("\n") + "\n";
}

interface Block {
  readonly title: string;
  readonly lines: readonly string[];
}

function experimentBlock({ experiment: input }: SummaryInput, columns: number, paint: Paint): Block {
  const title = input?.experiment === undefined ? "FAULTS" : "HYPOTHESIS";
  if (input === undefined) return { title, lines: [] };
  const lines = verdictLines(input, columns - INDENT, paint);
  return { title, lines: lines.map((line) => line === "" ? "" : " ".repeat(INDENT) + line) };
}

function thresholdLines({ evaluation, run }: SummaryInput, paint: Paint): string[] {
  const groups = new Map<string, ThresholdResult[]>();
  for (const result of evaluation.results) {
    const { metricText } = result.threshold;
    groups.set(metricText, [...(groups.get(metricText) ?? []), result]);
  }
  const indent = " ".repeat(INDENT);
  const lines = [...groups].flatMap(([metricText, results]) => {
    const width = Math.max(...results.map((result) => widthOf(quoted(result.threshold))));
    return [
      `${indent}${visible(metricText)}`,
      ...results.map((result) => {
        const { ok, threshold, why } = result;
        const source = padEnd(quoted(threshold), width);
        const seen = why === undefined ? seenText(result, paint) : paint.yellow(why);
        const ended = run.ended === "aborted" && result === evaluation.abort ? paint.red("  ended the run") : "";
        return `${indent}${ok ? paint.green("✓") : paint.red("✗")} ${source} ${seen}${ended}`;
      }),
      "",
    ];
  });
  return lines.slice(0, -1);
}

/** The expression in quotes, as k6 writes it, then its window and gate. */
function quoted(threshold: Threshold): string {
  const { source } = threshold;
  return visible(`'${source}'${thresholdText(threshold).slice(source.length)}`);
}

function seenText({ threshold, value, windowEnd }: ThresholdResult, paint: Paint): string {
  const seen = `${formatAggregation(threshold.aggregation)}=${paint.cyan(valueText(threshold, value!))}`;
  return windowEnd === undefined
    ? seen
    : `${seen} in the ${writeDuration(threshold.window!)} to ${writeDuration(windowEnd)}`;
}

const DIGITS_MAX = 12;

/** The value with as many digits as it takes to tell it from the bound. */
function valueText({ metric, aggregation, value: bound }: ThresholdResult["threshold"], value: number): string {
  const { type, contains } = metricSpec(isMetricName(metric) ? metric : "http_reqs");
  const write = (number: number, digits: number): string =>
    type === "rate"
      ? formatShare(number, digits - 1)
      : contains === "time"
      ? formatMilliseconds(number, digits)
      : aggregation.type === "count"
      ? formatCount(number)
      : formatNumber(number, digits);
  let digits = 3;
  while (value !== bound && digits < DIGITS_MAX && write(value, digits) === write(bound, digits)) digits++;
  return write(value, digits);
}

const TOTAL_RESULTS = "TOTAL RESULTS";

/** k6's name for what has no name of its own: its block would say the totals again. */
const UNNAMED_SCENARIO = "default";

/** The totals and, in the full summary, each scenario; all in the same columns. */
function metricBlocks(input: SummaryInput, full: boolean, columns: number, paint: Paint): Block[] {
  const { metrics } = input;
  const style: MetricStyle = {
    columns,
    indent: INDENT,
    paint,
    trendStats: input.trendStats ?? TREND_STATS,
    elapsed_s: metrics.elapsed / 1e9,
  };
  const judged = new Set(input.evaluation.results.map((result) => result.threshold.metricText));
  const groups = [{ title: TOTAL_RESULTS, shown: shownOf(metrics.series, judged, full) }];
  if (full) {
    const scenarios = metrics.scenarios.filter(({ name }) => name !== UNNAMED_SCENARIO);
    for (const { name, series } of scenarios.toSorted((one, other) => compare(one.name, other.name))) {
      groups.push({ title: `SCENARIO: ${visible(name)}`, shown: shownOf(series, new Set(), full) });
    }
  }
  const layout = layOut(groups.flatMap(({ shown }) => [...shown.values()].flat()), style);
  return groups.map(({ title, shown }) => {
    const lines = [...shown].flatMap(([section, series]) => [
      // k6 has no title over checks.
      ...(section === "CHECKS" ? [] : [" ".repeat(INDENT) + paint.bold(section)]),
      ...series.flatMap((each) => metricLines(each, layout, style)),
      "",
      ...(section === "CHECKS" && title === TOTAL_RESULTS ? checkLines(metrics.checks, paint) : []),
    ]);
    return { title, lines: lines.slice(0, -1) };
  });
}

/** A line for each check, and another for one that failed, as in k6. */
function checkLines(checks: readonly CheckStats[], paint: Paint): string[] {
  const indent = " ".repeat(INDENT);
  const lines = checks.filter(({ passes, fails }) => passes + fails > 0).flatMap(({ name, passes, fails }) => {
    if (fails === 0) return [`${indent}${paint.green("✓")} ${visible(name)}`];
    const share = formatShare(passes / (passes + fails), 0);
    return [
      `${indent}${paint.red("✗")} ${visible(name)}`,
      `${indent}  ↳  ${share} — ✓ ${formatCount(passes)} / ✗ ${formatCount(fails)}`,
    ];
  });
  return lines.length === 0 ? [] : [...lines, ""];
}

/** k6 says checks in three lines. */
function namedSeries(series: Series): ShownSeries[] {
  const { instrument, metric } = series;
  if (metric !== "checks" || !(instrument instanceof Rate) || instrument.empty) return [series];
  const { passes, total } = instrument;
  return [
    { ...series, label: "checks_total", instrument: new Counter(total) },
    { ...series, label: "checks_succeeded" },
    { ...series, label: "checks_failed", instrument: new Rate(total - passes, total) },
  ];
}

/** The series of each section that has any, each metric followed by its parts. */
function shownOf(series: readonly Series[], judged: ReadonlySet<string>, full: boolean): Map<string, ShownSeries[]> {
  const sections = new Map<string, ShownSeries[]>();
  for (const section of Object.keys(SECTIONS)) {
    const metrics = [...new Set(series.map((each) => each.metric))].filter((metric) => sectionOf(metric) === section);
    const shown = metrics.toSorted().flatMap((metric) => {
      const whole = series.find((each) => each.text === metric)!;
      const parts = series.filter((each) => each.metric === metric && each.text !== metric)
        .filter((part) => part.unasked === undefined || (!part.instrument.empty && someFailed(series)));
      const usual = (full || SECTIONS[section]!.includes(metric)) && !saysNothing(whole);
      return usual || judged.has(metric) || parts.length > 0 ? [...namedSeries(whole), ...parts] : [];
    });
    if (shown.length > 0) sections.set(section, shown);
  }
  return sections;
}

function sectionOf(metric: MetricName): string {
  if (metric === "checks") return "CHECKS";
  if (metric.startsWith("data_")) return "NETWORK";
  if (metric.startsWith("http_") || metric === "goodput") return "HTTP";
  return SECTIONS["EXECUTION"]!.includes(metric) || metric === "iterations_started" ? "EXECUTION" : "INSIDE";
}

/** Without samples, or a mishap that never happened. */
function saysNothing({ instrument }: Series): boolean {
  return instrument.empty || (instrument instanceof Counter && instrument.count === 0);
}

/** Only then do the expected responses differ from all. */
function someFailed(series: readonly Series[]): boolean {
  const failed = series.find((each) => each.text === "http_req_failed")?.instrument;
  return failed instanceof Rate && failed.passes > 0;
}

/** A row of the table: a service, or one of its endpoints below it. */
type TableRow = RequestStats & Partial<Pick<ServiceStats, "utilization">>;

function serviceLines({ services, elapsed }: MetricsReport, full: boolean, columns: number, paint: Paint): string[] {
  if (services.length === 0) return [];
  const elapsed_s = elapsed / 1e9;
  const rows = services.flatMap((service): TableRow[] => [
    service,
    ...(full ? service.endpoints.map((endpoint) => ({ ...endpoint, name: `  ${endpoint.name}` })) : []),
  ]);
  const column = (
    title: string,
    dispensable: number,
    cell: (row: TableRow) => string,
    alarm?: (row: TableRow) => boolean,
  ): Column => ({
    title,
    cells: rows.map((row) => visible(cell(row))),
    dispensable,
    paint: (text, row) => alarm?.(rows[row]!) === true ? paint.red(text) : NOTHING.test(text) ? paint.dim(text) : text,
  });
  const time = (stats: RequestStats, of: "duration" | "wait", percentile: number): string =>
    formatMilliseconds(stats[of].percentile(percentile));
  const shared = (service: TableRow): string =>
    service.requests === 0 ? "–" : formatShare(service.errors / service.requests);
  const all: readonly (Column | undefined)[] = [
    column("service", 0, (service) => service.name),
    column("requests", 0, (service) => formatCount(service.requests)),
    column("per s", 5, (service) => throughputText(service, elapsed_s)),
    column("errors", 0, shared, (service) => service.errors > 0),
    services.some((each) => each.refused > 0)
      ? column("refused", 3, (service) => formatCount(service.refused), (service) => service.refused > 0)
      : undefined,
    services.some((each) => each.abandoned > 0)
      ? column("abandoned", 6, (service) => formatCount(service.abandoned), (service) => service.abandoned > 0)
      : undefined,
    column("p50", 4, (service) => time(service, "duration", 50)),
    column("p95", 0, (service) => time(service, "duration", 95)),
    column("p99", 1, (service) => time(service, "duration", 99)),
    column("wait p95", 2, (service) => time(service, "wait", 95)),
    column(
      "busy",
      0,
      ({ utilization }) => utilization === undefined ? "" : utilization === null ? "–" : formatShare(utilization, 1),
    ),
  ];
  const table = all.filter((each) => each !== undefined);
  return tableLines(table, columns - INDENT, paint).map((line) => " ".repeat(INDENT) + line);
}

/** Zeros and dashes step back. */
const NOTHING = /^\s*(?:0|0s|0\.0+%?|–)$/;

/** Below 1,000 with one decimal place, so that the points of a column stand below each other. */
function throughputText({ requests, refused }: RequestStats, elapsed_s: number): string {
  const rate = elapsed_s > 0 ? (requests - refused) / elapsed_s : 0;
  return rate < 1000 ? rate.toFixed(1) : formatCount(rate);
}

function endLines({ metrics, run, experiment }: SummaryInput, columns: number, paint: Paint): string[] {
  const add = (valueOf: (workload: MetricsReport["workloads"][number]) => number): number =>
    metrics.workloads.reduce((total, workload) => total + valueOf(workload), 0);
  const ended = run.ended === "completed" ? [] : [
    run.ended === "interrupted"
      ? "interrupted"
      : experiment?.experiment?.verdict === "unsteady"
      ? "ended before the first fault"
      : run.reason === undefined
      ? "ended by a threshold"
      : "aborted as no time passes",
  ];
  const iterations = `${formatCount(add((each) => each.complete))} complete and ${
    formatCount(add((each) => each.interrupted))
  } interrupted iterations`;
  const name = cut(visible(run.name), columns - "  : 100d simulated,".length);
  const simulated = `${name}: ${formatDuration(metrics.elapsed)} simulated`;
  const [first = "", ...rest] = commaLines([simulated, ...ended, iterations, `seed ${run.seed}`], columns - 2);
  return [`  ${paint.bold(name)}${first.slice(name.length)}`, ...rest.map((line) => `  ${line}`)];
}

/** What became of the spans, or the log lines. */
export function accountLine(
  what: string,
  { generated, delivered, rejected, pending, lost: kept }: Account,
  paint: Paint,
): string {
  const lost = (name: string, count: number): string =>
    count > 0 ? paint.red(`${name} ${formatCount(count)}`) : `${name} ${formatCount(count)}`;
  return `  ${what}: generated ${formatCount(generated)} = delivered ${formatCount(delivered)} + ${
    lost("rejected", rejected)
  } + ${lost("pending", pending)}${kept ? `; ${formatCount(kept)} more got lost by telemetry-loss` : ""}`;
}
