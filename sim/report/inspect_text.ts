// What a scenario will do, on the terminal: its totals, the load and the faults over time, every option, the services,
// and the calls as a tree.

import { visible } from "../base/diagnostics.ts";
import { writeDuration } from "../base/fields.ts";
import { formatDuration, type Nanos, SECOND } from "../base/time.ts";
import type { FaultWindow } from "../faults/fault.ts";
import { thresholdText } from "../objectives/threshold.ts";
import { windowsBefore } from "../plan/fault_windows.ts";
import type { PlanFault, PlanService } from "../plan/plan.ts";
import { coresOf } from "../model/capacity.ts";
import { capacityJson } from "./inspect_capacity.ts";
import type { Inspection, Option, WorkloadForecast } from "./inspect.ts";
import { chartLines } from "./inspect_chart.ts";
import type { Estimate } from "./inspect_load.ts";
import { treeLines } from "./inspect_tree.ts";
import type { TextOptions } from "./summary_text.ts";
import { type Column, cut, type Paint, paintFor, tableLines, widthOf } from "./terminal.ts";
import { formatCount, formatMilliseconds, formatNumber, formatShare } from "./units.ts";

const COLUMNS_MIN = 60;
const INDENT = 4;
const GAP = 2;
const NOTE_ON_SERVICES =
  "workers (concurrency) and queue: of each replica. peak/s and busy (share of the workers' or cores' time): at the " +
  "highest load, apart from failures and faults.";
/** More windows of a fault than a chart could tell apart. */
const CHART_WINDOWS_MAX = 200;
/** k6's gracefulStop. */
const GRACE = 30 * SECOND;

/** The text, ending with a newline. */
export function inspectionText(inspection: Inspection, options: TextOptions): string {
  const paint = paintFor(options.color);
  const columns = Math.max(COLUMNS_MIN, options.columns);
  const width = columns - INDENT;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["LOAD", loadLines(inspection, width, paint)],
    ["SCENARIOS", scenarioLines(inspection, width, paint)],
    ["FAULTS", faultLines(inspection, width, paint)],
    ["SERVICES", serviceLines(inspection, width, paint)],
    ["CALLS", treeLines(inspection, width, paint)],
    ["HYPOTHESIS", hypothesisLines(inspection, width)],
    ["THRESHOLDS", thresholdLines(inspection, width)],
  ];
  const lines = headLines(inspection, columns - 2, paint).map((line) => `  ${line}`);
  for (const [title, content] of sections) {
    if (content.length === 0) continue;
    lines.push("", `  █ ${paint.bold(title)}`, "", ...content.map((line) => " ".repeat(INDENT) + line));
  }
  return lines.map((line) => line.trimEnd()).join("\n") + "\n";
}

function headLines(inspection: Inspection, width: number, paint: Paint): string[] {
  const { plan, scenario, length, end } = inspection;
  const about = [
    end === Infinity
      ? `load without end, of which this is ${formatDuration(length)}`
      : `${formatDuration(length)} of load, ended by ${formatDuration(end)} at the latest`,
    `seed ${plan.seed}`,
    `namespace ${visible(plan.namespace)}`,
    `environment ${visible(plan.environment)}`,
    `network ${scenario.network === undefined ? "0s" : visible(scenario.network.text)} each way`,
  ];
  const totals = [
    `${estimateText(inspection.iterations)} iterations`,
    `${aboutText(inspection.requests)} requests of users`,
    `${aboutText(inspection.spans)} spans`,
  ];
  return [
    paint.bold(cut(visible(plan.name), width)),
    ...scenario.description === undefined ? [] : words(visible(scenario.description), width),
    "",
    ...wrap(separated(about, ", "), width),
    "",
    ...wrap(separated(totals, ", ").map((piece) => ({ ...piece, paint: paint.bold })), width),
    ...words(howText(inspection), width, paint.dim),
    ...inspection.warnings.length === 0 ? [] : [""],
    ...inspection.warnings.flatMap((warning) => words(`! ${visible(warning)}`, width, paint.yellow, "  ")),
  ];
}

