// What a process says of how full it is: its workers, its queue, the requests in it, and its pools of connections.

import type { Attributes } from "@opentelemetry/api";
import type { Plan, PlanService } from "../plan/plan.ts";
import { INSTRUMENTS } from "./metric_instruments.ts";
import type { Instrument } from "./metric_points.ts";
import { type Target, targetOf } from "./targets.ts";

export interface Gauge {
  readonly instrument: Instrument;
  readonly value: number;
  readonly attributes: Attributes;
}

/** What was told last of one pool of a process. */
export interface PoolState {
  busy: number;
  idle: number;
  waiting: number;
}

const NONE: Attributes = {};

/** The gauges of the processes of a plan. */
export class ProcessGauges {
  /** By service: what its HTTP requests have in common; undefined where it serves none. */
  readonly #http: readonly (Attributes | undefined)[];
  readonly #pools: readonly PoolNames[];

  constructor(plan: Plan) {
    this.#http = plan.services.map((service) => httpAttributes(plan, service));
    this.#pools = plan.shared.pools.map(({ callee, policy }) => {
      const target = targetOf(plan, plan.endpoints[plan.services[callee]!.endpoints[0]!]!);
      return { ...poolAttributes(target), size: policy.size };
    });
  }

  /** The attributes of a database's pool; undefined for the connections of another client. */
  databasePool(pool: number): Attributes | undefined {
    const { isDatabase, attributes } = this.#pools[pool]!;
    return isDatabase ? attributes : undefined;
  }

  of(
    service: PlanService,
    queued: number,
    busy: number,
    pools: ReadonlyMap<number, PoolState>,
  ): Gauge[] {
    const gauges: Gauge[] = [
      { instrument: INSTRUMENTS.workersBusy, value: busy, attributes: NONE },
      { instrument: INSTRUMENTS.queueLength, value: queued, attributes: NONE },
    ];
    const { concurrency, queue, index } = service;
    if (Number.isFinite(concurrency)) {
      gauges.push({ instrument: INSTRUMENTS.workersLimit, value: concurrency, attributes: NONE });
    }
    if (Number.isFinite(queue)) gauges.push({ instrument: INSTRUMENTS.queueLimit, value: queue, attributes: NONE });
    const http = this.#http[index];
    if (http !== undefined) {
      gauges.push({ instrument: INSTRUMENTS.httpActive, value: busy + queued, attributes: http });
    }
    for (const [pool, state] of pools) this.#pool(this.#pools[pool]!, state, gauges);
    return gauges;
  }

  #pool({ isDatabase, attributes, used, idle, size }: PoolNames, state: PoolState, gauges: Gauge[]): void {
    const count = isDatabase ? INSTRUMENTS.dbConnections : INSTRUMENTS.httpConnections;
    gauges.push({ instrument: count, value: state.busy, attributes: used });
    gauges.push({ instrument: count, value: state.idle, attributes: idle });
    // The conventions have these two for databases only.
    if (!isDatabase) return;
    gauges.push({ instrument: INSTRUMENTS.dbConnectionsPending, value: state.waiting, attributes });
    if (Number.isFinite(size)) gauges.push({ instrument: INSTRUMENTS.dbConnectionsMax, value: size, attributes });
  }
}

interface PoolNames {
  readonly isDatabase: boolean;
  readonly attributes: Attributes;
  readonly used: Attributes;
  readonly idle: Attributes;
  /** Infinity: no limit. */
  readonly size: number;
}

/**
 * The method is left out where the service has several: of requests that are under way it is known how many there are in a
 * replica, not which.
 */
function httpAttributes(plan: Plan, { kind, endpoints }: PlanService): Attributes | undefined {
  if (kind !== "service") return undefined;
  const methods = new Set<string>();
  for (const index of endpoints) {
    const { protocol } = plan.endpoints[index]!;
    if (protocol.type === "http") methods.add(protocol.method);
  }
  if (methods.size === 0) return undefined;
  const [method] = methods;
  return { ...(methods.size === 1 ? { "http.request.method": method! } : {}), "url.scheme": "http" };
}

/** A pool is named as the conventions say for one that has no name: by its server, and its database. */
function poolAttributes({ kind, host, port, data }: Target): Omit<PoolNames, "size"> {
  if (kind === "database") {
    const attributes = {
      "db.client.connection.pool.name": `${host}:${port}/${data!.system.namespace(data!.database)}`,
    };
    return {
      isDatabase: true,
      attributes,
      used: { ...attributes, "db.client.connection.state": "used" },
      idle: { ...attributes, "db.client.connection.state": "idle" },
    };
  }
  const attributes = { "server.address": host, "server.port": port };
  return {
    isDatabase: false,
    attributes,
    used: { ...attributes, "http.connection.state": "active" },
    idle: { ...attributes, "http.connection.state": "idle" },
  };
}
