// summary.json: k6's handleSummary shape, and what only a simulation knows: the run, its services, the account.

import { createHash } from "node:crypto";
import type { CheckStats } from "../metrics/check_totals.ts";
import type { RequestStats, ServiceStats } from "../metrics/report.ts";
import { metricSpec } from "../objectives/metrics.ts";
import { thresholdText } from "../objectives/threshold.ts";
import { type SummaryInput, TREND_STATS } from "./input.ts";
import { verdictJson } from "./verdict.ts";
import { type Statistics, statisticsOf, trendStatistics } from "./statistics.ts";

/** For every service, whatever `trendStats` says. */
const SERVICE_STATS = ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"];

/** k6's group without a name; the id of a group and of a check is the MD5 of its path. */
function rootGroup(checks: readonly CheckStats[]): Record<string, unknown> {
  const idOf = (path: string): string => createHash("md5").update(path).digest("hex");
  return {
    name: "",
    path: "",
    id: idOf(""),
    groups: [],
    checks: checks.map(({ name, passes, fails }) => {
      const path = `::${name}`;
      return { name, path, id: idOf(path), passes, fails };
    }),
  };
}

/** Where the summary's text goes, for k6's `state` and `options`. */
export interface Terminals {
  readonly isStdOutTTY: boolean;
  readonly isStdErrTTY: boolean;
  readonly noColor: boolean;
}

/**
 * The summary as plain data. Metrics without samples are left out, as in k6, unless a threshold is on them; a trend's
 * and a gauge's values are null then.
 */
export function summaryJson(input: SummaryInput, terminals: Terminals): Record<string, unknown> {
  const { run, metrics, delivery } = input;
  const trendStats = input.trendStats ?? TREND_STATS;
  const elapsed_s = metrics.elapsed / 1e9;
  const complete = metrics.workloads.reduce((total, each) => total + each.complete, 0);
  const interrupted = metrics.workloads.reduce((total, each) => total + each.interrupted, 0);
  const { ended, reason, ...identity } = run;
  return {
    root_group: rootGroup(metrics.checks),
    options: { summaryTrendStats: trendStats, summaryTimeUnit: "", noColor: terminals.noColor },
    state: {
      isStdOutTTY: terminals.isStdOutTTY,
      isStdErrTTY: terminals.isStdErrTTY,
      testRunDurationMs: metrics.elapsed / 1e6,
    },
    metrics: metricsJson(input, elapsed_s, trendStats),
    run: {
      ...identity,
      ended,
      ...(reason === undefined ? {} : { reason }),
      started: complete + interrupted,
      interrupted,
    },
    services: Object.fromEntries(metrics.services.map((service) => [service.name, serviceJson(service, elapsed_s)])),
    ...(input.experiment === undefined ? {} : verdictJson(input.experiment)),
    delivery: {
      spans: { ...delivery.spans },
      logs: { ...delivery.logs },
      ...(delivery.metrics === undefined ? {} : { metrics: { ...delivery.metrics } }),
      ...(delivery.points === undefined ? {} : { points: { ...delivery.points } }),
    },
  };
}

interface MetricJson {
  readonly type: string;
  readonly contains: string;
  readonly values: Statistics;
  readonly thresholds?: Record<string, { readonly ok: boolean; readonly why?: string }>;
}

function metricsJson(
  { metrics, evaluation }: SummaryInput,
  elapsed_s: number,
  trendStats: readonly string[],
): Record<string, MetricJson> {
  const all: Record<string, MetricJson> = {};
  for (const { text, metric, instrument } of metrics.series) {
    const results = evaluation.results.filter((result) => result.threshold.metricText === text);
    if (instrument.empty && results.length === 0) continue;
    const { type, contains } = metricSpec(metric);
    const values = statisticsOf(instrument, elapsed_s, trendStats);
    all[text] = results.length === 0 ? { type, contains, values } : {
      type,
      contains,
      values,
      thresholds: Object.fromEntries(
        results.map(({ threshold, ok, why }) => [thresholdText(threshold), why === undefined ? { ok } : { ok, why }]),
      ),
    };
  }
  return all;
}

function serviceJson(service: ServiceStats, elapsed_s: number): Record<string, unknown> {
  return {
    kind: service.kind,
    ...requestJson(service, elapsed_s),
    retries: service.retries,
    timeouts: service.timeouts,
    utilization: service.utilization,
    ...Object.fromEntries(
      [...service.state ?? []].map((
        [metric, instrument],
      ) => [metric, statisticsOf(instrument, elapsed_s, SERVICE_STATS)]),
    ),
    endpoints: Object.fromEntries(service.endpoints.map((each) => [each.name, requestJson(each, elapsed_s)])),
  };
}

/** Throughput: accepted requests finished, a second of the run. */
function requestJson(stats: RequestStats, elapsed_s: number): Record<string, unknown> {
  return {
    requests: stats.requests,
    throughput: elapsed_s > 0 ? (stats.requests - stats.refused) / elapsed_s : 0,
    errors: stats.errors,
    refused: stats.refused,
    refusals: {
      queueFull: stats.refused - stats.expired - stats.rateLimited - stats.shed - stats.tooLate,
      queueTimeout: stats.expired,
      rateLimit: stats.rateLimited,
      shed: stats.shed,
      deadline: stats.tooLate,
    },
    abandoned: stats.abandoned,
    interrupted: stats.interrupted,
    service_req_duration: trendStatistics(stats.duration, SERVICE_STATS),
    service_queue_wait: trendStatistics(stats.wait, SERVICE_STATS),
  };
}
