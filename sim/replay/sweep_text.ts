// The table of a sweep on a terminal, and its page.

import { visible } from "../base/diagnostics.ts";
import { isMetricName, metricSpec } from "../objectives/metrics.ts";
import { type Column, paintFor, tableLines } from "../report/terminal.ts";
import {
  formatBytes,
  formatCount,
  formatMilliseconds,
  formatNumber,
  formatRate,
  formatShare,
} from "../report/units.ts";
import { CURVE_CLASSES, escapeHtml, page, plot } from "./page.ts";
import { columnTitle, type MetricColumn, metricNameOf, type SweepResult } from "./sweep_run.ts";

export interface SweepTable {
  readonly name: string;
  readonly axes: readonly string[];
  readonly columns: readonly MetricColumn[];
  readonly rows: readonly { readonly setting: readonly string[]; readonly result: SweepResult | undefined }[];
}

/** The last key of a path: what a column is called. */
function shortPath(path: string): string {
  return path.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => quoted.replaceAll(".", "\u2024")).split(".").slice(-2).join(".")
    .replaceAll("\u2024", ".");
}

/** A value with its metric's unit. */
function valueText({ metric, statistic }: MetricColumn, value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const name = metricNameOf(metric);
  const { type, contains } = isMetricName(name) ? metricSpec(name) : { type: "gauge", contains: "default" };
  if (contains === "data") return `${formatBytes(value)}${statistic === "rate" ? "/s" : ""}`;
  if (statistic === "count" || statistic === "passes" || statistic === "fails") return formatCount(value);
  if (statistic === "rate") return type === "rate" ? formatShare(value) : formatRate(value);
  return contains === "time" ? formatMilliseconds(value) : formatNumber(value);
}

function verdict(result: SweepResult | undefined): string {
  if (result === undefined) return "not run";
  if (result.error !== undefined) return "failed";
  if (result.thresholds === 0) return "–";
  return result.failed.length === 0 ? "✓" : `✗ ${result.failed.length}/${result.thresholds}`;
}

export function sweepText(table: SweepTable, { columns, color }: { columns: number; color: boolean }): string {
  const paint = paintFor(color);
  const { axes, rows } = table;
  const settings: Column[] = axes.map((path, axis) => ({
    title: visible(shortPath(path)),
    cells: rows.map(({ setting }) => visible(setting[axis]!)),
    dispensable: 0,
  }));
  const metrics: Column[] = table.columns.map((column, index) => ({
    title: visible(titleOf(column)),
    cells: rows.map(({ result }) => valueText(column, result?.values[columnTitle(column)])),
    // The last of the usual ones are the least asked for.
    dispensable: index >= 6 ? 0 : [2, 0, 4, 0, 3, 5][index] ?? 1,
  }));
  const lines = tableLines(
    [...settings, ...metrics, {
      title: "thresholds",
      cells: rows.map(({ result }) => verdict(result)),
      dispensable: 0,
      paint: (text, row) => {
        const { result } = rows[row]!;
        return result?.error !== undefined || (result?.failed.length ?? 0) > 0
          ? paint.red(text)
          : text.trim() === "✓"
          ? paint.green(text)
          : text;
      },
    }],
    columns - 2,
    paint,
  ).map((line) => `  ${line}`);
  const errors = [...new Set(rows.flatMap(({ result }) => result?.error === undefined ? [] : [result.error]))];
  return [...lines, ...errors.map((error) => `  ${paint.red("failed")}: ${visible(error)}`)].join("\n") + "\n";
}

function titleOf({ metric, statistic }: MetricColumn): string {
  const short: Readonly<Record<string, string>> = {
    "http_reqs rate": "requests",
    "http_req_failed rate": "failed",
    "dropped_iterations count": "dropped",
    "http_req_duration p(50)": "p50",
    "http_req_duration p(95)": "p95",
    "http_req_duration p(99)": "p99",
  };
  return short[`${metric} ${statistic}`] ?? `${metric} ${statistic}`;
}

export function sweepJson({ name, axes, rows }: SweepTable): unknown {
  return {
    name,
    axes,
    rows: rows.map(({ setting, result }) => ({
      set: Object.fromEntries(axes.map((path, axis) => [path, setting[axis]])),
      ended: result?.ended ?? "not run",
      error: result?.error ?? null,
      thresholds: result === undefined ? null : { count: result.thresholds, failed: result.failed },
      metrics: result?.values ?? {},
    })),
  };
}

