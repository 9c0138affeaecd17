// Reads telemetry in JSON as a stream, whether it is one document or a line for each: OTLP (the Collector's file exporter,
// our own trace files), Tempo's API (`batches`, or `trace` around it) and Jaeger's (`data`, or a trace or spans alone). Only one span, one resource or
// one trace of Jaeger has to fit in memory. What is broken costs the rest of its line.

import { BYTE_ORDER_MARK, type ByteSource, starts } from "./byte_source.ts";
import { jaegerResource, jaegerSpan } from "./jaeger.ts";
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  BROKEN,
  JsonCursor,
  NEED_MORE,
  Odd,
} from "./json_cursor.ts";
import { isObject, listOf, type Members } from "./otlp_values.ts";
import { type FileContext, type RecordReader, VALUE_BYTES_MAX } from "./record_reader.ts";
import type { RecordSink, Resource, Scope } from "./records.ts";
import { RESOURCE_BYTES_MAX, Resources } from "./resources.ts";
import { isUtf8, SpanMaker } from "./span_maker.ts";
import { SpanScanner } from "./span_scanner.ts";
import { WindowBuffer } from "./window_buffer.ts";

/** What is open around the place that is read. */
const Level = {
  document: 0,
  documents: 1,
  resourceList: 2,
  resource: 3,
  scopeList: 4,
  scope: 5,
  spans: 6,
  records: 7,
  traces: 8,
} as const;
type Level = (typeof Level)[keyof typeof Level];

const LIST_KEYS: Readonly<Record<string, Level>> = {
  resourceSpans: Level.resourceList,
  resource_spans: Level.resourceList,
  batches: Level.resourceList,
  resourceLogs: Level.resourceList,
  resource_logs: Level.resourceList,
  scopeSpans: Level.scopeList,
  scope_spans: Level.scopeList,
  instrumentationLibrarySpans: Level.scopeList,
  scopeLogs: Level.scopeList,
  scope_logs: Level.scopeList,
  spans: Level.spans,
  logRecords: Level.records,
  log_records: Level.records,
  data: Level.traces,
};
/** Which lists each object may have. */
const ITEM_OF: Partial<Record<Level, readonly Level[]>> = {
  [Level.document]: [Level.resourceList, Level.traces],
  [Level.resource]: [Level.scopeList],
  [Level.scope]: [Level.spans, Level.records],
};
const WRAPPERS = ["trace", "result"];
const METRIC_KEYS = ["resourceMetrics", "resource_metrics", "resourceProfiles"];
/** As deep as all of the levels, twice wrapped. */
const LEVELS_MAX = 16;
const COMMA = 44;
/** Below this another try costs nothing to speak of. */
const RETRY_BYTES = 512 << 10;

interface Open {
  readonly level: Level;
  /** Of a resource or a scope: its JSON, once it was found. */
  text: string | undefined;
  sought: boolean;
  /** Whether an element or a member has just been read, so that a comma or the end is due. */
  filled: boolean;
}

const decoder = new TextDecoder();

export class OtlpJsonReader implements RecordReader {
  readonly #context: FileContext;
  readonly #buffer: WindowBuffer;
  readonly #cursor = new JsonCursor();
  readonly #resources = new Resources();
  readonly #maker: SpanMaker;
  readonly #scanner: SpanScanner;
  readonly #open: Open[] = [];
  #resource: Resource;
  #scope: Scope;
  #signature: Uint8Array | undefined;
  /** So much is needed for another try at a value that was not complete: each try has twice as much. */
  #needed = 0;
  /** After what is broken: looking for the next line that begins as the file does. */
  #lost = false;

  constructor(source: ByteSource, context: FileContext) {
    this.#context = context;
    this.#buffer = new WindowBuffer(source);
    this.#maker = new SpanMaker(context);
    this.#scanner = new SpanScanner(this.#cursor, this.#maker.view);
    this.#resource = this.#resources.resource("{}");
    this.#scope = this.#resources.scope("{}");
  }

