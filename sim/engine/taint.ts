// What faults do to whom, followed through the run: every strand knows how late it is against the same run without the
// faults, which fault made it so, and from where that came. A strand's own clock minus its lateness is the time that it
// would be without them; so lateness that a slower branch hides is none, and what a request passes on to its caller, to
// whom waits for its worker, and to its retries is what they really wait longer. It is an account kept from the causal
// path, not a second run: where a fault changes how something ends, what would have come then is not known, and the
// account goes on from that moment.
//
// A strand has marks from the moment a fault first touches it, and until its end; what no fault has touched has none, and
// is passed over with one look.

import { MICROSECOND, MILLISECOND, type Nanos } from "../base/time.ts";
import { CAUSE_FAULT, CauseKind, causeOf, type FactBatch, FactFlag, Outcome } from "../plan/facts.ts";
import { type CallSite, Op } from "../plan/plan.ts";
import { isHeldBack } from "../plan/policies.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import type { FaultKnobs } from "./fault_knobs.ts";
import { CallHold, type Frame, FrameKind, FrameState } from "./frame.ts";
import { Phase } from "./replica.ts";
import type { Station } from "./station.ts";
import { TwinCores } from "./twin_cores.ts";

/** Less than this changes nobody's fate: a time-out that came so little too late would have come anyway. */
const LATE_MIN = MILLISECOND;
/** A caller's breaker, bulkhead or pool holds calls back for what a fault has done so long ago at most. */
const HELD_BACK_WITHIN = 60_000 * MILLISECOND;

/** An answer that never comes is one that comes after so long (11 days): a number that leaves nanoseconds exact. */
const NEVER = 1e15;

/** What is kept of an answer that does not come through for the time being. */
export interface HeldTaint {
  /** The fault that holds it up, + 1. */
  readonly by: number;
  /** When it would have come without any fault. */
  readonly ends: number;
  readonly changed: boolean;
}

/** What faults have made of a strand so far. Times in nanoseconds. */
export class Marks {
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
  /** What it does comes at another time since a fault, + 1, changed how something ended: nobody knows by how much. */
  movedBy = 0;
  /** Request: the fault that decided that it fails, + 1. */
  failsBy = 0;
  /** Request: the fault that slows its own work, + 1; of each nanosecond of own work so much is the fault's. */
  slowedBy = 0;
  slowShare = 0;
  /** How late the worker was that it got, Infinity when it did not have to wait for one. */
  handed = Infinity;
  /** Request: the fault that takes its answer away or cuts its connection, or holds it up on its way, + 1; since when. */
  harmBy = 0;
  heldSince = 0;
  /** The fault whose lock it waits for, + 1, and since when. */
  lockBy = 0;
  lockSince = 0;
  /** It fetches what a fault has thrown away: at which depth (-1: no), which fault, how, and when it would go on. */
  missDepth = -1;
  missBy = 0;
  missVia = CAUSE_FAULT;
  missEnds = 0;
  /** Its current attempt: the fault that is to cut it, + 1. */
  cutBy = 0;
  /** Request: it counts among those of its station that a fault has touched. */
  counted = false;
  /** Request: it holds its worker for an answer that a fault keeps from it. */
  sticks = false;

  /** Its current attempt: how late it began; whether the fault changed its end; whether it would not have been. */
  callLate = 0;
  callChanged = false;
  callExtra = false;
  callFault = 0;
  callVia = CAUSE_FAULT;
  /** From when on attempts of the current call are extra, and how late it was then; -1: they are not. */
  extraSince = -1;
  extraLate = 0;
  /** The answer that is on its way: as the request left it. */
  answerFault = 0;
  answerVia = CAUSE_FAULT;
  answerLate = 0;
  answerChanged = false;
  answerMoved = false;
  answerAt = 0;
  /** Instructions of a fallback that is taken because of a fault. */
  fallbackFrom = -1;
  fallbackTo = -1;

  reset(): void {
    this.fault =
      this.movedBy =
      this.since =
      this.most =
      this.late =
      this.lateIn =
        0;
    this.via =
      this.callVia =
      this.answerVia =
      this.missVia =
        CAUSE_FAULT;
    this.changed =
      this.extra =
      this.counted =
      this.sticks =
      this.callChanged =
      this.callExtra =
      this.answerChanged =
      this.answerMoved =
        false;
    this.failsBy = this.slowedBy = this.slowShare = 0;
    this.handed = Infinity;
    this.harmBy =
      this.heldSince =
      this.lockBy =
      this.lockSince =
      this.cutBy =
        0;
    this.missBy = this.missEnds = 0;
    this.callLate = this.callFault = this.extraLate = 0;
    this.missDepth =
      this.extraSince =
      this.fallbackFrom =
      this.fallbackTo =
        -1;
    this.answerFault = this.answerLate = this.answerAt = 0;
  }
}

/** Those of a strand that no fault has touched: to be read, never to be written to. */
const UNTOUCHED = new Marks();

/** What a station passes on. */
export class StationMarks {
  /** Requests in it that a fault has touched, and the fault of the last one. */
  touched = 0;
  fault = 0;
  /** Requests in it that hold their workers for answers that a fault keeps from them, and the fault of the last one. */
  stuck = 0;
  stuckBy = 0;
  /** The worker that became free last: when, how late, and because of which fault. */
  freedAt = -1;
  freedLate = 0;
  freedFault = 0;
  /** The fault that has taken the replica down, + 1, until it listens again; and the one before it came up. */
  downBy = 0;
  startedBy = 0;
  /** Time that faults have taken from its cores, up to `lostAt`; since then this share of it, or all until `stillUntil`. */
  lost = 0;
  lostAt = 0;
  slowShare = 0;
  stillUntil = 0;
  lostBy = 0;
  /** Where cores are shared: as they would be, and the fault of the last strand that would not be there, + 1. */
  twin: TwinCores | undefined;
  crowdedBy = 0;
}

