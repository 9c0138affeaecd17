// Memory: what requests hold and what they leave behind, until the kernel kills the process.

import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import type { Station } from "./station.ts";
import { DownReason } from "./world.ts";

export class MemoryUse {
  readonly #core: Core;
  /** Whether any service has a limit: then every request is counted. */
  readonly any: boolean;
  /** By number of the station: requests whose leaks its process still holds. */
  readonly #leaked: number[] = [];

  constructor(core: Core) {
    this.#core = core;
    this.any = core.plan.services.some(({ memory }) => memory !== undefined);
  }

  /** In bytes. */
  used(station: Station): number {
    const memory = this.#core.plan.services[station.service]!.memory;
    if (memory === undefined) return 0;
    const leaked = this.#leaked[station.index] ?? 0;
    return memory.base + leaked * memory.leak + (station.busy + station.queued) * memory.perRequest;
  }

  /** A request has come in. Past the limit the process is killed, once what happens now is over. */
  entered(station: Station): void {
    const memory = this.#core.plan.services[station.service]!.memory;
    if (memory === undefined) return;
    const index = station.index;
    this.#leaked[index] = (this.#leaked[index] ?? 0) + 1;
    if (this.used(station) > memory.limit) {
      this.#core.schedule(this.#core.now, Event.outOfMemory, index, station.life.generation);
    }
  }

  kill(station: Station): void {
    this.#core.world.kill(station, DownReason.outOfMemory);
  }

  /** Its process is no more. */
  lose(station: Station): void {
    this.#leaked[station.index] = 0;
  }
}
