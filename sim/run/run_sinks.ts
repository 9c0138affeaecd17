// Where a run's log lines and spans go: which sinks there are, and the account of all of them.

import { join } from "node:path";
import type { FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { LogFiles } from "../sinks/log_files.ts";
import { type OtlpOptions, shownUrl } from "../sinks/otlp_options.ts";
import { OtlpSink } from "../sinks/otlp_sink.ts";
import type { OpenOutput } from "../sinks/outputs.ts";
import { PointsFile } from "../sinks/points_file.ts";
import type { Delivery, Sink } from "../sinks/sink.ts";
import { TraceFile, TraceFileSink } from "../sinks/trace_file.ts";
import type { RunIdentity } from "../telemetry/identity.ts";
import { SpanBuilder } from "../telemetry/spans.ts";
import { RUN_FILES, RunFilesError } from "./run_files.ts";
import { traceDestination, type TraceMode } from "./trace_destination.ts";

export interface RunSinksSettings {
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

/** All sinks of a run as one. */
export class RunSinks {
  readonly #logs: LogFiles | undefined;
  readonly #spans: CountingSink | undefined;
  readonly #outputs: readonly PointsFile[];
  readonly #sinks: readonly Sink[];
  readonly #traceFile: TraceFile;
  /** Where the spans go, in words: a line, and why where that is not what was asked for. */
  readonly tracesTo: readonly string[];

  private constructor(
    logs: LogFiles | undefined,
    spans: CountingSink | undefined,
    traceFile: TraceFile,
    tracesTo: readonly string[],
    outputs: readonly PointsFile[],
  ) {
    this.#logs = logs;
    this.#spans = spans;
    this.#traceFile = traceFile;
    this.#outputs = outputs;
    this.#sinks = [...(logs === undefined ? [] : [logs]), ...(spans === undefined ? [] : [spans]), ...outputs];
    this.tracesTo = tracesTo;
  }

  /**
   * Opens the files and, for `auto`, asks whether a collector answers.
   * @throws {RunFilesError} when a log file cannot be created, or an output cannot be emptied
   */
  static async open(settings: RunSinksSettings): Promise<RunSinks> {
    const { plan, identity, onNotice, otlp, showPath } = settings;
    const traceFile = new TraceFile({ path: join(settings.runFolder, RUN_FILES.traces), onNotice });
    const { mode, why } = await traceDestination(settings.traces, otlp);
    const logs = openLogs(settings);
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
    if (mode === "none") return new RunSinks(logs, undefined, traceFile, ["not written (--traces none)"], outputs);
    if (mode === "file") {
      const sink = new TraceFileSink(builder, traceFile);
      return new RunSinks(logs, sink, traceFile, [showPath(traceFile.path), ...why], outputs);
    }
    const sink = new OtlpSink({ spans: builder, options: otlp, pendingStore: traceFile, onNotice });
    return new RunSinks(logs, sink, traceFile, [shownUrl(otlp.url)], outputs);
  }

  /** `points` are those of all outputs together; undefined when there is no output. */
  get delivery(): { readonly spans: Delivery; readonly logs: Delivery; readonly points: Delivery | undefined } {
    return {
      spans: this.#spans?.delivery ?? NOTHING,
      logs: this.#logs?.delivery ?? NOTHING,
      points: this.#outputs.length === 0 ? undefined : total(this.#outputs.map((output) => output.delivery)),
    };
  }

  /** Where points are written, for the user. */
  get outputs(): readonly string[] {
    return this.#outputs.map((output) => output.name);
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
