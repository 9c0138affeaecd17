// Reads a span of OTLP JSON where it lies: checks it to its last byte, and finds what is asked of every span.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

import { isZero, readId } from "./ids.ts";
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  DEPTH_MAX,
  type JsonCursor,
  Odd,
  TOO_DEEP,
} from "./json_cursor.ts";
import { PatchKind, type SpanView } from "./records.ts";

const QUOTE = 34, ZERO = 48, NINE = 57, MINUS = 45;
/** Digits of nanoseconds in a second. */
const NANO_DIGITS = 9;
/** Of an unsigned 64-bit number. */
const TIME_DIGITS_MAX = 20;
/** Later times than the year 2255 do not fit what receivers make of them. */
const SECONDS_MAX = 9_000_000_000;

/** Reasons that end a span: no other form of it could be sent. */
export const SpanFault = {
  traceId: "its trace id is not 32 hexadecimal digits",
  spanId: "its span id is not 16 hexadecimal digits",
  parentId: "its parent's span id is not 16 hexadecimal digits",
  zeroTrace: "its trace id is missing or zero",
  zeroSpan: "its span id is missing or zero",
  time: "it has no time, or one that is none",
  shape: "a field of it is not what OTLP says",
} as const;

const SEEN_TRACE = 1, SEEN_SPAN = 2, SEEN_START = 4, SEEN_END = 8;

export class SpanScanner {
  readonly #cursor: JsonCursor;
  readonly #view: SpanView;
  readonly #linkTrace = new Uint32Array(4);
  readonly #linkSpan = new Uint32Array(2);
  #seconds = 0;
  #nanos = 0;

  constructor(cursor: JsonCursor, view: SpanView) {
    this.#cursor = cursor;
    this.#view = view;
  }

  /**
   * Reads the span that begins at the cursor into the view.
   * @throws NEED_MORE, BROKEN; {Odd} when it is JSON, but not in the form that OTLP JSON has
   */
  scan(): void {
    const cursor = this.#cursor, view = this.#view;
    if (cursor.peek() !== BRACE_OPEN) this.#notThat();
    view.bytes = cursor.bytes;
    view.from = cursor.at;
    view.kind = view.statusCode = 0;
    view.nameFrom =
      view.nameTo =
      view.messageFrom =
      view.messageTo =
        0;
    view.attributesTo = view.eventsTo = view.linksTo = 0;
    view.parentWords[0] = view.parentWords[1] = 0;
    view.patches.count = 0;
    let seen = 0;
    if (cursor.open(BRACE_OPEN, BRACE_CLOSE)) {
      do {
        cursor.key();
        seen |= this.#member();
      } while (cursor.more(BRACE_CLOSE));
    }
    view.to = cursor.at;
    if ((seen & SEEN_TRACE) === 0) throw new Odd(SpanFault.zeroTrace);
    if ((seen & SEEN_SPAN) === 0) throw new Odd(SpanFault.zeroSpan);
    if ((seen & (SEEN_START | SEEN_END)) !== (SEEN_START | SEEN_END)) throw new Odd(SpanFault.time);
  }

