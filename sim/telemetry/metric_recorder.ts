// Facts become metrics: each replica is a process with instruments of its own, whose counters begin at 0 when it starts.

import type { Attributes } from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import { type Nanos, SECOND } from "../base/time.ts";
import { Change, type FactBatch, FactFlag, FactKind, isRefusal, Outcome } from "../plan/facts.ts";
import type { Plan, PlanService } from "../plan/plan.ts";
import { ClusterMetrics } from "./metric_cluster.ts";
import { grpcCode, isGrpcServerError, SCHEMA_URL } from "./conventions.ts";
import { callException, isDeadlineCut } from "./failures.ts";
import type { RunIdentity } from "./identity.ts";
import { type Instance, instanceOf } from "./instances.ts";
import type { Scope } from "./languages/language.ts";
import { languageOf } from "./languages/languages.ts";
import { INSTRUMENTS } from "./metric_instruments.ts";
import type { Instrument, MetricPoint } from "./metric_points.ts";
import { SeriesState } from "./metric_series.ts";
import { resourceOf, wellFormed } from "./resources.ts";
import { callerCode, callPlace, type Target, targetOf } from "./targets.ts";

/** Replicas tell of themselves once a second: one that has been silent for longer is not there. */
const SILENCE_MAX = 1.5 * SECOND;

/** One life of one replica. */
export interface Process {
  readonly service: PlanService;
  readonly replica: number;
  readonly instance: Instance;
  readonly resource: Attributes;
  /** When this life began, and when it was last seen: nanoseconds since the run's start. */
  started: number;
  seen: number;
  alive: boolean;
  restarts: number;
  /** As told last. */
  queued: number;
  busy: number;
  /** CPU time: that of its cores where it has any, else the own work of its requests. */
  cpu_ns: number;
  /** What its cores had used, over all its lives, when this one began. */
  cpuBefore_ns: number;
  throttled_ns: number;
  throttledPeriods: number;
  /** In the order in which they began. */
  series: SeriesState[];
  /** By a key of who calls whom and how it ended. */
  known: Map<number, readonly SeriesState[]>;
  queueWait: SeriesState | undefined;
  /** By outcome. */
  refused: Map<number, SeriesState>;
}

/**
 * Records a run. It keeps nothing of the rows that it has seen: what it holds is bounded by the plan, its replicas and the
 * ways in which their requests end.
 */
export class MetricRecorder {
  readonly #plan: Plan;
  readonly #identity: RunIdentity;
  readonly #targets: readonly Target[];
  /** `[service][replica]` */
  readonly #processes: (Process | undefined)[][];
  readonly #cluster: ClusterMetrics;

  constructor(plan: Plan, identity: RunIdentity) {
    this.#plan = plan;
    this.#identity = identity;
    this.#targets = plan.endpoints.map((endpoint) => targetOf(plan, endpoint));
    this.#processes = plan.services.map(() => []);
    this.#cluster = new ClusterMetrics(plan, identity.startEpochNs);
  }

  /** Counts a fact. */
  take(batch: FactBatch, row: number): void {
    switch (batch.kind[row]!) {
      case FactKind.request:
        return this.#request(batch, row);
      case FactKind.call:
        return this.#call(batch, row);
      case FactKind.station:
        return this.#station(batch, row);
      case FactKind.change:
        return this.#change(batch, row);
    }
  }

  /** Begins the counters of a replica anew, since its process did. */
  restart(service: number, replica: number, time: number): void {
    const process = this.#process(service, replica, time);
    if (process === undefined) return;
    process.started = process.seen = time;
    process.alive = true;
    process.restarts++;
    process.queued =
      process.busy =
      process.throttled_ns =
      process.throttledPeriods =
        0;
    process.cpuBefore_ns += process.cpu_ns;
    process.cpu_ns = 0;
    process.series = [];
    process.known = new Map();
    process.refused = new Map();
    process.queueWait = undefined;
  }

  /** What every process that is there says now, and once that there is no value any more for one that has gone. */
  collect(time: number): MetricPoint[] {
    const points: MetricPoint[] = [];
    for (const process of this.#all()) {
      if (process.alive && time - process.seen > SILENCE_MAX) {
        process.alive = false;
        this.#stale(process, time, points);
      }
      if (process.alive) this.#read(process, time, points);
    }
    this.#cluster.collect(this.#processes, time, points);
    return points;
  }

