// Lines about processes rather than requests: what a service says when it starts, listens and is told to stop.

import { LOG_LEVELS, type LogLevel } from "../model/model.ts";
import { Change, type FactBatch } from "../plan/facts.ts";
import type { Plan, PlanService } from "../plan/plan.ts";
import { layOut, type Line } from "./encoding.ts";
import { languageOf } from "./languages/languages.ts";
import { lifecycleOf, type ProcessWords, systemLifecycle } from "./languages/lifecycle.ts";
import type { Message } from "./message.ts";
import { codeOf, serviceWords } from "./names.ts";
import { groupName } from "./state_spans.ts";
import { databaseName, queryOf, systemOf } from "./systems.ts";
import { targetOf } from "./targets.ts";
import type { Template, TemplateWriter } from "./templates.ts";

/** A line does not name thousands of them. */
const PARTITIONS_NAMED_MAX = 20;
/** The number of a product's first process. */
const MAIN_PROCESS = 1;

export class ChangeLines {
  readonly #plan: Plan;
  readonly #writer: TemplateWriter;
  /** By service, change and what else the words depend on. */
  readonly #templates = new Map<string, Template | null>();

  constructor(plan: Plan, writer: TemplateWriter) {
    this.#plan = plan;
    this.#writer = writer;
  }

  /**
   * The line of a `change` fact; null for those that nobody writes about.
   * @param service with the version that the replica runs
   */
  template(batch: FactBatch, row: number, service = this.#plan.services[batch.service[row]!]!): Template | null {
    const what = batch.outcome[row]!;
    const restarted = what === Change.replicaStarts && batch.extra[row]! > 0;
    if (what === Change.partitionsAssigned) return this.#assigned(batch, row);
    const key = `${service.index} ${what} ${restarted} ${service.version}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      template = this.#build(service, what, restarted);
      this.#templates.set(key, template);
    }
    return template;
  }

  #assigned(batch: FactBatch, row: number): Template | null {
    const subscription = this.#plan.subscriptions![batch.site[row]!]!;
    const count = batch.extra[row]!, first = batch.wait[row]!, replica = batch.replica[row]!;
    const key = `${subscription.index} assigned ${count} ${first} ${replica}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      const service = this.#plan.services[subscription.service]!;
      const group = groupName(this.#plan, subscription);
      const { name: topic, service: broker } = this.#plan.topics![subscription.topic]!;
      const { system } = this.#plan.services[broker]!;
      const names = Array.from({ length: Math.min(count, PARTITIONS_NAMED_MAX) }, (_, i) => `${topic}-${first + i}`);
      const more = count - names.length;
      const list = count === 0 ? "none" : names.join(", ") + (more > 0 ? ` and ${more} more` : "");
      // Kafka's client says it like this; others have no groups that share partitions out.
      const message = systemOf("queue", system).name === "kafka"
        ? `[Consumer clientId=consumer-${group}-${
          replica + 1
        }, groupId=${group}] Adding newly assigned partitions: ${list}`
        : `consumer ${replica + 1} of ${group} now reads: ${list}`;
      template = this.line(service, "info", [message]);
      this.#templates.set(key, template);
    }
    return template;
  }

  #build(service: PlanService, what: number, restarted: boolean): Template | null {
    if (service.kind === "external") return null;
    const message = this.#message(service, what, restarted);
    return message === undefined ? null : this.line(service, "info", message);
  }

  #message(service: PlanService, what: number, restarted: boolean): Message | undefined {
    const first = this.#plan.endpoints[service.endpoints[0]!]!;
    const { port } = targetOf(this.#plan, first);
    if (service.kind === "database" || service.kind === "cache" || service.kind === "queue") {
      const system = systemLifecycle(systemOf(service.kind, service.system).name);
      switch (what) {
        case Change.replicaStarts:
          return system.starts(restarted);
        case Change.replicaListens:
          return system.listens(port);
        case Change.replicaStops:
          return system.stops();
        default:
          return undefined;
      }
    }
    const process: ProcessWords = {
      service: service.name,
      words: serviceWords(service.name),
      version: service.version,
      isRpc: first.protocol.type === "rpc",
      port,
    };
    const lifecycle = lifecycleOf(service.language);
    switch (what) {
      case Change.replicaStarts:
        return lifecycle.starts(process);
      case Change.replicaListens:
        return lifecycle.listens(process);
      case Change.replicaStops:
        return lifecycle.stops(process);
      default:
        return undefined;
    }
  }

  /** A line that belongs to no request; null when the service does not write that level. */
  line(service: PlanService, level: LogLevel, message: Message, attributes: Line["attributes"] = []): Template | null {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(service.logs.level)) return null;
    const line: Line = {
      level,
      message,
      service: service.index,
      serviceName: service.name,
      span: "none",
      attributes,
      stackTrace: undefined,
    };
    return this.#writer.compile(layOut(service.logs.format, line, (_, json) => this.#plain(service, line, json)));
  }

  #plain(service: PlanService, { level, message }: Line, json: Message): Message {
    const first = this.#plan.endpoints[service.endpoints[0]!]!;
    if (service.kind === "database" || service.kind === "cache" || service.kind === "queue") {
      const system = systemOf(service.kind, service.system);
      const query = queryOf(system, service.kind, first.name);
      const database = databaseName(service.name);
      const severity = level === "error" ? "error" : "normal";
      return system.plain({ level, severity, message, query, database, hasIds: false, process: MAIN_PROCESS });
    }
    return languageOf(service.language).plain({
      level,
      message,
      service: service.name,
      code: codeOf(service.name, this.#plan.namespace, first.protocol),
      topic: "log",
      hasIds: false,
      json,
      concurrency: service.concurrency,
    });
  }
}
