// What the faults of the plan make of one request, or of one call on its way.

import { hashText, uniform } from "../base/draws.ts";
import type { Nanos } from "../base/time.ts";
import { Harm, intensityAt, type Knobs, neutralKnobs, resetKnobs, resetOwnKnobs } from "../faults/fault.ts";
import type { PlanFault } from "../plan/plan.ts";
import type { Core } from "./core.ts";
import type { LiveFault } from "./faults.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";

const SALT_SIZE = hashText("fault size");
const SALT_ERROR = hashText("fault error");

export class FaultKnobs {
  /** As the last `turn` left them. */
  readonly knobs: Knobs = neutralKnobs();
  /** How the request fails for which the last `turn` gave a failure. */
  harm: Harm = Harm.error;
  /** With Harm.reset: how long after sending the connection is cut. */
  cutAfter = Infinity;
  /** Of the last `turn`: index of the fault whose lock is needed, -1 for none, and how long it is waited for. */
  lockOf = -1;
  lockTimeout = Infinity;
  /** Of the last `turn`: indices in Plan.logs, each followed by how many lines of it are to be written, and for which fault. */
  readonly lines: number[] = [];
  /** The first fault that makes it take longer, and the one that decided the failure, as index + 1; 0 for none. */
  touchedBy = 0;
  failedBy = 0;
  /** A fault has had its turn since all of this was neutral. */
  #turned = false;
  readonly #faults: readonly LiveFault[];
  readonly #core: Pick<Core, "plan" | "now">;

  constructor(core: Pick<Core, "plan" | "now">, faults: readonly LiveFault[]) {
    this.#core = core;
    this.#faults = faults;
  }

  /**
   * Sets the knobs to what the given faults make of a request with this key at this replica.
   * @param strand whose context they may ask for
   * @returns index in Plan.failures of the failure that one of them decides, -1 for none
   */
  turn(faults: readonly number[], replica: number, keyHigh: number, keyLow: number, strand: Frame): number {
    if (this.#turned) this.#reset();
    return faults.length === 0 ? -1 : this.#turnAll(faults, replica, keyHigh, keyLow, strand);
  }

  #turnAll(faults: readonly number[], replica: number, keyHigh: number, keyLow: number, strand: Frame): number {
    const { knobs } = this, { plan, now } = this.#core;
    let failure = -1;
    for (let i = 0; i < faults.length; i++) {
      const live = this.#faults[faults[i]!]!;
      if (!touches(live, now, replica, keyHigh, keyLow)) continue;
      const fault = live.plan;
      if (fault.where !== undefined) {
        const { context } = plan.workloads[strand.workload]!;
        if (!fault.where.holds(context, strand.root.contextHigh, strand.root.contextLow)) continue;
      }
      this.#turned = true;
      resetOwnKnobs(knobs);
      const { added, factor, loss, bytesPerSecond, copies } = knobs;
      fault.effect.turn?.(
        knobs,
        live.isRollingBack ? 1 : intensityAt(live, fault.ramp, now),
        uniform(keyHigh, keyLow, fault.salt ^ SALT_SIZE),
      );
      if (knobs.lines > 0 && fault.log >= 0) this.lines.push(fault.log, knobs.lines, fault.index);
      if (knobs.locks) {
        this.lockOf = fault.index;
        this.lockTimeout = knobs.lockTimeout;
      }
      if (failure < 0 && knobs.errorRate > 0 && fails(fault, knobs.errorRate, keyHigh, keyLow, strand)) {
        failure = fault.failure;
        this.failedBy = fault.index + 1;
        this.harm = knobs.harm;
        this.cutAfter = knobs.cutAfter;
      }
      const turned = knobs.added !== added || knobs.factor !== factor || knobs.loss !== loss ||
        knobs.bytesPerSecond !== bytesPerSecond || knobs.copies !== copies;
      if (turned && this.touchedBy === 0) this.touchedBy = fault.index + 1;
    }
    return failure;
  }

  #reset(): void {
    this.#turned = false;
    resetKnobs(this.knobs);
    this.lines.length = 0;
    this.lockOf = -1;
    this.touchedBy = this.failedBy = 0;
  }
}

/** What is sticky is decided by what was asked for, which all attempts have in common. */
function fails({ salt, sticky }: PlanFault, rate: number, keyHigh: number, keyLow: number, strand: Frame): boolean {
  if (!sticky) return uniform(keyHigh, keyLow, salt ^ SALT_ERROR) < rate;
  const isCall = strand.state === FrameState.calling || strand.kind !== FrameKind.request;
  return (isCall
    ? uniform(strand.callHigh, strand.callLow, salt ^ SALT_ERROR)
    : uniform(strand.askedHigh, strand.askedLow, salt ^ SALT_ERROR)) < rate;
}

function touches(live: LiveFault, now: Nanos, replica: number, keyHigh: number, keyLow: number): boolean {
  if ((now < live.from || now >= live.until) && !live.isRollingBack) return false;
  if (live.struck !== undefined && live.struck[replica] !== 1) return false;
  const fault = live.plan;
  return fault.isWhole || fault.probability >= 1 || uniform(keyHigh, keyLow, fault.salt) < fault.probability;
}
