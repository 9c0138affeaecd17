// Fields of services and their endpoints.

import type { Diagnostics, Mark } from "../base/diagnostics.ts";
import {
  converted,
  dataSize,
  type Decoded,
  defined,
  type DefinedField,
  either,
  type Field,
  integer,
  INVALID,
  type Invalid,
  isScalar,
  listOf,
  mapOf,
  marked,
  optional,
  record,
  required,
  share,
  text,
  withDefault,
  word,
} from "../base/fields.ts";
import { entryOf, type MapNode, type Node } from "../base/node.ts";
import { latencyField } from "../distributions/registry.ts";
import { attributesField, constantAttributesField } from "./attribute_fields.ts";
import { conditionField } from "./context_fields.ts";
import { CAPACITY, capacityOf, unlimitedOr } from "./capacity_fields.ts";
import {
  type Endpoint,
  type ErrorSpec,
  LANGUAGES,
  LOG_FORMATS,
  LOG_LEVELS,
  NO_BODIES,
  type Service,
  SERVICE_KINDS,
  type ServiceKind,
} from "./model.ts";
import { callersField } from "./policy_fields.ts";
import { publishEndpoint } from "./state.ts";
import { LIFE_FIELDS } from "./life_fields.ts";
import { endpointStepsField } from "./step_fields.ts";

/** Kubernetes' largest clusters have 5,000 nodes; each replica is a resource with a name of its own. */
const REPLICAS_MAX = 10_000;
/** A count that an engine keeps in memory when it is reached. */
const CONCURRENCY_MAX = 1_000_000;
/** Each request asks every variant of its endpoint. */
const VARIANTS_MAX = 100;
const ZONES_MAX = 100;
/** What a service may be called: names become folders. */
export const SERVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
/** No "->", which stands between caller and callee in a fault's target. */
const ENDPOINT_NAME = /^(?!.*->)[^\s\p{Cc}\p{Cf}](?:[^\p{Cc}\p{Cf}]{0,198}[^\s\p{Cc}\p{Cf}])?$/u;
/** 65,536 rows and more do not fit the fact columns' service index. */
const SERVICES_MAX = 10_000;

/** Replicas of a service, by the node that says so. */
export const REPLICAS: Mark<number> = { name: "replicas" };
/** Zones of a service, by the node that says so. */
export const ZONES: Mark<readonly string[]> = { name: "zones" };

const SYSTEMS: Readonly<Record<ServiceKind, string | undefined>> = {
  service: undefined,
  database: "postgresql",
  cache: "redis",
  queue: "kafka",
  external: undefined,
};

const errorRate = share();

/** `0.5%`, or a map that also says how. */
export const errorsField: Field<ErrorSpec> = either<ErrorSpec, ErrorSpec>(
  "a share like 0.5%, or { rate, status, exception, message }",
  isScalar,
  converted(errorRate, (rate) => ({ rate, status: 500, exception: undefined, message: undefined })),
  record("errors", {
    rate: required(errorRate, "Share of the requests that fail.", "rate: 0.5%"),
    status: withDefault(integer({ min: 400, max: 599 }), 500, "HTTP status of the answer; gRPC has the code for it."),
    exception: optional(
      text("an exception's type", { lengthMax: 200 }),
      "Type of the exception; else the language's own.",
    ),
    message: optional(text("a text", { lengthMax: 1000 }), "Message of the exception."),
  }),
);

const ENDPOINT = {
  latency: optional(latencyField, "Its own work, without its calls. None if left out."),
  errors: optional(errorsField, "What it fails with of its own accord, after its own work. Nothing if left out."),
  attributes: withDefault(attributesField, new Map(), "Attributes of its spans.", "none"),
  size: withDefault(
    record("a size", {
      request: withDefault(dataSize, 0, "Of a request, as 1KiB.", "0"),
      response: withDefault(dataSize, 0, "Of an answer, as 20KiB; of every answer, errors included.", "0"),
    }, { instead: (node) => node.type === "scalar" ? `write { response: ${node.text} }` : undefined }),
    NO_BODIES,
    "What its requests and answers weigh; data_sent and data_received of the journeys' own calls count it.",
    "nothing",
  ),
  variants: withDefault(
    listOf(
      record("a variant", {
        where: required(conditionField, "Which requests: conditions on their context.", "where: { tenant: acme }"),
        latency: optional(latencyField, "Their own work. The endpoint's if left out."),
        errors: optional(errorsField, "What they fail with. The endpoint's if left out."),
      }),
      "a list of variants, each with where and what is different",
      { sizeMax: VARIANTS_MAX },
    ),
    [],
    "What is different for some requests; the first whose condition holds is in force.",
    "nothing",
  ),
  calls: withDefault(endpointStepsField, [], "What it does after its own work: calls and other steps.", "nothing"),
} as const;

