// JSON read byte by byte where it lies, without building anything: strict (RFC 8259), in chunks, and no deeper than a
// limit. What is checked here can be copied as it is without spoiling the text that it is copied into.

/** Thrown when the bytes end within a value: it has to be tried again with more of them. */
export const NEED_MORE = Symbol("more bytes are needed");
/** Thrown when the bytes are not JSON. */
export const BROKEN = Symbol("not JSON");

/** JSON, but not what was to stand there. */
export class Odd extends Error {
  override name = "Odd";
}

/** Deeper values are not taken: receivers stop at 100 levels of protobuf, of which one of JSON is up to two. */
export const DEPTH_MAX = 64;
export const TOO_DEEP = `nested deeper than ${DEPTH_MAX} levels`;

const QUOTE = 34, BACKSLASH = 92, COMMA = 44, COLON = 58;
export const BRACE_OPEN = 123, BRACE_CLOSE = 125, BRACKET_OPEN = 91, BRACKET_CLOSE = 93;

/** 1: a byte that ends the fast walk through a string: the quote, the backslash, controls. 2: not ASCII. */
const STRING_STOP = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) STRING_STOP[byte] = byte < 32 || byte === QUOTE || byte === BACKSLASH ? 1 : 0;
const IS_HEX = new Uint8Array(256);
for (const byte of new TextEncoder().encode("0123456789abcdefABCDEF")) IS_HEX[byte] = 1;
const ESCAPES = new Uint8Array(256);
for (const byte of new TextEncoder().encode('"\\/bfnrt')) ESCAPES[byte] = 1;
const LITERALS: Readonly<Record<number, Uint8Array>> = {
  116: new TextEncoder().encode("true"),
  102: new TextEncoder().encode("false"),
  110: new TextEncoder().encode("null"),
};
const decoder = new TextDecoder();

/**
 * A place in a buffer. The byte at `end` has to be 0, which no JSON holds: so the loops need not compare places, and the
 * buffer needs room for one byte more than it holds.
 */
export class JsonCursor {
  bytes: Uint8Array = new Uint8Array(1);
  at = 0;
  end = 0;
  /** The contents of the string last read. */
  from = 0;
  to = 0;
  /** Whether one of the strings read since it was last set had bytes that are not ASCII. */
  high = false;

  /** Begins with other bytes. */
  reset(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  fail(): never {
    throw this.at >= this.end ? NEED_MORE : BROKEN;
  }

  /** Skips white space. */
  space(): void {
    const bytes = this.bytes;
    let at = this.at, byte = bytes[at]!;
    while (byte === 32 || byte === 10 || byte === 13 || byte === 9) byte = bytes[++at]!;
    this.at = at;
  }

  /** Skips white space, and gives the byte after it without taking it. */
  peek(): number {
    const bytes = this.bytes;
    let at = this.at, byte = bytes[at]!;
    while (byte === 32 || byte === 10 || byte === 13 || byte === 9) byte = bytes[++at]!;
    this.at = at;
    if (byte === 0) this.fail();
    return byte;
  }

  take(wanted: number): void {
    if (this.peek() !== wanted) this.fail();
    this.at++;
  }

  /** Reads a string: its contents are from `from` to `to`, escapes and all. */
  string(): void {
    if (this.peek() !== QUOTE) this.fail();
    const bytes = this.bytes;
    let at = this.at + 1, or = 0;
    this.from = at;
    for (;;) {
      let byte = bytes[at]!;
      while (STRING_STOP[byte] === 0) {
        or |= byte;
        byte = bytes[++at]!;
      }
      if (byte === QUOTE) break;
      this.at = at;
      if (byte !== BACKSLASH) this.fail();
      at = this.#escape();
    }
    this.to = at;
    this.at = at + 1;
    if (or > 127) this.high = true;
  }

  #escape(): number {
    const bytes = this.bytes;
    const byte = bytes[++this.at]!;
    if (byte === 117) {
      for (let digit = 0; digit < 4; digit++) if (IS_HEX[bytes[++this.at]!] === 0) this.fail();
    } else if (ESCAPES[byte] === 0) this.fail();
    return this.at + 1;
  }

