// Calls, seen from the caller: attempts, answers, time-outs, retries.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import { FOREVER, type Nanos, nanos } from "../base/time.ts";
import { Harm } from "../faults/fault.ts";
import { CALL_DEPTH_MAX, FactFlag, Outcome } from "../plan/facts.ts";
import type { CallSite } from "../plan/plan.ts";
import { isHeldBack, isRetried } from "../plan/policies.ts";
import { SALT_REPLICA } from "./balancer.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";
import { wireTime } from "./wire.ts";

const SALT_CLIENT = hashText("client span");
const SALT_SERVER = hashText("server span");
const SALT_TRACE_HIGH = hashText("trace id, high half");
const SALT_TRACE_LOW = hashText("trace id, low half");
const SALT_PROBABILITY = hashText("call probability");
const SALT_BACKOFF = hashText("backoff jitter");
const SALT_NETWORK_OUT = hashText("network there");
const SALT_ATTEMPT = hashText("attempt");

/** Statuses that a caller gives when a call of its own failed (design §3). */
const STATUS_TIMEOUT = 504;
const STATUS_REFUSED = 503;
const STATUS_BAD_GATEWAY = 502;
const STATUS_LOOP = 508;
/** nginx's, for a client that has closed the request. */
const STATUS_CANCELLED = 499;

