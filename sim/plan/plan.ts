// The Plan: what the engine takes. Immutable and resolved: names have become small integers, references indices,
// distributions quantile functions, and steps short programs.

import { type Nanos, nanos } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";
import type { FaultEffect, FaultWindow } from "../faults/fault.ts";
import type { Load } from "../load/load.ts";
import { type Capacity, coresOf } from "../model/capacity.ts";
import type {
  AttributeSpec,
  Backoff,
  BodySize,
  Check,
  ConnectionTrouble,
  EndpointProtocol,
  Language,
  LogFormat,
  LogLevel,
  Scalar,
  ServiceKind,
} from "../model/model.ts";
import type { Hypothesis } from "../objectives/hypothesis.ts";
import type { Submetric, Threshold } from "../objectives/threshold.ts";
import type { Condition } from "./condition.ts";
import type { SharedStates, SitePolicies } from "./policies.ts";
import type { PlanKey } from "./keys.ts";
import type { CacheAccess, PlanCache, PlanLock, PlanSubscription, PlanTopic } from "./state.ts";
import type { HealthCheck, Memory, Scaling } from "../model/state.ts";

export interface Plan {
  readonly name: string;
  readonly seed: number;
  /** OpenTelemetry's service.namespace. */
  readonly namespace: string;
  /** OpenTelemetry's deployment.environment.name. */
  readonly environment: string;
  readonly services: readonly PlanService[];
  readonly endpoints: readonly PlanEndpoint[];
  readonly sites: readonly CallSite[];
  readonly shared: SharedStates;
  readonly logs: readonly LogSite[];
  readonly failures: readonly Failure[];
  readonly journeys: readonly PlanJourney[];
  readonly workloads: readonly PlanWorkload[];
  /** The sets of attributes that iterations carry, at least one. */
  readonly contexts: readonly (readonly PlanAttribute[])[];
  readonly faults: readonly PlanFault[];
  /** What is believed of the system while its faults come and go. */
  readonly hypothesis?: Hypothesis | undefined;
  readonly thresholds: readonly Threshold[];
  /** None of each if left out. */
  readonly caches?: readonly PlanCache[];
  readonly locks?: readonly PlanLock[];
  readonly topics?: readonly PlanTopic[];
  readonly subscriptions?: readonly PlanSubscription[];
  /** Parts of metrics that the summary shows although no threshold is on them. */
  readonly submetrics: readonly Submetric[];
}

export interface PlanService {
  readonly index: number;
  readonly name: string;
  readonly kind: ServiceKind;
  readonly language: Language;
  readonly version: string;
  readonly system: string | undefined;
  readonly replicas: number;
  /** Where its replicas run, in turn; empty where nothing is said of it. */
  readonly zones: readonly string[];
  /** The most replicas that it can have; as many as `replicas` if left out. */
  readonly replicasMax?: number;
  /** From the start of a container until it listens; 0 if left out. */
  readonly startTime?: Nanos;
  readonly health?: HealthCheck;
  readonly scaling?: Scaling;
  readonly memory?: Memory;
  /** Infinity: no limit. */
  readonly concurrency: number;
  /** Infinity: no limit. */
  readonly queue: number;
  readonly capacity: Capacity;
  readonly logs: { readonly format: LogFormat; readonly level: LogLevel };
  readonly attributes: ReadonlyMap<string, Scalar>;
  readonly endpoints: readonly number[];
  /** A fault slows or stops its replicas: an account of own work is kept. */
  readonly isDisturbed?: boolean;
}

/** What utilization is a share of: a replica's cores, or its workers where it has no cores; Infinity without a limit. */
export function capacityOf({ capacity, concurrency }: PlanService): number {
  const cores = coresOf(capacity);
  return cores < Infinity ? cores : concurrency;
}

export interface PlanEndpoint {
  readonly index: number;
  readonly service: number;
  readonly name: string;
  readonly protocol: EndpointProtocol;
  readonly latency: Distribution | undefined;
  readonly latencySalt: number;
  readonly errorRate: number;
  readonly errorSalt: number;
  /** Index in Plan.failures; -1 for none. */
  readonly failure: number;
  readonly attributes: readonly PlanAttribute[];
  readonly size: BodySize;
  /** The first whose condition holds is in force. */
  readonly variants: readonly PlanVariant[];
  readonly program: Program;
  /** Faults that may touch a request of this endpoint: indices in Plan.faults. */
  readonly faults: readonly number[];
}

/** What is different for the requests whose context matches. */
export interface PlanVariant {
  readonly where: Condition;
  readonly latency: Distribution | undefined;
  readonly errorRate: number;
  /** Index in Plan.failures; -1 for none. */
  readonly failure: number;
}

