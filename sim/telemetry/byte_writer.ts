// Bytes written digit by digit into a growing buffer: no text is built on the way. The functions write at a place in a
// buffer that has room, and give the place after it.

/** The two digits of each byte, as a big-endian half-word. */
const HEX = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, "0");
  return text.charCodeAt(0) * 256 + text.charCodeAt(1);
});
/** The digits of 000 to 999. */
const DIGITS = new Uint8Array(3000);
for (let n = 0; n < 1000; n++) {
  DIGITS[n * 3] = 48 + Math.floor(n / 100);
  DIGITS[n * 3 + 1] = 48 + Math.floor(n / 10) % 10;
  DIGITS[n * 3 + 2] = 48 + n % 10;
}
const DOT = 46;
const ZERO = 48;
const MINUS = 45;
/** Numbers below it fit 32-bit integers with room to spare, whose division is fast. */
const SMALL = 1e9;
/** No number that is written here is longer: -9007199254740992.000 */
export const NUMBER_BYTES_MAX = 24;

/** A buffer, and how much of it is written. */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  /** The same bytes. */
  view: DataView<ArrayBuffer>;
  length = 0;

  constructor(capacity = 65536) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `count` bytes more. */
  ensure(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const larger = new Uint8Array(capacity);
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

/** Eight hexadecimal digits of a 32-bit word. */
export function writeHex(view: DataView, at: number, word: number): void {
  view.setUint16(at, HEX[word >>> 24]!);
  view.setUint16(at + 2, HEX[(word >>> 16) & 255]!);
  view.setUint16(at + 4, HEX[(word >>> 8) & 255]!);
  view.setUint16(at + 6, HEX[word & 255]!);
}

/** A whole number up to 2^53 in size. */
export function writeDecimal(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    bytes[at] = MINUS;
    return writeDecimal(bytes, at + 1, -value);
  }
  if (value >= SMALL) {
    const high = Math.floor(value / SMALL);
    return writeFixed(bytes, writeDecimal(bytes, at, high), value - high * SMALL, 9);
  }
  if (value < 1000) {
    const group = value * 3;
    if (value >= 100) bytes[at++] = DIGITS[group]!;
    if (value >= 10) bytes[at++] = DIGITS[group + 1]!;
    bytes[at] = DIGITS[group + 2]!;
    return at + 1;
  }
  const high = (value / 1000) | 0;
  return writeThree(bytes, writeDecimal(bytes, at, high), value - high * 1000);
}

/** `digits` digits (at most 9) of a number below 10^digits, with leading zeros. */
export function writeFixed(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0, left = digits;
  for (; left >= 3; left -= 3) {
    const high = (rest / 1000) | 0;
    writeThree(bytes, at + left - 3, rest - high * 1000);
    rest = high;
  }
  for (; left > 0; left--) {
    const high = (rest / 10) | 0;
    bytes[at + left - 1] = ZERO + rest - high * 10;
    rest = high;
  }
  return at + digits;
}

/** A whole number of thousandths with its point: 35214 is 35.214. */
export function writeThousandths(bytes: Uint8Array, at: number, value: number): number {
  const whole = value < SMALL ? (value / 1000) | 0 : Math.floor(value / 1000);
  const end = writeDecimal(bytes, at, whole);
  bytes[end] = DOT;
  return writeThree(bytes, end + 1, value - whole * 1000);
}

/** Characters of ASCII. */
export function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

function writeThree(bytes: Uint8Array, at: number, value: number): number {
  const group = value * 3;
  bytes[at] = DIGITS[group]!;
  bytes[at + 1] = DIGITS[group + 1]!;
  bytes[at + 2] = DIGITS[group + 2]!;
  return at + 3;
}
