// What a replay sends: records with the times and ids that they have now. Sinks take it in batches.

import { calendarSeconds, commonLogSeconds, writeCalendar } from "./log_times.ts";
import type { IdPermutation } from "./ids.ts";
import { hexValue } from "./ids.ts";
import { PatchKind, type Resource, type Scope } from "./records.ts";
import type { ReorderWindow } from "./reorder_window.ts";

/** A span as it is sent: its OTLP JSON in a buffer that nobody changes any more. */
export interface SentSpan {
  readonly resource: Resource;
  readonly scope: Scope;
  readonly buffer: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** How records change on their way: by whole seconds, and with other ids unless they keep theirs. */
export interface Rewriting {
  readonly shiftSeconds: number;
  readonly ids: IdPermutation | undefined;
}

const CAPACITY_MIN = 16 << 10;
/** Patches may make a record a little longer: an id of 16 digits becomes one of 32, seconds get a digit more. */
const GROWTH_A_PATCH = 16;
const DIGITS = new TextEncoder().encode("0123456789abcdef");
const ZERO = 48;

export class Outgoing {
  length = 0;
  #buffer = new Uint8Array(CAPACITY_MIN);
  #end = 0;
  readonly #resources: (Resource | undefined)[] = [];
  readonly #scopes: (Scope | undefined)[] = [];
  readonly #services: string[] = [];
  readonly #ends: number[] = [];
  readonly #trace = new Uint32Array(4);
  readonly #span = new Uint32Array(2);

  /** Bytes of all rows. */
  get bytes(): number {
    return this.#end;
  }

  /** Whose log the record of a row stands in; undefined when it is a span. */
  serviceOfLine(row: number): string | undefined {
    return this.#resources[row] === undefined ? this.#services[row] : undefined;
  }

  /** The bytes of a row. */
  row(row: number): Uint8Array {
    return this.#buffer.subarray(row === 0 ? 0 : this.#ends[row - 1]!, this.#ends[row]!);
  }

  /** The span of a row; undefined when it is a log record. It stays valid. */
  build(row: number): SentSpan | undefined {
    const resource = this.#resources[row];
    if (resource === undefined) return undefined;
    return {
      resource,
      scope: this.#scopes[row]!,
      buffer: this.#buffer,
      from: row === 0 ? 0 : this.#ends[row - 1]!,
      to: this.#ends[row]!,
    };
  }

  /** Adds the record that the window has just given. */
  add(record: ReorderWindow, rewriting: Rewriting): void {
    const { header, bytes, patches } = record;
    this.#ensure(record.to - record.from + (record.patchesTo - record.patchesFrom) * GROWTH_A_PATCH);
    const out = this.#buffer;
    let at = this.#end, from = record.from;
    for (let i = record.patchesFrom; i < record.patchesTo; i += 2) {
      const place = record.from + patches[i]!, what = patches[i + 1]!;
      const kind = (what & 15) as PatchKind, length = what >>> 4;
      if (place > from) {
        copy(out, at, bytes, from, place);
        at += place - from;
      }
      at = this.#patch(out, at, bytes, place, kind, length, rewriting);
      from = place + length;
    }
    copy(out, at, bytes, from, record.to);
    this.#end = at + record.to - from;
    const row = this.length++;
    this.#resources[row] = header.resource;
    this.#scopes[row] = header.scope;
    this.#services[row] = header.service;
    this.#ends[row] = this.#end;
  }

  /** Empties it. Spans that were built keep the buffer, so there is another one now. */
  clear(): void {
    if (this.length === 0) return;
    this.#buffer = new Uint8Array(Math.max(CAPACITY_MIN, this.#end + (this.#end >> 3)));
    this.#end = this.length = 0;
  }

  #patch(
    out: Uint8Array,
    at: number,
    bytes: Uint8Array,
    place: number,
    kind: PatchKind,
    length: number,
    { shiftSeconds, ids }: Rewriting,
  ): number {
    switch (kind) {
      case PatchKind.epochSeconds: {
        let seconds = 0;
        for (let i = 0; i < length; i++) seconds = seconds * 10 + bytes[place + i]! - ZERO;
        return writeDigits(out, at, Math.max(1, seconds + shiftSeconds), length);
      }
      case PatchKind.calendar:
      case PatchKind.commonLog: {
        copy(out, at, bytes, place, place + length);
        const seconds = kind === PatchKind.calendar ? calendarSeconds(out, at) : commonLogSeconds(out, at);
        if (seconds !== undefined) writeCalendar(out, at, seconds + shiftSeconds, kind);
        return at + length;
      }
      default: {
        if (ids === undefined) {
          copy(out, at, bytes, place, place + length);
          return at + length;
        }
        const words = kind === PatchKind.spanId ? this.#span : this.#trace;
        words[0] = words[1] = 0;
        const first = kind === PatchKind.shortTraceId ? 2 : 0;
        for (let word = first; word < words.length; word++) words[word] = readWord(bytes, place + (word - first) * 8);
        ids.replace(words);
        for (let word = 0; word < words.length; word++) writeWord(out, at + word * 8, words[word]!);
        return at + words.length * 8;
      }
    }
  }

