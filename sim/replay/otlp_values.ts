// Spans in other forms of JSON than OTLP's own, brought into that form: ids in base64 or with other lengths, names of
// enums, snake_case, numbers as texts. What is left then that makes no span is said by its reason.

import { DEPTH_MAX, Odd, TOO_DEEP } from "./json_cursor.ts";
import { SpanFault } from "./span_scanner.ts";

export type Members = Readonly<Record<string, unknown>>;

const KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const STATUSES = ["UNSET", "OK", "ERROR"];

export function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The first of the names that the object has. */
export function member(object: Members, ...names: readonly string[]): unknown {
  for (const name of names) if (object[name] !== undefined && object[name] !== null) return object[name];
  return undefined;
}

/**
 * A span as OTLP JSON has it.
 * @throws {Odd} with the reason why it is none
 */
export function normalSpan(span: unknown): Members {
  if (!isObject(span)) throw new Odd("it is no object");
  const traceId = normalId(member(span, "traceId", "trace_id", "traceID"), 32, SpanFault.traceId, SpanFault.zeroTrace);
  const spanId = normalId(member(span, "spanId", "span_id", "spanID"), 16, SpanFault.spanId, SpanFault.zeroSpan);
  const start = normalTime(member(span, "startTimeUnixNano", "start_time_unix_nano"));
  const end = normalTime(member(span, "endTimeUnixNano", "end_time_unix_nano"));
  if (start === undefined || end === undefined) throw new Odd(SpanFault.time);
  const parent = member(span, "parentSpanId", "parent_span_id");
  const status = member(span, "status");
  const normal: Record<string, unknown> = {
    traceId,
    spanId,
    ...(parent === undefined || parent === "" ? {} : { parentSpanId: normalId(parent, 16, SpanFault.parentId) }),
    name: textOf(span["name"]),
    kind: normalEnum(span["kind"], "SPAN_KIND_", KINDS),
    startTimeUnixNano: start,
    endTimeUnixNano: end,
    attributes: keyValues(span["attributes"], 0),
    events: listOf(span["events"]).filter(isObject).map((event) => ({
      timeUnixNano: normalTime(member(event, "timeUnixNano", "time_unix_nano")) ?? start,
      name: textOf(event["name"]),
      attributes: keyValues(event["attributes"], 0),
    })),
    links: listOf(span["links"]).filter(isObject).map((link) => ({
      traceId: normalId(member(link, "traceId", "trace_id", "traceID"), 32, "the trace id of a link is none"),
      spanId: normalId(member(link, "spanId", "span_id", "spanID"), 16, "the span id of a link is none"),
      attributes: keyValues(link["attributes"], 0),
    })),
    status: isObject(status)
      ? {
        code: normalEnum(status["code"], "STATUS_CODE_", STATUSES),
        ...(typeof status["message"] === "string" ? { message: status["message"] } : {}),
      }
      : {},
  };
  const traceState = member(span, "traceState", "trace_state");
  if (typeof traceState === "string" && traceState !== "") normal["traceState"] = traceState;
  const flags = span["flags"];
  if (typeof flags === "number" && Number.isInteger(flags) && flags > 0) normal["flags"] = flags;
  for (const name of ["droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"]) {
    const count = span[name];
    if (typeof count === "number" && Number.isInteger(count) && count > 0) normal[name] = count;
  }
  return normal;
}

/** A list of key and value, each of which is one: anything else in it is left out. */
export function keyValues(list: unknown, depth: number): Members[] {
  return listOf(list).filter(isObject).flatMap((each) =>
    typeof each["key"] === "string" ? [{ key: each["key"], value: anyValue(each["value"], depth + 1) }] : []
  );
}

/** A value as OTLP's AnyValue. @throws {Odd} when it is nested too deep */
export function anyValue(value: unknown, depth: number): Members {
  // One level here is up to four of JSON.
  if (depth > DEPTH_MAX / 4) throw new Odd(TOO_DEEP);
  if (!isObject(value)) return value === undefined || value === null ? {} : plainValue(value);
  const text = member(value, "stringValue", "string_value");
  if (text !== undefined) return { stringValue: textOf(text) };
  const flag = member(value, "boolValue", "bool_value");
  if (flag !== undefined) return { boolValue: flag === true || flag === "true" };
  const whole = member(value, "intValue", "int_value");
  // A number stays one, and digits stay digits: receivers take both.
  if (Number.isSafeInteger(whole)) return { intValue: whole };
  if (whole !== undefined) return /^-?\d{1,19}$/.test(String(whole)) ? { intValue: String(whole) } : plainValue(whole);
  const double = member(value, "doubleValue", "double_value");
  if (double !== undefined) return plainDouble(Number(double));
  const bytes = member(value, "bytesValue", "bytes_value");
  if (bytes !== undefined) return { bytesValue: textOf(bytes) };
  const array = member(value, "arrayValue", "array_value");
  if (isObject(array)) {
    return { arrayValue: { values: listOf(array["values"]).map((each) => anyValue(each, depth + 1)) } };
  }
  const map = member(value, "kvlistValue", "kvlist_value");
  if (isObject(map)) return { kvlistValue: { values: keyValues(map["values"], depth + 1) } };
  return {};
}

/**
 * A plain value of JSON as AnyValue.
 * @throws {Odd} for an object or a list
 */
export function plainValue(value: unknown): Members {
  switch (typeof value) {
    case "boolean":
      return { boolValue: value };
    case "number":
      return Number.isSafeInteger(value) ? { intValue: String(value) } : plainDouble(value);
    case "string":
      return { stringValue: value };
    default:
      if (value === undefined || value === null) return {};
      throw new Odd(SpanFault.shape);
  }
}

export function plainDouble(value: number): Members {
  return { doubleValue: Number.isFinite(value) ? value : String(value) };
}

/** Hexadecimal digits, with leading zeros where they were left out, or base64. */
export function normalId(value: unknown, digits: 16 | 32, fault: string, absent = fault): string {
  if (typeof value !== "string" || value === "") throw new Odd(absent);
  let id = value.toLowerCase();
  // Base64 of 16 bytes has 24 characters and of 8 bytes 12, padded; of these lengths an id of digits has no =.
  if (value.endsWith("=") && value.length === (digits === 32 ? 24 : 12)) id = hexOfBase64(value) ?? "";
  else if (id.startsWith("0x")) id = id.slice(2);
  if (!/^[0-9a-f]+$/.test(id)) throw new Odd(fault);
  if (id.length > digits) {
    // Jaeger knows span ids of more digits than they need.
    if (!/^0+$/.test(id.slice(0, -digits))) throw new Odd(fault);
    id = id.slice(-digits);
  }
  if (/^0+$/.test(id)) throw new Odd(absent);
  return id.padStart(digits, "0");
}

function hexOfBase64(text: string): string | undefined {
  try {
    return [...atob(text)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    return undefined;
  }
}

function normalTime(value: unknown): string | undefined {
  const text = typeof value === "number" && Number.isFinite(value) ? BigInt(Math.round(value)).toString() : value;
  return typeof text === "string" && /^\d{10,19}$/.test(text) && Number(text) <= 9e18 ? text : undefined;
}

function normalEnum(value: unknown, prefix: string, names: readonly string[]): number {
  if (typeof value === "number") return value >= 0 && value < names.length ? Math.trunc(value) : 0;
  if (typeof value !== "string") return 0;
  const index = names.indexOf(value.toUpperCase().replace(prefix, ""));
  return index < 0 ? 0 : index;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
