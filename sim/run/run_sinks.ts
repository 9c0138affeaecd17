// Where a run's log lines and spans go: which sinks there are, and the account of all of them.

import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { basename, join } from "node:path";
import type { FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import type { Nanos } from "../base/time.ts";
import { LogFiles } from "../sinks/log_files.ts";
import { MetricsSink, OtlpPoints, type PointStore } from "../sinks/metrics_sink.ts";
import { OpenMetricsFile } from "../sinks/openmetrics.ts";
import { OtlpDelivery } from "../sinks/otlp_delivery.ts";
import { OtlpFile } from "../sinks/otlp_file.ts";
import { type OtlpOptions, shownUrl } from "../sinks/otlp_options.ts";
import { DATA_POINTS, LOG_RECORDS, SPANS } from "../sinks/otlp_signal.ts";
import { OtlpSink } from "../sinks/otlp_sink.ts";
import type { OpenOutput } from "../sinks/outputs.ts";
import { PointsFile } from "../sinks/points_file.ts";
import { type Delivery, lostOf, type Sink } from "../sinks/sink.ts";
import { TraceFileSink } from "../sinks/trace_file.ts";
import type { RunIdentity } from "../telemetry/identity.ts";
import { LogRecordBuilder } from "../telemetry/log_records.ts";
import { SpanBuilder } from "../telemetry/spans.ts";
import type { Destination, Manifest } from "./manifest.ts";
import { RUN_FILES, RunFilesError } from "./run_files.ts";
import { traceDestination, type TraceMode } from "./trace_destination.ts";

/** Files, one a service, or the collector (Loki takes OTLP itself). */
export const LOG_DESTINATIONS = ["files", "otlp"] as const;
export type LogDestination = (typeof LOG_DESTINATIONS)[number];

export const METRIC_MODES = ["otlp", "file", "none"] as const;
export type MetricMode = (typeof METRIC_MODES)[number];

/** Metrics, and logs that go to a collector. */
export interface SignalSettings {
  readonly logsTo: LogDestination;
  readonly logsOtlp: OtlpOptions;
  readonly metrics: MetricMode;
  readonly metricsInterval: Nanos;
  readonly metricsOtlp: OtlpOptions;
}

export interface RunSinksSettings extends SignalSettings {
  readonly plan: Plan;
  readonly identity: RunIdentity;
  readonly runId: string;
  /** Undefined: no log files. */
  readonly logsFolder: string | undefined;
  readonly runFolder: string;
  readonly traces: TraceMode;
  readonly otlp: OtlpOptions;
  /** Of `--out`. */
  readonly outputs: readonly OpenOutput[];
  readonly onNotice: (text: string) => void;
  /** A path as the user would write it. */
  readonly showPath: (path: string) => string;
}

const NOTHING: Delivery = { generated: 0, delivered: 0, rejected: 0, pending: 0 };

export interface RunDelivery {
  readonly spans: Readonly<Delivery>;
  readonly logs: Readonly<Delivery>;
  readonly metrics?: Readonly<Delivery> | undefined;
  readonly points: Readonly<Delivery> | undefined;
}

type CountingSink = Sink & { readonly delivery: Readonly<Delivery> };

function openLogs({ plan, identity, runId, logsFolder, onNotice, showPath }: RunSinksSettings): LogFiles | undefined {
  if (logsFolder === undefined) return undefined;
  try {
    return new LogFiles({ plan, identity, directory: logsFolder, runId, onNotice });
  } catch (error) {
    throw new RunFilesError(
      `cannot write logs in ${showPath(logsFolder)}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Log records to a collector; those that it does not acknowledge go to a file of the run. */
function openLogRecords({ plan, identity, runFolder, logsOtlp, onNotice }: RunSinksSettings): CountingSink {
  const store = new OtlpFile({ path: join(runFolder, RUN_FILES.logs), onNotice }, LOG_RECORDS);
  const sink = new OtlpSink({
    source: new LogRecordBuilder(plan, identity),
    signal: LOG_RECORDS,
    options: logsOtlp,
    pendingStore: store,
    onNotice,
  });
  return closingBoth(sink, store);
}

function openMetrics(settings: RunSinksSettings): CountingSink | undefined {
  const { plan, identity, runFolder, metrics, metricsInterval, metricsOtlp, onNotice } = settings;
  if (metrics === "none") return undefined;
  const sink = (store: PointStore): MetricsSink =>
    new MetricsSink({ plan, identity, interval: metricsInterval, store });
  if (metrics === "file") return sink(new OpenMetricsFile({ path: join(runFolder, RUN_FILES.openMetrics), onNotice }));
  const store = new OtlpFile({ path: join(runFolder, RUN_FILES.metrics), onNotice }, DATA_POINTS);
  const delivery = new OtlpDelivery({ signal: DATA_POINTS, options: metricsOtlp, pendingStore: store, onNotice });
  return closingBoth(sink(new OtlpPoints(delivery)), store);
}

/** A sink with the file of what it could not deliver. */
function closingBoth(sink: CountingSink, file: { close(): void }): CountingSink {
  return {
    get delivery() {
      return sink.delivery;
    },
    take: (batch) => sink.take(batch),
    flush: () => sink.flush?.(),
    async close() {
      try {
        await sink.close();
      } finally {
        file.close();
      }
    },
  };
}

/** All sinks of a run as one. */
export class RunSinks {
  readonly #settings: RunSinksSettings;
  readonly #logs: LogFiles | undefined;
  readonly #records: CountingSink | undefined;
  readonly #spans: CountingSink | undefined;
  readonly #metrics: CountingSink | undefined;
  readonly #outputs: readonly PointsFile[];
  readonly #sinks: readonly Sink[];
  readonly #traceFile: OtlpFile<ReadableSpan>;
  readonly #builder: SpanBuilder | undefined;
  /** Where the spans go, in words: a line, and why where that is not what was asked for. */
  readonly tracesTo: readonly string[];

  private constructor(
    settings: RunSinksSettings,
    logs: LogFiles | undefined,
    spans: CountingSink | undefined,
    traceFile: OtlpFile<ReadableSpan>,
    tracesTo: readonly string[],
    outputs: readonly PointsFile[],
    builder?: SpanBuilder,
  ) {
    this.#settings = settings;
    this.#builder = builder;
    this.#logs = logs;
    this.#records = settings.logsTo === "otlp" ? openLogRecords(settings) : undefined;
    this.#metrics = openMetrics(settings);
    this.#spans = spans;
    this.#traceFile = traceFile;
    this.#outputs = outputs;
    this.#sinks = [logs, this.#records, spans, this.#metrics, ...outputs].filter((sink) => sink !== undefined);
    this.tracesTo = tracesTo;
  }

  /**
   * Opens the files and, for `auto`, asks whether a collector answers.
   * @throws {RunFilesError} when a log file cannot be created, or an output cannot be emptied
   */
  static async open(settings: RunSinksSettings): Promise<RunSinks> {
    const { plan, identity, onNotice, otlp, showPath } = settings;
    const traceFile = new OtlpFile({ path: join(settings.runFolder, RUN_FILES.traces), onNotice }, SPANS);
    const { mode, why } = await traceDestination(settings.traces, otlp);
    const logs = settings.logsTo === "otlp" ? undefined : openLogs(settings);
    const builder = new SpanBuilder(plan, identity);
    const outputs = settings.outputs.map(({ output, name, open }) =>
      new PointsFile({
        plan,
        startEpochNs: identity.startEpochNs,
        format: output.format(plan),
        name,
        gzip: output.gzip,
        open,
        onNotice,
      })
    );
    if (mode === "none") {
      return new RunSinks(settings, logs, undefined, traceFile, ["not written (--traces none)"], outputs);
    }
    if (mode === "file") {
      const sink = new TraceFileSink(builder, traceFile);
      return new RunSinks(settings, logs, sink, traceFile, [showPath(traceFile.path), ...why], outputs, builder);
    }
    const sink = new OtlpSink({ source: builder, signal: SPANS, options: otlp, pendingStore: traceFile, onNotice });
    return new RunSinks(settings, logs, sink, traceFile, [shownUrl(otlp.url)], outputs, builder);
  }

  /** `metrics` (data points) and `points` (of all outputs together) are undefined when there are none. */
  get delivery(): RunDelivery {
    return {
      spans: { ...this.#spans?.delivery ?? NOTHING, ...lostOf(this.#builder?.lost ?? 0) },
      logs: (this.#logs ?? this.#records)?.delivery ?? NOTHING,
      metrics: this.#metrics?.delivery,
      points: this.#outputs.length === 0 ? undefined : total(this.#outputs.map((output) => output.delivery)),
    };
  }

  /** Where points are written, for the user. */
  get outputs(): readonly string[] {
    return this.#outputs.map((output) => output.name);
  }

  /** What was claimed, for `verify`: call it when all is closed. */
  get destinations(): Pick<Manifest, "logs" | "traces" | "metrics"> {
    const { logsOtlp, otlp, metrics, metricsOtlp } = this.#settings;
    const { spans, logs, metrics: points } = this.delivery;
    const files = (this.#logs?.accounts ?? []).map(({ service, path, records, bytes, crc32 }) => ({
      service,
      name: basename(path),
      records,
      bytes,
      crc32,
    }));
    const logsTo: Destination = this.#records !== undefined
      ? { to: "otlp", url: shownUrl(logsOtlp.url) }
      : { to: this.#logs === undefined ? "none" : "files" };
    const tracesTo: Destination = this.toCollector
      ? { to: "otlp", url: shownUrl(otlp.url) }
      : { to: this.#spans === undefined ? "none" : "file" };
    return {
      logs: { ...logsTo, files, delivery: { ...logs } },
      traces: { ...tracesTo, delivery: { ...spans } },
      metrics: {
        to: metrics,
        ...(metrics === "otlp" ? { url: shownUrl(metricsOtlp.url) } : {}),
        delivery: { ...NOTHING, ...points },
      },
    };
  }

  /** Where logs and metrics go, in words, where that is not to files of services, or nowhere. */
  get logsTo(): string | undefined {
    return this.#records === undefined ? undefined : shownUrl(this.#settings.logsOtlp.url);
  }

  get metricsTo(): string | undefined {
    const { metrics, metricsOtlp, runFolder, showPath } = this.#settings;
    if (metrics === "none") return undefined;
    return metrics === "otlp" ? shownUrl(metricsOtlp.url) : showPath(join(runFolder, RUN_FILES.openMetrics));
  }

  /** Whether the spans were meant for a collector, so that the trace file holds what it did not take. */
  get toCollector(): boolean {
    return this.#spans instanceof OtlpSink;
  }

  /** The trace file, if there is one. */
  get traceFile(): string | undefined {
    return this.#traceFile.exists ? this.#traceFile.path : undefined;
  }

  /** The log files that were opened. */
  get logFiles(): readonly string[] {
    return this.#logs?.paths ?? [];
  }

  async take(batch: FactBatch): Promise<void> {
    for (const sink of this.#sinks) await sink.take(batch);
  }

  async evaluate(): Promise<void> {
    for (const sink of this.#sinks) await sink.evaluate?.();
  }

  async flush(): Promise<void> {
    for (const sink of this.#sinks) await sink.flush?.();
  }

  async close(): Promise<void> {
    for (const sink of this.#sinks) await sink.close();
    this.#traceFile.close();
  }
}

function total(deliveries: readonly Delivery[]): Delivery {
  const sum = { ...NOTHING };
  for (const { generated, delivered, rejected, pending } of deliveries) {
    sum.generated += generated;
    sum.delivered += delivered;
    sum.rejected += rejected;
    sum.pending += pending;
  }
  return sum;
}
