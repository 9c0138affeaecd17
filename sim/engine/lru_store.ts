// Entries of one cache in one replica's memory: which keys are there, until when, and which was asked for longest ago.

import type { Nanos } from "../base/time.ts";

const NONE = -1;

/** Evicts the entry that was asked for longest ago (LRU). */
export class LruStore {
  readonly #capacity: number;
  readonly #slots = new Map<number, number>();
  #keys = new Float64Array(64);
  #until = new Float64Array(64);
  /** Neighbours in the order of use. */
  #colder = new Int32Array(64);
  #warmer = new Int32Array(64);
  #coldest = NONE;
  #warmest = NONE;
  readonly #free: number[] = [];
  #used = 0;
  /** @param capacity Infinity: no limit */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Whether the key is there and not too old; then it was asked for just now. */
  has(key: number, now: Nanos): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    if (this.#until[slot]! <= now) {
      this.#remove(slot);
      return false;
    }
    this.#unlink(slot);
    this.#linkWarmest(slot);
    return true;
  }

  /** Puts the key in; gives whether another had to go for it. */
  put(key: number, until: number): boolean {
    let slot = this.#slots.get(key);
    let evicted = false;
    if (slot !== undefined) this.#unlink(slot);
    else {
      evicted = this.#slots.size >= this.#capacity;
      if (evicted) this.#remove(this.#coldest);
      slot = this.#free.pop() ?? this.#grown();
      this.#slots.set(key, slot);
      this.#keys[slot] = key;
    }
    this.#until[slot] = until;
    this.#linkWarmest(slot);
    return evicted;
  }

  clear(): void {
    this.#slots.clear();
    this.#free.length = 0;
    this.#used = 0;
    this.#coldest = this.#warmest = NONE;
  }

  #remove(slot: number): void {
    this.#slots.delete(this.#keys[slot]!);
    this.#unlink(slot);
    this.#free.push(slot);
  }

  #unlink(slot: number): void {
    const colder = this.#colder[slot]!, warmer = this.#warmer[slot]!;
    if (colder === NONE) this.#coldest = warmer;
    else this.#warmer[colder] = warmer;
    if (warmer === NONE) this.#warmest = colder;
    else this.#colder[warmer] = colder;
  }

  #linkWarmest(slot: number): void {
    this.#colder[slot] = this.#warmest;
    this.#warmer[slot] = NONE;
    if (this.#warmest === NONE) this.#coldest = slot;
    else this.#warmer[this.#warmest] = slot;
    this.#warmest = slot;
  }

  #grown(): number {
    if (this.#used === this.#keys.length) {
      const grow = <A extends Float64Array | Int32Array>(from: A, to: A): A => {
        to.set(from);
        return to;
      };
      const length = this.#used * 2;
      this.#keys = grow(this.#keys, new Float64Array(length));
      this.#until = grow(this.#until, new Float64Array(length));
      this.#colder = grow(this.#colder, new Int32Array(length));
      this.#warmer = grow(this.#warmer, new Int32Array(length));
    }
    return this.#used++;
  }
}
