// What a recording is made of: spans and log lines, each as its own bytes and the places in them that a replay writes
// anew. The views are used again for the next record, so they are to be read before that.

import { formatId } from "./ids.ts";

/** What stands at a place that a replay writes anew. */
export const PatchKind = {
  /** 32 hexadecimal digits. */
  traceId: 0,
  /** 16 hexadecimal digits. */
  spanId: 1,
  /** Digits of whole seconds since the Unix epoch, at the beginning of a decimal number of a smaller unit. */
  epochSeconds: 2,
  /** 2026-11-23T12:00:00, with any one byte between date and time, and / for - in the date. */
  calendar: 3,
  /** 23/Nov/2026:12:00:00, as in Apache's and nginx's access logs. */
  commonLog: 4,
  /** 16 hexadecimal digits that are the low half of a trace id. */
  shortTraceId: 5,
} as const;
export type PatchKind = (typeof PatchKind)[keyof typeof PatchKind];

/** Places to be written anew, in ascending order, from the beginning of the record. */
export class Patches {
  count = 0;
  at = new Uint32Array(16);
  /** Kind and length in bytes: kind + 16 × length. */
  what = new Uint32Array(16);

  add(at: number, kind: PatchKind, length: number): void {
    if (this.count === this.at.length) this.#grow();
    this.at[this.count] = at;
    this.what[this.count++] = kind + 16 * length;
  }

  #grow(): void {
    const at = new Uint32Array(this.at.length * 2), what = new Uint32Array(this.at.length * 2);
    at.set(this.at);
    what.set(this.what);
    this.at = at;
    this.what = what;
  }
}

/** A value of an attribute. Whole numbers beyond 2^53 are given as bigint, bytes as their base64 text. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue }
  | null;
export type AttributeMap = ReadonlyMap<string, AttributeValue>;

/** Who wrote spans: one object for all spans of the same resource in a file, as far as that can be remembered. */
export interface Resource {
  /** service.name; `unknown_service` where there is none. */
  readonly service: string;
  /** service.instance.id, or what else tells one replica from another. */
  readonly instance: string | undefined;
  readonly attributes: AttributeMap;
  /** Its OTLP JSON: an object. */
  readonly json: Uint8Array;
  /** A JSON string; undefined when there is none, or none has been met yet. */
  schemaUrl: string | undefined;
}

export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly json: Uint8Array;
  schemaUrl: string | undefined;
}

export interface SpanEvent {
  readonly name: string;
  readonly seconds: number;
  readonly nanos: number;
  readonly attributes: AttributeMap;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

const NOBODY: Resource = {
  service: "unknown_service",
  instance: undefined,
  attributes: new Map(),
  json: new TextEncoder().encode("{}"),
  schemaUrl: undefined,
};
const NO_SCOPE: Scope = { name: "", version: "", json: NOBODY.json, schemaUrl: undefined };
const decoder = new TextDecoder();

/** OTLP's kinds of spans. */
export const SpanKindCode = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** A span: its OTLP JSON in bytes `from` to `to`, and what is asked of every one. Times are since the Unix epoch. */
export class SpanView {
  bytes: Uint8Array = NOBODY.json;
  from = 0;
  to = 0;
  resource: Resource = NOBODY;
  scope: Scope = NO_SCOPE;
  /** Most significant word first. */
  readonly traceWords = new Uint32Array(4);
  readonly spanWords = new Uint32Array(2);
  /** Zeros for a root. */
  readonly parentWords = new Uint32Array(2);
  /** See SpanKindCode. */
  kind = 0;
  /** 0 unset, 1 ok, 2 error. */
  statusCode = 0;
  startSeconds = 0;
  startNanos = 0;
  endSeconds = 0;
  endNanos = 0;
  readonly patches = new Patches();

  /** Places of what is read on demand: contents of strings, and arrays with their brackets; `to` 0 for what is absent. */
  nameFrom = 0;
  nameTo = 0;
  messageFrom = 0;
  messageTo = 0;
  attributesFrom = 0;
  attributesTo = 0;
  eventsFrom = 0;
  eventsTo = 0;
  linksFrom = 0;
  linksTo = 0;

  get traceId(): string {
    return formatId(this.traceWords);
  }

  get spanId(): string {
    return formatId(this.spanWords);
  }

