// Reads OTLP in protobuf: messages with their length before each (four bytes as the Collector's file exporter writes
// them, or a varint), or one message alone. Spans become OTLP JSON, so that everything passes the same scanner.
// https://github.com/open-telemetry/opentelemetry-proto, https://protobuf.dev/programming-guides/encoding/

import { attributesJson, JsonText, Proto, protoAttributes, ProtoError, protoSpan, WIRE } from "./protobuf_values.ts";
import type { FileContext } from "./record_reader.ts";
import type { RecordSink } from "./records.ts";
import { Resources } from "./resources.ts";
import { SpanMaker } from "./span_maker.ts";

const FIELD = { resourceItems: 1, resource: 1, scopeItems: 2, resourceSchema: 3, scope: 1, items: 2, scopeSchema: 3 };

/** Hands on the spans and log records of messages. */
export class OtlpMessages {
  readonly #context: FileContext;
  readonly #resources = new Resources();
  readonly #maker: SpanMaker;
  readonly #json = new JsonText();

  constructor(context: FileContext) {
    this.#context = context;
    this.#maker = new SpanMaker(context);
  }

  /**
   * Reads an ExportTraceServiceRequest or an ExportLogsServiceRequest.
   * @param where the message's place in the file, for what is told of it
   */
  message(bytes: Uint8Array, from: number, to: number, where: number, sink: RecordSink): void {
    this.#guarded(where, () => {
      const proto = new Proto(bytes, from, to);
      while (proto.next()) {
        if (proto.field === FIELD.resourceItems && proto.wire === WIRE.bytes) {
          this.resourceItems(bytes, proto.from, proto.to, where, sink);
        }
      }
    });
  }

  /** Reads a ResourceSpans or a ResourceLogs, or a message that holds a list of them: Tempo's trace. */
  resourceItems(bytes: Uint8Array, from: number, to: number, where: number, sink: RecordSink): void {
    this.#guarded(where, () => {
      if (isTrace(bytes, from, to)) return this.message(bytes, from, to, where, sink);
      // Fields may come in any order: what all spans need is read first.
      let resource = "{}", schema = '""';
      const first = new Proto(bytes, from, to);
      while (first.next()) {
        if (first.wire !== WIRE.bytes) continue;
        if (first.field === FIELD.resource) resource = attributesJson(this.#json, bytes, first.from, first.to);
        else if (first.field === FIELD.resourceSchema) schema = this.#json.quoted(bytes, first.from, first.to);
      }
      const found = this.#resources.resource(resource);
      this.#resources.resourceSchema(resource, found, schema);
      this.#maker.view.resource = found;
      const proto = new Proto(bytes, from, to);
      while (proto.next()) {
        if (proto.field === FIELD.scopeItems && proto.wire === WIRE.bytes) {
          this.#scopeItems(bytes, proto.from, proto.to, where, sink);
        }
      }
    });
  }

  #scopeItems(bytes: Uint8Array, from: number, to: number, where: number, sink: RecordSink): void {
    let scope = "{}", schema = '""';
    const first = new Proto(bytes, from, to);
    while (first.next()) {
      if (first.wire !== WIRE.bytes) continue;
      if (first.field === FIELD.scope) scope = scopeJson(this.#json, bytes, first.from, first.to);
      else if (first.field === FIELD.scopeSchema) schema = this.#json.quoted(bytes, first.from, first.to);
    }
    const found = this.#resources.scope(scope);
    this.#resources.scopeSchema(scope, found, schema);
    this.#maker.view.scope = found;
    const proto = new Proto(bytes, from, to);
    while (proto.next()) {
      if (proto.field !== FIELD.items || proto.wire !== WIRE.bytes) continue;
      const item = proto.from, end = proto.to;
      this.#guarded(where, () => this.#item(bytes, item, end, where, sink));
    }
  }

  #item(bytes: Uint8Array, from: number, to: number, where: number, sink: RecordSink): void {
    const json = this.#json;
    const kind = itemKind(bytes, from, to);
    if (kind === "span") {
      json.clear();
      protoSpan(json, bytes, from, to);
      this.#maker.fromBytes(json.withZero(), json.length, sink, where);
    } else if (kind === "log record") {
      this.#maker.fromLogRecord(logRecord(json, bytes, from, to), this.#maker.view.resource, sink, where);
    } else this.#context.tally.skip("metrics and profiles, which are not replayed", this.#maker.place(where));
  }

  /** What is broken costs itself, and what it holds. */
  #guarded(where: number, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof ProtoError)) throw error;
      this.#context.tally.skip(error.message, this.#maker.place(where));
    }
  }
}

