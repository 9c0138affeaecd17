// The part of a file that is being read: what is not used yet, and room for more.

import type { ByteSource } from "./byte_source.ts";

export class WindowBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  /** What is not used yet begins here. */
  at = 0;
  end = 0;
  ended = false;
  /** Bytes of the (expanded) file before `bytes[0]`. */
  #before = 0;
  readonly #source: ByteSource;

  constructor(source: ByteSource, capacity = 64 << 10) {
    this.#source = source;
    this.bytes = new Uint8Array(capacity);
  }

  /** Where `place` in `bytes` lies in the (expanded) file. */
  offset(place = this.at): number {
    return this.#before + place;
  }

  /** Adds the next bytes behind those that are not used. Gives false at the end. The byte at `end` is always 0. */
  async fill(): Promise<boolean> {
    const piece = await this.#source.next();
    if (piece === undefined) {
      this.ended = true;
      return false;
    }
    const left = this.end - this.at;
    const needed = left + piece.length + 1;
    let into = this.bytes;
    if (needed > into.length) {
      let capacity = into.length;
      while (capacity < needed) capacity *= 2;
      into = new Uint8Array(capacity);
    }
    if (into === this.bytes) into.copyWithin(0, this.at, this.end);
    else into.set(this.bytes.subarray(this.at, this.end));
    into.set(piece, left);
    this.#before += this.at;
    this.bytes = into;
    this.at = 0;
    this.end = left + piece.length;
    into[this.end] = 0;
    return true;
  }
}
