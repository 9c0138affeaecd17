// The records that have been read and not sent yet, in the order of their times: a recording need not be in order, as
// long as what is late comes within the window. Everything lies in typed arrays; no record is an object.

import type { Nanos } from "../base/time.ts";
import { EventQueue } from "../base/event_queue.ts";
import type { Patches, Resource, Scope } from "./records.ts";

export interface WindowLimits {
  /** Records that are held, at most; a chunk that is read at once may exceed it. */
  readonly records: number;
  /** Their bytes. */
  readonly bytes: number;
}

export const WINDOW_LIMITS: WindowLimits = { records: 50_000, bytes: 32 << 20 };

/** What is kept of a record besides its bytes and patches. */
export interface RecordHeader {
  /** Of a span; undefined for a log record. */
  readonly resource: Resource | undefined;
  readonly scope: Scope | undefined;
  /** Whose log a log record stands in. */
  readonly service: string;
}

const HEADER_WORDS = 4;
const WORD = 4;
const DEAD = 0xffffffff;

export class ReorderWindow {
  readonly #limits: WindowLimits;
  readonly #queue = new EventQueue(4096);
  /** Blocks one after the other: slot, words in all, bytes of the record, patches; then the patches and the bytes. */
  #words = new Uint32Array(1 << 18);
  #bytes = new Uint8Array(this.#words.buffer);
  /** In words. */
  #end = 0;
  #liveWords = 0;
  /** By slot. */
  #blocks = new Uint32Array(4096);
  readonly #headers: (RecordHeader | undefined)[] = [];
  readonly #free: number[] = [];

  /** The record last taken: valid until the next is pushed. */
  header: RecordHeader = { resource: undefined, scope: undefined, service: "" };
  bytes = this.#bytes;
  from = 0;
  to = 0;
  time = 0 as Nanos;
  /** Pairs of place and meaning, as in Patches, beginning at `patchesFrom`. */
  patches = this.#words;
  patchesFrom = 0;
  patchesTo = 0;

  constructor(limits: WindowLimits = WINDOW_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#queue.size;
  }

  get isFull(): boolean {
    return this.#queue.size >= this.#limits.records || this.#liveWords * WORD >= this.#limits.bytes;
  }

  /** Infinity when it is empty. */
  get nextTime(): Nanos {
    return this.#queue.nextTime;
  }

  push(time: Nanos, header: RecordHeader, bytes: Uint8Array, from: number, to: number, patches: Patches): void {
    const length = to - from;
    const words = HEADER_WORDS + patches.count * 2 + Math.ceil(length / WORD);
    this.#makeRoom(words);
    const slot = this.#free.pop() ?? this.#headers.length;
    if (slot === this.#blocks.length) {
      const larger = new Uint32Array(slot * 2);
      larger.set(this.#blocks);
      this.#blocks = larger;
    }
    this.#headers[slot] = header;
    const at = this.#end, block = this.#words;
    this.#blocks[slot] = at;
    block[at] = slot;
    block[at + 1] = words;
    block[at + 2] = length;
    block[at + 3] = patches.count;
    let next = at + HEADER_WORDS;
    for (let i = 0; i < patches.count; i++) {
      block[next++] = patches.at[i]!;
      block[next++] = patches.what[i]!;
    }
    this.#bytes.set(bytes.subarray(from, to), next * WORD);
    this.#end = at + words;
    this.#liveWords += words;
    this.#queue.schedule(time, 0, slot, 0);
  }

  /** Takes the earliest record out. Of equal times the one that was pushed first. */
  take(): boolean {
    if (!this.#queue.take()) return false;
    this.time = this.#queue.time;
    const slot = this.#queue.subject;
    const at = this.#blocks[slot]!, block = this.#words;
    this.header = this.#headers[slot]!;
    this.#headers[slot] = undefined;
    this.#free.push(slot);
    this.patches = block;
    this.patchesFrom = at + HEADER_WORDS;
    this.patchesTo = this.patchesFrom + block[at + 3]! * 2;
    this.bytes = this.#bytes;
    this.from = this.patchesTo * WORD;
    this.to = this.from + block[at + 2]!;
    block[at] = DEAD;
    this.#liveWords -= block[at + 1]!;
    if (this.#queue.size === 0) this.#end = 0;
    return true;
  }

  #makeRoom(words: number): void {
    if (this.#end + words <= this.#words.length) return;
    // Moving costs what is alive: worth it when that is at most two thirds.
    if (this.#liveWords * 3 <= this.#words.length * 2) this.#compact();
    if (this.#end + words <= this.#words.length) return;
    let capacity = this.#words.length;
    while (capacity < this.#end + words) capacity *= 2;
    const larger = new Uint32Array(capacity);
    larger.set(this.#words.subarray(0, this.#end));
    this.#words = larger;
    this.#bytes = new Uint8Array(larger.buffer);
  }

  /** Moves what is alive to the front, in the order in which it lies. */
  #compact(): void {
    const block = this.#words;
    let into = 0;
    for (let at = 0; at < this.#end;) {
      const words = block[at + 1]!;
      const slot = block[at]!;
      if (slot !== DEAD) {
        if (into !== at) block.copyWithin(into, at, at + words);
        this.#blocks[slot] = into;
        into += words;
      }
      at += words;
    }
    this.#end = into;
  }
}
