// Plans and facts written out by hand, for tests of what listens to the engine: they need no scenario, no engine and no
// permission.

import { PLAIN_CAPACITY } from "../sim/model/capacity.ts";
import type { Nanos } from "../sim/base/time.ts";
import type { Load } from "../sim/load/load.ts";
import { NO_BODIES, protocolOf } from "../sim/model/model.ts";
import type { Threshold } from "../sim/objectives/threshold.ts";
import { FactBatch, type FactKind } from "../sim/plan/facts.ts";
import { NOTHING_SHARED } from "../sim/plan/policies.ts";
import type { Plan, PlanEndpoint, PlanService, PlanWorkload } from "../sim/plan/plan.ts";

const S = 1e9;

export interface TinyService extends Partial<Omit<PlanService, "index" | "name" | "endpoints">> {
  readonly endpoints: readonly string[];
}

export interface TinyPlan {
  /** By name. */
  readonly services?: { readonly [name: string]: TinyService };
  /** By name. */
  readonly workloads?: { readonly [name: string]: Partial<Omit<PlanWorkload, "index" | "name">> };
  readonly thresholds?: readonly Threshold[];
}

const SERVICES: NonNullable<TinyPlan["services"]> = {
  web: { endpoints: ["GET /", "POST /checkout"], replicas: 2, concurrency: 10 },
  payment: { endpoints: ["Charge"], concurrency: 4, queue: 8 },
  db: { endpoints: ["SELECT orders"], kind: "database", system: "postgresql" },
};

/**
 * A plan without programs, sites and faults: services with endpoints, workloads and thresholds. As it stands: web (2
 * replicas of 10 workers), payment (1 of 4), db (no limit), and the workloads browse and buy.
 */
export function tinyPlan(
  { services = SERVICES, workloads = { browse: {}, buy: {} }, thresholds = [] }: TinyPlan = {},
): Plan {
  const endpoints: PlanEndpoint[] = [];
  const planServices = Object.entries(services).map(([name, service], index): PlanService => ({
    kind: "service",
    language: "go",
    version: "1.0.0",
    system: undefined,
    replicas: 1,
    concurrency: Infinity,
    queue: Infinity,
    capacity: PLAIN_CAPACITY,
    logs: { format: "json", level: "info" },
    attributes: new Map(),
    ...service,
    index,
    name,
    endpoints: service.endpoints.map((endpoint) => {
      endpoints.push(tinyEndpoint(endpoints.length, index, endpoint));
      return endpoints.length - 1;
    }),
  }));
  return {
    name: "tiny",
    seed: 7,
    namespace: "tiny",
    environment: "test",
    services: planServices,
    endpoints,
    sites: [],
    shared: NOTHING_SHARED,
    logs: [],
    failures: [],
    journeys: [{ index: 0, name: "journey", program: [] }],
    workloads: Object.entries(workloads).map(([name, workload], index) => tinyWorkload(index, name, workload)),
    contexts: [[]],
    faults: [],
    thresholds,
    submetrics: [],
  };
}

function tinyEndpoint(index: number, service: number, name: string): PlanEndpoint {
  return {
    index,
    service,
    name,
    protocol: protocolOf(name),
    latency: undefined,
    latencySalt: 0,
    errorRate: 0,
    errorSalt: 0,
    failure: -1,
    attributes: [],
    size: NO_BODIES,
    variants: [],
    program: [],
    faults: [],
  };
}

function tinyWorkload(index: number, name: string, workload: Partial<PlanWorkload>): PlanWorkload {
  return {
    salt: index,
    executor: "constant-vus",
    journey: 0,
    startTime: 0 as Nanos,
    startAfter: -1,
    startDelay: 0 as Nanos,
    gracefulStop: (30 * S) as Nanos,
    tags: new Map(),
    context: 0,
    env: new Map(),
    load: tinyLoad(60),
    ...workload,
    index,
    name,
  };
}

/** Five VUs for so many seconds. */
export function tinyLoad(length_s: number): Load {
  return {
    type: "closed",
    endless: false,
    cycle: undefined,
    length: (length_s * S) as Nanos,
    vusMax: 5,
    gracefulRampDown: 0 as Nanos,
    iterations: undefined,
    plannedVUs: (time) => time >= 0 && time < length_s * S ? 5 : 0,
    changes: () => ({ time: 0 as Nanos, count: 5, next: () => false }),
  };
}

/** A fact's columns; what is left out is 0. Times in milliseconds. */
export interface TinyFact {
  readonly at?: number;
  /** How long it took: `start` is so much before `at`. */
  readonly took?: number;
  readonly wait?: number;
  readonly outcome?: number;
  readonly status?: number;
  readonly flags?: number;
  readonly attempt?: number;
  readonly workload?: number;
  /** Index of the endpoint called. */
  readonly endpoint?: number;
  /** Index of the service: of the endpoint for a request, of the caller for a call. */
  readonly service?: number;
  readonly replica?: number;
}

/** Adds a fact; gives its row for the columns that are not here. */
export function addFact(batch: FactBatch, kind: FactKind, fact: TinyFact = {}): number {
  const time = Math.round((fact.at ?? 0) * 1e6);
  const row = batch.append(kind, time as Nanos);
  batch.start[row] = time - Math.round((fact.took ?? 0) * 1e6);
  batch.wait[row] = Math.round((fact.wait ?? 0) * 1e6);
  batch.outcome[row] = fact.outcome ?? 0;
  batch.status[row] = fact.status ?? 0;
  batch.flags[row] = fact.flags ?? 0;
  batch.attempt[row] = fact.attempt ?? 1;
  batch.workload[row] = fact.workload ?? 0;
  batch.endpoint[row] = fact.endpoint ?? 0;
  batch.service[row] = fact.service ?? 0;
  batch.replica[row] = fact.replica ?? 0;
  return row;
}