  /** Empty for a root. */
  get parentSpanId(): string {
    return this.hasParent ? formatId(this.parentWords) : "";
  }

  get hasParent(): boolean {
    return (this.parentWords[0]! | this.parentWords[1]!) !== 0;
  }

  /** End less start; below 0 when the recorded clocks disagree. */
  get durationNs(): number {
    return (this.endSeconds - this.startSeconds) * 1e9 + (this.endNanos - this.startNanos);
  }

  get name(): string {
    return this.#text(this.nameFrom, this.nameTo);
  }

  get statusMessage(): string {
    return this.#text(this.messageFrom, this.messageTo);
  }

  /** Decoded anew at each call. */
  attributes(): AttributeMap {
    return attributeMap(this.#json(this.attributesFrom, this.attributesTo));
  }

  events(): SpanEvent[] {
    return (this.#json(this.eventsFrom, this.eventsTo) as Members[]).map((event) => {
      const time = String(event["timeUnixNano"] ?? "0").padStart(10, "0");
      return {
        name: String(event["name"] ?? ""),
        seconds: Number(time.slice(0, -9)),
        nanos: Number(time.slice(-9)),
        attributes: attributeMap(event["attributes"]),
      };
    });
  }

  links(): SpanLink[] {
    return (this.#json(this.linksFrom, this.linksTo) as Members[]).map((link) => ({
      traceId: String(link["traceId"] ?? ""),
      spanId: String(link["spanId"] ?? ""),
    }));
  }

  #text(from: number, to: number): string {
    const raw = decoder.decode(this.bytes.subarray(from, to));
    return raw.includes("\\") ? JSON.parse(`"${raw}"`) as string : raw;
  }

  #json(from: number, to: number): unknown {
    return to === 0 ? [] : JSON.parse(decoder.decode(this.bytes.subarray(from, to)));
  }
}

type Members = Record<string, unknown>;

/** OTLP's list of key and value as a map. */
export function attributeMap(list: unknown): Map<string, AttributeValue> {
  const map = new Map<string, AttributeValue>();
  if (!Array.isArray(list)) return map;
  for (const each of list as { key?: unknown; value?: unknown }[]) {
    if (typeof each?.key === "string") map.set(each.key, attributeValue(each.value));
  }
  return map;
}

/** OTLP's AnyValue as a plain value. */
export function attributeValue(any: unknown): AttributeValue {
  if (typeof any !== "object" || any === null) return null;
  const value = any as Members;
  if (value["stringValue"] !== undefined) return String(value["stringValue"]);
  if (value["boolValue"] !== undefined) return value["boolValue"] === true;
  if (value["intValue"] !== undefined) {
    const number = Number(value["intValue"]);
    return Number.isSafeInteger(number) ? number : BigInt(value["intValue"] as string);
  }
  if (value["doubleValue"] !== undefined) return Number(value["doubleValue"]);
  if (value["bytesValue"] !== undefined) return String(value["bytesValue"]);
  const array = value["arrayValue"] as Members | undefined;
  if (array !== undefined) return ((array["values"] ?? []) as unknown[]).map(attributeValue);
  const list = value["kvlistValue"] as Members | undefined;
  if (list !== undefined) return Object.fromEntries(attributeMap(list["values"]));
  return null;
}

/** A log record: the bytes of its line or lines, without the last line break. */
export class LineView {
  bytes: Uint8Array = NOBODY.json;
  from = 0;
  to = 0;
  /** Whose log it stands in. */
  service = "";
  seconds = 0;
  nanos = 0;
  /** Zeros where the line names none. */
  readonly traceWords = new Uint32Array(4);
  readonly spanWords = new Uint32Array(2);
  readonly patches = new Patches();

  get hasTrace(): boolean {
    return (this.traceWords[0]! | this.traceWords[1]! | this.traceWords[2]! | this.traceWords[3]!) !== 0;
  }

  get traceId(): string {
    return this.hasTrace ? formatId(this.traceWords) : "";
  }

  get spanId(): string {
    return (this.spanWords[0]! | this.spanWords[1]!) === 0 ? "" : formatId(this.spanWords);
  }

  get text(): string {
    return decoder.decode(this.bytes.subarray(this.from, this.to));
  }
}

/** Takes the records of a recording, one at a time. */
export interface RecordSink {
  span(span: SpanView): void;
  line(line: LineView): void;
}