  async next(sink: RecordSink): Promise<boolean> {
    const buffer = this.#buffer;
    let more: boolean;
    try {
      more = await buffer.fill();
    } catch (error) {
      this.#context.tally.skip(error instanceof Error ? error.message : String(error), this.#place());
      return false;
    }
    if (!more) {
      if (this.#needed > 0) this.#read(sink);
      if (this.#lost) return false;
      if (this.#open.length > 0 || this.#isSomethingLeft()) {
        this.#context.tally.skip("the file is cut off: its last value has no end", this.#place());
      }
      return false;
    }
    if (this.#signature === undefined) {
      if (starts(buffer.bytes, BYTE_ORDER_MARK)) buffer.at += BYTE_ORDER_MARK.length;
      this.#signature = signatureOf(buffer.bytes, buffer.at, buffer.end);
    }
    if (this.#lost && !this.#findLine(buffer.at)) return true;
    this.#cursor.reset(buffer.bytes, buffer.at, buffer.end);
    if (buffer.end - buffer.at >= this.#needed) this.#read(sink);
    if (!this.#lost && buffer.end - buffer.at > VALUE_BYTES_MAX) {
      this.#giveUp(`a value of more than ${VALUE_BYTES_MAX >> 20} MiB: the rest of its line is left out`);
    }
    return true;
  }

  #isSomethingLeft(): boolean {
    const { bytes, at, end } = this.#buffer;
    for (let i = at; i < end; i++) if (bytes[i]! > 32) return true;
    return false;
  }

  #place(at = this.#buffer.at): string {
    return this.#maker.place(this.#buffer.offset(at));
  }

  /** Reads until more bytes are needed. */
  #read(sink: RecordSink): void {
    const cursor = this.#cursor, buffer = this.#buffer;
    for (;;) {
      try {
        for (;;) {
          buffer.at = cursor.at;
          this.#step(sink);
        }
      } catch (error) {
        if (error === NEED_MORE && !this.#isLineWithin(buffer.end)) {
          const held = buffer.end - buffer.at;
          this.#needed = held > RETRY_BYTES ? Math.min(held * 2, VALUE_BYTES_MAX) : 0;
          return;
        }
        if (error !== NEED_MORE && error !== BROKEN && !(error instanceof Odd)) throw error;
        if (!this.#giveUp(error instanceof Odd ? error.message : "broken JSON: the rest of its line is left out")) {
          return;
        }
      }
    }
  }

  /** Whether a value that began at the buffer's place has swallowed the beginning of a line, since its own was cut off. */
  #isLineWithin(to: number): boolean {
    const { bytes, at } = this.#buffer;
    return this.#open.length > 0 && indexOf(bytes, this.#signature!, at, to) >= 0;
  }

