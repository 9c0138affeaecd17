// The samples that Prometheus should have of a run: by series, when it was read and what it said. Of a histogram it is its
// count; its buckets and its sum come and go with it.

import type { Attributes } from "@opentelemetry/api";
import type { PointStore } from "../../sinks/metrics_sink.ts";
import { familyName, labelsOf } from "../../sinks/openmetrics.ts";
import { type Delivery, NOTHING } from "../../sinks/sink.ts";
import type { Instrument, MetricPoint } from "../../telemetry/metric_points.ts";

export interface ExpectedSeries {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Name and labels in an order of their own. */
  readonly key: string;
  /** Milliseconds since the Unix epoch, ascending. */
  readonly times: number[];
  readonly values: number[];
}

export class SampleTable implements PointStore {
  readonly series = new Map<string, ExpectedSeries>();
  readonly delivery: Delivery = { ...NOTHING };
  readonly #pending: ReadonlySet<string>;

  /** @param pending keys of samples that were never acknowledged */
  constructor(pending: ReadonlySet<string>) {
    this.#pending = pending;
  }

  add(points: readonly MetricPoint[]): void {
    for (const { series: { instrument, resource, attributes }, startEpochNs, time, value } of points) {
      // It says that there is no value any more, which is no sample.
      if (Number.isNaN(value)) continue;
      const at = Number((startEpochNs + BigInt(time)) / 1_000_000n);
      const { name, labels, key } = seriesOf(instrument, resource, attributes);
      if (this.#pending.has(sampleKey(key, at))) continue;
      let series = this.series.get(key);
      if (series === undefined) this.series.set(key, series = { name, labels, key, times: [], values: [] });
      series.times.push(at);
      series.values.push(value);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** @param time milliseconds since the Unix epoch */
export function sampleKey(series: string, time: number): string {
  return `${time} ${series}`;
}

/** The series that Prometheus makes of an instrument with these attributes; of a histogram, that of its count. */
export function seriesOf(
  instrument: Pick<Instrument, "name" | "unit" | "type">,
  resource: Attributes,
  attributes: Attributes,
): Pick<ExpectedSeries, "name" | "labels" | "key"> {
  const labels = labelsOf(resource, attributes);
  const suffix = instrument.type === "histogram" ? "_count" : instrument.type === "counter" ? "_total" : "";
  const name = familyName(instrument) + suffix;
  return { name, labels, key: seriesKey(name, labels) };
}

/** Prometheus has no labels without a value. */
export function seriesKey(name: string, labels: Iterable<readonly [string, string]>): string {
  const pairs = [...labels].filter(([, value]) => value !== "").map(([label, value]) =>
    `${label}=${JSON.stringify(value)}`
  );
  return `${name}{${pairs.sort().join(",")}}`;
}
