// Jaeger's API JSON as OTLP: a trace with its spans and their processes.
// https://www.jaegertracing.io/docs/latest/architecture/apis/ and OpenTelemetry's mapping to and from Jaeger.

import { Odd } from "./json_cursor.ts";
import { isObject, listOf, type Members, normalId, plainDouble, plainValue } from "./otlp_values.ts";
import { SpanFault } from "./span_scanner.ts";

const KINDS: Readonly<Record<string, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
/** Tags that OTLP has fields for. */
const FIELD_TAGS = new Set([
  "span.kind",
  "otel.status_code",
  "otel.status_description",
  "otel.scope.name",
  "otel.scope.version",
  "otel.library.name",
  "otel.library.version",
  "w3c.tracestate",
  "error",
]);

/** A span of Jaeger as OTLP, with the JSON of the resource and the scope that it belongs to. */
export interface JaegerSpan {
  readonly span: Members;
  readonly resource: Members;
  readonly scope: Members;
}

/** OTLP's resource of a process of Jaeger. */
export function jaegerResource(process: unknown): Members {
  if (!isObject(process)) return { attributes: [] };
  const name = process["serviceName"];
  const service = typeof name === "string" ? [{ key: "service.name", value: { stringValue: name } }] : [];
  return { attributes: [...service, ...attributesOf(process["tags"])] };
}

/**
 * @throws {Odd} with the reason why it is no span
 */
export function jaegerSpan(span: unknown, processOf: (id: string) => Members): JaegerSpan {
  if (!isObject(span)) throw new Odd("it is no object");
  const start = span["startTime"], duration = span["duration"] ?? 0;
  if (typeof start !== "number" || typeof duration !== "number" || !(start > 0) || start > 9e15) {
    throw new Odd(SpanFault.time);
  }
  const tags = new Map(listOf(span["tags"]).filter(isObject).map((tag) => [String(tag["key"]), tag["value"]]));
  const references = listOf(span["references"]).filter(isObject);
  const own = normalId(span["traceID"], 32, SpanFault.traceId, SpanFault.zeroTrace);
  const isParent = (each: Members): boolean => {
    try {
      return normalId(each["traceID"] ?? span["traceID"], 32, "") === own;
    } catch {
      return false;
    }
  };
  const parent = references.find((each) => each["refType"] === "CHILD_OF" && isParent(each)) ??
    references.find((each) => each["refType"] === "FOLLOWS_FROM" && isParent(each));
  const parentId = parent?.["spanID"] ?? span["parentSpanID"];
  const inline = span["process"];
  return {
    span: {
      traceId: own,
      spanId: normalId(span["spanID"], 16, SpanFault.spanId, SpanFault.zeroSpan),
      ...(parentId === undefined || parentId === "" || parentId === null
        ? {}
        : { parentSpanId: normalId(parentId, 16, SpanFault.parentId) }),
      name: String(span["operationName"] ?? ""),
      kind: KINDS[String(tags.get("span.kind"))] ?? 0,
      startTimeUnixNano: nanosOf(start),
      endTimeUnixNano: nanosOf(start + Math.max(0, duration)),
      attributes: attributesOf(span["tags"]),
      events: listOf(span["logs"]).filter(isObject).map(eventOf),
      links: references.filter((each) => each !== parent).map((each) => ({
        traceId: normalId(each["traceID"], 32, "the trace id of a link is none"),
        spanId: normalId(each["spanID"], 16, "the span id of a link is none"),
        attributes: [],
      })),
      status: statusOf(tags),
      ...(typeof tags.get("w3c.tracestate") === "string" ? { traceState: tags.get("w3c.tracestate") } : {}),
    },
    resource: isObject(inline) ? jaegerResource(inline) : processOf(String(span["processID"])),
    scope: scopeOf(tags),
  };
}

function nanosOf(microseconds: number): string {
  return (BigInt(Math.round(microseconds)) * 1000n).toString();
}

function eventOf(log: Members): Members {
  const fields = listOf(log["fields"]).filter(isObject);
  const name = fields.find((field) => field["key"] === "event")?.["value"];
  const time = log["timestamp"];
  if (typeof time !== "number" || !(time > 0) || time > 9e15) throw new Odd(SpanFault.time);
  return {
    timeUnixNano: nanosOf(time),
    name: typeof name === "string" ? name : "log",
    attributes: attributesOf(fields.filter((field) => field["key"] !== "event")),
  };
}

function statusOf(tags: ReadonlyMap<string, unknown>): Members {
  const code = tags.get("otel.status_code"), error = tags.get("error");
  const message = tags.get("otel.status_description");
  if (code === "ERROR" || error === true || error === "true") {
    return { code: 2, ...(typeof message === "string" ? { message } : {}) };
  }
  return code === "OK" ? { code: 1 } : {};
}

function scopeOf(tags: ReadonlyMap<string, unknown>): Members {
  const name = tags.get("otel.scope.name") ?? tags.get("otel.library.name");
  const version = tags.get("otel.scope.version") ?? tags.get("otel.library.version");
  return {
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof version === "string" ? { version } : {}),
  };
}

function attributesOf(tags: unknown): Members[] {
  return listOf(tags).filter(isObject).flatMap((tag) => {
    const { key, type, value } = tag;
    if (typeof key !== "string" || FIELD_TAGS.has(key)) return [];
    if (type === "float64" && typeof value === "number") return [{ key, value: plainDouble(value) }];
    if (type === "int64" && typeof value === "string" && /^-?\d{1,19}$/.test(value)) {
      return [{ key, value: { intValue: value } }];
    }
    return [{ key, value: type === "binary" ? { bytesValue: String(value) } : plainValue(value) }];
  });
}
