// Where a replay's spans and log lines go: the same sinks as a run's, and the account of them.

import { TraceDestination, type TraceSettings } from "../run/trace_destination.ts";
import { type OtlpSignal, SPANS } from "../sinks/otlp_signal.ts";
import { type Delivery, NOTHING } from "../sinks/sink.ts";
import { SinkGroup } from "../sinks/sink_group.ts";
import { type Outgoing, type SentSpan, serializeSpans } from "./outgoing.ts";
import { ReplayLogs } from "./replay_logs.ts";

export interface ReplaySinksSettings extends TraceSettings {
  readonly runId: string;
  /** Undefined: no log files. */
  readonly logsFolder: string | undefined;
}

/** Spans that are JSON already. */
const SENT_SPANS: OtlpSignal<SentSpan> = { ...SPANS, serialize: serializeSpans };

/** All sinks of a replay as one. */
export class ReplaySinks extends SinkGroup<Outgoing> {
  readonly traces: TraceDestination<SentSpan, Outgoing>;
  readonly #logs: ReplayLogs | undefined;

  private constructor(logs: ReplayLogs | undefined, traces: TraceDestination<SentSpan, Outgoing>) {
    super([logs, traces]);
    this.traces = traces;
    this.#logs = logs;
  }

  /** Asks, for `auto`, whether a collector answers. Files are created with what first goes into them. */
  static async open(settings: ReplaySinksSettings): Promise<ReplaySinks> {
    const { onNotice, logsFolder, runId } = settings;
    // A batch makes its spans itself.
    const source = { build: (batch: Outgoing, row: number) => batch.build(row) };
    const traces = await TraceDestination.open(source, SENT_SPANS, settings);
    const logs = logsFolder === undefined ? undefined : new ReplayLogs({ directory: logsFolder, runId, onNotice });
    return new ReplaySinks(logs, traces);
  }

  get delivery(): { readonly spans: Readonly<Delivery>; readonly logs: Readonly<Delivery> } {
    return { spans: this.traces.delivery, logs: this.#logs?.delivery ?? NOTHING };
  }

  get logFiles(): readonly string[] {
    return this.#logs?.paths ?? [];
  }
}
