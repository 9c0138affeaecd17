// What faults do to whom, followed through the run: every strand knows how late it is against the same run without the
// faults, which fault made it so, and from where that came. A strand's own clock minus its lateness is the time that it
// would be without them; so lateness that a slower branch hides is none, and what a request passes on to its caller, to
// whom waits for its worker, and to its retries is what they really wait longer. It is an account kept from the causal
// path, not a second run: where a fault changes how something ends, what would have come then is not known, and the
// account goes on from that moment.
//
// Marks are kept by slot, apart from the frames: a plan without faults has none, and pays nothing.

import { MILLISECOND } from "../base/time.ts";
import { CAUSE_FAULT, CauseKind, causeOf, type FactBatch, FactFlag, Outcome } from "../plan/facts.ts";
import type { CallSite } from "../plan/plan.ts";
import { isHeldBack } from "../plan/policies.ts";
import type { Core } from "./core.ts";
import type { FaultKnobs } from "./fault_knobs.ts";
import type { FaultTarget } from "../faults/fault.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";
import type { Station } from "./station.ts";

/** Less than this changes nobody's fate: a time-out that came so little too late would have come anyway. */
const LATE_MIN = MILLISECOND;
/** A caller's breaker, bulkhead or pool holds calls back for what a fault has done so long ago at most. */
const HELD_BACK_WITHIN = 60_000 * MILLISECOND;

/** What faults have made of a strand so far. Times in nanoseconds. */
class Marks {
  /** Index of the fault that did the most to it, + 1; 0 for none. */
  fault = 0;
  /** Where that came from, as in FactBatch.via. */
  via = CAUSE_FAULT;
  /** When it was first touched. */
  since = 0;
  /** The largest single thing that was done to it. */
  most = 0;
  /** How late it is. */
  late = 0;
  /** Request: how late it was when it came. */
  lateIn = 0;
  /** Request: it fails, or goes on without an answer, because of a fault. */
  changed = false;
  /** It, and all that it does, would not be without the fault. */
  extra = false;
  /** Request: the fault that decided that it fails, + 1. */
  failsBy = 0;
  /** Request: the fault that slows its own work, + 1; of each nanosecond of own work so much is the fault's. */
  slowedBy = 0;
  slowShare = 0;
  /** When its current work ends. */
  workEnds = 0;
  /** How late the worker was that it got, Infinity when it did not have to wait for one. */
  handed = Infinity;
  /** Request: it counts among those of its station that a fault has touched. */
  counted = false;
  /** When it would go on after its branches, as far as they have ended. */
  joins = 0;

  /** Its current attempt: how late it began; whether the fault changed its end; whether it would not have been. */
  callLate = 0;
  callChanged = false;
  callExtra = false;
  callFault = 0;
  callVia = CAUSE_FAULT;
  /** Its current attempt: the fault that cuts it off, or loses its answer, + 1. */
  cutBy = 0;
  /** From when on attempts of the current call are extra, and how late it was then; -1: they are not. */
  extraSince = -1;
  extraLate = 0;
  /** The answer that is on its way: as the request left it. */
  answerFault = 0;
  answerVia = CAUSE_FAULT;
  answerLate = 0;
  answerChanged = false;
  answerAt = 0;
  /** Instructions of a fallback that is taken because of a fault. */
  fallbackFrom = -1;
  fallbackTo = -1;

  reset(): void {
    this.fault =
      this.most =
      this.since =
      this.late =
      this.lateIn =
        0;
    this.via = CAUSE_FAULT;
    this.changed =
      this.extra =
      this.counted =
      this.callChanged =
      this.callExtra =
        false;
    this.failsBy =
      this.slowedBy =
      this.slowShare =
      this.workEnds =
      this.joins =
        0;
    this.handed = Infinity;
    this.callLate =
      this.extraLate =
      this.callFault =
      this.cutBy =
        0;
    this.extraSince = this.fallbackFrom = this.fallbackTo = -1;
    this.answerFault = this.answerAt = 0;
  }
}

/** Effects on a replica as a whole are seen for so long after the fault: it starts, and warms up. */
const STRUCK_WITHIN = 60_000 * MILLISECOND;

