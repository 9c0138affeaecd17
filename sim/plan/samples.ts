// Which samples of which metrics a fact is. The run's metrics count by these rules, and the outputs that write every
// sample as a point write by them, so that the two say the same. Gauges are sampled in gauge_samples.ts.

import type { Check } from "../model/model.ts";
import { isExpectedStatus, type MetricName } from "../objectives/metrics.ts";
import { compares } from "../base/comparison.ts";
import { Change, type FactBatch, FactFlag, isRefusal, Outcome } from "./facts.ts";
import type { Plan, PlanEndpoint } from "./plan.ts";
import { isHeldBack } from "./policies.ts";

/** What makes a metric's samples: a journey's own call, a request in a service, an attempt of any call, and so on. */
export type SampleSource =
  | "journey"
  | "check"
  | "request"
  | "call"
  | "iteration"
  | "dropped"
  | "arrival"
  | "vus"
  | "station"
  | "change"
  | "state"
  | "log";

/** What the metrics see in a fact, as a set of bits; 0 for a fact that counts nowhere, because it was interrupted. */
export const Trait = {
  counted: 1,
  failed: 2,
  /** request: turned away, or out of the queue, without a worker. */
  refused: 4,
  /** request: finished although nobody waited for it any more, or gone from the queue because its patience ended. */
  abandoned: 8,
  /** call: not the first attempt. */
  retry: 16,
  /** call: its caller stopped waiting. */
  timeout: 32,
  /** call: made by a journey. */
  journey: 64,
  /** A journey's call: nobody received the request. */
  unsent: 128,
  /** A journey's call: an answer came in time. */
  answered: 256,
  /** request: its caller cancelled it. call: its caller's breaker, bulkhead or pool held it back. */
  cancelled: 2048,
  heldBack: 2048,
  /** call: sent beside an attempt that took too long. */
  hedge: 4096,
  /**
   * Why a request was refused, in two bits: its patience in the queue ended, the rate limit held it, with both it was
   * shed (or dropped by CoDel), with neither the queue was full, or it came too late.
   */
  expired: 512,
  limited: 1024,
  /** request: its span did not arrive. */
  untraced: 8192,
} as const;

const WHY_SHED = Trait.expired | Trait.limited;

/** A status from which on a service's answer is its error. */
const STATUS_ERROR_MIN = 500;

/** The traits of a request. It failed when it was refused or answered with a status of 500 or more. */
export function requestTraits(batch: FactBatch, row: number): number {
  const outcome = batch.outcome[row]!;
  if (outcome === Outcome.interrupted) return 0;
  const untraced = (batch.flags[row]! & FactFlag.spanLost) === 0 ? 0 : Trait.untraced;
  if (outcome === Outcome.crashed) return Trait.counted | Trait.failed | untraced;
  if (isRefusal(outcome)) return refusalTraits(outcome) | untraced;
  let traits: number = Trait.counted | untraced;
  if (batch.status[row]! >= STATUS_ERROR_MIN) traits |= Trait.failed;
  if (outcome === Outcome.cancelled) traits |= Trait.cancelled;
  else if ((batch.flags[row]! & FactFlag.abandoned) !== 0) traits |= Trait.abandoned;
  return traits;
}

function refusalTraits(outcome: number): number {
  const traits = Trait.counted | Trait.failed | Trait.refused;
  switch (outcome) {
    case Outcome.expired:
      return traits | Trait.expired | Trait.abandoned;
    case Outcome.rateLimited:
      return traits | Trait.limited;
    case Outcome.dropped:
    case Outcome.shed:
      return traits | WHY_SHED;
    default:
      return traits;
  }
}

/** The traits of an attempt of a call. A journey's has failed when its status is not one that k6 expects. */
export function callTraits(batch: FactBatch, row: number): number {
  const outcome = batch.outcome[row]!;
  if (outcome === Outcome.interrupted || outcome === Outcome.crashed) return 0;
  let traits: number = Trait.counted;
  if ((batch.flags[row]! & FactFlag.hedge) !== 0) traits |= Trait.hedge;
  else if (batch.attempt[row]! > 1) traits |= Trait.retry;
  // An attempt that a faster one made needless is no request that failed.
  if (outcome === Outcome.cancelled) return traits;
  const isHeld = isHeldBack(outcome);
  if (isHeld) traits |= Trait.heldBack;
  if (outcome === Outcome.timeout) traits |= Trait.timeout;
  if ((batch.flags[row]! & FactFlag.journey) !== 0) {
    traits |= Trait.journey;
    const isUnsent = (batch.flags[row]! & FactFlag.unsent) !== 0;
    if (outcome === Outcome.aborted || isHeld || isUnsent) traits |= Trait.unsent;
    if (hasAnswer(batch, row)) traits |= Trait.answered;
    if (!isExpectedStatus(batch.status[row]!)) traits |= Trait.failed;
  }
  return traits;
}

function hasAnswer(batch: FactBatch, row: number): boolean {
  return batch.status[row]! !== 0 && batch.outcome[row] !== Outcome.timeout;
}

/** The traits of an iteration. */
export function iterationTraits(batch: FactBatch, row: number): number {
  return batch.outcome[row] === Outcome.interrupted ? 0 : Trait.counted;
}

/** How long a request, a call or an iteration took, in nanoseconds. */
export function durationOf(batch: FactBatch, row: number): number {
  return batch.time[row]! - batch.start[row]!;
}

