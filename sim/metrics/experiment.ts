// A chaos experiment as it goes on: whether the steady state of the hypothesis holds before, during and after the faults,
// and what that says about the hypothesis.

import { formatDuration, type Nanos } from "../base/time.ts";
import type { Hypothesis } from "../objectives/hypothesis.ts";
import { EVALUATE_EVERY } from "../objectives/threshold.ts";
import type { ThresholdResult } from "./evaluation.ts";

/** The steady state at one evaluation. */
export interface SteadyCheck {
  /** Since the run's start. */
  readonly time: Nanos;
  readonly met: boolean;
  readonly probes: readonly ThresholdResult[];
}

/** A stretch of evaluations at which the steady state did not hold. */
export interface Deviation {
  readonly from: Nanos;
  /** When it held again; undefined: it did not before the run's end. */
  readonly until: Nanos | undefined;
  /** The check at its beginning. */
  readonly check: SteadyCheck;
}

export interface ExperimentReport {
  readonly hypothesis: Hypothesis;
  /** The last check before the first fault; undefined: no fault began. */
  readonly before: SteadyCheck | undefined;
  readonly deviations: readonly Deviation[];
  /** The first check with a fault, and the last; undefined where there was none. */
  readonly during: SteadyCheck | undefined;
  /** The last check of all. */
  readonly after: SteadyCheck | undefined;
  /**
   * `unsteady`: the steady state did not hold before the first fault, so nothing was tried; `deviated`: it did not hold when
   * it had to.
   */
  readonly verdict: "held" | "unsteady" | "deviated";
  /** Why the verdict is not `held`, as a sentence. */
  readonly why: string | undefined;
}

/** What the faults are at an evaluation. */
export interface FaultsNow {
  /** A window is open, or one was. */
  readonly begun: boolean;
  readonly open: boolean;
  /** From when on recovery is due: the end of the last window, or the beginning of one without an end; Infinity: not yet. */
  readonly recoverFrom: number;
}

/** Deviations that are kept one by one; of an endless game day the first ones. */
const DEVIATIONS_MAX = 1000;

export class Experiment {
  readonly #hypothesis: Hypothesis;
  readonly #firstFault: Nanos;
  readonly #end: Nanos;
  #metSince: Nanos | undefined;
  #before: SteadyCheck | undefined;
  #during: SteadyCheck | undefined;
  #after: SteadyCheck | undefined;
  #deviations: { from: Nanos; until: Nanos | undefined; check: SteadyCheck }[] = [];
  #isUnsteady = false;
  #why: string | undefined;

  /**
   * @param firstFault when the first fault begins that waits for nothing; Infinity: none does
   * @param end of the load: after it nothing is judged
   */
  constructor(hypothesis: Hypothesis, firstFault: Nanos, end: Nanos) {
    this.#hypothesis = hypothesis;
    this.#firstFault = firstFault;
    this.#end = end;
  }

  /**
   * To be asked at every evaluation.
   * @param triggers a fault that waits for something begins now
   * @returns whether the run has to end: its steady state does not hold before the first fault
   */
  evaluate(now: Nanos, probes: readonly ThresholdResult[], faults: FaultsNow, triggers: boolean): boolean {
    if (now > this.#end || this.#isUnsteady) return false;
    const check: SteadyCheck = { time: now, met: probes.every(({ ok }) => ok), probes };
    this.#metSince = check.met ? this.#metSince ?? now : undefined;
    this.#after = check;
    if (!faults.begun) {
      const isLast = triggers || this.#firstFault <= now + EVALUATE_EVERY;
      return isLast && this.#before === undefined && !this.#checkBefore(check);
    }
    if (faults.open) this.#during ??= check;
    this.#follow(check, faults.recoverFrom);
    return false;
  }

  #checkBefore(check: SteadyCheck): boolean {
    this.#before = check;
    const { before } = this.#hypothesis;
    const begins = Math.min(this.#firstFault, check.time + EVALUATE_EVERY);
    if (check.met && (before === 0 || this.#metSince! - EVALUATE_EVERY < begins - before)) return true;
    this.#isUnsteady = true;
    this.#why = "the system was not steady before the first fault";
    return false;
  }

  #follow(check: SteadyCheck, recoverFrom: number): void {
    const { recoverWithin } = this.#hypothesis;
    const last = this.#deviations.at(-1), isDeviating = last !== undefined && last.until === undefined;
    if (check.met) {
      if (isDeviating) last.until = check.time;
      return;
    }
    if (!isDeviating && this.#deviations.length < DEVIATIONS_MAX) {
      this.#deviations.push({ from: check.time, until: undefined, check });
    }
    if (this.#why !== undefined) return;
    if (recoverWithin === undefined) {
      this.#why = `the system was not steady at ${formatDuration(check.time)}, and had to be all the time`;
    } else if (check.time > recoverFrom + recoverWithin) {
      this.#why =
        `the system was not steady ${formatDuration((check.time - recoverFrom) as Nanos)} after the faults' end, ` +
        `and ${formatDuration(recoverWithin)} were allowed`;
    }
  }

  report(): ExperimentReport {
    const deviations = this.#deviations;
    if (this.#why === undefined && deviations.at(-1)?.until === undefined && deviations.length > 0) {
      this.#why = "the system was not steady when the run ended";
    }
    // Without any fault the last check says whether it holds at all.
    if (this.#why === undefined && this.#before === undefined && this.#after?.met !== true) {
      this.#why = "the system was not steady";
    }
    return {
      hypothesis: this.#hypothesis,
      before: this.#before,
      deviations,
      during: this.#during,
      after: this.#after,
      verdict: this.#isUnsteady ? "unsteady" : this.#why === undefined ? "held" : "deviated",
      why: this.#why,
    };
  }
}
