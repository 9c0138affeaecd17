// One strand of work in the engine, pooled: an iteration of a journey, a request at a service, or a branch of one of
// them. A strand does one thing at a time (it queues, works, pauses, or waits for one call), so the state of its
// current call is part of it.

import { FOREVER, type Nanos } from "../base/time.ts";
import type { Program } from "../plan/plan.ts";
import type { Held } from "./held.ts";
import type { Marks } from "./taint.ts";

export const FrameKind = {
  free: 0,
  iteration: 1,
  request: 2,
  branch: 3,
  /** A message on its way through its handler: the caller of that request. */
  delivery: 4,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export const FrameState = {
  transit: 0,
  queued: 1,
  running: 2,
  working: 3,
  calling: 4,
  pausing: 5,
  joining: 6,
  /** Its own attempt of a call has failed, and another one is under way beside it. */
  hedging: 10,
  /** For another strand that fetches the same entry of a cache. */
  waiting: 13,
  /** For a row. */
  locked: 14,
} as const;
export type FrameState = (typeof FrameState)[keyof typeof FrameState];

/** What an attempt of a call holds of its caller's, or waits for, as a set of bits. */
export const CallHold = {
  breaker: 1,
  bulkhead: 2,
  bulkheadLine: 4,
  connection: 8,
  poolLine: 16,
  /** It counts as under way to `callPeer`. */
  sent: 32,
} as const;

const NO_TIME = 0 as Nanos;

/** Halves of 64-bit keys and ids are signed 32-bit integers, which the runtime keeps unboxed. */
export class Frame {
  /** Rises when the frame stops waiting for something and when it is released: an event that carries an older one is void. */
  generation = 0;
  kind: FrameKind = FrameKind.free;
  state: FrameState = FrameState.transit;

  workload = 0;
  vu = 0;
  iteration = 0;
  depth = 0;
  program: Program = [];
  pc = 0;

  /** The strand that waits for this one: a request's caller, a branch's owner; -1 for none. */
  parent = -1;
  parentGeneration = 0;
  /** The request or iteration that a branch belongs to; the frame itself otherwise. */
  root: Frame = this;

  /** Request: index in Plan.endpoints; -1 for an iteration. */
  endpoint = -1;
  service = 0;
  replica = 0;
  callerReplica = 0;
  site = -1;
  attempt = 1;

  keyHigh = 0;
  keyLow = 0;
  /** Iteration and request: the key of the iteration's context. */
  contextHigh = 0;
  contextLow = 0;
  /** Request: the key of the call that made it, the same for all its attempts: a retry repeats what the caller asked. */
  askedHigh = 0;
  askedLow = 0;
  trace0 = 0;
  trace1 = 0;
  trace2 = 0;
  trace3 = 0;
  spanHigh = 0;
  spanLow = 0;
  parentSpanHigh = 0;
  parentSpanLow = 0;

  /** When the request reached the service, or the iteration began. */
  start: Nanos = NO_TIME;
  /** When a worker took it up. */
  begun: Nanos = NO_TIME;
  /** How long it waits in the queue before it gives up, and before the queue's discipline drops it. */
  patience = 0;
  dropsAfter = 0;
  /** Own work of the endpoint's latency, multiplied by faults; and what faults add to it. */
  ownWork = 0;
  addedWork = 0;
  workSpent = 0;
  /** Request: when its caller will wait no more, as far as the caller has said so. */
  deadline: Nanos = FOREVER;
  /** It has spent work, so what it fails with of its own accord has taken effect. */
  worked = false;
  /** Index of the endpoint's variant that is in force; -1 for none. */
  variant = -1;
  /** Index in Plan.failures of what it will fail with; -1 for none. */
  failure = -1;

  outcome = 0;
  cause = -1;
  causeOutcome = 0;
  status = 0;

  /** Branches of the current fork that have not ended. */
  branches = 0;
  /** One of them left the journey: when all have ended, its owner leaves as well. */
  leaving = false;
  /** Slots of all branches of the current fork; some may have ended, and serve another by now. */
  readonly forked: number[] = [];
  /** How one of them failed: an Outcome, 0 for none. */
  branchOutcome = 0;
  branchCause = -1;
  branchCauseOutcome = 0;
  branchStatus = 0;

  /** The turn and the number of turns of each `repeat` that encloses the strand's position, outermost first. */
  readonly turns: number[] = [];
  readonly turnsTotal: number[] = [];

  /** The keys of the cache steps around the strand's position, outermost first. */
  readonly cacheKeys: number[] = [];
  /** What the cache said to its last answer. */
  cacheHit = false;
  /** What it holds that others may wait for, and what it waits for itself. */
  readonly held: Held[] = [];
  waitsFor: Held | undefined;
  /** A message's request: what its span links to. */
  link: Frame | undefined;

  callSite = -1;
  /** The number of this attempt, hedges counted; of this try, without them; and how many attempts have been sent. */
  callAttempt = 0;
  callTry = 0;
  callsSent = 0;
  callDeadline: Nanos = FOREVER;
  callStart: Nanos = NO_TIME;
  /** The replica that the attempt goes to; -1 as long as it has not left. */
  callPeer = 0;
  /** The key of the call without its attempts, and that of the current attempt. */
  callHigh = 0;
  callLow = 0;
  attemptHigh = 0;
  attemptLow = 0;
  clientHigh = 0;
  clientLow = 0;
  /** Request on its way: how often a partition has swallowed it. */
  resends = 0;
  responseStatus = 0;
  responseOutcome = 0;
  responseCause = -1;
  /** Index in Plan.failures of the fault that cuts the call's connection. */
  cutCause = -1;
  /** Request: what a fault of the network has in store for its answer: Harm.answerLost, Harm.reset, or 0; and its cause. */
  harm = 0;
  harmCause = -1;
  /** Slot of the request that the attempt made, which may have ended. */
  callRequest = -1;
  /** A set of CallHold. */
  callHolds = 0;
  breakerEpoch = 0;
  connectStart: Nanos = NO_TIME;
  /** How long it took to get a connection: waiting for one, and setting it up. */
  callWaited: Nanos = NO_TIME;
  /** Branch: it is an attempt of its parent's call, and runs no program. */
  isHedge = false;
  /** Further attempts of the current call: under way, and sent in this try. */
  hedges = 0;
  hedgesSent = 0;

  /** What faults have made of it; undefined: nothing. */
  marks: Marks | undefined;
  /** Marks to be used when a fault touches it. */
  spareMarks: Marks | undefined;
  /** When it would go on after its branches without the faults, as far as they have ended. */
  joins = 0;
  /** When its current work ends; where its replica's cores decide that, 0. */
  workEnds = 0;
  /** The time that faults had taken from its replica's cores when its work began; -1: it has none of them. */
  lostFrom = -1;

  constructor(readonly slot: number) {}

  /** Sets everything that a new use must find neutral; who takes the frame sets the rest. */
  reset(kind: FrameKind, program: Program): void {
    this.kind = kind;
    this.state = FrameState.transit;
    this.program = program;
    this.pc = 0;
    this.parent = -1;
    this.root = this;
    this.worked = false;
    this.failure = -1;
    this.harm = 0;
    this.variant = -1;
    this.ownWork = 0;
    this.addedWork = 0;
    this.workSpent = 0;
    this.deadline = FOREVER;
    this.outcome = 0;
    this.cause = -1;
    this.causeOutcome = 0;
    this.status = 0;
    this.branches = 0;
    this.branchOutcome = 0;
    // Setting a length costs more than looking at it.
    if (this.turns.length > 0) this.turns.length = this.turnsTotal.length = 0;
    this.callSite = -1;
    this.callRequest = -1;
    this.callHolds = 0;
    this.callWaited = NO_TIME;
    this.isHedge = false;
    this.hedges = 0;
    if (this.cacheKeys.length > 0) this.cacheKeys.length = 0;
    if (this.held.length > 0) this.held.length = 0;
    this.waitsFor = undefined;
    this.link = undefined;
    this.marks = undefined;
  }
}

/** All frames ever made, and those that are free. */
export class FramePool {
  readonly frames: Frame[] = [];
  readonly #free: Frame[] = [];

  take(kind: FrameKind, program: Program): Frame {
    let frame = this.#free.pop();
    if (frame === undefined) {
      frame = new Frame(this.frames.length);
      this.frames.push(frame);
    }
    frame.reset(kind, program);
    return frame;
  }

  release(frame: Frame): void {
    frame.generation = (frame.generation + 1) | 0;
    frame.kind = FrameKind.free;
    this.#free.push(frame);
  }

  get inUse(): number {
    return this.frames.length - this.#free.length;
  }
}
