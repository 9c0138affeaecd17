// A series that is kept apart from the totals because a threshold, or the summary, asks for it: a metric with a selector.

import { type MetricName, metricSpec, type MetricType } from "../objectives/metrics.ts";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import type { Instrument } from "./instrument.ts";
import type { Matcher } from "./matcher.ts";
import { Rate } from "./rate.ts";
import { Trend } from "./trend.ts";

export interface Watch {
  /** As written: `http_req_duration{service:web}`. */
  readonly text: string;
  readonly metric: MetricName;
  readonly matcher: Matcher;
  readonly instrument: Instrument;
}

/** What makes a metric's samples. */
export type SampleSource = "journey" | "request" | "call" | "iteration" | "dropped" | "vus" | "station";

export const SAMPLE_SOURCE: Readonly<Record<MetricName, SampleSource>> = {
  http_reqs: "journey",
  http_req_duration: "journey",
  http_req_waiting: "journey",
  http_req_failed: "journey",
  goodput: "journey",
  iterations: "iteration",
  iteration_duration: "iteration",
  dropped_iterations: "dropped",
  vus: "vus",
  vus_max: "vus",
  service_requests: "request",
  service_req_duration: "request",
  service_queue_wait: "request",
  service_errors: "request",
  service_queue_length: "station",
  service_utilization: "station",
  retries: "call",
  timeouts: "call",
  refused: "request",
  abandoned: "request",
};

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
