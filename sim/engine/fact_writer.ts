// Writes what happened as rows of facts.

import { hashText, uniform } from "../base/draws.ts";
import type { Nanos } from "../base/time.ts";
import { Change, type FactBatch, FactFlag, FactKind, Outcome } from "../plan/facts.ts";
import type { CallSite } from "../plan/plan.ts";
import type { PlanCache, PlanLock, PlanSubscription } from "../plan/state.ts";
import { type Frame, FrameState } from "./frame.ts";
import type { MemoryUse } from "./memory.ts";
import type { Station } from "./station.ts";
import { tellCall, tellLog, tellRequest } from "./taint.ts";
import type { Vu, WorkloadState } from "./workload.ts";

const SALT_SPAN_LOST = hashText("span lost");
const SALT_LINE_LOST = hashText("line lost");

/** Chances that what a replica tells does not arrive. */
export interface Loss {
  readonly spans: number;
  readonly lines: number;
}

/** What time it is, and who the VUs are. */
export interface Clock {
  readonly now: Nanos;
  readonly vus: readonly Vu[];
}

/** Every method appends one row to `batch`, or one for each workload or station. Outcomes are plan/facts.ts's. */
export class FactWriter {
  /** Set before each step. */
  batch!: FactBatch;
  /** By service, then by replica; undefined: everything arrives, which is what is asked first. */
  losses: (Loss | undefined)[][] | undefined;
  readonly #core: Clock;

  constructor(core: Clock) {
    this.#core = core;
  }

