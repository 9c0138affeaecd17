// Facts become metrics: each life of a replica is a process with instruments of its own, whose counters begin at 0 when it
// starts and are told no more when it ends.

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
import { type Gauge, type PoolState, ProcessGauges } from "./metric_gauges.ts";
import { INSTRUMENTS } from "./metric_instruments.ts";
import type { Instrument, MetricPoint } from "./metric_points.ts";
import { SeriesState } from "./metric_series.ts";
import { resourceOf, wellFormed } from "./resources.ts";
import { Versions } from "./versions.ts";
import { callerCode, callPlace, type Target, targetOf } from "./targets.ts";

/** Keys of what is known of pools: call sites have theirs above it. */
const CONNECTION_KEYS = -(2 ** 48);

/** One life of one replica. */
export interface Process {
  /** With the version that it runs. */
  readonly service: PlanService;
  readonly replica: number;
  readonly instance: Instance;
  readonly resource: Attributes;
  /** When this life began: nanoseconds since the run's start. */
  readonly started: number;
  /** It is there; it takes requests; its pod is there, with it or without. */
  alive: boolean;
  ready: boolean;
  hasPod: boolean;
  /** Containers that were in its pod before. */
  readonly restarts: number;
  /** How the one before it in its pod ended, and how it ended itself: `extra` of Change.replicaDown. */
  readonly endBefore: number | undefined;
  end: number | undefined;
  /** As told last. */
  queued: number;
  busy: number;
  /** In bytes. */
  memory: number;
  /** By position in SharedStates.pools. */
  pools: Map<number, PoolState>;
  /** CPU time: that of its cores where it has any, else the own work of its requests. */
  cpu_ns: number;
  /** What its cores had used, over all the replica's lives, when this one began. */
  readonly cpuBefore_ns: number;
  throttled_ns: number;
  throttledPeriods: number;
  /** In the order in which they began. */
  readonly series: SeriesState[];
  /** By a key of who calls whom and how it ended. */
  readonly known: Map<number, readonly SeriesState[]>;
  queueWait: SeriesState | undefined;
  /** By outcome. */
  readonly refused: Map<number, SeriesState>;
}

