// Where a replay's spans and log lines go: the same sinks as a run's, and the account of them.

import { join } from "node:path";
import { RUN_FILES } from "../run/run_files.ts";
import { traceDestination, type TraceMode } from "../run/trace_destination.ts";
import { type OtlpOptions, shownUrl } from "../sinks/otlp_options.ts";
import { OtlpFile } from "../sinks/otlp_file.ts";
import { type OtlpSignal, SPANS } from "../sinks/otlp_signal.ts";
import { OtlpSink } from "../sinks/otlp_sink.ts";
import type { Delivery, Sink } from "../sinks/sink.ts";
import { TraceFileSink } from "../sinks/trace_file.ts";
import { Outgoing, type SentSpan, serializeSpans } from "./outgoing.ts";
import { ReplayLogs } from "./replay_logs.ts";

export interface ReplaySinksSettings {
  readonly runId: string;
  /** Undefined: no log files. */
  readonly logsFolder: string | undefined;
  readonly runFolder: string;
  readonly traces: TraceMode;
  readonly otlp: OtlpOptions;
  readonly onNotice: (text: string) => void;
  readonly showPath: (path: string) => string;
}

/** Spans that are JSON already. */
const SENT_SPANS: OtlpSignal<SentSpan> = { ...SPANS, serialize: serializeSpans };

const NOTHING: Delivery = { generated: 0, delivered: 0, rejected: 0, pending: 0 };

type SpanSink = Sink<Outgoing> & { readonly delivery: Readonly<Delivery> };

export class ReplaySinks {
  readonly #logs: ReplayLogs | undefined;
  readonly #spans: SpanSink | undefined;
  readonly #traceFile: OtlpFile<SentSpan>;
  readonly #sinks: readonly Sink<Outgoing>[];
  /** Where the spans go, in words: a line, and why where that is not what was asked for. */
  readonly tracesTo: readonly string[];

  private constructor(
    logs: ReplayLogs | undefined,
    spans: SpanSink | undefined,
    traceFile: OtlpFile<SentSpan>,
    tracesTo: readonly string[],
  ) {
    this.#logs = logs;
    this.#spans = spans;
    this.#traceFile = traceFile;
    this.#sinks = [logs, spans].filter((sink) => sink !== undefined);
    this.tracesTo = tracesTo;
  }

  /** Asks, for `auto`, whether a collector answers. Files are created with what first goes into them. */
  static async open(settings: ReplaySinksSettings): Promise<ReplaySinks> {
    const { otlp, onNotice, showPath, logsFolder, runId } = settings;
    const traceFile = new OtlpFile({ path: join(settings.runFolder, RUN_FILES.traces), onNotice }, SENT_SPANS);
    const { mode, why } = await traceDestination(settings.traces, otlp);
    const logs = logsFolder === undefined ? undefined : new ReplayLogs({ directory: logsFolder, runId, onNotice });
    // A batch makes its spans itself.
    const source = { build: (batch: Outgoing, row: number) => batch.build(row) };
    switch (mode) {
      case "none":
        return new ReplaySinks(logs, undefined, traceFile, ["not sent (--traces none)"]);
      case "file": {
        const sink = new TraceFileSink(source, traceFile);
        return new ReplaySinks(logs, sink, traceFile, [showPath(traceFile.path), ...why]);
      }
      case "otlp": {
        const sink = new OtlpSink({
          source,
          signal: SENT_SPANS,
          options: otlp,
          pendingStore: traceFile,
          onNotice,
        });
        return new ReplaySinks(logs, sink, traceFile, [shownUrl(otlp.url)]);
      }
    }
  }

  get delivery(): { readonly spans: Delivery; readonly logs: Delivery } {
    return { spans: this.#spans?.delivery ?? NOTHING, logs: this.#logs?.delivery ?? NOTHING };
  }

  /** Whether the spans were meant for a collector, so that the trace file holds what it did not take. */
  get toCollector(): boolean {
    return this.#spans instanceof OtlpSink;
  }

  /** The trace file, if there is one. */
  get traceFile(): string | undefined {
    return this.#traceFile.exists ? this.#traceFile.path : undefined;
  }

  get logFiles(): readonly string[] {
    return this.#logs?.paths ?? [];
  }

  async take(batch: Outgoing): Promise<void> {
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
