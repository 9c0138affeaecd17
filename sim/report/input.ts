// What the summaries of a run are made from.

import type { Evaluation } from "../metrics/evaluation.ts";
import type { MetricsReport } from "../metrics/report.ts";
import type { ExperimentInput } from "./verdict.ts";

/** What became of the spans, or the log lines, that a run generated: generated = delivered + rejected + pending. */
export interface Account {
  readonly generated: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly pending: number;
  /** What got lost before that, by a fault. */
  readonly lost?: number;
}

export interface RunInfo {
  readonly id: string;
  /** The scenario's name. */
  readonly name: string;
  readonly seed: number;
  /** Simulated start, in RFC 3339. */
  readonly start: string;
  /** Of Squall. */
  readonly version: string;
  readonly scenarioHash: string;
  /** `aborted`: by a threshold with abortOnFail, or because the simulation could not go on; `interrupted`: by a signal. */
  readonly ended: "completed" | "aborted" | "interrupted";
  /** Why the simulation could not go on. */
  readonly reason?: string;
}

export interface SummaryInput {
  readonly run: RunInfo;
  /** At the run's end. */
  readonly metrics: MetricsReport;
  readonly evaluation: Evaluation;
  /** Undefined without faults, and without a hypothesis. */
  readonly experiment?: ExperimentInput | undefined;
  /** `metrics` (data points) and `points` where there are any. */
  readonly delivery: {
    readonly spans: Account;
    readonly logs: Account;
    readonly metrics?: Account | undefined;
    readonly points?: Account | undefined;
  };
  /** Of a trend: `avg`, `min`, `med`, `max`, `count`, `p(N)`. */
  readonly trendStats?: readonly string[];
}

/** How much the summary says: the totals, or each scenario and endpoint as well, or nothing. */
export const SUMMARY_MODES = ["compact", "full", "disabled"] as const;
export type SummaryMode = (typeof SUMMARY_MODES)[number];

/** k6's default. */
export const TREND_STATS: readonly string[] = ["avg", "min", "med", "max", "p(90)", "p(95)"];
