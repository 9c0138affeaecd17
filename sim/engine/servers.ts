// Requests, seen from their service: admission, own work, the answer.

import { hashText, uniform } from "../base/draws.ts";
import { FOREVER, type Nanos, nanos } from "../base/time.ts";
import { Harm } from "../faults/fault.ts";
import { Outcome } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";
import { abandonAll } from "./held.ts";
import { Phase } from "./replica.ts";
import type { Station } from "./station.ts";
import { wireTime } from "./wire.ts";

const SALT_NETWORK_BACK = hashText("network back");
const SALT_PATIENCE = hashText("patience in the queue");
const STATUS_REFUSED = 503;
const STATUS_TOO_MANY_REQUESTS = 429;
const STATUS_TOO_LATE = 504;

export class Servers {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** A request reaches its service: whether it will fail of its own accord is decided here. */
  enter(request: Frame): void {
    const station = this.#core.fleet.stationOf(request);
    if (!station.life.listens) return this.#core.world.refuseConnection(request);
    if (this.#core.pauses.standing > 0 && this.#core.pauses.defers(request, Event.enter)) return;
    station.entered++;
    if (this.#core.memory.any) this.#core.memory.entered(station);
    const endpoint = this.#core.plan.endpoints[request.endpoint]!;
    const { keyHigh, keyLow } = request;
    request.start = this.#core.now;
    if (endpoint.variants.length > 0) {
      request.variant = endpoint.variants.findIndex(({ where }) => this.#core.matches(where, request));
    }
    const own = request.variant < 0 ? endpoint : endpoint.variants[request.variant]!;
    if (own.errorRate > 0 && uniform(keyHigh, keyLow, endpoint.errorSalt) < own.errorRate) {
      request.failure = own.failure;
    }
    const failure = this.#core.knobs.turn(endpoint.faults, request.replica, keyHigh, keyLow, request);
    if (failure >= 0 && this.#core.knobs.harm === Harm.shed) {
      this.#core.taint?.enters(request, this.#core.knobs.failedBy);
      this.#core.taint?.fails(request);
      return this.#refuse(request, Outcome.shed, STATUS_REFUSED);
    }
    const isFailed = failure >= 0 && request.failure < 0;
    if (isFailed) request.failure = failure;
    if (isFailed || request.marks !== undefined) {
      this.#core.taint?.enters(request, isFailed ? this.#core.knobs.failedBy : 0);
    }

    if (station.isGuarded && this.#turnsAway(request, station)) return;
    if (station.free && station.queued === 0) this.#begin(request, station);
    else if (station.queued < station.queueMax) {
      request.state = FrameState.queued;
      const patience = station.enqueue(request.slot, this.#core.now);
      if (station.expires) this.#limitWait(request, station, patience);
    } else this.#refuse(request, Outcome.refused, STATUS_REFUSED);
  }

  /** Rate limits come before load shedding, as a gateway's filters come before the server. */
  #turnsAway(request: Frame, station: Station): boolean {
    const { now } = this.#core;
    const retryAfter = station.bucket === undefined ? 0 : station.bucket.take(now);
    if (retryAfter > 0) {
      this.#refuse(request, Outcome.rateLimited, STATUS_TOO_MANY_REQUESTS, retryAfter);
      return true;
    }
    const { shed } = this.#core.plan.services[station.service]!.capacity;
    if (shed === undefined) return false;
    const isBusy = shed.utilization < Infinity && station.utilization(now) >= shed.utilization;
    if (!isBusy && (station.queued < shed.queue || (station.free && station.queued === 0))) return false;
    this.#refuse(request, Outcome.shed, STATUS_REFUSED);
    return true;
  }

  /** Lets a request wait for as long as its queue's discipline and its own patience allow. */
  #limitWait(request: Frame, station: Station, most: number): void {
    const { patience } = this.#core.plan.services[station.service]!.capacity;
    request.patience = FOREVER;
    if (patience !== undefined) {
      request.patience = nanos(patience.sample(uniform(request.keyHigh, request.keyLow, SALT_PATIENCE)));
    }
    request.dropsAfter = most;
    const wait = Math.min(request.patience, most);
    if (wait === Infinity) return;
    // Who is taken up just in time is in time.
    const { slot, generation } = request;
    this.#core.events.scheduleLate((this.#core.now + wait) as Nanos, Event.patience, slot, generation);
  }

  /** The wait of a request may have been long enough. */
  patienceEnds(request: Frame, generation: number): void {
    if (request.generation !== generation || request.state !== FrameState.queued) return;
    if (this.#core.pauses.standing > 0 && this.#core.pauses.defers(request, Event.patience)) return;
    this.#core.fleet.stationOf(request).remove(request.slot);
    this.#refuse(request, request.patience <= request.dropsAfter ? Outcome.expired : Outcome.dropped, STATUS_REFUSED);
  }

  /** A replica has started anew, and its pauses with it. */
  started(station: Station): void {
    this.#core.pauses.release(station);
    station.started(this.#core.now);
    this.#core.pauses.begin(station);
  }

  /** A worker takes a request up. How long it takes is decided now: a stall that is over does not slow what waited for it. */
  #begin(request: Frame, station: Station): void {
    if (request.deadline < this.#core.now) return this.#refuse(request, Outcome.tooLate, STATUS_TOO_LATE);
    const endpoint = this.#core.plan.endpoints[request.endpoint]!;
    const { keyHigh, keyLow } = request;
    station.hold(this.#core.now);
    request.begun = this.#core.now;
    this.#core.knobs.turn(endpoint.faults, request.replica, keyHigh, keyLow, request);
    const { knobs: { added, factor }, lines, lockOf, lockTimeout } = this.#core.knobs;
    if (request.state === FrameState.queued || request.marks !== undefined || this.#core.knobs.touchedBy !== 0) {
      this.#core.taint?.begins(request, station, this.#core.knobs);
    }
    for (let i = 0; i < lines.length; i += 3) {
      for (let n = lines[i + 1]!; n > 0; n--) {
        this.#core.facts.log(request, lines[i]!, lines[i + 2]! + 1);
      }
    }
    request.addedWork = added;
    const { latency } = request.variant < 0 ? endpoint : endpoint.variants[request.variant]!;
    request.ownWork = latency === undefined
      ? 0
      : latency.sample(uniform(keyHigh, keyLow, endpoint.latencySalt)) * factor;
    if (lockOf >= 0 && this.#core.contention.take(lockOf, request, lockTimeout)) return;
    this.#core.strands.run(request);
  }

  /** Turns a request away without a worker. @param wait its time in the queue; rateLimited: until a token comes */
  #refuse(request: Frame, outcome: number, status: number, wait = this.#core.now - request.start): void {
    const abandoned = !this.callerWaits(request);
    this.#core.taint?.refused(request, this.#core.fleet.stationOf(request));
    this.#core.facts.request(request, outcome, status, -1, 0, abandoned, wait);
    // From outside all of them look alike.
    this.respond(request, Outcome.refused, status, -1);
    this.#core.workloads.release(request);
  }

  /** A request leaves its service. */
  finish(request: Frame, outcome: number, status: number, cause: number, causeOutcome: number): void {
    if (request.held.length > 0) abandonAll(request, outcome, status, cause, causeOutcome);
    const callerWaits = this.callerWaits(request);
    this.#core.facts.request(request, outcome, status, cause, causeOutcome, !callerWaits);
    if (outcome === Outcome.ok) {
      if (this.#core.queues.any) this.#core.queues.append(request);
      if (this.#core.caches.any) this.#core.caches.served(request);
    }
    if (callerWaits) {
      if (outcome === Outcome.ok) this.#answer(request, Outcome.ok, status, -1);
      else this.#answer(request, Outcome.error, status, outcome === Outcome.error ? cause : -1);
    }
    const station = this.#core.fleet.stationOf(request);
    if (request.marks !== undefined || station.marks !== undefined) this.#core.taint?.leaves(request, station);
    this.#core.workloads.release(request);
    station.release(this.#core.now);
    this.takeUp(station);
    if (station.life.phase === Phase.stopping) this.#core.world.drained(station);
  }

  /** Workers that are free take up the requests that wait. */
  takeUp(station: Station): void {
    if (station.draining || station.stopped) return;
    station.draining = true;
    const { now } = this.#core;
    while (station.free && station.queued > 0) {
      const request = this.#core.pool.frames[station.dequeue(now)]!;
      if (station.codel !== undefined && station.codel.drops(now, now - request.start, station.queued)) {
        this.#refuse(request, Outcome.dropped, STATUS_REFUSED);
      } else this.#begin(request, station);
    }
    station.draining = false;
  }

  callerWaits(request: Frame): boolean {
    return this.#core.pool.frames[request.parent]!.generation === request.parentGeneration;
  }

  /** Answers the caller of a request, if it still waits. */
  respond(request: Frame, outcome: number, status: number, cause: number): void {
    if (this.callerWaits(request)) this.#answer(request, outcome, status, cause);
  }

  #answer(request: Frame, outcome: number, status: number, cause: number): void {
    const caller = this.#core.pool.frames[request.parent]!;
    if (caller.kind === FrameKind.delivery) return this.#core.queues.handled(request, caller, outcome);
    if (this.#core.world.partitions.takesAnswer(request, caller, outcome, status, cause)) return;
    const site = this.#core.plan.sites[request.site]!;
    let delay = 0 as Nanos, byFaults = 0;
    if (request.harm === Harm.answerLost) {
      this.#core.taint?.answerLost(request, caller);
      return;
    }
    if (site.network !== undefined || site.faults.length > 0) {
      const { keyHigh, keyLow } = request;
      const { knobs } = this.#core.knobs;
      this.#core.knobs.turn(site.faults, request.replica, keyHigh, keyLow, caller);
      let time = 0;
      if (site.faults.length > 0) {
        // What a fault adds has been added on the way there.
        time = wireTime(knobs, this.#core.plan.endpoints[request.endpoint]!.size.response, keyHigh, keyLow, true);
        byFaults = time;
      }
      if (site.network !== undefined) {
        const network = site.network.sample(uniform(keyHigh, keyLow, SALT_NETWORK_BACK));
        time += network * knobs.factor;
        byFaults += network * (knobs.factor - 1);
      }
      delay = nanos(time);
    }
    // One that is cut after some time, and answered before, is not cut.
    if (request.harm === Harm.reset && caller.cutCause < 0) {
      this.#core.calls.answer(caller, Outcome.reset, 0, request.harmCause, delay);
      this.#core.taint?.resets(request, caller, byFaults, this.#core.now + delay);
      return;
    }
    const { calls, knobs, now, taint } = this.#core;
    calls.answer(caller, outcome, status, cause, delay);
    if (request.marks !== undefined || caller.marks !== undefined || byFaults !== 0) {
      taint?.answered(request, caller, outcome !== Outcome.ok, byFaults, now + delay, knobs);
    }
  }
}
