// Health checks: which replicas callers may choose, and which are started again.

import { hashText, uniform } from "../base/draws.ts";
import type { Nanos } from "../base/time.ts";
import type { HealthCheck } from "../model/state.ts";
import { Change } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { Phase } from "./replica.ts";
import type { Station } from "./station.ts";

const SALT_OFFSET = hashText("health check");

export class Health {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    for (const { index, name, health } of core.plan.services) {
      if (health === undefined) continue;
      for (const station of core.fleet.replicasOf(index)) {
        // The kubelet does not check all at once.
        const offset = Math.floor(uniform(hashText(name), station.replica, SALT_OFFSET) * health.every);
        core.schedule(offset as Nanos, Event.healthCheck, station.index, 0);
      }
    }
  }

  /** Whether callers learn of a replica by its checks only. */
  watches(service: number): boolean {
    return this.#core.plan.services[service]!.health !== undefined;
  }

  check(index: number): void {
    const station = this.#core.fleet.stations[index]!;
    const health = this.#core.plan.services[station.service]!.health!;
    this.#core.schedule((this.#core.now + health.every) as Nanos, Event.healthCheck, index, 0);
    const { life } = station;
    if (life.phase === Phase.absent || life.phase === Phase.stopping) return;
    if (this.#answers(station, health)) {
      life.failures = life.hung = 0;
      if (++life.successes >= health.successes) this.#list(station, true);
      return;
    }
    life.successes = 0;
    if (++life.failures >= health.failures) this.#list(station, false);
    if (life.phase !== Phase.running || health.restartAfter === undefined) return;
    if (++life.hung >= health.restartAfter) this.#core.world.restartHung(station);
  }

  /** A check waits in the queue like every request: as long as the one that waits longest has waited. */
  #answers(station: Station, { timeout }: HealthCheck): boolean {
    if (station.life.phase !== Phase.running) return false;
    if (station.queued === 0) return true;
    if (station.queued >= station.queueMax) return false;
    for (const slot of station.waiting()) return this.#core.now - this.#core.pool.frames[slot]!.start < timeout;
    return true;
  }

  #list(station: Station, listed: boolean): void {
    if (station.life.listed === listed) return;
    const what = listed ? Change.replicaReady : Change.replicaUnready;
    this.#core.facts.replicaChange(what, station.service, station.replica);
    this.#core.fleet.list(station, listed);
  }
}