  /** The line before ends within its list if a new one begins at the cursor. */
  #rejectLine(): void {
    const signature = this.#signature!, { bytes, end } = this.#buffer;
    const from = this.#cursor.at - 1;
    for (let i = 2; i < signature.length; i++) {
      if (from + i >= end) throw NEED_MORE;
      if (bytes[from + i] !== signature[i]) return;
    }
    throw BROKEN;
  }

  /** Goes on at the next line; gives false when it is not here yet. */
  #giveUp(reason: string): boolean {
    const buffer = this.#buffer;
    this.#context.tally.skip(reason, this.#place());
    this.#lost = true;
    return this.#findLine(buffer.at + 1);
  }

  #findLine(from: number): boolean {
    const buffer = this.#buffer;
    const signature = this.#signature!;
    const found = indexOf(buffer.bytes, signature, Math.max(0, from - 1), buffer.end);
    if (found < 0) {
      buffer.at = Math.max(buffer.at, buffer.end - signature.length);
      return false;
    }
    buffer.at = found + 1;
    this.#open.length = 0;
    this.#lost = false;
    this.#cursor.reset(buffer.bytes, buffer.at, buffer.end);
    return true;
  }

  /** Reads one token of the structure with what belongs to it. Throws NEED_MORE before anything has changed. */
  #step(sink: RecordSink): void {
    const cursor = this.#cursor;
    const open = this.#open.at(-1);
    // Space that has been passed need not be held, however much there is.
    const spaced = cursor.at;
    cursor.space();
    const isLineStart = cursor.at > spaced && cursor.bytes[cursor.at - 1] === this.#signature![0];
    if (open === undefined || !isLineStart) this.#buffer.at = cursor.at;
    const byte = cursor.peek();
    if (open === undefined) {
      if (byte === BRACE_OPEN && this.#isJaeger()) {
        this.#withObject((value) => this.#trace(value, sink));
        return;
      }
      if (byte === BRACE_OPEN) this.#push(Level.document);
      else if (byte === BRACKET_OPEN) this.#push(Level.documents);
      else throw BROKEN;
      cursor.at++;
      return;
    }
    if (isLineStart && byte === this.#signature![1]) this.#rejectLine();
    const isObjectLevel = open.level === Level.document || open.level === Level.resource || open.level === Level.scope;
    if (byte === (isObjectLevel ? BRACE_CLOSE : BRACKET_CLOSE)) {
      this.#open.pop();
      const outer = this.#open.at(-1);
      if (outer !== undefined) outer.filled = true;
      cursor.at++;
      return;
    }
    if (open.filled) {
      if (byte !== COMMA) throw BROKEN;
      cursor.at++;
      open.filled = false;
      return;
    }
    if (isObjectLevel) {
      this.#member(open);
      if (this.#isLineWithin(cursor.at)) throw BROKEN;
    } else this.#element(open, byte, sink);
  }

  #push(level: Level): void {
    if (this.#open.length >= LEVELS_MAX) throw BROKEN;
    this.#open.push({ level, text: undefined, sought: false, filled: false });
  }

  // ---- members of documents, resources and scopes ------------------------------------------------------------------

  #member(open: Open): void {
    const cursor = this.#cursor;
    cursor.key();
    const key = cursor.to - cursor.from > 32 ? "" : decoder.decode(cursor.bytes.subarray(cursor.from, cursor.to));
    const byte = cursor.peek();
    const list = LIST_KEYS[key];
    if (byte === BRACKET_OPEN && list !== undefined && ITEM_OF[open.level]!.includes(list)) {
      if (open.level === Level.resource) this.#seek(open, ["resource"]);
      if (open.level === Level.scope) this.#seek(open, ["scope", "instrumentationLibrary"]);
      if (open.level === Level.resource || open.level === Level.scope) this.#use(open);
      cursor.at++;
      this.#push(list);
      return;
    }
    if (byte === BRACE_OPEN && open.level === Level.document && WRAPPERS.includes(key)) {
      cursor.at++;
      this.#push(Level.document);
      return;
    }
    const from = cursor.at;
    if (METRIC_KEYS.includes(key) && open.level === Level.document) {
      cursor.pass();
      this.#context.tally.skip("metrics and profiles, which are not replayed", this.#place(from));
    } else if (
      (open.level === Level.resource && key === "resource") ||
      (open.level === Level.scope && (key === "scope" || key === "instrumentationLibrary"))
    ) {
      cursor.pass();
      open.text = this.#text(from, cursor.at);
      open.sought = true;
    } else if (key === "schemaUrl" && byte === 34) {
      cursor.string();
      const url = decoder.decode(cursor.bytes.subarray(from, cursor.at));
      if (open.level === Level.resource) this.#resources.resourceSchema(open.text ?? "{}", this.#resource, url);
      if (open.level === Level.scope) this.#resources.scopeSchema(open.text ?? "{}", this.#scope, url);
    } else cursor.pass();
    open.filled = true;
  }

  #text(from: number, to: number): string {
    if (to - from > RESOURCE_BYTES_MAX) {
      this.#context.tally.skip(`a resource of more than ${RESOURCE_BYTES_MAX >> 10} KiB`, this.#place(from));
      return "{}";
    }
    return decoder.decode(this.#cursor.bytes.subarray(from, to));
  }

  /** Whoever wrote the members in another order wrote the resource behind its spans: looks there, and comes back. */
  #seek(open: Open, names: readonly string[]): void {
    if (open.sought) return;
    const cursor = this.#cursor, buffer = this.#buffer;
    const back = cursor.at;
    try {
      cursor.pass();
      while (cursor.peek() === COMMA) {
        cursor.at++;
        cursor.key();
        const isIt = names.some((name) => cursor.is(name));
        cursor.peek();
        const from = cursor.at;
        cursor.pass();
        if (!isIt) continue;
        open.text = this.#text(from, cursor.at);
        break;
      }
    } catch (error) {
      // A list that is too long to be held is read without its resource.
      if (error === NEED_MORE && buffer.end - buffer.at < VALUE_BYTES_MAX / 2) throw error;
      if (error === NEED_MORE) {
        this.#context.tally.keepOdd("lists of spans whose resource is too far behind them", this.#place(back));
      }
    }
    open.sought = true;
    cursor.at = back;
  }

  #use(open: Open): void {
    const text = open.text ?? "{}";
    if (open.level === Level.scope) this.#scope = this.#resources.scope(text);
    else {
      this.#resource = this.#resources.resource(text);
      this.#maker.view.resource = this.#resource;
    }
  }

  // ---- elements of lists -------------------------------------------------------------------------------------------

  #element(open: Open, byte: number, sink: RecordSink): void {
    const cursor = this.#cursor;
    switch (open.level) {
      case Level.spans:
        this.#span(sink);
        break;
      case Level.records:
        this.#withObject((record, at) => this.#maker.fromLogRecord(record, this.#resource, sink, at));
        break;
      case Level.traces:
        this.#withObject((trace) => this.#trace(trace, sink));
        break;
      default:
        if (byte !== BRACE_OPEN) cursor.pass();
        else if (open.level === Level.documents && this.#isJaeger()) {
          this.#withObject((value) => this.#trace(value, sink));
        } else {
          cursor.at++;
          const inner = open.level === Level.documents
            ? Level.document
            : open.level === Level.resourceList
            ? Level.resource
            : Level.scope;
          if (inner === Level.resource) this.#resource = this.#resources.resource("{}");
          if (inner === Level.scope) this.#scope = this.#resources.scope("{}");
          this.#push(inner);
          return;
        }
    }
    open.filled = true;
  }

  #span(sink: RecordSink): void {
    const cursor = this.#cursor, maker = this.#maker;
    const from = cursor.at;
    cursor.high = false;
    const { view } = maker;
    view.resource = this.#resource;
    view.scope = this.#scope;
    const where = this.#buffer.offset(from);
    try {
      this.#scanner.scan();
    } catch (error) {
      if (!(error instanceof Odd)) throw error;
      if (this.#isLineWithin(cursor.at)) throw BROKEN;
      cursor.at = from;
      cursor.pass();
      this.#otherForm(error, from, cursor.at, where, sink);
      return;
    }
    if (cursor.high && !isUtf8(cursor.bytes, from, cursor.at)) {
      const bytes = new Uint8Array(cursor.at - from + 1);
      bytes.set(cursor.bytes.subarray(from, cursor.at));
      maker.fromBytes(bytes, bytes.length - 1, sink, where);
    } else maker.hand(sink, where);
  }

  /** Tempo's ids are base64 and its kinds are names, others write snake_case: read as objects. */
  #otherForm(odd: Odd, from: number, to: number, where: number, sink: RecordSink): void {
    let span: unknown;
    try {
      span = parseExactly(decoder.decode(this.#cursor.bytes.subarray(from, to)));
    } catch {
      this.#maker.skip(odd, where);
      return;
    }
    this.#maker.fromObject(span, sink, where);
  }

  /** Whether the object at the cursor is a trace of Jaeger, or a span. */
  #isJaeger(): boolean {
    const cursor = this.#cursor;
    const back = cursor.at;
    let found = false;
    if (cursor.open(BRACE_OPEN, BRACE_CLOSE)) {
      do {
        cursor.key();
        if (cursor.is("spans") || cursor.is("spanID") || cursor.is("processes")) {
          found = true;
          break;
        }
        const key = cursor.to - cursor.from > 32 ? "" : decoder.decode(cursor.bytes.subarray(cursor.from, cursor.to));
        if (Object.hasOwn(LIST_KEYS, key) || WRAPPERS.includes(key) || METRIC_KEYS.includes(key)) break;
        cursor.pass();
      } while (cursor.more(BRACE_CLOSE));
    }
    cursor.at = back;
    return found;
  }

  #withObject(take: (value: unknown, at: number) => void): void {
    const cursor = this.#cursor;
    const from = cursor.at;
    const where = this.#buffer.offset(from);
    cursor.pass();
    if (this.#isLineWithin(cursor.at)) throw BROKEN;
    let value: unknown;
    try {
      value = parseExactly(decoder.decode(cursor.bytes.subarray(from, cursor.at)));
    } catch {
      throw BROKEN;
    }
    take(value, where);
  }

  #trace(value: unknown, sink: RecordSink): void {
    if (!isObject(value)) return;
    const trace = value["spanID"] === undefined ? value : { spans: [value] };
    const where = this.#buffer.offset();
    const processes = isObject(trace["processes"]) ? trace["processes"] : {};
    const known = new Map<string, Members>();
    const processOf = (id: string): Members => {
      let resource = known.get(id);
      if (resource === undefined) {
        resource = jaegerResource(Object.hasOwn(processes, id) ? processes[id] : undefined);
        known.set(id, resource);
      }
      return resource;
    };
    for (const each of listOf(trace["spans"])) {
      try {
        const { span, resource, scope } = jaegerSpan(each, processOf);
        this.#maker.view.resource = this.#resources.resource(JSON.stringify(resource));
        this.#maker.view.scope = this.#resources.scope(JSON.stringify(scope));
        this.#maker.fromObject(span, sink, where);
      } catch (error) {
        this.#maker.skip(error, where);
      }
    }
  }
}

