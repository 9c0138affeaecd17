// What is cut off: by the end of a grace, of a workload or of the run. And deadlocks, in which nothing ever ends.

import { FactFlag, Outcome } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import { deadlockedServices } from "./deadlock.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";
import type { Held } from "./held.ts";
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
    this.#core.queues.forget(state);
    this.#core.workloads.endIfIdle(state);
  }

  /**
   * Ends strands at once, innermost first, and in an order that depends on nothing but the requests themselves. Whoever
   * waits for one of them and is not among them hears nothing.
   * @param outcome plan/facts.ts's, of the requests, calls and iterations that end
   * @param status of the requests
   * @param answer told of each request whose service had seen it, while it is still there
   */
  end(frames: Frame[], outcome: number, status = 0, answer?: (request: Frame) => void): void {
    frames.sort((a, b) =>
      b.depth - a.depth || Number(a.kind !== FrameKind.branch) - Number(b.kind !== FrameKind.branch) ||
      a.start - b.start ||
      a.root.keyHigh - b.root.keyHigh || a.root.keyLow - b.root.keyLow || a.pc - b.pc
    );
    const touched = new Set<Station>();
    const held: Held[] = [];
    for (const frame of frames) {
      if (frame.held.length > 0) held.push(...frame.held.splice(0).reverse());
      if (frame.kind === FrameKind.delivery) this.#core.queues.cutOff(frame);
      if (frame.state === FrameState.calling && frame.callSite >= 0) {
        this.#core.facts.call(
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
        if (outcome === Outcome.crashed) this.#core.taint?.crashes(frame, this.#core.fleet.stationOf(frame));
        this.#core.facts.request(
          frame,
          outcome,
          status,
          -1,
          0,
          !this.#core.servers.callerWaits(frame),
        );
        answer?.(frame);
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
    // Only now: nobody who has ended must take over what another of them held.
    for (const each of held) each.abandon(0, 0, -1, 0);
    for (const station of touched) {
      this.#core.servers.takeUp(station);
      this.#core.world.drained(station);
    }
  }

  /** Tells, once, of services whose requests all wait for each other. */
  reportDeadlock(): void {
    const { plan, pool: { frames }, fleet, policies } = this.#core;
    const names = deadlockedServices({
      plan,
      frames,
      stationOf: (request) => fleet.stationOf(request),
      lineOf: (strand) => policies.lineOf(strand),
      placesOf: (strand) => policies.placesOf(strand),
    }).map((service) => plan.services[service]!.name);
    if (names.length === 0) return;
    const { pools, bulkheads } = plan.shared;
    const kinds = [
      "worker",
      ...pools.length > 0 ? ["connection"] : [],
      ...bulkheads.length > 0 ? ["place"] : [],
      ...plan.locks === undefined ? [] : ["row"],
      ...plan.caches === undefined ? [] : ["entry"],
    ];
    const last = kinds.pop()!;
    const what = kinds.length === 0 ? last : `${kinds.join(", ")} or ${last}`;
    const sentence = `deadlock: every ${what} of ${names.join(", ")} is held by a request that waits for a ${what} of ${
      names.length === 1 ? "the same service" : "another of them"
    }`;
    if (!this.deadlocks.includes(sentence)) this.deadlocks.push(sentence);
  }
}
