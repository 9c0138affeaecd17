// What services say of the policies on their calls, in the words of the libraries that their language has for them:
// resilience4j, HikariCP, gobreaker, opossum, pybreaker, SQLAlchemy, Polly, Npgsql, Stoplight, Ganesha, failsafe, sqlx.

import { formatDuration, type Nanos } from "../base/time.ts";
import type { Language, LogLevel } from "../model/model.ts";
import { Change, Outcome } from "../plan/facts.ts";
import type { CallSite, Plan } from "../plan/plan.ts";
import type { RequestWords, Thrown } from "./languages/language.ts";
import { DURATION, DURATION_MS, type Message, msg, PAUSE, QUEUE_MS, Slot, slot } from "./message.ts";
import type { Target } from "./targets.ts";

/** What kept a call back, as far as an exception says it. */
interface Held {
  /** Of the breaker or bulkhead. */
  readonly name: string;
  readonly isData: boolean;
  readonly size: number;
  /** How long it was waited for, in nanoseconds; Infinity when only the call's own time limited it. */
  readonly wait: Nanos;
}

interface PolicyWords {
  open(held: Held): Thrown;
  full(held: Held): Thrown;
  noConnection(held: Held): Thrown;
  cancelled(request: RequestWords): Message;
}

const within = ({ wait }: Held): string => formatDuration(wait);
const inSeconds = ({ wait }: Held, digits: number): string => (wait / 1e9).toFixed(digits);

const WORDS: Readonly<Record<Language, PolicyWords>> = {
  go: {
    open: () => ({ type: "*errors.errorString", message: "circuit breaker is open" }),
    full: ({ size }) => ({ type: "*errors.errorString", message: `bulkhead is full: ${size} calls in flight` }),
    noConnection: (held) => ({
      type: "*errors.errorString",
      message: `connection pool timeout: all ${held.size} connections busy for ${within(held)}`,
    }),
    cancelled: (r) => msg`${r.target} canceled by client after ${DURATION}: context canceled`,
  },
  java: {
    open: ({ name }) => ({
      type: "io.github.resilience4j.circuitbreaker.CallNotPermittedException",
      message: `CircuitBreaker '${name}' is OPEN and does not permit further calls`,
    }),
    full: ({ name }) => ({
      type: "io.github.resilience4j.bulkhead.BulkheadFullException",
      message: `Bulkhead '${name}' is full and does not permit further calls`,
    }),
    noConnection: (held) =>
      held.isData
        ? {
          type: "java.sql.SQLTransientConnectionException",
          message: `HikariPool-1 - Connection is not available, request timed out after ${held.wait / 1e6}ms.`,
        }
        : {
          type: "org.apache.hc.core5.http.ConnectionRequestTimeoutException",
          message: `Timeout deadline: ${held.wait / 1e6} MILLISECONDS, pool of ${held.size} exhausted`,
        },
    cancelled: (r) =>
      r.isRpc
        ? msg`Call ${r.target} cancelled by client after ${DURATION_MS} ms: CANCELLED: client cancelled`
        : msg`Request ${r.method} ${r.path} cancelled by client after ${DURATION_MS} ms, worker interrupted (499)`,
  },
  nodejs: {
    open: () => ({ type: "Error [EOPENBREAKER]", message: "Breaker is open" }),
    full: () => ({ type: "Error [ESEMLOCKED]", message: "Semaphore locked" }),
    noConnection: ({ isData, size }) =>
      isData
        ? { type: "Error", message: "timeout exceeded when trying to connect" }
        : { type: "Error [ESOCKETTIMEDOUT]", message: `no free socket, maxSockets ${size} reached` },
    cancelled: (r) => msg`${r.method} ${r.path} - aborted by client after ${DURATION_MS} ms: AbortError, 499`,
  },
  python: {
    open: () => ({
      type: "pybreaker.CircuitBreakerError",
      message: "Timeout not elapsed yet, circuit breaker still open",
    }),
    full: ({ size }) => ({ type: "asyncio.QueueFull", message: `bulkhead of ${size} is full` }),
    noConnection: (held) =>
      held.isData
        ? {
          type: "sqlalchemy.exc.TimeoutError",
          message: `QueuePool limit of size ${held.size} overflow 0 reached, connection timed out, timeout ${
            inSeconds(held, 2)
          }`,
        }
        : { type: "httpx.PoolTimeout", message: `no connection within ${within(held)} from a pool of ${held.size}` },
    cancelled: (r) => msg`${r.method} ${r.path} cancelled by client after ${DURATION_MS} ms (499)`,
  },
  ruby: {
    open: ({ name }) => ({ type: "Stoplight::Error::RedLight", message: name }),
    full: ({ name }) => ({ type: "Concurrent::RejectedExecutionError", message: `bulkhead ${name} is full` }),
    noConnection: (held) => ({
      type: held.isData ? "ActiveRecord::ConnectionTimeoutError" : "ConnectionPool::TimeoutError",
      message: `could not obtain a connection from the pool within ${inSeconds(held, 3)} seconds; ` +
        "all pooled connections were in use",
    }),
    cancelled: (r) => msg`${r.method} "${r.path}" cancelled by client after ${DURATION_MS}ms (499)`,
  },
  php: {
    open: ({ name }) => ({
      type: "Ackintosh\\Ganesha\\Exception\\RejectedException",
      message: `"${name}" is not available`,
    }),
    full: ({ name }) => ({ type: "RuntimeException", message: `semaphore of ${name} could not be acquired` }),
    noConnection: (held) => ({
      type: "Swoole\\Exception",
      message: `pool of ${held.size} has no connection after ${within(held)}`,
    }),
    cancelled: (r) => msg`client closed "${r.method} ${r.path}" after ${DURATION_MS} ms, script aborted (499)`,
  },
  dotnet: {
    open: () => ({
      type: "Polly.CircuitBreaker.BrokenCircuitException",
      message: "The circuit is now open and is not allowing calls.",
    }),
    full: () => ({
      type: "Polly.RateLimiting.RateLimiterRejectedException",
      message: "The operation could not be executed because it was rejected by the rate limiter.",
    }),
    noConnection: (held) => ({
      type: held.isData ? "Npgsql.NpgsqlException" : "System.Net.Http.HttpRequestException",
      message: `The connection pool has been exhausted, either raise 'Max Pool Size' (currently ${held.size}) ` +
        `or 'Timeout' (currently ${inSeconds(held, 0)} seconds).`,
    }),
    cancelled: (r) =>
      msg`The client cancelled ${r.method} ${r.path} after ${DURATION_MS}ms: System.OperationCanceledException, 499.`,
  },
  rust: {
    open: () => ({ type: "failsafe::Error::Rejected", message: "call was rejected" }),
    full: () => ({ type: "tower::load_shed::error::Overloaded", message: "service overloaded" }),
    noConnection: ({ isData }) => ({
      type: isData ? "sqlx::Error::PoolTimedOut" : "deadpool::PoolError::Timeout",
      message: "pool timed out while waiting for an open connection",
    }),
    cancelled: (r) => msg`request future of ${r.target} dropped after ${DURATION_MS}ms: client went away`,
  },
  cpp: {
    open: ({ name }) => ({ type: "circuit_open", message: `circuit breaker of ${name} is open` }),
    full: ({ name, size }) => ({ type: "bulkhead_full", message: `bulkhead of ${name} is full (${size})` }),
    noConnection: (held) => ({
      type: "pool_timeout",
      message: `no connection within ${within(held)}, all ${held.size} in use`,
    }),
    cancelled: (r) => msg`${r.method} ${r.path} cancelled by peer after ${DURATION_MS} ms (RST_STREAM)`,
  },
};

