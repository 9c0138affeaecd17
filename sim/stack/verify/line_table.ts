// A set of lines that stays small: a hash of 64 bits for each, how often it is expected, and how often it was found.

/** What `hashBytes` found last. */
export const hashed = { high: 0, low: 0 };

/** Hashes bytes into `hashed`: two chains of 32 bits each (the mixing of MurmurHash3, public domain). */
export function hashBytes(bytes: Uint8Array, from: number, to: number, seed = 0): void {
  let high = seed | 0, low = ~seed;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    const a = Math.imul(word, 0xcc9e2d51), b = Math.imul(word, 0x239b961b);
    high ^= Math.imul((a << 15) | (a >>> 17), 0x1b873593);
    high = (Math.imul((high << 13) | (high >>> 19), 5) + 0xe6546b64) | 0;
    low ^= Math.imul((b << 16) | (b >>> 16), 0x38b34ae5);
    low = (Math.imul((low << 17) | (low >>> 15), 5) + 0x561ccd1b) | 0;
  }
  let tail = 0;
  for (; i < to; i++) tail = (tail << 8) | bytes[i]!;
  high ^= Math.imul(tail ^ (to - from), 0xcc9e2d51);
  low ^= Math.imul(tail + (to - from), 0x85ebca6b);
  hashed.high = finish(high + low);
  hashed.low = finish(low ^ Math.imul(high, 3));
}

function finish(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Two different lines of one file share a hash once in about 2^64 / n²: for ten million lines, one in 200,000 files. */
export class LineTable {
  #capacity = 1024;
  #keys = new Int32Array(this.#capacity * 2);
  #expected = new Int32Array(this.#capacity);
  #found = new Int32Array(this.#capacity);
  #times = new Float64Array(this.#capacity);
  #used = 0;
  /** Lines, each as often as it is expected. */
  #lines = 0;

  /** Expects the line whose hash is in `hashed`. @param time nanoseconds since the run's start */
  expect(time: number): void {
    if (this.#used * 5 > this.#capacity * 3) this.#grow();
    const slot = this.#slotOf(hashed.high, hashed.low);
    if (this.#expected[slot] === 0) {
      this.#keys[slot * 2] = hashed.high;
      this.#keys[slot * 2 + 1] = hashed.low;
      this.#times[slot] = time;
      this.#used++;
    }
    this.#expected[slot]!++;
    this.#lines++;
  }

  /** The place of the line whose hash is in `hashed`; -1 when it is not expected. */
  find(): number {
    const slot = this.#slotOf(hashed.high, hashed.low);
    return this.#expected[slot] === 0 ? -1 : slot;
  }

  /** Counts a line that was found. */
  count(slot: number): void {
    this.#found[slot]!++;
  }

  /** When the line is expected: nanoseconds since the run's start. */
  timeOf(slot: number): number {
    return this.#times[slot]!;
  }

  /** Whether the line has not been found. */
  isMissing(slot: number): boolean {
    return this.#found[slot] === 0;
  }

  forget(): void {
    this.#found.fill(0);
  }

  get lines(): number {
    return this.#lines;
  }

  /** What was found, against what is expected. Equal lines of one time are one to Loki, so one of them is enough. */
  tally(): { found: number; missing: number; duplicate: number } {
    let found = 0, missing = 0, duplicate = 0;
    for (let slot = 0; slot < this.#capacity; slot++) {
      const expected = this.#expected[slot]!, seen = this.#found[slot]!;
      if (expected === 0) continue;
      if (seen === 0) missing += expected;
      else found += expected;
      if (seen > expected) duplicate += seen - expected;
    }
    return { found, missing, duplicate };
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#capacity - 1;
    let slot = (high ^ Math.imul(low, 0x9e3779b1)) & mask;
    while (
      this.#expected[slot] !== 0 && (this.#keys[slot * 2] !== high || this.#keys[slot * 2 + 1] !== low)
    ) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const keys = this.#keys, expected = this.#expected, found = this.#found, times = this.#times;
    const before = this.#capacity;
    this.#capacity *= 2;
    this.#keys = new Int32Array(this.#capacity * 2);
    this.#expected = new Int32Array(this.#capacity);
    this.#found = new Int32Array(this.#capacity);
    this.#times = new Float64Array(this.#capacity);
    for (let i = 0; i < before; i++) {
      if (expected[i] === 0) continue;
      const slot = this.#slotOf(keys[i * 2]!, keys[i * 2 + 1]!);
      this.#keys[slot * 2] = keys[i * 2]!;
      this.#keys[slot * 2 + 1] = keys[i * 2 + 1]!;
      this.#expected[slot] = expected[i]!;
      this.#found[slot] = found[i]!;
      this.#times[slot] = times[i]!;
    }
  }
}
