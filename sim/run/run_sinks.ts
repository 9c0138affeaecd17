// Where a run's log lines and spans go: which sinks there are, and the account of all of them.

import { basename, join, relative } from "node:path";
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
import { type CountingSink, type Delivery, lostOf, NOTHING } from "../sinks/sink.ts";
import { SinkGroup } from "../sinks/sink_group.ts";
import type { RunIdentity } from "../telemetry/identity.ts";
import { LogRecordBuilder } from "../telemetry/log_records.ts";
import { SpanBuilder } from "../telemetry/spans.ts";
import type { Destination, Manifest } from "./manifest.ts";
import { RUN_FILES, RunFilesError } from "./run_files.ts";
import { TraceDestination, type TraceSettings } from "./trace_destination.ts";

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

export interface RunSinksSettings extends SignalSettings, TraceSettings {
  readonly plan: Plan;
  readonly identity: RunIdentity;
  readonly runId: string;
  /** Undefined: no log files. */
  readonly logsFolder: string | undefined;
  /** Of `--out`. */
  readonly outputs: readonly OpenOutput[];
}

export interface RunDelivery {
  readonly spans: Readonly<Delivery>;
  readonly logs: Readonly<Delivery>;
  readonly metrics?: Readonly<Delivery> | undefined;
  readonly points: Readonly<Delivery> | undefined;
}

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
  return new OtlpSink({
    source: new LogRecordBuilder(plan, identity),
    signal: LOG_RECORDS,
    options: logsOtlp,
    pendingStore: store,
    onNotice,
  });
}

function openMetrics(settings: RunSinksSettings): CountingSink | undefined {
  const { plan, identity, runFolder, metrics, metricsInterval, metricsOtlp, onNotice } = settings;
  if (metrics === "none") return undefined;
  const sink = (store: PointStore): MetricsSink =>
    new MetricsSink({ plan, identity, interval: metricsInterval, store });
  if (metrics === "file") return sink(new OpenMetricsFile({ path: join(runFolder, RUN_FILES.openMetrics), onNotice }));
  const store = new OtlpFile({ path: join(runFolder, RUN_FILES.metrics), onNotice }, DATA_POINTS);
  const delivery = new OtlpDelivery({ signal: DATA_POINTS, options: metricsOtlp, pendingStore: store, onNotice });
  return sink(new OtlpPoints(delivery));
}

/** All sinks of a run as one. */
export class RunSinks extends SinkGroup<FactBatch> {
  readonly traces: TraceDestination;
  readonly #settings: RunSinksSettings;
  readonly #logs: LogFiles | undefined;
  readonly #records: CountingSink | undefined;
  readonly #metrics: CountingSink | undefined;
  readonly #outputs: readonly PointsFile[];
  readonly #builder: SpanBuilder;

  private constructor(
    settings: RunSinksSettings,
    traces: TraceDestination,
    logs: LogFiles | undefined,
    outputs: readonly PointsFile[],
    builder: SpanBuilder,
  ) {
    const records = settings.logsTo === "otlp" ? openLogRecords(settings) : undefined;
    const metrics = openMetrics(settings);
    super([logs, records, traces, metrics, ...outputs]);
    this.#settings = settings;
    this.#builder = builder;
    this.traces = traces;
    this.#logs = logs;
    this.#records = records;
    this.#metrics = metrics;
    this.#outputs = outputs;
  }

  /**
   * Opens the files and, for `auto`, asks whether a collector answers.
   * @throws {RunFilesError} when a log file cannot be created, or an output cannot be emptied
   */
  static async open(settings: RunSinksSettings): Promise<RunSinks> {
    const { plan, identity, onNotice } = settings;
    const builder = new SpanBuilder(plan, identity);
    const traces = await TraceDestination.open(builder, SPANS, settings);
    const logs = settings.logsTo === "otlp" ? undefined : openLogs(settings);
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
    return new RunSinks(settings, traces, logs, outputs, builder);
  }

  /** `metrics` (data points) and `points` (of all outputs together) are undefined when there are none. */
  get delivery(): RunDelivery {
    return {
      spans: { ...this.traces.delivery, ...lostOf(this.#builder.lost) },
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
    const { logsOtlp, otlp, metrics, metricsInterval, metricsOtlp, logsFolder, runFolder } = this.#settings;
    const { spans, logs, metrics: points } = this.delivery;
    const files = (this.#logs?.accounts ?? []).map(({ service, path, records, bytes, crc32 }) => ({
      service,
      name: basename(path),
      records,
      bytes,
      crc32,
    }));
    const logsTo: Destination & { readonly folder?: string } = this.#records !== undefined
      ? { to: "otlp", url: shownUrl(logsOtlp.url) }
      : this.#logs === undefined || logsFolder === undefined
      ? { to: "none" }
      : { to: "files", folder: relative(runFolder, logsFolder) };
    const tracesTo: Destination = this.traces.mode === "otlp"
      ? { to: "otlp", url: shownUrl(otlp.url) }
      : { to: this.traces.mode };
    return {
      logs: { ...logsTo, files, delivery: { ...logs } },
      traces: { ...tracesTo, delivery: { ...spans } },
      metrics: {
        to: metrics,
        ...(metrics === "otlp" ? { url: shownUrl(metricsOtlp.url) } : {}),
        ...(metrics === "none" ? {} : { interval_ns: metricsInterval }),
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

  /** The log files that were opened. */
  get logFiles(): readonly string[] {
    return this.#logs?.paths ?? [];
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
