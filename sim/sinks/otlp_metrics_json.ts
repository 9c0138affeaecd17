// Data points as OTLP JSON. OpenTelemetry's own serializer writes no exemplars (otlp-transformer 0.223.1), so this is ours:
// opentelemetry-proto 1.x, metrics/v1/metrics.proto.

import type { Attributes } from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { Instrument, MetricPoint } from "../telemetry/metric_points.ts";
import { SCHEMA_URL } from "../telemetry/conventions.ts";

const CUMULATIVE = 2;
/** DataPointFlags: the value is missing, since the process has ended. Prometheus makes a staleness marker of it. */
const NO_RECORDED_VALUE = 1;

type Json = Readonly<Record<string, unknown>>;

/** An ExportMetricsServiceRequest of these points, in their order. */
export function metricsRequest(points: readonly MetricPoint[]): Json {
  const resources = new Map<Attributes, Map<string, { scope: InstrumentationScope; metrics: Map<string, Metric> }>>();
  for (const point of points) {
    const { resource, scope, instrument } = point.series;
    let scopes = resources.get(resource);
    if (scopes === undefined) resources.set(resource, scopes = new Map());
    const scopeKey = `${scope.name} ${scope.version ?? ""}`;
    let entry = scopes.get(scopeKey);
    if (entry === undefined) scopes.set(scopeKey, entry = { scope, metrics: new Map() });
    let metric = entry.metrics.get(instrument.name);
    if (metric === undefined) entry.metrics.set(instrument.name, metric = { instrument, points: [] });
    metric.points.push(point);
  }
  return {
    resourceMetrics: [...resources].map(([resource, scopes]) => ({
      resource: { attributes: attributesJson(resource) },
      scopeMetrics: [...scopes.values()].map(({ scope, metrics }) => ({
        scope: { name: scope.name, ...(scope.version === undefined ? {} : { version: scope.version }) },
        metrics: [...metrics.values()].map(metricJson),
        schemaUrl: SCHEMA_URL,
      })),
      schemaUrl: SCHEMA_URL,
    })),
  };
}

interface Metric {
  readonly instrument: Instrument;
  readonly points: MetricPoint[];
}

function metricJson({ instrument, points }: Metric): Json {
  const { name, unit, description, type } = instrument;
  const head = { name, unit, description };
  if (type === "histogram") {
    return { ...head, histogram: { aggregationTemporality: CUMULATIVE, dataPoints: points.map(histogramJson) } };
  }
  const dataPoints = points.map(numberJson);
  if (type === "gauge") return { ...head, gauge: { dataPoints } };
  return { ...head, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: type === "counter", dataPoints } };
}

function numberJson(point: MetricPoint): Json {
  const value = Number.isNaN(point.value) ? { flags: NO_RECORDED_VALUE } : { asDouble: point.value };
  return { ...headJson(point), ...value };
}

function histogramJson(point: MetricPoint): Json {
  const { histogram } = point;
  const explicitBounds = point.series.instrument.bounds;
  if (histogram === undefined) {
    return {
      ...headJson(point),
      flags: NO_RECORDED_VALUE,
      count: "0",
      bucketCounts: new Array(explicitBounds.length + 1).fill("0"),
      explicitBounds,
    };
  }
  return {
    ...headJson(point),
    count: String(histogram.count),
    sum: histogram.sum,
    bucketCounts: Array.from(histogram.buckets, String),
    explicitBounds,
    exemplars: histogram.exemplars.map(({ value, time, traceId, spanId }) => ({
      timeUnixNano: String(point.startEpochNs + BigInt(time)),
      asDouble: value,
      traceId,
      spanId,
    })),
  };
}

function headJson(point: MetricPoint): Json {
  return {
    attributes: attributesJson(point.series.attributes),
    startTimeUnixNano: String(point.startEpochNs + BigInt(point.start)),
    timeUnixNano: String(point.startEpochNs + BigInt(point.time)),
  };
}

function attributesJson(attributes: Attributes): Json[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueJson(value) }));
}

function valueJson(value: Attributes[string]): Json {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { stringValue: String(value) };
}
