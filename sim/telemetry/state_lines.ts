// Lines about what carries state: waits for rows in the database's log, caches that are asked in the log of who asks, and
// messages that are given up.

import { hashText } from "../base/draws.ts";
import { LOG_LEVELS } from "../model/model.ts";
import { type FactBatch, FactKind } from "../plan/facts.ts";
import type { Plan, PlanService } from "../plan/plan.ts";
import { layOut, type Line, number, text } from "./encoding.ts";
import { languageOf } from "./languages/languages.ts";
import { DURATION_MS, type Message, msg } from "./message.ts";
import { codeOf } from "./names.ts";
import { groupName, lockError, lockStatement } from "./state_spans.ts";
import { databaseName, systemOf } from "./systems.ts";
import { targetOf } from "./targets.ts";
import type { Template, TemplateWriter } from "./templates.ts";

/** PostgreSQL tells of a wait that took longer than deadlock_timeout, with log_lock_waits on. */
const LOCK_WAIT_TOLD_MIN = 1e9;
const PROCESS_LEAST = 400;
const PROCESSES = 9000;

/** What PostgreSQL was doing when it had to wait. */
const CONTEXTS: Readonly<Record<string, (table: string) => string>> = {
  UPDATE: (table) => `updating tuple in relation "${table}"`,
  DELETE: (table) => `deleting tuple in relation "${table}"`,
  INSERT: (table) => `inserting index tuple in relation "${table}_pkey"`,
};

function lockingContext(table: string): string {
  return `locking tuple in relation "${table}"`;
}

type Parts = Pick<Line, "level" | "message" | "span" | "attributes">;

export class StateLines {
  readonly #plan: Plan;
  readonly #writer: TemplateWriter;
  readonly #templates = new Map<string, Template | null>();

  constructor(plan: Plan, writer: TemplateWriter) {
    this.#plan = plan;
    this.#writer = writer;
  }

  /** The service whose line a row is, -1 for none. */
  serviceOf(batch: FactBatch, row: number): number {
    if (batch.kind[row] !== FactKind.lock) return batch.service[row]!;
    const isLong = batch.wait[row]! >= LOCK_WAIT_TOLD_MIN;
    // Who waited for a fault's lock in vain tells so at its end.
    if (batch.site[row]! < 0) return isLong && batch.outcome[row] === 0 ? batch.service[row]! : -1;
    const isTold = batch.outcome[row] !== 0 || isLong;
    return isTold ? this.#plan.locks![batch.site[row]!]!.service : -1;
  }

