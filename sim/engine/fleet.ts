// The replicas of all services, each a station, and which of them a caller may choose.

import type { Plan, PlanService } from "../plan/plan.ts";
import type { Frame } from "./frame.ts";
import { Phase } from "./replica.ts";
import { Station, type StationContext } from "./station.ts";
import { TokenBucket } from "./token_bucket.ts";
import { WaitingLinks } from "./waiting_lines.ts";

export class Fleet {
  /** All stations that there can be, a service's replicas side by side. */
  readonly stations: Station[] = [];
  readonly #ofService: Station[][] = [];
  readonly #eligible: Station[][] = [];
  readonly #context: StationContext;

  /** @param frames the engine's, by slot */
  constructor(plan: Plan, frames: readonly Frame[]) {
    this.#context = { links: new WaitingLinks(), frames };
    for (const service of plan.services) {
      const shared = sharedBucket(service);
      const replicas: Station[] = [];
      for (let replica = 0; replica < (service.replicasMax ?? service.replicas); replica++) {
        const station = new Station(
          service,
          replica,
          this.stations.length,
          this.#context,
          shared ?? ownBucket(service),
        );
        if (replica >= service.replicas) {
          station.life.phase = Phase.absent;
          station.life.listed = false;
        }
        replicas.push(station);
        this.stations.push(station);
      }
      this.#ofService.push(replicas);
      this.#eligible.push(replicas.slice(0, service.replicas));
    }
  }

  /** All replicas that a service can have, by their number; some may have no pod. */
  replicasOf(service: number): readonly Station[] {
    return this.#ofService[service]!;
  }

  /** The replicas that callers may choose, by their number. It may be empty; one of them may have died unnoticed. */
  eligible(service: number): readonly Station[] {
    return this.#eligible[service]!;
  }

  /** Puts a replica on the list that callers choose from, or takes it out. */
  list(station: Station, listed: boolean): void {
    if (station.life.listed === listed) return;
    station.life.listed = listed;
    const { service } = station;
    // A new list: whoever iterates over the old one is not disturbed.
    this.#eligible[service] = this.#ofService[service]!.filter(({ life }) => life.listed);
  }

  /** The station that a request is at, or on its way to. */
  stationOf(request: Frame): Station {
    return this.#ofService[request.service]![request.replica]!;
  }
}

function sharedBucket({ capacity: { rateLimit } }: PlanService): TokenBucket | undefined {
  return rateLimit?.view === "global" ? new TokenBucket(rateLimit) : undefined;
}

function ownBucket({ capacity: { rateLimit } }: PlanService): TokenBucket | undefined {
  return rateLimit === undefined ? undefined : new TokenBucket(rateLimit);
}
