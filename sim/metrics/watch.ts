// A series that is kept apart from the totals because a threshold, or the summary, asks for it: a metric with a selector.

import { type MetricName, metricSpec, type MetricType } from "../objectives/metrics.ts";
import type { SampleRule } from "../plan/samples.ts";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import type { Instrument } from "./instrument.ts";
import type { Matcher } from "./matcher.ts";
import { Rate } from "./rate.ts";
import { Trend } from "./trend.ts";

export interface Watch extends SampleRule {
  /** As written: `http_req_duration{service:web}`. */
  readonly text: string;
  readonly metric: MetricName;
  readonly matcher: Matcher;
  readonly instrument: Instrument;
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
