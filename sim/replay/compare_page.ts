// A comparison as a page: the tables of the terminal, and the distributions as curves.

import { formatCount, formatMilliseconds, formatNumber, formatRate, formatShare } from "../report/units.ts";
import { isChange } from "./compare_text.ts";
import type { Comparison, Difference, Figures, RequestDifference } from "./comparison.ts";
import { escapeHtml, page, plot } from "./page.ts";

/** Curves of those that changed most; more would not be looked at. */
const PLOTS_MAX = 24;

export function comparePage(comparison: Comparison): string {
  const { a, b, endpoints, services, edges, edgesAlike, requests } = comparison;
  const changed = endpoints.filter(isChange);
  const plotted = [...changed].filter(({ curveA, curveB }) => curveA.length > 0 && curveB.length > 0)
    .sort((x, y) => y.ks - x.ks).slice(0, PLOTS_MAX);
  const body = [
    "<h1>Comparison</h1>",
    `<p><b class="a">A</b> ${escapeHtml(a.name)} <span class="soft">${formatNumber(a.length_s)} s</span></p>`,
    `<p><b class="b">B</b> ${escapeHtml(b.name)} <span class="soft">${formatNumber(b.length_s)} s</span></p>`,
    section("Thresholds", thresholdTable(comparison)),
    section("Services", differenceTable(services)),
    section(
      "Distributions that changed",
      plotted.length === 0 ? "" : `<div class="plots">${plotted.map(distributionPlot).join("")}</div>`,
    ),
    section("Endpoints", differenceTable(endpoints)),
    section(
      "Calls for each request",
      (edges.length === 0
        ? ""
        : `<div class="scroll"><table><tr><th>call</th><th class="a">A</th><th class="b">B</th></tr>${
          edges.map(({ caller, callee, a, b }) =>
            `<tr><td>${escapeHtml(`${caller} → ${callee}`)}</td><td>${callsText(a)}</td><td>${callsText(b)}</td></tr>`
          ).join("")
        }</table></div>`) + `<p class="soft">${edgesAlike} calls are alike</p>`,
    ),
    section("Request by request", requests === undefined ? "" : requests.map(requestText).join("")),
  ];
  return page(`${a.name} and ${b.name}`, body.join("\n"));
}

function section(title: string, body: string): string {
  return body === "" ? "" : `<h2>${title}</h2>\n${body}`;
}

function thresholdTable({ thresholds }: Comparison): string {
  if (thresholds.length === 0) return "";
  const cell = (side: { ok: boolean; value: number | undefined } | undefined): string =>
    side === undefined
      ? `<td class="soft">not there</td>`
      : `<td class="${side.ok ? "good" : "bad"}">${side.ok ? "✓" : "✗"} ${
        side.value === undefined ? "–" : formatNumber(side.value)
      }</td>`;
  return `<div class="scroll"><table><tr><th>threshold</th><th class="a">A</th><th class="b">B</th></tr>${
    thresholds.map(({ metric, text, a, b }) =>
      `<tr><td>${escapeHtml(metric)} <code>${escapeHtml(text)}</code></td>${cell(a)}${cell(b)}</tr>`
    ).join("")
  }</table></div>`;
}

function differenceTable(differences: readonly Difference[]): string {
  const titles = ["", "", "requests", "rate", "errors", "p50", "p95", "p99", "KS distance"];
  const cells = (side: Figures | undefined, other: Figures | undefined): string => {
    if (side === undefined) return "<td>–</td>".repeat(6);
    const tint = (here: number, there: number | undefined): string =>
      there === undefined || Math.abs(here - there) <= 0.05 * Math.max(here, there)
        ? ""
        : ` class="${here > there ? "bad" : "good"}"`;
    return `<td>${formatCount(side.requests)}</td><td>${formatRate(side.rate)}</td>` +
      `<td${tint(side.errors, other?.errors)}>${formatShare(side.errors)}</td>` +
      (["p50", "p95", "p99"] as const).map((name) =>
        `<td${tint(side[name], other?.[name])}>${formatMilliseconds(side[name])}</td>`
      ).join("");
  };
  const rows = differences.map((each) => {
    const name = escapeHtml(each.endpoint === undefined ? each.service : `${each.service}.${each.endpoint}`);
    const ks = Number.isNaN(each.ks) ? "–" : each.ks.toFixed(3) + (each.significant ? " *" : "");
    return `<tr class="first"><td>${name}</td><td class="a">A</td>${cells(each.a, undefined)}<td></td></tr>` +
      `<tr><td></td><td class="b">B</td>${cells(each.b, each.a)}<td>${ks}</td></tr>`;
  });
  return `<div class="scroll"><table><tr>${titles.map((title) => `<th>${title}</th>`).join("")}</tr>${
    rows.join("")
  }</table></div><p class="soft">* no chance: less than one in 1,000 by Kolmogorov and Smirnov</p>`;
}

function distributionPlot({ service, endpoint, ks, curveA, curveB }: Difference): string {
  const points = (curve: readonly number[]) => curve.map((ms, i): [number, number] => [ms, i / (curve.length - 1)]);
  return `<figure><figcaption>${escapeHtml(`${service}.${endpoint}`)} <span class="soft">KS ${ks.toFixed(3)}</span>` +
    `</figcaption>${
      plot({
        curves: [{ className: "a", points: points(curveA) }, { className: "b", points: points(curveB) }],
        logX: true,
        xLabel: (value) => formatMilliseconds(value),
        yLabel: (value) => `${value * 100} %`,
        yTicks: [0, 0.5, 0.9, 1],
      })
    }</figure>`;
}

function callsText(calls: number | undefined): string {
  return calls === undefined ? "–" : formatNumber(calls);
}

function requestText(each: RequestDifference): string {
  const { matched, same, faster, slower, fixed, broken, onlyA, onlyB, firstDifference_s } = each;
  const first = Number.isNaN(firstDifference_s) ? "" : `<p>Alike up to ${formatNumber(firstDifference_s, 4)} s.</p>`;
  const traces = each.furthest.map(({ traceA, traceB, a_ms, b_ms }) =>
    `<tr><td><code>${traceA}</code></td><td><code>${traceB}</code></td><td>${formatMilliseconds(a_ms)}</td><td>${
      formatMilliseconds(b_ms)
    }</td></tr>`
  ).join("");
  return `<h3>${escapeHtml(each.endpoint)}</h3><p>${formatCount(matched)} in both: ${formatCount(same)} the same, ${
    formatCount(faster)
  } faster, ${formatCount(slower)} slower; ${formatCount(fixed)} fail in A only, ${formatCount(broken)} in B only.` +
    (onlyA + onlyB > 0 ? ` ${formatCount(onlyA)} in A only, ${formatCount(onlyB)} in B only.` : "") + `</p>${first}` +
    (traces === ""
      ? ""
      : `<div class="scroll"><table><tr><th>trace in A</th><th>trace in B</th><th>A</th><th>B</th></tr>${traces}</table></div>`);
}
