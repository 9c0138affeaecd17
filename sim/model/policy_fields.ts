// Fields of the policies on a call, and of those that a service gives to all calls to it.

import {
  converted,
  defined,
  type DefinedField,
  duration,
  either,
  type Field,
  flag,
  integer,
  isScalar,
  listOf,
  number,
  optional,
  record,
  required,
  share,
  withDefault,
  word,
  wrong,
  wrongType,
} from "../base/fields.ts";
import { entryOf } from "../base/node.ts";
import { FOREVER, type Nanos, nanos, RUN_LENGTH_MAX, SECOND } from "../base/time.ts";
import { latencyField } from "../distributions/registry.ts";
import { type Backoff, type CallerDefaults, JITTERS, type RetryPolicy } from "./model.ts";
import {
  type BalancerPolicy,
  BALANCERS,
  type BreakerPolicy,
  type BulkheadPolicy,
  type CallPolicies,
  type HedgePolicy,
  type OrNone,
  type OutlierPolicy,
  type PoolPolicy,
  RETRY_WORDS,
  type RetryBudgetPolicy,
  type RetryCondition,
  VIEWS,
} from "./policies.ts";
import { rate } from "./rate_field.ts";

/** More attempts than that are a loop; gRPC allows five. */
const ATTEMPTS_MAX = 100;
/** The pauses of 100 attempts at 10 times each leave every range; max holds them back. */
const BACKOFF_FACTOR_MAX = 10;
const BACKOFF_MAX_DEFAULT = nanos(30e9);
/** Each call of the window is kept, in each replica of the caller. */
const BREAKER_WINDOW_MAX = 100_000;
/** A bucket a second is kept, in each replica of the caller. */
const BREAKER_TIME_MAX = nanos(3600e9);
const COUNT_MAX = 1_000_000;
/** More attempts side by side than that are a flood; gRPC allows five. */
const HEDGES_MAX = 20;

/** How long somebody waits. */
export const patience: Field<Nanos> = duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX });
const waiting = duration({ max: RUN_LENGTH_MAX });

const backoffField: Field<Backoff> = converted(
  either(
    "a duration, or { base, max, factor, jitter }",
    isScalar,
    converted(
      patience,
      (base): Backoff => ({ base, max: Math.max(base, BACKOFF_MAX_DEFAULT) as Nanos, factor: 2, jitter: "none" }),
    ),
    record("a backoff", {
      base: required(patience, "Pause before the second attempt.", "base: 50ms"),
      max: withDefault(patience, BACKOFF_MAX_DEFAULT, "No pause is longer.", "30s"),
      factor: withDefault(
        number({ min: 1, max: BACKOFF_FACTOR_MAX }),
        2,
        "What each further pause is multiplied by; 1 keeps them equal.",
      ),
      jitter: withDefault(
        word(JITTERS),
        "none",
        "full: from 0 to the pause; equal: from half of it; none: the pause itself.",
      ),
    }),
  ),
  (backoff, node, diagnostics) =>
    backoff.max < backoff.base
      ? wrong(node, "the backoff's max is shorter than its base", diagnostics, "max is at least base")
      : backoff,
);

const STATUS_MIN = 400;
const STATUS_MAX = 599;

/** A word, or a status. */
const conditionField: Field<RetryCondition> = {
  expects: `one of ${RETRY_WORDS.join(", ")}, or a status like 503`,
  decode(node, diagnostics) {
    const value = node.type === "scalar" ? node.value : undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= STATUS_MIN && value <= STATUS_MAX) {
      return value;
    }
    if (typeof value === "number") return wrongType(node, this.expects, diagnostics, "statuses are from 400 to 599");
    return word(RETRY_WORDS).decode(node, diagnostics);
  },
  schema: () => ({ anyOf: [{ enum: RETRY_WORDS }, { type: "integer", minimum: STATUS_MIN, maximum: STATUS_MAX }] }),
};

