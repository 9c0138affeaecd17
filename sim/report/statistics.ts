// The values of a metric under the names that k6 gives them.

import { Counter } from "../metrics/counter.ts";
import { Gauge } from "../metrics/gauge.ts";
import type { Instrument } from "../metrics/instrument.ts";
import { Rate } from "../metrics/rate.ts";
import { Trend } from "../metrics/trend.ts";
import { parseTrendStatistic } from "../objectives/grammar.ts";

/** A number, or null where there was no sample. */
export type Statistics = Record<string, number | null>;

/**
 * The statistics of a trend, in milliseconds.
 * @throws RangeError when one of `names` is no statistic of a trend
 */
export function trendStatistics(trend: Trend, names: readonly string[]): Statistics {
  const statistics: Statistics = {};
  for (const name of names) {
    const aggregation = parseTrendStatistic(name);
    if (aggregation === undefined) throw new RangeError(`"${name}" is no statistic of a trend`);
    statistics[name] = aggregation.type === "count" ? trend.count : finite(trend.aggregate(aggregation));
  }
  return statistics;
}

/** k6's values: counter {count, rate}, rate {rate, passes, fails}, gauge {value, min, max}, trend as asked for. */
export function statisticsOf(instrument: Instrument, elapsed_s: number, trendStats: readonly string[]): Statistics {
  if (instrument instanceof Trend) return trendStatistics(instrument, trendStats);
  if (instrument instanceof Counter) return { count: instrument.count, rate: instrument.rate(elapsed_s) };
  if (instrument instanceof Rate) {
    return { rate: instrument.rate, passes: instrument.passes, fails: instrument.total - instrument.passes };
  }
  if (instrument instanceof Gauge) {
    return { value: finite(instrument.value), min: finite(instrument.min), max: finite(instrument.max) };
  }
  throw new TypeError(`There are no statistics of a ${instrument.type}`);
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}