type EndpointConfig = Omit<Endpoint, "name">;

/** An endpoint without its name, which is its key. */
export const endpointField: DefinedField<EndpointConfig> = defined(
  "endpoint",
  "an endpoint",
  () =>
    either<EndpointConfig, EndpointConfig>(
      "a latency like 5ms, or { latency, errors, attributes, size, calls }",
      (node) => node.type === "scalar" && node.value !== null,
      converted(latencyField, (latency): EndpointConfig => ({
        latency,
        errors: undefined,
        attributes: new Map(),
        size: NO_BODIES,
        variants: [],
        calls: [],
      })),
      record("an endpoint", ENDPOINT, {
        instead: (node) =>
          node.type === "list" ? "write calls: with the list below it" : "write its latency, as in 5ms, or {} for none",
        unknown: (key) =>
          /^p\d+$|^(normal|uniform|exponential|pareto|percentiles|mix)$/.test(key)
            ? `a distribution stands under latency: latency: { ${key}: … }`
            : /^(timeout|deadline|retry|fallback|optional|probability|cancel|propagateDeadline|breaker|outlier|hedge|bulkhead|pool|balancer)$/
                .test(key)
            ? `an option of a call: calls: [{ call: cart.GetCart, ${key}: … }]`
            : key === "call"
            ? 'did you mean "calls"? it is a list: calls: [cart.GetCart]'
            : undefined,
      }),
    ),
);

const LANGUAGE_SYNONYMS = {
  "c#": "dotnet",
  "c++": "cpp",
  ".net": "dotnet",
  csharp: "dotnet",
  deno: "nodejs",
  golang: "go",
  javascript: "nodejs",
  js: "nodejs",
  kotlin: "java",
  node: "nodejs",
  scala: "java",
  ts: "nodejs",
  typescript: "nodejs",
} as const;

const SERVICE = {
  kind: withDefault(
    word(SERVICE_KINDS),
    "service",
    "service: logs and spans of its own. database, cache, queue: a log, and spans at its callers. external: neither.",
  ),
  language: withDefault(
    word(LANGUAGES, "one of", LANGUAGE_SYNONYMS),
    "go",
    "What it is written in: its stack traces and resource attributes.",
  ),
  version: withDefault(
    text("a version like 1.4.2", { lengthMax: 100, pattern: /^[^\p{Cc}\p{Cf}]+$/u }),
    "1.0.0",
    "Its service.version.",
  ),
  system: optional(
    text("a product like postgresql", { lengthMax: 63, pattern: /^[A-Za-z0-9][\w.-]*$/ }),
    "The product behind a database, cache or queue. postgresql, redis or kafka if left out.",
  ),
  replicas: withDefault(marked(REPLICAS, integer({ min: 1, max: REPLICAS_MAX })), 1, "How many of it run."),
  zones: withDefault(
    marked(
      ZONES,
      listOf(text("a zone like eu-west-1a", { lengthMax: 63, pattern: /^[A-Za-z0-9][\w.-]*$/ }), "a list of zones", {
        min: 1,
        sizeMax: ZONES_MAX,
      }),
    ),
    [],
    "The availability zones that its replicas run in, in turn.",
    "none",
  ),
  concurrency: withDefault(
    unlimitedOr(integer({ min: 1, max: CONCURRENCY_MAX })),
    Infinity,
    "Requests that one replica works on at once, each for its whole service time.",
    "unlimited",
  ),
  ...CAPACITY,
  ...LIFE_FIELDS,
  network: optional(latencyField, "Time between any caller and this service, each way. The file's if left out."),
  callers: optional(callersField, "Policies of all calls to it; what a call says itself goes before."),
  logs: withDefault(
    record("logs", {
      format: withDefault(word(LOG_FORMATS), "json", "How its lines are written."),
      level: withDefault(word(LOG_LEVELS), "info", "The lowest level that it writes."),
    }, { instead: (node) => node.type === "scalar" ? `write { format: ${node.text} }` : undefined }),
    { format: "json", level: "info" },
    "How it logs.",
    "{ format: json, level: info }",
  ),
  attributes: withDefault(constantAttributesField, new Map(), "Resource attributes of its telemetry.", "none"),
  endpoints: withDefault(
    mapOf(endpointField, "a map of endpoints", {
      key: ENDPOINT_NAME,
      keyExpects: "a name of an endpoint",
      keyHint: "1 to 200 visible characters without -> and without spaces around them",
      min: 1,
      example: 'each is a key with its latency, as in { "GET /": 5ms }',
    }),
    new Map(),
    "What can be called: METHOD /path is HTTP, other names are gRPC, of a database queries. Required without topics.",
    "none",
  ),
} as const;