const shareBudget = converted(
  record("a retry budget", {
    share: withDefault(share(10), 0.2, "Retries for each request, as a share.", "20%"),
    floor: withDefault(
      rate({ zero: true }),
      10,
      "Retries that there are anyway, for each replica of the caller.",
      "10/s",
    ),
    window: withDefault(
      duration({ min: nanos(1e6), max: RUN_LENGTH_MAX }),
      (10 * SECOND) as Nanos,
      "The time that is looked at.",
      "10s",
    ),
  }),
  (budget): RetryBudgetPolicy => ({ type: "share", ...budget }),
);

const tokenBudget = converted(
  record("a retry budget", {
    tokens: withDefault(
      number({ above: 0, max: COUNT_MAX }),
      10,
      "Tokens at the start, and at most. With half of them or less nothing is retried.",
    ),
    ratio: withDefault(
      number({ above: 0, max: COUNT_MAX }),
      0.1,
      "Tokens that a success gives back; a failure takes 1.",
    ),
  }),
  (budget): RetryBudgetPolicy => ({ type: "tokens", ...budget }),
);

const BUDGET_EXPECTS = "a share like 20%, { share, floor, window } as in Finagle, or { tokens, ratio } as in gRPC";

const budgetField: Field<RetryBudgetPolicy> = either(
  BUDGET_EXPECTS,
  isScalar,
  converted(
    share(10),
    (value): RetryBudgetPolicy => ({ type: "share", share: value, floor: 10, window: (10 * SECOND) as Nanos }),
  ),
  either(
    BUDGET_EXPECTS,
    (node) => node.type === "map" && (entryOf(node, "tokens") ?? entryOf(node, "ratio")) !== undefined,
    tokenBudget,
    shareBudget,
  ),
);

const retryRecord: Field<RetryPolicy> = record(
  "a retry policy",
  {
    attempts: required(
      integer({ min: 1, max: ATTEMPTS_MAX }),
      "How often the call is tried, the first time included.",
      "attempts: 3",
    ),
    backoff: optional(
      backoffField,
      "Pause between attempts: a duration, doubled each time, or a map. None if left out.",
    ),
    on: optional(
      listOf(conditionField, "a list like [timeout, 5xx, 429]", { min: 1, sizeMax: 100 }),
      "What is tried again: timeout, refused (a full queue), reset (no connection), busy (the caller's own bulkhead or " +
        "pool), open (its breaker), 5xx, 4xx, statuses. All but open and statuses below 500 other than 429 if left out.",
    ),
    budget: optional(
      budgetField,
      "How many retries there may be in all, for each replica of the caller and service called. No limit if left out.",
    ),
  },
  {
    instead: (node) =>
      node.type === "scalar" && typeof node.value === "number"
        ? `write { attempts: ${node.text} }; attempts counts the first one`
        : "write { attempts: 3, backoff: 50ms }",
    unknown: (key) => /^(max_?)?(retries|count|times|max)$/i.test(key) ? "attempts: how often in all" : undefined,
  },
);

/** How often a call is tried, and when. */
export const retryField: DefinedField<RetryPolicy> = defined("retry", retryRecord.expects, () => retryRecord);

const VIEW = withDefault(
  word(VIEWS),
  "replica",
  "Whose state it is: of each replica of the caller, or global: of all callers together, as theory has it.",
);

const balancerKind = word(BALANCERS, "one of", {
  p2c: "power-of-two",
  "least-connections": "least-requests",
  least_request: "least-requests",
  leastconn: "least-requests",
  round_robin: "round-robin",
  roundrobin: "round-robin",
});

const balancerField: Field<BalancerPolicy> = either(
  `${balancerKind.expects}, or { kind, view }`,
  isScalar,
  converted(balancerKind, (kind): BalancerPolicy => ({ kind, view: "replica" })),
  record("a balancer", { kind: required(balancerKind, "How a replica is chosen.", "kind: round-robin"), view: VIEW }),
);

const poolSize = integer({ min: 1, max: COUNT_MAX });

