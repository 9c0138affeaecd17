// A comparison on a terminal: what changed first, what stayed alike in one line.

import { visible } from "../base/diagnostics.ts";
import { padEnd, type Paint, paintFor, tableLines } from "../report/terminal.ts";
import { formatCount, formatMilliseconds, formatNumber, formatRate, formatShare } from "../report/units.ts";
import type { Comparison, Difference, EdgeDifference, Figures, RequestDifference } from "./comparison.ts";

export interface CompareTextOptions {
  readonly columns: number;
  readonly color: boolean;
  /** Also what is alike. */
  readonly all: boolean;
}

/** A share of errors that differs by less than this is alike. */
const ERRORS_ALIKE = 0.002;
/** Rates that differ by less than this share are alike. */
const RATE_ALIKE = 0.05;

/** Whether a difference is worth a reader's time. */
export function isChange({ a, b, ks, significant }: Difference): boolean {
  if (a === undefined || b === undefined) return true;
  return (significant && ks >= 0.02) || Math.abs(a.errors - b.errors) > ERRORS_ALIKE ||
    Math.abs(a.rate - b.rate) > RATE_ALIKE * Math.max(a.rate, b.rate);
}

/** The comparison, ending with a newline. */
export function compareText(comparison: Comparison, { columns, color, all }: CompareTextOptions): string {
  const paint = paintFor(color);
  const { a, b, thresholds, requests } = comparison;
  const lines = [
    `  A  ${visible(a.name)}, ${formatNumber(a.length_s)} s`,
    `  B  ${visible(b.name)}, ${formatNumber(b.length_s)} s`,
    "",
  ];
  const block = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push(`  █ ${paint.bold(title)}`, "", ...body, "");
  };
  block("THRESHOLDS", thresholdLines(comparison, paint, all));
  block("SERVICES", differenceLines(comparison.services, columns, paint, true));
  block("ENDPOINTS", differenceLines(comparison.endpoints, columns, paint, all));
  block("CALLS FOR EACH REQUEST", edgeLines(comparison.edges, comparison.edgesAlike, columns, paint));
  if (requests !== undefined) block("REQUEST BY REQUEST", allRequestLines(requests, paint, all));
  if (thresholds.length === 0 && requests === undefined) {
    lines.push("  no thresholds, and no requests that can be paired");
  }
  return lines.join("\n").trimEnd() + "\n";
}

function thresholdLines({ thresholds }: Comparison, paint: Paint, all: boolean): string[] {
  const both = thresholds.filter(({ a, b }) => a !== undefined && b !== undefined);
  const changed = both.filter(({ a, b }) => a!.ok !== b!.ok);
  const shown = all ? thresholds : changed;
  const mark = (side: { ok: boolean; value: number | undefined } | undefined): string =>
    side === undefined
      ? paint.dim("not there")
      : `${side.ok ? paint.green("✓") : paint.red("✗")} ${side.value === undefined ? "–" : formatNumber(side.value)}`;
  const lines = shown.flatMap(({ metric, text, a, b }) => [
    `    ${visible(metric)} '${visible(text)}'`,
    `      A ${mark(a)}   B ${mark(b)}`,
  ]);
  const alike = both.length - changed.length;
  if (!all && alike > 0) {
    const holds = both.filter(({ a, b }) => a!.ok && b!.ok).length;
    lines.push(`    ${alike} on the same side in both: ${holds} hold, ${alike - holds} fail`);
  }
  const single = thresholds.length - both.length;
  if (!all && single > 0) lines.push(`    ${single} in one of the two only`);
  return lines;
}

function differenceLines(differences: readonly Difference[], columns: number, paint: Paint, all: boolean): string[] {
  const shown = differences.filter((each) => all || isChange(each));
  const alike = differences.length - shown.length;
  const rows = shown.flatMap((each) => [
    { each, side: each.a, other: each.b, name: nameOf(each), isB: false },
    { each, side: each.b, other: each.a, name: "", isB: true },
  ]);
  const cell = (of: (side: Figures) => string): string[] => rows.map(({ side }) => side === undefined ? "–" : of(side));
  const worse = (of: (side: Figures) => number) => (text: string, row: number): string => {
    const { side, other, isB } = rows[row]!;
    if (!isB || side === undefined || other === undefined) return text;
    const here = of(side), there = of(other);
    if (Math.abs(here - there) <= 0.05 * Math.max(Math.abs(here), Math.abs(there))) return text;
    return here > there ? paint.red(text) : paint.green(text);
  };
  const table = rows.length === 0 ? [] : tableLines(
    [
      { title: "", cells: rows.map(({ name }) => name), dispensable: 0 },
      { title: "", cells: rows.map(({ isB }) => isB ? "B" : "A"), dispensable: 0 },
      { title: "requests", cells: cell(({ requests }) => formatCount(requests)), dispensable: 2 },
      { title: "rate", cells: cell(({ rate }) => formatRate(rate)), dispensable: 0 },
      {
        title: "errors",
        cells: cell(({ errors }) => formatShare(errors)),
        dispensable: 0,
        paint: worse(({ errors }) => errors),
      },
      {
        title: "p50",
        cells: cell(({ p50 }) => formatMilliseconds(p50)),
        dispensable: 1,
        paint: worse(({ p50 }) => p50),
      },
      {
        title: "p95",
        cells: cell(({ p95 }) => formatMilliseconds(p95)),
        dispensable: 0,
        paint: worse(({ p95 }) => p95),
      },
      {
        title: "p99",
        cells: cell(({ p99 }) => formatMilliseconds(p99)),
        dispensable: 0,
        paint: worse(({ p99 }) => p99),
      },
      {
        title: "KS",
        cells: rows.map(({ each, isB }) => isB ? distanceText(each) : ""),
        dispensable: 0,
        paint: (text, row) => rows[row]!.each.significant ? paint.yellow(text) : text,
      },
    ],
    columns - 4,
    paint,
  ).map((line) => `    ${line}`);
  if (shown.some(({ significant }) => significant)) {
    table.push(`    ${paint.dim("* no chance: less than one in 1,000 by Kolmogorov and Smirnov")}`);
  }
  if (alike > 0) table.push(`    ${alike} ${shown.length === 0 ? "" : "more "}alike`);
  return table;
}

