// Facts become spans: plain objects that satisfy ReadableSpan, by OpenTelemetry's semantic conventions.

import {
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace-base";
import type { Nanos } from "../base/time.ts";
import { Change, type FactBatch, FactFlag, FactKind, Outcome } from "../plan/facts.ts";
import { drawAttribute } from "../plan/attributes.ts";
import type { CallSite, Plan, PlanAttribute } from "../plan/plan.ts";
import { isHeldBack } from "../plan/policies.ts";
import { FaultLabels, LABEL_BY, LABEL_FAULT } from "./fault_labels.ts";
import { fillPath } from "./paths.ts";
import { EpochClock } from "./clock.ts";
import { Clocks, setsClock } from "./clocks.ts";
import { grpcCode, isGrpcServerError, SCHEMA_URL } from "./conventions.ts";
import { callException, isDeadlineCut, ownException, stackTraceOf } from "./failures.ts";
import type { RunIdentity } from "./identity.ts";
import { type Instance, instanceOf, instancesOf } from "./instances.ts";
import type { Scope, Thrown } from "./languages/language.ts";
import { languageOf } from "./languages/languages.ts";
import {
  type ConsumerTemplate,
  consumerTemplate,
  linksOf,
  lockError,
  lockSpan,
  partitionAttributes,
} from "./state_spans.ts";
import type { Code } from "./names.ts";
import { refusalStatus } from "./refusal_messages.ts";
import { heldBack } from "./policy_words.ts";
import { resourceOf, wellFormed } from "./resources.ts";
import { authority, callerCode, callPlace, publicHost, type Target, targetOf } from "./targets.ts";
import { userAddress, userAgent } from "./users.ts";
import { setsVersion, Versions } from "./versions.ts";

/** W3C's sampled flag. */
const SAMPLED = 1;
const SECOND_NS = 1e9;
const BYTE_HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const NO_EVENTS: TimedEvent[] = [];
const NO_LINKS: Link[] = [];
const STATUS_UNSET: SpanStatus = { code: SpanStatusCode.UNSET };
const STATUS_ERROR: SpanStatus = { code: SpanStatusCode.ERROR };
const STATUS_CANCELLED: SpanStatus = { code: SpanStatusCode.ERROR, message: "cancelled" };
const STATUS_INTERRUPTED: SpanStatus = { code: SpanStatusCode.ERROR, message: "interrupted" };
/**
 * A process that dies exports nothing of what it had open, and real traces have holes there. These spans are written all
 * the same, as an agent on the node would that follows connections: no span is without its parent.
 */
const STATUS_CRASHED: SpanStatus = { code: SpanStatusCode.ERROR, message: "process terminated" };

/** Everything about the SERVER spans of an endpoint that no request changes. */
interface ServerTemplate {
  readonly target: Target;
  readonly name: string;
  readonly scope: InstrumentationScope;
  /** For requests from other services, and from users. */
  readonly inner: Attributes;
  readonly edge: Attributes;
  readonly attributes: readonly PlanAttribute[];
}

/** The same for the CLIENT and PRODUCER spans of a call. */
interface ClientTemplate {
  readonly site: CallSite;
  readonly target: Target;
  readonly name: string;
  readonly kind: SpanKind;
  readonly scope: InstrumentationScope;
  readonly base: Attributes;
  readonly code: Code;
  /** Of the endpoint, where it has no SERVER span to bear them. */
  readonly attributes: readonly PlanAttribute[];
}

/** What an exception event says, but for its time. */
interface ExceptionTemplate {
  readonly attributes: Attributes;
  readonly status: SpanStatus;
}

class FactSpan implements ReadableSpan {
  readonly #context: SpanContext;
  // With getters instead of a field in each span for what is always the same.
  get links(): Link[] {
    return NO_LINKS;
  }
  get ended(): boolean {
    return true;
  }
  get droppedAttributesCount(): number {
    return 0;
  }
  get droppedEventsCount(): number {
    return 0;
  }
  get droppedLinksCount(): number {
    return 0;
  }
  declare readonly parentSpanContext?: SpanContext;

  constructor(
    readonly name: string,
    readonly kind: SpanKind,
    context: SpanContext,
    parent: SpanContext | undefined,
    readonly startTime: HrTime,
    readonly endTime: HrTime,
    readonly status: SpanStatus,
    readonly attributes: Attributes,
    readonly events: TimedEvent[],
    readonly resource: Resource,
    readonly instrumentationScope: InstrumentationScope,
  ) {
    this.#context = context;
    if (parent !== undefined) this.parentSpanContext = parent;
  }

  get duration(): HrTime {
    const [start, startNanos] = this.startTime, [end, endNanos] = this.endTime;
    return endNanos < startNanos
      ? [end - start - 1, endNanos - startNanos + SECOND_NS]
      : [end - start, endNanos - startNanos];
  }

  spanContext(): SpanContext {
    return this.#context;
  }
}

/** Only few spans have links. */
class LinkedSpan extends FactSpan {
  given: Link[] = NO_LINKS;

  override get links(): Link[] {
    return this.given;
  }
}

/**
 * Builds the spans of a run. It keeps nothing of the rows that it has seen: what it holds is bounded by the plan (a
 * template for each endpoint and call site, an exception for each way to fail, a resource for each replica).
 */
export class SpanBuilder {
  readonly #clock: EpochClock;
  readonly #instances: Instance[][];
  readonly #targets: readonly Target[];
  readonly #publicHost: string;
  readonly #resources: (Resource | undefined)[][];
  readonly #servers: (ServerTemplate | undefined)[] = [];
  readonly #clients: (ClientTemplate | undefined)[] = [];
  readonly #consumers: (ConsumerTemplate | undefined)[] = [];
  /** Undefined unless they are asked for. */
  readonly #labels: FaultLabels | undefined;
  readonly #exceptions = new Map<string, ExceptionTemplate>();
  /** The row of the link that the next row's request has. */
  #link = 0;
  readonly #versions: Versions;
  /** Undefined: all clocks are right. */
  #clocks: Clocks | undefined;
  /** Spans that did not arrive. */
  lost = 0;

  constructor(readonly plan: Plan, readonly identity: RunIdentity) {
    this.#clock = new EpochClock(identity.startEpochNs);
    this.#instances = instancesOf(plan, identity.seed);
    this.#versions = new Versions(plan);
    this.#targets = plan.endpoints.map((endpoint) => targetOf(plan, endpoint));
    this.#publicHost = publicHost(plan);
    this.#resources = plan.services.map(() => []);
    this.#labels = identity.labels === true ? new FaultLabels(plan) : undefined;
  }

  /**
   * The span of a row; undefined for rows without one: journeys' calls, requests and calls of databases, caches, queues
   * and external services, log lines, iterations and samples.
   */
  build(batch: FactBatch, row: number): ReadableSpan | undefined {
    const kind = batch.kind[row]!;
    const isCall = kind === FactKind.call && (batch.flags[row]! & FactFlag.journey) === 0;
    if (kind !== FactKind.request && !isCall) {
      if (setsClock(batch, row)) (this.#clocks ??= new Clocks()).take(batch, row);
      if (setsVersion(batch, row)) this.#versions.take(batch, row);
      if (kind === FactKind.link) this.#link = row;
      if (kind === FactKind.lock) return batch.site[row]! < 0 ? undefined : this.#lock(batch, row);
      if (kind === FactKind.change && batch.outcome[row] === Change.replicaStarts) this.#renew(batch, row);
      return undefined;
    }
    if (this.plan.services[batch.service[row]!]!.kind !== "service") return undefined;
    if ((batch.flags[row]! & FactFlag.spanLost) !== 0) {
      this.lost++;
      return undefined;
    }
    if (isCall) return this.#client(batch, row);
    return (batch.flags[row]! & FactFlag.linked) === 0 ? this.#server(batch, row) : this.#consumer(batch, row);
  }

  /** The handling of a message: the root of a trace of its own, linked to the span that sent it. */
  #consumer(batch: FactBatch, row: number): ReadableSpan {
    const template = this.#consumers[batch.site[row]!] ??= consumerTemplate(this.plan, batch.site[row]!, this.#targets);
    const { target } = template;
    const high = batch.key[row * 2]! | 0, low = batch.key[row * 2 + 1]! | 0;
    const outcome = batch.outcome[row]!, status = batch.status[row]!, link = this.#link;
    const attributes: Attributes = { ...template.base, ...partitionAttributes(template.system, batch, link) };
    draw(attributes, target.endpoint.attributes, high, low);
    let exception: ExceptionTemplate | undefined;
    if (outcome === Outcome.error && status >= 500) {
      exception = this.#ownException(target, batch.cause[row]!, status);
    }
    const spanStatus = serverStatus(target, outcome, status, exception);
    if (spanStatus.code === SpanStatusCode.ERROR) {
      attributes["error.type"] = outcome === Outcome.crashed
        ? "crashed"
        : String(exception?.attributes["exception.type"] ?? (outcome === Outcome.interrupted ? "interrupted" : status));
    }
    const { name, scope } = template;
    const links = linksOf(batch, link);
    return this.#span(batch, row, name, SpanKind.CONSUMER, spanStatus, attributes, exception, scope, false, links);
  }

  /** The statement that locks a row, with the wait for it. */
  #lock(batch: FactBatch, row: number): ReadableSpan | undefined {
    if (this.plan.services[batch.service[row]!]!.kind !== "service") return undefined;
    const { language } = this.plan.services[batch.service[row]!]!;
    const { name, base, scope } = lockSpan(this.plan, batch.site[row]!, language);
    const attributes: Attributes = { ...base };
    const error = lockError(this.plan, batch.site[row]!, batch.outcome[row]!);
    if (error === undefined) {
      return this.#span(batch, row, name, SpanKind.CLIENT, STATUS_UNSET, attributes, undefined, scope);
    }
    attributes["db.response.status_code"] = attributes["error.type"] = error.code;
    const status = { code: SpanStatusCode.ERROR, message: error.message };
    return this.#span(batch, row, name, SpanKind.CLIENT, status, attributes, undefined, scope);
  }

  /** A new container, perhaps in a new pod: spans from now on are of another instance. */
  #renew(batch: FactBatch, row: number): void {
    const replica = batch.replica[row]!, service = this.#versions.serviceOf(batch.service[row]!, replica);
    const { seed } = this.identity;
    this.#instances[service.index]![replica] = instanceOf(service, replica, seed, batch.wait[row]!, batch.extra[row]!);
    delete this.#resources[service.index]![replica];
  }

  #label(attributes: Attributes, batch: FactBatch, row: number): void {
    const labels = this.#labels?.of(batch, row);
    if (labels === undefined) return;
    attributes[LABEL_FAULT] = labels.fault;
    attributes[LABEL_BY] = labels.by;
  }

  #server(batch: FactBatch, row: number): ReadableSpan {
    const template = this.#servers[batch.endpoint[row]!] ??= this.#serverTemplate(batch.endpoint[row]!);
    const site = this.plan.sites[batch.site[row]!];
    const high = batch.key[row * 2]! | 0, low = batch.key[row * 2 + 1]! | 0;
    const attributes = this.#serverAttributes(template, site, batch, row);
    if (template.target.kind === "http") attributes["url.path"] = fillPath(template.target.path, high, low);
    // The endpoint's own come last: one of the same name hides the context's.
    const context = this.plan.contexts[this.plan.workloads[batch.workload[row]!]!.context]!;
    draw(attributes, context, batch.context[row * 2]! | 0, batch.context[row * 2 + 1]! | 0);
    draw(attributes, template.attributes, high, low);
    this.#label(attributes, batch, row);
    const outcome = batch.outcome[row]!, status = batch.status[row]!;
    let exception: ExceptionTemplate | undefined;
    if (outcome === Outcome.error && status >= 500) {
      exception = this.#ownException(template.target, batch.cause[row]!, status);
    }
    return this.#span(
      batch,
      row,
      template.name,
      SpanKind.SERVER,
      serverStatus(template.target, outcome, status, exception),
      attributes,
      exception,
      template.scope,
      true,
    );
  }

  #serverAttributes(
    template: ServerTemplate,
    site: CallSite | undefined,
    batch: FactBatch,
    row: number,
  ): Attributes {
    const { target } = template;
    const caller = site === undefined || site.caller < 0 ? undefined : this.plan.endpoints[site.caller];
    const attributes: Attributes = caller === undefined ? { ...template.edge } : { ...template.inner };
    const isHttp = target.kind === "http";
    if (caller !== undefined) {
      const address = this.#instances[caller.service]![batch.peer[row]!]!.ip;
      attributes["network.peer.address"] = address;
      if (isHttp) {
        attributes["client.address"] = address;
        const agent = languageOf(this.plan.services[caller.service]!.language).userAgent;
        if (agent !== undefined) attributes["user_agent.original"] = agent;
      }
    } else {
      const workload = this.plan.workloads[batch.workload[row]!]!;
      attributes["client.address"] = userAddress(workload, batch, row);
      if (isHttp) attributes["user_agent.original"] = userAgent(workload, batch, row);
    }
    const outcome = batch.outcome[row]!, status = batch.status[row]!;
    if (isHttp) {
      if (status > 0) attributes["http.response.status_code"] = status;
      if (status >= 500) attributes["error.type"] = String(status);
    } else if (status > 0) {
      const code = grpcCode(status);
      attributes["rpc.response.status_code"] = code;
      if (isGrpcServerError(code)) attributes["error.type"] = code;
    }
    if (outcome === Outcome.interrupted) attributes["error.type"] = "interrupted";
    else if (outcome === Outcome.rateLimited && isHttp) {
      attributes["http.response.header.retry-after"] = [String(Math.ceil(batch.wait[row]! / SECOND_NS))];
    } else if (outcome === Outcome.crashed) attributes["error.type"] = "crashed";
    return attributes;
  }

  #client(batch: FactBatch, row: number): ReadableSpan {
    const template = this.#clients[batch.site[row]!] ??= this.#clientTemplate(batch.site[row]!);
    const { target } = template;
    const outcome = batch.outcome[row]!, status = batch.status[row]!, attempt = batch.attempt[row]!;
    const high = batch.key[row * 2]! | 0, low = batch.key[row * 2 + 1]! | 0;
    const attributes: Attributes = { ...template.base };
    const isOurs = target.service.kind !== "external";
    const isUnsent = (batch.flags[row]! & FactFlag.unsent) !== 0;
    if (isOurs && outcome !== Outcome.aborted && outcome !== Outcome.tooDeep && !isHeldBack(outcome) && !isUnsent) {
      attributes["network.peer.address"] = this.#instances[target.service.index]![batch.peer[row]!]!.ip;
      attributes["network.peer.port"] = target.port;
    }
    if (target.kind === "http") {
      attributes["url.full"] = authority(target) + fillPath(target.path, high, low);
      if (status > 0) attributes["http.response.status_code"] = status;
      if (attempt > 1) attributes["http.request.resend_count"] = attempt - 1;
    }
    if (template.site.policies !== undefined) policyAttributes(attributes, target, batch, row);
    draw(attributes, template.attributes, high, low);
    this.#label(attributes, batch, row);
    if (outcome === Outcome.ok) {
      if (target.kind === "rpc") attributes["rpc.response.status_code"] = "OK";
      return this.#span(batch, row, template.name, template.kind, STATUS_UNSET, attributes, undefined, template.scope);
    }
    if (outcome === Outcome.interrupted || outcome === Outcome.cancelled || outcome === Outcome.crashed) {
      const isCancelled = outcome === Outcome.cancelled;
      attributes["error.type"] = outcome === Outcome.crashed
        ? "crashed"
        : !isCancelled
        ? "interrupted"
        : target.kind === "rpc"
        ? "CANCELLED"
        : "cancelled";
      if (isCancelled && target.kind === "rpc") attributes["rpc.response.status_code"] = "CANCELLED";
      return this.#span(
        batch,
        row,
        template.name,
        template.kind,
        outcome === Outcome.crashed ? STATUS_CRASHED : isCancelled ? STATUS_CANCELLED : STATUS_INTERRUPTED,
        attributes,
        undefined,
        template.scope,
      );
    }
    const duration = (batch.time[row]! - batch.start[row]!) as Nanos;
    const deadlineCut = outcome === Outcome.timeout && isDeadlineCut(template.site, duration);
    const exception = this.#callException(template, outcome, status, batch.cause[row]!, deadlineCut);
    const description = this.#describeFailure(template, attributes, outcome, status, batch.cause[row]!, exception);
    const spanStatus = exception?.status ??
      (description === undefined ? STATUS_ERROR : { code: SpanStatusCode.ERROR, message: description });
    return this.#span(batch, row, template.name, template.kind, spanStatus, attributes, exception, template.scope);
  }

  /** Sets the attributes of a failed call; gives what the error said, if it said more than its code. */
  #describeFailure(
    { target }: ClientTemplate,
    attributes: Attributes,
    outcome: number,
    status: number,
    cause: number,
    exception: ExceptionTemplate | undefined,
  ): string | undefined {
    const said = wellFormed(this.plan.failures[cause]?.message);
    if (isHeldBack(outcome)) {
      attributes["error.type"] = String(exception?.attributes["exception.type"] ?? "_OTHER");
      return undefined;
    }
    if (target.data !== undefined && status > 0) {
      const { system, query } = target.data;
      const error = outcome === Outcome.refused ? system.full : system.error(status, query);
      if (target.kind === "database") attributes["db.response.status_code"] = error.code;
      attributes["error.type"] = error.code;
      return said ?? error.message;
    }
    if (target.kind === "rpc") {
      const code = outcome === Outcome.timeout ? "DEADLINE_EXCEEDED" : status === 0 ? "UNAVAILABLE" : grpcCode(status);
      attributes["rpc.response.status_code"] = code;
      attributes["error.type"] = code;
      return said;
    }
    attributes["error.type"] = outcome === Outcome.timeout
      ? "timeout"
      : status > 0
      ? String(status)
      : String(exception?.attributes["exception.type"] ?? "_OTHER");
    return undefined;
  }

  #span(
    batch: FactBatch,
    row: number,
    name: string,
    kind: SpanKind,
    status: SpanStatus,
    attributes: Attributes,
    exception: ExceptionTemplate | undefined,
    scope: InstrumentationScope,
    isParentRemote = false,
    links = NO_LINKS,
  ): ReadableSpan {
    const clock = this.#clock, service = batch.service[row]!, replica = batch.replica[row]!;
    let start = batch.start[row]!, end = batch.time[row]!;
    if (this.#clocks !== undefined) {
      start += this.#clocks.ahead(service, replica, start);
      end += this.#clocks.ahead(service, replica, end);
    }
    clock.at(start);
    const startTime: HrTime = [clock.seconds, clock.nanos];
    clock.at(end);
    const endTime: HrTime = [clock.seconds, clock.nanos];
    const traceId = hex(batch.trace[row * 4]!) + hex(batch.trace[row * 4 + 1]!) + hex(batch.trace[row * 4 + 2]!) +
      hex(batch.trace[row * 4 + 3]!);
    const parentHigh = batch.parent[row * 2]!, parentLow = batch.parent[row * 2 + 1]!;
    const parent: SpanContext | undefined = (parentHigh | parentLow) === 0
      ? undefined
      : { traceId, spanId: hex(parentHigh) + hex(parentLow), traceFlags: SAMPLED, isRemote: isParentRemote };
    const make = links === NO_LINKS ? FactSpan : LinkedSpan;
    const span = new make(
      name,
      kind,
      { traceId, spanId: hex(batch.span[row * 2]!) + hex(batch.span[row * 2 + 1]!), traceFlags: SAMPLED },
      parent,
      startTime,
      endTime,
      status,
      attributes,
      exception === undefined ? NO_EVENTS : [{ name: "exception", time: endTime, attributes: exception.attributes }],
      this.#resources[service]![replica] ??= this.#resource(service, replica),
      scope,
    );
    if (span instanceof LinkedSpan) span.given = links;
    return span;
  }

  #resource(service: number, replica: number): Resource {
    const planned = this.#versions.serviceOf(service, replica);
    return resourceOf(this.plan, planned, this.#instances[service]![replica]!, this.identity);
  }

  #serverTemplate(endpoint: number): ServerTemplate {
    const target = this.#targets[endpoint]!;
    const { scopes } = languageOf(target.service.language);
    if (target.kind === "rpc") {
      const name = target.method.toWellFormed();
      const base: Attributes = { "rpc.system.name": "grpc", "rpc.method": name };
      return {
        target,
        name,
        scope: scopeOf(scopes.rpcServer),
        inner: { ...base, "server.address": target.host, "server.port": target.port },
        edge: { ...base, "server.address": this.#publicHost, "server.port": 443 },
        attributes: target.endpoint.attributes,
      };
    }
    const route = target.endpoint.protocol.type === "http" ? target.endpoint.protocol.route.toWellFormed() : "";
    const base: Attributes = { "http.request.method": target.method, "http.route": route, "url.path": "" };
    const version = { "network.protocol.version": "1.1" };
    return {
      target,
      name: `${target.method} ${route}`,
      scope: scopeOf(scopes.httpServer),
      inner: { ...base, "url.scheme": "http", "server.address": target.host, "server.port": target.port, ...version },
      edge: { ...base, "url.scheme": "https", "server.address": this.#publicHost, "server.port": 443, ...version },
      attributes: target.endpoint.attributes,
    };
  }

  #clientTemplate(index: number): ClientTemplate {
    const site = this.plan.sites[index]!;
    const target = this.#targets[site.callee]!;
    const { scopes } = languageOf(this.plan.services[this.plan.endpoints[site.caller]!.service]!.language);
    const common = {
      site,
      target,
      kind: SpanKind.CLIENT,
      code: callerCode(this.plan, site),
      attributes: target.service.kind === "service" ? [] : target.endpoint.attributes,
    };
    const server = { "server.address": target.host, "server.port": target.port };
    switch (target.kind) {
      case "http": {
        const base = {
          "http.request.method": target.method,
          ...server,
          "network.protocol.version": "1.1",
          "url.full": "",
        };
        return { ...common, name: target.method, scope: scopeOf(scopes.httpClient), base };
      }
      case "rpc": {
        const name = target.method.toWellFormed();
        const base = { "rpc.system.name": "grpc", "rpc.method": name, ...server };
        return { ...common, name, scope: scopeOf(scopes.rpcClient), base };
      }
      case "database":
      case "queue": {
        const data = target.data!;
        const scope = scopeOf(scopes.systems[data.system.name] ?? scopes.otherSystem);
        return target.kind === "database"
          ? { ...common, scope, ...databaseSpan(data, server) }
          : { ...common, scope, ...producerSpan(data, server), kind: SpanKind.PRODUCER };
      }
    }
  }

  #ownException(target: Target, cause: number, status: number): ExceptionTemplate {
    const key = `own ${target.endpoint.index} ${cause} ${status}`;
    let template = this.#exceptions.get(key);
    if (template === undefined) {
      const language = languageOf(target.service.language);
      const thrown = ownException(language, this.plan.failures[cause], status, target.code);
      template = exceptionTemplate(thrown, stackTraceOf(language, thrown, target.code, undefined));
      this.#exceptions.set(key, template);
    }
    return template;
  }

  #callException(
    client: ClientTemplate,
    outcome: number,
    status: number,
    cause: number,
    deadlineCut: boolean,
  ): ExceptionTemplate | undefined {
    const isHeld = isHeldBack(outcome);
    const hasException = outcome === Outcome.timeout || outcome === Outcome.aborted || outcome === Outcome.refused ||
      outcome === Outcome.reset || outcome === Outcome.unreachable;
    if (!hasException && !isHeld) return undefined;
    const failure = this.plan.failures[cause];
    const key = `call ${client.site.index} ${outcome} ${status} ${deadlineCut} ${failure?.trouble}`;
    let template = this.#exceptions.get(key);
    if (template === undefined) {
      const caller = this.plan.services[this.plan.endpoints[client.site.caller]!.service]!;
      const language = languageOf(caller.language);
      const place = callPlace(client.target, client.site, deadlineCut);
      const thrown = isHeld
        ? heldBack(this.plan, client.site, client.target, outcome)
        : callException(language, caller.language, client.target, place, client.code, outcome, status, failure);
      if (thrown === undefined) return undefined;
      template = exceptionTemplate(thrown, stackTraceOf(language, thrown, client.code, place));
      this.#exceptions.set(key, template);
    }
    return template;
  }
}

