// Requests, seen from their service: admission, own work, the answer.

import { hashText, uniform } from "../base/draws.ts";
import { type Nanos, nanos } from "../base/time.ts";
import { Outcome } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import { type Frame, FrameState } from "./frame.ts";
import type { Station } from "./station.ts";

const SALT_NETWORK_BACK = hashText("network back");
const STATUS_REFUSED = 503;

export class Servers {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** A request reaches its service: whether it will fail of its own accord is decided here. */
  enter(request: Frame): void {
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
    const failure = this.#core.faults.turn(endpoint.faults, this.#core.now, request.replica, keyHigh, keyLow, request);
    if (failure >= 0 && request.failure < 0) request.failure = failure;

    const station = this.#core.fleet.stationOf(request);
    if (station.free && station.queued === 0) this.#begin(request, station);
    else if (station.queued < station.queueMax) {
      request.state = FrameState.queued;
      station.enqueue(request.slot);
    } else this.#refuse(request);
  }

  /** A worker takes a request up. How long it takes is decided now: a stall that is over does not slow what waited for it. */
  #begin(request: Frame, station: Station): void {
    const endpoint = this.#core.plan.endpoints[request.endpoint]!;
    const { keyHigh, keyLow } = request;
    station.hold(this.#core.now);
    request.begun = this.#core.now;
    this.#core.faults.turn(endpoint.faults, this.#core.now, request.replica, keyHigh, keyLow, request);
    const { added, factor } = this.#core.faults.knobs;
    request.addedWork = added;
    const { latency } = request.variant < 0 ? endpoint : endpoint.variants[request.variant]!;
    request.ownWork = latency === undefined
      ? 0
      : latency.sample(uniform(keyHigh, keyLow, endpoint.latencySalt)) * factor;
    this.#core.strands.run(request);
  }

  #refuse(request: Frame): void {
    request.begun = this.#core.now;
    this.#core.facts.request(
      this.#core.now,
      request,
      Outcome.refused,
      STATUS_REFUSED,
      -1,
      0,
      !this.callerWaits(request),
    );
    this.#respondTo(request, Outcome.refused, STATUS_REFUSED, -1);
    this.#core.workloads.release(request);
  }

  /** A request leaves its service. */
  finish(request: Frame, outcome: number, status: number, cause: number, causeOutcome: number): void {
    this.#core.facts.request(this.#core.now, request, outcome, status, cause, causeOutcome, !this.callerWaits(request));
    if (outcome === Outcome.ok) this.#respondTo(request, Outcome.ok, status, -1);
    else this.#respondTo(request, Outcome.error, status, outcome === Outcome.error ? cause : -1);
    const station = this.#core.fleet.stationOf(request);
    this.#core.workloads.release(request);
    station.release(this.#core.now);
    this.takeUp(station);
  }

  /** Workers that are free take up the requests that wait. */
  takeUp(station: Station): void {
    if (station.draining) return;
    station.draining = true;
    while (station.free && station.queued > 0) this.#begin(this.#core.pool.frames[station.dequeue()]!, station);
    station.draining = false;
  }

  callerWaits(request: Frame): boolean {
    return this.#core.pool.frames[request.parent]!.generation === request.parentGeneration;
  }

  #respondTo(request: Frame, outcome: number, status: number, cause: number): void {
    if (!this.callerWaits(request)) return;
    const caller = this.#core.pool.frames[request.parent]!;
    const site = this.#core.plan.sites[request.site]!;
    let delay = 0 as Nanos;
    if (site.network !== undefined) {
      const { keyHigh, keyLow } = request;
      this.#core.faults.turn(site.faults, this.#core.now, request.replica, keyHigh, keyLow, request);
      // What a fault adds has been added on the way there.
      delay = nanos(site.network.sample(uniform(keyHigh, keyLow, SALT_NETWORK_BACK)) * this.#core.faults.knobs.factor);
    }
    this.#core.calls.answer(caller, outcome, status, cause, delay);
  }
}
