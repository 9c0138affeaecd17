// What is cut off: by the end of a grace, of a workload or of the run. And deadlocks, in which nothing ever ends.

import { FactFlag, Outcome } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import { deadlockedServices } from "./deadlock.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";
import type { Station } from "./station.ts";
import type { WorkloadState } from "./workload.ts";

export class Interruptions {
  /** Each deadlock found, as a sentence. */
  readonly deadlocks: string[] = [];
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The user is gone: the iteration ends, and what the services still do for it is abandoned. */
  iteration(iteration: Frame): void {
    const strands = [iteration];
    this.collectBranches(iteration, strands);
    for (const strand of strands) {
      // A user who goes cancels what is to be cancelled.
      if (strand.state === FrameState.calling && this.#core.plan.sites[strand.callSite]!.policies?.cancel === true) {
        this.#core.calls.cancelCallee(strand);
      }
    }
    this.end(strands, Outcome.interrupted);
  }

  /** Adds the branches that a strand waits for, and theirs; further attempts of its call among them. */
  collectBranches(owner: Frame, into: Frame[]): void {
    if (owner.state !== FrameState.joining && owner.hedges === 0) return;
    for (const slot of owner.forked) {
      const branch = this.#core.pool.frames[slot]!;
      if (
        branch.kind !== FrameKind.branch || branch.parent !== owner.slot || branch.parentGeneration !== owner.generation
      ) continue;
      into.push(branch);
      this.collectBranches(branch, into);
    }
  }

  /** Ends everything that is left of a workload. */
  workload(state: WorkloadState): void {
    const { index } = state.plan;
    const frames = this.#core.pool.frames.filter((frame) => frame.kind !== FrameKind.free && frame.workload === index);
    if (this.#core.canDeadlock) this.reportDeadlock();
    state.loadEnded = true;
    this.end(frames, Outcome.interrupted);
    this.#core.workloads.endIfIdle(state);
  }

  /**
   * Ends strands at once, innermost first, and in an order that depends on nothing but the requests themselves. Whoever
   * waits for one of them and is not among them hears nothing.
   * @param outcome plan/facts.ts's, of the requests, calls and iterations that end
   * @param status of the requests
   */
  end(frames: Frame[], outcome: number, status = 0): void {
    frames.sort((a, b) =>
      b.depth - a.depth || Number(a.kind !== FrameKind.branch) - Number(b.kind !== FrameKind.branch) ||
      a.start - b.start ||
      a.root.keyHigh - b.root.keyHigh || a.root.keyLow - b.root.keyLow || a.pc - b.pc
    );
    const touched = new Set<Station>();
    for (const frame of frames) {
      if (frame.state === FrameState.calling && frame.callSite >= 0) {
        this.#core.facts.call(
          this.#core.now,
          frame,
          this.#core.plan.sites[frame.callSite]!,
          outcome,
          0,
          -1,
          frame.isHedge ? FactFlag.hedge : 0,
          -1,
        );
      }
      if (frame.state === FrameState.working) this.#core.ownWork.cutOff(frame);
      // A request on its way to the service has not reached it: nobody there has seen it.
      if (frame.kind === FrameKind.request && frame.state !== FrameState.transit) {
        this.#core.facts.request(
          this.#core.now,
          frame,
          outcome,
          status,
          -1,
          0,
          !this.#core.servers.callerWaits(frame),
        );
        const station = this.#core.fleet.stationOf(frame);
        this.#core.taint?.leaves(frame, station);
        if (frame.state !== FrameState.queued) station.release(this.#core.now);
        touched.add(station);
      }
    }
    const going = new Set(frames);
    for (const station of touched) station.removeWhere((slot) => going.has(this.#core.pool.frames[slot]!));
    // What they hold goes to strands that stay: none of them may take it, and no frame is free for another yet.
    const holding = frames.filter((frame) => frame.callHolds !== 0 && frame.state === FrameState.calling);
    for (const frame of holding) frame.generation = (frame.generation + 1) | 0;
    for (const frame of holding) {
      const site = this.#core.plan.sites[frame.callSite]!;
      this.#core.policies.ended(frame, site, site.policies!, outcome, 0);
    }
    for (const frame of frames) {
      if (frame.kind === FrameKind.iteration) this.#core.workloads.iterationEnded(frame, outcome);
      else this.#core.workloads.release(frame);
    }
    for (const station of touched) this.#core.servers.takeUp(station);
  }

  /** Tells, once, of services whose workers all wait for each other. */
  reportDeadlock(): void {
    const names = deadlockedServices(
      this.#core.plan,
      this.#core.pool.frames,
      (request) => this.#core.fleet.stationOf(request),
    )
      .map((service) => this.#core.plan.services[service]!.name);
    if (names.length === 0) return;
    const sentence = `deadlock: every worker of ${names.join(", ")} is held by a request that waits for a worker of ${
      names.length === 1 ? "the same service" : "another of them"
    }`;
    if (!this.deadlocks.includes(sentence)) this.deadlocks.push(sentence);
  }
}