  #member(): number {
    const cursor = this.#cursor, view = this.#view;
    const first = cursor.bytes[cursor.from];
    switch (cursor.to - cursor.from) {
      case 4:
        if (cursor.is("name")) {
          this.#string();
          view.nameFrom = cursor.from;
          view.nameTo = cursor.to;
          return 0;
        }
        if (cursor.is("kind")) {
          view.kind = this.#enum();
          return 0;
        }
        break;
      case 5:
        if (cursor.is("links")) {
          cursor.peek();
          view.linksFrom = cursor.at;
          this.#list(this.#link);
          view.linksTo = cursor.at;
          return 0;
        }
        break;
      case 6:
        if (first === 115 && cursor.is("spanId")) {
          this.#id(view.spanWords, PatchKind.spanId, SpanFault.spanId);
          if (isZero(view.spanWords)) throw new Odd(SpanFault.zeroSpan);
          return SEEN_SPAN;
        }
        if (cursor.is("status")) {
          this.#status();
          return 0;
        }
        if (cursor.is("events")) {
          cursor.peek();
          view.eventsFrom = cursor.at;
          this.#list(this.#event);
          view.eventsTo = cursor.at;
          return 0;
        }
        break;
      case 7:
        if (cursor.is("traceId")) {
          this.#id(view.traceWords, PatchKind.traceId, SpanFault.traceId);
          if (isZero(view.traceWords)) throw new Odd(SpanFault.zeroTrace);
          return SEEN_TRACE;
        }
        break;
      case 10:
        if (cursor.is("attributes")) {
          cursor.peek();
          view.attributesFrom = cursor.at;
          this.#list(this.#keyValue);
          view.attributesTo = cursor.at;
          return 0;
        }
        if (cursor.is("traceState")) {
          this.#string();
          return 0;
        }
        break;
      case 12:
        if (cursor.is("parentSpanId")) {
          this.#parentId();
          return 0;
        }
        break;
      case 15:
        if (cursor.is("endTimeUnixNano")) {
          this.#time();
          view.endSeconds = this.#seconds;
          view.endNanos = this.#nanos;
          return SEEN_END;
        }
        break;
      case 17:
        if (cursor.is("startTimeUnixNano")) {
          this.#time();
          view.startSeconds = this.#seconds;
          view.startNanos = this.#nanos;
          return SEEN_START;
        }
        break;
    }
    this.#rest();
    return 0;
  }

  /** A count, the flags, or a field of a later version: kept as it is. */
  #rest(): void {
    const cursor = this.#cursor;
    const isCount = cursor.bytes[cursor.from] === 100 && cursor.is("droppedAttributesCount") ||
      cursor.is("droppedEventsCount") || cursor.is("droppedLinksCount") || cursor.is("flags");
    if (!isCount) cursor.value(1);
    else if (isDigit(cursor.peek())) cursor.number();
    else throw new Odd(SpanFault.shape);
  }

  #string(): void {
    if (this.#cursor.peek() !== QUOTE) this.#notThat();
    this.#cursor.string();
  }

  /** @throws {Odd} for another value, BROKEN for none */
  #notThat(): never {
    this.#cursor.value(1);
    throw new Odd(SpanFault.shape);
  }

  #enum(): number {
    const cursor = this.#cursor;
    if (!isDigit(cursor.peek())) this.#notThat();
    const from = cursor.at;
    cursor.number();
    if (cursor.at - from > 1) throw new Odd(SpanFault.shape);
    return cursor.bytes[from]! - ZERO;
  }

  #id(into: Uint32Array, kind: PatchKind, fault: string): void {
    const cursor = this.#cursor;
    this.#string();
    const length = into.length * 8;
    if (cursor.to - cursor.from !== length || !readId(cursor.bytes, cursor.from, into)) throw new Odd(fault);
    this.#view.patches.add(cursor.from - this.#view.from, kind, length);
  }

  /** Roots have an empty one, or zeros. */
  #parentId(): void {
    const cursor = this.#cursor, view = this.#view;
    this.#string();
    if (cursor.to === cursor.from) return;
    if (cursor.to - cursor.from !== 16 || !readId(cursor.bytes, cursor.from, view.parentWords)) {
      throw new Odd(SpanFault.parentId);
    }
    if (!isZero(view.parentWords)) view.patches.add(cursor.from - view.from, PatchKind.spanId, 16);
  }

  /** Nanoseconds since the epoch, as a string of digits or a number. */
  #time(): void {
    const cursor = this.#cursor, bytes = cursor.bytes;
    if (cursor.peek() === QUOTE) cursor.string();
    else {
      const from = cursor.at;
      cursor.number();
      cursor.from = from;
      cursor.to = cursor.at;
    }
    const { from, to } = cursor;
    const split = to - NANO_DIGITS;
    if (split <= from || to - from > TIME_DIGITS_MAX) throw new Odd(SpanFault.time);
    let seconds = 0, nanos = 0, wrong = 0;
    for (let at = from; at < split; at++) {
      const digit = bytes[at]! - ZERO;
      wrong |= digit | (9 - digit);
      seconds = seconds * 10 + digit;
    }
    for (let at = split; at < to; at++) {
      const digit = bytes[at]! - ZERO;
      wrong |= digit | (9 - digit);
      nanos = nanos * 10 + digit;
    }
    if (wrong < 0 || seconds > SECONDS_MAX || seconds === 0) throw new Odd(SpanFault.time);
    this.#seconds = seconds;
    this.#nanos = nanos;
    this.#view.patches.add(from - this.#view.from, PatchKind.epochSeconds, split - from);
  }

  #list(item: (depth: number) => void, depth = 2): void {
    const cursor = this.#cursor;
    if (cursor.peek() !== BRACKET_OPEN) this.#notThat();
    if (!cursor.open(BRACKET_OPEN, BRACKET_CLOSE)) return;
    do item.call(this, depth); while (cursor.more(BRACKET_CLOSE));
  }

  /** Takes an opening brace; gives false when the object is empty. */
  #object(): boolean {
    if (this.#cursor.peek() !== BRACE_OPEN) this.#notThat();
    return this.#cursor.open(BRACE_OPEN, BRACE_CLOSE);
  }

  #status(): void {
    const cursor = this.#cursor, view = this.#view;
    if (!this.#object()) return;
    do {
      cursor.key();
      if (cursor.is("code")) view.statusCode = this.#enum();
      else if (cursor.is("message")) {
        this.#string();
        view.messageFrom = cursor.from;
        view.messageTo = cursor.to;
      } else cursor.value(2);
    } while (cursor.more(BRACE_CLOSE));
  }

  #event(depth: number): void {
    const cursor = this.#cursor;
    if (!this.#object()) return;
    do {
      cursor.key();
      if (cursor.is("timeUnixNano")) this.#time();
      else if (cursor.is("name")) this.#string();
      else if (cursor.is("attributes")) this.#list(this.#keyValue, depth + 2);
      else cursor.value(depth + 1);
    } while (cursor.more(BRACE_CLOSE));
  }

  #link(depth: number): void {
    const cursor = this.#cursor;
    if (!this.#object()) return;
    do {
      cursor.key();
      if (cursor.is("traceId")) this.#id(this.#linkTrace, PatchKind.traceId, "the trace id of a link is none");
      else if (cursor.is("spanId")) this.#id(this.#linkSpan, PatchKind.spanId, "the span id of a link is none");
      else if (cursor.is("attributes")) this.#list(this.#keyValue, depth + 2);
      else if (cursor.is("traceState")) this.#string();
      else cursor.value(depth + 1);
    } while (cursor.more(BRACE_CLOSE));
  }

  #keyValue(depth: number): void {
    const cursor = this.#cursor;
    if (!this.#object()) return;
    do {
      cursor.key();
      if (cursor.is("value")) this.#any(depth + 1);
      else if (cursor.is("key")) this.#string();
      else cursor.value(depth + 1);
    } while (cursor.more(BRACE_CLOSE));
  }

  /** OTLP's AnyValue. */
  #any(depth: number): void {
    const cursor = this.#cursor;
    if (depth >= DEPTH_MAX) throw new Odd(TOO_DEEP);
    if (!this.#object()) return;
    do {
      cursor.key();
      if (cursor.is("stringValue") || cursor.is("bytesValue")) this.#string();
      else if (cursor.is("intValue")) this.#integer();
      else if (cursor.is("boolValue")) {
        const byte = cursor.peek();
        if (byte !== 116 && byte !== 102) this.#notThat();
        cursor.literal();
      } else if (cursor.is("doubleValue")) this.#double();
      else if (cursor.is("arrayValue")) this.#values(this.#any, depth + 1);
      else if (cursor.is("kvlistValue")) this.#values(this.#keyValue, depth + 1);
      else cursor.value(depth + 1);
    } while (cursor.more(BRACE_CLOSE));
  }

  #values(item: (depth: number) => void, depth: number): void {
    const cursor = this.#cursor;
    if (!this.#object()) return;
    do {
      cursor.key();
      if (cursor.is("values")) this.#list(item, depth + 1);
      else cursor.value(depth + 1);
    } while (cursor.more(BRACE_CLOSE));
  }

  /** A number, or as proto3's JSON has it a string of digits. */
  #integer(): void {
    const cursor = this.#cursor, bytes = cursor.bytes;
    const byte = cursor.peek();
    if (byte === QUOTE) cursor.string();
    else if (byte === MINUS || isDigit(byte)) {
      const from = cursor.at;
      cursor.number();
      cursor.from = from;
      cursor.to = cursor.at;
    } else this.#notThat();
    let at = cursor.from;
    if (bytes[at] === MINUS) at++;
    if (at === cursor.to || cursor.to - at > TIME_DIGITS_MAX) throw new Odd(SpanFault.shape);
    for (; at < cursor.to; at++) if (!isDigit(bytes[at]!)) throw new Odd(SpanFault.shape);
  }

  #double(): void {
    const cursor = this.#cursor;
    const byte = cursor.peek();
    if (byte === MINUS || isDigit(byte)) return cursor.number();
    if (byte !== QUOTE) this.#notThat();
    cursor.string();
    if (!cursor.is("NaN") && !cursor.is("Infinity") && !cursor.is("-Infinity")) throw new Odd(SpanFault.shape);
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
