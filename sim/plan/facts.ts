// What the engine gives: facts in batches of fixed-width columns, in the order of simulated time. A row is one fact;
// which columns mean something depends on its kind.

import { MILLISECOND, type Nanos } from "../base/time.ts";

export const FactKind = {
  /** A request left a service (or was refused by it). One for each SERVER span, and for the kinds that have none. */
  request: 0,
  /** An attempt of a call ended, seen from its caller. One for each CLIENT span; a journey's attempts have no span. */
  call: 1,
  /** A `log` step was executed. */
  log: 2,
  /** An iteration of a journey ended. */
  iteration: 3,
  /** Iterations could not start (`extra` of them): no free VU, or no time left. */
  dropped: 4,
  /**
   * Once a simulated second for each workload: `wait` active VUs, `extra` initialised VUs, `start` when it starts or has
   * started; Infinity while it waits for the end of another.
   */
  vus: 5,
  /**
   * Once a simulated second for each replica: `wait` requests in the queue, `extra` busy workers, `start` nanoseconds that
   * its cores (or workers, where it has no cores and no CPU limit) were in use since the start, `delay` bytes of memory in
   * use, where the service has a limit or a fault has it leak.
   */
  station: 6,
  /** An iteration of an open load was due: `extra` is 1 when it started, 0 when it was dropped. */
  arrival: 7,
  /** Something about a replica, or about what a caller thinks of one, changed: `outcome` is a Change. */
  change: 8,
  /** A cache (`site`) was asked: `extra` is 1 when it had the entry, 0 when not; `peer` is the replica that holds it. */
  cache: 9,
  /** What a request links to, in the row before it: trace and span; `wait` is the partition, `extra` the message's number in it. */
  link: 10,
  /** A message's delivery to its handler ended: `wait` is the message's age then, `outcome` a Delivered, `site` the subscription. */
  delivery: 11,
  /**
   * A row was locked after `wait`, or could not be (`outcome` error: a deadlock; timeout); `site` is the lock. The lock of
   * the fault `cause`, where `site` is -1: `service` had it.
   */
  lock: 12,
  /** Once a simulated second for each subscription (`site`): `extra` messages that its service has not finished. */
  lag: 13,
  /** Once a simulated second for each service whose replicas come and go: `extra` listen, `wait` are wanted. */
  replicas: 14,
  /** A window of the fault `cause` begins (`outcome` 1) or ends (0). */
  fault: 15,
  /**
   * Once a simulated second for each pool of connections (`site`: its position in SharedStates.pools) that a replica has
   * used: `extra` connections carry a call or are being set up, `start` are idle, `wait` calls wait for one.
   */
  pool: 16,
} as const;
export type FactKind = (typeof FactKind)[keyof typeof FactKind];

