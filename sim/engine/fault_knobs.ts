// What the faults of the plan make of one request, or of one call on its way.

import { hashText, uniform } from "../base/draws.ts";
import type { Nanos } from "../base/time.ts";
import { intensityAt, type Knobs, resetKnobs } from "../faults/fault.ts";
import type { Plan, PlanFault } from "../plan/plan.ts";
import type { Frame } from "./frame.ts";

const SALT_SIZE = hashText("fault size");
const SALT_ERROR = hashText("fault error");

export class FaultKnobs {
  /** As the last `turn` left them. */
  readonly knobs: Knobs = { added: 0, factor: 1, errorRate: 0 };
  readonly #faults: readonly PlanFault[];
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#faults = plan.faults;
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
    for (let i = 0; i < faults.length; i++) {
      const fault = this.#faults[faults[i]!]!;
      if (!touches(fault, now, replica, keyHigh, keyLow)) continue;
      if (fault.where !== undefined) {
        const { context } = this.#plan.workloads[strand.workload]!;
        if (!fault.where.holds(context, strand.root.contextHigh, strand.root.contextLow)) continue;
      }
      knobs.errorRate = 0;
      fault.effect.turn(knobs, intensityAt(fault, now), uniform(keyHigh, keyLow, fault.salt ^ SALT_SIZE));
      if (failure < 0 && knobs.errorRate > 0 && uniform(keyHigh, keyLow, fault.salt ^ SALT_ERROR) < knobs.errorRate) {
        failure = fault.failure;
      }
    }
    return failure;
  }
}

function touches(fault: PlanFault, now: Nanos, replica: number, keyHigh: number, keyLow: number): boolean {
  if (now < fault.at || now >= fault.until) return false;
  if (fault.replica >= 0 && fault.replica !== replica) return false;
  return fault.probability >= 1 || uniform(keyHigh, keyLow, fault.salt) < fault.probability;
}