export interface PlanAttribute {
  readonly name: string;
  /** Whose key it is drawn by: what a request asked, or the context of the iteration that it belongs to. */
  readonly scope: "request" | "context";
  readonly spec: AttributeSpec;
  /** For `uniform(key, salt)`: the same value wherever the attribute is written for one request. */
  readonly salt: number;
}

/** A place in a program from which an endpoint is called. */
export interface CallSite {
  readonly index: number;
  /** Index in Plan.endpoints of the caller; -1 when a journey calls. */
  readonly caller: number;
  /** Index in Plan.journeys of the caller; -1 when an endpoint calls. */
  readonly journey: number;
  /** Index in Plan.endpoints. */
  readonly callee: number;
  /** Identifies the place by names, so that other steps do not move it. */
  readonly salt: number;
  /** Only then the call is made. */
  readonly where: Condition | undefined;
  readonly probability: number;
  /** For each attempt; Infinity for none. */
  readonly timeout: Nanos;
  /** For all attempts together; Infinity for none. */
  readonly deadline: Nanos;
  /** The first included. */
  readonly attempts: number;
  readonly backoff: Backoff | undefined;
  readonly optional: boolean;
  /** undefined when it has none, which is the common case. */
  readonly policies: SitePolicies | undefined;
  /** It asks a cache for the strand's innermost key, or stores it: the key chooses the replica. */
  readonly cache?: CacheAccess;
  /** A message's partition. */
  readonly messageKey?: PlanKey | undefined;
  readonly network: Distribution | undefined;
  /** Of a journey's step: made on the answer to its last attempt. */
  readonly checks: readonly Check[];
  /** Faults on this edge: indices in Plan.faults. */
  readonly faults: readonly number[];
  /** Index in Plan.sites: the same call to the service that stands by for the callee's; undefined for none. */
  readonly standby?: number | undefined;
}

export interface LogSite {
  readonly index: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly attributes: readonly PlanAttribute[];
}

/** A way to fail: what the telemetry says about it. */
export interface Failure {
  readonly status: number;
  /** The exception's type, if the scenario names one; else it depends on the language. */
  readonly exception: string | undefined;
  readonly message: string | undefined;
  /** Of a call that gets no connection: why. */
  readonly trouble?: ConnectionTrouble | undefined;
}

