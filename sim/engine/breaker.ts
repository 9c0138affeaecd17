// A circuit breaker, with the states, windows and defaults of resilience4j (https://resilience4j.readme.io/docs/circuitbreaker).

import { type Nanos, SECOND } from "../base/time.ts";
import type { BreakerPolicy } from "../model/policies.ts";

export const BreakerState = { closed: 0, open: 1, halfOpen: 2 } as const;
export type BreakerState = (typeof BreakerState)[keyof typeof BreakerState];

/** The calls that the rates are taken from. */
interface Window {
  readonly calls: number;
  readonly failed: number;
  readonly slow: number;
  add(now: Nanos, failed: boolean, slow: boolean): void;
}

class CountWindow implements Window {
  calls = 0;
  failed = 0;
  slow = 0;
  /** Bit 1: failed, bit 2: slow. */
  readonly #marks: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.#marks = new Uint8Array(size);
  }

  add(_now: Nanos, failed: boolean, slow: boolean): void {
    const old = this.#marks[this.#at]!;
    if (this.calls === this.#marks.length) {
      this.failed -= old & 1;
      this.slow -= old >> 1;
    } else this.calls++;
    this.#marks[this.#at] = (failed ? 1 : 0) | (slow ? 2 : 0);
    if (failed) this.failed++;
    if (slow) this.slow++;
    if (++this.#at === this.#marks.length) this.#at = 0;
  }
}

/** Buckets of a second, as many as the window has; the oldest goes as a new second begins. */
class TimeWindow implements Window {
  calls = 0;
  failed = 0;
  slow = 0;
  readonly #buckets: Float64Array;
  readonly #seconds: number;
  #second = 0;

  constructor(time: Nanos) {
    this.#seconds = Math.max(1, Math.ceil(time / SECOND));
    this.#buckets = new Float64Array(this.#seconds * 3);
  }

  add(now: Nanos, failed: boolean, slow: boolean): void {
    this.#moveTo(Math.floor(now / SECOND));
    const at = this.#second % this.#seconds * 3;
    this.#buckets[at]!++;
    this.calls++;
    if (failed) {
      this.#buckets[at + 1]!++;
      this.failed++;
    }
    if (slow) {
      this.#buckets[at + 2]!++;
      this.slow++;
    }
  }

  #moveTo(second: number): void {
    const passed = Math.min(second - this.#second, this.#seconds);
    this.#second = second;
    for (let back = 0; back < passed; back++) {
      const at = (second - back) % this.#seconds * 3;
      this.calls -= this.#buckets[at]!;
      this.failed -= this.#buckets[at + 1]!;
      this.slow -= this.#buckets[at + 2]!;
      this.#buckets.fill(0, at, at + 3);
    }
  }
}

/**
 * Open, it lets nothing through for a time; then, at the next call, it is half open and lets some through to see. As soon
 * as they have ended it closes or opens again. What ends after a change of state began before it counts no more.
 */
export class Breaker {
  readonly #policy: BreakerPolicy;
  state: BreakerState = BreakerState.closed;
  /** Rises with every change of state; a call keeps that of its beginning. */
  epoch = 0;
  /** Shares of the window, as they were at the last change of state. */
  failureRate = 0;
  slowRate = 0;
  #window: Window;
  #openUntil = 0;
  #permitted = 0;

  constructor(policy: BreakerPolicy) {
    this.#policy = policy;
    this.#window = this.#closedWindow();
  }

  #closedWindow(): Window {
    const { window } = this.#policy;
    return "count" in window ? new CountWindow(window.count) : new TimeWindow(window.time);
  }

  /** Whether a call may be made now; one that may takes one of the few permits while the breaker is half open. */
  permits(now: Nanos): boolean {
    if (this.state === BreakerState.open) {
      if (now < this.#openUntil) return false;
      this.#change(BreakerState.halfOpen);
      this.#permitted = this.#policy.halfOpen;
      this.#window = new CountWindow(this.#policy.halfOpen);
    }
    if (this.state === BreakerState.halfOpen) {
      if (this.#permitted === 0) return false;
      this.#permitted--;
    }
    return true;
  }

  /** A call has ended. @param epoch the breaker's when the call was permitted */
  record(epoch: number, now: Nanos, failed: boolean, slow: boolean): void {
    if (epoch !== this.epoch) return;
    const policy = this.#policy, window = this.#window;
    window.add(now, failed, slow);
    const least = this.state === BreakerState.halfOpen
      ? policy.halfOpen
      : "count" in policy.window
      ? Math.min(policy.minimum, policy.window.count)
      : policy.minimum;
    if (window.calls < least) return;
    this.failureRate = window.failed / window.calls;
    this.slowRate = window.slow / window.calls;
    const trips = this.failureRate >= policy.failureRate ||
      (policy.slow !== undefined && this.slowRate >= policy.slow.rate);
    if (trips) {
      this.#change(BreakerState.open);
      this.#openUntil = now + policy.open;
    } else if (this.state === BreakerState.halfOpen) {
      this.#change(BreakerState.closed);
      this.#window = this.#closedWindow();
    }
  }

  /** A call that was permitted has no result: it was cancelled. */
  release(epoch: number): void {
    if (epoch === this.epoch && this.state === BreakerState.halfOpen) this.#permitted++;
  }

  #change(state: BreakerState): void {
    this.state = state;
    this.epoch++;
  }
}
