// Own work at replicas whose cores are shared, limited or paused: when it begins, is cut off, and ends.

import { FOREVER, type Nanos } from "../base/time.ts";
import { Change } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import type { Cpu } from "./cpu.ts";
import { Event } from "./event.ts";
import { type Frame, FrameState } from "./frame.ts";
import type { Station } from "./station.ts";

export class OwnWork {
  readonly #core: Core;
  /** The station whose finished strands go on just now: its next event is scheduled when they all have. */
  #finishing: Station | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Begins a strand's own work. @returns false when it takes its time and no more */
  begin(frame: Frame, work: Nanos): boolean {
    const station = this.#core.fleet.stationOf(frame.root);
    if (station.cpu === undefined) return false;
    frame.state = FrameState.working;
    station.cpu.start(frame, work, this.#core.now);
    this.schedule(station);
    return true;
  }

  /** A strand that is at work is about to end. */
  cutOff(frame: Frame): void {
    const station = this.#core.fleet.stationOf(frame.root);
    if (station.cpu === undefined) return;
    if (station.marks !== undefined) this.#core.taint?.workCut(frame, station);
    station.cpu.leave(this.#core.now);
    this.schedule(station);
  }

  /** Something of the station's cores is due. */
  due(station: Station, generation: number): void {
    if (station.cpuGeneration !== generation) return;
    const { cpu } = station;
    if (cpu === undefined) return;
    const wasThrottled = cpu.throttled;
    cpu.advance(this.#core.now);
    if (cpu.throttled && !wasThrottled) this.#throttled(station, cpu);
    this.#finishing = station;
    for (let frame = cpu.finished(); frame !== undefined; frame = cpu.finished()) this.#core.strands.resume(frame);
    this.#finishing = undefined;
    this.schedule(station);
  }

  /** Schedules what is next due at the station's cores, in place of what was. */
  schedule(station: Station): void {
    if (station === this.#finishing) return;
    const generation = station.cpuGeneration = (station.cpuGeneration + 1) | 0;
    const next = station.cpu!.nextTime(this.#core.now);
    if (next < FOREVER) this.#core.schedule(next, Event.cpu, station.index, generation);
  }

  #throttled(station: Station, cpu: Cpu): void {
    const { now } = this.#core;
    this.#core.facts.change(Change.throttled, station.service, station.replica, now, cpu.periodEnd - now);
  }
}