/** How the numbers come about. */
function howText({ workloads }: Inspection): string {
  const sentences: string[] = [];
  if (workloads.some((workload) => isOpen(workload) && workload.iterations.isExact)) {
    sentences.push("Iterations that arrive are counted with the draws of the run.");
  }
  if (workloads.some((workload) => !isOpen(workload) && !workload.iterations.isExact)) {
    sentences.push(
      "Iterations of VUs are estimated: VU time by the mean time of one, from the means of latencies, networks and thinks.",
    );
  }
  sentences.push(
    "The rest is what is expected when nothing waits in a queue, nothing fails and no cache holds anything.",
  );
  return sentences.join(" ");
}

/** An expectation, with the digits that it is worth. */
function aboutText(value: number): string {
  if (!Number.isFinite(value)) return "endless";
  return `about ${value < 100 ? formatNumber(value) : roundText(value)}`;
}

/** Above it digits are counted, not read. */
const SPELT_OUT_MAX = 1e9;

/** Three digits of a number, with its zeros: 37,200. */
function roundText(value: number): string {
  return value < SPELT_OUT_MAX ? formatCount(Number(value.toPrecision(3))) : value.toExponential(2).replace("+", "");
}

function estimateText({ count, isExact }: Estimate): string {
  return isExact ? formatCount(count) : aboutText(count);
}

function isOpen(workload: WorkloadForecast): boolean {
  return workload.plan.load.type === "open";
}

function loadLines({ workloads, plan, length }: Inspection, width: number, paint: Paint): string[] {
  const areas = workloads.map((workload) => {
    const name = visible(workload.plan.name);
    const open = isOpen(workload);
    const vus = Math.ceil(workload.vusAtPeak);
    const rest = [
      `${estimateText(workload.iterations)} iterations of ${visible(workload.journey)}`,
      `${formatMilliseconds(workload.iterationTime / 1e6)} each`,
      ...open ? [`${aboutText(vus)} ${vus === 1 ? "VU" : "VUs"} at the peak`] : [],
    ].join(", ");
    const shownName = cut(name, Math.max(12, width - widthOf(rest) - 2));
    return {
      title: `${paint.bold(shownName)}  ${cut(rest, width - widthOf(shownName) - 2)}`,
      peakText: open ? `${formatNumber(workload.peak)}/s` : `${formatCount(workload.peak)} VUs`,
      peak: workload.peak,
      amountAt: workload.amountAt,
    };
  });
  const faults = plan.faults.map((fault) => ({
    name: fault.name,
    ramp: fault.ramp,
    windows: [...take(windowsBefore(plan.seed, fault, length), CHART_WINDOWS_MAX)],
  })).filter(({ windows }) => windows.length > 0);
  return chartLines({ areas, faults, length }, width, paint);
}

function scenarioLines({ workloads }: Inspection, width: number, paint: Paint): string[] {
  return workloads.flatMap(({ plan, journey, before, options }, i) => [
    ...i === 0 ? [] : [""],
    paint.bold(cut(visible(plan.name), width)),
    ...optionLines(
      [
        { name: "executor", value: plan.executor, isDefault: false },
        { name: "exec", value: journey, isDefault: false },
        ...options,
        ...before === undefined ? [] : [{ name: "startAfter", value: before, isDefault: false }],
        { name: "startTime", value: writeDuration(plan.startDelay), isDefault: plan.startDelay === 0 },
        { name: "gracefulStop", value: writeDuration(plan.gracefulStop), isDefault: plan.gracefulStop === GRACE },
        { name: "tags", value: Object.fromEntries(plan.tags), isDefault: plan.tags.size === 0 },
        // What the variables hold may be secret.
        { name: "env", value: [...plan.env.keys()], isDefault: plan.env.size === 0 },
      ],
      width,
      paint,
    ),
  ]);
}

/** What a fault waits for, and for how long from then: `http_req_failed rate>0.2 over 10s (+ 2m)`. */
function whenText({ when, reaction }: PlanFault): string {
  const conditions = when.map((each) => `${visible(each.metricText)} ${thresholdText(each)}`).join(" and ");
  return reaction === 0 ? conditions : `${conditions} (+ ${writeDuration(reaction)})`;
}