/** What a sample's value is; `other`: gauges, and checks, of which a fact may have several. */
const Value = {
  one: 0,
  failed: 1,
  duration: 2,
  wait: 3,
  extra: 4,
  requestBytes: 5,
  responseBytes: 6,
  other: 7,
} as const;

/** Which facts are samples of a metric, and of what value. */
export interface SampleRule {
  readonly source: SampleSource;
  readonly value: (typeof Value)[keyof typeof Value];
  /** Traits that the fact must have, and those that it must not have. */
  readonly having: number;
  readonly lacking: number;
  /** Of changes: the Change whose facts are samples. */
  readonly change?: number;
}

function rule(source: SampleSource, value: keyof typeof Value, { having = 0, lacking = 0 } = {}): SampleRule {
  return { source, value: Value[value], having, lacking };
}

/** A change whose `wait` is the sample. */
function changeRule(change: number): SampleRule {
  return { source: "change", value: Value.wait, having: 0, lacking: 0, change };
}

export const SAMPLE_RULES: Readonly<Record<MetricName, SampleRule>> = {
  http_reqs: rule("journey", "one"),
  http_req_duration: rule("journey", "duration"),
  http_req_waiting: rule("journey", "duration"),
  http_req_failed: rule("journey", "failed"),
  goodput: rule("journey", "one", { lacking: Trait.failed }),
  checks: rule("check", "other"),
  data_sent: rule("journey", "requestBytes", { lacking: Trait.unsent }),
  data_received: rule("journey", "responseBytes", { having: Trait.answered }),
  iterations: rule("iteration", "one"),
  iteration_duration: rule("iteration", "duration"),
  dropped_iterations: rule("dropped", "extra"),
  iterations_started: rule("arrival", "extra"),
  vus: rule("vus", "other"),
  vus_max: rule("vus", "other"),
  service_requests: rule("request", "one"),
  service_req_duration: rule("request", "duration", { lacking: Trait.refused }),
  service_queue_wait: rule("request", "wait", { lacking: Trait.refused }),
  service_errors: rule("request", "failed"),
  service_queue_length: rule("station", "other"),
  service_utilization: rule("station", "other"),
  retries: rule("call", "one", { having: Trait.retry }),
  timeouts: rule("call", "one", { having: Trait.timeout }),
  refused: rule("request", "one", { having: Trait.refused }),
  abandoned: rule("request", "one", { having: Trait.abandoned }),
  cancelled: rule("request", "one", { having: Trait.cancelled }),
  held_back: rule("call", "one", { having: Trait.heldBack }),
  hedges: rule("call", "one", { having: Trait.hedge }),
  queue_timeouts: rule("request", "one", { having: Trait.refused | Trait.expired, lacking: Trait.limited }),
  rate_limited: rule("request", "one", { having: Trait.refused | Trait.limited, lacking: Trait.expired }),
  shed: rule("request", "one", { having: Trait.refused | WHY_SHED }),
  untraced: rule("request", "one", { having: Trait.untraced }),
  service_pauses: changeRule(Change.paused),
  service_throttling: changeRule(Change.throttled),
  service_clock_changes: { ...rule("change", "one"), change: Change.clockSet },
  cache_hits: rule("state", "other"),
  consumer_lag: rule("state", "other"),
  message_age: rule("state", "other"),
  messages_redelivered: rule("state", "other"),
  messages_dead_lettered: rule("state", "other"),
  lock_wait: rule("state", "other"),
  service_replicas: rule("state", "other"),
  restarts: rule("state", "other"),
  service_log_steps: rule("log", "one"),
};

/**
 * A fact's sample of one of the metrics that it makes samples of.
 * @param traits of the fact; not 0
 * @param endpoints the plan's
 * @returns how many (counter), 1 or 0 (rate), whole nanoseconds (trend); NaN when it is no sample of this metric
 */
export function sampleOf(
  rule: SampleRule,
  traits: number,
  batch: FactBatch,
  row: number,
  endpoints: readonly PlanEndpoint[],
): number {
  if ((traits & rule.having) !== rule.having || (traits & rule.lacking) !== 0) return NaN;
  switch (rule.value) {
    case Value.one:
      return 1;
    case Value.failed:
      return (traits & Trait.failed) !== 0 ? 1 : 0;
    case Value.duration:
      return durationOf(batch, row);
    case Value.wait:
      return batch.wait[row]!;
    case Value.extra:
      return batch.extra[row]!;
    case Value.requestBytes:
      return endpoints[batch.endpoint[row]!]!.size.request || NaN;
    case Value.responseBytes:
      return endpoints[batch.endpoint[row]!]!.size.response || NaN;
    default:
      return NaN;
  }
}

const NO_CHECKS: readonly Check[] = [];

/**
 * The checks that are made on an attempt of a call: those of its step, once no further attempt follows.
 * @param traits of the fact; not 0
 */
export function checksOn(plan: Plan, traits: number, batch: FactBatch, row: number): readonly Check[] {
  if ((traits & Trait.journey) === 0 || (batch.flags[row]! & (FactFlag.willRetry | FactFlag.undecided)) !== 0) {
    return NO_CHECKS;
  }
  return plan.sites[batch.site[row]!]?.checks ?? NO_CHECKS;
}

/** Whether a check holds for an attempt: without an answer in time none of the status does, and its duration is its own. */
export function checkHolds({ subject, comparison, value }: Check, batch: FactBatch, row: number): boolean {
  if (subject === "duration") return compares(durationOf(batch, row), comparison, value);
  return hasAnswer(batch, row) && compares(batch.status[row]!, comparison, value);
}
