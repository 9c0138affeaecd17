// Which version of its service each replica runs, as the facts tell it.

import { Change, type FactBatch, FactKind } from "../plan/facts.ts";
import type { Plan, PlanService } from "../plan/plan.ts";

/** Whether a row tells of the version of a replica's next container. */
export function setsVersion(batch: FactBatch, row: number): boolean {
  return batch.kind[row] === FactKind.change && batch.outcome[row] === Change.versionSet;
}

export class Versions {
  readonly #plan: Plan;
  /** By service, then by replica; undefined: the service as the plan has it. */
  readonly #services: (PlanService | undefined)[][] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Takes a row that tells of a version. */
  take(batch: FactBatch, row: number): void {
    const service = this.#plan.services[batch.service[row]!]!;
    const version = this.#plan.faults[batch.cause[row]!]?.version;
    const replicas = this.#services[service.index] ??= [];
    replicas[batch.replica[row]!] = version === undefined ? undefined : { ...service, version };
  }

  /** The service with the version that a replica runs. */
  serviceOf(service: number, replica: number): PlanService {
    return this.#services[service]?.[replica] ?? this.#plan.services[service]!;
  }
}
