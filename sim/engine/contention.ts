// Locks that faults make: one for each fault, which one request at a time can have, first come, first served.

import type { Nanos } from "../base/time.ts";
import { Outcome } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameState } from "./frame.ts";
import { type Held, nextWaiter, type Waiter } from "./held.ts";

class TableLock implements Held {
  readonly waiters: Waiter[] = [];
  isHeld = false;

  constructor(
    readonly contention: Contention,
    readonly fault: number,
    readonly patience: number,
    public holder: Frame,
  ) {}

  abandon(): void {
    this.contention.passOn(this);
  }
}

export class Contention {
  readonly #core: Core;
  /** By fault. */
  readonly #locks: (TableLock | undefined)[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  /** A request that is about to be worked on needs the lock. @returns whether it has to wait */
  take(fault: number, request: Frame, timeout: number): boolean {
    const lock = this.#locks[fault] ??= new TableLock(this, fault, timeout, request);
    if (!lock.isHeld) {
      this.#give(lock, request, this.#core.now);
      return false;
    }
    request.state = FrameState.locked;
    this.#core.taint?.waitsForLock(request, fault);
    request.waitsFor = lock;
    lock.waiters.push({ frame: request, generation: request.generation, since: this.#core.now });
    if (timeout < Infinity) {
      const until = (this.#core.now + timeout) as Nanos;
      this.#core.events.scheduleLate(until, Event.contentionTimeout, request.slot, request.generation);
    }
    return true;
  }

  #give(lock: TableLock, request: Frame, since: number): void {
    this.#core.facts.contention(request, lock.fault, since, Outcome.ok);
    lock.isHeld = true;
    lock.holder = request;
    request.held.push(lock);
  }

  /** The one that waits longest has it next. */
  passOn(lock: TableLock): void {
    lock.isHeld = false;
    const next = nextWaiter(lock.waiters);
    if (next === undefined) return;
    const { frame, since } = next;
    frame.generation = (frame.generation + 1) | 0;
    frame.waitsFor = undefined;
    this.#give(lock, frame, since);
    this.#core.taint?.lockWaitEnds(frame, false);
    this.#core.schedule(this.#core.now, Event.resume, frame.slot, frame.generation);
  }

  /** It was waited for too long. */
  timedOut(request: Frame): void {
    const { fault } = request.waitsFor as TableLock;
    request.generation = (request.generation + 1) | 0;
    request.waitsFor = undefined;
    this.#core.facts.contention(request, fault, request.begun, Outcome.timeout);
    this.#core.taint?.lockWaitEnds(request, true);
    const { failure } = this.#core.plan.faults[fault]!;
    this.#core.strands.fail(request, Outcome.error, this.#core.plan.failures[failure]!.status, failure, 0);
  }
}
