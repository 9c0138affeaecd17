// The lines of metrics in the summary, as k6 writes them: name, dots, values in columns. What does not fit beside each
// other goes on a further line, under the first.

import { Counter } from "../metrics/counter.ts";
import { Gauge } from "../metrics/gauge.ts";
import type { Instrument } from "../metrics/instrument.ts";
import { Rate } from "../metrics/rate.ts";
import type { Series } from "../metrics/report.ts";
import { metricSpec } from "../objectives/metrics.ts";
import { Trend } from "../metrics/trend.ts";
import { visible } from "../base/diagnostics.ts";
import { trendStatistics } from "./statistics.ts";
import { padEnd, type Paint, widthOf } from "./terminal.ts";
import { formatBytes, formatCount, formatMilliseconds, formatNumber, formatRate, formatShare } from "./units.ts";

export interface MetricStyle {
  /** Of the terminal. */
  readonly columns: number;
  readonly indent: number;
  readonly paint: Paint;
  readonly trendStats: readonly string[];
  readonly elapsed_s: number;
}

/** Names may take this share of the line; a longer one has a line to itself. */
const NAME_SHARE = 0.42;
const DOTS_MIN = 3;

/** A series as it is shown. */
export interface ShownSeries extends Series {
  /** What it is called where that is not its metric. */
  readonly label?: string;
}

interface Row {
  readonly name: string;
  readonly instrument: Instrument;
  readonly isData: boolean;
}

/** What the lines of all sections have in common, so that everything stands in the same columns. */
export interface MetricLayout {
  readonly nameWidth: number;
  readonly valueWidth: number;
  readonly statWidths: readonly number[];
}

/** Measures all series that will be shown. */
export function layOut(shown: readonly ShownSeries[], style: MetricStyle): MetricLayout {
  const rows = shown.map(rowOf);
  const limit = Math.floor(style.columns * NAME_SHARE) - style.indent;
  const names = rows.map((row) => widthOf(row.name)).filter((width) => width <= limit);
  const plain = rows.flatMap((row) => plainValues(row, style)?.[0] ?? []);
  const cells = rows.flatMap((row) => row.instrument instanceof Trend ? [trendCells(row.instrument, style)] : []);
  return {
    nameWidth: Math.max(0, ...names),
    valueWidth: Math.max(0, ...plain.map(widthOf)),
    statWidths: style.trendStats.map((_, column) => Math.max(0, ...cells.map((row) => widthOf(row[column] ?? "")))),
  };
}

/** The lines of one metric. */
export function metricLines(series: ShownSeries, layout: MetricLayout, style: MetricStyle): string[] {
  const row = rowOf(series);
  const { name } = row;
  const { paint } = style;
  const indent = " ".repeat(style.indent);
  const valueColumn = style.indent + layout.nameWidth + DOTS_MIN + 2;
  const [first = "", ...more] = valueLines(row, layout, style, style.columns - valueColumn);
  const rest = more.map((line) => " ".repeat(valueColumn) + line);
  const dots = layout.nameWidth - widthOf(name) + DOTS_MIN;
  if (dots >= DOTS_MIN) return [`${indent}${name}${paint.dim(".".repeat(dots) + ":")} ${first}`.trimEnd(), ...rest];
  return [`${indent}${name}${paint.dim(":")}`, " ".repeat(valueColumn) + first, ...rest];
}

function rowOf({ text, metric, instrument, label }: ShownSeries): Row {
  const whole = label ?? metric;
  const name = text === metric ? whole : `  { ${visible(text.slice(metric.length + 1, -1).trim())} }`;
  return { name, instrument, isData: metricSpec(metric).contains === "data" };
}

function valueLines(row: Row, layout: MetricLayout, style: MetricStyle, width: number): string[] {
  const { paint } = style;
  const { instrument } = row;
  if (instrument.empty) return [paint.dim("no samples")];
  if (instrument instanceof Trend) return trendLines(instrument, layout, style, width);
  const [value = "", ...extras] = plainValues(row, style) ?? [];
  const rest = extras.length === 0 ? "" : "  " + paint.dim(extras.join("  "));
  return [paint.cyan(padEnd(value, layout.valueWidth)) + rest];
}

/** The statistics in rows of equal length, as few as fit. */
function trendLines(trend: Trend, { statWidths }: MetricLayout, style: MetricStyle, width: number): string[] {
  const cells = trendCells(trend, style);
  const widths = statWidths.map((each, i) => each + style.trendStats[i]!.length + 1);
  const cellWidth = Math.max(...widths) + 2;
  const perLine = Math.max(1, Math.floor((width + 2) / cellWidth));
  const total = widths.reduce((sum, each) => sum + each + 2, -2);
  const lines = total <= width ? 1 : Math.ceil(cells.length / perLine);
  const balanced = Math.ceil(cells.length / lines);
  const lined: string[] = [];
  for (let from = 0; from < cells.length; from += balanced) {
    const parts = cells.slice(from, from + balanced).map((cell, i) => {
      const padding = (lines === 1 ? widths[from + i]! : cellWidth - 2) - style.trendStats[from + i]!.length - 1;
      return `${style.trendStats[from + i]}=${style.paint.cyan(cell)}${
        " ".repeat(Math.max(0, padding - widthOf(cell)))
      }`;
    });
    lined.push(parts.join("  ").trimEnd());
  }
  return lined;
}

function trendCells(trend: Trend, { trendStats }: MetricStyle): string[] {
  const values = trendStatistics(trend, trendStats);
  return trendStats.map((stat) => {
    const value = values[stat];
    return stat === "count" ? formatCount(value ?? 0) : formatMilliseconds(value ?? NaN);
  });
}

function plainValues({ instrument, isData }: Row, { elapsed_s }: MetricStyle): string[] | undefined {
  if (instrument instanceof Counter) {
    const { count } = instrument, rate = instrument.rate(elapsed_s);
    return isData ? [formatBytes(count), `${formatBytes(rate)}/s`] : [formatCount(count), formatRate(rate)];
  }
  if (instrument instanceof Rate) {
    return [formatShare(instrument.rate), `${formatCount(instrument.passes)} out of ${formatCount(instrument.total)}`];
  }
  if (instrument instanceof Gauge) {
    const { value, min, max } = instrument;
    return [formatNumber(value), `min=${formatNumber(min)}`, `max=${formatNumber(max)}`];
  }
  return undefined;
}