const poolField: Field<PoolPolicy> = either(
  "a number of connections, or { size, wait, setup, keepAlive }",
  isScalar,
  converted(
    poolSize,
    (size): PoolPolicy => ({ size, wait: FOREVER, setup: undefined, keepAlive: FOREVER, view: "replica" }),
  ),
  record("a connection pool", {
    size: withDefault(poolSize, Infinity, "Connections of one replica of the caller to the service.", "unlimited"),
    wait: withDefault(waiting, FOREVER, "How long a call waits for one.", "as long as the call lasts"),
    setup: optional(latencyField, "Time to set up a new one. None if left out."),
    keepAlive: withDefault(waiting, FOREVER, "An idle one is closed after this time.", "never"),
    view: VIEW,
  }),
);

const BREAKER_WINDOW_EXPECTS = "a number of calls like 100, or a time like 10s";

const breakerField: Field<BreakerPolicy> = converted(
  record("a circuit breaker", {
    failureRate: withDefault(share(), 0.5, "Share of failed calls at which it opens.", "50%"),
    window: withDefault(
      either(
        BREAKER_WINDOW_EXPECTS,
        (node) => node.type === "scalar" && typeof node.value === "number",
        converted(integer({ min: 1, max: BREAKER_WINDOW_MAX }), (count): BreakerPolicy["window"] => ({ count })),
        converted(
          duration({ min: SECOND, max: BREAKER_TIME_MAX }),
          (time): BreakerPolicy["window"] => ({ time }),
        ),
      ),
      { count: 100 } as BreakerPolicy["window"],
      "What the rates are taken from: the last calls, or those of the last time.",
      "100",
    ),
    minimum: withDefault(
      integer({ min: 1, max: COUNT_MAX }),
      100,
      "Calls in the window before the rates are looked at; at most a window of calls.",
    ),
    open: withDefault(patience, (60 * SECOND) as Nanos, "How long it stays open.", "60s"),
    halfOpen: withDefault(
      integer({ min: 1, max: BREAKER_WINDOW_MAX }),
      10,
      "Calls that are then let through to see.",
    ),
    slow: optional(
      record("slow calls", {
        duration: withDefault(patience, (60 * SECOND) as Nanos, "A longer call is slow.", "60s"),
        rate: withDefault(share(), 1, "Share of slow calls at which it opens.", "100%"),
      }),
      "Slow calls that open it as well. None if left out.",
    ),
    view: VIEW,
  }, { instead: () => "write {} for resilience4j's defaults" }),
  (breaker, node, diagnostics) =>
    breaker.failureRate > 0
      ? breaker
      : wrong(node, "a breaker that opens at 0% of failures is always open", diagnostics, "failureRate: 50%"),
);

const outlierField: Field<OutlierPolicy> = record("outlier detection", {
  consecutive: withDefault(
    integer({ min: 1, max: COUNT_MAX }),
    5,
    "Failures of a replica in a row after which it is ejected: no answer, or a status of 500 and more.",
  ),
  interval: withDefault(patience, (10 * SECOND) as Nanos, "How often ejections are looked at.", "10s"),
  ejection: withDefault(patience, (30 * SECOND) as Nanos, "How long it is left out, times how often it was.", "30s"),
  max: withDefault(share(), 0.1, "Share of the replicas that may be ejected; one may always be.", "10%"),
  panic: withDefault(share(), 0.5, "With a smaller share left, all are used.", "50%"),
}, { instead: () => "write {} for Envoy's defaults" });

const hedgeField: Field<HedgePolicy> = either(
  "a time like 50ms, or { after, max }",
  isScalar,
  converted(patience, (after): HedgePolicy => ({ after, max: 1 })),
  record("a hedging policy", {
    after: required(patience, "Without an answer for so long, the same is asked once more beside it.", "after: 50ms"),
    max: withDefault(integer({ min: 1, max: HEDGES_MAX }), 1, "How often, each time after the same time."),
  }),
);

const bulkheadSize = integer({ min: 1, max: COUNT_MAX });

