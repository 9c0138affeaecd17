// What a run shows while it goes on: on a terminal a block of lines that is drawn again and again, one a workload;
// elsewhere, now and then, a plain line.

import { visible } from "../base/diagnostics.ts";
import { FOREVER, type Nanos } from "../base/time.ts";
import type { WorkloadStats } from "../metrics/report.ts";
import { cut, cutApart, padEnd, padStart, type Paint, paintFor, widthOf } from "./terminal.ts";
import type { TextOptions } from "./summary_text.ts";
import { formatClock, formatCount, formatNumber, formatShare } from "./units.ts";

export interface ProgressState {
  /** Simulated time since the run's start. */
  readonly now: Nanos;
  /** When the last workload's load ends, without gracefulStop. Infinity when it has no end, or one that is not known yet. */
  readonly end: Nanos;
  readonly spans: number;
  readonly logs: number;
  /** Names of the faults in whose windows `now` lies. */
  readonly faults: readonly string[];
  readonly workloads: readonly WorkloadStats[];
}

/** When the last load that is not over ends; Infinity while one waits for another. */
export function expectedEnd(workloads: readonly WorkloadStats[]): Nanos {
  if (workloads.some(({ waitsFor }) => waitsFor !== undefined)) return FOREVER;
  const open = workloads.filter((each) => !isCarriedOut(each));
  const counted = open.length === 0 ? workloads : open;
  return Math.max(0, ...counted.map(({ startTime, length }) => startTime + length)) as Nanos;
}

/** Whether all of a fixed number of iterations have been made. */
function isCarriedOut({ iterationsPlanned, complete, interrupted, dropped }: WorkloadStats): boolean {
  return iterationsPlanned !== undefined && complete + interrupted + dropped >= iterationsPlanned;
}

/** Whether it has not begun. */
function isPending({ startTime, waitsFor }: WorkloadStats, now: Nanos): boolean {
  return waitsFor !== undefined || now < startTime;
}

const BAR_WIDTH_MAX = 32;
const BAR_WIDTH_MIN = 8;
const NAME_WIDTH_MAX = 20;
/** Columns below which even a line without its bar makes no sense. */
const COLUMNS_MIN = 40;

export interface ProgressOptions extends TextOptions {
  /** Of the terminal; what is taller than it could not be drawn over. */
  readonly rows?: number;
}

/**
 * A line for the run, one for each workload, and one for the faults that are active. No line is wider than `columns`. The
 * number of lines changes only with the faults' line.
 */
export function progressLines(state: ProgressState, options: ProgressOptions): string[] {
  const paint = paintFor(options.color);
  const columns = Math.max(COLUMNS_MIN, options.columns);
  // The cursor stands in the row below the block.
  const room = Math.max(1, (options.rows ?? Infinity) - 2 - Math.sign(state.faults.length));
  const shown = mostTelling(state, room);
  const lines = [runLine(state, columns, paint), ...workloadLines({ ...state, workloads: shown }, columns, paint)];
  const left = state.workloads.length - shown.length;
  if (left > 0) lines.push(paint.dim(`    and ${formatCount(left)} more`));
  if (state.faults.length > 0) {
    const names = cut(state.faults.map(visible).join(", "), columns - "  faults  ".length);
    lines.push(`  ${paint.yellow("faults")}  ${names}`);
  }
  return lines;
}

/** As many workloads as there are rows, one of which says how many are left out: running ones first, then those to come. */
function mostTelling({ workloads, now }: ProgressState, rows: number): readonly WorkloadStats[] {
  if (workloads.length <= rows) return workloads;
  const rank = (each: WorkloadStats): number => isPending(each, now) ? 1 : shareDone(each, now) < 1 ? 0 : 2;
  const chosen = new Set(workloads.toSorted((one, other) => rank(one) - rank(other)).slice(0, rows - 1));
  return workloads.filter((each) => chosen.has(each));
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
  const names = cutApart(workloads.map((workload) => visible(workload.name)), NAME_WIDTH_MAX);
  const nameWidth = Math.max(0, ...names.map(widthOf));
  const room = columns - nameWidth - "  ✓  []  23%".length - BAR_WIDTH_MIN;
  const cells = cellsThatFit(workloads, room);
  const widths = cells.map((column) => Math.max(...column.map(widthOf)) + GAP);
  const pending = workloads.filter((each) => isPending(each, now)).map((each) => widthOf(startText(each)) + GAP);
  const rightWidth = Math.max(widths.reduce((total, each) => total + each, 0), ...pending);
  const barWidth = Math.min(BAR_WIDTH_MAX, room + BAR_WIDTH_MIN - rightWidth);
  return workloads.map((workload, i) => {
    const share = shareDone(workload, now);
    const mark = share >= 1 && workload.vus === 0 ? paint.green("✓") : " ";
    const bar = barWidth < BAR_WIDTH_MIN ? "" : `[${barText(share, barWidth, paint)}] `;
    const right = isPending(workload, now)
      ? `  ${paint.dim(startText(workload))}`
      : cells.map((column, n) => padStart(column[i]!, widths[n]!)).join("").trimEnd();
    const percent = Number.isFinite(workload.length) ? percentText(share) : ENDLESS;
    return `  ${mark} ${padEnd(names[i]!, nameWidth)} ${bar}${percent}${right}`;
  });
}

const GAP = 2;
/** In place of a percentage. */
const ENDLESS = "   ∞";

function startText({ startTime, waitsFor }: WorkloadStats): string {
  return waitsFor === undefined
    ? `starts at ${formatClock(startTime)}`
    : `after ${cut(visible(waitsFor), NAME_WIDTH_MAX)}`;
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
function shareDone(workload: WorkloadStats, now: Nanos): number {
  if (isPending(workload, now)) return 0;
  const { startTime, length, iterationsPlanned, complete } = workload;
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
    if (isPending(workload, state.now)) return `${name}: ${startText(workload)}`;
    const parts = [`${formatCount(workload.vus)} VUs`, `${formatCount(workload.complete)} iterations`];
    if (workload.dropped > 0) parts.push(`${formatCount(workload.dropped)} dropped`);
    if (workload.httpReqs > 0) parts.push(`${formatShare(workload.httpFailed / workload.httpReqs)} errors`);
    return `${name}: ${parts.join(", ")}`;
  });
  const faults = state.faults.length === 0 ? [] : [`faults: ${state.faults.map(visible).join(", ")}`];
  return [timeText(state).trim().replace(/ +/, " "), ...workloads, ...faults].join(" | ");
}