/** What a call's policies did to the attempt. The wait's name is that of the metric in the conventions, in seconds. */
function policyAttributes(into: Attributes, target: Target, batch: FactBatch, row: number): void {
  const waited = batch.extra[row]!;
  if (waited > 0) {
    into[target.data === undefined ? "http.client.connection.wait_time" : "db.client.connection.wait_time"] = waited /
      1e9;
  }
  if ((batch.flags[row]! & FactFlag.hedge) !== 0) into["request.hedge"] = true;
}

type Data = NonNullable<Target["data"]>;

function databaseSpan({ system, query, database }: Data, server: Attributes): { name: string; base: Attributes } {
  const base: Attributes = {
    "db.system.name": system.name,
    "db.namespace": system.namespace(database),
    "db.operation.name": query.operation.toWellFormed(),
    "db.query.text": query.text.toWellFormed(),
    ...server,
  };
  // A key of a cache is not a collection, but the name of the span may say what it is about.
  const isCollection = query.target !== "" && system.namespace(database) !== "0";
  if (isCollection) base["db.collection.name"] = query.target.toWellFormed();
  return { name: [query.operation, query.target].filter((part) => part !== "").join(" ").toWellFormed(), base };
}

function producerSpan({ system, query }: Data, server: Attributes): { name: string; base: Attributes } {
  const destination = query.target.toWellFormed();
  return {
    name: `${query.operation} ${destination}`,
    base: {
      "messaging.system": system.name,
      "messaging.operation.name": query.operation,
      "messaging.operation.type": "send",
      "messaging.destination.name": destination,
      ...server,
    },
  };
}

