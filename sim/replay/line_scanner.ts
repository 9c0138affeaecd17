// Reads one log record where it lies: when it was written, for which trace and span, and whose log it stands in. JSON,
// logfmt, the access log of nginx and Apache, and plain lines that begin with a time.

import { hexValue, readId } from "./ids.ts";
import { BRACE_CLOSE, BRACE_OPEN, JsonCursor } from "./json_cursor.ts";
import { COMMON_LOG_BYTES, FoundTime, readCalendar, readEpoch } from "./log_times.ts";
import { type LineView, type Patches, PatchKind } from "./records.ts";

/** Members of a JSON line, and keys of logfmt, that are times; the first that a line has is its time. */
const TIME_KEYS = [
  "time",
  "timestamp",
  "@timestamp",
  "ts",
  "t",
  "date",
  "datetime",
  "eventTime",
  "asctime",
  "_time",
  // nginx's: the first has milliseconds, the others whole seconds.
  "msec",
  "time_iso8601",
  "time_local",
  "observedTimestamp",
];
const SERVICE_KEYS = ["service", "service.name", "service_name", "serviceName"];
/** How far from its beginning a line's time may begin. */
const CALENDAR_WITHIN = 96;
const COMMON_LOG_WITHIN = 320;
const LOGFMT_WITHIN = 512;
const QUOTE = 34, EQUALS = 61, BRACKET = 91, SLASH = 47, MINUS = 45;
const TRACE_DIGITS = 32, SPAN_DIGITS = 16;
/** The longest key that is looked at before an id. */
const KEY_BYTES_MAX = 32;

/** 1 for what letters, digits and underscores are. */
const IS_WORD = new Uint8Array(256);
for (const byte of new TextEncoder().encode("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")) {
  IS_WORD[byte] = 1;
}
const decoder = new TextDecoder();

export class LineScanner {
  readonly #cursor = new JsonCursor();
  readonly #found = new FoundTime();
  readonly #trace = new Uint32Array(4);
  readonly #span = new Uint32Array(2);
  /** The service last read from a line: most lines of a file have the same. */
  #service = "";
  #serviceBytes = new Uint8Array(0);

  /**
   * Reads when a line was written. `view.service` is set if the line names one.
   * @returns false when it says no time, so that it begins no record
   */
  begin(view: LineView, bytes: Uint8Array, from: number, to: number): boolean {
    view.bytes = bytes;
    view.from = from;
    view.to = to;
    view.patches.count = 0;
    if (bytes[from] === BRACE_OPEN && this.#json(view)) return true;
    view.patches.count = 0;
    return this.#text(view);
  }

  /** Finds the ids in the bytes of a record that was begun, which may have become longer since. */
  finish(view: LineView): void {
    view.traceWords.fill(0);
    view.spanWords.fill(0);
    this.#ids(view);
    sortPatches(view.patches);
  }

  /** Of a JSON object the members at its top are looked at. */
  #json(view: LineView): boolean {
    const cursor = this.#cursor, { bytes, from, to } = view;
    cursor.reset(bytes, from, to);
    let best = TIME_KEYS.length;
    let service = false;
    try {
      if (!cursor.open(BRACE_OPEN, BRACE_CLOSE)) return false;
      do {
        cursor.key();
        const rank = timeRank(cursor);
        const isService = !service && isServiceKey(cursor);
        if (rank < 0 && !isService) {
          cursor.value(1);
          continue;
        }
        const isText = cursor.peek() === QUOTE;
        const at = cursor.at;
        cursor.value(1);
        if (isService && isText) {
          this.#serviceOf(view, cursor.from, cursor.to);
          service = true;
        } else if (rank >= 0 && this.#time(view, isText ? at + 1 : at, isText ? cursor.to : cursor.at) && rank < best) {
          best = rank;
          view.seconds = this.#found.seconds;
          view.nanos = this.#found.nanos;
        }
      } while (cursor.more(BRACE_CLOSE));
    } catch {
      return false;
    }
    return cursor.at <= to && best < TIME_KEYS.length;
  }

