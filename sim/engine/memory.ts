// Memory: what requests hold and what they leave behind, until the kernel kills the process.

import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import type { Station } from "./station.ts";
import { DownReason } from "./world.ts";

/** What faults make a replica's requests leave behind. */
interface FaultLeak {
  readonly perRequest: Map<number, number>;
  bytes: number;
  /** Where the service has none. */
  limit: number;
  /** The one that came last, + 1. */
  fault: number;
}

export class MemoryUse {
  readonly #core: Core;
  /** Whether any service has a limit: then every request is counted. */
  any: boolean;
  /** What faults have requests leave behind, by number of the station. */
  readonly #faults: (FaultLeak | undefined)[] = [];
  /** By number of the station: requests whose leaks its process still holds. */
  readonly #leaked: number[] = [];

  constructor(core: Core) {
    this.#core = core;
    this.any = core.plan.services.some(({ memory }) => memory !== undefined);
  }

  /** In bytes. */
  used(station: Station): number {
    const memory = this.#core.plan.services[station.service]!.memory;
    const byFaults = this.#faults[station.index]?.bytes ?? 0;
    if (memory === undefined) return byFaults;
    const leaked = this.#leaked[station.index] ?? 0;
    return byFaults + memory.base + leaked * memory.leak + (station.busy + station.queued) * memory.perRequest;
  }

  /** A request has come in. Past the limit the process is killed, once what happens now is over. */
  entered(station: Station): void {
    const memory = this.#core.plan.services[station.service]!.memory;
    const index = station.index, fault = this.#faults[index];
    if (memory === undefined && fault === undefined) return;
    this.#leaked[index] = (this.#leaked[index] ?? 0) + 1;
    if (fault !== undefined) { for (const perRequest of fault.perRequest.values()) fault.bytes += perRequest; }
    if (this.used(station) > (memory?.limit ?? fault!.limit)) {
      this.#core.schedule(this.#core.now, Event.outOfMemory, index, station.life.generation);
    }
  }

  /** Has each request of a replica leave so many bytes behind, for a fault; 0: no longer. */
  leak(station: Station, fault: number, perRequest: number, limit: number): void {
    this.any = true;
    const leak = this.#faults[station.index] ??= { perRequest: new Map(), bytes: 0, limit, fault: 0 };
    leak.fault = fault + 1;
    if (perRequest > 0) leak.perRequest.set(fault, perRequest);
    else leak.perRequest.delete(fault);
    leak.limit = limit;
  }

  kill(station: Station): void {
    const leak = this.#faults[station.index], { taint } = this.#core;
    if (taint !== undefined && leak !== undefined && leak.bytes > 0) taint.acting = leak.fault;
    this.#core.world.kill(station, DownReason.outOfMemory);
    if (taint !== undefined) taint.acting = 0;
  }

  /** Its process is no more. */
  lose(station: Station): void {
    this.#leaked[station.index] = 0;
    const fault = this.#faults[station.index];
    if (fault !== undefined) fault.bytes = 0;
  }
}
