// One run of a sweep: a scenario's text to the few numbers that a table shows.

import { isMetricName, metricSpec, type MetricType } from "../objectives/metrics.ts";
import { thresholdText } from "../objectives/threshold.ts";
import type { Series } from "../metrics/report.ts";
import { compileScenario } from "../scenario/compile.ts";
import { loadScenario } from "../scenario/load.ts";
import { statisticsOf } from "../report/statistics.ts";
import { simulate } from "./simulated.ts";

/** What a worker is sent. */
export interface SweepJob {
  readonly index: number;
  /** The whole scenario: nothing is read from files. */
  readonly document: string;
  readonly env: readonly (readonly [string, string])[];
  /** Metrics beside the usual ones. */
  readonly metrics: readonly MetricColumn[];
}

/** A metric with a selector, and the statistic of it that is asked for. */
export interface MetricColumn {
  readonly metric: string;
  readonly statistic: string;
}

export interface SweepResult {
  readonly index: number;
  /** By the columns' titles; null without samples. Times in milliseconds. */
  readonly values: { readonly [column: string]: number | null };
  /** The thresholds that failed. */
  readonly failed: readonly string[];
  readonly thresholds: number;
  readonly ended: string;
  /** Why there are no values. */
  readonly error?: string;
}

export const USUAL_METRICS: readonly MetricColumn[] = [
  { metric: "http_reqs", statistic: "rate" },
  { metric: "http_req_failed", statistic: "rate" },
  { metric: "http_req_duration", statistic: "p(50)" },
  { metric: "http_req_duration", statistic: "p(95)" },
  { metric: "http_req_duration", statistic: "p(99)" },
  { metric: "dropped_iterations", statistic: "count" },
];

export function columnTitle({ metric, statistic }: MetricColumn): string {
  return `${metric} ${statistic}`;
}

const STATISTICS: { readonly [type in MetricType]: readonly string[] } = {
  counter: ["count", "rate"],
  gauge: ["value", "min", "max"],
  rate: ["rate", "passes", "fails"],
  trend: ["avg", "min", "med", "max", "p(95)"],
};

/** Reads `metric:statistic`, as in `service_req_duration{service:payment}:p(95)`; a text says what is wrong with it. */
export function parseMetricColumn(text: string): MetricColumn | string {
  const match = /^(.+?):?\s*(rate|count|value|passes|fails|avg|min|med|max|p\(\d+(?:\.\d+)?\))$/.exec(text);
  if (match === null) return "It is a metric and a statistic, as in 'service_req_duration{service:web}:p(95)'.";
  const metric = match[1]!.replace(/:$/, "").trim(), statistic = match[2]!;
  const name = metricNameOf(metric);
  if (!isMetricName(name)) return `No metric is called ${name}.`;
  const known = STATISTICS[metricSpec(name).type];
  const isKnown = known.includes(statistic) || (known.includes("p(95)") && statistic.startsWith("p("));
  return isKnown ? { metric, statistic } : `${name} has ${known.join(", ")}, and no ${statistic}.`;
}

/** A metric's name without its selector. */
export function metricNameOf(metric: string): string {
  return metric.split("{")[0]!.trim();
}

/** Runs a job. Does not throw: what goes wrong stands in the result. */
export async function runJob({ index, document, env, metrics }: SweepJob): Promise<SweepResult> {
  try {
    const { scenario } = loadScenario({ path: "scenario.yaml", text: document, sets: [], env: new Map(env) });
    const { metrics: report, evaluation, ended } = await simulate(compileScenario(scenario));
    const elapsed_s = report.elapsed / 1e9;
    const values: Record<string, number | null> = {};
    for (const column of metrics) {
      const series = report.series.find(({ text }) => text === column.metric);
      values[columnTitle(column)] = valueOf(series, column.statistic, elapsed_s);
    }
    return {
      index,
      values,
      failed: evaluation.results.filter(({ ok }) => !ok).map(({ threshold }) =>
        `${threshold.metricText} ${thresholdText(threshold)}`
      ),
      thresholds: evaluation.results.length,
      ended,
    };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { index, values: {}, failed: [], thresholds: 0, ended: "failed", error: text };
  }
}

function valueOf(series: Series | undefined, statistic: string, elapsed_s: number): number | null {
  if (series === undefined) return null;
  const { instrument } = series;
  // A counter that counted nothing is 0; a trend without samples has no value.
  return statisticsOf(instrument, elapsed_s, instrument.type === "trend" ? [statistic] : [])[statistic] ?? null;
}
