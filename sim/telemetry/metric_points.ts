// Metrics as data points: what an instrument is, whose it is, and one value of it at one time.

import type { Attributes } from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";

/** What is measured, by one of OpenTelemetry's names, cAdvisor's or kube-state-metrics'. */
export interface Instrument {
  readonly name: string;
  /** UCUM; empty where the name says it already. */
  readonly unit: string;
  readonly description: string;
  readonly type: "histogram" | "counter" | "updown" | "gauge";
  /** Of a histogram: upper bounds, inclusive, ascending; one more bucket has no bound. */
  readonly bounds: readonly number[];
}

/** One instrument with one set of attributes, on one resource. */
export interface MetricSeries {
  readonly instrument: Instrument;
  readonly resource: Attributes;
  readonly scope: InstrumentationScope;
  readonly attributes: Attributes;
}

/** A measurement that leads from a point to its trace. */
export interface Exemplar {
  readonly value: number;
  /** Nanoseconds since the run's start. */
  readonly time: number;
  readonly traceId: string;
  readonly spanId: string;
}

/** What a series says at one time. */
export interface MetricPoint {
  readonly series: MetricSeries;
  /** Of the run: nanoseconds since the Unix epoch. */
  readonly startEpochNs: bigint;
  /** Since when it has counted, and when it was read: nanoseconds since the run's start. */
  readonly start: number;
  readonly time: number;
  /** NaN: there is no value any more, since the process has ended. */
  readonly value: number;
  readonly histogram: HistogramValue | undefined;
}

export interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  readonly buckets: Float64Array;
  /** Measured since the last point; at most one a bucket. */
  readonly exemplars: readonly Exemplar[];
}