function* take<T>(values: Iterable<T>, most: number): Generator<T> {
  let taken = 0;
  for (const value of values) {
    if (taken++ === most) return;
    yield value;
  }
}

/** Windows of a random fault that are written out. */
const WINDOWS_LISTED_MAX = 5;

function faultLines({ plan, length, faults: all }: Inspection, width: number, paint: Paint): string[] {
  // Of a chaos schedule only what is drawn in this run.
  const windows = (fault: PlanFault): FaultWindow[] => [
    ...take(windowsBefore(plan.seed, fault, length), WINDOWS_LISTED_MAX + 1),
  ];
  const faults = all.filter(({ plan: fault }) => fault.schedule === undefined || windows(fault).length > 0);
  return faults.flatMap(({ plan: fault, options }, i) => {
    if (fault.schedule !== undefined) {
      const drawn = windows(fault).map(({ from, until }, n) =>
        n < WINDOWS_LISTED_MAX ? `${formatDuration(from)} for ${formatDuration((until - from) as Nanos)}` : "…"
      );
      return [
        ...i === 0 ? [] : [""],
        paint.bold(cut(visible(fault.name), width)),
        `  ${cut(`drawn at ${drawn.join(", ")}`, width - 2)}`,
      ];
    }
    const long = fault.duration === Infinity ? "to the end" : `for ${writeDuration(fault.duration)}`;
    const from = fault.when.length === 0 ? `from ${writeDuration(fault.at)}` : `when ${whenText(fault)},`;
    const again = fault.every === Infinity
      ? ""
      : `, every ${writeDuration(fault.every)}${fault.times === Infinity ? "" : ` ${fault.times} times at most`}`;
    const where = `${fault.kind} on ${visible(fault.target)}, ${from} ${long}${again}`;
    return [
      ...i === 0 ? [] : [""],
      paint.bold(cut(visible(fault.name), width)),
      `  ${cut(where, width - 2)}`,
      ...optionLines(
        [
          ...options,
          { name: "ramp", value: writeDuration(fault.ramp), isDefault: fault.ramp === 0 },
          { name: "probability", value: percentText(fault.probability), isDefault: fault.probability === 1 },
        ],
        width,
        paint,
      ),
    ];
  });
}

function percentText(share: number): string {
  return `${Number((share * 100).toPrecision(12))}%`;
}

/** `name: value` one after the other, as they would stand in the file; what holds by default steps back. */
function optionLines(options: readonly Option[], width: number, paint: Paint): string[] {
  const pieces = options.flatMap(({ name, value, isDefault }, i): Piece[] => {
    const texts = separated(pieceTexts(value).map(visible), ", ");
    const gap = i < options.length - 1 ? " ".repeat(GAP) : "";
    return texts.map(({ text }, n) => ({
      text: `${n === 0 ? `${name}: ` : ""}${text}${n === texts.length - 1 ? gap : ""}`,
      ...isDefault ? { paint: paint.dim } : {},
    }));
  });
  return wrap(pieces, width - 2).map((line) => `  ${line}`);
}