  /** Says of everything that there is no value any more: the run has ended. */
  end(time: number): MetricPoint[] {
    const points: MetricPoint[] = [];
    for (const process of this.#all()) if (process.alive) this.#stale(process, time, points);
    this.#cluster.end(this.#processes, time, points);
    return points;
  }

  *#all(): Iterable<Process> {
    for (const replicas of this.#processes) for (const process of replicas) if (process !== undefined) yield process;
  }

  #process(service: number, replica: number, time: number): Process | undefined {
    const known = this.#processes[service]![replica];
    if (known !== undefined) return known;
    const planned = this.#plan.services[service]!;
    if (planned.kind === "external") return undefined;
    const instance = instanceOf(planned, replica, this.#identity.seed);
    return this.#processes[service]![replica] = {
      service: planned,
      replica,
      instance,
      resource: resourceOf(this.#plan, planned, instance, this.#identity).attributes,
      // Those that are there from the beginning tell of themselves within the first second.
      started: time <= SECOND ? 0 : time,
      seen: time,
      alive: true,
      restarts: 0,
      queued: 0,
      busy: 0,
      cpu_ns: 0,
      cpuBefore_ns: 0,
      throttled_ns: 0,
      throttledPeriods: 0,
      series: [],
      known: new Map(),
      queueWait: undefined,
      refused: new Map(),
    };
  }

  #station(batch: FactBatch, row: number): void {
    const service = batch.service[row]!, replica = batch.replica[row]!, time = batch.time[row]!;
    const process = this.#process(service, replica, time);
    if (process === undefined) return;
    if (time - process.seen > SILENCE_MAX) this.restart(service, replica, time);
    process.seen = time;
    process.queued = batch.wait[row]!;
    process.busy = batch.extra[row]!;
    if (hasCores(process.service)) process.cpu_ns = Math.max(0, batch.start[row]! - process.cpuBefore_ns);
  }