  #time(view: LineView, at: number, to: number): boolean {
    const found = this.#found;
    if (!readCalendar(view.bytes, at, to, found) && !readEpoch(view.bytes, at, to, found)) return false;
    view.patches.add(found.at - view.from, found.kind, found.length);
    return true;
  }

  #serviceOf(view: LineView, from: number, to: number): void {
    const bytes = view.bytes, known = this.#serviceBytes;
    let same = known.length === to - from;
    for (let i = 0; same && i < known.length; i++) same = known[i] === bytes[from + i];
    if (!same) {
      this.#serviceBytes = bytes.slice(from, to);
      this.#service = decoder.decode(this.#serviceBytes);
    }
    if (this.#service !== "") view.service = this.#service;
  }

  #text(view: LineView): boolean {
    const { bytes, from, to } = view;
    const found = this.#found;
    const last = Math.min(to, from + CALENDAR_WITHIN);
    for (let at = from; at < last; at++) {
      // Both forms have a separator where few other texts have one.
      const byte = bytes[at + 4];
      if ((byte === MINUS || byte === SLASH) && bytes[at + 7] === byte && readCalendar(bytes, at, to, found)) {
        return this.#take(view);
      }
    }
    const lastCommon = Math.min(to - COMMON_LOG_BYTES, from + COMMON_LOG_WITHIN);
    for (let at = from; at < lastCommon; at++) {
      if (bytes[at] === BRACKET && bytes[at + 3] === SLASH && readCalendar(bytes, at + 1, to, found)) {
        return this.#take(view);
      }
    }
    if (readEpoch(bytes, from, to, found)) return this.#take(view);
    return this.#logfmtTime(view);
  }

  #take(view: LineView): boolean {
    const found = this.#found;
    view.seconds = found.seconds;
    view.nanos = found.nanos;
    view.patches.add(found.at - view.from, found.kind, found.length);
    return true;
  }

  #logfmtTime(view: LineView): boolean {
    const { bytes, from, to } = view;
    const last = Math.min(to, from + LOGFMT_WITHIN);
    for (let at = from; at < last; at++) {
      if (bytes[at] !== EQUALS) continue;
      let key = at;
      while (key > from && bytes[key - 1]! > 32) key--;
      const name = decoder.decode(bytes.subarray(key, at));
      if (!TIME_KEYS.includes(name)) continue;
      const value = bytes[at + 1] === QUOTE ? at + 2 : at + 1;
      const found = this.#found;
      if (readCalendar(bytes, value, to, found) || readEpoch(bytes, value, to, found)) return this.#take(view);
    }
    return false;
  }

  /**
   * Finds runs of 32 and of 16 hexadecimal digits. 32 are a trace id if a letter and a digit is among them, or if they
   * are called one; 16 are a span id if they are called one, or if they have a letter and stand in a line that has a
   * trace id before them.
   */
  #ids(view: LineView): void {
    const { bytes, from, to } = view;
    let at = from;
    while (at + SPAN_DIGITS <= to) {
      // The last of 16 is no digit: no run of 16 goes over it.
      const probe = at + SPAN_DIGITS - 1;
      if (hexValue(bytes[probe]!) < 0) {
        at = probe + 1;
        continue;
      }
      let first = probe;
      while (first > at && hexValue(bytes[first - 1]!) >= 0) first--;
      let end = probe + 1;
      while (end < to && hexValue(bytes[end]!) >= 0) end++;
      const isBounded = (first === from || IS_WORD[bytes[first - 1]!] === 0) &&
        (end === to || IS_WORD[bytes[end]!] === 0);
      const digits = end - first;
      if (isBounded && digits === TRACE_DIGITS) this.#traceRun(view, first);
      else if (isBounded && digits === SPAN_DIGITS) this.#spanRun(view, first);
      at = end + 1;
    }
  }

  #traceRun(view: LineView, at: number): void {
    if (!readId(view.bytes, at, this.#trace)) return;
    if (!isMixed(view.bytes, at, TRACE_DIGITS) && nameBefore(view.bytes, view.from, at) !== "trace") return;
    view.patches.add(at - view.from, PatchKind.traceId, TRACE_DIGITS);
    if (!view.hasTrace) view.traceWords.set(this.#trace);
  }

  #spanRun(view: LineView, at: number): void {
    const { bytes, from } = view;
    if (!readId(bytes, at, this.#span)) return;
    const name = nameBefore(bytes, from, at);
    if (name === "trace") {
      view.patches.add(at - from, PatchKind.shortTraceId, SPAN_DIGITS);
      if (!view.hasTrace) view.traceWords.set([0, 0, this.#span[0]!, this.#span[1]!]);
      return;
    }
    if (name === "" && !(view.hasTrace && isMixed(bytes, at, SPAN_DIGITS))) return;
    view.patches.add(at - from, PatchKind.spanId, SPAN_DIGITS);
    if (name !== "parent" && (view.spanWords[0]! | view.spanWords[1]!) === 0) view.spanWords.set(this.#span);
  }
}

function timeRank(cursor: JsonCursor): number {
  const length = cursor.to - cursor.from;
  if (length > 17) return -1;
  for (let rank = 0; rank < TIME_KEYS.length; rank++) {
    const key = TIME_KEYS[rank]!;
    if (key.length === length && cursor.is(key)) return rank;
  }
  return -1;
}

function isServiceKey(cursor: JsonCursor): boolean {
  return cursor.bytes[cursor.from] === 115 && SERVICE_KEYS.some((key) => cursor.is(key));
}

/** Whether letters and digits are among the hexadecimal digits. */
function isMixed(bytes: Uint8Array, at: number, count: number): boolean {
  let letters = 0;
  for (let i = 0; i < count; i++) if (hexValue(bytes[at + i]!) > 9) letters++;
  return letters > 0 && letters < count;
}

/** What an id is called by the word before it. */
function nameBefore(bytes: Uint8Array, from: number, at: number): "trace" | "span" | "parent" | "" {
  let end = at;
  while (end > from && (IS_WORD[bytes[end - 1]!] === 0)) {
    if (at - end > 4) return "";
    end--;
  }
  let start = end;
  while (start > from && end - start < KEY_BYTES_MAX && (IS_WORD[bytes[start - 1]!] === 1 || bytes[start - 1] === 46)) {
    start--;
  }
  const word = decoder.decode(bytes.subarray(start, end)).toLowerCase().replace(/[_.]/g, "");
  if (word.endsWith("traceid") || word === "trace") return "trace";
  if (word.endsWith("parentid") || word.endsWith("parentspanid")) return "parent";
  return word.endsWith("spanid") || word === "span" ? "span" : "";
}

/** There are few, and they are almost in order. */
function sortPatches(patches: Patches): void {
  const { at, what } = patches;
  for (let i = 1; i < patches.count; i++) {
    const place = at[i]!, meaning = what[i]!;
    let hole = i;
    for (; hole > 0 && at[hole - 1]! > place; hole--) {
      at[hole] = at[hole - 1]!;
      what[hole] = what[hole - 1]!;
    }
    at[hole] = place;
    what[hole] = meaning;
  }
}
