// What the plan says about caches, locks, topics, and the lives of replicas.

import type { Nanos } from "../base/time.ts";
import type { PlanKey } from "./keys.ts";

/** A place where a cache is asked. */
export interface PlanCache {
  readonly index: number;
  /** Index of the service that holds the entries: a cache, or for a local one the service that asks. */
  readonly holder: number;
  readonly isLocal: boolean;
  /** Places with the same store have the same entries, a replica of the holder at a time. */
  readonly store: number;
  /** Entries of one replica's store. Infinity: no limit. */
  readonly entries: number;
  /** Tells keys apart that are about different things. */
  readonly space: number;
  readonly key: PlanKey;
  /** Infinity: entries do not age. */
  readonly ttl: Nanos;
  readonly singleflight: boolean;
}

/** What a call to a cache does there. */
export interface CacheAccess {
  /** In Plan.caches. */
  readonly index: number;
  /** It stores an entry; else it asks for one. */
  readonly stores: boolean;
}

/** A place where a row is locked. */
export interface PlanLock {
  readonly index: number;
  /** Index of the database. */
  readonly service: number;
  readonly table: string;
  readonly space: number;
  readonly key: PlanKey;
  /** Infinity: for ever. */
  readonly timeout: Nanos;
  /** Indices in Plan.failures. */
  readonly timeoutFailure: number;
  readonly deadlockFailure: number;
  /** Of the statement's span. */
  readonly salt: number;
}

export interface PlanTopic {
  readonly index: number;
  readonly name: string;
  /** Index of the broker. */
  readonly service: number;
  readonly partitions: number;
  /** Index of the endpoint that takes its messages. */
  readonly endpoint: number;
}

/** A consumer group's reading of a topic. */
export interface PlanSubscription {
  readonly index: number;
  readonly topic: number;
  /** Index of the service that consumes, and of its endpoint. */
  readonly service: number;
  readonly endpoint: number;
  /** Index in Plan.sites: from the topic's endpoint to the handler. */
  readonly site: number;
  readonly salt: number;
  readonly concurrency: number;
  readonly attempts: number;
  readonly retryAfter: Nanos;
  /** Index in Plan.topics; -1 for none. */
  readonly deadLetter: number;
  readonly sessionTimeout: Nanos;
}
