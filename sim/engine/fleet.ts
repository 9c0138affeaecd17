// The replicas of all services, each a station, and which of them a caller may choose.

import type { Plan } from "../plan/plan.ts";
import type { Frame } from "./frame.ts";
import { Station } from "./station.ts";

export class Fleet {
  /** All stations, a service's replicas side by side. */
  readonly stations: Station[] = [];
  readonly #ofService: Station[][] = [];

  constructor(plan: Plan) {
    for (const service of plan.services) {
      const replicas = Array.from(
        { length: service.replicas },
        (_, replica) => new Station(service.index, replica, service.concurrency, service.queue),
      );
      this.#ofService.push(replicas);
      this.stations.push(...replicas);
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