/** What a station passes on. */
interface StationMarks {
  /** Requests in it that a fault has touched, and the fault of the last one. */
  touched: number;
  fault: number;
  /** The worker that became free last: when, and how late. */
  freedAt: number;
  /** Since when no worker has been free; -1: one is. */
  fullSince: number;
  freedLate: number;
  freedFault: number;
  /** The fault that strikes the replica as a whole, + 1, and until when its effects are looked for. */
  struckBy: number;
  struckUntil: number;
}

function newStationMarks(): StationMarks {
  return {
    touched: 0,
    fault: 0,
    fullSince: -1,
    freedAt: -1,
    freedLate: 0,
    freedFault: 0,
    struckBy: 0,
    struckUntil: 0,
  };
}

export class Taint {
  readonly #core: Core;
  readonly #marks: Marks[] = [];
  readonly #stations: StationMarks[] = [];
  /** By call site: the fault that last touched a call from there, and when. */
  readonly #siteFault: Int32Array;
  readonly #siteSince: Float64Array;
  /** What `#look` has found. */
  #foundLate = 0;
  #foundFault = 0;
  #foundEnds = 0;

  constructor(core: Core) {
    this.#core = core;
    this.#siteFault = new Int32Array(core.plan.sites.length);
    this.#siteSince = new Float64Array(core.plan.sites.length);
  }