type ServiceConfig = Omit<Service, "name">;

/** A service without its name, which is its key. */
export const serviceField: DefinedField<ServiceConfig> = defined(
  "service",
  "a service",
  () =>
    withEndpoints(converted(
      record("a service", SERVICE, {
        instead: () => 'write { endpoints: { "GET /": 5ms } }',
        unknown: (key) =>
          /^(latency|errors|calls)$/.test(key)
            ? `${key} belongs to an endpoint: endpoints: { "GET /": { ${key}: … } }`
            : /^(workers|threads|capacity)$/i.test(key)
            ? "concurrency: how many requests one replica works on at once"
            : undefined,
      }),
      completeService,
    )),
);

/** Tells editors that a service has endpoints, or topics, which make some. */
function withEndpoints(field: Field<ServiceConfig>): Field<ServiceConfig> {
  const anyOf = [{ required: ["endpoints"] }, { required: ["topics"] }];
  return { ...field, schema: () => ({ ...field.schema(), anyOf }) };
}

function completeService(
  config: Decoded<typeof SERVICE>,
  node: Node,
  diagnostics: Diagnostics,
): ServiceConfig | Invalid {
  let valid = true;
  const refuse = (key: string, message: string, hint: string): void => {
    const entry = node.type === "map" ? entryOf(node, key) : undefined;
    if (entry === undefined) return;
    diagnostics.add(entry.span, [...node.path, key], message, hint);
    valid = false;
  };
  if (SYSTEMS[config.kind] === undefined) {
    refuse("system", `a service of kind ${config.kind} has no system`, "kind: database, cache or queue");
  }
  if (config.kind === "external") refuse("logs", "an external service writes no log", "leave it out");
  const endpoints = new Map<string, Endpoint>();
  for (const [name, endpoint] of config.endpoints) endpoints.set(name, { name, ...endpoint });
  addTopics(config.topics, endpoints);
  valid = checkLife(config, endpoints, node, diagnostics) && valid;
  const capacity = capacityOf(config, node, diagnostics);
  if (!valid || capacity === INVALID) return INVALID;
  return {
    kind: config.kind,
    language: config.language,
    version: config.version,
    system: config.system ?? SYSTEMS[config.kind],
    replicas: firstReplicas(config, node),
    zones: config.zones,
    concurrency: config.concurrency,
    queue: config.queue.size,
    capacity,
    network: config.network,
    callers: config.callers,
    logs: config.logs,
    attributes: config.attributes,
    startTime: config.startTime,
    health: config.health,
    scaling: config.scaling,
    memory: config.memory,
    entries: config.entries,
    topics: config.topics,
    consumes: config.consumes,
    endpoints,
  };
}

type ServiceNode = Decoded<typeof SERVICE>;

/** Each topic is an endpoint of its broker: the one that takes its messages. */
function addTopics(topics: ServiceNode["topics"], endpoints: Map<string, Endpoint>): void {
  for (const [topic, { latency }] of topics ?? []) {
    const name = publishEndpoint(topic);
    if (endpoints.has(name)) continue;
    endpoints.set(name, {
      name,
      latency,
      errors: undefined,
      attributes: new Map(),
      size: NO_BODIES,
      variants: [],
      calls: [],
    });
  }
}

