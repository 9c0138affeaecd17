// Spans about what carries state: the handling of messages, with links to what sent them, and statements that lock rows.

import type { Attributes, Link } from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { Language as LanguageName } from "../model/model.ts";
import { type FactBatch, Outcome } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import type { PlanSubscription } from "../plan/state.ts";
import { SCHEMA_URL } from "./conventions.ts";
import type { Scope } from "./languages/language.ts";
import { languageOf } from "./languages/languages.ts";
import { databaseName, type System, type SystemError, systemOf } from "./systems.ts";
import type { Target } from "./targets.ts";
import { dnsLabel } from "./names.ts";

/** W3C's sampled flag. */
const SAMPLED = 1;
const NO_LINKS: Link[] = [];

/** Everything about the CONSUMER spans of a subscription that no message changes. */
export interface ConsumerTemplate {
  readonly target: Target;
  readonly system: System;
  readonly name: string;
  readonly scope: InstrumentationScope;
  readonly base: Attributes;
}

/** The subscription whose messages come over a call site. */
export function subscriptionOf(plan: Plan, site: number): PlanSubscription {
  return plan.subscriptions!.find((each) => each.site === site)!;
}

/** The consumer group's name: the service's, with the endpoint where it reads the topic twice. */
export function groupName(plan: Plan, subscription: PlanSubscription): string {
  const { name } = plan.services[subscription.service]!;
  const isOnly =
    plan.subscriptions!.filter(({ service, topic }) => service === subscription.service && topic === subscription.topic)
      .length === 1;
  return isOnly ? name : `${name}-${dnsLabel(plan.endpoints[subscription.endpoint]!.name, 63)}`;
}

export function consumerTemplate(plan: Plan, site: number, targets: readonly Target[]): ConsumerTemplate {
  const subscription = subscriptionOf(plan, site);
  const topic = plan.topics![subscription.topic]!;
  const broker = targets[topic.endpoint]!;
  const { system } = broker.data!;
  const { language } = plan.services[subscription.service]!;
  const { scopes } = languageOf(language);
  return {
    target: targets[subscription.endpoint]!,
    system,
    name: `process ${topic.name}`,
    scope: scopeOf(scopes.systems[system.name] ?? scopes.otherSystem),
    base: {
      "messaging.system": system.name,
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": topic.name,
      "messaging.consumer.group.name": groupName(plan, subscription),
      "server.address": broker.host,
      "server.port": broker.port,
    },
  };
}

/** Which message it is. @param link the row of the request's link */
export function partitionAttributes({ name }: System, batch: FactBatch, link: number): Attributes {
  const attributes: Attributes = { "messaging.destination.partition.id": String(batch.wait[link]!) };
  if (name === "kafka") attributes["messaging.kafka.offset"] = batch.extra[link]!;
  return attributes;
}

/** The link to the span that sent the message; none when a user's journey did, which has no span. */
export function linksOf(batch: FactBatch, link: number): Link[] {
  const high = batch.span[link * 2]!, low = batch.span[link * 2 + 1]!;
  if ((high | low) === 0) return NO_LINKS;
  const traceId = hex(batch.trace[link * 4]!) + hex(batch.trace[link * 4 + 1]!) + hex(batch.trace[link * 4 + 2]!) +
    hex(batch.trace[link * 4 + 3]!);
  return [{ context: { traceId, spanId: hex(high) + hex(low), traceFlags: SAMPLED, isRemote: true }, attributes: {} }];
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}

function scopeOf(scope: Scope): InstrumentationScope {
  return { ...scope, schemaUrl: SCHEMA_URL };
}

/** The statement that locks a row. */
export function lockSpan(
  plan: Plan,
  lock: number,
  language: LanguageName,
): { readonly name: string; readonly scope: InstrumentationScope; readonly base: Attributes } {
  const { service: index, table } = plan.locks![lock]!;
  const service = plan.services[index]!;
  const system = systemOf("database", service.system);
  const { scopes } = languageOf(language);
  return {
    name: `SELECT ${table}`.toWellFormed(),
    scope: scopeOf(scopes.systems[system.name] ?? scopes.otherSystem),
    base: {
      "db.system.name": system.name,
      "db.namespace": system.namespace(databaseName(service.name)),
      "db.operation.name": "SELECT",
      "db.query.text": lockStatement(system, table),
      "db.collection.name": table.toWellFormed(),
      "server.address": dnsLabel(service.name, 63),
      "server.port": system.port,
    },
  };
}

export function lockStatement(system: System, table: string): string {
  return `${system.query("SELECT", table)} FOR UPDATE`.toWellFormed();
}

/** What the database answers instead of the row; undefined when the row was locked. */
export function lockError(plan: Plan, lock: number, outcome: number): SystemError | undefined {
  if (outcome === Outcome.ok) return undefined;
  const { service, timeoutFailure, deadlockFailure } = plan.locks![lock]!;
  const isTimeout = outcome === Outcome.timeout;
  const message = plan.failures[isTimeout ? timeoutFailure : deadlockFailure]!.message!;
  const { name } = systemOf("database", plan.services[service]!.system);
  const isMysql = name === "mysql" || name === "mariadb";
  const code = isMysql ? (isTimeout ? "1205" : "1213") : isTimeout ? "55P03" : "40P01";
  return { code, message };
}