/** A value as YAML writes it on one line; a list in the pieces between which a line may break. */
function pieceTexts(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) return [valueText(value)];
  const items = value.map(valueText);
  items[0] = `[${items[0]}`;
  items[items.length - 1] += "]";
  return items;
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : `[${value.map(valueText).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value).map(([name, inner]) => `${name}: ${valueText(inner)}`);
  return entries.length === 0 ? "none" : `{${entries.join(", ")}}`;
}

function serviceLines({ services }: Inspection, width: number, paint: Paint): string[] {
  const column = (
    title: string,
    dispensable: number,
    cell: (service: Inspection["services"][number]) => string,
    alarm?: (service: Inspection["services"][number]) => boolean,
  ): Column => ({
    title,
    cells: services.map((service) => visible(cell(service))),
    dispensable,
    paint: (text, row) =>
      alarm?.(services[row]!) === true ? paint.red(text) : /^\s*[0–∞]$/.test(text) ? paint.dim(text) : text,
  });
  const limit = (value: number): string => value === Infinity ? "∞" : formatCount(value);
  const table = tableLines(
    [
      column("service", 0, ({ plan }) => plan.name),
      column("kind", 4, ({ plan }) => plan.kind === "service" ? plan.language : plan.kind),
      column("replicas", 1, ({ plan }) => formatCount(plan.replicas)),
      column("workers", 2, ({ plan }) => limit(plan.concurrency)),
      ...(services.some(({ plan }) => coresOf(plan.capacity) < Infinity)
        ? [column("cores", 1, ({ plan }) => coresOf(plan.capacity) < Infinity ? String(coresOf(plan.capacity)) : "∞")]
        : []),
      column("queue", 3, ({ plan }) => limit(plan.queue)),
      column("requests", 0, ({ requests }) => roundText(requests)),
      column("peak/s", 0, ({ peakRate }) => peakRate < 1000 ? peakRate.toFixed(1) : roundText(peakRate)),
      column(
        "busy",
        0,
        ({ peakUtilization }) => peakUtilization === null ? "–" : formatShare(peakUtilization, 1),
        ({ peakUtilization }) => peakUtilization !== null && peakUtilization >= 1,
      ),
    ],
    width,
    paint,
  );
  return [
    ...table,
    ...services.flatMap(({ plan }) => capacityLines(plan, width)),
    "",
    ...words(NOTE_ON_SERVICES, width, paint.dim),
  ];
}

/** What the table has no column for. */
function capacityLines(service: PlanService, width: number): string[] {
  const { cores, cpu, queue, ...rest } = capacityJson(service);
  const shown = Object.entries({
    ...(cpu === null ? {} : { cores, cpu }),
    ...(typeof queue === "object" ? { queue } : {}),
    ...rest,
  }).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0));
  if (shown.length === 0) return [];
  const options = shown.map(([name, value]) => `${name}: ${valueText(value)}`).join(", ");
  return words(`${service.name}: ${options}`, width, undefined, "  ");
}

function hypothesisLines({ plan: { hypothesis } }: Inspection, width: number): string[] {
  if (hypothesis === undefined) return [];
  const { title, probes, before, recoverWithin } = hypothesis;
  const until = recoverWithin === undefined
    ? "all the time from then"
    : `${writeDuration(recoverWithin)} after their end`;
  return [
    visible(title),
    ...probes.map((probe) => `  ${visible(probe.metricText)}: ${visible(thresholdText(probe))}`),
    `  holds ${before > 0 ? `for ${writeDuration(before)} ` : ""}before the faults, and ${until}`,
  ].map((line) => cut(line, width));
}

function thresholdLines({ plan }: Inspection, width: number): string[] {
  return plan.thresholds.map((threshold) => {
    const { metricText, abortOnFail, delayAbortEval } = threshold;
    const delay = delayAbortEval > 0 ? ` after ${writeDuration(delayAbortEval)}` : "";
    return cut(
      `${visible(metricText)}: ${visible(thresholdText(threshold))}${abortOnFail ? `  ends the run${delay}` : ""}`,
      width,
    );
  });
}

/** A part of a line, with what separates it from the next. */
interface Piece {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

function separated(texts: readonly string[], separator: string): Piece[] {
  return texts.map((text, i) => ({ text: i < texts.length - 1 ? text + separator : text }));
}

function words(text: string, width: number, paint?: (text: string) => string, hang = ""): string[] {
  const pieces = separated(text.split(" "), " ");
  return wrap(paint === undefined ? pieces : pieces.map((piece) => ({ ...piece, paint })), width, hang);
}

/** Fills lines with pieces; one that is longer than a line is cut. */
function wrap(pieces: readonly Piece[], width: number, hang = ""): string[] {
  const lines: Piece[][] = [];
  let used = Infinity;
  for (const piece of pieces) {
    if (used + widthOf(piece.text.trimEnd()) > width) {
      lines.push([]);
      used = lines.length > 1 ? widthOf(hang) : 0;
    }
    lines.at(-1)!.push(piece);
    used += widthOf(piece.text);
  }
  return lines.map((line, i) => {
    const start = i > 0 ? hang : "";
    const shown = line.map(({ text, paint = (plain) => plain }, n) =>
      paint(n < line.length - 1 ? text : cut(text.trimEnd(), width - widthOf(start)))
    );
    return start + shown.join("");
  });
}
