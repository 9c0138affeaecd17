// Samples that are kept apart from the totals because a threshold, or the summary, asks for them: those of a metric with a
// selector, or of some part of the run.

import { type MetricName, metricSpec, type MetricType } from "../objectives/metrics.ts";
import type { SampleRule } from "../plan/samples.ts";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import type { Instrument, Sampled } from "./instrument.ts";
import type { Matcher } from "./matcher.ts";
import { Rate } from "./rate.ts";
import { Trend } from "./trend.ts";

export interface Watch extends SampleRule {
  readonly matcher: Matcher;
  readonly into: Sampled;
}

const INSTRUMENTS: { readonly [T in MetricType]: (zeroIsAnAnswer: boolean) => Instrument } = {
  counter: (zeroIsAnAnswer) => new Counter(0, zeroIsAnAnswer),
  gauge: () => new Gauge(),
  rate: () => new Rate(),
  trend: () => new Trend(),
};

/** A new instrument of the metric's type. */
export function instrumentFor(metric: MetricName): Instrument {
  const { type, zeroIsAnAnswer } = metricSpec(metric);
  return INSTRUMENTS[type](zeroIsAnAnswer ?? false);
}
