// Log lines as OpenTelemetry's log records: the message is the body, everything else an attribute.

import type { Attributes, HrTime } from "@opentelemetry/api";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import type { FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { ByteWriter } from "./byte_writer.ts";
import { EpochClock } from "./clock.ts";
import { SCHEMA_URL } from "./conventions.ts";
import type { RunIdentity } from "./identity.ts";
import { instanceOf } from "./instances.ts";
import { LogLines } from "./log_lines.ts";
import { resourceOf } from "./resources.ts";

/** OpenTelemetry's numbers (logs data model, SeverityNumber). */
const SEVERITIES: Readonly<Record<string, number>> = { debug: 5, info: 9, warn: 13, error: 17 };
const SAMPLED = 1;
/** Of the JSON format's members those that are no attributes. */
const OWN_MEMBERS = new Set(["time", "level", "message", "service", "instance", "trace_id", "span_id"]);

/** A plan whose services all write JSON: their lines are read back as records. */
function inJson(plan: Plan): Plan {
  return {
    ...plan,
    services: plan.services.map((service) => ({ ...service, logs: { ...service.logs, format: "json" as const } })),
  };
}

/** Builds the records of a run: those that stand in its log files when all services write JSON. */
export class LogRecordBuilder {
  readonly #plan: Plan;
  readonly #identity: RunIdentity;
  readonly #lines: LogLines;
  readonly #writers: (ByteWriter | undefined)[];
  readonly #clock: EpochClock;
  readonly #decoder = new TextDecoder();
  /** By the pod's name. */
  readonly #resources = new Map<string, Resource>();

  constructor(plan: Plan, identity: RunIdentity) {
    this.#plan = plan;
    this.#identity = identity;
    this.#lines = new LogLines(inJson(plan), identity);
    this.#writers = plan.services.map((service) => service.kind === "external" ? undefined : new ByteWriter(4096));
    this.#clock = new EpochClock(identity.startEpochNs);
  }

  /** Records that did not arrive. */
  get lost(): number {
    return this.#lines.lost;
  }

  /** The record of a row; undefined for rows without one. */
  build(batch: FactBatch, row: number): ReadableLogRecord | undefined {
    const service = this.#lines.write(batch, row, this.#writers);
    if (service < 0) return undefined;
    const out = this.#writers[service]!;
    const line = JSON.parse(this.#decoder.decode(out.bytes.subarray(0, out.length))) as Record<string, unknown>;
    out.clear();
    this.#clock.at(batch.time[row]! + this.#lines.ahead);
    const time: HrTime = [this.#clock.seconds, this.#clock.nanos];
    const attributes: Attributes = {};
    for (const name in line) {
      if (!OWN_MEMBERS.has(name)) attributes[name] = line[name] as Attributes[string];
    }
    const level = String(line["level"]), traceId = line["trace_id"], spanId = line["span_id"];
    return {
      hrTime: time,
      hrTimeObserved: time,
      severityText: level.toUpperCase(),
      severityNumber: SEVERITIES[level] ?? 0,
      body: String(line["message"]),
      ...(typeof traceId === "string" && typeof spanId === "string"
        ? { spanContext: { traceId, spanId, traceFlags: SAMPLED } }
        : {}),
      resource: this.#resource(service, batch.replica[row]!, String(line["instance"])),
      instrumentationScope: { name: "" },
      attributes,
      droppedAttributesCount: 0,
    };
  }

  #resource(service: number, replica: number, pod: string): Resource {
    let resource = this.#resources.get(pod);
    if (resource === undefined) {
      const planned = this.#lines.serviceOf(service, replica);
      const whole = resourceOf(this.#plan, planned, instanceOf(planned, replica, this.#identity.seed), this.#identity);
      resource = planned.kind === "service" ? whole : withoutSdk(whole);
      this.#resources.set(pod, resource);
    }
    return resource;
  }
}

/** What no SDK wrote says nothing of one. */
function withoutSdk({ attributes }: Resource): Resource {
  const kept = Object.entries(attributes).filter(([name]) => !/^(telemetry\.sdk|process\.runtime)\./.test(name));
  return resourceFromAttributes(Object.fromEntries(kept), { schemaUrl: SCHEMA_URL });
}
