// Which facts about caches, messages, locks and replicas are samples of which metrics.

import type { MetricName } from "../objectives/metrics.ts";
import { Change, type FactBatch, FactKind, Outcome } from "./facts.ts";
import type { Plan } from "./plan.ts";

export interface StateRule {
  readonly kind: FactKind;
  /** NaN: no sample. Rates: 1 or 0; trends: nanoseconds. */
  value(batch: FactBatch, row: number): number;
  /** Index of the service that the sample is about. */
  service(plan: Plan, batch: FactBatch, row: number): number;
}

/** `delivery` facts by what became of the message. */
const AGAIN = 1, DEAD_LETTERED = 2, SKIPPED = 3;

const own: StateRule["service"] = (_plan, batch, row) => batch.service[row]!;

export const STATE_RULES = {
  cache_hits: {
    kind: FactKind.cache,
    value: (batch, row) => batch.extra[row]!,
    service: (plan, batch, row) => plan.caches![batch.site[row]!]!.holder,
  },
  consumer_lag: { kind: FactKind.lag, value: (batch, row) => batch.extra[row]!, service: own },
  message_age: {
    kind: FactKind.delivery,
    value: (batch, row) => batch.outcome[row] === AGAIN ? NaN : batch.wait[row]!,
    service: own,
  },
  messages_redelivered: {
    kind: FactKind.delivery,
    value: (batch, row) => batch.outcome[row] === AGAIN ? 1 : NaN,
    service: own,
  },
  messages_dead_lettered: {
    kind: FactKind.delivery,
    value: (batch, row) => batch.outcome[row] === DEAD_LETTERED || batch.outcome[row] === SKIPPED ? 1 : NaN,
    service: own,
  },
  lock_wait: {
    kind: FactKind.lock,
    value: (batch, row) => batch.outcome[row] === Outcome.error ? NaN : batch.wait[row]!,
    service: (plan, batch, row) => batch.site[row]! < 0 ? batch.service[row]! : plan.locks![batch.site[row]!]!.service,
  },
  service_replicas: { kind: FactKind.replicas, value: (batch, row) => batch.extra[row]!, service: own },
  restarts: {
    kind: FactKind.change,
    value: (batch, row) => batch.outcome[row] === Change.replicaStarts && batch.extra[row]! > 0 ? 1 : NaN,
    service: own,
  },
} as const satisfies { readonly [name in MetricName]?: StateRule };

export type StateMetric = keyof typeof STATE_RULES;
export const STATE_METRICS = Object.keys(STATE_RULES) as readonly StateMetric[];

export function isStateMetric(name: MetricName): name is StateMetric {
  return Object.hasOwn(STATE_RULES, name);
}

/** The rule of a metric. */
export function stateRule(name: StateMetric): StateRule {
  return STATE_RULES[name];
}
