// Where the frames of zstd end (RFC 8878): the decompressor takes a file that is cut off for a whole one.

const MAGIC = 0xfd2fb528, SKIPPABLE_MAGIC = 0x184d2a50;
const MAGIC_BYTES = 4, BLOCK_HEADER_BYTES = 3, CHECKSUM_BYTES = 4;
const DICTIONARY_BYTES = [0, 1, 2, 4], CONTENT_SIZE_BYTES = [0, 2, 4, 8];

/** What comes next, and how many bytes it has. */
type Part = "magic" | "skippable size" | "descriptor" | "block header" | "passed" | "checksum" | "junk";

export class ZstdFrames {
  #part: Part = "magic";
  #needed = MAGIC_BYTES;
  /** The bytes of a part that is read, little-endian. */
  #value = 0;
  #read = 0;
  #passedThen: Part = "magic";
  #hasChecksum = false;

  /** Whether what was fed ends where a frame does. */
  get isWhole(): boolean {
    return this.#part === "magic" && this.#read === 0;
  }

  feed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#part !== "junk";) {
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
  }

  #begin(part: Part): void {
    this.#part = part;
    this.#value = this.#read = 0;
    this.#needed = part === "descriptor" ? 1 : part === "block header" ? BLOCK_HEADER_BYTES : MAGIC_BYTES;
    if (part === "checksum") this.#needed = CHECKSUM_BYTES;
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
        this.#pass(value, "magic");
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
        const next = !isLast ? "block header" : this.#hasChecksum ? "checksum" : "magic";
        this.#pass(isRepeated ? 1 : value >> 3, next);
        break;
      }
      case "checksum":
        this.#begin("magic");
        break;
    }
  }
}
