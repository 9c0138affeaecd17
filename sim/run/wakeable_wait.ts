// A wait in wall time that can be ended early.

export class WakeableWait {
  #wake: (() => void) | undefined;

  /** Resolves after so many milliseconds, or when `wake` is called. */
  async for(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Ends the current wait at once. */
  wake(): void {
    this.#wake?.();
  }
}
