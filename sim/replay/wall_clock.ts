// The clock by which a replay waits, so that tests can put another one in its place.

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

export class WallClock implements WaitClock {
  readonly #wait = new WakeableWait();

  now(): number {
    return performance.now();
  }

  async until(ms: number): Promise<void> {
    const left = ms - this.now();
    if (left > 0) await this.#wait.for(left);
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  wake(): void {
    this.#wait.wake();
  }
}
