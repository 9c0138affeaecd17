// The only clock that paces: it holds the engine back until the wall clock has reached a simulated time.

import type { Nanos } from "../base/time.ts";
import { WakeableWait } from "./wakeable_wait.ts";

/** Wall time between two steps of a paced run: what is due is written at most so much later. */
const SLICE_MS = 50;

export class Pacer {
  readonly #startedMs = performance.now();
  readonly #wait = new WakeableWait();
  #behindMs = 0;

  /** @param pace simulated seconds in one second of wall time; Infinity: as fast as it goes */
  constructor(readonly pace: number) {}

  /** Where the next step ends: at `until`, or earlier when the pace makes it wait. */
  sliceEnd(now: Nanos, until: Nanos): Nanos {
    if (this.pace === Infinity) return until;
    return Math.min(until, now + Math.max(1, Math.round(SLICE_MS * 1e6 * this.pace))) as Nanos;
  }

  /** Resolves when the wall clock has reached `time`, or when `wake` is called. */
  async reach(time: Nanos): Promise<void> {
    if (this.pace === Infinity) return;
    const left = this.#startedMs + time / 1e6 / this.pace - performance.now();
    if (left < 0) this.#behindMs = Math.max(this.#behindMs, -left);
    if (left <= 0) return;
    await this.#wait.for(left);
  }

  /** Ends the current wait at once. */
  wake(): void {
    this.#wait.wake();
  }

  /** How far the run fell behind its pace at worst, in milliseconds of wall time. */
  get behindMs(): number {
    return this.#behindMs;
  }
}
