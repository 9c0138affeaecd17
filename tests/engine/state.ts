// Steps and runs for tests of caches, locks and messages.

import { FOREVER, type Nanos } from "../../sim/base/time.ts";
import type { CallStep, Step } from "../../sim/model/model.ts";
import type { CacheStep, LockStep, Subscription } from "../../sim/model/state.ts";
import { publishEndpoint } from "../../sim/model/state.ts";
import { call, ref, seconds } from "../build.ts";

export function localCache(miss: readonly Step[], options: Partial<CacheStep> = {}): CacheStep {
  return {
    type: "cache",
    shared: undefined,
    name: undefined,
    key: { type: "zipf", n: 1, s: 0 },
    ttl: FOREVER,
    entries: Infinity,
    singleflight: false,
    miss,
    ...options,
  };
}

/** In a cache service's endpoints GET and SET. */
export function sharedCache(service: string, miss: readonly Step[], options: Partial<CacheStep> = {}): CacheStep {
  const to = (verb: string): CallStep => call(`${service}.${verb}`, { optional: true });
  return localCache(miss, { shared: { get: to("GET"), set: to("SET") }, name: "", ...options });
}

export function lock(steps: readonly Step[], options: Partial<LockStep> = {}): LockStep {
  return {
    type: "lock",
    service: "db",
    row: { type: "attribute", name: "stock" },
    table: "stock",
    timeout: FOREVER,
    steps,
    ...options,
  };
}

export function work(latency: Nanos): Step {
  return {
    type: "work",
    share: undefined,
    latency: { text: "", mean: latency, least: latency, sample: () => latency },
  };
}

export function publish(topic: string, options: Parameters<typeof call>[1] = {}): CallStep {
  const { service, endpoint } = ref(topic);
  return call(`${service}.${publishEndpoint(endpoint)}`, options);
}

export function consumes(topic: string, endpoint: string, options: Partial<Subscription> = {}): Subscription {
  const at = ref(topic);
  return {
    topic: { service: at.service, endpoint: publishEndpoint(at.endpoint) },
    endpoint,
    concurrency: 1,
    attempts: 1,
    retryAfter: seconds(1),
    deadLetter: undefined,
    sessionTimeout: seconds(45),
    ...options,
  };
}
