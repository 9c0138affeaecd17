// What the faults of the plan make of one request, or of one call on its way.

import { hashText, uniform } from "../base/draws.ts";
import type { Nanos } from "../base/time.ts";
import { intensityAt, type Knobs, resetKnobs } from "../faults/fault.ts";
import type { Plan } from "../plan/plan.ts";
import type { LiveFault } from "./faults.ts";
import type { Frame } from "./frame.ts";

const SALT_SIZE = hashText("fault size");
const SALT_ERROR = hashText("fault error");

export class FaultKnobs {
  /** As the last `turn` left them. */
  readonly knobs: Knobs = { added: 0, factor: 1, errorRate: 0 };
  /** The first fault that turned any of them, and the one that decided the failure, as index + 1; 0 for none. */
  touchedBy = 0;
  failedBy = 0;
  readonly #faults: readonly LiveFault[];
  readonly #plan: Plan;

  constructor(plan: Plan, faults: readonly LiveFault[]) {
    this.#plan = plan;
    this.#faults = faults;
  }

  /**
   * Sets the knobs to what the given faults make of a request with this key at this replica.
   * @param strand whose context they may ask for
   * @returns index in Plan.failures of the failure that one of them decides, -1 for none
   */
  turn(
    faults: readonly number[],
    now: Nanos,
    replica: number,
    keyHigh: number,
    keyLow: number,
    strand: Frame,
  ): number {
    const { knobs } = this;
    resetKnobs(knobs);
    let failure = -1;
    this.touchedBy = this.failedBy = 0;
    for (let i = 0; i < faults.length; i++) {
      const live = this.#faults[faults[i]!]!;
      if (!touches(live, now, replica, keyHigh, keyLow)) continue;
      const fault = live.plan;
      if (fault.where !== undefined) {
        const { context } = this.#plan.workloads[strand.workload]!;
        if (!fault.where.holds(context, strand.root.contextHigh, strand.root.contextLow)) continue;
      }
      knobs.errorRate = 0;
      const { added, factor } = knobs;
      fault.effect.turn?.(knobs, intensityAt(live, fault.ramp, now), uniform(keyHigh, keyLow, fault.salt ^ SALT_SIZE));
      if (failure < 0 && knobs.errorRate > 0 && uniform(keyHigh, keyLow, fault.salt ^ SALT_ERROR) < knobs.errorRate) {
        failure = fault.failure;
        this.failedBy = fault.index + 1;
      }
      if (this.touchedBy === 0 && (knobs.added !== added || knobs.factor !== factor)) this.touchedBy = fault.index + 1;
    }
    return failure;
  }
}

function touches(live: LiveFault, now: Nanos, replica: number, keyHigh: number, keyLow: number): boolean {
  if (now < live.from || now >= live.until) return false;
  if (live.struck !== undefined && live.struck[replica] !== 1) return false;
  const fault = live.plan;
  return fault.probability >= 1 || uniform(keyHigh, keyLow, fault.salt) < fault.probability;
}
