// Fields about the lives of a service's replicas: how they start, are checked, are scaled and run out of memory.

import {
  converted,
  dataSize,
  duration,
  type Field,
  integer,
  optional,
  record,
  required,
  withDefault,
  wrong,
} from "../base/fields.ts";
import { type Nanos, nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { entriesField } from "./cache_fields.ts";
import { subscriptionsField, topicsField } from "./messaging_fields.ts";
import { scalingField } from "./scaling_fields.ts";
import type { HealthCheck, Memory } from "./state.ts";

/** Kubernetes' defaults of a probe: periodSeconds, timeoutSeconds, failureThreshold, successThreshold. */
const EVERY_DEFAULT = nanos(10e9);
const TIMEOUT_DEFAULT = nanos(1e9);
const FAILURES_DEFAULT = 3;
const CHECKS_MAX = 1000;

const positive = duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX });
const count = integer({ min: 1, max: CHECKS_MAX });

const healthField: Field<HealthCheck> = record("a health check", {
  every: withDefault(positive, EVERY_DEFAULT, "How often each replica is checked.", "10s"),
  timeout: withDefault(positive, TIMEOUT_DEFAULT, "A replica whose queue makes a check wait longer fails it.", "1s"),
  failures: withDefault(count, FAILURES_DEFAULT, "In a row, after which callers no longer choose the replica."),
  successes: withDefault(count, 1, "In a row, after which they choose it again."),
  restartAfter: optional(
    count,
    "Failures in a row after which the container is restarted (liveness). Never if left out.",
  ),
});

const MEMORY = {
  limit: required(dataSize, "Past it the process is killed.", "limit: 512MiB"),
  base: withDefault(dataSize, 0, "What a process takes that has just started.", "0"),
  perRequest: withDefault(dataSize, 0, "What a request takes as long as it is there, waiting or worked on.", "0"),
  leak: withDefault(dataSize, 0, "What each request leaves behind for good.", "0"),
} as const;

const memoryField: Field<Memory> = converted(
  record("memory", MEMORY),
  (memory, node, diagnostics) =>
    memory.base >= memory.limit
      ? wrong(node, "the base is not below the limit", diagnostics, "no process would ever start")
      : memory,
);

/** Of a service. */
export const LIFE_FIELDS = {
  startTime: optional(
    duration({ max: RUN_LENGTH_MAX as Nanos }),
    "From the start of a container until it listens: after a crash, a stop, or when it is scaled up. At once if left out.",
  ),
  health: optional(healthField, "Checks that take replicas off their callers' lists. None if left out."),
  scaling: optional(scalingField, "Replicas that come and go with the load, as Kubernetes does it. None if left out."),
  memory: optional(memoryField, "Memory that runs out: the process is killed and started again. No limit if left out."),
  entries: optional(
    entriesField,
    "Of kind cache: entries that a replica holds; past it the coldest goes. No limit if left out.",
  ),
  topics: optional(topicsField, "Of kind queue: its topics, which publish and consumes name."),
  consumes: optional(subscriptionsField, "Topics whose messages it handles. None if left out."),
} as const;
