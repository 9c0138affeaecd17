// A plan over time on a terminal: the load of each workload as an area, the faults below it, and one time axis for all.

import { visible } from "../base/diagnostics.ts";
import { DAY, formatDuration, HOUR, MILLISECOND, MINUTE, type Nanos, SECOND } from "../base/time.ts";
import { type FaultWindow, intensityAt } from "../faults/fault.ts";
import { cut, padStart, type Paint, widthOf } from "./terminal.ts";

export interface ChartArea {
  /** Stands above it. */
  readonly title: string;
  /** Stands at its highest value. */
  readonly peakText: string;
  /** Above 0. */
  readonly peak: number;
  amountAt(time: Nanos): number;
}

export interface ChartFault {
  readonly name: string;
  readonly ramp: Nanos;
  /** At least one. */
  readonly windows: readonly FaultWindow[];
}

export interface Chart {
  readonly areas: readonly ChartArea[];
  readonly faults: readonly ChartFault[];
  /** Of the time axis, above 0. */
  readonly length: Nanos;
}

const BLOCKS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const LEVELS = BLOCKS.length - 1;
/** Instants of a column; the highest value counts, so that no short burst is lost. */
const SAMPLES = 16;
const HEIGHT_MAX = 4;
/** Rows of all areas together, as long as each has one. */
const HEIGHT_SUM = 12;
/** More faults than these are left to the list below the chart. */
const FAULTS_SHOWN_MAX = 12;
const NAME_WIDTH_MIN = 12;

/** The lines of a chart, none wider than `columns`. */
export function chartLines({ areas, faults, length }: Chart, columns: number, paint: Paint): string[] {
  const gutter = Math.max(2, ...areas.map((area) => widthOf(area.peakText))) + 1;
  const width = columns - gutter - 1;
  const height = Math.min(HEIGHT_MAX, Math.max(1, Math.floor(HEIGHT_SUM / Math.max(1, areas.length))));
  const margin = " ".repeat(gutter);
  const lines = areas.flatMap((area, n) => [
    ...n === 0 ? [] : [""],
    area.title,
    ...areaRows(area, length, width, height).map((row, i) => {
      const label = i === 0 ? padStart(area.peakText, gutter - 1) + " " : margin;
      return `${paint.dim(`${label}${i === 0 ? "┤" : "│"}`)}${paint.cyan(row)}`;
    }),
  ]);
  lines.push(...axisLines(length, width).map((line) => paint.dim(margin + line)));
  const shown = faults.filter(({ windows }) => windows[0]!.from < length).slice(0, FAULTS_SHOWN_MAX);
  lines.push(...shown.flatMap((fault) => faultLines(fault, length, width, paint).map((line) => `${margin} ${line}`)));
  if (faults.length > shown.length) lines.push(`${margin} ${paint.dim(`${faults.length - shown.length} more below`)}`);
  return lines;
}

/** The highest value within each column. */
function columnsOf(valueAt: (time: Nanos) => number, length: Nanos, width: number): number[] {
  return Array.from({ length: width }, (_, column) => {
    let highest = 0;
    for (let i = 0; i < SAMPLES; i++) {
      highest = Math.max(highest, valueAt(Math.floor((column + i / SAMPLES) / width * length) as Nanos));
    }
    return highest;
  });
}

/** Eighths of a row for a share from 0 to 1; what is not nothing is seen. */
function levelOf(share: number, height: number): number {
  return share <= 0 ? 0 : Math.max(1, Math.min(height * LEVELS, Math.round(share * height * LEVELS)));
}

function areaRows({ amountAt, peak }: ChartArea, length: Nanos, width: number, height: number): string[] {
  const levels = columnsOf(amountAt, length, width).map((amount) => levelOf(amount / peak, height));
  return Array.from({ length: height }, (_, row) => {
    const below = (height - 1 - row) * LEVELS;
    return levels.map((level) => BLOCKS[Math.max(0, Math.min(LEVELS, level - below))]!).join("").trimEnd();
  });
}

/** The bar of a fault with its name beside it, or above it where there is no room. */
function faultLines(fault: ChartFault, length: Nanos, width: number, paint: Paint): string[] {
  const step = length / width;
  const { windows, ramp } = fault;
  const strength = (time: Nanos): number => Math.max(...windows.map((window) => intensityAt(window, ramp, time)));
  const bar = columnsOf(strength, length, width).map((intensity, column) => {
    // A window may lie between two instants of its column.
    const overlaps = windows.some(({ from, until }) => from < (column + 1) * step && until > column * step);
    return BLOCKS[overlaps ? Math.max(1, levelOf(intensity, 1)) : 0]!;
  }).join("").trimEnd();
  const before = bar.length - bar.trimStart().length;
  const name = visible(fault.name);
  const painted = paint.yellow(bar.slice(before));
  const after = width - bar.length - 1;
  const isNarrow = Math.max(before - 1, after) < Math.min(widthOf(name), NAME_WIDTH_MIN);
  if (isNarrow) return [cut(name, width), " ".repeat(before) + painted];
  if (widthOf(name) <= after || after >= before) return [" ".repeat(before) + painted + " " + cut(name, after)];
  return [padStart(cut(name, before - 1), before - 1) + " " + painted];
}

const TICKS: readonly Nanos[] = [
  ...[1, 10, 100, 1000, 10_000, 100_000].map((n) => n as Nanos),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * MILLISECOND as Nanos),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND as Nanos),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE as Nanos),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR as Nanos),
  ...[1, 2, 5, 10, 20, 50, 100].map((n) => n * DAY as Nanos),
];
const TICK_GAP = 4;

/** A line with a mark at each round time, and one with those times. */
function axisLines(length: Nanos, width: number): [string, string] {
  const columnAt = (time: number): number => Math.round(time / length * width);
  const step = TICKS.find((tick) => {
    const longest = Math.max(widthOf(tickText(tick)), widthOf(tickText(Math.floor(length / tick) * tick)));
    return tick / length * width >= longest + TICK_GAP;
  }) ?? length;
  const rule: string[] = Array.from({ length: width + 1 }, (_, column) => column === 0 ? "└" : "─");
  let labels = "0s";
  for (let time: number = step; time <= length; time += step) {
    const column = columnAt(time);
    rule[column] = column === width ? "┘" : "┴";
    const text = tickText(time);
    const start = Math.min(column - Math.floor(widthOf(text) / 2), width + 1 - widthOf(text));
    if (start > widthOf(labels)) labels += " ".repeat(start - widthOf(labels)) + text;
  }
  return [rule.join(""), labels];
}

function tickText(time: number): string {
  return formatDuration(time as Nanos).replace("us", "µs");
}
