// What the backends say themselves that they threw away: counters since they started, some of which answer no sender.

import type { Backend } from "./backend.ts";

export interface Discard {
  readonly backend: string;
  readonly metric: string;
  /** `reason` and other labels, as they stand. */
  readonly labels: string;
  readonly count: number;
}

/** By backend: counters of what was lost on the way in. */
const COUNTERS: Readonly<Record<string, readonly string[]>> = {
  Loki: ["loki_discarded_samples_total", "loki_distributor_ingester_append_failures_total"],
  Tempo: [
    "tempo_discarded_spans_total",
    "tempo_receiver_refused_spans",
    "tempo_metrics_generator_spans_discarded_total",
    "tempo_metrics_generator_processor_service_graphs_dropped_spans",
  ],
  Prometheus: ["prometheus_tsdb_too_old_samples_total", "prometheus_tsdb_out_of_bound_samples_total"],
  Promtail: ["promtail_dropped_entries_total"],
};

/**
 * The counters of a backend that are not 0.
 * @throws {BackendError} when it does not answer
 */
export async function discardsOf(backend: Backend): Promise<Discard[]> {
  const counters = COUNTERS[backend.name] ?? [];
  return (await backend.text("/metrics")).split("\n").flatMap((line) => {
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match === null || !counters.includes(match[1]!)) return [];
    const count = Number(match[3]);
    return count > 0 ? [{ backend: backend.name, metric: match[1]!, labels: match[2] ?? "", count }] : [];
  });
}
