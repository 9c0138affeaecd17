// Whether thresholds hold.

import type { Nanos } from "../base/time.ts";
import { compares } from "../base/comparison.ts";
import type { Threshold } from "../objectives/threshold.ts";

/** What a threshold compares. */
export interface Seen {
  /** Undefined without samples. */
  readonly value: number | undefined;
  /** Why there is none: `no samples`. */
  readonly why?: string;
  /** With a window: the value is the worst one's, which ended at this time. */
  readonly windowEnd?: Nanos;
}

export interface ThresholdResult {
  readonly threshold: Threshold;
  /** What was compared, with a window the worst value; undefined without samples. */
  readonly value: number | undefined;
  /** False without samples. */
  readonly ok: boolean;
  /** Why it fails where the value does not say it: `no samples`. */
  readonly why: string | undefined;
  /** With a window: when the worst one ended. */
  readonly windowEnd: Nanos | undefined;
}

export interface Evaluation {
  readonly results: readonly ThresholdResult[];
  /** All of them hold. */
  readonly ok: boolean;
  /** The first that has failed and wants the run to end now. One without samples waits for them. */
  readonly abort: ThresholdResult | undefined;
}

/** Evaluates thresholds, each with what it looks at, at a time since the run's start. */
export function evaluateThresholds(
  watched: readonly { readonly threshold: Threshold; seen(now: Nanos): Seen }[],
  now: Nanos,
): Evaluation {
  const results = watched.map((each): ThresholdResult => {
    const { threshold } = each;
    const { value, why, windowEnd } = each.seen(now);
    const ok = value !== undefined && compares(value, threshold.comparison, threshold.value);
    return { threshold, value, ok, why, windowEnd };
  });
  const abort = results.find(({ ok, value, threshold }) =>
    !ok && value !== undefined && threshold.abortOnFail && now >= threshold.delayAbortEval
  );
  return { results, ok: results.every((result) => result.ok), abort };
}

/** Whether a value is further on the wrong side of a threshold's bound, or less far on the right one, than another. */
export function isWorse(
  value: number,
  other: number,
  { comparison, value: bound }: Pick<Threshold, "comparison" | "value">,
): boolean {
  switch (comparison) {
    case "<":
    case "<=":
      return value > other;
    case ">":
    case ">=":
      return value < other;
    case "==":
    case "===":
      return Math.abs(value - bound) > Math.abs(other - bound);
    case "!=":
      return Math.abs(value - bound) < Math.abs(other - bound);
  }
}
