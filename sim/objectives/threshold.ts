// A threshold as the run evaluates it.

import type { Nanos } from "../base/time.ts";

export type Aggregation =
  | { readonly type: "count" | "rate" | "value" | "avg" | "min" | "max" | "med" }
  | { readonly type: "percentile"; readonly percentile: number };

export type Comparison = "<" | "<=" | ">" | ">=" | "==" | "===" | "!=";

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
}