/** What its kind does not have, and what does not fit together. Gives whether it is well. */
function checkLife(
  config: ServiceNode,
  endpoints: ReadonlyMap<string, Endpoint>,
  node: Node,
  diagnostics: Diagnostics,
): boolean {
  let valid = true;
  const refuse = (key: string, message: string, hint: string): void => {
    const entry = node.type === "map" ? entryOf(node, key) : undefined;
    if (entry === undefined) return;
    diagnostics.add(entry.span, [...node.path, key], message, hint);
    valid = false;
  };
  const { kind, scaling } = config;
  if (kind !== "queue") refuse("topics", `a service of kind ${kind} has no topics`, "set kind: queue");
  if (kind !== "cache") refuse("entries", "only a service of kind cache has entries", "set kind: cache");
  if (kind !== "service") refuse("consumes", "only a service of kind service consumes", "leave it out");
  if (kind === "external") {
    for (const key of ["startTime", "health", "scaling", "memory"]) {
      refuse(key, "an external service has no replicas of ours", "leave it out");
    }
  }
  if (endpoints.size === 0) {
    diagnostics.add(node.span, node.path, '"endpoints" is missing in a service', 'endpoints: { "GET /": 5ms }');
    valid = false;
  }
  if (scaling?.signal === "utilization" && config.concurrency === Infinity && config.cores === Infinity) {
    const hint = "give the service concurrency or cores, or scale by signal: requests";
    refuse("scaling", "without a limit of workers there is no utilization", hint);
  }
  if (scaling !== undefined && (config.replicas < scaling.min || config.replicas > scaling.max)) {
    refuse("replicas", "replicas is not between scaling's min and max", "it is how many there are at first");
  }
  return valid;
}

/** Where nothing is said, an autoscaler begins with its fewest. */
function firstReplicas({ replicas, scaling }: ServiceNode, node: Node): number {
  const isGiven = node.type === "map" && entryOf(node, "replicas") !== undefined;
  return scaling === undefined || isGiven ? replicas : scaling.min;
}

/** All services by name. */
export const servicesField: Field<ReadonlyMap<string, Service>> = converted(
  mapOf(serviceField, "a map of services", {
    key: SERVICE_NAME,
    keyExpects: "a name of a service",
    keyHint: "it becomes a folder: letters, digits, - and _, at most 63, a letter or digit first",
    min: 1,
    sizeMax: SERVICES_MAX,
    example: 'as in { web: { endpoints: { "GET /": 5ms } } }',
  }),
  (configs) => new Map([...configs].map(([name, config]): [string, Service] => [name, { name, ...config }])),
);

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"];

/**
 * Diagnoses names of the `services` node that differ in case only, and endpoints whose names look like HTTP but are not. It
 * looks at the nodes, so that it works beside other errors.
 */
export function checkServiceNames(services: MapNode, diagnostics: Diagnostics): void {
  const seen = new Map<string, string>();
  for (const { key, span, value } of services.entries) {
    const before = seen.get(key.toLowerCase());
    if (before !== undefined) {
      const message = `"${key}" and "${before}" differ in case only`;
      diagnostics.add(span, [...services.path, key], message, "their log folders would be one on some systems");
    }
    seen.set(key.toLowerCase(), key);
    if (value.type === "map") checkEndpointNames(value, diagnostics);
  }
}

function checkEndpointNames(service: MapNode, diagnostics: Diagnostics): void {
  const kind = entryOf(service, "kind")?.value;
  const written = kind?.type === "scalar" ? kind.value : "service";
  // GET, SELECT and DELETE are words of databases and caches as well.
  if (written !== "service" && written !== "external") return;
  const endpoints = entryOf(service, "endpoints")?.value;
  if (endpoints?.type !== "map") return;
  for (const { key, span } of endpoints.entries) {
    const hint = httpNameHint(key);
    if (hint === undefined) continue;
    diagnostics.add(span, [...endpoints.path, key], `"${key}" looks like HTTP, but is not METHOD /path`, hint);
  }
}

/** What to write for a name that is meant as HTTP; undefined when it is well, or nothing like it. */
export function httpNameHint(name: string): string | undefined {
  if (name.startsWith("/")) return `write the method as well: "GET ${name}"`;
  const match = /^([A-Za-z]+)(\s*)(.*)$/.exec(name);
  if (match === null) return undefined;
  const [, word, space, rest] = match;
  const method = word!.toUpperCase();
  if (METHODS.includes(method)) {
    if (space === "" && !rest!.startsWith("/")) return undefined;
    const right = `${method} ${rest!.startsWith("/") ? "" : "/"}${rest!}`;
    if (name === right) return undefined;
    return `write "${right}"; for a query of a database set kind: database`;
  }
  return /^[A-Z]+$/.test(word!) && space !== "" && rest!.startsWith("/")
    ? `the methods are ${METHODS.join(", ")}`
    : undefined;
}
