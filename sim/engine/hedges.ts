// Hedged calls: when an answer takes too long, the same is asked once more beside it, and the first answer is taken
// (J. Dean and L. A. Barroso, "The tail at scale", 2013; gRPC's hedging policy). Each further attempt is a frame of its
// own, a child of the strand that calls.

import { hashText, mix, mixed } from "../base/draws.ts";
import type { Nanos } from "../base/time.ts";
import { FactFlag, Outcome } from "../plan/facts.ts";
import type { CallSite } from "../plan/plan.ts";
import { isFailure } from "../plan/policies.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";

const SALT_HEDGE = hashText("hedge");

export class Hedges {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** An attempt is sent whose call is to be hedged. */
  arm(strand: Frame, after: Nanos): void {
    this.#core.schedule((this.#core.now + after) as Nanos, Event.hedge, strand.slot, strand.generation);
  }

  /** The call has not been answered for so long that another attempt is sent. */
  fire(strand: Frame): void {
    const site = this.#core.plan.sites[strand.callSite]!, { after, max } = site.policies!.hedge!;
    if (strand.hedgesSent === 0) strand.forked.length = 0;
    const number = ++strand.hedgesSent;
    const hedge = this.#core.pool.take(FrameKind.branch, strand.program);
    this.#core.states[strand.workload]!.alive++;
    strand.hedges++;
    // It may be in the slot of one that has ended.
    if (!strand.forked.includes(hedge.slot)) strand.forked.push(hedge.slot);
    hedge.isHedge = true;
    hedge.parent = strand.slot;
    hedge.parentGeneration = strand.generation;
    hedge.root = strand.root;
    hedge.pc = strand.pc;
    hedge.workload = strand.workload;
    hedge.vu = strand.vu;
    hedge.iteration = strand.iteration;
    hedge.depth = strand.depth;
    hedge.endpoint = strand.endpoint;
    hedge.service = strand.service;
    hedge.replica = strand.replica;
    hedge.start = this.#core.now;
    hedge.callSite = strand.callSite;
    hedge.callHigh = strand.callHigh;
    hedge.callLow = strand.callLow;
    hedge.callDeadline = strand.callDeadline;
    if (site.cache !== undefined) hedge.cacheKeys.push(strand.cacheKeys.at(-1)!);
    hedge.callAttempt = ++strand.callsSent;
    this.#core.taint?.hedged(strand, hedge);
    mix(strand.attemptHigh, strand.attemptLow, (SALT_HEDGE + number) | 0);
    if (number < max) this.arm(strand, after);
    this.#core.calls.start(hedge, site, mixed.high, mixed.low);
  }

  /** One of several attempts of a call has ended. */
  ended(attempt: Frame, site: CallSite, outcome: number, status: number, cause: number): void {
    const strand = attempt.isHedge ? this.#core.pool.frames[attempt.parent]! : attempt;
    if (attempt.isHedge) strand.hedges--;
    const others = strand.hedges + (attempt.isHedge && strand.state === FrameState.calling ? 1 : 0);
    if (others > 0 && isFailure(outcome, status)) {
      this.#tell(attempt, site, outcome, status, cause, FactFlag.undecided);
      if (attempt.isHedge) this.#core.workloads.release(attempt);
      else {
        strand.state = FrameState.hedging;
        for (const slot of strand.forked) {
          const hedge = this.#core.pool.frames[slot]!;
          if (this.isHedgeOf(hedge, strand)) hedge.parentGeneration = strand.generation;
        }
      }
      return;
    }
    this.#cancelOthers(strand, attempt, site);
    strand.hedges = 0;
    this.#core.calls.concluded(strand, attempt, site, outcome, status, cause);
  }

  /** Whether a frame is an attempt of this strand's call that is under way. */
  isHedgeOf(frame: Frame, strand: Frame): boolean {
    return frame.kind === FrameKind.branch && frame.isHedge && frame.parent === strand.slot && frame.callSite >= 0;
  }

  #tell(attempt: Frame, site: CallSite, outcome: number, status: number, cause: number, flags: number): void {
    const hedge = attempt.isHedge ? FactFlag.hedge : 0;
    this.#core.facts.call(attempt, site, outcome, status, cause, flags | hedge, -1);
  }

  #cancelOthers(strand: Frame, winner: Frame, site: CallSite): void {
    if (winner !== strand && strand.state === FrameState.calling) this.#cancel(strand, site);
    for (const slot of strand.forked) {
      const hedge = this.#core.pool.frames[slot]!;
      if (hedge === winner || !this.isHedgeOf(hedge, strand)) continue;
      this.#cancel(hedge, site);
      this.#core.workloads.release(hedge);
    }
  }

  #cancel(attempt: Frame, site: CallSite): void {
    this.#core.calls.cancelCallee(attempt);
    attempt.generation = (attempt.generation + 1) | 0;
    this.#tell(attempt, site, Outcome.cancelled, 0, -1, 0);
    this.#core.policies.ended(attempt, site, site.policies!, Outcome.cancelled, 0);
  }
}
