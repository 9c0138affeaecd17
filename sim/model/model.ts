// Services, endpoints, steps and policies as plain data: what a scenario file says once it has been decoded.

import type { Nanos } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";
import type { Zipf } from "../distributions/zipf.ts";
import type { Capacity } from "./capacity.ts";
import type { CallPolicies, RetryBudgetPolicy, RetryCondition } from "./policies.ts";
import type { CacheStep, HealthCheck, KeySpec, LockStep, Memory, Scaling, Subscription, Topic } from "./state.ts";

export const LANGUAGES = ["go", "java", "nodejs", "python", "ruby", "php", "dotnet", "rust", "cpp"] as const;
export type Language = (typeof LANGUAGES)[number];

/**
 * `service` writes a log and SERVER spans; `database`, `cache` and `queue` write a log but no SERVER span (their lines
 * carry the caller's CLIENT span); `external` writes neither.
 */
export const SERVICE_KINDS = ["service", "database", "cache", "queue", "external"] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];

export const LOG_FORMATS = ["json", "logfmt", "plain"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const JITTERS = ["none", "full", "equal"] as const;
export type Jitter = (typeof JITTERS)[number];

export type Scalar = string | number | boolean;

/** The value of a span attribute: the same for all, or drawn for each request. */
export type AttributeSpec =
  | { readonly type: "constant"; readonly value: Scalar }
  | { readonly type: "oneOf"; readonly values: readonly { readonly value: Scalar; readonly weight: number }[] }
  | { readonly type: "int"; readonly least: number; readonly most: number }
  | { readonly type: "id"; readonly prefix: string; readonly digits: number }
  /** The prefix and a rank from 1, or the rank alone as a number. */
  | { readonly type: "zipf"; readonly ranks: Zipf; readonly prefix: string };

/** What one attribute of the context has to be. */
export type ConditionTest =
  | { readonly type: "oneOf" | "noneOf"; readonly values: readonly Scalar[] }
  | { readonly type: "compare"; readonly comparison: CheckComparison; readonly value: number };

/** All of these hold. A context without the attribute does not match. */
export type ConditionSpec = ReadonlyMap<string, ConditionTest>;

/** As it could be written: `tenant: acme, cart.size: > 5`. */
export function conditionText(condition: ConditionSpec): string {
  return [...condition].map(([name, test]) => {
    if (test.type === "compare") return `${name}: ${test.comparison} ${test.value}`;
    const values = test.values.length === 1 ? String(test.values[0]) : `[${test.values.join(", ")}]`;
    return `${name}: ${test.type === "noneOf" ? "!= " : ""}${values}`;
  }).join(", ");
}

export interface Service {
  readonly name: string;
  readonly kind: ServiceKind;
  readonly language: Language;
  readonly version: string;
  /** The product behind a database, cache or queue: `postgresql`, `redis`. */
  readonly system: string | undefined;
  readonly replicas: number;
  /** Where its replicas run, in turn: availability zones of a cloud. */
  readonly zones: readonly string[];
  /** Requests that one replica works on at once, each for its whole service time. Infinity: no limit. */
  readonly concurrency: number;
  /** Requests that one replica lets wait. Infinity: no limit. */
  readonly queue: number;
  readonly capacity: Capacity;
  /** Time from any caller to this service, and the same again back. */
  readonly network: Distribution | undefined;
  readonly logs: { readonly format: LogFormat; readonly level: LogLevel };
  /** Resource attributes besides those that every service has. */
  readonly attributes: ReadonlyMap<string, Scalar>;
  /** Policies of all calls to it, where the call itself has no other. */
  readonly callers: CallerDefaults | undefined;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  /** From the start of a container until it listens: after a crash, a stop or when it is scaled up. None: at once. */
  readonly startTime?: Nanos | undefined;
  readonly health?: HealthCheck | undefined;
  readonly scaling?: Scaling | undefined;
  readonly memory?: Memory | undefined;
  /** Of a cache: entries that a replica holds. Undefined: no limit. */
  readonly entries?: number | undefined;
  /** Of a queue, by name. */
  readonly topics?: ReadonlyMap<string, Topic> | undefined;
  readonly consumes?: readonly Subscription[] | undefined;
}

/** How a service is called unless a call says otherwise. */
export interface CallerDefaults {
  readonly timeout: Nanos | undefined;
  readonly deadline: Nanos | undefined;
  readonly retry: RetryPolicy | undefined;
  readonly policies: CallPolicies;
}

export interface Endpoint {
  readonly name: string;
  /** Its own work, without the calls. */
  readonly latency: Distribution | undefined;
  readonly errors: ErrorSpec | undefined;
  readonly attributes: ReadonlyMap<string, AttributeSpec>;
  readonly size: BodySize;
  /** What is different for some requests: the first whose condition holds. */
  readonly variants: readonly EndpointVariant[];
  readonly calls: readonly Step[];
}

/** Latency and errors of the requests whose context matches. */
export interface EndpointVariant {
  readonly where: ConditionSpec;
  /** Undefined: the endpoint's. */
  readonly latency: Distribution | undefined;
  /** Undefined: the endpoint's. */
  readonly errors: ErrorSpec | undefined;
}

/** What a request of an endpoint and an answer of it weigh, in bytes; every answer, errors included. */
export interface BodySize {
  readonly request: number;
  readonly response: number;
}

export const NO_BODIES: BodySize = { request: 0, response: 0 };

/** Why a call gets no connection: nobody listens, the host's name is not found, its certificate has expired, no route. */
export const CONNECTION_TROUBLES = ["refused", "name", "certificate", "unreachable"] as const;
export type ConnectionTrouble = (typeof CONNECTION_TROUBLES)[number];

/** How a request fails of the endpoint's own accord. */
export interface ErrorSpec {
  /** Share of the requests, 0 to 1. */
  readonly rate: number;
  /** As an HTTP status; a gRPC endpoint answers with the code that stands for it. 0: there is no answer. */
  readonly status: number;
  readonly exception: string | undefined;
  readonly message: string | undefined;
  /** Of a call that gets no connection. */
  readonly trouble?: ConnectionTrouble;
}

/** A service and one of its endpoints. */
export interface EndpointRef {
  readonly service: string;
  readonly endpoint: string;
}

export type Step =
  | CallStep
  | ParallelStep
  | ChooseStep
  | RepeatStep
  | WorkStep
  | ThinkStep
  | LogStep
  | CacheStep
  | LockStep;

/** `leave`: the user gives the journey up. */
export const FAILURE_REACTIONS = ["continue", "leave"] as const;
export type FailureReaction = (typeof FAILURE_REACTIONS)[number];

export const CHECK_COMPARISONS = ["<", "<=", ">", ">=", "==", "!="] as const;
export type CheckComparison = (typeof CHECK_COMPARISONS)[number];

/** What a journey's step checks about its answer. */
export interface Check {
  /** As written. */
  readonly name: string;
  readonly subject: "status" | "duration";
  readonly comparison: CheckComparison;
  /** A status, or nanoseconds. */
  readonly value: number;
}

export interface CallStep {
  readonly type: "call";
  readonly target: EndpointRef;
  /** Only then the call is made. */
  readonly where: ConditionSpec | undefined;
  /** Share of the executions in which the call is made, 0 to 1. */
  readonly probability: number;
  /** For each attempt. */
  readonly timeout: Nanos | undefined;
  /** For all attempts together, pauses included. */
  readonly deadline: Nanos | undefined;
  readonly retry: RetryPolicy | undefined;
  /** Its failure does not fail the caller. */
  readonly optional: boolean;
  /** Steps taken when the call failed, in its place. */
  readonly fallback: readonly Step[] | undefined;
  readonly policies: CallPolicies;
  readonly network: Distribution | undefined;
  /** In journeys: what the user does when the call failed for good. */
  readonly onFailure: FailureReaction;
  /** In journeys. */
  readonly checks: readonly Check[];
  /** Of `publish`: messages of one key are in one partition. Undefined: any. */
  readonly messageKey?: KeySpec | undefined;
}

export interface RetryPolicy {
  /** The first one included. */
  readonly attempts: number;
  readonly backoff: Backoff | undefined;
  /** What is tried again; if absent time-outs, refusals, lost connections and statuses of 500 and more, and 429. */
  readonly on?: readonly RetryCondition[] | undefined;
  readonly budget?: RetryBudgetPolicy | undefined;
}

/** Pause before attempt n + 1: min(max, base · factor^(n−1)), changed by the jitter. */
export interface Backoff {
  readonly base: Nanos;
  readonly max: Nanos;
  readonly factor: number;
  /** `full`: uniform from 0 to the pause; `equal`: half the pause, and uniform up to the whole. */
  readonly jitter: Jitter;
}

/** The branches run side by side; the step ends when all have ended, and then fails if one has failed. */
export interface ParallelStep {
  readonly type: "parallel";
  readonly branches: readonly (readonly Step[])[];
}

export interface ChooseStep {
  readonly type: "choose";
  readonly options: readonly ChooseOption[];
}

export interface ChooseOption {
  readonly weight: number;
  /** Only then it can be chosen; the weights are those of the options that can. */
  readonly where?: ConditionSpec | undefined;
  readonly steps: readonly Step[];
}

export interface RepeatStep {
  readonly type: "repeat";
  /** How often: drawn each time, rounded. */
  readonly times: Distribution;
  readonly steps: readonly Step[];
}

/** A part of the endpoint's own latency (`share`, 0 to 1), or work with a latency of its own. */
export interface WorkStep {
  readonly type: "work";
  readonly share: number | undefined;
  readonly latency: Distribution | undefined;
}

export interface ThinkStep {
  readonly type: "think";
  readonly pause: Distribution;
}

export interface LogStep {
  readonly type: "log";
  readonly level: LogLevel;
  /** `{name}` stands for an attribute of the endpoint, or for service, instance, endpoint, trace_id, span_id. */
  readonly message: string;
  readonly attributes: ReadonlyMap<string, AttributeSpec>;
}

/** What an endpoint's name says: `GET /cart/{id}` is HTTP, `Charge` is gRPC, `SELECT orders` of a database a query. */
export type EndpointProtocol =
  | { readonly type: "http"; readonly method: string; readonly route: string }
  | { readonly type: "rpc"; readonly method: string };

const HTTP_NAME = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT|QUERY) (\/.*)$/;

/** Reads an endpoint's name. */
export function protocolOf(name: string): EndpointProtocol {
  const match = HTTP_NAME.exec(name);
  return match === null ? { type: "rpc", method: name } : { type: "http", method: match[1]!, route: match[2]! };
}