export function sweepPage(table: SweepTable): string {
  const { name, axes, columns, rows } = table;
  const head = [
    ...axes.map((path) => escapeHtml(path)),
    ...columns.map((each) => escapeHtml(titleOf(each))),
    "thresholds",
  ];
  const body = rows.map(({ setting, result }) => {
    const cells = [
      ...setting.map((value) => `<td>${escapeHtml(value)}</td>`),
      ...columns.map((column) => `<td>${escapeHtml(valueText(column, result?.values[columnTitle(column)]))}</td>`),
      `<td class="${(result?.failed.length ?? 1) > 0 ? "bad" : "good"}" title="${
        escapeHtml(result?.error ?? result?.failed.join("\n") ?? "")
      }">${escapeHtml(verdict(result))}</td>`,
    ];
    return `<tr>${cells.join("")}</tr>`;
  }).join("");
  return page(
    `Sweep of ${name}`,
    `<h1>Sweep of ${escapeHtml(name)}</h1><p class="soft">${rows.length} runs</p>${plots(table)}` +
      `<h2>All runs</h2><div class="scroll"><table><tr>${
        head.map((title) => `<th>${title}</th>`).join("")
      }</tr>${body}</table></div>`,
  );
}

/** Axes with more values of numbers are drawn. */
const PLOTTED_MIN = 3;
/** More curves in one picture are not told apart. */
const CURVES_MAX = CURVE_CLASSES.length;

/** Pictures of each metric over each axis that is made of numbers, with a curve for each value of another one. */
function plots(table: SweepTable): string {
  const { axes, rows } = table;
  return axes.map((_, axis) => {
    const values = new Set(rows.map(({ setting }) => setting[axis]!));
    const units = new Set([...values].map(unitOf));
    return values.size >= PLOTTED_MIN && units.size === 1 && !units.has(undefined) ? plotsOver(table, axis) : "";
  }).join("");
}

function plotsOver({ axes, columns, rows }: SweepTable, axis: number): string {
  const valuesOf = (index: number): string[] => [...new Set(rows.map(({ setting }) => setting[index]!))];
  const others = axes.map((_, index) => index).filter((index) => index !== axis);
  // Curves are told apart by the first of the others that has few values; the rest stays as in the first row.
  const told = others.find((index) => valuesOf(index).length > 1 && valuesOf(index).length <= CURVES_MAX);
  const fixed = others.filter((index) => index !== told);
  const first = rows[0]!.setting;
  const shown = rows.filter(({ setting }) => fixed.every((index) => setting[index] === first[index]));
  const groups = told === undefined ? [""] : valuesOf(told);
  const figures = columns.map((column) => {
    const curves = groups.map((group, n) => ({
      className: CURVE_CLASSES[n]!,
      points: shown.flatMap(({ setting, result }): [number, number][] => {
        const value = result?.values[columnTitle(column)];
        if (value === null || value === undefined || (told !== undefined && setting[told] !== group)) return [];
        return [[amount(setting[axis]!), value]];
      }).sort(([x], [other]) => x - other),
    })).filter(({ points }) => points.length > 1);
    if (curves.length === 0) return "";
    const high = Math.max(...curves.flatMap(({ points }) => points.map(([, y]) => y)));
    const svg = plot({
      curves,
      logX: false,
      xLabel: (x) => formatNumber(x),
      yLabel: (y) => valueText(column, y),
      yTicks: high === 0 ? [0, 1] : [0, high / 2, high],
    });
    return `<figure><figcaption>${escapeHtml(titleOf(column))}</figcaption>${svg}</figure>`;
  });
  const legend = told === undefined
    ? ""
    : `<p>${escapeHtml(axes[told]!)}: ${
      groups.map((group, n) => `<b class="${CURVE_CLASSES[n]}">${escapeHtml(group)}</b>`).join(" · ")
    }</p>`;
  const rest = fixed.length === 0
    ? ""
    : `<p class="soft">at ${fixed.map((index) => escapeHtml(`${axes[index]} ${first[index]}`)).join(", ")}</p>`;
  return `<h2>Over ${escapeHtml(axes[axis]!)}</h2>${legend}${rest}<div class="plots">${figures.join("")}</div>`;
}

const AMOUNT = /^(-?\d+(?:\.\d+)?)([a-zA-Z%µ]*)$/;

/** What stands behind a number; undefined where there is none. */
function unitOf(text: string): string | undefined {
  return AMOUNT.exec(text)?.[2];
}

function amount(text: string): number {
  return Number(AMOUNT.exec(text)?.[1] ?? NaN);
}
