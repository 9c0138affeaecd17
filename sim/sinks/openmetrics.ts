// Writes a run's metrics as one OpenMetrics file with timestamps, under the names and labels that Prometheus gives what it
// receives over OTLP: `promtool tsdb create-blocks-from openmetrics` makes a data base of it.
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md

import type { Attributes } from "@opentelemetry/api";
import type { Instrument, MetricPoint } from "../telemetry/metric_points.ts";
import type { PointStore } from "./metrics_sink.ts";
import { createFile, type OpenFile, RecordFile } from "./record_file.ts";
import type { Delivery } from "./sink.ts";

/** Attributes of the resource that become labels of every series, besides job and instance. */
const PROMOTED = [
  "service.name",
  "service.namespace",
  "service.version",
  "deployment.environment.name",
  "k8s.namespace.name",
  "k8s.deployment.name",
  "k8s.statefulset.name",
  "k8s.pod.name",
  "k8s.container.name",
  "k8s.node.name",
];
const UNITS: Readonly<Record<string, string>> = { s: "seconds", By: "bytes" };
const encoder = new TextEncoder();

interface Samples {
  readonly labels: string;
  readonly instrument: Instrument;
  readonly startEpochNs: bigint;
  readonly times: number[];
  /** Of a histogram: for each time the sum, then the cumulative count of each bucket. */
  readonly values: number[];
  readonly exemplars: Map<number, string>;
}

export interface OpenMetricsSettings {
  readonly path: string;
  /** Takes a line for the user: the file could not be written. */
  readonly onNotice: (text: string) => void;
  readonly open?: OpenFile;
}

/**
 * All points of a series must stand together, so the file is written when the run has ended; until then its numbers are
 * kept: 8 bytes each, about 100 MB for six hours of ten services.
 */
export class OpenMetricsFile implements PointStore {
  readonly path: string;
  readonly #open: OpenFile;
  readonly #onNotice: (text: string) => void;
  /** By the family's name, then by the labels. */
  readonly #families = new Map<string, Map<string, Samples>>();
  #generated = 0;
  #delivered = 0;

  constructor(settings: OpenMetricsSettings) {
    this.path = settings.path;
    this.#open = settings.open ?? createFile;
    this.#onNotice = settings.onNotice;
  }

  /** Points that say that a series has ended are no samples, and not counted. */
  get delivery(): Delivery {
    const generated = this.#generated, delivered = this.#delivered;
    return { generated, delivered, rejected: 0, pending: generated - delivered };
  }

  add(points: readonly MetricPoint[]): void {
    for (const point of points) if (!Number.isNaN(point.value)) this.#keep(point);
  }

  close(): Promise<void> {
    let file: RecordFile;
    try {
      file = new RecordFile(this.path, this.#open);
    } catch (error) {
      this.#onNotice(`cannot write ${this.path}: ${error instanceof Error ? error.message : error}`);
      return Promise.resolve();
    }
    const write = (text: string): boolean => {
      const bytes = encoder.encode(text);
      return file.append(bytes, [bytes.length]) === 1;
    };
    for (const [family, series] of this.#families) {
      const [{ instrument }] = series.values() as Iterable<Samples> as unknown as [Samples];
      write(headOf(family, instrument));
      for (const samples of series.values()) {
        let whole = true;
        for (const text of textsOf(family, samples)) whole = write(text) && whole;
        if (whole) this.#delivered += samples.times.length;
      }
    }
    write("# EOF\n");
    file.close();
    if (file.error !== undefined) this.#onNotice(`cannot go on writing ${this.path}: ${file.error.message}`);
    return Promise.resolve();
  }

  #keep(point: MetricPoint): void {
    const { instrument, resource, attributes } = point.series;
    const family = familyName(instrument);
    let series = this.#families.get(family);
    if (series === undefined) this.#families.set(family, series = new Map());
    const labels = [...labelsOf(resource, attributes)].map(([key, value]) => `${key}="${escaped(value)}"`).join(",");
    let samples = series.get(labels);
    if (samples === undefined) {
      series.set(
        labels,
        samples = { labels, instrument, startEpochNs: point.startEpochNs, times: [], values: [], exemplars: new Map() },
      );
    }
    this.#generated++;
    samples.times.push(point.time);
    const { histogram } = point;
    if (histogram === undefined) {
      samples.values.push(point.value);
      return;
    }
    for (const { value, time, traceId, spanId } of histogram.exemplars) {
      const bucket = instrument.bounds.findIndex((bound) => value <= bound);
      const at = samples.values.length + 1 + (bucket === -1 ? instrument.bounds.length : bucket);
      samples.exemplars.set(
        at,
        ` # {trace_id="${traceId}",span_id="${spanId}"} ${value} ${epochText(point.startEpochNs, time)}`,
      );
    }
    samples.values.push(histogram.sum);
    let total = 0;
    for (const count of histogram.buckets) samples.values.push(total += count);
  }
}