  iteration(frame: Frame, outcome: number): void {
    const batch = this.batch;
    const row = batch.append(FactKind.iteration, this.#core.now);
    batch.workload[row] = frame.workload;
    batch.vu[row] = this.#core.vus[frame.vu]!.number;
    batch.iteration[row] = frame.iteration;
    batch.start[row] = frame.start;
    batch.outcome[row] = outcome;
  }

  dropped(workload: number, iteration: number, count: number): void {
    const batch = this.batch;
    const row = batch.append(FactKind.dropped, this.#core.now);
    batch.workload[row] = workload;
    batch.iteration[row] = iteration;
    batch.extra[row] = count;
  }

  arrival(workload: number, started: boolean): void {
    const batch = this.batch;
    const row = batch.append(FactKind.arrival, this.#core.now);
    batch.workload[row] = workload;
    batch.extra[row] = started ? 1 : 0;
  }

  /** @param fault that has it written, + 1; 0 for none */
  log(request: Frame, site: number, fault = 0): void {
    const batch = this.batch;
    const row = this.#within(request, FactKind.log);
    batch.site[row] = site;
    if (fault !== 0 || request.marks !== undefined) tellLog(batch, row, request, fault);
    if (this.losses !== undefined) this.#lose(row);
  }

  /** An attempt of the call that a strand waits for. @param pause before the next attempt; none when negative */
  call(
    strand: Frame,
    site: CallSite,
    outcome: number,
    status: number,
    cause: number,
    flags: number,
    pause: number,
  ): void {
    const batch = this.batch;
    const row = batch.reserve(FactKind.call, this.#core.now);
    const { root } = strand;
    this.#identify(row, site.journey >= 0 ? strand : root);
    batch.start[row] = strand.callStart;
    batch.outcome[row] = outcome;
    batch.status[row] = status;
    batch.cause[row] = cause;
    batch.causeOutcome[row] = batch.fault[row] = batch.delay[row] = 0;
    batch.attempt[row] = strand.callAttempt;
    batch.site[row] = site.index;
    batch.endpoint[row] = site.callee;
    if (strand.callPeer < 0) flags |= FactFlag.unsent;
    batch.peer[row] = strand.callPeer < 0 ? 0 : strand.callPeer;
    batch.wait[row] = pause > 0 ? pause : 0;
    batch.extra[row] = strand.callWaited;
    batch.key[row * 2] = strand.callHigh;
    batch.key[row * 2 + 1] = strand.callLow;
    batch.flags[row] = flags;
    if (strand.marks !== undefined) tellCall(batch, row, strand, strand.marks, outcome !== Outcome.ok);
    if (site.journey >= 0) {
      batch.flags[row]! |= FactFlag.journey;
      batch.span[row * 2] =
        batch.span[row * 2 + 1] =
        batch.parent[row * 2] =
        batch.parent[row * 2 + 1] =
          0;
      return;
    }
    batch.span[row * 2] = strand.clientHigh;
    batch.span[row * 2 + 1] = strand.clientLow;
    batch.parent[row * 2] = root.spanHigh;
    batch.parent[row * 2 + 1] = root.spanLow;
    if (this.losses !== undefined) this.#lose(row);
  }

  /** @param wait its time in the queue, where the outcome gives it no other meaning */
  request(
    request: Frame,
    outcome: number,
    status: number,
    cause: number,
    causeOutcome: number,
    abandoned: boolean,
    wait = (request.state === FrameState.queued ? this.#core.now : request.begun) - request.start,
  ): void {
    const batch = this.batch;
    if (request.link !== undefined) this.#link(request.link);
    const row = batch.reserve(FactKind.request, this.#core.now);
    this.#identify(row, request);
    batch.start[row] = request.start;
    batch.wait[row] = wait;
    batch.extra[row] = request.workSpent;
    batch.outcome[row] = outcome;
    batch.status[row] = status;
    batch.cause[row] = cause;
    batch.causeOutcome[row] = causeOutcome;
    batch.attempt[row] = request.attempt;
    batch.site[row] = request.site;
    batch.endpoint[row] = request.endpoint;
    batch.peer[row] = request.callerReplica;
    batch.flags[row] = (abandoned ? FactFlag.abandoned : 0) | (request.link !== undefined ? FactFlag.linked : 0);
    batch.fault[row] = batch.delay[row] = 0;
    if (request.marks !== undefined) tellRequest(batch, row, request.marks);
    this.#serverSpan(row, request);
    if (this.losses !== undefined) this.#lose(row);
  }

  /**
   * @param change a Change; the meaning of the rest is its own
   * @returns the row, for what else it says
   */
  change(
    change: number,
    service: number,
    replica: number,
    start: Nanos,
    wait: number,
    attempt = 0,
  ): number {
    const batch = this.batch;
    const row = batch.append(FactKind.change, this.#core.now);
    batch.outcome[row] = change;
    batch.service[row] = service;
    batch.replica[row] = replica;
    batch.start[row] = start;
    batch.wait[row] = wait;
    batch.attempt[row] = attempt;
    if (this.losses !== undefined) this.#lose(row);
    return row;
  }

  /** What a caller thinks of its callee changed with the end of a call, or with an attempt. See Change for the rest. */
  callerChange(
    change: number,
    strand: Frame,
    site: CallSite,
    peer: number,
    wait: number,
    extra: number,
    status: number,
  ): void {
    const batch = this.batch;
    const row = batch.append(FactKind.change, this.#core.now);
    this.#identify(row, site.journey >= 0 ? strand : strand.root);
    batch.outcome[row] = change;
    batch.site[row] = site.index;
    batch.endpoint[row] = site.callee;
    batch.peer[row] = peer;
    batch.wait[row] = wait;
    batch.extra[row] = extra;
    batch.status[row] = status;
    if (site.journey >= 0) batch.flags[row] = FactFlag.journey;
    else {
      batch.span[row * 2] = strand.root.spanHigh;
      batch.span[row * 2 + 1] = strand.root.spanLow;
    }
  }

  /** A replica that a caller had ejected is used again. @param service the caller's; -1 for the users */
  returned(service: number, replica: number, site: CallSite, peer: number): void {
    const batch = this.batch;
    const row = batch.append(FactKind.change, this.#core.now);
    batch.outcome[row] = Change.returned;
    batch.site[row] = site.index;
    batch.endpoint[row] = site.callee;
    batch.peer[row] = peer;
    if (service < 0) batch.flags[row] = FactFlag.journey;
    else {
      batch.service[row] = service;
      batch.replica[row] = replica;
    }
  }

  fault(fault: number, begins: boolean): void {
    const batch = this.batch;
    const row = batch.append(FactKind.fault, this.#core.now);
    batch.cause[row] = fault;
    batch.outcome[row] = begins ? 1 : 0;
  }

  cache(root: Frame, { index }: PlanCache, replica: number, hit: boolean): void {
    const batch = this.batch;
    const row = this.#within(root, FactKind.cache);
    batch.site[row] = index;
    batch.peer[row] = replica;
    batch.extra[row] = hit ? 1 : 0;
  }

  /** @param since when it was asked for */
  lock(root: Frame, lock: PlanLock, since: number, outcome: number, high: number, low: number): void {
    const batch = this.batch;
    const row = this.#within(root, FactKind.lock);
    batch.parent[row * 2] = root.spanHigh;
    batch.parent[row * 2 + 1] = root.spanLow;
    batch.span[row * 2] = high;
    batch.span[row * 2 + 1] = low;
    batch.site[row] = lock.index;
    batch.outcome[row] = outcome;
    batch.start[row] = since;
    batch.wait[row] = this.#core.now - since;
  }

  /** A request has the lock of a fault, or waited for it in vain. */
  contention(request: Frame, fault: number, since: number, outcome: number): void {
    const batch = this.batch;
    const row = this.#within(request, FactKind.lock);
    tellLog(batch, row, request, fault + 1);
    if (this.losses !== undefined) this.#lose(row);
    batch.cause[row] = fault;
    batch.outcome[row] = outcome;
    batch.start[row] = since;
    batch.wait[row] = this.#core.now - since;
  }

  /** @param sent when the message was */
  delivery(request: Frame, { index }: PlanSubscription, outcome: number, sent: number): void {
    const batch = this.batch;
    const row = batch.append(FactKind.delivery, this.#core.now);
    this.#identify(row, request);
    batch.endpoint[row] = request.endpoint;
    batch.site[row] = index;
    batch.outcome[row] = outcome;
    batch.attempt[row] = request.attempt;
    batch.wait[row] = this.#core.now - sent;
  }

  lag({ index, service }: PlanSubscription, lag: number): void {
    const batch = this.batch;
    const row = batch.append(FactKind.lag, this.#core.now);
    batch.service[row] = service;
    batch.site[row] = index;
    batch.extra[row] = lag;
  }

  replicas(service: number, listening: number, wanted: number): void {
    const batch = this.batch;
    const row = batch.append(FactKind.replicas, this.#core.now);
    batch.service[row] = service;
    batch.extra[row] = listening;
    batch.wait[row] = wanted;
  }

  /** @param pool position in SharedStates.pools */
  pool(service: number, replica: number, pool: number, busy: number, idle: number, waiting: number): void {
    const batch = this.batch;
    const row = batch.append(FactKind.pool, this.#core.now);
    batch.service[row] = service;
    batch.replica[row] = replica;
    batch.site[row] = pool;
    batch.extra[row] = busy;
    batch.start[row] = idle;
    batch.wait[row] = waiting;
  }

  /** Adds a row about something that happens within a request, under its span. */
  #within(request: Frame, kind: FactKind): number {
    const row = this.batch.append(kind, this.#core.now);
    this.traceOf(row, request);
    this.batch.endpoint[row] = request.endpoint;
    return row;
  }

  /** Puts a row into the trace of a request, and under its span. */
  traceOf(row: number, request: Frame): void {
    this.#identify(row, request);
    this.#serverSpan(row, request);
  }

  #link({ trace0, trace1, trace2, trace3, spanHigh, spanLow, attempt, turns }: Frame): void {
    const batch = this.batch;
    const row = batch.append(FactKind.link, this.#core.now);
    batch.trace[row * 4] = trace0;
    batch.trace[row * 4 + 1] = trace1;
    batch.trace[row * 4 + 2] = trace2;
    batch.trace[row * 4 + 3] = trace3;
    batch.span[row * 2] = spanHigh;
    batch.span[row * 2 + 1] = spanLow;
    batch.wait[row] = attempt;
    batch.extra[row] = turns[0]!;
  }

  /** Something changed about a replica. Gives the row, for the columns that not every change has. */
  replicaChange(what: Change, service: number, replica: number, extra = 0, wait = 0): number {
    const batch = this.batch;
    const row = batch.append(FactKind.change, this.#core.now);
    batch.outcome[row] = what;
    batch.service[row] = service;
    batch.replica[row] = replica;
    batch.extra[row] = extra;
    batch.wait[row] = wait;
    return row;
  }

  samples(workloads: readonly WorkloadState[], stations: readonly Station[], memory: MemoryUse): void {
    const batch = this.batch;
    for (const state of workloads) {
      const { load } = state.plan;
      const row = batch.append(FactKind.vus, this.#core.now);
      batch.workload[row] = state.plan.index;
      batch.wait[row] = load.type === "open" || state.loadEnded
        ? state.vusRunning
        : Math.max(state.vusTarget, state.vusRunning);
      batch.extra[row] = load.type === "closed" ? load.vusMax : state.vus.length;
      batch.start[row] = state.startTime;
    }
    for (const station of stations) {
      const row = batch.append(FactKind.station, this.#core.now);
      batch.service[row] = station.service;
      batch.replica[row] = station.replica;
      batch.wait[row] = station.queued;
      batch.extra[row] = station.busy;
      batch.start[row] = station.busyTime(this.#core.now);
      batch.delay[row] = memory.used(station);
      if (!station.life.listens) batch.flags[row] = FactFlag.down;
    }
  }

  /** Marks what of a row does not arrive. */
  #lose(row: number): void {
    const batch = this.batch;
    const loss = this.losses?.[batch.service[row]!]?.[batch.replica[row]!];
    if (loss === undefined) return;
    const high = batch.span[row * 2]! | 0, low = batch.span[row * 2 + 1]! | 0;
    let flags = batch.flags[row]!;
    if (uniform(high, low, SALT_SPAN_LOST) < loss.spans) flags |= FactFlag.spanLost;
    // A request may have several lines in one span.
    if (uniform(high ^ batch.time[row]!, low, SALT_LINE_LOST) < loss.lines) flags |= FactFlag.lineLost;
    batch.flags[row] = flags;
  }

  /** Whose fact it is, and in which trace. */
  #identify(row: number, frame: Frame): void {
    const batch = this.batch;
    batch.workload[row] = frame.workload;
    batch.vu[row] = this.#core.vus[frame.vu]!.number;
    batch.iteration[row] = frame.iteration;
    batch.service[row] = frame.service;
    batch.replica[row] = frame.replica;
    batch.context[row * 2] = frame.root.contextHigh;
    batch.context[row * 2 + 1] = frame.root.contextLow;
    batch.trace[row * 4] = frame.trace0;
    batch.trace[row * 4 + 1] = frame.trace1;
    batch.trace[row * 4 + 2] = frame.trace2;
    batch.trace[row * 4 + 3] = frame.trace3;
  }

  #serverSpan(row: number, request: Frame): void {
    const batch = this.batch;
    batch.span[row * 2] = request.spanHigh;
    batch.span[row * 2 + 1] = request.spanLow;
    batch.parent[row * 2] = request.parentSpanHigh;
    batch.parent[row * 2 + 1] = request.parentSpanLow;
    batch.key[row * 2] = request.askedHigh;
    batch.key[row * 2 + 1] = request.askedLow;
  }
}