function nameOf({ service, endpoint }: Difference): string {
  return visible(endpoint === undefined ? service : `${service}.${endpoint}`);
}

/** A star where it is no chance. */
function distanceText({ ks, significant }: Difference): string {
  return Number.isNaN(ks) ? "–" : `${ks.toFixed(3)}${significant ? "*" : ""}`;
}

function edgeLines(edges: readonly EdgeDifference[], alike: number, columns: number, paint: Paint): string[] {
  const value = (calls: number | undefined): string => calls === undefined ? "–" : formatNumber(calls);
  const table = edges.length === 0 ? [] : tableLines(
    [
      { title: "", cells: edges.map(({ caller, callee }) => visible(`${caller} → ${callee}`)), dispensable: 0 },
      { title: "A", cells: edges.map(({ a }) => value(a)), dispensable: 0 },
      { title: "B", cells: edges.map(({ b }) => value(b)), dispensable: 0 },
    ],
    columns - 4,
    paint,
  ).map((line) => `    ${line}`);
  if (alike > 0) table.push(`    ${alike} ${edges.length === 0 ? "" : "more "}alike`);
  return table;
}

function allRequestLines(requests: readonly RequestDifference[], paint: Paint, all: boolean): string[] {
  const isSame = ({ matched, same, onlyA, onlyB }: RequestDifference): boolean =>
    same === matched && onlyA + onlyB === 0;
  const shown = requests.filter((each) => all || !isSame(each));
  const lines = shown.flatMap((each) => requestLines(each, paint));
  const rest = requests.filter((each) => !shown.includes(each));
  if (rest.length === 0) return lines;
  const total = rest.reduce((sum, { matched }) => sum + matched, 0);
  return [
    ...lines,
    `    ${shown.length === 0 ? "" : "the same in both: "}${formatCount(total)} requests of ${rest.length} ` +
    `${shown.length === 0 ? "endpoints, the same in both to the nanosecond" : "other endpoints, to the nanosecond"}`,
  ];
}

function requestLines(each: RequestDifference, paint: Paint): string[] {
  const { matched, same, faster, slower, fixed, broken, onlyA, onlyB } = each;
  const lines = [`    ${visible(each.endpoint)}: ${formatCount(matched)} requests in both`];
  const line = (label: string, text: string): void => void lines.push(`      ${padEnd(label, 10)}${text}`);
  const median = Number.isNaN(each.medianChange_ms) ? "" : `, median change ${signed(each.medianChange_ms)}`;
  line(
    "duration",
    `${formatCount(same)} the same, ${formatCount(faster)} faster, ${formatCount(slower)} slower${median}`,
  );
  if (fixed + broken > 0) {
    line(
      "outcome",
      `${paint.green(`${formatCount(fixed)} fail in A only`)}, ${paint.red(`${formatCount(broken)} in B only`)}`,
    );
  }
  if (onlyA + onlyB > 0) line("unpaired", `${formatCount(onlyA)} in A only, ${formatCount(onlyB)} in B only`);
  if (!Number.isNaN(each.firstDifference_s)) {
    line("first", `alike up to ${formatNumber(each.firstDifference_s, 4)} s`);
  }
  for (const { traceA, traceB, a_ms, b_ms } of each.furthest.slice(0, 3)) {
    const ids = traceA === traceB ? traceA : `${traceA} / ${traceB}`;
    line("", `${formatMilliseconds(a_ms)} → ${formatMilliseconds(b_ms)}  ${paint.dim(ids)}`);
  }
  return lines;
}

function signed(ms: number): string {
  return `${ms < 0 ? "−" : "+"}${formatMilliseconds(Math.abs(ms))}`;
}