/** A trace has nothing but ResourceSpans; their scopes are a field of bytes that a Resource, which may stand there, has not. */
function isTrace(bytes: Uint8Array, from: number, to: number): boolean {
  const outer = new Proto(bytes, from, to);
  if (!outer.next() || outer.field !== FIELD.resourceItems || outer.wire !== WIRE.bytes) return false;
  const inner = new Proto(bytes, outer.from, outer.to);
  while (inner.next()) if (inner.field === FIELD.scopeItems) return inner.wire === WIRE.bytes;
  return false;
}

/**
 * What an item of a scope is, told by the fields that only one of them has: senders write fields from first to last, the
 * Collector from last to first.
 */
function itemKind(bytes: Uint8Array, from: number, to: number): "span" | "log record" | "other" {
  const proto = new Proto(bytes, from, to);
  while (proto.next()) {
    const { field, wire } = proto;
    if (wire === WIRE.fixed64) return field === 7 || field === 8 ? "span" : "log record";
    // Severity, dropped attributes and flags of a record.
    if ((wire === WIRE.varint && (field === 2 || field === 7)) || (wire === WIRE.fixed32 && field === 8)) {
      return "log record";
    }
    if (field === 1 && wire === WIRE.bytes && proto.to - proto.from === 16 && isSpanIdNext(bytes, proto.to)) {
      return "span";
    }
  }
  return "other";
}

/** A metric's name may be as long as a trace id, but what follows it is a text. */
function isSpanIdNext(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x12 && bytes[at + 1] === 8;
}

function scopeJson(json: JsonText, bytes: Uint8Array, from: number, to: number): string {
  let name = '""', version = '""';
  const proto = new Proto(bytes, from, to);
  while (proto.next()) {
    if (proto.wire !== WIRE.bytes) continue;
    if (proto.field === 1) name = json.quoted(bytes, proto.from, proto.to);
    else if (proto.field === 2) version = json.quoted(bytes, proto.from, proto.to);
  }
  json.clear();
  protoAttributes(json, bytes, from, to, 3);
  return `{"name":${name},"version":${version},"attributes":${json.text()}}`;
}

/** opentelemetry.proto.logs.v1.LogRecord as the object that OTLP JSON has for it. */
function logRecord(json: JsonText, bytes: Uint8Array, from: number, to: number): unknown {
  const record: Record<string, unknown> = {};
  const proto = new Proto(bytes, from, to);
  while (proto.next()) {
    switch (proto.field) {
      case 1:
        record["timeUnixNano"] = proto.fixed64Text();
        break;
      case 11:
        record["observedTimeUnixNano"] = proto.fixed64Text();
        break;
      case 2:
        record["severityNumber"] = proto.low;
        break;
      case 3:
        record["severityText"] = JSON.parse(json.quoted(bytes, proto.from, proto.to));
        break;
      case 5:
        json.clear();
        json.anyValue(bytes, proto.from, proto.to, 0);
        record["body"] = JSON.parse(json.text());
        break;
      case 9:
      case 10:
        json.clear();
        json.hex(bytes, proto.from, proto.to);
        record[proto.field === 9 ? "traceId" : "spanId"] = json.text();
        break;
    }
  }
  if (record["timeUnixNano"] === "0") delete record["timeUnixNano"];
  json.clear();
  protoAttributes(json, bytes, from, to, 6);
  record["attributes"] = JSON.parse(json.text());
  return record;
}
