// What a run shows while it goes on: on a terminal a block of lines that is drawn again and again, one a workload;
// elsewhere, now and then, a plain line.

import { visible } from "../base/diagnostics.ts";
import type { Nanos } from "../base/time.ts";
import type { WorkloadStats } from "../metrics/report.ts";
import { cut, padEnd, padStart, type Paint, paintFor, widthOf } from "./terminal.ts";
import type { TextOptions } from "./summary_text.ts";
import { formatClock, formatCount, formatNumber, formatShare } from "./units.ts";

export interface ProgressState {
  /** Simulated time since the run's start. */
  readonly now: Nanos;
  /** When the last workload's load ends, without gracefulStop. Infinity for a run without end. */
  readonly end: Nanos;
  readonly spans: number;
  readonly logs: number;
  /** Names of the faults in whose windows `now` lies. */
  readonly faults: readonly string[];
  readonly workloads: readonly WorkloadStats[];
}

const BAR_WIDTH_MAX = 32;
const BAR_WIDTH_MIN = 8;
const NAME_WIDTH_MAX = 20;
/** Columns below which even a line without its bar makes no sense. */
const COLUMNS_MIN = 40;

/**
 * A line for the run, one for each workload, and one for the faults that are active. No line is wider than `columns`. The
 * number of lines changes only with the faults' line.
 */
export function progressLines(state: ProgressState, options: TextOptions): string[] {
  const paint = paintFor(options.color);
  const columns = Math.max(COLUMNS_MIN, options.columns);
  const lines = [runLine(state, columns, paint), ...workloadLines(state, columns, paint)];
  if (state.faults.length > 0) {
    const names = cut(state.faults.map(visible).join(", "), columns - "  faults  ".length);
    lines.push(`  ${paint.yellow("faults")}  ${names}`);
  }
  return lines;
}

function runLine(state: ProgressState, columns: number, paint: Paint): string {
  const head = `running ${timeText(state)}`;
  const counts = `${formatCount(state.spans)} spans  ${formatCount(state.logs)} log lines`;
  const room = columns - widthOf(head) - 2;
  return room >= widthOf(counts) ? `${paint.bold(head)}  ${paint.dim(counts)}` : cut(head, columns);
}

/** `0:42/3:00 23%`; a run without end has neither. */
function timeText({ now, end }: ProgressState): string {
  if (!Number.isFinite(end)) return formatClock(now);
  const clock = formatClock(end);
  return `${padStart(formatClock(now), clock.length)}/${clock}  ${percentText(end > 0 ? now / end : 1)}`;
}

function percentText(share: number): string {
  return padStart(`${Math.floor(Math.min(1, Math.max(0, share)) * 100)}%`, 4);
}

function workloadLines({ now, workloads }: ProgressState, columns: number, paint: Paint): string[] {
  const names = workloads.map((workload) => cut(visible(workload.name), NAME_WIDTH_MAX));
  const nameWidth = Math.max(0, ...names.map(widthOf));
  const room = columns - nameWidth - "  ✓  []  23%".length - BAR_WIDTH_MIN;
  const cells = cellsThatFit(workloads, room);
  const widths = cells.map((column) => Math.max(...column.map(widthOf)) + GAP);
  const pending = workloads.filter((each) => now < each.startTime).map((each) => widthOf(startText(each)) + GAP);
  const rightWidth = Math.max(widths.reduce((total, each) => total + each, 0), ...pending);
  const barWidth = Math.min(BAR_WIDTH_MAX, room + BAR_WIDTH_MIN - rightWidth);
  return workloads.map((workload, i) => {
    const share = shareDone(workload, now);
    const mark = share >= 1 && workload.vus === 0 ? paint.green("✓") : " ";
    const bar = barWidth < BAR_WIDTH_MIN ? "" : `[${barText(share, barWidth, paint)}] `;
    const right = now < workload.startTime
      ? `  ${paint.dim(startText(workload))}`
      : cells.map((column, n) => padStart(column[i]!, widths[n]!)).join("").trimEnd();
    const percent = Number.isFinite(workload.length) ? percentText(share) : ENDLESS;
    return `  ${mark} ${padEnd(names[i]!, nameWidth)} ${bar}${percent}${right}`;
  });
}

const GAP = 2;
/** In place of a percentage. */
const ENDLESS = "   ∞";

function startText({ startTime }: WorkloadStats): string {
  return `starts at ${formatClock(startTime)}`;
}

/** Columns of VUs, rate, iterations done and dropped; the least important are left out where they do not fit. */
function cellsThatFit(workloads: readonly WorkloadStats[], room: number): string[][] {
  const column = (write: (workload: WorkloadStats) => string): string[] => workloads.map(write);
  const vus = column(({ vus, vusMax }) => `${formatCount(vus)}/${formatCount(vusMax)} VUs`);
  const rate = column(({ iterationRate, plannedRate }) =>
    `${formatNumber(iterationRate)}${plannedRate ? `/${formatNumber(plannedRate)}` : ""} iters/s`
  );
  const done = column(({ complete, iterationsPlanned }) =>
    `${formatCount(complete)}${iterationsPlanned === undefined ? "" : `/${formatCount(iterationsPlanned)}`} done`
  );
  const dropped = column((workload) => workload.dropped === 0 ? "" : `${formatCount(workload.dropped)} dropped`);
  const all = dropped.some((cell) => cell !== "") ? [vus, rate, done, dropped] : [vus, rate, done];
  const fits = (columns: string[][]): boolean =>
    columns.reduce((total, cells) => total + Math.max(0, ...cells.map(widthOf)) + GAP, 0) <= room;
  const choices = [all, all.filter((cells) => cells !== done), [vus, rate], [vus]];
  return choices.find(fits) ?? [];
}

/** By time or, where a number of iterations ends the workload, by whichever is further. */
function shareDone({ startTime, length, iterationsPlanned, complete }: WorkloadStats, now: Nanos): number {
  const byTime = length > 0 ? (now - startTime) / length : now >= startTime ? 1 : 0;
  const byCount = iterationsPlanned === undefined || iterationsPlanned === 0 ? 0 : complete / iterationsPlanned;
  return Math.min(1, Math.max(0, iterationsPlanned === undefined ? byTime : Math.max(byTime, byCount)));
}

/** k6's bar: `=====>----`. */
function barText(share: number, width: number, paint: Paint): string {
  const filled = Math.floor(share * width);
  const head = filled > 0 && filled < width ? "=".repeat(filled - 1) + ">" : "=".repeat(filled);
  return head + paint.dim("-".repeat(width - filled));
}

/**
 * One line without colour: time, share of the run, then each workload's active VUs, complete iterations and share of failed
 * requests.
 */
export function plainProgress(state: ProgressState): string {
  const workloads = state.workloads.map((workload) => {
    const name = visible(workload.name);
    if (state.now < workload.startTime) return `${name}: ${startText(workload)}`;
    const parts = [`${formatCount(workload.vus)} VUs`, `${formatCount(workload.complete)} iterations`];
    if (workload.dropped > 0) parts.push(`${formatCount(workload.dropped)} dropped`);
    if (workload.httpReqs > 0) parts.push(`${formatShare(workload.httpFailed / workload.httpReqs)} errors`);
    return `${name}: ${parts.join(", ")}`;
  });
  const faults = state.faults.length === 0 ? [] : [`faults: ${state.faults.map(visible).join(", ")}`];
  return [timeText(state).trim().replace(/ +/, " "), ...workloads, ...faults].join(" | ");
}
