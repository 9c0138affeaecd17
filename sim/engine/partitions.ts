// Partitions: services between which every packet is lost, and what TCP makes of that.

import { type Nanos, SECOND } from "../base/time.ts";
import { Outcome } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind } from "./frame.ts";
import type { HeldTaint } from "./taint.ts";

/** Linux tries to connect six times more, each time after twice the pause before (tcp_syn_retries 6): 127 s in all. */
const CONNECT_RESENDS_MAX = 6;
/** How long Linux goes on sending what is not acknowledged (tcp_retries2 15): 924.6 s, then the connection is dead. */
const ANSWER_PATIENCE = (924.6 * SECOND) as Nanos;

/** A way on which packets are lost. */
interface Parted {
  /** Answers that got lost on it. */
  readonly held: HeldAnswer[];
  /** The fault that parts it, + 1; 0 for none. */
  by: number;
}

/** An answer that has not come through. */
interface HeldAnswer {
  /** What the account of faults needs of the request that gave it. */
  readonly taint: HeldTaint | undefined;
  readonly caller: Frame;
  readonly generation: number;
  readonly outcome: number;
  readonly status: number;
  readonly cause: number;
}

export class Partitions {
  readonly #core: Core;
  /** Ways from one service to another, as numbers; undefined: none, which is what calls ask first. */
  #parted: Map<number, Parted> | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Packets on their way from one service to another. */
  #way(from: number, to: number): number {
    return from * this.#core.plan.services.length + to;
  }

  /** Packets of two services are lost, both ways. */
  part(one: number, other: number): void {
    this.partWay(one, other);
    this.partWay(other, one);
  }

  /**
   * Packets are lost on their way from one service to another, but not on their way back.
   * @param by the fault that does it, + 1; 0 for none
   */
  partWay(from: number, to: number, by = 0): void {
    const way = this.#way(from, to), parted = this.#parted?.get(way);
    if (parted !== undefined) parted.by = by;
    else (this.#parted ??= new Map()).set(way, { held: [], by });
  }

  heal(one: number, other: number): void {
    this.healWay(one, other);
    this.healWay(other, one);
  }

  /** Answers that were lost are sent once more and come through now; requests come with their next attempt to connect. */
  healWay(from: number, to: number): void {
    const parted = this.#parted?.get(this.#way(from, to));
    if (parted === undefined) return;
    this.#parted!.delete(this.#way(from, to));
    if (this.#parted!.size === 0) this.#parted = undefined;
    this.#core.queues.goOn();
    for (const { caller, generation, outcome, status, cause, taint } of parted.held) {
      if (caller.generation !== generation) continue;
      this.#core.calls.answer(caller, outcome, status, cause, 0 as Nanos);
      if (taint !== undefined) this.#core.taint?.answerComesThrough(caller, taint);
    }
  }

  /** Whether packets between two services are lost, one way or both. */
  separates(one: number, other: number): boolean {
    return this.#loses(one, other) || this.#loses(other, one);
  }

  /** The fault, + 1, that separates two services; 0 for none. */
  separatedBy(one: number, other: number): number {
    return this.#parted?.get(this.#way(one, other))?.by || this.#parted?.get(this.#way(other, one))?.by || 0;
  }

  #loses(from: number, to: number): boolean {
    return this.#parted?.has(this.#way(from, to)) === true;
  }

  /** Takes a request that a partition swallows on its way; gives false when it comes through. */
  takesRequest(request: Frame, caller: Frame): boolean {
    if (this.#parted === undefined || caller.root.kind !== FrameKind.request) return false;
    const parted = this.#parted.get(this.#way(caller.service, request.service));
    if (parted === undefined) return false;
    this.#core.taint?.heldUp(request, parted.by);
    request.resends = 0;
    this.#resendLater(request);
    return true;
  }

  #resendLater(request: Frame): void {
    const pause = 2 ** request.resends * SECOND;
    this.#core.schedule((this.#core.now + pause) as Nanos, Event.resend, request.slot, request.generation);
  }

  resend(request: Frame): void {
    const { servers, workloads } = this.#core;
    // Who waits no longer has closed the socket.
    if (!servers.callerWaits(request)) return workloads.release(request);
    const caller = this.#core.pool.frames[request.parent]!;
    if (!this.#loses(caller.service, request.service)) {
      this.#core.taint?.comesThrough(request);
      return servers.enter(request);
    }
    if (++request.resends <= CONNECT_RESENDS_MAX) return this.#resendLater(request);
    this.#core.calls.answer(caller, Outcome.unreachable, 0, -1, 0 as Nanos);
    this.#core.taint?.unreachable(request, caller);
    workloads.release(request);
  }

  /** Takes an answer that a partition swallows; gives false when it comes through. */
  takesAnswer(request: Frame, caller: Frame, outcome: number, status: number, cause: number): boolean {
    if (this.#parted === undefined || caller.root.kind !== FrameKind.request) return false;
    const parted = this.#parted.get(this.#way(request.service, caller.service));
    if (parted === undefined) return false;
    this.#core.calls.answer(caller, Outcome.reset, 0, -1, ANSWER_PATIENCE);
    const taint = this.#core.taint?.answerHeldUp(request, caller, parted.by, outcome !== Outcome.ok, ANSWER_PATIENCE);
    parted.held.push({ caller, generation: caller.generation, outcome, status, cause, taint });
    return true;
  }
}
