// The clock by which a replay waits, so that tests can put another one in its place.

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
  #wake: (() => void) | undefined;

  now(): number {
    return performance.now();
  }

  async until(ms: number): Promise<void> {
    const left = ms - this.now();
    if (left <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  wake(): void {
    this.#wake?.();
  }
}
