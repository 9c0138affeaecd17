// Fields of brokers and of those who read from them: topics, subscriptions, and what `publish` names.

import type { Mark } from "../base/diagnostics.ts";
import {
  duration,
  type Field,
  integer,
  listOf,
  mapOf,
  marked,
  optional,
  record,
  required,
  text,
  withDefault,
  wrongType,
} from "../base/fields.ts";
import { type Nanos, nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { latencyField } from "../distributions/registry.ts";
import type { EndpointRef } from "./model.ts";
import { publishEndpoint, type Subscription, type Topic } from "./state.ts";

/** Kafka's largest clusters have some hundred thousand in all. */
const PARTITIONS_MAX = 10_000;
const CONCURRENCY_MAX = 10_000;
const ATTEMPTS_MAX = 1000;
const RETRY_DEFAULT = nanos(1e9);
/** Kafka's session.timeout.ms since 3.0. */
const SESSION_DEFAULT = nanos(45e9);

/** Topics that are named somewhere, with their places. */
export const TOPICS: Mark<EndpointRef> = { name: "topics" };
/** The endpoints that subscriptions name, by the nodes of the names. */
export const HANDLERS: Mark<string> = { name: "handlers" };

const TOPIC_NAME = /^[A-Za-z0-9._-]{1,249}$/;

/** `kafka.orders`: a service of kind queue, split from its topic at the first dot. */
export const topicField: Field<EndpointRef> = marked(TOPICS, {
  expects: "a topic like kafka.orders",
  decode(node, diagnostics) {
    if (node.type !== "scalar" || typeof node.value !== "string") return wrongType(node, this.expects, diagnostics);
    const dot = node.value.indexOf(".");
    if (dot <= 0 || dot === node.value.length - 1) {
      return wrongType(node, this.expects, diagnostics, "the service, a dot, and its topic");
    }
    return { service: node.value.slice(0, dot), endpoint: publishEndpoint(node.value.slice(dot + 1)) };
  },
  schema: () => ({ type: "string", pattern: "^[^.]+\\..+$" }),
});

export const topicsField: Field<ReadonlyMap<string, Topic>> = mapOf(
  record("a topic", {
    partitions: withDefault(
      integer({ min: 1, max: PARTITIONS_MAX }),
      1,
      "Each is read in order, by one consumer at a time.",
    ),
    latency: optional(latencyField, "The broker's own work for one message. None if left out."),
  }),
  "a map of topics",
  {
    key: TOPIC_NAME,
    keyExpects: "a name of a topic",
    keyHint: "letters, digits, ., _ and -, at most 249, as Kafka has it",
    min: 1,
    example: "as in { orders: { partitions: 6 } }",
  },
);

const time = duration({ max: RUN_LENGTH_MAX as Nanos });

export const subscriptionsField: Field<readonly Subscription[]> = listOf(
  record("a subscription", {
    topic: required(topicField, "The broker and its topic.", "topic: kafka.orders"),
    endpoint: required(
      marked(HANDLERS, text("an endpoint of this service", { lengthMax: 200 })),
      "The endpoint of this service that handles a message.",
      "endpoint: HandleOrder",
    ),
    concurrency: withDefault(
      integer({ min: 1, max: CONCURRENCY_MAX }),
      1,
      "Messages of one partition that are worked on at once; with more than one they lose their order.",
    ),
    attempts: withDefault(
      integer({ min: 1, max: ATTEMPTS_MAX }),
      1,
      "How often a message is tried, the first time included.",
    ),
    retryAfter: withDefault(time, RETRY_DEFAULT, "Pause before it is tried again; its partition waits.", "1s"),
    deadLetter: optional(
      topicField,
      "The topic that takes what failed for good. Such messages are skipped if left out.",
    ),
    sessionTimeout: withDefault(
      time,
      SESSION_DEFAULT,
      "How long a replica that died keeps its partitions before others take them.",
      "45s",
    ),
  }),
  "a list of subscriptions",
  { min: 1 },
);
