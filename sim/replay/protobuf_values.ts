// Fields of protobuf messages, and OTLP's values in them written as OTLP JSON.

import { DEPTH_MAX, TOO_DEEP } from "./json_cursor.ts";

/** Thrown for bytes that are no message. */
export class ProtoError extends Error {
  override name = "ProtoError";
}

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const BROKEN_TEXT = "broken protobuf: the rest of its message is left out";
const SECOND = 1e9, HALF_WORD = 65536;
const QUOTE = 34, BACKSLASH = 92;
const HEX = new TextEncoder().encode("0123456789abcdef");
const ESCAPES: Readonly<Record<number, number>> = { 8: 98, 9: 116, 10: 110, 12: 102, 13: 114, 34: 34, 92: 92 };
const decoder = new TextDecoder();

/** The fields of a message, one after the other. */
export class Proto {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  field = 0;
  wire: number = WIRE.varint;
  /** Of a field of bytes. */
  from = 0;
  to = 0;
  /** Of a number: its words. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  /** Reads the next field. @throws {ProtoError} when there is something else */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.#varint();
    this.wire = this.low & 7;
    this.field = this.low >>> 3;
    if (this.field === 0 || this.high !== 0) throw new ProtoError(BROKEN_TEXT);
    switch (this.wire) {
      case WIRE.varint:
        this.#varint();
        break;
      case WIRE.fixed64:
        this.#need(8);
        this.low = this.#word();
        this.high = this.#word();
        break;
      case WIRE.bytes:
        this.#varint();
        if (this.high !== 0) throw new ProtoError(BROKEN_TEXT);
        this.#need(this.low);
        this.from = this.#at;
        this.to = this.#at += this.low;
        break;
      case WIRE.fixed32:
        this.#need(4);
        this.low = this.#word();
        this.high = 0;
        break;
      default:
        throw new ProtoError(BROKEN_TEXT);
    }
    return true;
  }

  /** The unsigned number last read, in digits. */
  fixed64Text(): string {
    return ((BigInt(this.high) << 32n) | BigInt(this.low)).toString();
  }

  #need(count: number): void {
    if (count > this.#end - this.#at) throw new ProtoError(BROKEN_TEXT);
  }

  #word(): number {
    const bytes = this.#bytes, at = this.#at;
    this.#at += 4;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  #varint(): void {
    const bytes = this.#bytes;
    let low = 0, high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw new ProtoError(BROKEN_TEXT);
      const byte = bytes[this.#at++]!;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new ProtoError(BROKEN_TEXT);
  }
}

/** JSON as it is written. */
export class JsonText {
  #bytes = new Uint8Array(4096);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  text(): string {
    return decoder.decode(this.#bytes.subarray(0, this.length));
  }

  /** The bytes, with a 0 behind them. */
  withZero(): Uint8Array {
    this.#ensure(1);
    this.#bytes[this.length] = 0;
    return this.#bytes;
  }

  /** Characters of ASCII that need no escapes. */
  raw(text: string): void {
    this.#ensure(text.length);
    const bytes = this.#bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  byte(byte: number): void {
    this.#ensure(1);
    this.#bytes[this.length++] = byte;
  }

