// Runs scenarios in memory, as a run steps them: facts to metrics, evaluations, triggers; and to the telemetry if asked.

import { EVALUATE_EVERY } from "../../sim/objectives/threshold.ts";
import { Engine } from "../../sim/engine/engine.ts";
import type { Evaluation } from "../../sim/metrics/evaluation.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import type { Nanos } from "../../sim/base/time.ts";
import { FactBatch, FactKind } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { type Row, rowOf } from "../build.ts";
import { MemorySink } from "../../sim/sinks/memory.ts";

/** A window of a fault as it was; `until_s` is undefined for one that did not end. */
export interface Window {
  readonly fault: string;
  readonly from_s: number;
  until_s: number | undefined;
}

export interface Ran {
  readonly plan: Plan;
  readonly engine: Engine;
  readonly evaluation: Evaluation;
  readonly sink: MemorySink;
  readonly windows: readonly Window[];
  /** All rows but samples. */
  readonly rows: readonly Row[];
}

/** Runs a scenario to its end. @param withTelemetry whether its lines and spans are written too */
export function runInMemory(scenario: Scenario, withTelemetry = false): Ran {
  const plan = compileScenario(scenario);
  const engine = new Engine(plan, 1), metrics = new RunMetrics(plan), batch = new FactBatch();
  const sink = new MemorySink(plan, {
    startEpochNs: 1_700_000_000_000_000_000n,
    seed: plan.seed,
    version: "0",
  });
  const windows: Window[] = [], rows: Row[] = [];
  const note = (): void => {
    for (let i = 0; i < batch.length; i++) {
      const kind = batch.kind[i]!;
      if (kind !== FactKind.vus && kind !== FactKind.station) rows.push(rowOf(batch, i, plan));
      if (kind !== FactKind.fault) continue;
      const { name } = plan.faults[batch.cause[i]!]!, at_s = batch.time[i]! / 1e9;
      if (batch.outcome[i] === 1) windows.push({ fault: name, from_s: at_s, until_s: undefined });
      else windows.findLast((window) => window.fault === name)!.until_s = at_s;
    }
  };
  let until = 0 as Nanos;
  while (!engine.done) {
    until = (until + EVALUATE_EVERY) as Nanos;
    for (let reached = false; !reached;) {
      reached = engine.step(until, batch);
      metrics.take(batch);
      note();
      if (withTelemetry) sink.take(batch);
      batch.clear();
    }
    if (engine.done) break;
    metrics.evaluate(engine.now);
    for (const fault of metrics.triggered(engine.now)) engine.trigger(fault);
  }
  return { plan, engine, evaluation: metrics.evaluate(engine.now), sink, windows, rows };
}

/** The thresholds that do not hold, as the summary would say it. */
export function broken({ results }: Evaluation): string[] {
  return results.filter(({ ok }) => !ok).map(({ threshold, value, why }) =>
    `${threshold.metricText} ${threshold.source}: ${why ?? value}`
  );
}
