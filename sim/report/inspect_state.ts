// What of a service carries failure from one request to the next, as `inspect` tells it: under the names of the scenario
// file, as it would stand there.

import { dataSize, writeDuration } from "../base/fields.ts";
import type { Service } from "../model/model.ts";
import { type HealthCheck, type Memory, type Scaling, type Subscription, topicText } from "../model/state.ts";

type Json = Record<string, unknown>;

/** The keys of a service besides its capacity; null for what it does not have. */
export function stateJson(service: Service): Json {
  const { startTime, health, scaling, memory, entries, topics, consumes } = service;
  return {
    startTime: startTime === undefined ? null : writeDuration(startTime),
    health: health === undefined ? null : healthJson(health),
    scaling: scaling === undefined ? null : scalingJson(scaling),
    memory: memory === undefined ? null : memoryJson(memory),
    entries: entries ?? null,
    topics: topics === undefined ? null : Object.fromEntries(
      [...topics].map(([name, { partitions, latency }]) => [name, { partitions, latency: latency?.text ?? null }]),
    ),
    consumes: consumes === undefined ? null : consumes.map(subscriptionJson),
  };
}

function healthJson({ every, timeout, failures, successes, restartAfter }: HealthCheck): Json {
  return {
    every: writeDuration(every),
    timeout: writeDuration(timeout),
    failures,
    successes,
    restartAfter: restartAfter ?? null,
  };
}

function scalingJson({ min, max, signal, target, every, delay, cooldown }: Scaling): Json {
  return {
    min,
    max,
    signal,
    target: signal === "utilization" ? `${Number((target * 100).toPrecision(12))}%` : target,
    every: writeDuration(every),
    delay: writeDuration(delay),
    cooldown: writeDuration(cooldown),
  };
}

function memoryJson({ limit, base, perRequest, leak }: Memory): Json {
  const size = (bytes: number): unknown => dataSize.write!(bytes);
  return { limit: size(limit), base: size(base), perRequest: size(perRequest), leak: size(leak) };
}

function subscriptionJson(subscription: Subscription): Json {
  const { topic, endpoint, concurrency, attempts, retryAfter, deadLetter, sessionTimeout } = subscription;
  return {
    topic: topicText(topic),
    endpoint,
    concurrency,
    attempts,
    retryAfter: writeDuration(retryAfter),
    deadLetter: deadLetter === undefined ? null : topicText(deadLetter),
    sessionTimeout: writeDuration(sessionTimeout),
  };
}