const bulkheadField: Field<BulkheadPolicy> = either(
  "a number of calls, or { concurrency, queue, wait }",
  isScalar,
  converted(bulkheadSize, (concurrency): BulkheadPolicy => ({ concurrency, queue: 0, wait: 0 as Nanos })),
  converted(
    record("a bulkhead", {
      concurrency: required(bulkheadSize, "Calls of one replica of the caller at once.", "concurrency: 20"),
      queue: optional(
        integer({ min: 0, max: COUNT_MAX }),
        "How many may wait for a place. With a wait and no queue unlimited, else none.",
      ),
      wait: optional(waiting, "How long one may wait. With a queue and no wait as long as the call lasts, else not."),
    }),
    ({ concurrency, queue, wait }): BulkheadPolicy => ({
      concurrency,
      queue: queue ?? (wait === undefined ? 0 : Infinity),
      wait: wait ?? (queue === undefined ? 0 as Nanos : FOREVER),
    }),
  ),
);

/** The policy, or the word that a call does without the one that the service gives. */
function orNone<T>(field: Field<T>): Field<OrNone<T>> {
  return {
    expects: `${field.expects}, or none`,
    decode: (node, diagnostics) =>
      node.type === "scalar" && node.value === "none" ? "none" : field.decode(node, diagnostics),
    schema: () => ({ anyOf: [field.schema(), { const: "none" }] }),
  };
}

/** Each stands in every kind of step that calls, so the schema has it once. */
function once<T>(name: string, field: Field<T>): DefinedField<T> {
  return defined(name, field.expects, () => field);
}

const balancer = once("balancer", balancerField);
const pool = once("pool", orNone(poolField));
const breaker = once("breaker", orNone(breakerField));
const outlier = once("outlier", orNone(outlierField));
const hedge = once("hedge", orNone(hedgeField));
const bulkhead = once("bulkhead", orNone(bulkheadField));

/** Options of a call, and of `callers`. What is left out is as the service's `callers` says, and else nothing. */
export const POLICIES = {
  cancel: optional(
    flag,
    "Whether at the timeout the callee, and all that it has called, is cancelled. It goes on working if left out.",
  ),
  propagateDeadline: optional(
    flag,
    "Whether the callee knows how long its caller waits: what it takes up too late it refuses at once with 504, and its own " +
      "calls with this option end with it. Not if left out.",
  ),
  balancer: optional(balancer, "How a replica of the callee is chosen. At random if left out."),
  pool: optional(pool, "Connections to the callee's service. No limit, at once, if left out."),
  breaker: optional(breaker, "Circuit breaker on the callee's endpoint, as in resilience4j."),
  outlier: optional(outlier, "Leaves out replicas that fail several times in a row, as Envoy does."),
  hedge: optional(hedge, "Asks once more when an answer takes too long; the first answer is taken."),
  bulkhead: optional(bulkhead, "How many calls of the callee's endpoint there may be at once."),
} as const;

/** The fields of policies that have names of their own in the schema. */
export const POLICY_DEFINITIONS: readonly DefinedField<unknown>[] = [
  retryField,
  balancer,
  pool,
  breaker,
  outlier,
  hedge,
  bulkhead,
];

/** Puts the policies among the options of a call under a key of their own. */
export function withPolicies<T extends CallPolicies>(
  { cancel, propagateDeadline, balancer, pool, breaker, outlier, hedge, bulkhead, ...rest }: T,
): Omit<T, keyof CallPolicies> & { readonly policies: CallPolicies } {
  return { ...rest, policies: { cancel, propagateDeadline, balancer, pool, breaker, outlier, hedge, bulkhead } };
}

const callersRecord = record("a service's callers", {
  timeout: optional(patience, "How long each attempt is waited for."),
  deadline: optional(patience, "How long all attempts are waited for, pauses included."),
  retry: optional(retryField, "What is tried again when it failed."),
  ...POLICIES,
}, { instead: () => "write { timeout: 1s, balancer: round-robin }" });

/** How a service is called unless a call says otherwise. */
export const callersField: Field<CallerDefaults> = converted(callersRecord, (config) => withPolicies(config));