  /** Reads a member's name and its colon. */
  key(): void {
    this.string();
    const bytes = this.bytes;
    if (bytes[this.at] === COLON) this.at++;
    else this.take(COLON);
  }

  /** After a member or an element: true at a comma, which it takes, and false at the closing byte, which it takes too. */
  more(close: number): boolean {
    const byte = this.peek();
    if (byte !== COMMA && byte !== close) this.fail();
    this.at++;
    return byte === COMMA;
  }

  /** Takes the opening byte, and the closing one if it follows at once: false for what is empty. */
  open(open: number, close: number): boolean {
    this.take(open);
    if (this.peek() !== close) return true;
    this.at++;
    return false;
  }

  /** Whether the string last read is this text of ASCII without escapes. */
  is(text: string): boolean {
    const from = this.from;
    if (this.to - from !== text.length) return false;
    const bytes = this.bytes;
    for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  number(): void {
    const bytes = this.bytes;
    this.peek();
    let at = this.at;
    if (bytes[at] === 45) at++;
    const digits = (): void => {
      const first = at;
      while (bytes[at]! >= 48 && bytes[at]! <= 57) at++;
      this.at = at;
      if (at === first) this.fail();
    };
    const leading = bytes[at];
    const whole = at;
    digits();
    if (leading === 48 && at - whole > 1) throw BROKEN;
    if (bytes[at] === 46) {
      at++;
      digits();
    }
    if (bytes[at] === 101 || bytes[at] === 69) {
      at++;
      if (bytes[at] === 43 || bytes[at] === 45) at++;
      digits();
    }
    // A number at the end of the bytes may go on in the next ones.
    if (bytes[at] === 0) this.fail();
  }

  literal(): void {
    const text = LITERALS[this.peek()];
    if (text === undefined) this.fail();
    for (const byte of text) {
      if (this.bytes[this.at] !== byte) this.fail();
      this.at++;
    }
  }

  /** Reads any value. */
  value(depth: number): void {
    const byte = this.peek();
    if (byte === QUOTE) return this.string();
    if (byte === BRACE_OPEN || byte === BRACKET_OPEN) {
      if (depth >= DEPTH_MAX) throw new Odd(TOO_DEEP);
      const isObject = byte === BRACE_OPEN;
      const close = isObject ? BRACE_CLOSE : BRACKET_CLOSE;
      if (!this.open(byte, close)) return;
      do {
        if (isObject) this.key();
        this.value(depth + 1);
      } while (this.more(close));
    } else if (byte === 45 || (byte >= 48 && byte <= 57)) this.number();
    else this.literal();
  }

  /** Goes over a value, however deep, looking at brackets and strings alone. */
  pass(): void {
    const bytes = this.bytes;
    let depth = 0;
    do {
      const byte = this.peek();
      if (byte === QUOTE) this.string();
      else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) {
        depth++;
        this.at++;
      } else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) {
        depth--;
        this.at++;
      } else if (byte === COMMA || byte === COLON) {
        if (depth === 0) this.fail();
        this.at++;
      } else {
        let at = this.at + 1;
        while (bytes[at]! > 32 && !isDelimiter(bytes[at]!)) at++;
        this.at = at;
        if (bytes[at] === 0) this.fail();
      }
    } while (depth > 0);
    if (depth < 0) throw BROKEN;
  }

  /** The text of a JSON string's contents. */
  text(from: number, to: number): string {
    const raw = decoder.decode(this.bytes.subarray(from, to));
    return raw.includes("\\") ? JSON.parse(`"${raw}"`) as string : raw;
  }
}

function isDelimiter(byte: number): boolean {
  return byte === COMMA || byte === COLON || byte === BRACE_CLOSE || byte === BRACKET_CLOSE || byte === BRACE_OPEN ||
    byte === BRACKET_OPEN || byte === QUOTE;
}
