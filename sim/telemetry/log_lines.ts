// Facts become lines of the services' logs: who says what about a request, a call or a step, at which level.

import { hashText } from "../base/draws.ts";
import { type Nanos } from "../base/time.ts";
import { LOG_LEVELS, type LogFormat, type LogLevel } from "../model/model.ts";
import { Change, type FactBatch, FactFlag, FactKind, isRefusal, Outcome, OUTCOMES_MAX } from "../plan/facts.ts";
import { isHeldBack, isRetried } from "../plan/policies.ts";
import type { CallSite, LogSite, Plan, PlanAttribute, PlanEndpoint, PlanService } from "../plan/plan.ts";
import { FaultLabels } from "./fault_labels.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { Clocks, setsClock } from "./clocks.ts";
import { grpcCode, statusText } from "./conventions.ts";
import { layOut, type Line, type LineAttributes, type LineValue, number, text } from "./encoding.ts";
import { callException, howItFailed, isDeadlineCut, ownException, stackTraceOf } from "./failures.ts";
import type { RunIdentity } from "./identity.ts";
import { instanceOf, instancesOf } from "./instances.ts";
import type { CallWords, RequestWords, Thrown } from "./languages/language.ts";
import { languageOf } from "./languages/languages.ts";
import {
  ATTEMPT,
  CLIENT_ADDRESS,
  DURATION,
  DURATION_MS,
  FAILED_ATTEMPT,
  FAILED_DURATION,
  type Message,
  msg,
  PAUSE,
  PAUSE_MS,
  QUEUE_MS,
  Slot,
  slot,
  type SlotPiece,
} from "./message.ts";
import { ChangeLines } from "./change_lines.ts";
import { type Code, codeOf } from "./names.ts";
import { FULL_PAUSE_NS, pauseMessage } from "./pause_messages.ts";
import { refusalMessage, refusalReason } from "./refusal_messages.ts";
import { StateLines } from "./state_lines.ts";
import { authority, callerCode, callPlace, type Target, targetOf } from "./targets.ts";
import { cancelledQuery, cancelledWords, changeWords, heldBack, tooLateWords } from "./policy_words.ts";
import { setsVersion, Versions } from "./versions.ts";
import { type FailedCall, type Template, TemplateWriter } from "./templates.ts";

type Attribute = readonly [name: string, value: LineValue];

/** How the call ended that a request failed of, as far as its line differs by it. */
interface FailedCallKind {
  readonly status: number;
  readonly cause: number;
  readonly deadlineCut: boolean;
}

interface OpenFailure extends FailedCall, FailedCallKind {
  readonly site: number;
  readonly spanLow: number;
}

const UNKNOWN_CALL: FailedCallKind = { status: 0, cause: -1, deadlineCut: false };
const OUTCOME_NAMES: Readonly<Record<number, string>> = {
  [Outcome.ok]: "ok",
  [Outcome.error]: "error",
  [Outcome.dependency]: "dependency",
  [Outcome.timeout]: "timeout",
  [Outcome.refused]: "refused",
  [Outcome.interrupted]: "interrupted",
  [Outcome.aborted]: "aborted",
  [Outcome.tooDeep]: "too deep",
  [Outcome.cancelled]: "cancelled",
  [Outcome.notPermitted]: "not permitted",
  [Outcome.bulkheadFull]: "bulkhead full",
  [Outcome.noConnection]: "no connection",
  [Outcome.reset]: "reset",
  [Outcome.crashed]: "crashed",
  [Outcome.unreachable]: "unreachable",
};
/** What of a call's flags its line differs by, and what of them says that its caller goes on. */
const TOLD_FLAGS = FactFlag.willRetry | FactFlag.tolerated | FactFlag.fallback | FactFlag.hedge | FactFlag.undecided |
  FactFlag.overBudget;
const GOES_ON_FLAGS = FactFlag.willRetry | FactFlag.tolerated | FactFlag.fallback | FactFlag.undecided;
/** With more replicas they share the templates of their lines: their memory is worth more than some nanoseconds. */
const OWN_TEMPLATE_REPLICAS_MAX = 64;
/** Megabytes of a heap of 1024, before a collection and after it. */
const HEAP_BEFORE: PlanAttribute = {
  name: "heap before",
  spec: { type: "int", least: 600, most: 900 },
  salt: hashText("heap before a collection"),
  scope: "request",
};
const HEAP_AFTER: PlanAttribute = {
  name: "heap after",
  spec: { type: "int", least: 120, most: 380 },
  salt: hashText("heap after a collection"),
  scope: "request",
};
/** Where connections or processes of databases begin to be counted. */
const PROCESS_LEAST = 400;
const PROCESSES = 9000;

/**
 * Writes the lines of a run. A row gives at most one record. What it keeps is bounded by the plan, but for the failed
 * calls whose callers have not answered yet: those are bounded by the requests in flight.
 */