  #of(frame: Frame): Marks {
    return this.#marks[frame.slot] ??= new Marks();
  }

  #fresh(frame: Frame): Marks {
    const marks = this.#of(frame);
    marks.reset();
    return marks;
  }

  #at(station: Station): StationMarks {
    return this.#stations[station.index] ??= newStationMarks();
  }

  /** Says what did this to a strand, unless something else has done more. */
  #blame(marks: Marks, fault: number, via: number, amount: number): void {
    if (fault === 0 || (marks.fault !== 0 && amount <= marks.most)) return;
    if (marks.fault === 0) marks.since = this.#core.now;
    marks.fault = fault;
    marks.via = via;
    marks.most = amount;
  }

  #blameCall(marks: Marks, fault: number, via: number, amount: number): void {
    if (marks.callFault === 0) {
      marks.callFault = fault;
      marks.callVia = via;
    }
    this.#blame(marks, fault, via, amount);
  }

  /** Counts a request that is hurt among those of its station. */
  #count(request: Frame, late: number): void {
    if (request.kind !== FrameKind.request) return;
    const marks = this.#of(request);
    if (marks.counted || !(marks.changed || marks.extra || late - marks.lateIn > LATE_MIN)) return;
    marks.counted = true;
    const at = this.#at(this.#core.fleet.stationOf(request));
    at.touched++;
    at.fault = marks.fault;
  }

  // ---- the world ---------------------------------------------------------------------------------------------------

  /** A fault strikes replicas as a whole from now on. What then goes wrong there, and takes too long, is put down to it. */
  worldBegins(fault: number, { service, replicas, zone }: FaultTarget): void {
    for (const station of this.#core.fleet.stations) {
      const { zones } = this.#core.plan.services[station.service]!;
      const isStruck = station.service === service
        ? replicas.includes(station.replica)
        : service < 0 && zone !== undefined && zones[station.replica % zones.length] === zone;
      if (!isStruck) continue;
      const at = this.#at(station);
      if (at.struckBy !== 0 && this.#core.now < at.struckUntil) continue;
      at.struckBy = fault + 1;
      at.struckUntil = Infinity;
    }
  }

  worldEnds(fault: number): void {
    for (const at of this.#stations) {
      if (at !== undefined && at.struckBy === fault + 1 && at.struckUntil === Infinity) {
        at.struckUntil = this.#core.now + STRUCK_WITHIN;
      }
    }
  }

  #struck(station: Station): number {
    const at = this.#at(station);
    return at.struckBy !== 0 && this.#core.now < at.struckUntil ? at.struckBy : 0;
  }

  /** The fault that strikes a replica of a service, or any where it is not known which. */
  #struckOf(service: number): number {
    for (const station of this.#core.fleet.replicasOf(service)) {
      const fault = this.#struck(station);
      if (fault !== 0) return fault;
    }
    return 0;
  }

  /** A fault decides how a request ends. @param fault index + 1; 0: the one that strikes its replica, if any does */
  strikes(request: Frame, fault: number): void {
    const by = fault === 0 ? this.#struck(this.#core.fleet.stationOf(request)) : fault;
    if (by === 0) return;
    const marks = this.#of(request);
    marks.changed = true;
    this.#blame(marks, by, CAUSE_FAULT, Infinity);
  }

  /** A strand goes on with its work, or after it: later than its work takes, where something holds its replica up. */
  resumes(frame: Frame): void {
    const marks = this.#of(frame);
    if (frame.state !== FrameState.working || marks.workEnds >= this.#core.now) return;
    if (frame.root.kind !== FrameKind.request) return;
    const fault = this.#struck(this.#core.fleet.stationOf(frame.root));
    if (fault !== 0) this.waitedFor(frame, fault, marks.workEnds);
  }

  /** A strand has waited for what a fault held. @param since when it would have gone on */
  waitedFor(frame: Frame, fault: number, since: number): void {
    const marks = this.#of(frame), added = this.#core.now - since;
    marks.late += added;
    this.#blame(marks, fault, CAUSE_FAULT, added);
    if (frame.root !== frame) this.#blame(this.#of(frame.root), fault, CAUSE_FAULT, added);
    this.#count(frame.root, marks.late);
  }

  // ---- strands -----------------------------------------------------------------------------------------------------

  /** A frame is taken that nobody's effects go on to. */
  begin(frame: Frame): void {
    this.#fresh(frame);
  }

  forked(owner: Frame, branch: Frame): void {
    const from = this.#of(owner), marks = this.#fresh(branch);
    marks.late = from.late;
    marks.fault = from.fault;
    marks.via = from.via;
    marks.since = from.since;
    marks.most = from.most;
    marks.extra = this.#isExtra(owner, from);
    from.joins = -Infinity;
  }

  /** @param isLast its owner goes on now */
  branchEnded(owner: Frame, branch: Frame, isLast: boolean): void {
    const marks = this.#of(owner), from = this.#of(branch);
    marks.joins = Math.max(marks.joins, this.#core.now - from.late);
    if (from.fault !== 0) {
      if (marks.fault === 0 || from.most > marks.most) this.#take(marks, from);
    }
    if (isLast) marks.late = this.#core.now - marks.joins;
  }

  #take(marks: Marks, from: Marks): void {
    if (marks.fault === 0) marks.since = from.since;
    marks.fault = from.fault;
    marks.via = from.via;
    marks.most = from.most;
  }

  /** A piece of own work begins, of which a fault may have added a part. */
  works(frame: Frame, share: number, isFirst: boolean): void {
    const request = frame.root;
    const { slowedBy, slowShare } = this.#of(request);
    if (slowedBy === 0) return;
    const added = share * request.ownWork * slowShare + (isFirst ? request.addedWork : 0);
    if (added === 0) return;
    const marks = this.#of(frame);
    marks.late += added;
    this.#blame(marks, slowedBy, CAUSE_FAULT, added);
    if (request !== frame) this.#blame(this.#of(request), slowedBy, CAUSE_FAULT, added);
    this.#count(request, marks.late);
  }

  workEnds(frame: Frame, time: number): void {
    this.#of(frame).workEnds = time;
  }

  /** A request fails of its own accord, or as a fault has decided. */
  fails(request: Frame): void {
    const marks = this.#of(request);
    if (marks.failsBy === 0) return;
    marks.changed = true;
    this.#blame(marks, marks.failsBy, CAUSE_FAULT, Infinity);
    this.#count(request, marks.late);
  }

  // ---- calls -------------------------------------------------------------------------------------------------------

  /** Whether what a strand does now would not be without the fault. */
  #isExtra(frame: Frame, marks: Marks): boolean {
    return marks.extra || marks.callExtra || (frame.pc >= marks.fallbackFrom && frame.pc < marks.fallbackTo);
  }

  attemptStarts(frame: Frame): void {
    const marks = this.#of(frame);
    marks.callLate = marks.late;
    marks.callChanged = false;
    marks.callExtra = marks.extraSince >= 0;
    // A user's next step is only later for what the last one met.
    if (frame.kind === FrameKind.iteration && !marks.callExtra) marks.most = 0;
    marks.callFault = marks.callExtra || marks.extra ? marks.fault : 0;
    marks.callVia = marks.via;
    marks.answerFault = marks.answerAt = marks.cutBy = 0;
  }

  /** Another attempt is sent beside one that takes too long. */
  hedged(strand: Frame, hedge: Frame): void {
    const from = this.#of(strand);
    this.#lookBelow(strand, from);
    const isLate = this.#foundFault !== 0 && this.#foundLate - from.callLate > LATE_MIN;
    const fault = isLate ? this.#foundFault : from.fault;
    const marks = this.#fresh(hedge);
    marks.late = from.callLate;
    marks.extra = isLate || this.#isExtra(strand, from);
    if (fault !== 0) this.#blame(marks, fault, from.via, marks.extra ? Infinity : from.most);
  }

  /** A fault on the edge cuts the attempt off. */
  aborted(caller: Frame, knobs: FaultKnobs, site: CallSite): void {
    const marks = this.#of(caller);
    marks.answerFault = knobs.failedBy;
    marks.answerVia = CAUSE_FAULT;
    marks.answerLate = marks.late;
    marks.answerChanged = true;
    this.#noteSite(site.index, knobs.failedBy);
  }

  /** @param added time that faults on the edge add to its way */
  sent(caller: Frame, request: Frame, added: number, knobs: FaultKnobs): void {
    const from = this.#of(caller), marks = this.#fresh(request);
    marks.late = marks.lateIn = from.late + added;
    marks.extra = this.#isExtra(caller, from);
    if (from.fault !== 0) {
      const { root } = caller, isUser = root.kind === FrameKind.iteration;
      const via = isUser ? causeOf(CauseKind.user, 0) : causeOf(CauseKind.request, root.service);
      this.#blame(marks, from.fault, via, marks.extra ? Infinity : 0);
    }
    if (added !== 0) {
      this.#blame(marks, knobs.touchedBy, CAUSE_FAULT, added);
      this.#noteSite(request.site, knobs.touchedBy);
    }
  }

  /** A fault will cut the attempt off, or lose its answer. */
  cuts(caller: Frame, fault: number): void {
    this.#of(caller).cutBy = fault;
  }

  /** An attempt, or its answer, is lost: nothing ends it but its time limit. @param fault 0: the one that `cuts` has told */
  lost(caller: Frame, fault: number, site: number): void {
    const marks = this.#of(caller), by = fault === 0 ? marks.cutBy : fault;
    if (by === 0) return;
    marks.answerFault = by;
    marks.answerVia = CAUSE_FAULT;
    marks.answerLate = marks.answerAt = Infinity;
    this.#noteSite(site, by);
  }

  #noteSite(site: number, fault: number): void {
    this.#siteFault[site] = fault;
    this.#siteSince[site] = this.#core.now;
  }

  /** An answer goes to the caller, from no request that a fault may have touched, unless `leaves` says more. */
  answers(caller: Frame): void {
    const marks = this.#of(caller);
    marks.answerFault = marks.answerAt = 0;
  }

  /** The answer of a request is on its way. @param added time that faults on the edge add to the way back */
  answered(request: Frame, caller: Frame, failed: boolean, added: number, arrives: number, knobs: FaultKnobs): void {
    const from = this.#of(request), marks = this.#of(caller);
    marks.answerLate = from.late + added;
    marks.answerChanged = from.changed && failed;
    marks.answerAt = arrives;
    marks.answerFault = from.fault;
    marks.answerVia = causeOf(CauseKind.answer, request.service);
    if (added > 0 && (marks.answerFault === 0 || (!from.changed && added > from.late - from.lateIn))) {
      marks.answerFault = knobs.touchedBy;
      marks.answerVia = CAUSE_FAULT;
    }
    if (marks.answerFault !== 0) this.#noteSite(request.site, marks.answerFault);
  }

  /** An attempt is over, seen from its caller. To be asked before its generation rises. */
  attemptEnded(frame: Frame, site: CallSite, outcome: number): void {
    const marks = this.#of(frame);
    if (outcome === Outcome.timeout) this.#timedOut(frame, site, marks);
    else if (isHeldBack(outcome)) this.#heldBack(site, marks);
    else if (!this.#isCutOff(site, marks, outcome)) {
      if (marks.answerAt > 0 || marks.answerFault !== 0) marks.late = marks.answerLate;
      if (marks.answerFault !== 0) {
        marks.callChanged = marks.answerChanged;
        const amount = marks.callChanged ? Infinity : marks.late - marks.callLate;
        this.#blameCall(marks, marks.answerFault, marks.answerVia, amount);
      }
    }
    if (marks.callExtra) marks.late = marks.extraLate + this.#core.now - marks.extraSince;
    if (frame.root !== frame && marks.fault !== 0) {
      const root = this.#of(frame.root);
      if (root.fault === 0 || marks.most > root.most) this.#take(root, marks);
    }
    this.#count(frame.root, marks.late);
  }

  /** Whether a fault cut the attempt off, or took the replica that it went to. */
  #isCutOff(site: CallSite, marks: Marks, outcome: number): boolean {
    const isCut = outcome === Outcome.reset || outcome === Outcome.unreachable || outcome === Outcome.aborted;
    if (!isCut || marks.answerFault !== 0) return false;
    const { service } = this.#core.plan.endpoints[site.callee]!;
    const fault = marks.cutBy !== 0 ? marks.cutBy : this.#struckOf(service);
    if (fault === 0) return false;
    marks.callChanged = true;
    const via = marks.cutBy !== 0 ? CAUSE_FAULT : causeOf(CauseKind.answer, service);
    this.#blameCall(marks, fault, via, Infinity);
    this.#noteSite(site.index, fault);
    return true;
  }

  #timedOut(frame: Frame, site: CallSite, marks: Marks): void {
    const { now } = this.#core;
    this.#lookBelow(frame, marks);
    const late = this.#foundLate, fault = this.#foundFault;
    if (fault === 0 || late - marks.callLate <= LATE_MIN) return;
    // What it waits for would be over then, at the earliest.
    const waits = Number.isFinite(this.#foundEnds) ? Math.max(now, this.#foundEnds) : now;
    const ends = Math.max(frame.callStart - marks.callLate, waits - late);
    if (ends > now - marks.callLate) return;
    marks.callChanged = true;
    marks.late = now - ends;
    const service = this.#core.plan.endpoints[site.callee]!.service;
    this.#blameCall(marks, fault, causeOf(CauseKind.answer, service), Infinity);
    this.#noteSite(site.index, fault);
  }

  #heldBack(site: CallSite, marks: Marks): void {
    const fault = this.#siteFault[site.index]!;
    if (fault === 0 || this.#core.now - this.#siteSince[site.index]! > HELD_BACK_WITHIN) return;
    marks.callChanged = true;
    const service = this.#core.plan.endpoints[site.callee]!.service;
    this.#blameCall(marks, fault, causeOf(CauseKind.answer, service), Infinity);
  }

  /** Finds the latest of what a strand's attempt waits for, and marks those between as waiting for it. */
  #lookBelow(attempt: Frame, marks: Marks): void {
    this.#foundLate = marks.late;
    this.#foundFault = 0;
    this.#foundEnds = 0;
    if (marks.answerAt > 0) {
      this.#found(marks.answerLate, marks.answerFault, marks.answerAt);
      return;
    }
    const request = attempt.callRequest < 0 ? undefined : this.#core.pool.frames[attempt.callRequest]!;
    if (
      request !== undefined && request.kind === FrameKind.request && request.parent === attempt.slot &&
      request.parentGeneration === attempt.generation
    ) this.#look(request);
  }

  #found(late: number, fault: number, ends: number): void {
    if (fault === 0 || late <= this.#foundLate) return;
    this.#foundLate = late;
    this.#foundFault = fault;
    this.#foundEnds = ends;
  }

  #look(frame: Frame): void {
    const marks = this.#of(frame), { frames } = this.#core.pool;
    this.#found(marks.late, marks.fault, frame.state === FrameState.working ? marks.workEnds : 0);
    if (frame.kind === FrameKind.request) {
      const struck = this.#struck(this.#core.fleet.stationOf(frame));
      const isHeld = frame.state !== FrameState.working || marks.workEnds < this.#core.now;
      const waits = frame.state === FrameState.transit || frame.state === FrameState.queued ||
        frame.state === FrameState.working;
      if (struck !== 0 && isHeld && waits) this.#found(Infinity, struck, 0);
    }
    if (frame.state === FrameState.queued) {
      const at = this.#at(this.#core.fleet.stationOf(frame));
      if (at.touched > 0) this.#found(marks.late + this.#core.now - frame.start, at.fault, 0);
      return;
    }
    const before = this.#foundLate;
    let below = -1;
    if (frame.state === FrameState.joining) {
      for (const slot of frame.forked) {
        const branch = frames[slot]!;
        if (
          branch.kind === FrameKind.branch && branch.parent === frame.slot &&
          branch.parentGeneration === frame.generation
        ) this.#look(branch);
      }
    } else if (frame.state === FrameState.calling) {
      if (marks.answerAt > 0) this.#found(marks.answerLate, marks.answerFault, marks.answerAt);
      else if (frame.callRequest >= 0) {
        const request = frames[frame.callRequest]!;
        if (
          request.kind === FrameKind.request && request.parent === frame.slot &&
          request.parentGeneration === frame.generation
        ) {
          below = request.service;
          this.#look(request);
        }
      }
    }
    if (this.#foundLate > before && below >= 0) {
      this.#blame(marks, this.#foundFault, causeOf(CauseKind.answer, below), this.#foundLate - marks.late);
      if (frame.root !== frame) this.#take(this.#of(frame.root), marks);
    }
  }

  /** No attempt of a call is under way any more. @param attempt the one that decided */
  concluded(frame: Frame, attempt: Frame, failed: boolean, retries: boolean, goesOn: boolean): void {
    const marks = this.#of(frame);
    if (attempt !== frame) {
      const from = this.#of(attempt);
      marks.late = Math.max(from.late, marks.late);
      marks.callChanged = from.callChanged;
      if (from.fault !== 0 && from.most > marks.most) this.#take(marks, from);
    }
    if (retries) {
      if (marks.callChanged && marks.extraSince < 0) {
        marks.extraSince = this.#core.now;
        marks.extraLate = marks.late;
      }
      return;
    }
    const changed = failed && (marks.callChanged || marks.callExtra);
    marks.extraSince = -1;
    marks.callExtra = false;
    if (!changed) return;
    const { root } = frame;
    const of = this.#of(root);
    if (root.kind === FrameKind.request) {
      of.changed = true;
      if (of.fault === 0 || of.most < Infinity) this.#take(of, marks);
      this.#count(root, marks.late);
    }
    const { program, pc } = frame, into = program[pc]!.jump;
    if (goesOn && into >= 0) {
      marks.fallbackFrom = into;
      marks.fallbackTo = program[pc + 1]!.jump;
    }
  }

  /** A place or a connection goes from one attempt to another that has waited for it. */
  handsOver(giver: Frame, next: Frame, since: number): void {
    const from = this.#of(giver), marks = this.#of(next);
    if (from.fault === 0) return;
    const late = from.callExtra ? Infinity : from.late;
    const goesOn = Math.max(since - marks.late, this.#core.now - late);
    const added = this.#core.now - goesOn - marks.late;
    if (added <= 0) return;
    marks.late += added;
    this.#blame(marks, from.fault, causeOf(CauseKind.queue, next.root.service), added);
  }

  // ---- stations ----------------------------------------------------------------------------------------------------

  /** A request reaches its service. @param failedBy the fault, + 1, that decides that it fails */
  enters(request: Frame, failedBy: number): void {
    const marks = this.#of(request), due = marks.workEnds;
    if (due > 0 && due < this.#core.now) {
      // A replica that stands still takes nothing, and a network that is cut brings nothing.
      const struck = this.#struck(this.#core.fleet.stationOf(request));
      if (struck !== 0) this.waitedFor(request, struck, due);
    }
    marks.lateIn = marks.late;
    marks.failsBy = failedBy;
  }

  /** A worker takes a request up. */
  begins(request: Frame, station: Station, knobs: FaultKnobs): void {
    const marks = this.#of(request);
    if (request.state === FrameState.queued) this.#waited(request, station, marks);
    marks.slowedBy = knobs.touchedBy;
    marks.slowShare = 1 - 1 / knobs.knobs.factor;
    if (marks.extra) this.#count(request, marks.late);
    const at = this.#at(station);
    if (at.fullSince < 0 && !station.free) at.fullSince = this.#core.now;
  }

  #waited(request: Frame, station: Station, marks: Marks): void {
    const at = this.#at(station), { now } = this.#core;
    const late = at.freedAt === now ? at.freedLate : 0;
    marks.handed = late;
    const came = request.start - marks.late;
    if (marks.fault !== 0 && came < at.fullSince && came < request.start) {
      // It comes at another time, and finds busy what was free when it would have come.
      const added = now - request.start;
      marks.late += added;
      this.#blame(marks, marks.fault, causeOf(CauseKind.queue, station.service), added);
      return;
    }
    if (late === 0) {
      const struck = this.#struck(station);
      if (struck !== 0) this.waitedFor(request, struck, request.start);
      return;
    }
    const begins = Math.max(request.start - marks.late, now - late);
    const added = now - begins - marks.late;
    marks.late += added;
    if (added > 0) this.#blame(marks, at.freedFault, causeOf(CauseKind.queue, station.service), added);
  }

  /** A request is turned away. */
  refused(request: Frame, station: Station): void {
    const at = this.#at(station);
    if (at.touched > (this.#of(request).counted ? 1 : 0)) {
      const marks = this.#of(request);
      marks.changed = true;
      this.#blame(marks, at.fault, causeOf(CauseKind.queue, station.service), Infinity);
    } else this.strikes(request, 0);
    this.#uncount(request, at);
  }

  #uncount(request: Frame, at: StationMarks): void {
    const marks = this.#of(request);
    if (marks.counted) at.touched--;
    marks.counted = false;
  }

  /** A request gives its worker back. */
  leaves(request: Frame, station: Station): void {
    const marks = this.#of(request), at = this.#at(station);
    this.#uncount(request, at);
    if (station.queued === 0) at.fullSince = -1;
    at.freedAt = this.#core.now;
    at.freedFault = marks.fault;
    at.freedLate = marks.extra ? this.#core.now - request.begun + marks.handed : marks.fault === 0 ? 0 : marks.late;
  }

  // ---- facts -------------------------------------------------------------------------------------------------------

  /** Writes what faults made of a request into its fact. */
  tellRequest(batch: FactBatch, row: number, request: Frame): void {
    const marks = this.#of(request);
    if (marks.fault === 0) return;
    batch.fault[row] = marks.fault;
    batch.via[row] = marks.via;
    batch.since[row] = marks.since;
    if (!marks.extra) batch.delay[row] = marks.late - marks.lateIn;
    if (marks.changed || marks.extra) batch.flags[row]! |= FactFlag.changed;
  }

  /** A line within a request that a fault has had an effect on so far. */
  tellLog(batch: FactBatch, row: number, request: Frame): void {
    const marks = this.#of(request);
    if (marks.fault === 0 || !(marks.changed || marks.extra || marks.late - marks.lateIn > LATE_MIN)) return;
    batch.fault[row] = marks.fault;
    batch.via[row] = marks.via;
    batch.flags[row]! |= FactFlag.changed;
  }

  tellCall(batch: FactBatch, row: number, attempt: Frame, failed: boolean): void {
    const marks = this.#of(attempt);
    if (marks.callFault === 0) return;
    const isExtra = marks.extra || marks.callExtra;
    batch.fault[row] = marks.callFault;
    batch.via[row] = marks.callVia;
    batch.since[row] = batch.time[row]!;
    if (!isExtra) batch.delay[row] = marks.late - marks.callLate;
    if ((marks.callChanged && failed) || isExtra) batch.flags[row]! |= FactFlag.changed;
  }
}
