// Simulates a plan and keeps what its telemetry would show, with nothing written: for compare, sweep and import.

import type { Nanos } from "../base/time.ts";
import type { Evaluation } from "../metrics/evaluation.ts";
import type { MetricsReport } from "../metrics/report.ts";
import type { FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { Run } from "../run/run.ts";
import { FactSpans } from "./fact_spans.ts";
import { Observation } from "./observation.ts";
import { SpanTable } from "./span_table.ts";

export interface Simulated {
  readonly ended: "completed" | "aborted" | "interrupted";
  readonly metrics: MetricsReport;
  readonly evaluation: Evaluation;
}

export interface SimulateSettings {
  /** The wall-clock time of simulated time 0, nanoseconds since the Unix epoch: ids of traces depend on it. */
  readonly startEpochNs?: bigint;
  readonly take?: (batch: FactBatch) => void;
  /** Something that the user should know, as one line. */
  readonly notice?: (text: string) => void;
}

const NOTHING = { generated: 0, delivered: 0, rejected: 0, pending: 0 };

/**
 * Simulates as fast as it goes.
 * @throws SimulationError when the simulation cannot go on
 */
export async function simulate(plan: Plan, settings: SimulateSettings = {}): Promise<Simulated> {
  const { startEpochNs = 0n, take = () => {}, notice = () => {} } = settings;
  const run = new Run({
    plan,
    startEpochNs,
    pace: Infinity,
    sinks: {
      take: (batch) => Promise.resolve(take(batch)),
      evaluate: () => Promise.resolve(),
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
      delivery: { spans: NOTHING, logs: NOTHING, points: undefined },
    },
    listener: { progress: () => {}, notice },
  });
  return await run.execute();
}

export interface SimulatedTraffic extends Simulated {
  readonly observation: Observation;
  /** What was asked for, by the dense number of the trace: the same in runs that differ in faults, policies or start. */
  readonly asked: ReadonlyMap<number, number>;
}

/** The same, with every request kept. `until` cuts it: nanoseconds since the start. */
export async function simulateTraffic(
  plan: Plan,
  settings: Omit<SimulateSettings, "take"> & { readonly until?: Nanos } = {},
): Promise<SimulatedTraffic> {
  const table = new SpanTable();
  const spans = new FactSpans(plan, table, settings.until);
  const result = await simulate(plan, { ...settings, take: (batch) => spans.take(batch) });
  return { ...result, observation: new Observation(table), asked: spans.asked };
}
