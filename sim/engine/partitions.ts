// Partitions: services between which every packet is lost, and what TCP makes of that.

import { type Nanos, SECOND } from "../base/time.ts";
import { Outcome } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind } from "./frame.ts";

/** Linux tries to connect six times more, each time after twice the pause before (tcp_syn_retries 6): 127 s in all. */
const CONNECT_RESENDS_MAX = 6;
/** How long Linux goes on sending what is not acknowledged (tcp_retries2 15): 924.6 s, then the connection is dead. */
const ANSWER_PATIENCE = (924.6 * SECOND) as Nanos;

/** An answer that has not come through. */
interface HeldAnswer {
  readonly caller: Frame;
  readonly generation: number;
  readonly outcome: number;
  readonly status: number;
  readonly cause: number;
}

export class Partitions {
  readonly #core: Core;
  /** Ways from one service to another, as numbers, with the answers that got lost on them; undefined: none, which is what calls ask first. */
  #parted: Map<number, HeldAnswer[]> | undefined;

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

  /** Packets are lost on their way from one service to another, but not on their way back. */
  partWay(from: number, to: number): void {
    const way = this.#way(from, to);
    if (this.#parted?.has(way)) return;
    (this.#parted ??= new Map()).set(way, []);
  }

  heal(one: number, other: number): void {
    this.healWay(one, other);
    this.healWay(other, one);
  }

  /** Answers that were lost are sent once more and come through now; requests come with their next attempt to connect. */
  healWay(from: number, to: number): void {
    const held = this.#parted?.get(this.#way(from, to));
    if (held === undefined) return;
    this.#parted!.delete(this.#way(from, to));
    if (this.#parted!.size === 0) this.#parted = undefined;
    this.#core.queues.goOn();
    for (const { caller, generation, outcome, status, cause } of held) {
      if (caller.generation === generation) this.#core.calls.answer(caller, outcome, status, cause, 0 as Nanos);
    }
  }

  /** Whether packets between two services are lost, one way or both. */
  separates(one: number, other: number): boolean {
    return this.#loses(one, other) || this.#loses(other, one);
  }

  #loses(from: number, to: number): boolean {
    return this.#parted?.has(this.#way(from, to)) === true;
  }

  /** Takes a request that a partition swallows on its way; gives false when it comes through. */
  takesRequest(request: Frame, caller: Frame): boolean {
    if (this.#parted === undefined || caller.root.kind !== FrameKind.request) return false;
    if (!this.#loses(caller.service, request.service)) return false;
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
    if (!this.#loses(caller.service, request.service)) return servers.enter(request);
    if (++request.resends <= CONNECT_RESENDS_MAX) return this.#resendLater(request);
    this.#core.calls.answer(caller, Outcome.unreachable, 0, -1, 0 as Nanos);
    workloads.release(request);
  }

  /** Takes an answer that a partition swallows; gives false when it comes through. */
  takesAnswer(request: Frame, caller: Frame, outcome: number, status: number, cause: number): boolean {
    if (this.#parted === undefined || caller.root.kind !== FrameKind.request) return false;
    const held = this.#parted.get(this.#way(request.service, caller.service));
    if (held === undefined) return false;
    held.push({ caller, generation: caller.generation, outcome, status, cause });
    this.#core.calls.answer(caller, Outcome.reset, 0, -1, ANSWER_PATIENCE);
    return true;
  }
}
