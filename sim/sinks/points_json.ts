// k6's JSON output: a line of JSON that describes a metric before its first point, and a line for each point.
// https://grafana.com/docs/k6/latest/results-output/real-time/json/, and output/json/wrapper.go for the order of members.

import { formatDuration } from "../base/time.ts";
import { type MetricName, metricSpec } from "../objectives/metrics.ts";
import { type Submetric, type Threshold, thresholdText } from "../objectives/threshold.ts";
import type { Plan } from "../plan/plan.ts";
import { writeAscii, writeDecimal, writeFixed } from "../telemetry/byte_writer.ts";
import type { PointFormat, PointTags } from "./points.ts";

/** `2026-11-23T10:00:00` */
const SECOND_BYTES = 19;
const TIME_BYTES = SECOND_BYTES + ".000000000Z".length;
const NS_PER_MS = 1_000_000;
const DOT = 46;
const ZERO = 48;
const ZULU = 90;

/** Lines as k6 writes them. Times are in UTC with nine digits of the second, durations exact to the nanosecond. */
export class JsonPoints implements PointFormat {
  readonly header = "";
  readonly beforeValue = '","value":';
  readonly timeBytesMax = TIME_BYTES;
  readonly #thresholds: readonly Threshold[];
  readonly #submetrics: readonly Submetric[];
  readonly #secondText = new Uint8Array(SECOND_BYTES);
  #secondWritten = NaN;

  constructor(plan: Plan) {
    this.#thresholds = plan.thresholds;
    this.#submetrics = [...plan.thresholds, ...plan.submetrics].filter(({ tags }) => tags.size > 0);
  }

  preamble(metric: MetricName): string {
    const { type, contains } = metricSpec(metric);
    const ofMetric = this.#thresholds.filter((threshold) => threshold.metric === metric);
    const thresholds = ofMetric.filter((threshold) => threshold.tags.size === 0).map(thresholdJson);
    const ofParts = this.#submetrics.filter((each) => each.metric === metric);
    const parts = new Map(ofParts.map((each) => [each.metricText, each]));
    const submetrics = [...parts.values()].map(({ metricText, tags }) => ({
      name: metricText,
      suffix: metricText.slice(metric.length + 1, -1),
      tags: Object.fromEntries(tags),
    }));
    const data = { name: metric, type, contains, thresholds, submetrics: submetrics.length === 0 ? null : submetrics };
    return JSON.stringify({ type: "Metric", data, metric }) + "\n";
  }

  head(metric: MetricName): string {
    return `{"metric":${JSON.stringify(metric)},"type":"Point","data":{"time":"`;
  }

  tail(tags: PointTags): string {
    return `,"tags":${JSON.stringify(Object.fromEntries(tags))}}}\n`;
  }

  writeTime(bytes: Uint8Array, at: number, seconds: number, nanos: number): number {
    if (seconds !== this.#secondWritten) {
      this.#secondWritten = seconds;
      writeAscii(this.#secondText, 0, new Date(seconds * 1000).toISOString().slice(0, SECOND_BYTES));
    }
    bytes.set(this.#secondText, at);
    bytes[at + SECOND_BYTES] = DOT;
    const end = writeFixed(bytes, at + SECOND_BYTES + 1, nanos, 9);
    bytes[end] = ZULU;
    return end + 1;
  }

  writeDuration(bytes: Uint8Array, at: number, duration_ns: number): number {
    const whole = Math.floor(duration_ns / NS_PER_MS);
    const rest = duration_ns - whole * NS_PER_MS;
    let end = writeDecimal(bytes, at, whole);
    if (rest === 0) return end;
    bytes[end] = DOT;
    end = writeFixed(bytes, end + 1, rest, 6);
    while (bytes[end - 1] === ZERO) end--;
    return end;
  }

  writeNumber(bytes: Uint8Array, at: number, value: number): number {
    return Number.isSafeInteger(value) ? writeDecimal(bytes, at, value) : writeAscii(bytes, at, String(value));
  }
}

/** As k6's configuration has it: only a threshold that may abort the run is an object. */
function thresholdJson(threshold: Threshold): unknown {
  const { abortOnFail, delayAbortEval } = threshold;
  if (!abortOnFail) return thresholdText(threshold);
  return {
    threshold: thresholdText(threshold),
    abortOnFail,
    delayAbortEval: delayAbortEval === 0 ? null : formatDuration(delayAbortEval),
  };
}