  /** Bytes as a JSON string. */
  string(from: Uint8Array, start: number, end: number): void {
    this.#ensure((end - start) * 6 + 2);
    const bytes = this.#bytes;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let i = start; i < end; i++) {
      const byte = from[i]!;
      if (byte >= 32 && byte !== QUOTE && byte !== BACKSLASH) {
        bytes[at++] = byte;
        continue;
      }
      bytes[at++] = BACKSLASH;
      const escape = ESCAPES[byte];
      if (escape !== undefined) bytes[at++] = escape;
      else {
        bytes[at++] = 117;
        bytes[at++] = 48;
        bytes[at++] = 48;
        bytes[at++] = HEX[byte >> 4]!;
        bytes[at++] = HEX[byte & 15]!;
      }
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** The same as a text of its own. Forgets what was written before. */
  quoted(from: Uint8Array, start: number, end: number): string {
    this.clear();
    this.string(from, start, end);
    return this.text();
  }

  hex(from: Uint8Array, start: number, end: number): void {
    this.#ensure((end - start) * 2);
    const bytes = this.#bytes;
    let at = this.length;
    for (let i = start; i < end; i++) {
      bytes[at++] = HEX[from[i]! >> 4]!;
      bytes[at++] = HEX[from[i]! & 15]!;
    }
    this.length = at;
  }

  /** An unsigned 64-bit number. Its long division needs no numbers beyond 2^53. */
  unsigned(high: number, low: number): void {
    if (high === 0) return this.raw(String(low));
    let rest = 0, quotient = 0;
    for (const digit of [high >>> 16, high & 65535, low >>> 16, low & 65535]) {
      const value = rest * HALF_WORD + digit;
      const part = Math.floor(value / SECOND);
      rest = value - part * SECOND;
      quotient = quotient * HALF_WORD + part;
    }
    if (quotient === 0) return this.raw(String(rest));
    this.raw(String(quotient));
    this.raw(String(rest + SECOND).slice(1));
  }

  /** Opens a member of an object, after a comma where it is not the first. */
  member(name: string): void {
    if (this.#bytes[this.length - 1] !== 123) this.byte(44);
    this.raw(name);
  }

  /** opentelemetry.proto.common.v1.AnyValue */
  anyValue(bytes: Uint8Array, from: number, to: number, depth: number): void {
    // One level here is up to four of JSON.
    if (depth > DEPTH_MAX / 4) throw new ProtoError(TOO_DEEP);
    this.byte(123);
    const proto = new Proto(bytes, from, to);
    while (proto.next()) {
      switch (proto.field) {
        case 1:
          this.member('"stringValue":');
          this.string(bytes, proto.from, proto.to);
          break;
        case 2:
          this.member(proto.low === 0 ? '"boolValue":false' : '"boolValue":true');
          break;
        case 3:
          this.member('"intValue":"');
          this.#signed(proto.high, proto.low);
          this.byte(QUOTE);
          break;
        case 4:
          this.member('"doubleValue":');
          this.#double(proto.high, proto.low);
          break;
        case 5:
          this.member('"arrayValue":{"values":[');
          this.#items(bytes, proto.from, proto.to, (start, end) => this.anyValue(bytes, start, end, depth + 1));
          this.raw("]}");
          break;
        case 6:
          this.member('"kvlistValue":{"values":[');
          this.#items(bytes, proto.from, proto.to, (start, end) => this.keyValue(bytes, start, end, depth + 1));
          this.raw("]}");
          break;
        case 7:
          this.member('"bytesValue":"');
          this.#base64(bytes, proto.from, proto.to);
          this.byte(QUOTE);
          break;
      }
    }
    this.byte(125);
  }

  /** opentelemetry.proto.common.v1.KeyValue */
  keyValue(bytes: Uint8Array, from: number, to: number, depth: number): void {
    this.byte(123);
    let valueFrom = -1, valueTo = -1;
    const proto = new Proto(bytes, from, to);
    while (proto.next()) {
      if (proto.wire !== WIRE.bytes) continue;
      if (proto.field === 1) {
        this.member('"key":');
        this.string(bytes, proto.from, proto.to);
      } else if (proto.field === 2) {
        valueFrom = proto.from;
        valueTo = proto.to;
      }
    }
    // The Collector writes fields from last to first; a person reads the key first.
    if (valueFrom >= 0) {
      this.member('"value":');
      this.anyValue(bytes, valueFrom, valueTo, depth + 1);
    }
    this.byte(125);
  }

  #items(bytes: Uint8Array, from: number, to: number, write: (start: number, end: number) => void): void {
    const proto = new Proto(bytes, from, to);
    for (let count = 0; proto.next();) {
      if (proto.field !== 1 || proto.wire !== WIRE.bytes) continue;
      if (count++ > 0) this.byte(44);
      write(proto.from, proto.to);
    }
  }

  #signed(high: number, low: number): void {
    if (high < 2 ** 31) return this.unsigned(high, low);
    this.byte(45);
    const value = (BigInt(~high >>> 0) << 32n | BigInt(~low >>> 0)) + 1n;
    this.raw(value.toString());
  }

  #double(high: number, low: number): void {
    DOUBLE.setUint32(0, high);
    DOUBLE.setUint32(4, low);
    const value = DOUBLE.getFloat64(0);
    this.raw(Number.isFinite(value) ? String(value) : `"${value}"`);
  }

  #base64(bytes: Uint8Array, from: number, to: number): void {
    let binary = "";
    for (let i = from; i < to; i++) binary += String.fromCharCode(bytes[i]!);
    this.raw(btoa(binary));
  }

  #ensure(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    let capacity = this.#bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const larger = new Uint8Array(capacity);
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}

const DOUBLE = new DataView(new ArrayBuffer(8));

/** The attributes (field number `field`) of a message, as a JSON array. */
export function protoAttributes(json: JsonText, bytes: Uint8Array, from: number, to: number, field: number): void {
  const proto = new Proto(bytes, from, to);
  json.byte(91);
  for (let count = 0; proto.next();) {
    if (proto.field !== field || proto.wire !== WIRE.bytes) continue;
    if (count++ > 0) json.byte(44);
    json.keyValue(bytes, proto.from, proto.to, 0);
  }
  json.byte(93);
}

/** A message that has only attributes (its field 1): OTLP's Resource. */
export function attributesJson(json: JsonText, bytes: Uint8Array, from: number, to: number): string {
  json.clear();
  protoAttributes(json, bytes, from, to, 1);
  return `{"attributes":${json.text()}}`;
}

