// The signals of OTLP: what their items are called, how many of them a receiver rejected, and how they are written as JSON.

import { JsonLogsSerializer, JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { MetricPoint } from "../telemetry/metric_points.ts";
import { metricsRequest } from "./otlp_metrics_json.ts";

export interface OtlpSignal<T> {
  /** One item, and several, in messages. */
  readonly noun: string;
  readonly nouns: string;
  /** Of the run, where items go that no collector acknowledged: in messages. */
  readonly file: string;
  /** Of partialSuccess, in an answer. */
  readonly rejectedField: "rejectedSpans" | "rejectedLogRecords" | "rejectedDataPoints";
  /** An export without items, which asks whether anybody takes them. */
  readonly nothing: Uint8Array;
  /** One request in OTLP JSON. */
  serialize(items: T[]): Uint8Array | undefined;
}

const encoder = new TextEncoder();

export const SPANS: OtlpSignal<ReadableSpan> = {
  noun: "span",
  nouns: "spans",
  file: "trace file",
  rejectedField: "rejectedSpans",
  nothing: encoder.encode('{"resourceSpans":[]}'),
  serialize: (items) => JsonTraceSerializer.serializeRequest(items),
};

export const LOG_RECORDS: OtlpSignal<ReadableLogRecord> = {
  noun: "log record",
  nouns: "log records",
  file: "log file",
  rejectedField: "rejectedLogRecords",
  nothing: encoder.encode('{"resourceLogs":[]}'),
  serialize: (items) => JsonLogsSerializer.serializeRequest(items),
};

export const DATA_POINTS: OtlpSignal<MetricPoint> = {
  noun: "data point",
  nouns: "data points",
  file: "metrics file",
  rejectedField: "rejectedDataPoints",
  nothing: encoder.encode('{"resourceMetrics":[]}'),
  serialize: (items) => encoder.encode(JSON.stringify(metricsRequest(items))),
};
