// How the three formats of log lines write texts and values, so that no name of a scenario can break or forge a line.

import type { LogFormat, LogLevel, Scalar } from "../model/model.ts";
import { oneLine } from "./failures.ts";
import { type Message, msg, Slot, slot, type SlotCode, type SlotPiece } from "./message.ts";

/** The value of an attribute of a line: a text (quoted where the format quotes), or a number as it stands. */
export type LineValue = { readonly text: Message } | { readonly number: Message } | { readonly drawn: number };
export type LineAttributes = readonly (readonly [name: string, value: LineValue])[];

export function text(value: Message | string): LineValue {
  return { text: typeof value === "string" ? [value] : value };
}

export function number(value: number | SlotPiece): LineValue {
  return { number: msg`${value}` };
}

/** A line before it is known how it is written. */
export interface Line {
  readonly level: LogLevel;
  readonly message: Message;
  /** Index in Plan.services. */
  readonly service: number;
  readonly serviceName: string;
  /** Whose span it stands in: its own, that of its caller (what has no SERVER span), or none. */
  readonly span: "own" | "parent" | "none";
  readonly attributes: LineAttributes;
  /** Several lines in plain, one attribute elsewhere. */
  readonly stackTrace: string | undefined;
}

/** Lays a line out; `plain` gives the first line of the plain format. */
export function layOut(format: LogFormat, line: Line, plain: (line: Line, json: Message) => Message): Message {
  switch (format) {
    case "json":
      return msg`${jsonLine(line)}\n`;
    case "logfmt":
      return msg`${logfmtLine(line)}\n`;
    case "plain": {
      const json = line.attributes.flatMap(([name, value], i) => [i > 0 ? "," : "", ...jsonMember(name, value)]);
      // The stack is escaped line by line where it is made: its line breaks are meant.
      const stack = line.stackTrace === undefined ? "" : `\n${line.stackTrace}`;
      return msg`${escaped(plain(line, json), oneLine)}${stack}\n`;
    }
  }
}

function jsonLine(line: Line): Message {
  const ids = line.span === "none" ? msg`` : msg`,"trace_id":"${slot(Slot.traceId)}","span_id":"${spanId(line)}"`;
  const members = line.attributes.flatMap(([name, value]) => [",", ...jsonMember(name, value)]);
  const stack = line.stackTrace === undefined ? "" : `,"exception.stacktrace":${jsonText(line.stackTrace)}`;
  return msg`{"time":"${slot(Slot.time)}","level":"${line.level}","message":"${
    escaped(line.message, jsonInner)
  }","service":${jsonText(line.serviceName)},"instance":"${
    slot(Slot.instance, line.service)
  }"${ids}${members}${stack}}`;
}

function logfmtLine(line: Line): Message {
  const ids = line.span === "none" ? msg`` : msg` trace_id=${slot(Slot.traceId)} span_id=${spanId(line)}`;
  const pairs = line.attributes.flatMap(([name, value]) => [` ${logfmtKey(name)}=`, ...logfmtValue(value)]);
  const stack = line.stackTrace === undefined ? "" : ` exception.stacktrace=${logfmtText(line.stackTrace)}`;
  return msg`time=${slot(Slot.time)} level=${line.level} message="${escaped(line.message, logfmtInner)}" service=${
    logfmtText(line.serviceName)
  } instance=${slot(Slot.instance, line.service)}${ids}${pairs}${stack}`;
}

function spanId(line: Line): SlotPiece {
  return slot(line.span === "own" ? Slot.spanId : Slot.parentSpanId);
}

function jsonMember(name: string, value: LineValue): Message {
  const key = jsonText(name);
  if ("drawn" in value) return msg`${key}:${slot(Slot.drawnJson, value.drawn)}`;
  return "number" in value ? msg`${key}:${value.number}` : msg`${key}:"${escaped(value.text, jsonInner)}"`;
}

function logfmtValue(value: LineValue): Message {
  if ("drawn" in value) return [slot(Slot.drawnLogfmt, value.drawn)];
  if ("number" in value) return value.number;
  const isBare = value.text.every((piece) =>
    typeof piece === "string" ? LOGFMT_BARE.test(piece) : BARE.has(piece.slot)
  );
  return isBare ? value.text : msg`"${escaped(value.text, logfmtInner)}"`;
}

function escaped(message: Message, escape: (text: string) => string): Message {
  return message.map((piece) => typeof piece === "string" ? escape(piece) : piece);
}

/** A JSON string with its quotes. Half a surrogate pair becomes an escape. */
export function jsonText(value: string): string {
  return JSON.stringify(value);
}

export function jsonInner(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

export function jsonValue(value: Scalar): string {
  return JSON.stringify(value);
}

/** The inside of a quoted logfmt value; line breaks and other control characters as in JSON. */
export function logfmtInner(value: string): string {
  return jsonInner(value);
}

const LOGFMT_BARE = /^[A-Za-z0-9_./:@%+*#~^!?,;|&$<>()\-]+$/;

/** Slots whose values need no quotes. */
const BARE: ReadonlySet<SlotCode> = new Set<SlotCode>([
  Slot.instance,
  Slot.peerInstance,
  Slot.peerAddress,
  Slot.clientAddress,
  Slot.drawnPath,
]);

/** Quoted only where a reader needs it. */
export function logfmtText(value: string): string {
  return LOGFMT_BARE.test(value) ? value : JSON.stringify(value);
}

/** A key of logfmt has no quotes: what would end it becomes an underscore. */
function logfmtKey(name: string): string {
  // deno-lint-ignore no-control-regex -- control characters are among what would end a key
  const key = name.toWellFormed().replace(/[\u0000-\u0020"=\\\u007f-\u00a0\u2028\u2029\ufffd]/g, "_");
  return key === "" ? "_" : key;
}
