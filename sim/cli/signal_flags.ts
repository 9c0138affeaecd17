// The flags of `run` for metrics, and for logs that go to a collector.

import { type Nanos, parseDuration, SECOND } from "../base/time.ts";
import type { LogDestination, MetricMode, SignalSettings } from "../run/run_sinks.ts";
import { type Environment, readOtlpOptions, SIGNAL_NAMES } from "../sinks/otlp_options.ts";
import { type Plan, planLength } from "../plan/plan.ts";
import { parsed, UsageError } from "./command.ts";

export interface SignalFlags {
  readonly logs?: string | boolean;
  readonly logsTo: LogDestination;
  readonly logsEndpoint?: string;
  readonly metrics: MetricMode;
  readonly metricsEndpoint?: string;
  readonly metricsInterval?: Nanos;
}

/** The value of --metrics-interval. */
export function parseMetricsInterval(text: string): Nanos {
  const interval = parseDuration(text);
  return parsed(
    interval !== undefined && interval >= SECOND ? interval : undefined,
    "It is a duration of at least 1s, like 10s.",
  );
}

const INTERVAL = 10 * SECOND as Nanos;
/**
 * In runs of more than an hour, since six hours of ten services at 10 s are 4 GB of OpenMetrics. Grafana's rates look at
 * 40 s (four times the `timeInterval` of the data source), in which there must be two readings.
 */
const LONG_INTERVAL = 20 * SECOND as Nanos;
const LONG = 3600 * SECOND;

/** How often metrics are read: as asked for, else by the length of the run. */
export function metricsIntervalOf({ metricsInterval }: Pick<SignalFlags, "metricsInterval">, plan: Plan): Nanos {
  return metricsInterval ?? (planLength(plan) > LONG ? LONG_INTERVAL : INTERVAL);
}

/**
 * Reads where logs and metrics go.
 * @throws {InvalidInput} with the endpoints and headers that are wrong
 * @throws {UsageError} when flags exclude each other
 */
export function readSignals(
  env: Environment,
  flags: SignalFlags,
): Omit<SignalSettings, "metricsInterval"> & { readonly notices: readonly string[] } {
  const { logsTo, metrics } = flags;
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
    metricsOtlp,
    notices: [...logsOtlp.notices, ...metricsOtlp.notices],
  };
}