/** The exception of a call that its caller's breaker, bulkhead or pool held back (plan/policies.ts's isHeldBack). */
export function heldBack(plan: Plan, site: CallSite, target: Target, outcome: number): Thrown {
  const words = WORDS[plan.services[plan.endpoints[site.caller]!.service]!.language];
  const policies = site.policies!, { shared } = plan;
  const name = target.reference, isData = target.data !== undefined;
  if (outcome === Outcome.noConnection) {
    const { size, wait } = shared.pools[policies.pool]!.policy;
    return words.noConnection({ name, isData, size, wait });
  }
  if (outcome === Outcome.bulkheadFull) {
    const { concurrency, wait } = shared.bulkheads[policies.bulkhead]!.policy;
    return words.full({ name, isData, size: concurrency, wait });
  }
  return words.open({ name, isData, size: 0, wait: 0 as Nanos });
}

/** Of a request that its caller cancelled. */
export function cancelledWords(language: Language, request: RequestWords): Message {
  return WORDS[language].cancelled(request);
}

/** Of a request whose caller's deadline had passed before a worker was free. */
export function tooLateWords(target: string): Message {
  return msg`${target} not begun: deadline exceeded after ${QUEUE_MS} ms in the queue`;
}

/** Databases' words for a statement that its client cancelled, with their code. */
export function cancelledQuery(system: string, query: string): { readonly code: string; readonly message: Message } {
  switch (system) {
    case "postgresql":
      return { code: "57014", message: msg`canceling statement due to user request: ${query}` };
    case "mysql":
    case "mariadb":
      return { code: "1317", message: msg`Query execution was interrupted: ${query}` };
    default:
      return { code: "cancelled", message: msg`${query} cancelled by client after ${DURATION_MS} ms` };
  }
}

interface ChangeWords {
  readonly level: LogLevel;
  readonly message: Message;
}

/** Of a breaker's change of state, or of a replica that is left out or taken back. @param isSlow slow calls opened it */
export function changeWords(target: Target, language: Language, change: number, isSlow: boolean): ChangeWords {
  const name = target.reference;
  switch (change) {
    case Change.ejected: {
      const replica = slot(Slot.peerInstance, target.service.index), ip = slot(Slot.peerAddress, target.service.index);
      return {
        level: "warn",
        message:
          msg`outlier detection: ejected ${replica} (${ip}:${target.port}) of ${target.service.name} for ${PAUSE}: consecutive 5xx`,
      };
    }
    case Change.returned:
      return {
        level: "info",
        message: msg`outlier detection: ${
          slot(Slot.peerInstance, target.service.index)
        } of ${target.service.name} is back (unejected)`,
      };
    default:
      return breakerWords(name, language, change, isSlow);
  }
}

function breakerWords(name: string, language: Language, change: number, isSlow: boolean): ChangeWords {
  const level = change === Change.breakerOpened ? "warn" : "info";
  const why = isSlow ? "slow call rate" : "failure rate";
  if (language === "java") {
    const [from, to] = change === Change.breakerOpened
      ? ["CLOSED", "OPEN"]
      : change === Change.breakerHalfOpen
      ? ["OPEN", "HALF_OPEN"]
      : ["HALF_OPEN", "CLOSED"];
    const exceeded = change === Change.breakerOpened ? `, ${why} threshold exceeded` : "";
    return { level, message: msg`CircuitBreaker '${name}' changed state from ${from} to ${to}${exceeded}` };
  }
  return {
    level,
    message: change === Change.breakerOpened
      ? msg`circuit breaker ${name} opened for ${PAUSE}: ${why} over its threshold`
      : change === Change.breakerHalfOpen
      ? msg`circuit breaker ${name} half-open: trying a few calls`
      : msg`circuit breaker ${name} closed: calls flow again`,
  };
}
