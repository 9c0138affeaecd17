// Strands that wait for something that their caller's replica has too few of: first come, first served.

import type { Frame } from "./frame.ts";

/** More entries that nobody waits behind any more than that, and they are cleared away. */
const STALE_MAX = 64;

/** A frame whose generation has risen since it joined waits no more; it says so with `leave`, and is passed over. */
export class WaitingLine {
  #slots: number[] = [];
  #generations: number[] = [];
  #head = 0;
  /** Strands that still wait. */
  waiting = 0;

  join(frame: Frame, frames: readonly Frame[]): void {
    if (this.#slots.length - this.#head > 2 * this.waiting + STALE_MAX || this.#head > STALE_MAX) this.#compact(frames);
    this.#slots.push(frame.slot);
    this.#generations.push(frame.generation);
    this.waiting++;
  }

  leave(): void {
    this.waiting--;
  }

  /** Takes out the strand that has waited longest; undefined when none waits. */
  next(frames: readonly Frame[]): Frame | undefined {
    while (this.#head < this.#slots.length) {
      const frame = frames[this.#slots[this.#head]!]!;
      if (frame.generation === this.#generations[this.#head++]!) {
        this.waiting--;
        return frame;
      }
    }
    this.#slots.length = this.#generations.length = this.#head = 0;
    return undefined;
  }

  #compact(frames: readonly Frame[]): void {
    let kept = 0;
    for (let i = this.#head; i < this.#slots.length; i++) {
      const slot = this.#slots[i]!, generation = this.#generations[i]!;
      if (frames[slot]!.generation !== generation) continue;
      this.#slots[kept] = slot;
      this.#generations[kept++] = generation;
    }
    this.#slots.length = this.#generations.length = kept;
    this.#head = 0;
  }
}