  /** The line of a `lock` or `cache` fact, or of a message that was given up; null when none is written. */
  template(batch: FactBatch, row: number): Template | null {
    const kind = batch.kind[row]!, site = batch.site[row]!;
    const more = kind === FactKind.change ? batch.wait[row]! : 0;
    const hasIds = (batch.parent[row * 2]! | batch.parent[row * 2 + 1]!) !== 0;
    const key = `${kind} ${site} ${batch.outcome[row]} ${batch.extra[row]} ${more} ${batch.endpoint[row]} ${hasIds}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      template = kind === FactKind.lock
        ? site < 0 ? this.#waited(batch.endpoint[row]!, hasIds) : this.#lock(site, batch.outcome[row]!)
        : kind === FactKind.cache
        ? this.#cache(site, batch.endpoint[row]!, batch.extra[row] === 1)
        : this.#givenUp(site, batch.extra[row]!, more);
      this.#templates.set(key, template);
    }
    return template;
  }

  #lock(site: number, outcome: number): Template | null {
    const lock = this.#plan.locks![site]!;
    const service = this.#plan.services[lock.service]!;
    const system = systemOf("database", service.system);
    const database = databaseName(service.name);
    const process = PROCESS_LEAST + hashText(`${service.name} ${lock.table}`) % PROCESSES;
    const statement = lockStatement(system, lock.table);
    const error = lockError(this.#plan, site, outcome);
    const isPostgres = system.name === "postgresql";
    const message = error !== undefined
      ? msg`${error.message} [${error.code}] after ${DURATION_MS} ms, while executing: ${statement}`
      : isPostgres
      ? msg`process ${process} acquired ShareLock on transaction ${1000 + process} after ${DURATION_MS} ms, while ${
        lockingContext(lock.table)
      }`
      : msg`lock on ${lock.table} was waited for ${DURATION_MS} ms: ${statement}`;
    const level = error === undefined ? "info" : "error";
    if (isBelow(level, service)) return null;
    const query = { operation: "SELECT", target: lock.table, text: statement };
    const line: Line = {
      level,
      message,
      service: service.index,
      serviceName: service.name,
      span: "own",
      attributes: [
        ["db.system.name", text(system.name)],
        ["db.namespace", text(system.namespace(database))],
        ["db.collection.name", text(lock.table)],
        ["lock_wait_ms", number(DURATION_MS)],
      ],
      stackTrace: undefined,
    };
    const severity = error === undefined ? "normal" : "error";
    const plain = (): Message => system.plain({ level, severity, message, query, database, hasIds: true, process });
    // The row is the caller's: the database has the pod of its first replica.
    return this.#writer.compile(layOut(service.logs.format, line, plain), 0);
  }

  /** A statement that has waited for long for a lock. @param hasIds whether a service sent it, whose span the line carries */
  #waited(endpoint: number, hasIds: boolean): Template | null {
    const target = targetOf(this.#plan, this.#plan.endpoints[endpoint]!), { service, data } = target;
    if (data === undefined || isBelow("info", service)) return null;
    const { system, query, database } = data;
    const process = PROCESS_LEAST + hashText(`${service.name} ${query.target}`) % PROCESSES;
    const message = system.name === "postgresql"
      ? msg`process ${process} acquired ShareLock on transaction ${1000 + process} after ${DURATION_MS} ms, while ${
        CONTEXTS[query.operation]?.(query.target) ?? lockingContext(query.target)
      }`
      : msg`lock on ${query.target} was waited for ${DURATION_MS} ms: ${query.text}`;
    const line: Line = {
      level: "info",
      message,
      service: service.index,
      serviceName: service.name,
      span: hasIds ? "parent" : "none",
      attributes: [
        ["db.system.name", text(system.name)],
        ["db.namespace", text(system.namespace(database))],
        ["db.collection.name", text(query.target)],
        ["lock_wait_ms", number(DURATION_MS)],
      ],
      stackTrace: undefined,
    };
    const plain = (): Message =>
      system.plain({ level: "info", severity: "normal", message, query, database, hasIds, process });
    return this.#writer.compile(layOut(service.logs.format, line, plain));
  }

  #cache(site: number, endpoint: number, hit: boolean): Template | null {
    const cache = this.#plan.caches![site]!;
    const service = this.#plan.services[this.#plan.endpoints[endpoint]!.service]!;
    const holder = cache.isLocal ? "local cache" : this.#plan.services[cache.holder]!.name;
    return this.#line(service, endpoint, {
      level: "debug",
      message: msg`cache ${hit ? "hit" : "miss"} in ${holder}`,
      span: "own",
      attributes: [["cache", text(holder)], ["cache.hit", { number: [String(hit)] }]],
    });
  }

  #givenUp(site: number, deadLetter: number, attempts: number): Template | null {
    const subscription = this.#plan.subscriptions![site]!;
    const service = this.#plan.services[subscription.service]!;
    const topic = this.#plan.topics![subscription.topic]!.name;
    const to = this.#plan.topics![deadLetter]?.name;
    const tries = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
    return this.#line(service, subscription.endpoint, {
      level: "error",
      message: to === undefined
        ? msg`message of ${topic} failed after ${tries}, no retries left: skipping it`
        : msg`message of ${topic} failed after ${tries}, no retries left: sent to dead-letter topic ${to}`,
      span: "own",
      attributes: [
        ["messaging.destination.name", text(topic)],
        ["messaging.consumer.group.name", text(groupName(this.#plan, subscription))],
        ["attempts", number(attempts)],
        ...(to === undefined ? [] : [["dead_letter_topic", text(to)] as const]),
      ],
    });
  }

  #line(service: PlanService, endpoint: number, parts: Parts): Template | null {
    if (isBelow(parts.level, service) || service.kind === "external") return null;
    const line: Line = { ...parts, service: service.index, serviceName: service.name, stackTrace: undefined };
    const code = codeOf(service.name, this.#plan.namespace, this.#plan.endpoints[endpoint]!.protocol);
    return this.#writer.compile(layOut(service.logs.format, line, (_, json) =>
      languageOf(service.language).plain({
        level: parts.level,
        message: parts.message,
        service: service.name,
        code,
        topic: "log",
        hasIds: true,
        json,
        concurrency: service.concurrency,
      })));
  }
}

function isBelow(level: Line["level"], service: PlanService): boolean {
  return LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(service.logs.level);
}
