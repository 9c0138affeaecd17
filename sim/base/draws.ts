// Keyed random draws. A draw is a function of who asks (a key) and what for (a salt), never the next number of a
// sequence, so an added request, retry or fault moves nobody else's draws.

/** Hashes a text to 32 bits (FNV-1a with murmur3's final mix). Gives the salt of an entity and a purpose. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The halves of the last `mix`, as signed 32-bit integers. Read them at once: the next `mix` overwrites them. */
export const mixed: { high: number; low: number } = { high: 0, low: 0 };

/**
 * Mixes a 64-bit key with a 32-bit salt into `mixed`. For one salt it is a permutation of the 64-bit keys (every step can
 * be undone), so keys that differ stay different. The steps are murmur3's multiply and xor-shift, crossed between the
 * halves; tests/base/draws_test.ts holds its avalanche and its uniformity.
 */
export function mix(high: number, low: number, salt: number): void {
  let a = high ^ salt;
  let b = (low + Math.imul(salt, 0x9e3779b1)) | 0;
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  b = (b ^ a) | 0;
  b = Math.imul(b ^ (b >>> 15), 0x2c1b3c6d);
  a = (a + b) | 0;
  a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  b = (b ^ a) | 0;
  b = Math.imul(b ^ (b >>> 12), 0x297a2d39);
  a = (a + b) | 0;
  a = Math.imul(a ^ (a >>> 16), 0x7feb352d);
  b = (b ^ a) | 0;
  b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
  a = (a + (b ^ (b >>> 16))) | 0;
  mixed.high = a ^ (a >>> 15);
  mixed.low = b;
}

/** A number in the open interval (0, 1) with 52 random bits, for one key and one salt. */
export function uniform(high: number, low: number, salt: number): number {
  mix(high, low, salt);
  return ((mixed.high >>> 6) * 67108864 + (mixed.low >>> 6) + 0.5) / 4503599627370496;
}
