// Where spans go, those of a run and those of a replay: a collector, a file, or nowhere.

import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { join } from "node:path";
import type { FactBatch } from "../plan/facts.ts";
import { OtlpFile } from "../sinks/otlp_file.ts";
import { type OtlpOptions, shownUrl } from "../sinks/otlp_options.ts";
import { askCollector } from "../sinks/otlp_probe.ts";
import type { OtlpSignal } from "../sinks/otlp_signal.ts";
import { OtlpSink } from "../sinks/otlp_sink.ts";
import { type CountingSink, type Delivery, type ItemSource, NOTHING, type Rows, type Sink } from "../sinks/sink.ts";
import { TraceFileSink } from "../sinks/trace_file.ts";
import { RUN_FILES } from "./run_files.ts";

/** `auto`: the collector if one answers, else the file; `otlp`: the collector in any case. */
export const TRACE_MODES = ["auto", "otlp", "file", "none"] as const;
export type TraceMode = (typeof TRACE_MODES)[number];

/** How long `auto` waits for a collector's answer. */
const PROBE_TIMEOUT_MS = 1_000;

export interface TraceSettings {
  readonly runFolder: string;
  readonly traces: TraceMode;
  readonly otlp: OtlpOptions;
  readonly onNotice: (text: string) => void;
  /** A path as the user would write it. */
  readonly showPath: (path: string) => string;
}

/** The sink of all spans, whatever --traces says. */
export class TraceDestination<T = ReadableSpan, Batch extends Rows = FactBatch> implements Sink<Batch> {
  readonly mode: Exclude<TraceMode, "auto">;
  /** Undefined: they go nowhere. */
  readonly #sink: CountingSink<Batch> | undefined;
  readonly #file: OtlpFile<T>;
  /** In words: a line, and why where that is not what was hoped for. */
  readonly to: readonly string[];

  private constructor(
    mode: Exclude<TraceMode, "auto">,
    sink: CountingSink<Batch> | undefined,
    file: OtlpFile<T>,
    to: readonly string[],
  ) {
    this.mode = mode;
    this.#sink = sink;
    this.#file = file;
    this.to = to;
  }

  /** Asks once, for `auto`, whether a collector answers. The file is created with the first span that goes into it. */
  static async open<T, Batch extends Rows>(
    source: ItemSource<T, Batch>,
    signal: OtlpSignal<T>,
    { runFolder, traces, otlp, onNotice, showPath }: TraceSettings,
  ): Promise<TraceDestination<T, Batch>> {
    const file = new OtlpFile({ path: join(runFolder, RUN_FILES.traces), onNotice }, signal);
    let mode = traces;
    const why: string[] = [];
    if (mode === "auto") {
      const { answers, words } = await askCollector(otlp, PROBE_TIMEOUT_MS);
      mode = answers ? "otlp" : "file";
      if (!answers) why.push(`no collector at ${shownUrl(otlp.url)}: ${words}`);
    }
    switch (mode) {
      case "none":
        return new TraceDestination<T, Batch>(mode, undefined, file, ["not written (--traces none)"]);
      case "file":
        return new TraceDestination(mode, new TraceFileSink(source, file), file, [showPath(file.path), ...why]);
      case "otlp": {
        const sink = new OtlpSink({ source, signal, options: otlp, pendingStore: file, onNotice });
        return new TraceDestination(mode, sink, file, [shownUrl(otlp.url)]);
      }
    }
  }

  get delivery(): Readonly<Delivery> {
    return this.#sink?.delivery ?? NOTHING;
  }

  /** The trace file, if there is one: of all spans, or of those that no collector acknowledged. */
  get file(): string | undefined {
    return this.#file.exists ? this.#file.path : undefined;
  }

  take(batch: Batch): void | Promise<void> {
    return this.#sink?.take(batch);
  }

  evaluate(): void | Promise<void> {
    return this.#sink?.evaluate?.();
  }

  flush(): void | Promise<void> {
    return this.#sink?.flush?.();
  }

  async close(): Promise<void> {
    await this.#sink?.close();
  }
}
