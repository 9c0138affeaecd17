// Rows that are locked while steps are taken: first come, first served.

import type { Nanos } from "../base/time.ts";
import { mix, mixed } from "../base/draws.ts";
import { Outcome } from "../plan/facts.ts";
import { drawKey, spread } from "../plan/keys.ts";
import type { Instruction } from "../plan/plan.ts";
import type { PlanLock } from "../plan/state.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameState } from "./frame.ts";
import { type Held, nextWaiter, type Waiter } from "./held.ts";

/** A request that waits for a row, with what it needs to go on. */
interface LockWaiter extends Waiter {
  readonly lock: PlanLock;
}

/** A row that is locked, or was: then it is used again for another. */
class Row implements Held {
  readonly waiters: LockWaiter[] = [];
  key = 0;
  /** How often its holder has locked it: who holds a row may lock it again. */
  depth = 0;

  constructor(readonly locks: Locks, public holder: Frame) {}

  abandon(): void {
    if (--this.depth === 0) this.locks.passOn(this);
  }
}

const STATUS_ERROR = 500;

export class Locks {
  readonly #core: Core;
  readonly #plan: readonly PlanLock[];
  /** Rows that are locked, by key. */
  readonly #rows = new Map<number, Row>();
  readonly #free: Row[] = [];

  constructor(core: Core) {
    this.#core = core;
    this.#plan = core.plan.locks ?? [];
  }

  /** Gives true when the strand waits, or has failed. */
  take(frame: Frame, { site }: Instruction): boolean {
    const lock = this.#plan[site]!;
    const { root } = frame;
    this.#core.strands.askedKey(frame);
    const { context } = this.#core.plan.workloads[root.workload]!;
    const key = spread(drawKey(lock.key, context, root, mixed.high, mixed.low), lock.space);
    const row = this.#rows.get(key);
    if (row === undefined) {
      this.#told(frame, lock, this.#core.now, Outcome.ok);
      this.#give(this.#newRow(key, frame), frame);
      return false;
    }
    // A transaction does not wait for itself.
    if (row.holder.root === root) {
      row.depth++;
      frame.held.push(row);
      frame.pc++;
      return false;
    }
    if (this.#closesCircle(row, root)) {
      this.#told(frame, lock, this.#core.now, Outcome.error);
      this.#core.strands.fail(frame, Outcome.error, STATUS_ERROR, lock.deadlockFailure, 0);
      return true;
    }
    frame.state = FrameState.locked;
    frame.waitsFor = row;
    row.waiters.push({ frame, generation: frame.generation, since: this.#core.now, lock });
    if (lock.timeout < Infinity) {
      this.#core.events.scheduleLate(
        (this.#core.now + lock.timeout) as Nanos,
        Event.lockTimeout,
        frame.slot,
        frame.generation,
      );
    }
    return true;
  }

  #newRow(key: number, holder: Frame): Row {
    const row = this.#free.pop() ?? new Row(this, holder);
    row.key = key;
    this.#rows.set(key, row);
    return row;
  }

  #give(row: Row, frame: Frame): void {
    row.holder = frame;
    row.depth = 1;
    frame.held.push(row);
    frame.pc++;
  }

  /** Whether a row's holder waits, over any number of rows, for one that this request holds: databases look for that. */
  #closesCircle(row: Row, root: Frame): boolean {
    const seen = new Set<Held>();
    for (let held: Held | undefined = row; held !== undefined && !seen.has(held); held = held.holder.waitsFor) {
      if (held.holder.root === root) return true;
      seen.add(held);
    }
    return false;
  }

  /** The strand comes to the end of the steps for which it held a row. */
  letGo(frame: Frame): void {
    const row = frame.held.pop() as Row;
    frame.pc++;
    if (--row.depth === 0) this.passOn(row);
  }

  /** Gives a row that its holder has let go to the one that waits longest. */
  passOn(row: Row): void {
    const next = nextWaiter(row.waiters) as LockWaiter | undefined;
    if (next === undefined) {
      this.#rows.delete(row.key);
      row.waiters.length = 0;
      this.#free.push(row);
      return;
    }
    const { frame, lock, since } = next;
    // Its time limit is void.
    frame.generation = (frame.generation + 1) | 0;
    frame.waitsFor = undefined;
    this.#core.taint?.handsOver(row.holder, frame, since);
    this.#told(frame, lock, since, Outcome.ok);
    this.#give(row, frame);
    this.#core.schedule(this.#core.now, Event.resume, frame.slot, frame.generation);
  }

  timedOut(frame: Frame): void {
    // The frame may have waited here before, for another request.
    const isIts = (each: Waiter): boolean => each.frame === frame && each.generation === frame.generation;
    const waiter = (frame.waitsFor as Row).waiters.find(isIts)!;
    this.#core.taint?.waitedInVain((frame.waitsFor as Row).holder, frame, waiter.since);
    frame.generation = (frame.generation + 1) | 0;
    frame.waitsFor = undefined;
    this.#told(frame, waiter.lock, waiter.since, Outcome.timeout);
    this.#core.strands.fail(frame, Outcome.error, STATUS_ERROR, waiter.lock.timeoutFailure, 0);
  }

  #told(frame: Frame, lock: PlanLock, since: number, outcome: number): void {
    this.#core.strands.strandKey(frame);
    mix(mixed.high, mixed.low, lock.salt ^ this.#core.startSalt);
    this.#core.facts.lock(frame.root, lock, since, outcome, mixed.high, mixed.low);
  }
}
