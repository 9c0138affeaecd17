// The clock by which a replay waits, so that tests can put another one in its place.

import { setImmediate } from "node:timers";
import { WakeableWait } from "../run/wakeable_wait.ts";

/** Milliseconds that only go forward. */
export interface WaitClock {
  now(): number;
  /** Resolves when `now` has reached that time, or when `wake` is called. */
  until(ms: number): Promise<void>;
  /** Lets timers, signals and answers of the network have their turn. */
  turn(): Promise<void>;
  wake(): void;
}

/** Timers ring up to two milliseconds late, and intervals are to be right within one: the end of a wait is watched. */
const WATCHED_MS = 2;

export class WallClock implements WaitClock {
  readonly #wait = new WakeableWait();
  #isWoken = false;

  now(): number {
    return performance.now();
  }

  async until(ms: number): Promise<void> {
    this.#isWoken = false;
    const left = ms - this.now();
    if (left > WATCHED_MS) await this.#wait.for(left - WATCHED_MS);
    while (!this.#isWoken && this.now() < ms) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  wake(): void {
    this.#isWoken = true;
    this.#wait.wake();
  }
}
