// What carries failure from one request to the next, as plain data: caches, messages, locks, and the lives of replicas.

import type { Nanos } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";
import type { CallStep, EndpointRef, Step } from "./model.ts";

/** How a statement ends that has waited too long for a fault's lock: no status of HTTP, so that its words are its own. */
export const LOCK_TIMEOUT_STATUS = 524;

/** Which of many: an entry of a cache, a row of a table, a partition of a topic. */
export type KeySpec =
  /** The value of an attribute of the endpoint, the same for all attempts of a call. */
  | { readonly type: "attribute"; readonly name: string }
  /** The k-th of n with a chance proportional to 1/k^s. */
  | { readonly type: "zipf"; readonly n: number; readonly s: number };

/** Looks a key up; what is missing, or older than its ttl, is fetched by the steps and put in. */
export interface CacheStep {
  readonly type: "cache";
  /** Calls to the service that holds it; undefined: each replica holds its own in memory. */
  readonly shared: { readonly get: CallStep; readonly set: CallStep } | undefined;
  /** Steps with the same name share their entries; undefined for a local cache that only this step uses. */
  readonly name: string | undefined;
  readonly key: KeySpec;
  /** Infinity: entries do not age. */
  readonly ttl: Nanos;
  /** Of a local cache, for each replica. Infinity: no limit. */
  readonly entries: number;
  /** Of the requests of one replica that miss the same key only the first fetches; the others wait for it. */
  readonly singleflight: boolean;
  readonly miss: readonly Step[];
}

/** Steps that are taken while a row is locked. */
export interface LockStep {
  readonly type: "lock";
  /** A database. */
  readonly service: string;
  readonly row: KeySpec;
  /** What the rows are called: those of one name in one database are the same. */
  readonly table: string;
  /** How long it is waited for. Infinity: for ever. */
  readonly timeout: Nanos;
  readonly steps: readonly Step[];
}

export interface Topic {
  readonly partitions: number;
  /** The broker's own work for one message. */
  readonly latency: Distribution | undefined;
}

/** What a service reads from a topic, as one consumer group. */
export interface Subscription {
  /** The broker, and `publish` with the topic's name. */
  readonly topic: EndpointRef;
  /** The service's own endpoint that handles a message. */
  readonly endpoint: string;
  /** Messages of one partition that are worked on at once; with more than one their order is lost. */
  readonly concurrency: number;
  /** How often a message is tried, the first time included. */
  readonly attempts: number;
  /** The pause before it is tried again; the partition waits. */
  readonly retryAfter: Nanos;
  /** Where a message goes that failed for good; undefined: it is skipped. */
  readonly deadLetter: EndpointRef | undefined;
  /** How long a consumer that died keeps its partitions. */
  readonly sessionTimeout: Nanos;
}

export const SCALING_SIGNALS = ["utilization", "queue", "requests"] as const;
export type ScalingSignal = (typeof SCALING_SIGNALS)[number];

/** As the horizontal pod autoscaler of Kubernetes works. */
export interface Scaling {
  readonly min: number;
  readonly max: number;
  readonly signal: ScalingSignal;
  /** utilization: a share; queue: requests that wait at a replica; requests: a second and replica. */
  readonly target: number;
  readonly every: Nanos;
  /** From the decision to the start of the new container: scheduling, pulling the image. */
  readonly delay: Nanos;
  /** Scaling down follows the highest that was recommended within this time. */
  readonly cooldown: Nanos;
}

export interface HealthCheck {
  readonly every: Nanos;
  /** A replica whose queue makes a check wait longer fails it. */
  readonly timeout: Nanos;
  /** In a row, after which callers no longer choose the replica. */
  readonly failures: number;
  /** In a row, after which they do again. */
  readonly successes: number;
  /** Failures in a row after which the container is restarted; undefined: never. */
  readonly restartAfter: number | undefined;
}

/** In bytes. */
export interface Memory {
  readonly limit: number;
  /** Of a process that has just started. */
  readonly base: number;
  /** Held by a request as long as it is there. */
  readonly perRequest: number;
  /** Never freed after a request. */
  readonly leak: number;
}

const PUBLISH = "publish ";

/** The endpoint of a broker that takes the messages of a topic. */
export function publishEndpoint(topic: string): string {
  return PUBLISH + topic;
}

/** Whether an endpoint takes the messages of a topic. */
export function isTopic(endpoint: string): boolean {
  return endpoint.startsWith(PUBLISH);
}

/** The topic whose messages such an endpoint takes. */
export function topicOf(endpoint: string): string {
  return isTopic(endpoint) ? endpoint.slice(PUBLISH.length) : endpoint;
}

/** `kafka.orders`. @param ref the endpoint that takes its messages */
export function topicText({ service, endpoint }: EndpointRef): string {
  return `${service}.${topicOf(endpoint)}`;
}