  #change(batch: FactBatch, row: number): void {
    if (batch.outcome[row] !== Change.throttled) return;
    const process = this.#process(batch.service[row]!, batch.replica[row]!, batch.time[row]!);
    if (process === undefined) return;
    process.throttled_ns += batch.wait[row]!;
    process.throttledPeriods++;
  }

  // ---- requests ----------------------------------------------------------------------------------------------------

  #request(batch: FactBatch, row: number): void {
    const outcome = batch.outcome[row]!;
    if (outcome === Outcome.interrupted) return;
    const process = this.#process(batch.service[row]!, batch.replica[row]!, batch.time[row]!);
    if (process === undefined) return;
    if (!hasCores(process.service)) process.cpu_ns += batch.extra[row]!;
    if (isRefusal(outcome)) {
      let refused = process.refused.get(outcome);
      if (refused === undefined) {
        refused = this.#begin(process, INSTRUMENTS.refused, { reason: reasonOf(outcome) }, serverScope(process));
        process.refused.set(outcome, refused);
      }
      refused.add(1);
    } else if (Number.isFinite(process.service.concurrency)) {
      const wait = process.queueWait ??= this.#begin(process, INSTRUMENTS.queueWait, {}, serverScope(process));
      wait.record(batch.wait[row]! / SECOND, batch, row);
    }
    if (process.service.kind !== "service") return;
    const endpoint = batch.endpoint[row]!, status = batch.status[row]!;
    const key = endpoint * 1024 + (status & 1023);
    let series = process.known.get(key);
    if (series === undefined) process.known.set(key, series = this.#server(process, this.#targets[endpoint]!, status));
    series[0]!.record(durationSeconds(batch, row), batch, row);
    const { size } = this.#plan.endpoints[endpoint]!;
    series[1]?.record(size.request, batch, row);
    series[2]?.record(size.response, batch, row);
  }

  #server(process: Process, target: Target, status: number): SeriesState[] {
    const { scopes } = languageOf(process.service.language);
    if (target.kind === "rpc") {
      const code = grpcCode(status);
      const attributes: Attributes = {
        "rpc.system.name": "grpc",
        "rpc.method": target.method.toWellFormed(),
        "rpc.response.status_code": code,
      };
      if (isGrpcServerError(code)) attributes["error.type"] = code;
      return [this.#begin(process, INSTRUMENTS.rpcServer, attributes, scopes.rpcServer, true)];
    }
    const { protocol, size } = target.endpoint;
    const attributes: Attributes = {
      "http.request.method": target.method,
      "http.route": protocol.type === "http" ? protocol.route.toWellFormed() : "",
      "url.scheme": "http",
      "network.protocol.version": "1.1",
    };
    if (status > 0) attributes["http.response.status_code"] = status;
    if (status >= 500) attributes["error.type"] = String(status);
    const series = [this.#begin(process, INSTRUMENTS.httpServer, attributes, scopes.httpServer, true)];
    if (size.request > 0 || size.response > 0) {
      for (const instrument of [INSTRUMENTS.httpServerRequestBody, INSTRUMENTS.httpServerResponseBody]) {
        series.push(this.#begin(process, instrument, attributes, scopes.httpServer));
      }
    }
    return series;
  }

  // ---- calls -------------------------------------------------------------------------------------------------------

  #call(batch: FactBatch, row: number): void {
    const outcome = batch.outcome[row]!;
    if (outcome === Outcome.interrupted || (batch.flags[row]! & FactFlag.journey) !== 0) return;
    // What never left its caller is no request of a client library.
    if (outcome === Outcome.notPermitted || outcome === Outcome.bulkheadFull || outcome === Outcome.noConnection) {
      return;
    }
    const process = this.#process(batch.service[row]!, batch.replica[row]!, batch.time[row]!);
    if (process === undefined || process.service.kind !== "service") return;
    const site = batch.site[row]!, status = batch.status[row]!;
    // Negative, so that it is nobody else's.
    const key = -(((site + 1) * 64 + outcome) * 1024 + (status & 1023));
    let series = process.known.get(key);
    if (series === undefined) process.known.set(key, series = this.#client(process, batch, row));
    series[0]!.record(durationSeconds(batch, row), batch, row);
    series[1]?.add(1);
  }

  #client(process: Process, batch: FactBatch, row: number): SeriesState[] {
    const site = this.#plan.sites[batch.site[row]!]!;
    const target = this.#targets[site.callee]!;
    const { scopes } = languageOf(process.service.language);
    const error = this.#errorType(process, batch, row);
    const server = {
      "server.address": target.host,
      "server.port": target.port,
      ...(error === undefined ? {} : { "error.type": error }),
    };
    const status = batch.status[row]!;
    switch (target.kind) {
      case "http": {
        const attributes: Attributes = {
          "http.request.method": target.method,
          "network.protocol.version": "1.1",
          ...server,
        };
        if (status > 0) attributes["http.response.status_code"] = status;
        return [this.#begin(process, INSTRUMENTS.httpClient, attributes, scopes.httpClient, true)];
      }
      case "rpc": {
        const attributes = {
          "rpc.system.name": "grpc",
          "rpc.method": target.method.toWellFormed(),
          "rpc.response.status_code": error ?? "OK",
          ...server,
        };
        return [this.#begin(process, INSTRUMENTS.rpcClient, attributes, scopes.rpcClient, true)];
      }
      case "database": {
        const { system, query, database } = target.data!;
        const attributes: Attributes = {
          "db.system.name": system.name,
          "db.namespace": system.namespace(database),
          "db.operation.name": query.operation.toWellFormed(),
          ...server,
        };
        if (query.target !== "" && system.namespace(database) !== "0") {
          attributes["db.collection.name"] = query.target.toWellFormed();
        }
        if (error !== undefined && status > 0) attributes["db.response.status_code"] = error;
        const scope = scopes.systems[system.name] ?? scopes.otherSystem;
        return [this.#begin(process, INSTRUMENTS.dbClient, attributes, scope, true)];
      }
      case "queue": {
        const { system, query } = target.data!;
        const attributes = {
          "messaging.system": system.name,
          "messaging.operation.name": query.operation,
          "messaging.destination.name": query.target.toWellFormed(),
          ...server,
        };
        const scope = scopes.systems[system.name] ?? scopes.otherSystem;
        return [
          this.#begin(process, INSTRUMENTS.messagingClient, attributes, scope, true),
          this.#begin(process, INSTRUMENTS.messagesSent, attributes, scope),
        ];
      }
    }
  }

  /** As on the CLIENT span. */
  #errorType(process: Process, batch: FactBatch, row: number): string | undefined {
    const outcome = batch.outcome[row]!, status = batch.status[row]!;
    if (outcome === Outcome.ok) return undefined;
    const site = this.#plan.sites[batch.site[row]!]!;
    const target = this.#targets[site.callee]!;
    if (target.data !== undefined && status > 0) {
      const { system, query } = target.data;
      return (outcome === Outcome.refused ? system.full : system.error(status, query)).code;
    }
    if (target.kind === "rpc") {
      return outcome === Outcome.timeout ? "DEADLINE_EXCEEDED" : status === 0 ? "UNAVAILABLE" : grpcCode(status);
    }
    if (outcome === Outcome.timeout) return "timeout";
    if (status > 0) return String(status);
    const language = languageOf(process.service.language);
    const cut = isDeadlineCut(site, (batch.time[row]! - batch.start[row]!) as Nanos);
    const place = callPlace(target, site, cut);
    const thrown = callException(
      language,
      process.service.language,
      target,
      place,
      callerCode(this.#plan, site),
      outcome,
      status,
    );
    return thrown === undefined ? "_OTHER" : String(wellFormed(thrown.type));
  }

  // ---- what series share -------------------------------------------------------------------------------------------

  #begin(
    process: Process,
    instrument: Instrument,
    attributes: Attributes,
    scope: Scope,
    hasExemplars = false,
  ): SeriesState {
    const series = {
      instrument,
      resource: process.resource,
      scope: { ...scope, schemaUrl: SCHEMA_URL },
      attributes,
    };
    const state = new SeriesState(series, hasExemplars);
    process.series.push(state);
    return state;
  }

  #read(process: Process, time: number, points: MetricPoint[]): void {
    const { startEpochNs } = this.#identity;
    for (const state of process.series) {
      const { type } = state.series.instrument;
      const histogram = type === "histogram" ? state.histogram() : undefined;
      points.push({
        series: state.series,
        startEpochNs,
        start: process.started,
        time,
        value: histogram?.count ?? state.sum,
        histogram,
      });
    }
    for (const [instrument, value] of gaugesOf(process)) {
      points.push(this.#gauge(process, instrument, time, value));
    }
  }

  #stale(process: Process, time: number, points: MetricPoint[]): void {
    const { startEpochNs } = this.#identity;
    for (const { series } of process.series) {
      points.push({ series, startEpochNs, start: process.started, time, value: NaN, histogram: undefined });
    }
    for (const [instrument] of gaugesOf(process)) points.push(this.#gauge(process, instrument, time, NaN));
  }

  #gauge(process: Process, instrument: Instrument, time: number, value: number): MetricPoint {
    const scope: InstrumentationScope = { ...serverScope(process), schemaUrl: SCHEMA_URL };
    return {
      series: { instrument, resource: process.resource, scope, attributes: {} },
      startEpochNs: this.#identity.startEpochNs,
      start: process.started,
      time,
      value,
      histogram: undefined,
    };
  }
}

/** Of a service with limits: how full it is. */
function gaugesOf({ service, queued, busy }: Process): [Instrument, number][] {
  const gauges: [Instrument, number][] = [[INSTRUMENTS.workersBusy, busy], [INSTRUMENTS.queueLength, queued]];
  if (Number.isFinite(service.concurrency)) gauges.push([INSTRUMENTS.workersLimit, service.concurrency]);
  if (Number.isFinite(service.queue)) gauges.push([INSTRUMENTS.queueLimit, service.queue]);
  return gauges;
}

/** Whether the station's facts tell of CPU time, and not of workers. */
export function hasCores({ capacity }: PlanService): boolean {
  return Number.isFinite(capacity.cores) || Number.isFinite(capacity.cpuLimit);
}

const REASONS: Readonly<Record<number, string>> = {
  [Outcome.refused]: "queue_full",
  [Outcome.expired]: "queue_timeout",
  [Outcome.dropped]: "codel",
  [Outcome.shed]: "load_shedding",
  [Outcome.rateLimited]: "rate_limit",
  [Outcome.tooLate]: "deadline_passed",
};

function reasonOf(outcome: number): string {
  return REASONS[outcome] ?? "other";
}

function serverScope(process: Process): Scope {
  return languageOf(process.service.language).scopes.httpServer;
}

function durationSeconds(batch: FactBatch, row: number): number {
  return (batch.time[row]! - batch.start[row]!) / SECOND;
}