  #ensure(count: number): void {
    const needed = this.#end + count;
    if (needed <= this.#buffer.length) return;
    let capacity = this.#buffer.length;
    while (capacity < needed) capacity *= 2;
    const larger = new Uint8Array(capacity);
    larger.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = larger;
  }
}

/** Below this a loop is faster than a call of `set` with a view made for it. */
const LOOP_BYTES_MAX = 48;

function copy(out: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number): void {
  if (to - from > LOOP_BYTES_MAX) out.set(bytes.subarray(from, to), at);
  else for (let i = from; i < to; i++) out[at++] = bytes[i]!;
}

function readWord(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let i = 0; i < 8; i++) word = (word << 4) | hexValue(bytes[at + i]!);
  return word >>> 0;
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  for (let i = 0; i < 8; i++) bytes[at + i] = DIGITS[(word >>> (28 - i * 4)) & 15]!;
}

/** At least `digits` digits. */
function writeDigits(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let count = digits;
  for (let limit = 10 ** digits; value >= limit; limit *= 10) count++;
  let rest = value;
  for (let i = count - 1; i >= 0; i--) {
    const tens = Math.floor(rest / 10);
    bytes[at + i] = ZERO + rest - tens * 10;
    rest = tens;
  }
  return at + count;
}

// ---- requests ------------------------------------------------------------------------------------------------------

const encoder = new TextEncoder();
const HEAD = encoder.encode('{"resourceSpans":[');
const RESOURCE = encoder.encode('{"resource":');
const SCOPES = encoder.encode(',"scopeSpans":[');
const SCOPE = encoder.encode('{"scope":');
const SPANS = encoder.encode(',"spans":[');
const SCHEMA = encoder.encode(',"schemaUrl":');
const LIST_END = encoder.encode("]");
const OBJECT_END = encoder.encode("}");
const COMMA = encoder.encode(",");
const TAIL = encoder.encode("]}");

/** Spans as one ExportTraceServiceRequest of OTLP JSON, by resource and scope in the order in which they first come. */
export function serializeSpans(spans: readonly SentSpan[]): Uint8Array {
  const groups = new Map<Resource, Map<Scope, SentSpan[]>>();
  let size = 64;
  for (const span of spans) {
    let scopes = groups.get(span.resource);
    if (scopes === undefined) {
      groups.set(span.resource, scopes = new Map());
      size += span.resource.json.length + 64 + 4 * (span.resource.schemaUrl?.length ?? 0);
    }
    let list = scopes.get(span.scope);
    if (list === undefined) {
      scopes.set(span.scope, list = []);
      size += span.scope.json.length + 64 + 4 * (span.scope.schemaUrl?.length ?? 0);
    }
    list.push(span);
    size += span.to - span.from + 1;
  }
  const body = new Uint8Array(size);
  let at = 0;
  const put = (bytes: Uint8Array): void => {
    body.set(bytes, at);
    at += bytes.length;
  };
  const schema = (url: string | undefined): void => {
    if (url === undefined) return;
    put(SCHEMA);
    put(encoder.encode(url));
  };
  put(HEAD);
  let isFirstResource = true;
  for (const [resource, scopes] of groups) {
    if (!isFirstResource) put(COMMA);
    isFirstResource = false;
    put(RESOURCE);
    put(resource.json);
    put(SCOPES);
    let isFirstScope = true;
    for (const [scope, list] of scopes) {
      if (!isFirstScope) put(COMMA);
      isFirstScope = false;
      put(SCOPE);
      put(scope.json);
      put(SPANS);
      list.forEach((span, i) => {
        if (i > 0) put(COMMA);
        put(span.buffer.subarray(span.from, span.to));
      });
      put(LIST_END);
      schema(scope.schemaUrl);
      put(OBJECT_END);
    }
    put(LIST_END);
    schema(resource.schemaUrl);
    put(OBJECT_END);
  }
  put(TAIL);
  return body.subarray(0, at);
}
