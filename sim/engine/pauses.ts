// Replicas that stand still: what would happen in one meanwhile (a request comes in, an answer comes back, a time-out is
// due) happens when it goes on, in the same order. Its requests' patience, its callers' and the network's time run on.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import { type Nanos, nanos } from "../base/time.ts";
import type { PauseSpec } from "../model/capacity.ts";
import { Change } from "../plan/facts.ts";
import type { PlanService } from "../plan/plan.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind } from "./frame.ts";
import type { Station } from "./station.ts";

const SALT_PAUSES = hashText("pauses");
const SALT_PHASE = hashText("phase of pauses");
const SALT_EVERY = hashText("time between pauses");
const SALT_LENGTH = hashText("length of a pause");

/** The pauses of one kind at one replica. */
interface Source {
  readonly station: Station;
  readonly spec: PauseSpec;
  readonly keyHigh: number;
  readonly keyLow: number;
  /** Pauses so far. */
  count: number;
  beganAt: Nanos;
  length: Nanos;
}

export class Pauses {
  /** Stations that stand still. */
  standing = 0;
  readonly #core: Core;
  readonly #sources: Source[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  /** Schedules the pauses of a replica from its start on. The first comes after a random share of the time between two. */
  begin(station: Station): void {
    const service = this.#core.plan.services[station.service]!;
    if (service.capacity.pauses.length === 0) return;
    if (!this.#sources.some((source) => source.station === station)) this.#add(station, service);
    this.#sources.forEach((source, number) => {
      if (source.station !== station) return;
      mix(source.keyHigh, source.keyLow, source.count);
      const phase = uniform(mixed.high, mixed.low, SALT_PHASE);
      this.#schedule(source, number, (this.#core.now + this.#every(source) * phase) as Nanos);
    });
  }

  #add(station: Station, service: PlanService): void {
    service.capacity.pauses.forEach((spec, n) => {
      const { seed } = this.#core.plan;
      mix(Math.floor(seed / 4294967296) | 0, seed | 0, hashText(service.name) ^ SALT_PAUSES);
      mix(mixed.high, mixed.low, station.replica);
      mix(mixed.high, mixed.low, n);
      this.#sources.push({
        station,
        spec,
        keyHigh: mixed.high,
        keyLow: mixed.low,
        count: 0,
        beganAt: this.#core.now,
        length: 0 as Nanos,
      });
    });
  }

  /** From the beginning of the pause that the source is at to that of the next. */
  #every({ spec, keyHigh, keyLow, count }: Source): number {
    mix(keyHigh, keyLow, count);
    return spec.every.sample(uniform(mixed.high, mixed.low, SALT_EVERY));
  }

  #schedule({ station }: Source, number: number, time: Nanos): void {
    const next = Math.max(this.#core.now + 1, Math.round(time)) as Nanos;
    this.#core.schedule(next, Event.pause, number, station.incarnation);
  }

  /** A pause begins. */
  due(number: number, incarnation: number): void {
    const source = this.#sources[number]!;
    const { station, spec } = source;
    if (station.incarnation !== incarnation) return;
    const { now } = this.#core;
    source.count++;
    mix(source.keyHigh, source.keyLow, source.count);
    const length = spec.length.sample(uniform(mixed.high, mixed.low, SALT_LENGTH));
    source.length = nanos(length + (spec.perRequest ?? 0) * (station.busy + station.queued));
    source.beganAt = now;
    if (source.length === 0) return this.#schedule(source, number, (now + this.#every(source)) as Nanos);
    this.hold(station, (now + source.length) as Nanos);
    this.#core.schedule((now + source.length) as Nanos, Event.pauseEnd, number, incarnation);
  }

  /** A pause of the plan is over: it is told, and the next one scheduled. */
  over(number: number, incarnation: number): void {
    const source = this.#sources[number]!;
    const { station, count, beganAt, length } = source;
    if (station.incarnation !== incarnation) return;
    const { facts } = this.#core;
    const row = facts.change(Change.paused, station.service, station.replica, beganAt, length, count);
    mix(source.keyHigh, source.keyLow, count);
    facts.batch.key[row * 2] = mixed.high;
    facts.batch.key[row * 2 + 1] = mixed.low;
    this.#schedule(source, number, (beganAt + this.#every(source)) as Nanos);
  }

  /** Stops a replica until then, or for longer if something else stops it. */
  hold(station: Station, until: Nanos): void {
    const { now } = this.#core;
    if (until <= now || until <= station.pausedUntil) return;
    if (!station.stopped) {
      station.stopped = true;
      this.standing++;
      if (station.cpu !== undefined) {
        station.cpu.setStopped(true, now);
        this.#core.taint?.stops(station, true);
        this.#core.ownWork.schedule(station);
      }
    }
    station.pausedUntil = until;
    this.#core.schedule(until, Event.wake, station.index, 0);
  }

  /** The replica goes on, unless something holds it for longer. */
  wake(station: Station): void {
    const { now } = this.#core;
    if (!station.stopped || station.pausedUntil > now) return;
    station.stopped = false;
    this.standing--;
    if (station.cpu !== undefined) {
      station.cpu.setStopped(false, now);
      this.#core.taint?.stops(station, false);
      this.#core.ownWork.schedule(station);
    }
    this.#core.servers.takeUp(station);
  }

  /** Whatever holds a replica holds it no longer, as when it is restarted. */
  release(station: Station): void {
    station.pausedUntil = this.#core.now;
    this.wake(station);
  }

  /** Puts off what is due in a strand of a replica that stands still. @returns whether it did */
  defers(frame: Frame, kind: Event): boolean {
    if (frame.root.kind !== FrameKind.request) return false;
    const { pausedUntil } = this.#core.fleet.stationOf(frame.root);
    if (pausedUntil <= this.#core.now) return false;
    this.#core.taint?.deferred(frame, kind, pausedUntil);
    this.#core.schedule(pausedUntil, kind, frame.slot, frame.generation);
    return true;
  }
}
