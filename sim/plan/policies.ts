// Policies in the plan: which call shares which state with which others, and what is tried again.

import type {
  BalancerPolicy,
  BreakerPolicy,
  BulkheadPolicy,
  HedgePolicy,
  OutlierPolicy,
  PoolPolicy,
  RetryBudgetPolicy,
  RetryCondition,
} from "../model/policies.ts";
import { Outcome } from "./facts.ts";

/** A state that calls share: in each replica of their caller one, or one for all callers (`global`). */
export interface Shared<T> {
  /** Position among those of its kind. */
  readonly index: number;
  readonly policy: T;
  readonly global: boolean;
  /** Index of the caller's service; -1 for the users, who are one client. */
  readonly caller: number;
  /** Index of the service that is called. */
  readonly callee: number;
}

/**
 * All states that calls share. Calls from one service (or from the journeys) to one service share balancer, pool, outlier
 * detection and retry budget, as the clusters of Envoy, the pools of HTTP clients and the clients of Finagle do; those to
 * one endpoint share breaker and bulkhead, as the named instances of resilience4j do. Calls whose policy is written with
 * other numbers do not share.
 */
export interface SharedStates {
  readonly balancers: readonly Shared<BalancerPolicy>[];
  readonly pools: readonly Shared<PoolPolicy>[];
  readonly outliers: readonly Shared<OutlierPolicy>[];
  readonly budgets: readonly Shared<RetryBudgetPolicy>[];
  readonly breakers: readonly Shared<BreakerPolicy>[];
  readonly bulkheads: readonly Shared<BulkheadPolicy>[];
}

export const NOTHING_SHARED: SharedStates = {
  balancers: [],
  pools: [],
  outliers: [],
  budgets: [],
  breakers: [],
  bulkheads: [],
};

/** The policies of one call site: indices in SharedStates, -1 for none. */
export interface SitePolicies {
  readonly cancel: boolean;
  readonly propagateDeadline: boolean;
  readonly balancer: number;
  readonly pool: number;
  readonly outlier: number;
  readonly budget: number;
  readonly breaker: number;
  readonly bulkhead: number;
  readonly hedge: HedgePolicy | undefined;
  /** What is tried again; undefined for what is tried by default. */
  readonly retryOn: readonly RetryCondition[] | undefined;
}

/** Whether an attempt never left its caller: a breaker, a bulkhead or a pool held it back. */
export function isHeldBack(outcome: number): boolean {
  return outcome === Outcome.notPermitted || outcome === Outcome.bulkheadFull || outcome === Outcome.noConnection;
}

/** Whether an attempt ended in a way that is no answer, or is one that says that the callee is unwell. */
export function isFailure(outcome: number, status: number): boolean {
  if (outcome === Outcome.ok) return false;
  return outcome !== Outcome.error || status >= 500 || status === 429;
}

/**
 * Whether an attempt that ended so is tried again where attempts are left. By default that is whatever isFailure, but for
 * chains that are too deep and for what an open breaker did not let through.
 */
export function isRetried(policies: SitePolicies | undefined, outcome: number, status: number): boolean {
  if (outcome === Outcome.ok || outcome === Outcome.tooDeep || outcome === Outcome.cancelled) return false;
  const conditions = policies?.retryOn;
  if (conditions === undefined) return outcome !== Outcome.notPermitted && isFailure(outcome, status);
  for (let i = 0; i < conditions.length; i++) if (meets(conditions[i]!, outcome, status)) return true;
  return false;
}

function meets(condition: RetryCondition, outcome: number, status: number): boolean {
  switch (condition) {
    case "timeout":
      return outcome === Outcome.timeout;
    case "refused":
      return outcome === Outcome.refused;
    case "reset":
      return outcome === Outcome.aborted && status === 0;
    case "busy":
      return outcome === Outcome.bulkheadFull || outcome === Outcome.noConnection;
    case "open":
      return outcome === Outcome.notPermitted;
    case "5xx":
      return status >= 500;
    case "4xx":
      return status >= 400 && status < 500;
    default:
      return status === condition;
  }
}