export class Calls {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Begins a call. Gives false when it is skipped, so that the strand goes on. */
  begin(frame: Frame, site: CallSite): boolean {
    this.#core.strands.strandKey(frame);
    mix(mixed.high, mixed.low, site.salt);
    frame.callHigh = mixed.high;
    frame.callLow = mixed.low;
    if (site.where !== undefined && !this.#core.matches(site.where, frame)) {
      // The operation after a call with a fallback jumps over the fallback.
      frame.pc++;
      return false;
    }
    if (site.probability < 1 && uniform(frame.callHigh, frame.callLow, SALT_PROBABILITY) >= site.probability) {
      // The operation after a call with a fallback jumps over the fallback.
      frame.pc++;
      return false;
    }
    frame.callSite = site.index;
    frame.callTry = 0;
    frame.callsSent = 0;
    frame.callDeadline = (this.#core.now + site.deadline) as Nanos;
    if (site.policies !== undefined && site.policies.propagateDeadline) {
      frame.callDeadline = Math.min(frame.callDeadline, frame.root.deadline) as Nanos;
    }
    this.attempt(frame);
    return true;
  }

  attempt(frame: Frame): void {
    const number = ++frame.callTry;
    frame.callAttempt = ++frame.callsSent;
    frame.hedgesSent = 0;
    if (number > 1) mix(frame.callHigh, frame.callLow, (SALT_ATTEMPT + number) | 0);
    else {
      mixed.high = frame.callHigh;
      mixed.low = frame.callLow;
    }
    let site = this.#core.plan.sites[frame.callSite]!;
    if (site.standby !== undefined && this.#core.faultWorld.isFailedOver(site)) {
      site = this.#core.plan.sites[site.standby]!;
      frame.callSite = site.index;
      this.#core.taint?.callsStandby(frame);
    }
    this.start(frame, site, mixed.high, mixed.low);
    if (site.policies?.hedge !== undefined) this.#core.hedges.arm(frame, site.policies.hedge.after);
  }

  /** An attempt with this key begins: it is sent, or waits for what its policies ask for. */
  start(frame: Frame, site: CallSite, high: number, low: number): void {
    frame.state = FrameState.calling;
    frame.callStart = this.#core.now;
    frame.attemptHigh = high;
    frame.attemptLow = low;
    mix(high, low, SALT_CLIENT ^ this.#core.startSalt);
    frame.clientHigh = mixed.high;
    frame.clientLow = mixed.low;

    // A journey's step begins a trace, which its attempts share.
    if (site.journey >= 0) this.#beginTrace(frame);

    const limit = Math.min(this.#core.now + site.timeout, frame.callDeadline) as Nanos;
    frame.callRequest = -1;
    frame.cutCause = -1;
    frame.callPeer = -1;
    frame.callHolds = 0;
    frame.callWaited = 0 as Nanos;
    if (frame.marks !== undefined) this.#core.taint?.attemptStarts(frame);
    // A deadline that travels with the call may have passed while its caller worked.
    if (limit < this.#core.now) return this.answer(frame, Outcome.timeout, 0, -1, 0 as Nanos);
    // An answer that comes just in time is in time.
    if (limit < FOREVER) this.#core.events.scheduleLate(limit, Event.timeout, frame.slot, frame.generation);
    if (site.policies === undefined || this.#core.policies.begin(frame, site, site.policies)) this.send(frame, site);
  }

  /** An attempt leaves its caller. */
  send(frame: Frame, site: CallSite): void {
    const callee = this.#core.plan.endpoints[site.callee]!;
    const { root, callAttempt: attempt, attemptHigh: high, attemptLow: low } = frame;
    const eligible = this.#core.fleet.eligible(callee.service);
    if (site.cache !== undefined) frame.callPeer = this.#core.caches.shard(frame, callee.service);
    else if (site.policies === undefined || eligible.length === 0) {
      const choice = eligible.length <= 1 ? 0 : Math.floor(uniform(high, low, SALT_REPLICA) * eligible.length);
      frame.callPeer = eligible[choice]?.replica ?? 0;
    } else frame.callPeer = this.#core.policies.choose(frame, site, site.policies);

    const failure = this.#core.knobs.turn(site.faults, frame.callPeer, high, low, frame);
    const { knobs } = this.#core.knobs;
    let delay = knobs.added, byFaults = knobs.added;
    if (site.network !== undefined) {
      const network = site.network.sample(uniform(high, low, SALT_NETWORK_OUT));
      delay += network * knobs.factor;
      byFaults += network * (knobs.factor - 1);
    }
    const harm = failure < 0 ? Harm.error : this.#core.knobs.harm;
    if (harm === Harm.lost) {
      this.#core.taint?.lost(frame, site, this.#core.knobs);
      return;
    }
    if (harm === Harm.reset) {
      const { cutAfter } = this.#core.knobs;
      if (cutAfter < Infinity) {
        frame.cutCause = failure;
        this.#core.schedule((this.#core.now + nanos(cutAfter)) as Nanos, Event.cut, frame.slot, frame.generation);
      }
    } else if (failure >= 0 && harm !== Harm.answerLost) {
      this.answer(frame, Outcome.aborted, this.#core.plan.failures[failure]!.status, failure, nanos(delay));
      this.#core.taint?.aborted(frame, this.#core.knobs, site);
      return;
    }
    if (site.faults.length > 0) {
      const wire = wireTime(knobs, callee.size.request, high, low, false);
      delay += wire;
      byFaults += wire;
    }
    if (frame.depth >= CALL_DEPTH_MAX) {
      this.answer(frame, Outcome.tooDeep, STATUS_LOOP, -1, nanos(delay));
      return;
    }

    // Without a replica on the list the service's address refuses connections, as a Service without endpoints does.
    if (eligible.length === 0) {
      this.answer(frame, Outcome.aborted, 0, -1, nanos(delay));
      this.#core.taint?.findsNobody(frame, site, callee.service);
      return;
    }

    const request = this.#core.pool.take(FrameKind.request, callee.program);
    this.#core.states[frame.workload]!.alive++;
    request.parent = frame.slot;
    request.parentGeneration = frame.generation;
    request.workload = frame.workload;
    request.vu = frame.vu;
    request.iteration = frame.iteration;
    request.depth = frame.depth + 1;
    request.endpoint = callee.index;
    request.service = callee.service;
    request.replica = frame.callPeer;
    request.callerReplica = frame.replica;
    request.site = site.index;
    request.attempt = attempt;
    request.harm = harm;
    request.harmCause = failure;
    frame.callRequest = request.slot;
    if (site.policies !== undefined && site.policies.propagateDeadline) {
      request.deadline = Math.min(frame.callStart + site.timeout, frame.callDeadline) as Nanos;
    }
    if (site.cache !== undefined) request.cacheKeys.push(frame.cacheKeys.at(-1)!);
    request.keyHigh = high;
    request.keyLow = low;
    request.askedHigh = frame.callHigh;
    request.askedLow = frame.callLow;
    request.contextHigh = root.contextHigh;
    request.contextLow = root.contextLow;
    const origin = site.journey >= 0 ? frame : root;
    request.trace0 = origin.trace0;
    request.trace1 = origin.trace1;
    request.trace2 = origin.trace2;
    request.trace3 = origin.trace3;
    if (site.journey >= 0) {
      request.parentSpanHigh = 0;
      request.parentSpanLow = 0;
    } else {
      const callerHasSpans = this.#core.plan.services[root.service]!.kind === "service";
      request.parentSpanHigh = callerHasSpans ? frame.clientHigh : root.spanHigh;
      request.parentSpanLow = callerHasSpans ? frame.clientLow : root.spanLow;
    }
    if (this.#core.plan.services[callee.service]!.kind === "service") {
      mix(high, low, SALT_SERVER ^ this.#core.startSalt);
      request.spanHigh = mixed.high;
      request.spanLow = mixed.low;
    } else {
      // Without a span of its own it stands in its caller's.
      request.spanHigh = request.parentSpanHigh;
      request.spanLow = request.parentSpanLow;
    }

    if (frame.marks !== undefined || byFaults !== 0 || this.#core.knobs.failedBy !== 0) {
      this.#core.taint?.sent(frame, request, byFaults, this.#core.knobs);
    }
    if (this.#core.world.partitions.takesRequest(request, frame)) return;
    const wait = nanos(delay);
    if (wait > 0) this.#core.schedule((this.#core.now + wait) as Nanos, Event.enter, request.slot, request.generation);
    else this.#core.servers.enter(request);
  }

  #beginTrace(strand: Frame): void {
    mix(strand.callHigh, strand.callLow, SALT_TRACE_HIGH ^ this.#core.startSalt);
    strand.trace0 = mixed.high;
    strand.trace1 = mixed.low;
    mix(strand.callHigh, strand.callLow, SALT_TRACE_LOW ^ this.#core.startSalt);
    strand.trace2 = mixed.high;
    strand.trace3 = mixed.low;
  }

  /** Sends an answer to the caller, who gets it after `delay`. */
  answer(caller: Frame, outcome: number, status: number, cause: number, delay: Nanos): void {
    caller.responseOutcome = outcome;
    caller.responseStatus = status;
    caller.responseCause = cause;
    if (caller.marks !== undefined) this.#core.taint?.answers(caller);
    this.#core.schedule((this.#core.now + delay) as Nanos, Event.respond, caller.slot, caller.generation);
  }

  /** An attempt is over, seen from its caller: by an answer, by its time limit, or held back by a policy. */
  attemptEnded(frame: Frame, outcome: number, status: number, cause: number): void {
    const site = this.#core.plan.sites[frame.callSite]!;
    const { policies } = site;
    if (frame.marks !== undefined || outcome !== Outcome.ok) this.#core.taint?.attemptEnded(frame, site, outcome);
    if (policies !== undefined && policies.cancel && outcome === Outcome.timeout) this.cancelCallee(frame);
    frame.generation = (frame.generation + 1) | 0;
    if (policies !== undefined) {
      this.#core.policies.ended(frame, site, policies, outcome, status);
      if (frame.isHedge || frame.hedges > 0) return this.#core.hedges.ended(frame, site, outcome, status, cause);
    }
    this.concluded(frame, frame, site, outcome, status, cause);
  }

  /** No attempt is under way any more. @param attempt the one that decided: the strand's own, or one beside it */
  concluded(frame: Frame, attempt: Frame, site: CallSite, outcome: number, status: number, cause: number): void {
    const failed = outcome !== Outcome.ok;
    let pause = failed ? this.#pauseBeforeRetry(frame, site, outcome, status) : -1;
    let flags = 0;
    if (pause >= 0 && site.policies !== undefined && !this.#core.policies.mayRetry(frame, site.policies)) {
      pause = -1;
      flags = FactFlag.overBudget;
    }
    if (pause >= 0) flags = FactFlag.willRetry;
    else if (failed && frame.program[frame.pc]!.jump >= 0) flags |= FactFlag.fallback;
    else if (failed && site.optional) flags |= FactFlag.tolerated;
    const hedge = attempt.isHedge ? FactFlag.hedge : 0;
    this.#core.facts.call(attempt, site, outcome, status, cause, flags | hedge, pause);
    if (frame.marks !== undefined || attempt.marks !== undefined) {
      const goesOn = (flags & (FactFlag.fallback | FactFlag.tolerated)) !== 0;
      this.#core.taint?.concluded(frame, attempt, failed, pause >= 0, goesOn);
    }
    if (attempt !== frame) {
      frame.cacheHit = attempt.cacheHit;
      this.#core.workloads.release(attempt);
    }
    if (pause >= 0) {
      frame.state = FrameState.pausing;
      this.#core.schedule((this.#core.now + pause) as Nanos, Event.retry, frame.slot, frame.generation);
      return;
    }
    const siteIndex = frame.callSite;
    frame.callSite = -1;
    if (failed && (flags & FactFlag.fallback) !== 0) frame.pc = frame.program[frame.pc]!.jump;
    else if (failed && (flags & FactFlag.tolerated) === 0 && frame.root.kind === FrameKind.request) {
      const answer = outcome === Outcome.timeout
        ? STATUS_TIMEOUT
        : outcome === Outcome.refused || isHeldBack(outcome)
        ? STATUS_REFUSED
        : STATUS_BAD_GATEWAY;
      this.#core.strands.fail(frame, Outcome.dependency, answer, siteIndex, outcome);
      return;
    } else frame.pc++;
    this.#core.strands.run(frame);
  }

  /**
   * The caller says that it wants no answer any more: the request that the attempt made, and all that works for it, ends
   * at once. That the word needs time to travel is left out.
   */
  cancelCallee(attempt: Frame): void {
    const frames: Frame[] = [];
    this.#collect(attempt, frames);
    if (frames.length > 0) this.#core.interruptions.end(frames, Outcome.cancelled, STATUS_CANCELLED);
  }

  #collect(attempt: Frame, into: Frame[]): void {
    const request = attempt.callRequest < 0 ? undefined : this.#core.pool.frames[attempt.callRequest]!;
    if (
      request === undefined || request.kind !== FrameKind.request || request.parent !== attempt.slot ||
      request.parentGeneration !== attempt.generation
    ) return;
    const first = into.length;
    into.push(request);
    this.#core.interruptions.collectBranches(request, into);
    for (let i = first, last = into.length; i < last; i++) {
      if (into[i]!.state === FrameState.calling) this.#collect(into[i]!, into);
    }
  }

  /** The pause before the next attempt; -1 when there is none. */
  #pauseBeforeRetry(frame: Frame, site: CallSite, outcome: number, status: number): Nanos {
    const none = -1 as Nanos;
    if (frame.callTry >= site.attempts || !isRetried(site.policies, outcome, status)) return none;
    let pause = 0;
    if (site.backoff !== undefined) {
      const { base, max, factor, jitter } = site.backoff;
      pause = Math.min(max, base * factor ** (frame.callTry - 1));
      if (jitter !== "none") {
        const u = uniform(frame.attemptHigh, frame.attemptLow, SALT_BACKOFF);
        pause = jitter === "full" ? pause * u : pause / 2 + (pause / 2) * u;
      }
    }
    const whole = nanos(pause);
    return this.#core.now + whole < frame.callDeadline ? whole : none;
  }
}