function scopeOf(scope: Scope): InstrumentationScope {
  return { ...scope, schemaUrl: SCHEMA_URL };
}

function exceptionTemplate(thrown: Thrown, stack: string): ExceptionTemplate {
  const message = thrown.message.toWellFormed();
  return {
    attributes: {
      "exception.type": thrown.type.toWellFormed(),
      "exception.message": message,
      "exception.stacktrace": stack,
    },
    status: { code: SpanStatusCode.ERROR, message },
  };
}

function serverStatus(
  target: Target,
  outcome: number,
  status: number,
  exception: ExceptionTemplate | undefined,
): SpanStatus {
  if (outcome === Outcome.interrupted) return STATUS_INTERRUPTED;
  if (outcome === Outcome.crashed) return STATUS_CRASHED;
  if (exception !== undefined) return exception.status;
  const refusal = refusalStatus(outcome);
  if (refusal !== undefined) return { code: SpanStatusCode.ERROR, message: refusal };
  const isError = target.kind === "http" ? status >= 500 : isGrpcServerError(grpcCode(status));
  return isError ? STATUS_ERROR : STATUS_UNSET;
}

function draw(into: Attributes, attributes: readonly PlanAttribute[], high: number, low: number): void {
  for (const attribute of attributes) {
    into[attribute.name.toWellFormed()] = wellFormed(drawAttribute(attribute, high, low));
  }
}

function hex(word: number): string {
  return BYTE_HEX[word >>> 24]! + BYTE_HEX[(word >>> 16) & 255]! + BYTE_HEX[(word >>> 8) & 255]! +
    BYTE_HEX[word & 255]!;
}