/** How a request, a call or an iteration ended. */
export const Outcome = {
  ok: 0,
  /** It failed of its own accord or by a fault: `cause` is the index of the Failure; a call: the callee answered with an error. */
  error: 1,
  /** A call that it needed failed: `cause` is the call site, `causeOutcome` how that call ended. */
  dependency: 2,
  /** The caller's patience ended. */
  timeout: 3,
  /** The queue was full: answered 503 at once, without a worker. A call: turned away for whatever reason, 503 or 429. */
  refused: 4,
  /** Still open when its workload or the run ended. */
  interrupted: 5,
  /** A call that a fault cut off between caller and callee (`cause` is the index of the Failure), or that no process took (-1). The callee never saw it. */
  aborted: 6,
  /** The chain of calls was deeper than CALL_DEPTH_MAX. */
  tooDeep: 7,
  /** The patience of a request in the queue ended: answered 503 without a worker. */
  expired: 8,
  /** CoDel dropped a request from the queue: answered 503 without a worker. */
  dropped: 9,
  /** Turned away by load shedding although there was room: answered 503 at once. */
  shed: 10,
  /** The rate limit's bucket was empty: answered 429 at once; `wait` is the time until a token comes. */
  rateLimited: 11,
  /** Its caller gave it up and said so: it ended at once. A call: because its caller was cancelled, or another attempt was faster. */
  cancelled: 15,
  /** The caller's deadline had passed when a worker took it up: answered 504 without working. */
  tooLate: 16,
  /** A call that the caller's open circuit breaker did not let through. */
  notPermitted: 17,
  /** A call that found no place in the caller's bulkhead, within its wait. */
  bulkheadFull: 18,
  /** A call that got no connection within the pool's wait. */
  noConnection: 19,
  /** A call: the process at the other end died, and the connection with it. */
  reset: 25,
  /** The process that worked on it, or made the call, died. */
  crashed: 26,
  /** A call: no packet came through, and TCP gave the connection up. */
  unreachable: 27,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** What a `change` fact tells. Each says which columns mean something besides `service` and `replica`. */
export const Change = {
  /** The replica stood still from `start` to `time`, for `wait`; `attempt` counts such pauses of it, from 1, up to 65,535 and round. */
  paused: 10,
  /** Its CPU quota was used up: its own work waits for `wait`, until the next period. */
  throttled: 11,
  /**
   * A caller's circuit breaker for the callee of `site` opened (for `wait`), is half open, or closed. `extra`: the share of
   * failed calls, or of slow ones when `status` is 1. With the span of the request that brought it about.
   */
  breakerOpened: 20,
  breakerHalfOpen: 21,
  breakerClosed: 22,
  /** A caller ejected replica `peer` of the callee of `site`, for `wait`, after `extra` failures in a row. Likewise. */
  ejected: 23,
  /** It takes that replica back. Without a span. */
  returned: 24,
  /** A container begins to start: `extra` of them were in this pod before, `wait` pods in this place. */
  replicaStarts: 30,
  /** It listens; `start` is when it began to start. */
  replicaListens: 31,
  /** SIGTERM. */
  replicaStops: 32,
  /**
   * Its process ended. `extra` is 1 when it was killed for its memory, 2 when it crashed, 0 when it had stopped; `wait` is 1
   * when its pod is gone with it.
   */
  replicaDown: 33,
  /** A consumer group shared its partitions anew: `extra` of them, from number `wait` on, are this replica's; `site` is the subscription. */
  partitionsAssigned: 34,
  /** A message failed for good after `wait` attempts: `extra` is the topic that takes it, -1 for none; `site` is the subscription. */
  messageGivenUp: 35,
  /** Health checks took it off its callers' lists, or put it back. */
  replicaUnready: 36,
  replicaReady: 37,
  /** An autoscaler wants `extra` replicas of the service instead of `wait`. */
  scaled: 38,
  /** The replica's clock is ahead by `wait` from now on; behind when negative. */
  clockSet: 50,
  /** The replica's next container is of another version: that of the fault `cause`; -1: the service's own. */
  versionSet: 51,
} as const;
export type Change = (typeof Change)[keyof typeof Change];

/** More than any Outcome, for keys made of several. */
export const OUTCOMES_MAX = 64;

/** Whether a request was turned away, or left the queue, without a worker. */
export function isRefusal(outcome: number): boolean {
  return outcome === Outcome.refused || outcome === Outcome.tooLate ||
    (outcome >= Outcome.expired && outcome <= Outcome.rateLimited);
}

export const FactFlag = {
  /** call: another attempt follows, `wait` after this one's end. */
  willRetry: 1,
  /** call: it failed, and its caller goes on all the same (`optional`). */
  tolerated: 2,
  /** call: it failed, and its fallback follows. */
  fallback: 4,
  /** request: nobody waited for its answer any more. */
  abandoned: 8,
  /** call: made by a journey, so it has no span; it is what k6 calls an HTTP request. */
  journey: 16,
  /** call: sent beside an attempt that took too long. */
  hedge: 32,
  /** call: it failed while another attempt of the same call was under way. */
  undecided: 64,
  /** call: it would have been tried again, but the retry budget was used up. */
  overBudget: 128,
  /** request: a message's. The row before it is a `link`. */
  linked: 256,
  /** station: the replica takes no requests. */
  down: 512,
  /** request, call: its span, or the line about it, does not arrive. log, change: the line. */
  spanLost: 1024,
  lineLost: 2048,
  /** call: it ended before it had left its caller, and `peer` has no meaning. */
  unsent: 4096,
  /**
   * request, call: a fault changed how it ended: it failed, or went on without an answer that it would have had; or it
   * would not have been without the fault.
   */
  changed: 8192,
} as const;

/** From where the effect of a fault came to a request or a call: see FactBatch.via. */
export const CauseKind = {
  /** A late or failed answer of the service. */
  answer: 0,
  /** A request that the service would not have made, or not at this time. */
  request: 1,
  /** Others that waited for, or held, what it waits for in the service. */
  queue: 2,
  /** A user who tries again, or comes at another time. */
  user: 3,
} as const;
export type CauseKind = (typeof CauseKind)[keyof typeof CauseKind];

/** The fault struck it itself. */
export const CAUSE_FAULT = 0;

/** A value of FactBatch.via. @param service index in the plan */
export function causeOf(kind: CauseKind, service: number): number {
  return 1 + service * 4 + kind;
}

/** What a value of FactBatch.via says; undefined: the fault itself. */
export function readCause(via: number): { readonly kind: CauseKind; readonly service: number } | undefined {
  return via === CAUSE_FAULT ? undefined : { kind: ((via - 1) & 3) as CauseKind, service: (via - 1) >> 2 };
}

/** `isSlower` and FactFlag.changed in words. */
export const readableEffectSize =
  "a request that ended otherwise, went on without an answer, or would not have been; or took longer by more than 1 ms and 1 %";

/** A fault made it longer by more than this: what a user or a monitor could tell. */
export function isSlower(delay: number, duration: number): boolean {
  return delay > MILLISECOND && delay > (duration - delay) / 100;
}

/** Whether a fault had an effect on the request or call of this row, above the size that counts. */
export function hasEffect(batch: FactBatch, row: number): boolean {
  return batch.fault[row]! > 0 &&
    ((batch.flags[row]! & FactFlag.changed) !== 0 ||
      isSlower(batch.delay[row]!, batch.time[row]! - batch.start[row]!));
}

/** The deepest chain of calls in one trace; a deeper call fails with status 508. Alibaba's deepest graphs have about 40. */
export const CALL_DEPTH_MAX = 100;

/** A growable batch of facts. The engine appends, everyone else reads rows 0 to `length`. */
export class FactBatch {
  length = 0;
  kind: Uint8Array;
  outcome: Uint8Array;
  causeOutcome: Uint8Array;
  flags: Uint16Array;
  /** An HTTP status; 0 when there was no answer. */
  status: Uint16Array;
  /** 1 for the first. */
  attempt: Uint16Array;
  workload: Uint16Array;
  /** Index of the service: the callee's for a request, the caller's for a call (of no meaning for a journey's). */
  service: Uint16Array;
  /** Index within its service, from 0: the callee's for a request, the caller's for a call. */
  replica: Uint16Array;
  /** The replica at the other end. */
  peer: Uint16Array;
  /** Index in Plan.endpoints: the callee's for request and call; where it stands for log. */
  endpoint: Int32Array;
  /** request, call: index in Plan.sites. log: index in Plan.logs. */
  site: Int32Array;
  cause: Int32Array;
  vu: Uint32Array;
  /** Number of the iteration within its workload, from 0. */
  iteration: Float64Array;
  /** When it happened: for request, call and iteration the end. Rows are in this order. */
  time: Float64Array;
  start: Float64Array;
  /** request: time in the queue. call: pause before the next attempt. vus, station: see FactKind. */
  wait: Float64Array;
  /** request: the own work it was given, faults included. call: how long it took to get a connection. dropped, vus, station, arrival: see FactKind. */
  extra: Float64Array;
  /** Four words a row, most significant first. */
  trace: Uint32Array;
  /** Two words a row: request the SERVER span, call the CLIENT span, log the span that it stands in. */
  span: Uint32Array;
  /** Two words a row: the parent span; both 0 for a root. */
  parent: Uint32Array;
  /** Two words a row: the iteration that it belongs to. The attributes of its context are drawn from it. */
  context: Uint32Array;
  /** Two words a row: what was asked, the same at any start time and for all attempts. Attributes are drawn from it. */
  key: Uint32Array;
  /** request, call: index in Plan.faults, + 1, of the fault that did the most to it; 0 when none has touched it. */
  fault: Uint16Array;
  /** From where that came: CAUSE_FAULT or `causeOf`. */
  via: Int32Array;
  /** How much longer it took because of faults, in nanoseconds; 0 for one that would not have been. station: see FactKind. */
  delay: Float64Array;
  /** request: when a fault first touched it. */
  since: Float64Array;

  constructor(capacity = 4096) {
    this.kind = new Uint8Array(capacity);
    this.outcome = new Uint8Array(capacity);
    this.causeOutcome = new Uint8Array(capacity);
    this.flags = new Uint16Array(capacity);
    this.status = new Uint16Array(capacity);
    this.attempt = new Uint16Array(capacity);
    this.workload = new Uint16Array(capacity);
    this.service = new Uint16Array(capacity);
    this.replica = new Uint16Array(capacity);
    this.peer = new Uint16Array(capacity);
    this.endpoint = new Int32Array(capacity);
    this.site = new Int32Array(capacity);
    this.cause = new Int32Array(capacity);
    this.vu = new Uint32Array(capacity);
    this.iteration = new Float64Array(capacity);
    this.time = new Float64Array(capacity);
    this.start = new Float64Array(capacity);
    this.wait = new Float64Array(capacity);
    this.extra = new Float64Array(capacity);
    this.trace = new Uint32Array(capacity * 4);
    this.span = new Uint32Array(capacity * 2);
    this.parent = new Uint32Array(capacity * 2);
    this.context = new Uint32Array(capacity * 2);
    this.key = new Uint32Array(capacity * 2);
    this.fault = new Uint16Array(capacity);
    this.via = new Int32Array(capacity);
    this.delay = new Float64Array(capacity);
    this.since = new Float64Array(capacity);
  }

  /** Adds a row of zeros with this kind and time, and gives its index. */
  append(kind: FactKind, time: Nanos): number {
    const row = this.reserve(kind, time);
    this.outcome[row] = 0;
    this.causeOutcome[row] = 0;
    this.flags[row] = 0;
    this.status[row] = 0;
    this.attempt[row] = 0;
    this.workload[row] = 0;
    this.service[row] = 0;
    this.replica[row] = 0;
    this.peer[row] = 0;
    this.endpoint[row] = -1;
    this.site[row] = -1;
    this.cause[row] = -1;
    this.vu[row] = 0;
    this.iteration[row] = 0;
    this.start[row] = time;
    this.wait[row] = 0;
    this.extra[row] = 0;
    this.trace[row * 4] =
      this.trace[row * 4 + 1] =
      this.trace[row * 4 + 2] =
      this.trace[row * 4 + 3] =
        0;
    this.span[row * 2] = this.span[row * 2 + 1] = 0;
    this.parent[row * 2] = this.parent[row * 2 + 1] = 0;
    this.context[row * 2] = this.context[row * 2 + 1] = 0;
    this.key[row * 2] = this.key[row * 2 + 1] = 0;
    // The other columns of faults mean nothing where this is 0.
    this.fault[row] = 0;
    this.delay[row] = 0;
    return row;
  }

  /** Adds a row with this kind and time, whose other columns hold anything: whoever takes it sets them all. */
  reserve(kind: FactKind, time: Nanos): number {
    if (this.length === this.kind.length) this.#grow();
    const row = this.length++;
    this.kind[row] = kind;
    this.time[row] = time;
    return row;
  }

  clear(): void {
    this.length = 0;
  }

  #grow(): void {
    const larger = new FactBatch(this.kind.length * 2);
    for (const column of COLUMNS) larger[column].set(this[column]);
    const length = this.length;
    Object.assign(this, larger, { length });
  }
}

const COLUMNS = [
  "kind",
  "outcome",
  "causeOutcome",
  "flags",
  "status",
  "attempt",
  "workload",
  "service",
  "replica",
  "peer",
  "endpoint",
  "site",
  "cause",
  "vu",
  "iteration",
  "time",
  "start",
  "wait",
  "extra",
  "trace",
  "span",
  "parent",
  "context",
  "key",
  "fault",
  "via",
  "delay",
  "since",
] as const satisfies readonly (keyof FactBatch)[];
