// A threshold as the run evaluates it, and the times that it looks at.

import type { Comparison } from "../base/comparison.ts";
import { writeDuration } from "../base/fields.ts";
import { type Nanos, SECOND } from "../base/time.ts";

/** Thresholds are evaluated every two seconds of simulated time, as k6 does, and at the run's end. */
export const EVALUATE_EVERY = (2 * SECOND) as Nanos;

export type Aggregation =
  | { readonly type: "count" | "rate" | "value" | "avg" | "min" | "max" | "med" }
  | { readonly type: "percentile"; readonly percentile: number };

/** A metric with a selector that the summary shows for its own sake: k6's metric with an empty list of thresholds. */
export interface Submetric {
  /** As written: `http_req_duration{service:web}`. */
  readonly metricText: string;
  readonly metric: string;
  readonly tags: ReadonlyMap<string, string>;
}

/** The part of the run whose samples count: those with a time from `from` up to, but not at, `to`. */
export interface Gate {
  /** As a summary says it: `during "payment provider slow"`. */
  readonly text: string;
  readonly from: Nanos;
  /** Infinity: to the end of the run. */
  readonly to: Nanos;
}

export interface Threshold {
  /** Metric with its selector, as written: `http_req_duration{service:web}`. */
  readonly metricText: string;
  readonly metric: string;
  readonly tags: ReadonlyMap<string, string>;
  /** As written: `p(95)<200`. */
  readonly source: string;
  readonly aggregation: Aggregation;
  readonly comparison: Comparison;
  readonly value: number;
  readonly abortOnFail: boolean;
  readonly delayAbortEval: Nanos;
  /**
   * Length of a sliding window, a multiple of EVALUATE_EVERY. Every EVALUATE_EVERY the samples of the last `window` are
   * judged by themselves (a counter's rate over that time, a gauge's last value in it); the threshold holds when it held
   * at every such time whose window lies wholly inside the run and the gate and has samples. Undefined: all samples so
   * far count.
   */
  readonly window: Nanos | undefined;
  /** Undefined: the whole run. */
  readonly gate: Gate | undefined;
}

/** The threshold with its window and its gate: `p(95)<800 over 30s during "payment provider slow"`. */
export function thresholdText({ source, window, gate }: Pick<Threshold, "source" | "window" | "gate">): string {
  const over = window === undefined ? "" : ` over ${writeDuration(window)}`;
  return `${source}${over}${gate === undefined ? "" : ` ${gate.text}`}`;
}
