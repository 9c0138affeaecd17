// What a strand holds while it takes steps, and others wait for: a row, or the fetching of a cache's entry. Whatever ends
// the strand, what it holds has to be let go.

import type { Frame } from "./frame.ts";

/** Someone who waits; void when the generation has moved on. */
export interface Waiter {
  readonly frame: Frame;
  readonly generation: number;
  readonly since: number;
}

export interface Held {
  /** Who holds it. */
  holder: Frame;
  /** How long everybody waits for it; undefined: each as its own step says. */
  readonly patience?: number;
  /**
   * The holder ends without having come to the end of its steps.
   * @param outcome how it failed, for those who share its fate; 0 when it was cut off
   */
  abandon(outcome: number, status: number, cause: number, causeOutcome: number): void;
}

/** The first in a queue of waiters that still waits; undefined when none does. */
export function nextWaiter(waiters: Waiter[]): Waiter | undefined {
  for (let waiter = waiters.shift(); waiter !== undefined; waiter = waiters.shift()) {
    if (waiter.frame.generation === waiter.generation) return waiter;
  }
  return undefined;
}

/** Lets go of all that a strand holds, what it took last first. */
export function abandonAll(frame: Frame, outcome: number, status: number, cause: number, causeOutcome: number): void {
  for (let held = frame.held.pop(); held !== undefined; held = frame.held.pop()) {
    held.abandon(outcome, status, cause, causeOutcome);
  }
}
