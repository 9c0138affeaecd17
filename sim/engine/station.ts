// One replica of a service as a queueing station: workers that are held for the whole request, and a queue.

import type { Nanos } from "../base/time.ts";

export class Station {
  busy = 0;
  /** Worker-nanoseconds that were busy up to `#changed`. */
  #busyTime = 0;
  #changed = 0 as Nanos;
  /** Guards against taking up the next request from within the end of another, however long the queue is. */
  draining = false;

  #queue = new Int32Array(8);
  #head = 0;
  #queued = 0;

  constructor(
    readonly service: number,
    readonly replica: number,
    /** Infinity: no limit. */
    readonly concurrency: number,
    /** Infinity: no limit. */
    readonly queueMax: number,
  ) {}

  get queued(): number {
    return this.#queued;
  }

  get free(): boolean {
    return this.busy < this.concurrency;
  }

  hold(now: Nanos): void {
    this.#count(now);
    this.busy++;
  }

  release(now: Nanos): void {
    this.#count(now);
    this.busy--;
  }

  /** Worker-nanoseconds busy since the run's start. */
  busyTime(now: Nanos): number {
    this.#count(now);
    return this.#busyTime;
  }

  #count(now: Nanos): void {
    this.#busyTime += this.busy * (now - this.#changed);
    this.#changed = now;
  }

  enqueue(slot: number): void {
    if (this.#queued === this.#queue.length) this.#grow();
    this.#queue[(this.#head + this.#queued++) & (this.#queue.length - 1)] = slot;
  }

  /** The slot of the request that waits longest. The queue must not be empty. */
  dequeue(): number {
    const slot = this.#queue[this.#head]!;
    this.#head = (this.#head + 1) & (this.#queue.length - 1);
    this.#queued--;
    return slot;
  }

  /** Takes out every request that `leaves` names; the others keep their order. */
  removeWhere(leaves: (slot: number) => boolean): void {
    const count = this.#queued;
    for (let i = 0; i < count; i++) {
      const slot = this.dequeue();
      if (!leaves(slot)) this.enqueue(slot);
    }
  }

  /** The slots that wait, longest first. */
  *waiting(): Iterable<number> {
    for (let i = 0; i < this.#queued; i++) yield this.#queue[(this.#head + i) & (this.#queue.length - 1)]!;
  }

  #grow(): void {
    const larger = new Int32Array(this.#queue.length * 2);
    for (let i = 0; i < this.#queued; i++) larger[i] = this.#queue[(this.#head + i) & (this.#queue.length - 1)]!;
    this.#queue = larger;
    this.#head = 0;
  }
}