/** Those of a station that no fault has touched: to be read, never to be written to. */
const UNTOUCHED_STATION = new StationMarks();

export class Taint {
  readonly #core: Core;
  /** By call site: the fault that last touched a call from there, and when. */
  readonly #siteFault: Int32Array;
  readonly #siteSince: Float64Array;
  /** By call site: the fault that holds its connections, + 1. */
  readonly #poolBy: Int32Array;
  /** By call site of a service that stands by: the fail-over, + 1, because of which it is called. */
  readonly #standsInBy: Int32Array;
  /** The fault that acts on the world just now, + 1; 0 for none. */
  acting = 0;
  /** Replicas that faults have taken down. */
  #down = 0;
  /** Faults have taken time from some replica's cores. */
  #strained = false;
  /** What `#look` has found. */
  #foundLate = 0;
  #foundFault = 0;
  #foundEnds = 0;

  constructor(core: Core) {
    this.#core = core;
    this.#siteFault = new Int32Array(core.plan.sites.length);
    this.#standsInBy = new Int32Array(core.plan.sites.length);
    this.#siteSince = new Float64Array(core.plan.sites.length);
    this.#poolBy = new Int32Array(core.plan.sites.length);
  }

  /** The marks of a strand, to be written to. */
  #of(frame: Frame): Marks {
    return frame.marks ?? this.#touch(frame);
  }

  #touch(frame: Frame): Marks {
    const marks = frame.marks = frame.spareMarks ??= new Marks();
    marks.reset();
    return marks;
  }

  /** The marks of a station, to be written to. */
  #at(station: Station): StationMarks {
    return station.marks ??= new StationMarks();
  }

  /** The marks of a station, to be read. */
  #seen(station: Station): StationMarks {
    return station.marks ?? UNTOUCHED_STATION;
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
    const { marks } = request;
    if (marks === undefined || request.kind !== FrameKind.request) return;
    if (marks.counted || !(marks.changed || marks.extra || late - marks.lateIn > LATE_MIN)) return;
    marks.counted = true;
    const at = this.#at(this.#core.fleet.stationOf(request));
    at.touched++;
    at.fault = marks.fault;
  }

  // ---- strands -----------------------------------------------------------------------------------------------------

  /** @param extraBy the fault, + 1, without which it would not be; 0 for none */
  iterationStarts(frame: Frame, extraBy: number): void {
    this.#extra(frame, extraBy, CAUSE_FAULT);
  }

  #extra(frame: Frame, fault: number, via: number): void {
    if (fault === 0) return;
    const marks = this.#of(frame);
    marks.extra = true;
    this.#blame(marks, fault, via, Infinity);
  }

  /**
   * A message is handled.
   * @param extraBy the fault, + 1, without which it would not be
   * @param broker its service
   * @param late how late it comes because of the fault `lateBy`, + 1
   */
  delivered(request: Frame, extraBy: number, broker: number, late: number, lateBy: number): void {
    const via = causeOf(CauseKind.request, broker);
    if (extraBy !== 0 || lateBy === 0) return this.#extra(request, extraBy, via);
    const marks = this.#of(request);
    marks.late = marks.lateIn = late;
    this.#blame(marks, lateBy, via, 0);
  }

  /** How late a request is; one that would not be is so for as long as it takes. */
  lateness(request: Frame): number {
    const { extra, fault, late } = request.marks ?? UNTOUCHED;
    return extra ? this.#core.now - request.start : fault === 0 ? 0 : Math.max(0, late);
  }

  /** The fault, + 1, that did the most to a request; 0 for none. */
  faultOf(request: Frame): number {
    return (request.marks ?? UNTOUCHED).fault;
  }

  /** The fault, + 1, without which a request would not be; 0 for none. */
  extraBy(request: Frame): number {
    const { extra, fault } = request.marks ?? UNTOUCHED;
    return extra ? fault : 0;
  }

  /** The fault, + 1, that changed how a request ended; 0 for none. */
  changedBy(request: Frame): number {
    const { changed, fault } = request.marks ?? UNTOUCHED;
    return changed ? fault : 0;
  }

  forked(owner: Frame, branch: Frame): void {
    owner.joins = -Infinity;
    const from = owner.marks;
    if (from === undefined) return;
    const marks = this.#of(branch);
    marks.late = from.late;
    marks.fault = from.fault;
    marks.via = from.via;
    marks.since = from.since;
    marks.most = from.most;
    marks.extra = this.#isExtra(owner, from);
    marks.movedBy = from.movedBy;
  }

  /** @param isLast its owner goes on now */
  branchEnded(owner: Frame, branch: Frame, isLast: boolean): void {
    const from = branch.marks, { now } = this.#core;
    owner.joins = Math.max(owner.joins, from === undefined ? now : now - from.late);
    if (from !== undefined && from.fault !== 0) {
      const marks = this.#of(owner);
      if (marks.fault === 0 || from.most > marks.most) this.#take(marks, from);
    }
    if (from !== undefined && from.movedBy !== 0) this.#of(owner).movedBy = from.movedBy;
    const { marks } = owner;
    if (!isLast || marks === undefined) return;
    marks.late = now - owner.joins;
    if (owner.branchOutcome !== 0 && marks.changed && hasStepsLeft(owner, owner.program[owner.pc]!.jump)) {
      marks.movedBy = marks.fault;
    }
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
    if (request.marks === undefined) return;
    const { slowedBy, slowShare } = request.marks;
    if (slowedBy === 0) return;
    const added = share * request.ownWork * slowShare + (isFirst ? request.addedWork : 0);
    if (added === 0) return;
    const marks = this.#of(frame);
    marks.late += added;
    this.#blame(marks, slowedBy, CAUSE_FAULT, added);
    if (request !== frame) this.#blame(this.#of(request), slowedBy, CAUSE_FAULT, added);
    this.#count(request, marks.late);
  }

  /** Its own work is shared out among the cores of its replica. */
  sharesCores(frame: Frame, work: Nanos): void {
    frame.workEnds = 0;
    frame.lostFrom = 0;
    const { marks } = frame;
    if (marks === undefined && !this.#strained && this.#down === 0) return;
    const station = this.#core.fleet.stationOf(frame.root);
    if (this.#strained) frame.lostFrom = this.#lost(this.#seen(station), this.#core.now);
    if (this.#lackOf(station.service) !== 0) this.#lacks(station.service);
    const { late, movedBy, fault } = marks ?? UNTOUCHED, isExtra = marks !== undefined && this.#isExtra(frame, marks);
    const differs = isExtra || movedBy !== 0 || Math.abs(late) > LATE_MIN;
    const twin = this.#seen(station).twin ?? (differs ? this.#twinOf(station, frame.slot) : undefined);
    if (twin === undefined) return;
    if (differs && fault !== 0) this.#at(station).crowdedBy = fault;
    if (!isExtra) twin.starts(frame.slot, work, late, movedBy !== 0, this.#core.now);
  }

  /** The cores of a replica as they would be; undefined where they are not shared. @param but slot of a frame left out */
  #twinOf(station: Station, but = -1): TwinCores | undefined {
    const { cpu } = station;
    if (cpu === undefined || (cpu.cores === Infinity && cpu.limit === Infinity)) return undefined;
    this.#strained = true;
    const isStopped = station.stopped && this.acting === 0;
    return this.#at(station).twin ??= new TwinCores(cpu, isStopped, but, this.#core.now);
  }

  workDone(frame: Frame): void {
    if (!this.#strained || frame.lostFrom < 0) return;
    const station = this.#core.fleet.stationOf(frame.root), at = this.#seen(station), { now } = this.#core;
    const lost = this.#lost(at, now) - frame.lostFrom;
    if (at.twin === undefined) return this.#delayed(frame, at.lostBy, CAUSE_FAULT, lost);
    const done = at.twin.ends(frame.slot, now);
    if (station.cpu!.running === 0 && at.twin.isIdle && this.#lackOf(station.service) === 0) at.twin = undefined;
    const { marks } = frame;
    if (done === undefined) {
      if (marks !== undefined && !marks.extra) marks.late = Math.min(marks.late, 0);
      return;
    }
    const added = now - done - (marks ?? UNTOUCHED).late;
    if (added < 0 && marks !== undefined) marks.late += added;
    // Less is what the two have been rounded by.
    if (added < MICROSECOND) return;
    const fault = this.#crowdFault(station, at, lost, added);
    this.#delayed(frame, fault, fault === at.lostBy ? CAUSE_FAULT : causeOf(CauseKind.queue, station.service), added);
  }

  /** The fault, + 1, because of which work at shared cores takes so much longer, of which so much was taken from them. */
  #crowdFault({ service }: Station, at: StationMarks, lost: number, added: number): number {
    if (at.lostBy !== 0 && lost * 2 >= added) return at.lostBy;
    const lack = this.#lackOf(service);
    return lack !== 0 ? lack : at.crowdedBy !== 0 ? at.crowdedBy : at.lostBy;
  }

  /** A strand is cut off at its work. */
  workCut(frame: Frame, station: Station): void {
    station.marks?.twin?.cutOff(frame.slot, this.#core.now);
  }

  /** A replica stands still, or goes on, of its own accord. */
  stops(station: Station, isStopped: boolean): void {
    if (this.acting === 0 || !isStopped) station.marks?.twin?.setStopped(isStopped, this.#core.now);
  }

  /** The replica is slower after a start. @param added time */
  isCold(frame: Frame, added: number): void {
    this.#delayed(frame, this.#seen(this.#core.fleet.stationOf(frame.root)).startedBy, CAUSE_FAULT, added);
  }

  /** Something a fault did has taken a strand so long. */
  #delayed(frame: Frame, fault: number, via: number, added: number): void {
    if (fault === 0 || added <= 0) return;
    const marks = this.#of(frame);
    marks.late += added;
    this.#blame(marks, fault, via, added);
    if (frame.root !== frame) this.#blame(this.#of(frame.root), fault, via, added);
    this.#count(frame.root, marks.late);
  }

  /** A strand fails for something that a fault did. */
  #ruined(frame: Frame, fault: number, via: number): void {
    const marks = this.#of(frame.root);
    marks.changed = true;
    marks.movedBy = fault;
    this.#blame(marks, fault, via, Infinity);
    this.#count(frame.root, (frame.marks ?? UNTOUCHED).late);
  }

  /** What is due in a strand has to wait until its replica goes on. */
  deferred(frame: Frame, kind: number, until: number): void {
    if (kind !== Event.enter && kind !== Event.resume && kind !== Event.respond && kind !== Event.retry) return;
    const at = this.#seen(this.#core.fleet.stationOf(frame.root));
    const added = Math.min(until, at.stillUntil) - this.#core.now;
    if (added <= 0) return;
    this.#delayed(frame, at.lostBy, CAUSE_FAULT, added);
    if (kind !== Event.respond) return;
    const marks = this.#of(frame);
    marks.answerLate += added;
    if (marks.answerAt > 0) marks.answerAt += added;
  }

  // ---- entries of caches -------------------------------------------------------------------------------------------

  /** The fault, + 1, that takes from a replica what it has in memory; 0 for none. */
  takenBy(service: number, replica: number): number {
    return this.acting !== 0 ? this.acting : this.#seen(this.#core.fleet.replicasOf(service)[replica]!).downBy;
  }

  /** The time that it would be for a strand without the faults; undefined when it would not be there. */
  ownTime(frame: Frame): Nanos | undefined {
    const { extra, late } = frame.marks ?? UNTOUCHED;
    return extra ? undefined : this.#core.now - late as Nanos;
  }

  /** The fault, + 1, because of which a strand is not as far as it would be; 0 for none. */
  holdsUp(frame: Frame): number {
    const { late, fault } = frame.marks ?? UNTOUCHED;
    this.#foundLate = late;
    this.#foundFault = 0;
    this.#look(frame);
    return this.#foundLate > LATE_MIN ? this.#foundFault || fault : 0;
  }

  /** A strand does not find what a fault has thrown away. @param jump where the steps end that fetch it */
  misses(frame: Frame, fault: number, holder: number, jump: number): void {
    if (fault === 0) return;
    const marks = this.#of(frame);
    if (marks.missDepth >= 0) return;
    const via = holder === frame.service ? CAUSE_FAULT : causeOf(CauseKind.answer, holder);
    marks.missDepth = frame.cacheKeys.length;
    marks.missBy = fault;
    marks.missVia = via;
    marks.missEnds = this.#core.now - marks.late;
    marks.fallbackFrom = frame.pc;
    marks.fallbackTo = jump;
    this.#blame(marks, fault, via, 0);
    if (frame.root !== frame) this.#blame(this.#of(frame.root), fault, via, 0);
  }

  /** A strand does not find what would not be there without the faults either: it would go for it, the cache in reach or not. */
  missesAnyway({ marks, pc }: Frame): void {
    if (marks !== undefined && marks.fallbackFrom === pc) marks.fallbackFrom = marks.fallbackTo = -1;
  }

  /** It has it now. Gives whether a fault was why it had to go for it. */
  fetched(frame: Frame): boolean {
    const { marks } = frame;
    if (marks === undefined || marks.missDepth < 0 || marks.missDepth !== frame.cacheKeys.length) return false;
    marks.missDepth = marks.fallbackFrom = marks.fallbackTo = -1;
    this.#delayed(frame, marks.missBy, marks.missVia, this.#core.now - marks.missEnds - marks.late);
    return true;
  }

  // ---- locks -------------------------------------------------------------------------------------------------------

  /** A request waits for the lock that a fault makes. */
  waitsForLock(request: Frame, fault: number): void {
    const marks = this.#of(request);
    marks.lockBy = fault + 1;
    marks.lockSince = this.#core.now;
  }

  /** It has the lock, or fails without it. */
  lockWaitEnds(request: Frame, failed: boolean): void {
    const marks = this.#of(request), fault = marks.lockBy;
    marks.lockBy = 0;
    this.#delayed(request, fault, CAUSE_FAULT, this.#core.now - marks.lockSince);
    if (failed) this.#ruined(request, fault, CAUSE_FAULT);
  }

  /** Who holds a row for too long may do so because of a fault. */
  waitedInVain(holder: Frame, frame: Frame, since: number): void {
    const from = holder.marks ?? UNTOUCHED;
    if (from.fault === 0 || !(from.extra || from.late > LATE_MIN)) return;
    const via = causeOf(CauseKind.queue, frame.root.service);
    this.#delayed(frame, from.fault, via, Math.min(this.#core.now - since, from.extra ? Infinity : from.late));
    this.#ruined(frame, from.fault, via);
  }

  /** Who waits for what another fetches fails as that does. */
  sharesFate(holder: Frame, frame: Frame): void {
    const from = holder.root.marks ?? UNTOUCHED;
    if (from.changed) this.#ruined(frame, from.fault, causeOf(CauseKind.queue, frame.root.service));
  }

  /** A request fails of its own accord, or as a fault has decided. */
  fails(request: Frame): void {
    const { marks } = request;
    if (marks === undefined || marks.failsBy === 0) return;
    marks.changed = true;
    if (hasStepsLeft(request, request.pc)) marks.movedBy = marks.failsBy;
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
    marks.answerMoved = false;
  }

  /** Another attempt is sent beside one that takes too long. */
  hedged(strand: Frame, hedge: Frame): void {
    const from = strand.marks ?? UNTOUCHED;
    this.#lookBelow(strand);
    const isLate = this.#foundFault !== 0 && this.#foundLate - from.callLate > LATE_MIN;
    const fault = isLate ? this.#foundFault : from.fault;
    if (fault === 0) return;
    const marks = this.#of(hedge);
    marks.late = from.callLate;
    marks.extra = isLate || this.#isExtra(strand, from);
    this.#blame(marks, fault, from.via, marks.extra ? Infinity : from.most);
  }

  /** A fault on the edge cuts the attempt off. */
  aborted(caller: Frame, knobs: FaultKnobs, site: CallSite): void {
    const marks = this.#of(caller);
    marks.answerFault = knobs.failedBy;
    marks.answerVia = CAUSE_FAULT;
    marks.answerLate = marks.late;
    marks.answerChanged = marks.answerMoved = true;
    this.#noteSite(site.index, knobs.failedBy);
  }

  /** Calls to a service go to the one that stands by. */
  failsOver(service: number, fault: number): void {
    const { sites, endpoints } = this.#core.plan;
    for (const { callee, standby } of sites) {
      if (standby !== undefined && endpoints[callee]!.service === service) this.#standsInBy[standby] = fault + 1;
    }
  }

  /** A call of this strand goes to a service that stands by. */
  callsStandby(caller: Frame): void {
    this.#of(caller);
  }

  /** An attempt gets lost on its way. */
  lost(caller: Frame, site: CallSite, knobs: FaultKnobs): void {
    this.#neverComes(caller, knobs.failedBy, this.#core.now - (caller.marks ?? UNTOUCHED).late);
    this.#noteSite(site.index, knobs.failedBy);
  }

  /** @param ends when the answer would have come, at the earliest */
  #neverComes(caller: Frame, fault: number, ends: number, after = NEVER): void {
    const marks = this.#of(caller);
    marks.answerFault = fault;
    marks.answerVia = CAUSE_FAULT;
    marks.answerAt = this.#core.now + after;
    marks.answerLate = marks.answerAt - ends;
    marks.answerChanged = true;
    if (after > 0) this.#sticks(caller, fault);
  }

  /** A strand waits for what does not come, and so does who waits for it: none of them gives its worker back. */
  #sticks(strand: Frame, fault: number): void {
    const { frames } = this.#core.pool;
    for (let { root } = strand; root.kind === FrameKind.request;) {
      const marks = this.#of(root);
      if (marks.sticks) return;
      marks.sticks = true;
      const at = this.#at(this.#core.fleet.stationOf(root));
      at.stuck++;
      at.stuckBy = fault;
      const caller = frames[root.parent]!;
      if (caller.generation !== root.parentGeneration) return;
      root = caller.root;
    }
  }

  #comesLoose(request: Frame): void {
    const { marks } = request;
    if (marks === undefined || !marks.sticks) return;
    marks.sticks = false;
    this.#at(this.#core.fleet.stationOf(request)).stuck--;
  }

  /** The answer of a request gets lost on its way. */
  answerLost(request: Frame, caller: Frame): void {
    const { late, harmBy } = request.marks ?? UNTOUCHED;
    this.#neverComes(caller, harmBy, this.#core.now - late);
    this.#noteSite(request.site, harmBy);
  }

  /** The connection is cut as the answer of a request comes. @param added as in `answered` */
  resets(request: Frame, caller: Frame, added: number, arrives: number): void {
    const from = request.marks ?? UNTOUCHED, marks = this.#of(caller);
    marks.answerFault = from.harmBy;
    marks.answerVia = CAUSE_FAULT;
    marks.answerLate = from.late + added;
    marks.answerAt = arrives;
    marks.answerChanged = true;
    this.#noteSite(request.site, from.harmBy);
  }

  /** An attempt's connection is cut before an answer has come. */
  cut(caller: Frame): void {
    const marks = this.#of(caller);
    marks.answerFault = marks.cutBy;
    marks.answerVia = CAUSE_FAULT;
    marks.answerLate = marks.late;
    marks.answerAt = 0;
    marks.answerChanged = marks.answerMoved = true;
  }

  /** A partition holds a request up on its way. @param by the fault, + 1; 0 for none */
  heldUp(request: Frame, by: number): void {
    const marks = this.#of(request);
    marks.harmBy = by;
    marks.heldSince = this.#core.now;
    if (by === 0) return;
    this.#noteSite(request.site, by);
    this.#sticks(this.#core.pool.frames[request.parent]!, by);
  }

  comesThrough(request: Frame): void {
    const marks = this.#of(request);
    this.#delayed(request, marks.harmBy, CAUSE_FAULT, this.#core.now - marks.heldSince);
    marks.harmBy = 0;
  }

  /** Its caller gives up to connect. */
  unreachable(request: Frame, caller: Frame): void {
    const { harmBy, heldSince } = request.marks ?? UNTOUCHED;
    if (harmBy !== 0) this.#neverComes(caller, harmBy, heldSince - (caller.marks ?? UNTOUCHED).late, 0);
  }

  /** A partition holds an answer up. @param by the fault, + 1 @param patience after which the caller sees a reset */
  answerHeldUp(request: Frame, caller: Frame, by: number, failed: boolean, patience: number): HeldTaint | undefined {
    if (by === 0) return undefined;
    const { late, changed } = request.marks ?? UNTOUCHED;
    const ends = this.#core.now - late;
    this.#neverComes(caller, by, ends, patience);
    this.#noteSite(request.site, by);
    return { by, ends, changed: changed && failed };
  }

  answerComesThrough(caller: Frame, { by, ends, changed }: HeldTaint): void {
    this.#neverComes(caller, by, ends, 0);
    this.#of(caller).answerChanged = changed;
  }

  /** No replica of the service is on the list. */
  findsNobody(caller: Frame, site: CallSite, service: number): void {
    const fault = this.#lackOf(service);
    if (fault === 0) return;
    const marks = this.#of(caller);
    marks.answerFault = fault;
    marks.answerVia = causeOf(CauseKind.answer, service);
    marks.answerLate = marks.late;
    marks.answerChanged = marks.answerMoved = true;
    this.#noteSite(site.index, fault);
  }

  /** A fault takes connections to a service, or gives them back. @param by it, + 1; 0: back */
  poolTaken(caller: number, service: number, by: number, act: () => void): void {
    const sites: CallSite[] = this.#core.plan.sites.filter((site) =>
      this.#core.plan.endpoints[site.callee]!.service === service &&
      (caller < 0 || (site.caller >= 0 && this.#core.plan.endpoints[site.caller]!.service === caller))
    );
    if (by !== 0) { for (const { index } of sites) this.#poolBy[index] = by; }
    act();
    for (const { index } of sites) {
      if (this.#poolBy[index] !== 0) this.#noteSite(index, this.#poolBy[index]!);
      this.#poolBy[index] = by;
    }
  }

  /** @param added time that faults on the edge add to its way */
  sent(caller: Frame, request: Frame, added: number, knobs: FaultKnobs): void {
    if (caller.marks === undefined && added === 0 && knobs.failedBy === 0) return;
    const from = this.#of(caller), marks = this.#of(request);
    marks.late = marks.lateIn = from.late + added;
    marks.extra = this.#isExtra(caller, from);
    marks.movedBy = from.movedBy;
    this.#extra(request, this.#standsInBy[request.site]!, CAUSE_FAULT);
    marks.harmBy = from.cutBy = knobs.failedBy;
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

  #noteSite(site: number, fault: number): void {
    this.#siteFault[site] = fault;
    this.#siteSince[site] = this.#core.now;
  }

  /** An answer goes to the caller, from no request that a fault may have touched, unless `leaves` says more. */
  answers(caller: Frame): void {
    const { marks } = caller;
    if (marks !== undefined) marks.answerFault = marks.answerAt = 0;
  }

  /** The answer of a request is on its way. @param added time that faults on the edge add to the way back */
  answered(request: Frame, caller: Frame, failed: boolean, added: number, arrives: number, knobs: FaultKnobs): void {
    if (request.marks === undefined && caller.marks === undefined && added === 0) return;
    const from = request.marks ?? UNTOUCHED, marks = this.#of(caller);
    marks.answerLate = from.late + added;
    marks.answerChanged = from.changed && failed;
    marks.answerMoved = from.movedBy !== 0;
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
    this.#comesLoose(frame.root);
    if (outcome === Outcome.timeout) this.#timedOut(frame, site);
    else if (isHeldBack(outcome)) this.#heldBack(frame, site);
    const { marks } = frame;
    if (marks === undefined) return;
    if (outcome !== Outcome.timeout && !isHeldBack(outcome)) this.#answerCame(marks);
    if (marks.callExtra) marks.late = marks.extraLate + this.#core.now - marks.extraSince;
    if (frame.root !== frame && marks.fault !== 0) {
      const root = this.#of(frame.root);
      if (root.fault === 0 || marks.most > root.most) this.#take(root, marks);
    }
    this.#count(frame.root, marks.late);
  }

  #answerCame(marks: Marks): void {
    if (marks.answerAt > 0 || marks.answerFault !== 0) marks.late = marks.answerLate;
    if (marks.answerFault === 0) return;
    marks.callChanged = marks.answerChanged;
    const amount = marks.callChanged ? Infinity : marks.late - marks.callLate;
    this.#blameCall(marks, marks.answerFault, marks.answerVia, amount);
    if (marks.answerMoved) marks.movedBy = marks.answerFault;
  }

  #timedOut(frame: Frame, site: CallSite): void {
    const { now } = this.#core, { callLate } = frame.marks ?? UNTOUCHED;
    this.#lookBelow(frame);
    const late = this.#foundLate, fault = this.#foundFault;
    if (fault === 0 || late - callLate <= LATE_MIN) return;
    // What it waits for would be over then, at the earliest.
    const ends = Math.max(frame.callStart - callLate, Math.max(now, this.#foundEnds) - late);
    if (ends > now - callLate) return;
    const marks = this.#of(frame);
    marks.callChanged = true;
    marks.late = now - ends;
    const service = this.#core.plan.endpoints[site.callee]!.service;
    this.#blameCall(marks, fault, causeOf(CauseKind.answer, service), Infinity);
    this.#noteSite(site.index, fault);
  }

  #heldBack(frame: Frame, site: CallSite): void {
    const held = this.#poolBy[site.index]!, fault = held !== 0 ? held : this.#siteFault[site.index]!;
    if (fault === 0 || held === 0 && this.#core.now - this.#siteSince[site.index]! > HELD_BACK_WITHIN) return;
    const marks = this.#of(frame);
    marks.callChanged = true;
    const service = this.#core.plan.endpoints[site.callee]!.service;
    this.#blameCall(marks, fault, causeOf(CauseKind.answer, service), Infinity);
  }

  /** Finds the latest of what a strand's attempt waits for, and marks those between as waiting for it. */
  #lookBelow(attempt: Frame): void {
    const marks = attempt.marks ?? UNTOUCHED;
    this.#foundLate = marks.late;
    this.#foundFault = 0;
    this.#foundEnds = 0;
    if (marks.answerAt > 0) {
      this.#found(marks.answerLate, marks.answerFault, marks.answerAt);
      return;
    }
    if ((attempt.callHolds & CallHold.poolLine) !== 0) {
      this.#found(marks.late + this.#core.now - attempt.connectStart, this.#poolBy[attempt.callSite]!, 0);
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
    const marks = frame.marks ?? UNTOUCHED, { frames } = this.#core.pool;
    this.#found(marks.late, marks.fault, frame.state === FrameState.working ? frame.workEnds : 0);
    if (frame.state === FrameState.queued) {
      const at = this.#seen(this.#core.fleet.stationOf(frame)), waited = this.#core.now - frame.start;
      if (at.touched > 0) this.#found(marks.late + waited, at.fault, 0);
      else this.#found(marks.late + waited, this.#shortBy(this.#core.fleet.stationOf(frame)), 0);
      this.#found(marks.late + Math.min(waited, this.#lostSince(at, frame.start)), at.lostBy, 0);
      return;
    }
    if (frame.state === FrameState.transit && marks.harmBy !== 0 && marks.heldSince > 0) {
      const held = this.#core.now - marks.heldSince;
      this.#found(marks.late + held + NEVER, marks.harmBy, this.#core.now + NEVER);
      return;
    }
    if (frame.state === FrameState.working && frame.lostFrom >= 0) {
      const station = this.#core.fleet.stationOf(frame.root), at = this.#seen(station), { now } = this.#core;
      const lost = this.#lost(at, now) - frame.lostFrom;
      const done = at.twin?.doneAt(frame.slot, now);
      if (at.twin === undefined) this.#found(marks.late + lost, at.lostBy, 0);
      else if (done !== undefined) {
        const ends = Math.min(station.cpu!.endOf(frame, now), now + NEVER), late = ends - done;
        this.#found(late, this.#crowdFault(station, at, lost, late - marks.late), ends);
      }
    } else if (frame.state === FrameState.locked && marks.lockBy !== 0) {
      this.#found(marks.late + this.#core.now - marks.lockSince, marks.lockBy, 0);
    } else if (frame.waitsFor !== undefined) {
      const from = frame.waitsFor.holder.marks ?? UNTOUCHED;
      this.#found(from.late, from.fault, 0);
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
      const own = this.#of(frame);
      this.#blame(own, this.#foundFault, causeOf(CauseKind.answer, below), this.#foundLate - own.late);
      if (frame.root !== frame) this.#take(this.#of(frame.root), own);
    }
  }

  /** No attempt of a call is under way any more. @param attempt the one that decided */
  concluded(frame: Frame, attempt: Frame, failed: boolean, retries: boolean, goesOn: boolean): void {
    if (frame.marks === undefined && attempt.marks === undefined) return;
    const marks = this.#of(frame);
    if (attempt !== frame) {
      const from = attempt.marks ?? UNTOUCHED;
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
    const changed = failed && (marks.callChanged || this.#isExtra(frame, marks));
    marks.extraSince = -1;
    marks.callExtra = false;
    if (!changed) return;
    const { root } = frame;
    const of = this.#of(root);
    if (root.kind === FrameKind.request) {
      of.changed = true;
      if (!goesOn && hasStepsLeft(frame, frame.pc + 1)) of.movedBy = marks.fault;
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
  handsOver(giver: Frame | undefined, next: Frame, since: number): void {
    const held = next.callSite < 0 ? 0 : this.#poolBy[next.callSite]!;
    // All that it has waited, as a fault holds the connections.
    if (held !== 0) return this.#delayed(next, held, CAUSE_FAULT, this.#core.now - since);
    const from = giver?.marks;
    if (from === undefined || from.fault === 0) return;
    const marks = this.#of(next);
    const late = from.callExtra || from.extra ? Infinity : from.late;
    const goesOn = Math.max(since - marks.late, this.#core.now - late);
    const added = this.#core.now - goesOn - marks.late;
    if (added <= 0) return;
    marks.late += added;
    this.#blame(marks, from.fault, causeOf(CauseKind.queue, next.root.service), added);
  }

  // ---- replicas ----------------------------------------------------------------------------------------------------

  /** A replica goes down, or is told to. @param isHung because its checks fail */
  goesDown(station: Station, isHung: boolean): void {
    const at = this.#at(station), { now } = this.#core;
    const hungBy = at.stillUntil >= now ? at.lostBy : at.touched > 0 ? at.fault : 0;
    this.#strain(at, at.slowShare, now);
    const by = this.acting !== 0 ? this.acting : isHung ? hungBy : 0;
    if (by === 0) return;
    if (at.downBy === 0) this.#down++;
    at.downBy = by;
  }

  /** Its process listens. */
  comesBack(station: Station): void {
    const at = this.#at(station);
    at.startedBy = at.downBy;
    if (at.downBy === 0) return;
    at.downBy = 0;
    this.#down--;
    at.twin = undefined;
    this.#lacks(station.service);
  }

  /** Where cores are shared, those of the replicas that are left on the list have the work of them all. */
  #lacks(service: number): void {
    const replicas = this.#core.fleet.replicasOf(service).filter(({ life }) => life.phase !== Phase.absent);
    const left = replicas.filter((station) => !isMissing(station));
    for (const station of left) this.#twinOf(station)?.setRoom(replicas.length / left.length, this.#core.now);
  }

  /** A request ends with the process. */
  crashes(request: Frame, station: Station): void {
    const { downBy } = this.#seen(station);
    if (downBy !== 0) this.#ruined(request, downBy, CAUSE_FAULT);
  }

  /** A request finds nobody who listens. */
  findsDown(request: Frame, station: Station): void {
    const { downBy } = this.#seen(station);
    if (downBy === 0) return;
    const marks = this.#of(request);
    marks.changed = true;
    marks.movedBy = downBy;
    this.#blame(marks, downBy, CAUSE_FAULT, Infinity);
  }

  /** A fault, + 1, because of which a service's callers choose among fewer replicas than they would; 0 for none. */
  #lackOf(service: number): number {
    if (this.#down === 0) return 0;
    const missing = this.#core.fleet.replicasOf(service).find(isMissing);
    return (missing?.marks ?? UNTOUCHED_STATION).downBy;
  }

  /** The fault, + 1, because of which those who wait at a replica find fewer workers than they would; 0 for none. */
  #shortBy({ service, marks }: Station): number {
    return marks !== undefined && marks.stuck > 0 ? marks.stuckBy : this.#lackOf(service);
  }

  /** The fault, + 1, that has taken a replica down, or if it is not known which, any of a service; 0 for none. */
  downBy(service: number, replica: Station | undefined): number {
    return replica === undefined ? this.#lackOf(service) : this.#seen(replica).downBy;
  }

  /** The cores of a replica lose this share of their speed to faults. */
  slowsDown(station: Station, share: number): void {
    this.#twinOf(station);
    const at = this.#at(station);
    this.#strain(at, share, at.stillUntil);
    if (share > 0) at.lostBy = this.acting;
  }

  standsStill(station: Station, until: number): void {
    this.#twinOf(station);
    const at = this.#at(station);
    this.#strain(at, at.slowShare, Math.max(at.stillUntil, until));
    at.lostBy = this.acting;
  }

  #strain(at: StationMarks, share: number, stillUntil: number): void {
    const { now } = this.#core;
    this.#strained = true;
    at.lost = this.#lost(at, now);
    at.lostAt = now;
    at.slowShare = share;
    at.stillUntil = stillUntil;
  }

  /** The time that faults have taken from a replica's cores. */
  #lost({ lost, lostAt, slowShare, stillUntil }: StationMarks, now: number): number {
    const still = Math.max(0, Math.min(now, stillUntil) - lostAt);
    return lost + still + (now - lostAt - still) * slowShare;
  }

  /** The same, of the time since then, at most. */
  #lostSince(at: StationMarks, since: number): number {
    const { now } = this.#core;
    if (at.lostBy === 0) return 0;
    const lost = this.#lost(at, now);
    // What was lost before is not known any more: as much as lies within the time.
    return since >= at.lostAt
      ? lost - this.#lost(at, since)
      : Math.min(now - since, lost - at.lost + Math.min(at.lost, at.lostAt - since));
  }

  // ---- stations ----------------------------------------------------------------------------------------------------

  /** A request reaches its service. @param failedBy the fault, + 1, that decides that it fails */
  enters(request: Frame, failedBy: number): void {
    const marks = this.#of(request);
    marks.lateIn = marks.late;
    marks.failsBy = failedBy;
  }

  /** A worker takes a request up. */
  begins(request: Frame, station: Station, knobs: FaultKnobs): void {
    if (request.state === FrameState.queued) this.#waited(request, station);
    if (request.marks !== undefined || knobs.touchedBy !== 0) {
      const marks = this.#of(request);
      marks.slowedBy = knobs.touchedBy;
      marks.slowShare = 1 - 1 / knobs.knobs.factor;
      if (marks.extra) this.#count(request, marks.late);
    }
  }

  #waited(request: Frame, station: Station): void {
    const at = this.#seen(station), { now } = this.#core, { marks } = request;
    const late = at.freedAt === now ? at.freedLate : 0;
    if (marks !== undefined) {
      marks.handed = late;
      if (marks.movedBy !== 0) {
        // It comes at another time: what it waits now it need not have waited then.
        this.#delayed(request, marks.movedBy, marks.via, now - request.start);
        return;
      }
      const came = request.start - marks.late;
      if (marks.fault !== 0 && came < station.fullSince && came < request.start) {
        // It comes at another time, and finds busy what was free when it would have come.
        const added = now - request.start;
        marks.late += added;
        this.#blame(marks, marks.fault, marks.via, added);
        return;
      }
    }
    if (late === 0) {
      const lack = this.#shortBy(station), waited = now - request.start;
      if (lack !== 0) this.#delayed(request, lack, causeOf(CauseKind.queue, station.service), waited);
      else if (at.lostBy !== 0) {
        this.#delayed(request, at.lostBy, CAUSE_FAULT, Math.min(waited, this.#lostSince(at, request.start)));
      }
      return;
    }
    const before = marks === undefined ? 0 : marks.late;
    const begins = Math.max(request.start - before, now - late);
    const added = now - begins - before;
    if (added === 0) return;
    const own = this.#of(request);
    own.late += added;
    if (added > 0) this.#blame(own, at.freedFault, causeOf(CauseKind.queue, station.service), added);
  }

  /** A request is turned away. */
  refused(request: Frame, station: Station): void {
    const at = this.#seen(station);
    if (at.touched > (request.marks?.counted ? 1 : 0)) {
      const marks = this.#of(request);
      marks.changed = true;
      marks.movedBy = at.fault;
      this.#blame(marks, at.fault, causeOf(CauseKind.queue, station.service), Infinity);
    } else {
      const lack = this.#shortBy(station);
      const by = lack !== 0 ? lack : this.#lostSince(at, request.start) > LATE_MIN ? at.lostBy : 0;
      if (by !== 0) this.#ruined(request, by, lack !== 0 ? causeOf(CauseKind.queue, station.service) : CAUSE_FAULT);
    }
    this.#uncount(request, station);
  }

  #uncount(request: Frame, station: Station): void {
    this.#comesLoose(request);
    const { marks } = request;
    if (marks === undefined || !marks.counted) return;
    this.#at(station).touched--;
    marks.counted = false;
  }

  /** A request gives its worker back. */
  leaves(request: Frame, station: Station): void {
    const { marks } = request;
    if (marks === undefined) {
      if (station.marks !== undefined) station.marks.freedLate = 0;
      return;
    }
    this.#uncount(request, station);
    const at = this.#at(station);
    at.freedAt = this.#core.now;
    at.freedFault = marks.fault;
    at.freedLate = marks.extra || marks.movedBy !== 0
      ? this.#core.now - request.begun + marks.handed
      : marks.fault === 0
      ? 0
      : marks.late;
  }
}

/** Writes what faults made of a request into its fact. */
export function tellRequest(batch: FactBatch, row: number, marks: Marks): void {
  if (marks.fault === 0) return;
  batch.fault[row] = marks.fault;
  batch.via[row] = marks.via;
  batch.since[row] = marks.since;
  if (!marks.extra) batch.delay[row] = marks.late - marks.lateIn;
  if (marks.changed || marks.extra) batch.flags[row]! |= FactFlag.changed;
}

/** A line within a request that a fault has had an effect on so far. @param writtenBy the fault that has it written, + 1 */
export function tellLog(batch: FactBatch, row: number, { marks }: Frame, writtenBy: number): void {
  if (writtenBy !== 0) {
    batch.fault[row] = writtenBy;
    batch.via[row] = CAUSE_FAULT;
    batch.flags[row]! |= FactFlag.changed;
    return;
  }
  if (marks === undefined || marks.fault === 0) return;
  if (!(marks.changed || marks.extra || marks.late - marks.lateIn > LATE_MIN)) return;
  batch.fault[row] = marks.fault;
  batch.via[row] = marks.via;
  batch.flags[row]! |= FactFlag.changed;
}

/** An attempt of a call. @param marks the attempt's */
export function tellCall(batch: FactBatch, row: number, attempt: Frame, marks: Marks, failed: boolean): void {
  if (marks.callFault === 0) return;
  const isExtra = marks.extra || marks.callExtra;
  // Users whom a fault has brought are hurt as others are: by failures.
  if (marks.extra && !failed && attempt.root.kind === FrameKind.iteration) return;
  batch.fault[row] = marks.callFault;
  batch.via[row] = marks.callVia;
  batch.since[row] = batch.time[row]!;
  if (!isExtra) batch.delay[row] = marks.late - marks.callLate;
  if ((marks.callChanged && failed) || isExtra) batch.flags[row]! |= FactFlag.changed;
}

/** Whether a fault has taken a replica off its callers' list: until then they go on choosing it, and find it down. */
function isMissing({ marks, life }: Station): boolean {
  return (marks ?? UNTOUCHED_STATION).downBy !== 0 && !life.listed;
}

/** Whether a strand that fails leaves out anything that takes time. @param pc what it would have done next */
function hasStepsLeft({ program }: Frame, pc: number): boolean {
  const { op } = program[pc]!;
  return op !== Op.end && op !== Op.join;
}
