// Whether thresholds hold.

import type { Nanos } from "../base/time.ts";
import type { Comparison, Threshold } from "../objectives/threshold.ts";
import type { Instrument } from "./instrument.ts";

export interface ThresholdResult {
  readonly threshold: Threshold;
  /** What was compared; undefined without samples. */
  readonly value: number | undefined;
  /** False without samples. */
  readonly ok: boolean;
  /** Why it fails where the value does not say it: `no samples`. */
  readonly why: string | undefined;
}

export interface Evaluation {
  readonly results: readonly ThresholdResult[];
  /** All of them hold. */
  readonly ok: boolean;
  /** The first that has failed and wants the run to end now. One without samples waits for them. */
  readonly abort: ThresholdResult | undefined;
}

/** Evaluates thresholds, each with the instrument of its metric, at a time since the run's start. */
export function evaluateThresholds(
  watched: readonly { readonly threshold: Threshold; readonly instrument: Instrument }[],
  now: Nanos,
): Evaluation {
  const results = watched.map(({ threshold, instrument }): ThresholdResult => {
    const value = instrument.aggregate(threshold.aggregation, now / 1e9);
    if (value === undefined) return { threshold, value, ok: false, why: "no samples" };
    return { threshold, value, ok: holds(value, threshold.comparison, threshold.value), why: undefined };
  });
  const abort = results.find(({ ok, value, threshold }) =>
    !ok && value !== undefined && threshold.abortOnFail && now >= threshold.delayAbortEval
  );
  return { results, ok: results.every((result) => result.ok), abort };
}

function holds(seen: number, comparison: Comparison, value: number): boolean {
  switch (comparison) {
    case "<":
      return seen < value;
    case "<=":
      return seen <= value;
    case ">":
      return seen > value;
    case ">=":
      return seen >= value;
    case "==":
    case "===":
      return seen === value;
    case "!=":
      return seen !== value;
  }
}