/** A metric's name as Prometheus has it, without what a counter or a histogram appends. */
export function familyName({ name, unit, type }: Pick<Instrument, "name" | "unit" | "type">): string {
  let text = name.replace(/[^A-Za-z0-9_:]/g, "_");
  const suffix = UNITS[unit];
  if (suffix !== undefined && !text.endsWith(`_${suffix}`)) text += `_${suffix}`;
  return type === "counter" ? text.replace(/_total$/, "") : text;
}

function headOf(family: string, { type, unit, description }: Instrument): string {
  const kind = type === "updown" ? "gauge" : type;
  const unitLine = UNITS[unit] === undefined ? "" : `# UNIT ${family} ${UNITS[unit]}\n`;
  return `# TYPE ${family} ${kind}\n${unitLine}# HELP ${family} ${escaped(description)}\n`;
}

/** The lines of a series, a text for each of its times. */
function* textsOf(family: string, { labels, instrument, startEpochNs, times, values, exemplars }: Samples) {
  const { type, bounds } = instrument;
  const suffix = type === "counter" ? "_total" : "";
  const les = [...bounds.map((bound) => Number.isInteger(bound) ? `${bound}.0` : String(bound)), "+Inf"];
  for (const [i, time] of times.entries()) {
    const at = epochText(startEpochNs, time);
    if (type !== "histogram") {
      yield `${family}${suffix}{${labels}} ${values[i]} ${at}\n`;
      continue;
    }
    const from = i * (les.length + 1);
    let text = "";
    for (const [bucket, le] of les.entries()) {
      const index = from + 1 + bucket;
      text += `${family}_bucket{${labels},le="${le}"} ${values[index]} ${at}${exemplars.get(index) ?? ""}\n`;
    }
    yield `${text}${family}_count{${labels}} ${values[from + les.length]} ${at}\n${family}_sum{${labels}} ${
      values[from]
    } ${at}\n`;
  }
}

/** A series' labels in Prometheus: job and instance as it derives them, then what the resource and the point say. */
export function labelsOf(resource: Attributes, attributes: Attributes): Map<string, string> {
  const namespace = resource["service.namespace"], name = resource["service.name"];
  const labels = new Map<string, string>([
    ["job", namespace === undefined ? String(name) : `${namespace}/${name}`],
    ["instance", String(resource["service.instance.id"])],
  ]);
  for (const key of PROMOTED) if (resource[key] !== undefined) labels.set(labelName(key), String(resource[key]));
  for (const [key, value] of Object.entries(attributes)) labels.set(labelName(key), String(value));
  return labels;
}

function labelName(key: string): string {
  return key.replace(/[^A-Za-z0-9_]/g, "_");
}

function escaped(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
}

/** Seconds since the Unix epoch, exact to the millisecond, which is what Prometheus keeps. */
function epochText(startEpochNs: bigint, time: number): string {
  const ms = (startEpochNs + BigInt(time)) / 1_000_000n;
  return `${ms / 1000n}.${String(ms % 1000n).padStart(3, "0")}`;
}
