// Makes spans and log lines of what readers have as objects or as bytes of other forms, and hands them on: in the end
// everything passes the one scanner of OTLP JSON.

import { BROKEN, JsonCursor, NEED_MORE, Odd } from "./json_cursor.ts";
import { LineScanner } from "./line_scanner.ts";
import { attributeMap, attributeValue, LineView, type RecordSink, type Resource, SpanView } from "./records.ts";
import type { FileContext } from "./record_reader.ts";
import { anyValue, isObject, keyValues, member, type Members, normalId, normalSpan } from "./otlp_values.ts";
import { SpanScanner } from "./span_scanner.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** OTLP's severity numbers by four. */
const SEVERITIES = ["trace", "debug", "info", "warn", "error", "fatal"];

export class SpanMaker {
  readonly #context: FileContext;
  /** The view of the span last read. */
  readonly view = new SpanView();
  readonly #cursor = new JsonCursor();
  readonly #scanner = new SpanScanner(this.#cursor, this.view);
  readonly #lineScanner = new LineScanner();
  readonly #line = new LineView();

  constructor(context: FileContext) {
    this.#context = context;
  }

  /** Notes what is strange about the span in the view, and hands it on. */
  hand(sink: RecordSink, where: number): void {
    const { view } = this;
    if (
      view.spanWords[0] === view.parentWords[0] && view.spanWords[1] === view.parentWords[1]
    ) this.#odd("spans that are their own parent", where);
    if (view.durationNs < 0) this.#odd("spans that end before they start", where);
    this.#context.tally.spans++;
    sink.span(view);
  }

  /** Reads a span that is known to be one into the view. */
  read(bytes: Uint8Array, length: number): void {
    this.#cursor.reset(bytes, 0, length);
    this.#scanner.scan();
  }

  /** A span whose bytes are OTLP JSON in a buffer of their own with a 0 behind them. */
  fromBytes(bytes: Uint8Array, length: number, sink: RecordSink, where: number): void {
    const cursor = this.#cursor;
    cursor.reset(bytes, 0, length);
    cursor.high = false;
    try {
      this.#scanner.scan();
    } catch (error) {
      this.skip(error, where);
      return;
    }
    if (cursor.high && !isUtf8(bytes, 0, length)) {
      this.#odd("texts that are not UTF-8", where);
      const mended = withZero(decoder.decode(bytes.subarray(0, length)));
      cursor.reset(mended, 0, mended.length - 1);
      this.#scanner.scan();
    }
    this.hand(sink, where);
  }

  /** A span in any form of JSON that is known. */
  fromObject(span: unknown, sink: RecordSink, where: number): void {
    try {
      const bytes = withZero(JSON.stringify(normalSpan(span)));
      this.fromBytes(bytes, bytes.length - 1, sink, where);
    } catch (error) {
      this.skip(error, where);
    }
  }

  /** A log record of OTLP becomes a JSON line of its service's log. */
  fromLogRecord(record: unknown, resource: Resource, sink: RecordSink, where: number): void {
    try {
      const bytes = withZero(logLine(record, resource));
      const line = this.#line;
      line.service = resource.service;
      if (!this.#lineScanner.begin(line, bytes, 0, bytes.length - 1)) throw new Odd("log records without a time");
      this.#lineScanner.finish(line);
      line.service = resource.service;
      this.#context.tally.lines++;
      sink.line(line);
    } catch (error) {
      this.skip(error, where);
    }
  }

  /** Counts a record that is none. */
  skip(error: unknown, where: number): void {
    const reason = error === BROKEN || error === NEED_MORE
      ? "broken JSON"
      : error instanceof Odd
      ? error.message
      : undefined;
    if (reason === undefined) throw error;
    this.#context.tally.skip(reason, this.place(where));
  }

  place(where: number): string {
    return `${this.#context.name}, byte ${where}`;
  }

  #odd(what: string, where: number): void {
    this.#context.tally.keepOdd(what, this.place(where));
  }
}

/** Bytes with the 0 behind them that a cursor needs. */
export function withZero(text: string): Uint8Array {
  return encoder.encode(text + "\0");
}

export function isUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  try {
    strictDecoder.decode(bytes.subarray(from, to));
    return true;
  } catch {
    return false;
  }
}

function logLine(record: unknown, resource: Resource): string {
  if (!isObject(record)) throw new Odd("it is no object");
  const time = [member(record, "timeUnixNano", "time_unix_nano"), member(record, "observedTimeUnixNano")]
    .map(String).find((each) => /^\d{10,19}$/.test(each));
  if (time === undefined) throw new Odd("log records without a time");
  const number = Number(member(record, "severityNumber", "severity_number") ?? 0);
  const text = member(record, "severityText", "severity_text");
  const level = typeof text === "string" && text !== ""
    ? text.toLowerCase()
    : SEVERITIES[Math.floor((number - 1) / 4)] ?? "info";
  const body = attributeValue(anyValue(record["body"], 0));
  const ids: Members = { ...idMember(record, "trace", 32), ...idMember(record, "span", 16) };
  const attributes = Object.fromEntries(attributeMap(keyValues(record["attributes"], 0)));
  const line = {
    time: rfc3339(time),
    level,
    message: typeof body === "string" ? body : JSON.stringify(body, bigintText),
    service: resource.service,
    ...(resource.instance === undefined ? {} : { instance: resource.instance }),
    ...ids,
  };
  return JSON.stringify({ ...attributes, ...line }, bigintText);
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function idMember(record: Members, what: "trace" | "span", digits: 16 | 32): Members {
  const value = member(record, `${what}Id`, `${what}_id`);
  if (typeof value !== "string" || value === "" || /^0+$/.test(value)) return {};
  return { [`${what}_id`]: normalId(value, digits, `the ${what} id of a log record is none`) };
}

/** @param nanos decimal digits of nanoseconds since the epoch */
function rfc3339(nanos: string): string {
  const seconds = Number(nanos.slice(0, -9));
  if (seconds > 9e9) throw new Odd("log records without a time");
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${nanos.slice(-9)}Z`;
}
