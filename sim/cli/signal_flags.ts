// The flags of `run` for metrics, and for logs that go to a collector.

import { type Nanos, parseDuration, SECOND } from "../base/time.ts";
import type { LogDestination, MetricMode, SignalSettings } from "../run/run_sinks.ts";
import { type Environment, readOtlpOptions, SIGNAL_NAMES } from "../sinks/otlp_options.ts";
import { parsed, UsageError } from "./command.ts";

export interface SignalFlags {
  readonly logs?: string | boolean;
  readonly logsTo: LogDestination;
  readonly logsEndpoint?: string;
  readonly metrics: MetricMode;
  readonly metricsEndpoint?: string;
  readonly metricsInterval: Nanos;
}

/** The value of --metrics-interval. */
export function parseMetricsInterval(text: string): Nanos {
  const interval = parseDuration(text);
  return parsed(
    interval !== undefined && interval >= SECOND ? interval : undefined,
    "It is a duration of at least 1s, like 10s.",
  );
}

/**
 * Reads where logs and metrics go.
 * @throws {InvalidInput} with the endpoints and headers that are wrong
 * @throws {UsageError} when flags exclude each other
 */
export function readSignals(
  env: Environment,
  flags: SignalFlags,
): SignalSettings & { readonly notices: readonly string[] } {
  const { logsTo, metrics, metricsInterval } = flags;
  if (logsTo === "otlp" && typeof flags.logs === "string") {
    throw new UsageError("--logs and --logs-to otlp exclude each other: lines go to a folder or to a collector");
  }
  if (logsTo === "otlp" && flags.logs === false) {
    throw new UsageError("--no-logs and --logs-to otlp exclude each other");
  }
  if (logsTo === "files" && flags.logsEndpoint !== undefined) {
    throw new UsageError("--logs-endpoint is for --logs-to otlp");
  }
  if (metrics !== "otlp" && flags.metricsEndpoint !== undefined) {
    throw new UsageError("--metrics-endpoint is for --metrics otlp");
  }
  // What is not sent is not looked at: its variables may be meant for other programs.
  const nowhere = (): undefined => undefined;
  const logsOtlp = readOtlpOptions(logsTo === "otlp" ? env : nowhere, flags.logsEndpoint, SIGNAL_NAMES.logs);
  const metricsOtlp = readOtlpOptions(metrics === "otlp" ? env : nowhere, flags.metricsEndpoint, SIGNAL_NAMES.metrics);
  return {
    logsTo,
    logsOtlp,
    metrics,
    metricsInterval,
    metricsOtlp,
    notices: [...logsOtlp.notices, ...metricsOtlp.notices],
  };
}
