// Runs a plan, and lets things happen to the world at given times.

import { type Nanos, nanos } from "../../sim/base/time.ts";
import { Engine } from "../../sim/engine/engine.ts";
import type { World } from "../../sim/faults/world.ts";
import { FactBatch, FactKind } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { type Row, rowOf } from "../build.ts";

export interface Happening {
  /** In seconds. */
  readonly at: number;
  act(world: World): void;
}

export interface Told {
  readonly engine: Engine;
  readonly rows: Row[];
  readonly requests: Row[];
  readonly calls: Row[];
  readonly changes: Row[];
}

/** Runs a plan to its end; the happenings have the order of their times. */
export function live(plan: Plan, happenings: readonly Happening[], onBatch?: (batch: FactBatch) => void): Told {
  const engine = new Engine(plan, 1);
  const batch = new FactBatch();
  const rows: Row[] = [];
  const drain = (): void => {
    for (let i = 0; i < batch.length; i++) rows.push(rowOf(batch, i, plan));
    onBatch?.(batch);
    batch.clear();
  };
  const stepTo = (until: Nanos): void => {
    for (let reached = false; !reached;) {
      reached = engine.step(until, batch);
      drain();
    }
  };
  for (const { at, act } of happenings) {
    stepTo(nanos(at * 1e9));
    engine.intervene(batch, act);
    drain();
  }
  for (let until = engine.now; !engine.done;) stepTo(until = nanos(until + 2e9));
  const ofKind = (kind: number): Row[] => rows.filter((row) => row.kind === kind);
  return {
    engine,
    rows,
    requests: ofKind(FactKind.request),
    calls: ofKind(FactKind.call),
    changes: ofKind(FactKind.change),
  };
}