export class LogLines {
  readonly #plan: Plan;
  readonly #seed: number;
  readonly #writer: TemplateWriter;
  readonly #targets: readonly Target[];
  /** The line of a request that went well, by call site and replica; null: its level is not written. */
  readonly #completed: (Template | null | undefined)[][] = [];
  /** Those of all other requests: by call site, then by what ended them. */
  readonly #requests: (Map<number, Template | null> | undefined)[] = [];
  readonly #calls: (Map<number, Template | null> | undefined)[] = [];
  readonly #steps = new Map<number, Template | null>();
  readonly #changes = new Map<number, Template | null>();
  /** Of the messages that come over a call site, by its index. */
  readonly #topics = new Map<number, string>();
  readonly #processes: ChangeLines;
  readonly #state: StateLines;
  readonly #drawn: Record<LogFormat, Map<PlanAttribute, number>> = {
    json: new Map(),
    logfmt: new Map(),
    plain: new Map(),
  };
  readonly #pauses = new Map<number, Template | null>();
  /** Undefined unless they are asked for. */
  readonly #labels: FaultLabels | undefined;
  /** By the high half of the caller's span id. */
  readonly #openFailures = new Map<number, OpenFailure[]>();
  readonly #versions: Versions;
  /** Undefined: all clocks are right. */
  #clocks: Clocks | undefined;
  /** Records that did not arrive. */
  lost = 0;

  constructor(plan: Plan, identity: RunIdentity) {
    this.#plan = plan;
    this.#versions = new Versions(plan);
    this.#writer = new TemplateWriter(plan, instancesOf(plan, identity.seed), identity.startEpochNs);
    this.#targets = plan.endpoints.map((endpoint) => targetOf(plan, endpoint));
    this.#processes = new ChangeLines(plan, this.#writer);
    this.#state = new StateLines(plan, this.#writer);
    for (const { site, topic } of plan.subscriptions ?? []) this.#topics.set(site, plan.topics![topic]!.name);
    this.#seed = identity.seed;
    this.#labels = identity.labels === true ? new FaultLabels(plan) : undefined;
  }

  /**
   * Appends the record of a row, if it has one, to the writer of the service whose log it belongs to.
   * @param writers by index of the service
   * @returns the index of that service; -1 when the row gives no record
   */
  write(batch: FactBatch, row: number, writers: readonly (ByteWriter | undefined)[]): number {
    const service = this.#state.serviceOf(batch, row);
    const out = writers[service];
    let template: Template | null;
    switch (batch.kind[row]!) {
      case FactKind.request:
        template = this.#requestTemplate(batch, row);
        break;
      case FactKind.call:
        if ((batch.flags[row]! & FactFlag.journey) !== 0) return -1;
        template = this.#callTemplate(batch, row);
        break;
      case FactKind.change:
        if (setsClock(batch, row)) {
          (this.#clocks ??= new Clocks()).take(batch, row);
          return -1;
        }
        if (setsVersion(batch, row)) {
          this.#versions.take(batch, row);
          return -1;
        }
        template = this.#changeTemplate(batch, row);
        break;
      case FactKind.log:
        if (batch.endpoint[row]! < 0) return -1;
        template = this.#stepTemplate(batch, row);
        break;
      case FactKind.lock:
      case FactKind.cache:
        if (service < 0) return -1;
        template = this.#state.template(batch, row);
        break;
      default:
        return -1;
    }
    if (template === null || out === undefined) return -1;
    if ((batch.flags[row]! & FactFlag.lineLost) !== 0) {
      this.lost++;
      return -1;
    }
    if (this.#clocks !== undefined) {
      this.#writer.ahead = this.#clocks.ahead(service, batch.replica[row]!, batch.time[row]!);
    }
    this.#writer.write(template, batch, row, out);
    this.#labels?.append(batch, row, out, this.#plan.services[service]!.logs.format);
    return service;
  }

  /** How far the clock was ahead of the replica that wrote the last record, in nanoseconds. */
  get ahead(): number {
    return this.#writer.ahead;
  }

  /** The service with the version that a replica runs. */
  serviceOf(service: number, replica: number): PlanService {
    return this.#versions.serviceOf(service, replica);
  }

  /** Failed calls whose callers have not answered yet. */
  get openFailures(): number {
    return this.#openFailures.size;
  }

  // ---- requests ----------------------------------------------------------------------------------------------------

  #requestTemplate(batch: FactBatch, row: number): Template | null {
    const site = batch.site[row]!, outcome = batch.outcome[row]!;
    const abandoned = (batch.flags[row]! & FactFlag.abandoned) !== 0;
    if (outcome === Outcome.ok && !abandoned) {
      const replicas = this.#plan.services[batch.service[row]!]!.replicas;
      const replica = replicas <= OWN_TEMPLATE_REPLICAS_MAX ? batch.replica[row]! : -1;
      const ofSite = this.#completed[this.#variantOf(batch, row, site)] ??= [];
      const known = ofSite[replica + 1];
      if (known !== undefined) return known;
      return ofSite[replica + 1] = this.#buildRequest(batch, row, abandoned, UNKNOWN_CALL, false, replica);
    }
    const failed = this.#takeFailure(batch, row);
    const failures = this.#plan.failures.length + 1;
    const kind = failed ?? UNKNOWN_CALL;
    const cause = (batch.cause[row]! + 1) * failures + kind.cause + 1;
    const statuses = (kind.status & 1023) * 1024 + (batch.status[row]! & 1023);
    const ends = outcome * OUTCOMES_MAX + batch.causeOutcome[row]!;
    const flags = (failed === undefined ? 0 : 4) + (abandoned ? 2 : 0) + (kind.deadlineCut ? 1 : 0);
    const key = ((cause * 2 ** 20 + statuses) * OUTCOMES_MAX ** 2 + ends) * 8 + flags;
    const known = this.#requests[this.#variantOf(batch, row, site)] ??= new Map();
    let template = known.get(key);
    if (template === undefined) {
      template = this.#buildRequest(batch, row, abandoned, kind, failed !== undefined);
      known.set(key, template);
    }
    if (failed !== undefined) this.#writer.failedCall = failed;
    return template;
  }

  /** Index of a site, or of a log step, within the context of the row's workload: lines differ by its attributes. */
  #variantOf(batch: FactBatch, row: number, site: number): number {
    return site * this.#plan.contexts.length + this.#plan.workloads[batch.workload[row]!]!.context;
  }

  /** The attributes that the iteration of a row carries, but those that the endpoint has itself. */
  #contextAttributes(batch: FactBatch, row: number, endpoint: PlanEndpoint): readonly PlanAttribute[] {
    const context = this.#plan.contexts[this.#plan.workloads[batch.workload[row]!]!.context]!;
    return context.filter(({ name }) => endpoint.attributes.every((own) => own.name !== name));
  }

  /** The failed call that made this request fail; forgets the others of the request. */
  #takeFailure(batch: FactBatch, row: number): OpenFailure | undefined {
    if (this.#openFailures.size === 0) return undefined;
    const low = batch.span[row * 2 + 1]!, high = batch.span[row * 2]!;
    const open = this.#openFailures.get(high);
    if (open === undefined) return undefined;
    const mine = open.filter((failure) => failure.spanLow === low);
    if (mine.length === open.length) this.#openFailures.delete(high);
    else this.#openFailures.set(high, open.filter((failure) => failure.spanLow !== low));
    return batch.outcome[row]! === Outcome.dependency
      ? mine.find((failure) => failure.site === batch.cause[row]!)
      : undefined;
  }

  #buildRequest(
    batch: FactBatch,
    row: number,
    abandoned: boolean,
    failedCall: FailedCallKind,
    knowsAttempt = false,
    replica = -1,
  ): Template | null {
    const target = this.#targets[batch.endpoint[row]!]!;
    if (target.service.kind === "external" || batch.outcome[row] === Outcome.crashed) return null;
    const site = this.#plan.sites[batch.site[row]!]!;
    const outcome = batch.outcome[row]!, status = batch.status[row]!, cause = batch.cause[row]!;
    if (target.data !== undefined) {
      return this.#buildQuery(target, site, outcome, status, cause, abandoned, replica);
    }

    const topic = this.#topics.get(site.index);
    if (topic !== undefined) return this.#buildMessage(target, site, topic, batch, row, failedCall, knowsAttempt);
    const { service } = target;
    const language = languageOf(service.language);
    const words = this.#requestWords(target, site, status);
    const own = this.#requestAttributes(
      target,
      site,
      outcome,
      status,
      this.#contextAttributes(batch, row, target.endpoint),
    );
    let level: LogLevel = status >= 500 ? "error" : status >= 400 ? "warn" : "info";
    let message: Message;
    let more: readonly Attribute[] = [];
    let stackTrace: string | undefined;
    if (outcome === Outcome.interrupted) {
      level = "warn";
      message = language.messages.interrupted(words);
    } else if (outcome === Outcome.cancelled) {
      level = "warn";
      message = cancelledWords(service.language, words);
    } else if (outcome === Outcome.tooLate) {
      level = "warn";
      message = tooLateWords(words.target);
    } else if (isRefusal(outcome)) {
      level = "warn";
      const rate = service.capacity.rateLimit?.rate ?? NaN;
      message = refusalMessage(service.language, outcome, words, rate) ?? language.messages.overloaded(words);
      more = refusalAttributes(service, outcome);
    } else if (outcome === Outcome.dependency) {
      const why = this.#whyFailed(cause, batch.causeOutcome[row]!, failedCall, knowsAttempt);
      message = language.messages.dependencyFailed(words, why);
      more = this.#dependencyAttributes(cause, batch.causeOutcome[row]!, failedCall, knowsAttempt);
    } else if (status >= 400) {
      const thrown = ownException(language, this.#plan.failures[cause], status, target.code);
      message = status >= 500
        ? language.messages.failed(words, thrown)
        : language.messages.rejected(words, thrown.message);
      more = exceptionAttributes(thrown);
      if (status >= 500) stackTrace = stackTraceOf(language, thrown, target.code, undefined);
    } else if (abandoned) {
      level = "warn";
      message = language.messages.abandoned(words);
    } else message = language.messages.completed(words);
    if (abandoned && outcome !== Outcome.cancelled) more = [...more, ["abandoned", flag(true)]];
    return this.#template(service, target.code, "request", {
      level,
      message,
      span: "own",
      attributes: [...own, ...more],
      stackTrace,
    }, replica);
  }

  /** The handling of a message, which nobody waits for. */
  #buildMessage(
    target: Target,
    site: CallSite,
    topic: string,
    batch: FactBatch,
    row: number,
    failedCall: FailedCallKind,
    knowsAttempt: boolean,
  ): Template | null {
    const { service, endpoint } = target;
    const outcome = batch.outcome[row]!, status = batch.status[row]!, cause = batch.cause[row]!;
    const language = languageOf(service.language);
    const attributes: Attribute[] = [
      ["messaging.operation.name", text("process")],
      ["messaging.destination.name", text(topic)],
      ["duration_ms", number(DURATION_MS)],
      ...this.#waitAndPeer(service, site, outcome),
      ...this.#drawnAttributes(endpoint.attributes, service.logs.format),
    ];
    let level: LogLevel = "error", message = msg`processed message from ${topic} in ${DURATION_MS} ms`;
    let stackTrace: string | undefined;
    if (outcome === Outcome.ok) level = "info";
    else if (outcome === Outcome.interrupted) {
      level = "warn";
      message = msg`processing of message from ${topic} interrupted after ${DURATION_MS} ms`;
    } else if (outcome === Outcome.dependency) {
      const why = this.#whyFailed(cause, batch.causeOutcome[row]!, failedCall, knowsAttempt);
      message = msg`failed to process message from ${topic}: ${why}`;
      attributes.push(...this.#dependencyAttributes(cause, batch.causeOutcome[row]!, failedCall, knowsAttempt));
    } else if (outcome === Outcome.error) {
      const thrown = ownException(language, this.#plan.failures[cause], status, target.code);
      message = msg`failed to process message from ${topic}: ${thrown.type}: ${thrown.message}`;
      attributes.push(...exceptionAttributes(thrown) as readonly Attribute[]);
      stackTrace = stackTraceOf(language, thrown, target.code, undefined);
    } else message = msg`message from ${topic} could not be taken up: ${OUTCOME_NAMES[outcome] ?? "refused"}`;
    return this.#template(service, target.code, "request", { level, message, span: "own", attributes, stackTrace });
  }

  #requestWords(target: Target, site: CallSite, status: number): RequestWords {
    const isRpc = target.kind === "rpc";
    const caller = this.#plan.endpoints[site.caller];
    const code = isRpc ? grpcCode(status) : "";
    return {
      code: target.code,
      isRpc,
      target: target.code.target,
      method: isRpc ? "gRPC" : target.method,
      path: this.#path(target),
      status,
      statusText: isRpc ? code : statusText(status),
      grpcCode: code,
      host: target.host,
      port: target.port,
      peerAddress: caller === undefined ? [CLIENT_ADDRESS] : [slot(Slot.peerAddress, caller.service)],
      concurrency: target.service.concurrency,
      queue: target.service.queue,
    };
  }

  /** The path with its ids, or gRPC's method in full; the ids are drawn by the key of the callee's request. */
  #path(target: Target): Message {
    if (target.kind !== "http") return [target.method];
    const { format } = target.service.logs;
    return target.path.map((part) =>
      typeof part === "string" ? part : slot(Slot.drawnPath, this.#drawnNumber(part, format))
    );
  }

  #requestAttributes(
    target: Target,
    site: CallSite,
    outcome: number,
    status: number,
    context: readonly PlanAttribute[],
  ): Attribute[] {
    const { service, endpoint } = target;
    const attributes: Attribute[] = target.kind === "rpc" ? [["rpc.method", text(target.method)]] : [
      ["http.request.method", text(target.method)],
      ["http.route", text(endpoint.protocol.type === "http" ? endpoint.protocol.route : "")],
      ["url.path", text(this.#path(target))],
    ];
    if (status > 0) {
      attributes.push(
        target.kind === "rpc"
          ? ["rpc.response.status_code", text(grpcCode(status))]
          : ["http.response.status_code", number(status)],
      );
    }
    attributes.push(["duration_ms", number(DURATION_MS)], ...this.#waitAndPeer(service, site, outcome));
    return [...attributes, ...this.#drawnAttributes([...context, ...endpoint.attributes], service.logs.format)];
  }

  #waitAndPeer(service: PlanService, site: CallSite, outcome: number): Attribute[] {
    const caller = this.#plan.endpoints[site.caller];
    const attributes: Attribute[] = [];
    const wasQueued = !isRefusal(outcome) || outcome === Outcome.expired || outcome === Outcome.dropped;
    if (Number.isFinite(service.concurrency) && wasQueued) {
      attributes.push(["queue_ms", number(QUEUE_MS)]);
    }
    attributes.push(
      caller === undefined
        ? ["client.address", text([CLIENT_ADDRESS])]
        : ["peer", text(this.#plan.services[caller.service]!.name)],
    );
    return attributes;
  }

  #whyFailed(cause: number, outcome: number, failedCall: FailedCallKind, knowsAttempt: boolean): Message {
    const site = this.#plan.sites[cause]!;
    const target = this.#targets[site.callee]!;
    const called = callName(target, [routeOf(target.endpoint)]);
    if (!knowsAttempt) return msg`${called} failed`;
    const how = this.#how(
      target,
      site,
      outcome,
      failedCall.status,
      failedCall.cause,
      FAILED_DURATION,
      failedCall.deadlineCut,
    );
    const counts = site.attempts > 1 && isRetried(site.policies, outcome, failedCall.status);
    const attempt = counts ? msg` (attempt ${FAILED_ATTEMPT} of ${site.attempts})` : msg``;
    return msg`${called} ${how}${attempt}`;
  }

  /** How a call failed, in the past tense. */
  #how(
    target: Target,
    site: CallSite,
    outcome: number,
    status: number,
    cause: number,
    duration: SlotPiece,
    deadlineCut: boolean,
  ): Message {
    return isHeldBack(outcome)
      ? msg`was not sent: ${heldBack(this.#plan, site, target, outcome).message}`
      : howItFailed(target, site, outcome, status, this.#plan.failures[cause], duration, deadlineCut);
  }

  #dependencyAttributes(
    cause: number,
    outcome: number,
    failedCall: FailedCallKind,
    knowsAttempt: boolean,
  ): Attribute[] {
    const site = this.#plan.sites[cause]!;
    const target = this.#targets[site.callee]!;
    const attributes: Attribute[] = [
      ["call", text(target.reference)],
      ["call.outcome", text(OUTCOME_NAMES[outcome] ?? "")],
    ];
    if (failedCall.status > 0) attributes.push(["call.status", number(failedCall.status)]);
    if (knowsAttempt) attributes.push(["call.attempt", number(FAILED_ATTEMPT)]);
    attributes.push(["call.attempts", number(site.attempts)]);
    if (Number.isFinite(site.timeout)) attributes.push(["call.timeout_ms", number(site.timeout / 1e6)]);
    return attributes;
  }

  // ---- requests of databases, caches and brokers -------------------------------------------------------------------

  #buildQuery(
    target: Target,
    site: CallSite,
    outcome: number,
    status: number,
    cause: number,
    abandoned: boolean,
    replica: number,
  ): Template | null {
    const { service } = target;
    const { system, query, database } = target.data!;
    const hasIds = site.caller >= 0;
    const attributes: Attribute[] = target.kind === "queue"
      ? [
        ["messaging.system", text(system.name)],
        ["messaging.operation.name", text(query.operation)],
        ["messaging.destination.name", text(query.target)],
      ]
      : [
        ["db.system.name", text(system.name)],
        ["db.namespace", text(system.namespace(database))],
        ["db.operation.name", text(query.operation)],
        ["db.query.text", text(query.text)],
      ];
    attributes.push(["duration_ms", number(DURATION_MS)], ...this.#waitAndPeer(service, site, outcome));
    attributes.push(...this.#drawnAttributes(target.endpoint.attributes, service.logs.format));
    let level: LogLevel = "info", severity: "normal" | "error" | "fatal" = "normal";
    let message: Message;
    if (isRefusal(outcome)) {
      level = target.kind === "database" && service.kind === "database" ? "error" : "warn";
      severity = "fatal";
      message = [system.full.message];
      attributes.push(["db.response.status_code", text(system.full.code)], ...refusalAttributes(service, outcome));
    } else if (outcome === Outcome.interrupted) {
      level = "warn";
      message = msg`${query.text} interrupted after ${DURATION_MS} ms`;
    } else if (outcome === Outcome.cancelled) {
      const cancelled = cancelledQuery(system.name, query.text);
      level = "warn";
      severity = "error";
      message = cancelled.message;
      attributes.push([target.kind === "queue" ? "error.type" : "db.response.status_code", text(cancelled.code)]);
    } else if (outcome === Outcome.tooLate) {
      level = "warn";
      message = tooLateWords(query.text);
    } else if (outcome === Outcome.ok) {
      level = abandoned ? "warn" : "info";
      message = abandoned ? system.abandoned(query) : system.completed(query);
    } else {
      const error = system.error(status, query);
      level = "error";
      severity = "error";
      const words = this.#plan.failures[cause]?.message ?? error.message;
      const code = words.startsWith(error.code) ? "" : ` [${error.code}]`;
      message = msg`${words}${code} while executing: ${query.text}`;
      attributes.push([target.kind === "queue" ? "error.type" : "db.response.status_code", text(error.code)]);
    }
    if (abandoned && outcome !== Outcome.cancelled) attributes.push(["abandoned", flag(true)]);
    if (isBelow(level, service)) return null;
    const line: Line = {
      level,
      message,
      service: service.index,
      serviceName: service.name,
      span: hasIds ? "parent" : "none",
      attributes,
      stackTrace: undefined,
    };
    const process = PROCESS_LEAST + hashText(target.reference) % PROCESSES;
    return this.#writer.compile(
      layOut(
        service.logs.format,
        line,
        () => system.plain({ level, severity, message, query, database, hasIds, process }),
      ),
      replica,
    );
  }

  // ---- calls -------------------------------------------------------------------------------------------------------

  #callTemplate(batch: FactBatch, row: number): Template | null {
    const outcome = batch.outcome[row]!, index = batch.site[row]!;
    const flags = batch.flags[row]! & TOLD_FLAGS;
    if (outcome === Outcome.ok && (batch.attempt[row]! <= 1 || (flags & FactFlag.hedge) !== 0)) return null;
    if (outcome === Outcome.interrupted || outcome === Outcome.cancelled) return null;
    // A dead process says nothing.
    if (outcome === Outcome.crashed) return null;
    const site = this.#plan.sites[index]!;
    const status = batch.status[row]!, cause = batch.cause[row]!;
    const duration = (batch.time[row]! - batch.start[row]!) as Nanos;
    const deadlineCut = outcome === Outcome.timeout && isDeadlineCut(site, duration);
    if (outcome !== Outcome.ok && (flags & GOES_ON_FLAGS) === 0) this.#keepFailure(batch, row, deadlineCut);
    const ends = ((cause + 1) * 1024 + (status & 1023)) * OUTCOMES_MAX + outcome;
    const isUnsent = (batch.flags[row]! & FactFlag.unsent) !== 0;
    const key = ends * 1024 + flags * 4 + (isUnsent ? 2 : 0) + (deadlineCut ? 1 : 0);
    const known = this.#calls[index] ??= new Map();
    let template = known.get(key);
    if (template === undefined) {
      template = this.#buildCall(site, outcome, status, cause, flags, deadlineCut, isUnsent);
      known.set(key, template);
    }
    return template;
  }

  #keepFailure(batch: FactBatch, row: number, deadlineCut: boolean): void {
    const high = batch.parent[row * 2]!;
    const failure: OpenFailure = {
      site: batch.site[row]!,
      spanLow: batch.parent[row * 2 + 1]!,
      status: batch.status[row]!,
      cause: batch.cause[row]!,
      deadlineCut,
      attempt: batch.attempt[row]!,
      duration: batch.time[row]! - batch.start[row]!,
    };
    const open = this.#openFailures.get(high);
    if (open === undefined) this.#openFailures.set(high, [failure]);
    else open.push(failure);
  }

  #buildCall(
    site: CallSite,
    outcome: number,
    status: number,
    cause: number,
    flags: number,
    deadlineCut: boolean,
    isUnsent: boolean,
  ): Template | null {
    const caller = this.#plan.services[this.#plan.endpoints[site.caller]!.service]!;
    if (caller.kind !== "service") return null;
    const target = this.#targets[site.callee]!;
    const language = languageOf(caller.language);
    const code = callerCode(this.#plan, site);
    const place = callPlace(target, site, deadlineCut);
    const thrown = isHeldBack(outcome)
      ? heldBack(this.#plan, site, target, outcome)
      : callException(language, caller.language, target, place, code, outcome, status, this.#plan.failures[cause]);
    const hedges = site.policies?.hedge?.max ?? 0;
    const words: CallWords = {
      call: callName(target, this.#pathFor(target, caller.logs.format)),
      how: this.#how(target, site, outcome, status, cause, DURATION, deadlineCut),
      // What is not tried again was the callee's last word: it is no matter of attempts.
      attempts: outcome === Outcome.ok || isRetried(site.policies, outcome, status) ? site.attempts * (1 + hedges) : 1,
      soon: site.backoff === undefined ? msg` at once` : msg` in ${PAUSE}`,
    };
    const { messages } = language;
    const [level, said]: [LogLevel, Message] = outcome === Outcome.ok
      ? ["info", messages.recovered(words)]
      : (flags & FactFlag.undecided) !== 0
      ? ["warn", msg`${words.call} ${words.how}, another attempt is under way`]
      : (flags & FactFlag.willRetry) !== 0
      ? ["warn", messages.retry(words)]
      : (flags & FactFlag.fallback) !== 0
      ? ["warn", messages.fallback(words)]
      : (flags & FactFlag.tolerated) !== 0
      ? ["warn", messages.tolerated(words)]
      : ["error", messages.gaveUp(words)];
    const message = (flags & FactFlag.overBudget) !== 0 ? msg`${said} (retry budget exhausted)` : said;
    const willRetry = (flags & FactFlag.willRetry) !== 0;
    return this.#template(caller, code, "call", {
      level,
      message,
      span: "own",
      attributes: [
        ...callAttributes(site, target, outcome, status, willRetry, isUnsent),
        ...exceptionAttributes(thrown),
      ],
      stackTrace: undefined,
    });
  }

  // ---- what callers think of their callees -------------------------------------------------------------------------

  #callerChangeTemplate(batch: FactBatch, row: number, change: number): Template | null {
    const isSlow = batch.status[row] === 1;
    // The users write no log.
    if ((batch.flags[row]! & FactFlag.journey) !== 0) return null;
    const key = (batch.site[row]! * 64 + change) * 2 + (isSlow ? 1 : 0);
    let template = this.#changes.get(key);
    if (template === undefined) {
      const site = this.#plan.sites[batch.site[row]!]!, target = this.#targets[site.callee]!;
      const caller = this.#plan.services[this.#plan.endpoints[site.caller]!.service]!;
      const words = changeWords(target, caller.language, change, isSlow);
      const attributes: Attribute[] = [["call", text(target.reference)], ["peer", text(target.service.name)]];
      if (change >= Change.ejected) {
        attributes.push(["peer.instance", text([slot(Slot.peerInstance, target.service.index)])]);
      }
      template = caller.kind === "external" ? null : this.#template(caller, callerCode(this.#plan, site), "call", {
        ...words,
        span: change === Change.returned ? "none" : "own",
        attributes,
        stackTrace: undefined,
      });
      this.#changes.set(key, template);
    }
    return template;
  }

  #pathFor(target: Target, format: LogFormat): Message {
    return target.path.map((part) =>
      typeof part === "string" ? part : slot(Slot.drawnPath, this.#drawnNumber(part, format))
    );
  }

  // ---- changes -----------------------------------------------------------------------------------------------------

  #changeTemplate(batch: FactBatch, row: number): Template | null {
    const change = batch.outcome[row]!;
    if (change === Change.paused) return this.#pauseTemplate(batch, row);
    if (change >= Change.breakerOpened && change <= Change.returned) {
      return this.#callerChangeTemplate(batch, row, change);
    }
    return this.#processTemplate(batch, row);
  }

  #processTemplate(batch: FactBatch, row: number): Template | null {
    if (batch.outcome[row] === Change.replicaStarts && batch.wait[row]! > 0) {
      const replica = batch.replica[row]!, service = this.#versions.serviceOf(batch.service[row]!, replica);
      this.#writer.replace(service.index, replica, instanceOf(service, replica, this.#seed, batch.wait[row]!));
      this.#completed.length = 0;
    }
    if (batch.outcome[row] === Change.messageGivenUp) return this.#state.template(batch, row);
    return this.#processes.template(batch, row, this.#versions.serviceOf(batch.service[row]!, batch.replica[row]!));
  }

  #pauseTemplate(batch: FactBatch, row: number): Template | null {
    const isFull = batch.wait[row]! >= FULL_PAUSE_NS;
    const key = batch.service[row]! * 2 + (isFull ? 1 : 0);
    let template = this.#pauses.get(key);
    if (template === undefined) {
      template = this.#buildPause(this.#plan.services[batch.service[row]!]!, isFull);
      this.#pauses.set(key, template);
    }
    return template;
  }

  #buildPause(service: PlanService, isFull: boolean): Template | null {
    const { format } = service.logs;
    const heap = {
      before: slot(Slot.drawnText, this.#drawnNumber(HEAP_BEFORE, format)),
      after: slot(Slot.drawnText, this.#drawnNumber(HEAP_AFTER, format)),
    };
    const said = service.kind === "external" ? undefined : pauseMessage(service, isFull, heap);
    if (said === undefined || isBelow(said.level, service)) return null;
    const line: Line = {
      level: said.level,
      message: said.message,
      service: service.index,
      serviceName: service.name,
      span: "none",
      attributes: [["pause_ms", number(PAUSE_MS)]],
      stackTrace: undefined,
    };
    return this.#writer.compile(layOut(format, line, () => said.plain));
  }

  // ---- log steps ---------------------------------------------------------------------------------------------------

  #stepTemplate(batch: FactBatch, row: number): Template | null {
    const step = batch.site[row]!, index = batch.endpoint[row]!;
    const key = this.#variantOf(batch, row, step) * this.#plan.endpoints.length + index;
    let template = this.#steps.get(key);
    if (template === undefined) {
      const endpoint = this.#plan.endpoints[index]!;
      template = this.#buildStep(this.#plan.logs[step]!, endpoint, this.#contextAttributes(batch, row, endpoint));
      this.#steps.set(key, template);
    }
    return template;
  }

  #buildStep(step: LogSite, endpoint: PlanEndpoint, context: readonly PlanAttribute[]): Template | null {
    const service = this.#plan.services[endpoint.service]!;
    const { format } = service.logs;
    if (service.kind === "external") return null;
    return this.#template(service, codeOf(service.name, this.#plan.namespace, endpoint.protocol), "log", {
      level: step.level,
      message: this.#fill(step, [...context, ...endpoint.attributes, ...step.attributes], endpoint, service),
      span: service.kind === "service" ? "own" : "parent",
      attributes: this.#drawnAttributes(step.attributes, format),
      stackTrace: undefined,
    });
  }

  /** The message of a log step with slots in place of `{names}`; a name that nothing bears stays as it is written. */
  #fill(
    step: LogSite,
    attributes: readonly PlanAttribute[],
    endpoint: PlanEndpoint,
    service: PlanService,
  ): Message {
    const known = new Map<string, Message>([
      ["service", [service.name]],
      ["instance", [slot(Slot.instance, service.index)]],
      ["endpoint", [endpoint.name]],
      ["trace_id", [slot(Slot.traceId)]],
      ["span_id", [slot(service.kind === "service" ? Slot.spanId : Slot.parentSpanId)]],
    ]);
    for (const attribute of attributes) {
      known.set(attribute.name, [slot(Slot.drawnText, this.#drawnNumber(attribute, service.logs.format))]);
    }
    // Splitting at a group gives text and names in turn.
    return step.message.split(/\{([^{}]+)\}/).flatMap((part, i) =>
      i % 2 === 0 ? [part] : known.get(part) ?? [`{${part}}`]
    );
  }

  // ---- what lines share --------------------------------------------------------------------------------------------

  #template(
    service: PlanService,
    code: Code,
    topic: "request" | "call" | "log",
    parts: Pick<Line, "level" | "message" | "span" | "attributes" | "stackTrace">,
    replica = -1,
  ): Template | null {
    if (isBelow(parts.level, service)) return null;
    const line: Line = { ...parts, service: service.index, serviceName: service.name };
    return this.#writer.compile(
      layOut(service.logs.format, line, (_, json) =>
        languageOf(service.language).plain({
          level: parts.level,
          message: parts.message,
          service: service.name,
          code,
          topic,
          hasIds: parts.span !== "none",
          json,
          concurrency: service.concurrency,
        })),
      replica,
    );
  }

  #drawnAttributes(attributes: readonly PlanAttribute[], format: LogFormat): Attribute[] {
    return attributes.map((attribute) => [attribute.name, { drawn: this.#drawnNumber(attribute, format) }]);
  }

  #drawnNumber(attribute: PlanAttribute, format: LogFormat): number {
    const known = this.#drawn[format];
    let index = known.get(attribute);
    if (index === undefined) {
      index = this.#writer.addDrawn(attribute, format);
      known.set(attribute, index);
    }
    return index;
  }
}

function isBelow(level: LogLevel, service: PlanService): boolean {
  return LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(service.logs.level);
}

function flag(value: boolean): LineValue {
  return { number: [String(value)] };
}

function refusalAttributes(service: PlanService, outcome: number): Attribute[] {
  if (outcome === Outcome.refused) return limits(service);
  const reason: Attribute = ["reason", text(refusalReason(outcome))];
  const { rateLimit } = service.capacity;
  if (outcome !== Outcome.rateLimited || rateLimit === undefined) return [reason, ...limits(service)];
  return [
    reason,
    ["limit.rate_per_s", number(rateLimit.rate)],
    ["limit.burst", number(rateLimit.burst)],
    ["retry_after_ms", number(PAUSE_MS)],
  ];
}

function limits(service: PlanService): Attribute[] {
  const attributes: Attribute[] = [];
  if (Number.isFinite(service.concurrency)) attributes.push(["limit.concurrency", number(service.concurrency)]);
  if (Number.isFinite(service.queue)) attributes.push(["limit.queue", number(service.queue)]);
  return attributes;
}

function exceptionAttributes(thrown: Thrown | undefined): LineAttributes {
  if (thrown === undefined) return [];
  return [["exception.type", text(thrown.type)], ["exception.message", text(thrown.message)]];
}

function routeOf(endpoint: PlanEndpoint): string {
  return endpoint.protocol.type === "http" ? endpoint.protocol.route : "";
}

/** `GET http://cart:8080/cart/8123`, `payment.Charge`, `INSERT orders on orders-db`. */
function callName(target: Target, path: Message): Message {
  if (target.kind === "http") return msg`${target.method} ${authority(target)}${path}`;
  if (target.kind === "rpc") return [target.reference];
  const { operation, target: what } = target.data!.query;
  return [`${[operation, what].filter((part) => part !== "").join(" ")} on ${target.host}`];
}

function callAttributes(
  site: CallSite,
  target: Target,
  outcome: number,
  status: number,
  willRetry: boolean,
  isUnsent: boolean,
): Attribute[] {
  const attributes: Attribute[] = [
    ["call", text(target.reference)],
    ["outcome", text(OUTCOME_NAMES[outcome] ?? "")],
    ["attempt", number(ATTEMPT)],
    ["attempts", number(site.attempts)],
    ["duration_ms", number(DURATION_MS)],
  ];
  if (Number.isFinite(site.timeout)) attributes.push(["timeout_ms", number(site.timeout / 1e6)]);
  if (Number.isFinite(site.deadline)) attributes.push(["deadline_ms", number(site.deadline / 1e6)]);
  if (willRetry) attributes.push(["retry_in_ms", number(PAUSE_MS)]);
  if (target.kind === "http" && status > 0) attributes.push(["http.response.status_code", number(status)]);
  if (target.kind === "rpc" && !isHeldBack(outcome)) {
    const code = outcome === Outcome.timeout ? "DEADLINE_EXCEEDED" : status === 0 ? "UNAVAILABLE" : grpcCode(status);
    attributes.push(["rpc.response.status_code", text(code)]);
  }
  if (target.data !== undefined && status >= 400) {
    const { system, query } = target.data;
    const error = outcome === Outcome.refused ? system.full : system.error(status, query);
    attributes.push([target.kind === "queue" ? "error.type" : "db.response.status_code", text(error.code)]);
  }
  attributes.push(["server.address", text(target.host)], ["server.port", number(target.port)]);
  // An attempt that never reached the callee has no replica at its other end.
  const reached = outcome !== Outcome.aborted && outcome !== Outcome.tooDeep && !isHeldBack(outcome) && !isUnsent &&
    target.service.kind !== "external";
  attributes.push(["peer", text(target.service.name)]);
  if (reached) attributes.push(["peer.instance", text([slot(Slot.peerInstance, target.service.index)])]);
  return attributes;
}