export const Op = {
  /** Spends `distribution`, or `share` of the endpoint's own latency. */
  work: 0,
  /** Calls `site`; when it fails for good, goes to `jump` if that is not -1. */
  call: 1,
  /** Starts a branch at each of `targets` and goes on at `jump` when all have ended. */
  fork: 2,
  /** Ends a branch. */
  join: 3,
  /** Goes to one of `targets`, by the cumulative `weights`. */
  choose: 4,
  jump: 5,
  /** Draws how often from `distribution`; goes to `jump` when that is 0. */
  repeat: 6,
  /** Goes back to `jump` while turns are left. */
  again: 7,
  log: 8,
  /** A journey's pause, drawn from `distribution`. */
  think: 9,
  end: 10,
  /** Draws the key of cache `site`. */
  cacheKey: 11,
  /** Looks it up; goes to `jump` when it is there. */
  cacheLook: 12,
  /** It is not there: waits for another that fetches it, and then goes to `jump`, or goes on and fetches it. */
  cacheMiss: 13,
  /** Puts it in. */
  cacheFill: 14,
  /** It was fetched, whether it could be put in or not. */
  cacheDone: 15,
  /** Waits for the row of lock `site`, and holds it. */
  lock: 16,
  unlock: 17,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

/** One shape for all operations keeps the engine's loop fast. */
export interface Instruction {
  readonly op: Op;
  readonly salt: number;
  readonly distribution: Distribution | undefined;
  readonly share: number;
  /** Index in Plan.sites, logs, caches or locks. */
  readonly site: number;
  readonly jump: number;
  readonly targets: readonly number[];
  readonly weights: readonly number[];
  /** choose: which options can be chosen; empty when all can. Then the weights are not cumulative. */
  readonly wheres: readonly (Condition | undefined)[];
}

export type Program = readonly Instruction[];

export interface PlanJourney {
  readonly index: number;
  readonly name: string;
  readonly program: Program;
}

/** An entry of the file's `scenarios`. One without end is as long as the longest run has room for. */
export interface PlanWorkload {
  readonly index: number;
  readonly name: string;
  readonly salt: number;
  readonly executor: string;
  readonly journey: number;
  /** When it starts; with `startAfter` as planned: it may be later, since iterations of the other may go on. */
  readonly startTime: Nanos;
  /** Index of the workload whose end it waits for; -1 for none. */
  readonly startAfter: number;
  /** From the run's start, or from the end of the workload that it waits for. */
  readonly startDelay: Nanos;
  readonly gracefulStop: Nanos;
  readonly tags: ReadonlyMap<string, string>;
  /** Index in Plan.contexts. */
  readonly context: number;
  readonly env: ReadonlyMap<string, string>;
  readonly load: Load;
}

export interface PlanFault {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  /** It makes things better. */
  readonly isMitigation: boolean;
  readonly target: string;
  readonly salt: number;
  /** When its first window begins; with `when`: not before. */
  readonly at: Nanos;
  /** Length of each window; Infinity for no end. */
  readonly duration: Nanos;
  /** From one window's beginning to the next one's, without the jitter; Infinity: there is one only. */
  readonly every: Nanos;
  /** How many windows at most. */
  readonly times: number;
  /** Windows of its own instead of all that; undefined where those are told by `at` and so on. */
  readonly schedule?: FaultSchedule | undefined;
  /** Each window begins later by up to so much, drawn for each. */
  readonly jitter: Nanos;
  /** What has to hold before it begins; empty: it begins by itself. */
  readonly when: readonly Threshold[];
  /** From when that holds to the beginning. */
  readonly reaction: Nanos;
  /** The effect rises for so long from `at` and falls for so long before `until`. */
  readonly ramp: Nanos;
  /** Share of the requests in its window that it touches. */
  readonly probability: number;
  /** Only requests whose context matches. */
  readonly where: Condition | undefined;
  /** Index in Plan.services of whom it strikes; -1: no service. */
  readonly service: number;
  /** Indices in Plan.endpoints: those of the service, or the one. */
  readonly endpoints: readonly number[];
  /** Index in Plan.services of the caller whose calls it strikes; -1: anybody's. */
  readonly caller: number;
  /** Only this replica of the service, from 0; -1 for all. */
  readonly replica: number;
  /** Only so many of the replicas, chosen anew for each window. */
  readonly replicas: ReplicaChoice | undefined;
  /** Only replicas in this zone. */
  readonly zone: string | undefined;
  /** What an errors fault answers: index in Plan.failures; -1 for none. */
  readonly failure: number;
  /** The lines that it has services write: index in Plan.logs; -1 for none. */
  readonly log: number;
  /** All attempts of one call share its fate. */
  readonly sticky: boolean;
  /** It strikes a part of the world, so `probability` is that of a whole window. */
  readonly isWhole: boolean;
  /** The version that it brings; undefined for none. */
  readonly version: string | undefined;
  /** What its own fields name: indices in Plan.services and Plan.faults, -1 for none, and in Plan.workloads. */
  readonly toService: number;
  readonly ofFault: number;
  readonly workloads: readonly number[];
  readonly effect: FaultEffect;
}

/** When the windows of a fault are that chance decides. */
export interface FaultSchedule {
  /** Its window of this number, from 0; undefined when it has no more. The same whenever it is asked. */
  window(turn: number): FaultWindow | undefined;
}

/** How many replicas. */
export type ReplicaChoice = { readonly count: number } | { readonly share: number };

/** When the last workload has ended at the latest, its gracefulStop included; Infinity when one has no end. */
export function planEnd(plan: Plan): Nanos {
  return nanos(
    Math.max(0, ...plan.workloads.map((workload) => latestEnd(plan, workload) + workload.gracefulStop)),
  );
}

/**
 * When the last workload starts its last iterations: the length of the run without gracefulStop; Infinity when one has no
 * end.
 */
export function planLength(plan: Plan): Nanos {
  return nanos(Math.max(0, ...plan.workloads.map(plannedEnd)));
}

/** How long the load of a run goes on, without the last gracefulStop; Infinity when it has no end. */
export interface LengthBounds {
  readonly most: Nanos;
  /** As long it goes on in any case: the end of a workload that neither waits for another nor counts its iterations. */
  readonly least: Nanos;
}

export function lengthBounds(plan: Plan): LengthBounds {
  const certain = plan.workloads.filter(({ startAfter, load }) =>
    startAfter < 0 && (load.type === "open" || load.iterations === undefined)
  );
  return {
    most: nanos(Math.max(0, ...plan.workloads.map((workload) => latestEnd(plan, workload)))),
    least: nanos(Math.max(0, ...certain.map(plannedEnd))),
  };
}

/** When a load ends if those that it waits for take all of their time and their gracefulStop. */
function latestEnd(plan: Plan, workload: PlanWorkload): number {
  return workload.load.endless ? Infinity : latestStart(plan, workload) + workload.load.length;
}

function latestStart(plan: Plan, { startAfter, startTime, startDelay }: PlanWorkload): number {
  if (startAfter < 0) return startTime;
  const before = plan.workloads[startAfter]!;
  return latestEnd(plan, before) + before.gracefulStop + startDelay;
}

function plannedEnd({ startTime, load }: PlanWorkload): number {
  return load.endless ? Infinity : startTime + load.length;
}