/** opentelemetry.proto.trace.v1.Span */
export function protoSpan(json: JsonText, bytes: Uint8Array, from: number, to: number): void {
  json.byte(123);
  let attributes = false, events = false, links = false;
  const proto = new Proto(bytes, from, to);
  while (proto.next()) {
    switch (proto.field) {
      case 1:
        json.member('"traceId":"');
        json.hex(bytes, proto.from, proto.to);
        json.byte(QUOTE);
        break;
      case 2:
        json.member('"spanId":"');
        json.hex(bytes, proto.from, proto.to);
        json.byte(QUOTE);
        break;
      case 3:
        if (proto.to === proto.from) break;
        json.member('"traceState":');
        json.string(bytes, proto.from, proto.to);
        break;
      case 4:
        if (proto.to === proto.from) break;
        json.member('"parentSpanId":"');
        json.hex(bytes, proto.from, proto.to);
        json.byte(QUOTE);
        break;
      case 5:
        json.member('"name":');
        json.string(bytes, proto.from, proto.to);
        break;
      case 6:
        json.member('"kind":');
        json.unsigned(proto.high, proto.low);
        break;
      case 7:
      case 8:
        json.member(proto.field === 7 ? '"startTimeUnixNano":"' : '"endTimeUnixNano":"');
        json.unsigned(proto.high, proto.low);
        json.byte(QUOTE);
        break;
      case 9:
        attributes = true;
        break;
      case 10:
      case 12:
      case 14:
        json.member(DROPPED[proto.field]!);
        json.unsigned(proto.high, proto.low);
        break;
      case 11:
        events = true;
        break;
      case 13:
        links = true;
        break;
      case 15:
        protoStatus(json, bytes, proto.from, proto.to);
        break;
      case 16:
        json.member('"flags":');
        json.unsigned(0, proto.low);
        break;
    }
  }
  if (attributes) {
    json.member('"attributes":');
    protoAttributes(json, bytes, from, to, 9);
  }
  if (events) protoList(json, '"events":[', bytes, from, to, 11, protoEvent);
  if (links) protoList(json, '"links":[', bytes, from, to, 13, protoLink);
  json.byte(125);
}

const DROPPED: Readonly<Record<number, string>> = {
  10: '"droppedAttributesCount":',
  12: '"droppedEventsCount":',
  14: '"droppedLinksCount":',
};

type WriteMessage = (json: JsonText, bytes: Uint8Array, from: number, to: number) => void;

function protoList(
  json: JsonText,
  member: string,
  bytes: Uint8Array,
  from: number,
  to: number,
  field: number,
  write: WriteMessage,
): void {
  json.member(member);
  const proto = new Proto(bytes, from, to);
  for (let count = 0; proto.next();) {
    if (proto.field !== field || proto.wire !== WIRE.bytes) continue;
    if (count++ > 0) json.byte(44);
    write(json, bytes, proto.from, proto.to);
  }
  json.byte(93);
}

function protoEvent(json: JsonText, bytes: Uint8Array, from: number, to: number): void {
  json.byte(123);
  const proto = new Proto(bytes, from, to);
  while (proto.next()) {
    if (proto.field === 1 && proto.wire === WIRE.fixed64) {
      json.member('"timeUnixNano":"');
      json.unsigned(proto.high, proto.low);
      json.byte(QUOTE);
    } else if (proto.field === 2 && proto.wire === WIRE.bytes) {
      json.member('"name":');
      json.string(bytes, proto.from, proto.to);
    }
  }
  json.member('"attributes":');
  protoAttributes(json, bytes, from, to, 3);
  json.byte(125);
}

function protoLink(json: JsonText, bytes: Uint8Array, from: number, to: number): void {
  json.byte(123);
  const proto = new Proto(bytes, from, to);
  while (proto.next()) {
    if (proto.wire !== WIRE.bytes || proto.to === proto.from) continue;
    if (proto.field === 1 || proto.field === 2) {
      json.member(proto.field === 1 ? '"traceId":"' : '"spanId":"');
      json.hex(bytes, proto.from, proto.to);
      json.byte(QUOTE);
    } else if (proto.field === 3) {
      json.member('"traceState":');
      json.string(bytes, proto.from, proto.to);
    }
  }
  json.member('"attributes":');
  protoAttributes(json, bytes, from, to, 4);
  json.byte(125);
}

function protoStatus(json: JsonText, bytes: Uint8Array, from: number, to: number): void {
  json.member('"status":{');
  const proto = new Proto(bytes, from, to);
  while (proto.next()) {
    if (proto.field === 2 && proto.wire === WIRE.bytes) {
      json.member('"message":');
      json.string(bytes, proto.from, proto.to);
    } else if (proto.field === 3 && proto.wire === WIRE.varint) {
      json.member('"code":');
      json.unsigned(proto.high, proto.low);
    }
  }
  json.byte(125);
}