/** Changes that are about a process that is there. */
const CHANGES: ReadonlySet<number> = new Set([
  Change.replicaDown,
  Change.replicaListens,
  Change.replicaReady,
  Change.replicaStops,
  Change.replicaUnready,
  Change.throttled,
]);

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
  /** Those that have ended since the last reading. */
  #ended: Process[] = [];
  readonly #versions: Versions;
  readonly #cluster: ClusterMetrics;
  readonly #gauges: ProcessGauges;

  constructor(plan: Plan, identity: RunIdentity) {
    this.#plan = plan;
    this.#identity = identity;
    this.#targets = plan.endpoints.map((endpoint) => targetOf(plan, endpoint));
    this.#processes = plan.services.map(() => []);
    this.#versions = new Versions(plan);
    this.#cluster = new ClusterMetrics(plan, identity.startEpochNs);
    this.#gauges = new ProcessGauges(plan);
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
      case FactKind.pool:
        return this.#pool(batch, row);
      case FactKind.change:
        return this.#change(batch, row);
    }
  }

  /** What every process that is there says now, and once that there is no value any more for one that has gone. */
  collect(time: number): MetricPoint[] {
    const points: MetricPoint[] = [];
    this.#tellEnded(time, points);
    for (const process of this.#all()) if (process.alive) this.#read(process, time, points);
    this.#cluster.collect(this.#processes, time, points);
    return points;
  }

  /** Says of everything that there is no value any more: the run has ended. */
  end(time: number): MetricPoint[] {
    const points: MetricPoint[] = [];
    this.#tellEnded(time, points);
    for (const process of this.#all()) if (process.alive) this.#stale(process, time, points);
    this.#cluster.end(this.#processes, time, points);
    return points;
  }

  *#all(): Iterable<Process> {
    for (const replicas of this.#processes) for (const process of replicas) if (process !== undefined) yield process;
  }

  /** A replica's process; one of which nothing has been told yet has been there from the beginning. */
  #process(service: number, replica: number): Process | undefined {
    return this.#processes[service]![replica] ?? this.#begins(service, replica, 0, 0, 0);
  }

  /** @param pods that stood in its place before @param restarts of containers in its pod */
  #begins(service: number, replica: number, time: number, pods: number, restarts: number): Process | undefined {
    const planned = this.#versions.serviceOf(service, replica);
    if (planned.kind === "external") return undefined;
    const before = this.#processes[service]![replica];
    const instance = instanceOf(planned, replica, this.#identity.seed, pods, restarts);
    // What lay in its pod until now is gone with the pod.
    if (before?.hasPod === true && before.instance.podUid !== instance.podUid) this.#ends(before, true);
    return this.#processes[service]![replica] = {
      service: planned,
      replica,
      instance,
      resource: resourceOf(this.#plan, planned, instance, this.#identity).attributes,
      started: time,
      alive: true,
      ready: time === 0,
      hasPod: true,
      restarts,
      endBefore: before?.instance.podUid === instance.podUid ? before.end : undefined,
      end: undefined,
      queued: 0,
      busy: 0,
      memory: 0,
      pools: new Map(),
      cpu_ns: 0,
      cpuBefore_ns: before === undefined ? 0 : before.cpuBefore_ns + before.cpu_ns,
      throttled_ns: 0,
      throttledPeriods: 0,
      series: [],
      known: new Map(),
      queueWait: undefined,
      refused: new Map(),
    };
  }

  #ends(process: Process, isPodGone: boolean): void {
    process.alive = process.ready = false;
    process.hasPod = !isPodGone;
    this.#ended.push(process);
  }

  #station(batch: FactBatch, row: number): void {
    if ((batch.flags[row]! & FactFlag.down) !== 0) return;
    const process = this.#process(batch.service[row]!, batch.replica[row]!);
    if (process === undefined) return;
    process.queued = batch.wait[row]!;
    process.busy = batch.extra[row]!;
    process.memory = batch.delay[row]!;
    if (hasCores(process.service)) process.cpu_ns = Math.max(0, batch.start[row]! - process.cpuBefore_ns);
  }

  #pool(batch: FactBatch, row: number): void {
    const process = this.#process(batch.service[row]!, batch.replica[row]!);
    const index = batch.site[row]!;
    let pool = process?.pools.get(index);
    if (pool === undefined) process?.pools.set(index, pool = { busy: 0, idle: 0, waiting: 0 });
    pool!.busy = batch.extra[row]!;
    pool!.idle = batch.start[row]!;
    pool!.waiting = batch.wait[row]!;
  }

  #change(batch: FactBatch, row: number): void {
    const service = batch.service[row]!, replica = batch.replica[row]!;
    switch (batch.outcome[row]) {
      case Change.versionSet:
        return this.#versions.take(batch, row);
      case Change.replicaStarts:
        this.#begins(service, replica, batch.time[row]!, batch.wait[row]!, batch.extra[row]!);
        return;
    }
    const what = batch.outcome[row]!;
    if (!CHANGES.has(what)) return;
    const process = this.#process(service, replica);
    if (process === undefined) return;
    switch (what) {
      case Change.replicaDown:
        process.end = batch.extra[row]!;
        return this.#ends(process, batch.wait[row] === 1);
      case Change.replicaListens:
      case Change.replicaReady:
        process.ready = process.alive;
        return;
      case Change.replicaStops:
      case Change.replicaUnready:
        process.ready = false;
        return;
      case Change.throttled:
        process.throttled_ns += batch.wait[row]!;
        process.throttledPeriods++;
    }
  }

  // ---- requests ----------------------------------------------------------------------------------------------------

  #request(batch: FactBatch, row: number): void {
    const outcome = batch.outcome[row]!;
    if (outcome === Outcome.interrupted) return;
    const process = this.#process(batch.service[row]!, batch.replica[row]!);
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
    const process = this.#process(batch.service[row]!, batch.replica[row]!);
    if (process === undefined || process.service.kind !== "service") return;
    const site = batch.site[row]!, status = batch.status[row]!;
    const pool = this.#plan.sites[site]?.policies?.pool ?? -1;
    if (pool >= 0) this.#connection(process, pool, batch, row);
    // What never left its caller is no request of a client library.
    if (outcome === Outcome.notPermitted || outcome === Outcome.bulkheadFull || outcome === Outcome.noConnection) {
      return;
    }
    // Negative, so that it is nobody else's.
    const key = -(((site + 1) * 64 + outcome) * 1024 + (status & 1023));
    let series = process.known.get(key);
    if (series === undefined) process.known.set(key, series = this.#client(process, batch, row));
    series[0]!.record(durationSeconds(batch, row), batch, row);
    series[1]?.add(1);
  }

  /** How long an attempt waited for a connection to a database, or that it got none. */
  #connection(process: Process, pool: number, batch: FactBatch, row: number): void {
    const attributes = this.#gauges.databasePool(pool);
    if (attributes === undefined) return;
    const isTimeout = batch.outcome[row] === Outcome.noConnection;
    if (!isTimeout && (batch.flags[row]! & FactFlag.unsent) !== 0) return;
    // No call site has keys so far below 0.
    const key = CONNECTION_KEYS - (pool * 2 + (isTimeout ? 1 : 0));
    let series = process.known.get(key);
    if (series === undefined) {
      const instrument = isTimeout ? INSTRUMENTS.dbConnectionTimeouts : INSTRUMENTS.dbConnectionWait;
      process.known.set(
        key,
        series = [
          this.#begin(process, instrument, attributes, languageOf(process.service.language).scopes.otherSystem),
        ],
      );
    }
    if (isTimeout) series[0]!.add(1);
    else series[0]!.record(batch.extra[row]! / SECOND, batch, row);
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

  /** The series of a process with these attributes: that of another place in its endpoints, if it has been begun there. */
  #begin(
    process: Process,
    instrument: Instrument,
    attributes: Attributes,
    scope: Scope,
    hasExemplars = false,
  ): SeriesState {
    const text = JSON.stringify(attributes);
    const known = process.series.find(({ series }) =>
      series.instrument === instrument && JSON.stringify(series.attributes) === text
    );
    if (known !== undefined) return known;
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
    for (const gauge of this.#gaugesOf(process)) points.push(this.#gauge(process, gauge, time, gauge.value));
  }

  #tellEnded(time: number, points: MetricPoint[]): void {
    for (const process of this.#ended) {
      this.#stale(process, time, points);
      const next = this.#processes[process.service.index]![process.replica];
      this.#cluster.gone(process, next, time, points);
    }
    this.#ended = [];
  }

  #stale(process: Process, time: number, points: MetricPoint[]): void {
    const { startEpochNs } = this.#identity;
    for (const { series } of process.series) {
      points.push({ series, startEpochNs, start: process.started, time, value: NaN, histogram: undefined });
    }
    for (const gauge of this.#gaugesOf(process)) points.push(this.#gauge(process, gauge, time, NaN));
  }

  #gaugesOf({ service, queued, busy, pools }: Process): Gauge[] {
    return this.#gauges.of(service, queued, busy, pools);
  }

  #gauge(process: Process, { instrument, attributes }: Gauge, time: number, value: number): MetricPoint {
    const scope: InstrumentationScope = { ...serverScope(process), schemaUrl: SCHEMA_URL };
    return {
      series: { instrument, resource: process.resource, scope, attributes },
      startEpochNs: this.#identity.startEpochNs,
      start: process.started,
      time,
      value,
      histogram: undefined,
    };
  }
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