/** Times in nanoseconds that were written as numbers have more digits than a number holds: they become texts. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, function (this: unknown, _key: string, value: unknown, context?: { source?: string }) {
    return typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER &&
        /^-?\d+$/.test(context?.source ?? "")
      ? context!.source
      : value;
  });
}

/** A line break, and how the file's first value begins, its first name included: so its other lines begin too. */
function signatureOf(bytes: Uint8Array, from: number, end: number): Uint8Array {
  let at = from;
  while (at < end && bytes[at]! <= 32) at++;
  let to = at, quotes = 0;
  while (to < end && to - at < 64 && quotes < 2) if (bytes[to++] === 34) quotes++;
  const signature = new Uint8Array(to - at + 1);
  signature[0] = 10;
  signature.set(bytes.subarray(at, to), 1);
  return signature;
}

/** Where `wanted` lies in bytes `from` to `end`; -1 when it does not. */
function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number, end: number): number {
  const within = bytes.subarray(from, end);
  for (let at = within.indexOf(wanted[0]!); at >= 0 && at + wanted.length <= within.length;) {
    let i = 1;
    while (i < wanted.length && within[at + i] === wanted[i]) i++;
    if (i === wanted.length) return from + at;
    at = within.indexOf(wanted[0]!, at + 1);
  }
  return -1;
}
