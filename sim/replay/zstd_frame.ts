// Where a frame of zstd ends (RFC 8878).

const MAGIC = 0xfd2fb528, SKIPPABLE_MAGIC = 0x184d2a50;
const DICTIONARY_BYTES = [0, 1, 2, 4], CONTENT_SIZE_BYTES = [0, 2, 4, 8];

/** What comes next, and how many bytes it has. */
type Part = "magic" | "skippable size" | "descriptor" | "block header" | "passed" | "checksum" | "junk" | "end";

const PART_BYTES: Partial<Record<Part, number>> = {
  "magic": 4,
  "skippable size": 4,
  "descriptor": 1,
  "block header": 3,
  "checksum": 4,
};

export class ZstdFrame {
  #part: Part = "magic";
  #needed = PART_BYTES.magic!;
  /** The bytes of a part that is read, little-endian. */
  #value = 0;
  #read = 0;
  #passedThen: Part = "end";
  #hasChecksum = false;

  /** Whether the frame has ended. */
  get isWhole(): boolean {
    return this.#part === "end";
  }

  /** Takes bytes of the frame. @returns how many of them belong to it */
  feed(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && !this.isWhole) {
      if (this.#part === "junk") return bytes.length;
      if (this.#part === "passed") {
        const count = Math.min(this.#needed, bytes.length - at);
        at += count;
        this.#needed -= count;
        if (this.#needed === 0) this.#begin(this.#passedThen);
        continue;
      }
      this.#value += bytes[at++]! * 2 ** (8 * this.#read++);
      if (this.#read === this.#needed) this.#take(this.#value);
    }
    return at;
  }

  #begin(part: Part): void {
    this.#part = part;
    this.#value = this.#read = 0;
    this.#needed = PART_BYTES[part] ?? 0;
  }

  #pass(count: number, then: Part): void {
    this.#passedThen = then;
    this.#part = "passed";
    this.#needed = count;
    if (count === 0) this.#begin(then);
  }

  #take(value: number): void {
    switch (this.#part) {
      case "magic":
        if (value === MAGIC) this.#begin("descriptor");
        else this.#begin(value >= SKIPPABLE_MAGIC && value < SKIPPABLE_MAGIC + 16 ? "skippable size" : "junk");
        break;
      case "skippable size":
        this.#pass(value, "end");
        break;
      case "descriptor": {
        const isSingle = (value & 32) !== 0, sizeCode = value >> 6;
        this.#hasChecksum = (value & 4) !== 0;
        const size = sizeCode === 0 && isSingle ? 1 : CONTENT_SIZE_BYTES[sizeCode]!;
        this.#pass((isSingle ? 0 : 1) + DICTIONARY_BYTES[value & 3]! + size, "block header");
        break;
      }
      case "block header": {
        const isLast = (value & 1) !== 0;
        const isRepeated = ((value >> 1) & 3) === 1;
        const next = !isLast ? "block header" : this.#hasChecksum ? "checksum" : "end";
        this.#pass(isRepeated ? 1 : value >> 3, next);
        break;
      }
      case "checksum":
        this.#begin("end");
        break;
    }
  }
}
