// Trace and span ids: their digits as words, and other ids in their place.

const HEX_VALUE = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX_VALUE[digit.toString(16).charCodeAt(0)] = digit;
  HEX_VALUE[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** The value of a byte as a hexadecimal digit; -1 when it is none. */
export function hexValue(byte: number): number {
  return HEX_VALUE[byte]!;
}

/** Reads eight hexadecimal digits for each word of `into`. Gives false when there are others. */
export function readId(bytes: Uint8Array, at: number, into: Uint32Array): boolean {
  let wrong = 0;
  for (let word = 0; word < into.length; word++) {
    const first = at + word * 8;
    let value = 0;
    for (let i = 0; i < 8; i++) {
      const digit = HEX_VALUE[bytes[first + i]!]!;
      wrong |= digit;
      value = (value << 4) | digit;
    }
    into[word] = value;
  }
  return wrong >= 0;
}

export function isZero(words: Uint32Array): boolean {
  let any = 0;
  for (let i = 0; i < words.length; i++) any |= words[i]!;
  return any === 0;
}

/** The words as hexadecimal digits. */
export function formatId(words: Uint32Array): string {
  let text = "";
  for (let i = 0; i < words.length; i++) text += words[i]!.toString(16).padStart(8, "0");
  return text;
}

const ROUNDS = 6;

/**
 * Gives each id another one in its place: a permutation keyed by `key`, so that equal ids stay equal and different ones
 * different, and nothing has to be remembered. A Feistel network (Luby and Rackoff 1988) whose round function is an
 * integer hash; it hides nothing.
 */
export class IdPermutation {
  readonly #key: Uint32Array;

  /** @param key four random words */
  constructor(key: Uint32Array) {
    this.#key = key;
  }

  /** Of 128 or 64 bits, in place. */
  replace(words: Uint32Array): void {
    const half = words.length >> 1;
    for (let round = 0; round < ROUNDS; round++) {
      const key = this.#key[round & 3]! + Math.imul(round, 0x9e3779b9) + words.length;
      if (half === 1) {
        const left = words[0]!;
        words[0] = words[1]!;
        words[1] = left ^ mix(words[0]!, 0, key);
      } else {
        const high = words[0]!, low = words[1]!;
        words[0] = words[2]!;
        words[1] = words[3]!;
        words[2] = high ^ mix(words[0]!, words[1]!, key);
        words[3] = low ^ mix(words[1]!, words[0]!, key + 0x632be5ab);
      }
    }
  }
}

/** The finaliser of MurmurHash3, twice. */
function mix(a: number, b: number, key: number): number {
  let hash = Math.imul(a ^ key, 0x85ebca6b);
  hash = Math.imul((hash ^ (hash >>> 15)) + b, 0xc2b2ae35);
  hash ^= hash >>> 13;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 16);
}
