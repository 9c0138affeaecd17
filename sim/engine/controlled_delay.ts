// Two ways to keep a queue's delay short that go by the name of CoDel.

import type { Nanos } from "../base/time.ts";
import type { DelayTarget } from "../model/capacity.ts";

/**
 * Controlled delay with adaptive LIFO: B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015. A queue that has not been empty
 * for an interval is standing: then who comes waits for the target at most and who came last is next; otherwise who comes
 * waits for an interval at most and who waits longest is next.
 */
export class ControlledDelay {
  /** When the queue last stopped being empty. */
  #filledAt = 0 as Nanos;

  constructor(readonly constants: DelayTarget) {}

  /** The queue is empty, and a request is about to wait in it. */
  filled(now: Nanos): void {
    this.#filledAt = now;
  }

  /** Whether a queue in which somebody waits is standing. */
  isStanding(now: Nanos): boolean {
    return now - this.#filledAt > this.constants.interval;
  }

  /** How long a request that comes now waits at most. */
  patience(now: Nanos): Nanos {
    return this.isStanding(now) ? this.constants.target : this.constants.interval;
  }
}

/** What a request stands for in a count of drops that is long past: RFC 8289 §5.6. */
const RECENT_INTERVALS = 16;

/**
 * CoDel, RFC 8289 §5: decides about each request that is about to be taken up. Once every wait of an interval was above
 * the target one is dropped, and more at shorter and shorter times, interval / sqrt(count) apart, until a wait is below.
 * The last one in the queue is never dropped. It was made for senders that slow down when they are dropped.
 */
export class CoDel {
  #firstAbove = -1;
  #dropping = false;
  /** The next decision is about the request after a drop, which the RFC's loop takes out at once. */
  #afterDrop = false;
  #entered = false;
  #dropNext = 0;
  #count = 0;
  #lastCount = 0;

  constructor(readonly constants: DelayTarget) {}

  /**
   * @param waited the request's time in the queue
   * @param left requests that wait besides it
   */
  drops(now: Nanos, waited: number, left: number): boolean {
    const isLate = this.#isLate(now, waited, left);
    const { interval } = this.constants;
    if (this.#entered) {
      this.#entered = false;
      return false;
    }
    if (this.#dropping) {
      if (!isLate) {
        this.#dropping = this.#afterDrop = false;
        return false;
      }
      if (this.#afterDrop) {
        this.#afterDrop = false;
        this.#dropNext += interval / Math.sqrt(this.#count);
      }
      if (now < this.#dropNext) return false;
      this.#count++;
      return this.#afterDrop = true;
    }
    if (!isLate) return false;
    this.#dropping = this.#entered = true;
    const delta = this.#count - this.#lastCount;
    this.#count = delta > 1 && now - this.#dropNext < RECENT_INTERVALS * interval ? delta : 1;
    this.#lastCount = this.#count;
    this.#dropNext = now + interval / Math.sqrt(this.#count);
    return true;
  }

  #isLate(now: Nanos, waited: number, left: number): boolean {
    const { target, interval } = this.constants;
    if (waited < target || left === 0) {
      this.#firstAbove = -1;
      return false;
    }
    if (this.#firstAbove < 0) {
      this.#firstAbove = now + interval;
      return false;
    }
    return now >= this.#firstAbove;
  }
}
