// Policies on a call, as plain data: how a caller chooses a replica, gets a connection, protects itself and gives up.

import type { Nanos } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";

export const BALANCERS = ["random", "round-robin", "least-requests", "power-of-two"] as const;
export type BalancerKind = (typeof BALANCERS)[number];

/** `replica`: each replica of the caller has a state of its own. `global`: one state for all callers, as theory has it. */
export const VIEWS = ["replica", "global"] as const;
export type View = (typeof VIEWS)[number];

export interface BalancerPolicy {
  readonly kind: BalancerKind;
  readonly view: View;
}

/** Connections of a caller to a service. */
export interface PoolPolicy {
  /** Infinity: no limit. */
  readonly size: number;
  /** How long a call waits for a connection. Infinity: for as long as the call lasts. */
  readonly wait: Nanos;
  /** Time to set up a connection. */
  readonly setup: Distribution | undefined;
  /** An idle connection is closed after this time. Infinity: never. */
  readonly keepAlive: Nanos;
  readonly view: View;
}

/** resilience4j's circuit breaker; shares are from 0 to 1. */
export interface BreakerPolicy {
  readonly failureRate: number;
  /** The last `count` calls, or those of the last `time`. */
  readonly window: { readonly count: number } | { readonly time: Nanos };
  /** Calls in the window before the rates are looked at. */
  readonly minimum: number;
  readonly open: Nanos;
  /** Calls that are let through to try whether it is well again. */
  readonly halfOpen: number;
  readonly slow: { readonly duration: Nanos; readonly rate: number } | undefined;
  readonly view: View;
}

/** Envoy's outlier detection, with its panic threshold; shares are from 0 to 1. */
export interface OutlierPolicy {
  /** Failures in a row after which a replica is ejected. */
  readonly consecutive: number;
  /** How often it is looked at whether an ejection is over. */
  readonly interval: Nanos;
  /** Times how often the replica has been ejected. */
  readonly ejection: Nanos;
  readonly max: number;
  /** With a smaller share of replicas left, ejections are not heeded. */
  readonly panic: number;
}

export interface HedgePolicy {
  /** After how long without an answer another attempt is sent beside the first. */
  readonly after: Nanos;
  /** How many of them. */
  readonly max: number;
}

export interface BulkheadPolicy {
  readonly concurrency: number;
  /** How many calls may wait for a place. Infinity: no limit. */
  readonly queue: number;
  /** How long each may wait. Infinity: for as long as the call lasts. */
  readonly wait: Nanos;
}

/** Words for what a retry is for, besides statuses. */
export const RETRY_WORDS = ["timeout", "refused", "reset", "busy", "open", "5xx", "4xx"] as const;
export type RetryWord = (typeof RETRY_WORDS)[number];
/** A word, or a status. */
export type RetryCondition = RetryWord | number;

/** How many retries there may be in all, beside each call's own limit. */
export type RetryBudgetPolicy =
  /** Finagle's: this share of the requests, and `floor` a second besides, looked at over `window`. */
  | { readonly type: "share"; readonly share: number; readonly floor: number; readonly window: Nanos }
  /** gRPC's throttling: a failure takes a token, a success gives `ratio`; at half of `tokens` and less nothing is retried. */
  | { readonly type: "tokens"; readonly tokens: number; readonly ratio: number };

/** A policy that a service gives to its callers, and that a call does not want. */
export type OrNone<T> = T | "none";

/** What is undefined is what the callee's `callers` says, and else nothing. */
export interface CallPolicies {
  /** At its caller's time-out the callee, and all that it has called, is cancelled. */
  readonly cancel: boolean | undefined;
  /** The callee knows how long its caller waits, and does not begin what comes too late. */
  readonly propagateDeadline: boolean | undefined;
  readonly balancer: BalancerPolicy | undefined;
  readonly pool: OrNone<PoolPolicy> | undefined;
  readonly breaker: OrNone<BreakerPolicy> | undefined;
  readonly outlier: OrNone<OutlierPolicy> | undefined;
  readonly hedge: OrNone<HedgePolicy> | undefined;
  readonly bulkhead: OrNone<BulkheadPolicy> | undefined;
}

export const NO_POLICIES: CallPolicies = {
  cancel: undefined,
  propagateDeadline: undefined,
  balancer: undefined,
  pool: undefined,
  breaker: undefined,
  outlier: undefined,
  hedge: undefined,
  bulkhead: undefined,
};
