// The samples of the last so many stretches of time, as one instrument. Nothing is taken away from an instrument, which a
// histogram's least and greatest value would not stand: the older stretches are kept merged with all younger ones among
// them, so that dropping the oldest costs nothing, and each stretch is merged twice, however long the window.

import type { Instrument } from "./instrument.ts";

export class SlidingWindow {
  readonly #length: number;
  readonly #empty: () => Instrument;
  /** The last is the oldest; each is merged with those before it. */
  #older: Instrument[] = [];
  #younger: Instrument[] = [];
  #youngerTotal: Instrument;

  /**
   * @param length in stretches
   * @param empty a new instrument without samples
   */
  constructor(length: number, empty: () => Instrument) {
    this.#length = length;
    this.#empty = empty;
    this.#youngerTotal = empty();
  }

  /** Takes the samples of the next stretch, and forgets the oldest when there are more than `length`. Keeps `stretch`. */
  push(stretch: Instrument): void {
    if (this.#older.length + this.#younger.length === this.#length) this.#dropOldest();
    this.#younger.push(stretch);
    this.#youngerTotal.merge(stretch);
  }

  /** All samples in it. */
  total(): Instrument {
    const total = this.#empty();
    const older = this.#older.at(-1);
    if (older !== undefined) total.merge(older);
    total.merge(this.#youngerTotal);
    return total;
  }

  #dropOldest(): void {
    if (this.#older.length === 0) {
      const all = this.#younger;
      for (let i = all.length - 2; i >= 0; i--) all[i]!.merge(all[i + 1]!);
      this.#older = all.reverse();
      this.#younger = [];
      this.#youngerTotal = this.#empty();
    }
    this.#older.pop();
  }
}
