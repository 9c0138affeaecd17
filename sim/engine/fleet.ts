// The replicas of all services, each a station, and which of them a caller may choose.

import type { Plan, PlanService } from "../plan/plan.ts";
import type { Frame } from "./frame.ts";
import { Station, type StationContext } from "./station.ts";
import { TokenBucket } from "./token_bucket.ts";
import { WaitingLinks } from "./waiting_lines.ts";

export class Fleet {
  /** All stations, a service's replicas side by side. */
  readonly stations: Station[] = [];
  readonly #ofService: Station[][] = [];
  readonly #context: StationContext;

  /** @param frames the engine's, by slot */
  constructor(plan: Plan, frames: readonly Frame[]) {
    this.#context = { links: new WaitingLinks(), frames };
    for (const service of plan.services) {
      const shared = sharedBucket(service);
      const replicas: Station[] = [];
      for (let replica = 0; replica < service.replicas; replica++) {
        const station = new Station(
          service,
          replica,
          this.stations.length,
          this.#context,
          shared ?? ownBucket(service),
        );
        replicas.push(station);
        this.stations.push(station);
      }
      this.#ofService.push(replicas);
    }
  }

  /** The replicas of a service that its callers know of. */
  replicasOf(service: number): readonly Station[] {
    return this.#ofService[service]!;
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
