// Scenario to Plan: names become small integers, steps programs, and every draw gets a salt made of names, so that
// adding or moving something else changes none of them.

import { hashText } from "../base/draws.ts";
import { FOREVER, type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";
import { Zipf } from "../distributions/zipf.ts";
import { strikesRequests } from "../faults/kind.ts";
import { basisOf, isMitigation } from "../faults/registry.ts";
import type { Load } from "../load/load.ts";
import {
  type AttributeSpec,
  type CallStep,
  type ChooseOption,
  type ConditionSpec,
  type Endpoint,
  type EndpointRef,
  type ErrorSpec,
  protocolOf,
  type Service,
  type Step,
} from "../model/model.ts";
import { plainCall } from "../model/plain_call.ts";
import { Condition } from "../plan/condition.ts";
import {
  type CallSite,
  type Failure,
  type Instruction,
  type LogSite,
  Op,
  type Plan,
  type PlanAttribute,
  type PlanEndpoint,
  type PlanFault,
  type PlanJourney,
  type PlanService,
  type PlanWorkload,
  type Program,
} from "../plan/plan.ts";
import { chaosFaults } from "./compile_chaos.ts";
import { PolicyCompiler } from "./compile_policies.ts";
import type { PlanKey } from "../plan/keys.ts";
import type { CacheAccess, PlanCache, PlanLock, PlanSubscription, PlanTopic } from "../plan/state.ts";
import { type CacheStep, type KeySpec, type LockStep, publishEndpoint } from "../model/state.ts";
import type { FaultSpec, FaultTarget, Scenario, Workload } from "./scenario.ts";

/** Makes the Plan of a scenario whose references all hold. */
export function compileScenario(scenario: Scenario): Plan {
  return new Compiler(scenario).compile();
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Compiler {
  readonly #scenario: Scenario;
  /** Those of the file, then those that chance may draw. */
  readonly #faults: readonly FaultSpec[];
  readonly #serviceIndex = new Map<string, number>();
  readonly #endpointIndex = new Map<string, number>();
  /** The service of each endpoint. */
  readonly #serviceOf: number[] = [];
  readonly #sites: Mutable<CallSite>[] = [];
  readonly #policies = new PolicyCompiler();
  readonly #logs: LogSite[] = [];
  readonly #failures: Failure[] = [];
  readonly #caches: PlanCache[] = [];
  readonly #locks: PlanLock[] = [];
  /** Numbers of stores, by whose they are and what they hold. */
  readonly #stores = new Map<string, number>();

  readonly #contexts: PlanAttribute[][] = [];
  /** Index in #contexts, by the workload's name. */
  readonly #contextOf = new Map<string, number>();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#faults = [...scenario.faults, ...chaosFaults(scenario, loadEnd(scenario))];
    for (const { name, context } of scenario.workloads.values()) {
      const isOwn = context.size > 0 || this.#contexts.length === 0;
      if (isOwn) this.#contexts.push(contextAttributes(new Map([...scenario.context, ...context])));
      this.#contextOf.set(name, isOwn ? this.#contexts.length - 1 : 0);
    }
  }

  compile(): Plan {
    const scenario = this.#scenario;
    let endpoints = 0;
    for (const service of scenario.services.values()) {
      this.#serviceIndex.set(service.name, this.#serviceIndex.size);
      for (const name of service.endpoints.keys()) {
        this.#endpointIndex.set(endpointKey({ service: service.name, endpoint: name }), endpoints++);
        this.#serviceOf.push(this.#serviceIndex.size - 1);
      }
    }
    const planEndpoints = this.#endpoints();
    const journeys = [...scenario.journeys].map(([name, steps], index): PlanJourney => ({
      index,
      name,
      program: new ProgramWriter(this, -1, index, `journey ${name}`).write(steps, false),
    }));
    const specs = this.#faults;
    const faults = specs.map((fault, index) => this.#fault(fault, index, planEndpoints));
    const messaging = this.#messaging();
    this.#attachFaults(planEndpoints, specs);
    return {
      name: scenario.name,
      seed: scenario.seed,
      namespace: scenario.namespace,
      environment: scenario.environment,
      services: this.#services(),
      endpoints: planEndpoints,
      sites: this.#sites,
      shared: this.#policies.states,
      logs: this.#logs,
      failures: this.#failures,
      journeys,
      workloads: [...scenario.workloads.values()].map((workload, index): PlanWorkload => ({
        index,
        name: workload.name,
        salt: hashText(`scenario ${workload.name}`),
        executor: workload.executor,
        journey: journeys.findIndex((journey) => journey.name === workload.exec),
        startTime: plannedStart(workload, scenario.workloads),
        startAfter: workload.startAfter === undefined
          ? -1
          : [...scenario.workloads.keys()].indexOf(workload.startAfter),
        startDelay: workload.startTime,
        gracefulStop: workload.gracefulStop,
        tags: workload.tags,
        context: this.#contextOf.get(workload.name)!,
        env: workload.env,
        load: boundedLoad(workload, scenario.workloads),
      })),
      contexts: this.#contexts,
      faults,
      ...(this.#caches.length > 0 ? { caches: this.#caches } : {}),
      ...(this.#locks.length > 0 ? { locks: this.#locks } : {}),
      ...messaging,
      hypothesis: scenario.hypothesis,
      thresholds: scenario.thresholds,
      submetrics: scenario.submetrics,
    };
  }

  #services(): PlanService[] {
    return [...this.#scenario.services.values()].map((service, index): PlanService => ({
      index,
      name: service.name,
      kind: service.kind,
      language: service.language,
      version: service.version,
      system: service.system,
      replicas: service.replicas,
      zones: service.zones,
      concurrency: service.concurrency,
      queue: service.queue,
      capacity: service.capacity,
      logs: service.logs,
      attributes: service.attributes,
      ...lifeOf(service),
      endpoints: [...service.endpoints.keys()].map((endpoint) => this.endpoint({ service: service.name, endpoint })),
      isDisturbed: this.#mayStrike(service.name).some(({ touchesCpu }) => touchesCpu),
      ...this.#scaledTo(service),
    }));
  }

  /** Faults of a service that may come while the run goes on. */
  #mayStrike(name: string): FaultSpec[] {
    const { workloads } = this.#scenario, faults = this.#faults;
    const end = Math.max(...[...workloads.values()].map((each) => latestEnd(each, workloads) + each.gracefulStop));
    return faults.filter(({ target, probability, at }) => target.service === name && probability > 0 && at < end);
  }

  /** The most replicas that a service comes to have, where mitigations scale it. */
  #scaledTo({ name, replicas, scaling }: Service): { readonly replicasMax?: number } {
    const most = Math.max(...this.#mayStrike(name).map(({ replicasTo = 0 }) => replicasTo));
    const replicasMax = Math.max(most, replicas, scaling?.max ?? 0);
    return most > replicas ? { replicasMax } : {};
  }

  #endpoints(): Mutable<PlanEndpoint>[] {
    const endpoints: Mutable<PlanEndpoint>[] = [];
    for (const service of this.#scenario.services.values()) {
      for (const endpoint of service.endpoints.values()) {
        const key = endpointKey({ service: service.name, endpoint: endpoint.name });
        const index = endpoints.length;
        endpoints.push({
          index,
          service: this.#serviceIndex.get(service.name)!,
          name: endpoint.name,
          protocol: protocolOf(endpoint.name),
          latency: endpoint.latency,
          latencySalt: hashText(`latency ${key}`),
          errorRate: endpoint.errors?.rate ?? 0,
          errorSalt: hashText(`errors ${key}`),
          failure: this.#optionalFailure(endpoint.errors),
          attributes: attributes(endpoint.attributes, key),
          size: endpoint.size,
          variants: endpoint.variants.map(({ where, latency, errors }) => ({
            where: this.condition(where),
            latency: latency ?? endpoint.latency,
            errorRate: (errors ?? endpoint.errors)?.rate ?? 0,
            failure: this.#optionalFailure(errors ?? endpoint.errors),
          })),
          program: this.#program(endpoint, index, key),
          faults: [],
        });
      }
    }
    return endpoints;
  }

  // ---- what carries state ------------------------------------------------------------------------------------------

  /** @param attributesOf the endpoint's, by name: it may name one of these, or one of the context */
  #key(spec: KeySpec, owner: string, attributesOf: readonly PlanAttribute[], salt: number): PlanKey {
    if (spec.type === "zipf") return { type: "zipf", ranks: Zipf.of(spec.n, spec.s), salt };
    const own = attributesOf.find(({ name }) => name === spec.name);
    const byContext = this.#contexts.map((context) => own ?? context.find(({ name }) => name === spec.name));
    if (byContext.some((each) => each !== undefined)) return { type: "attribute", byContext };
    return { type: "constant", value: hashText(`${owner} ${spec.name}`) };
  }

  #messageKey(spec: KeySpec, caller: number, salt: number): PlanKey {
    if (caller < 0) return this.#key(spec, "message", [], salt);
    const [service, asking] = this.#endpointAt(caller);
    const own = attributes(asking.attributes, endpointKey({ service: service.name, endpoint: asking.name }));
    return this.#key(spec, "message", own, salt);
  }

  /** @param endpoint index of the one that asks */
  addCache(step: CacheStep, endpoint: number, salt: number): number {
    const [service, asking] = this.#endpointAt(endpoint);
    const { shared } = step;
    const holder = shared === undefined ? service.name : shared.get.target.service;
    const name = step.name ?? (step.key.type === "attribute" ? step.key.name : `${asking.name} ${salt}`);
    const store = shared === undefined ? `${holder} local ${name}` : holder;
    if (!this.#stores.has(store)) this.#stores.set(store, this.#stores.size);
    const own = attributes(asking.attributes, endpointKey({ service: service.name, endpoint: asking.name }));
    return this.#caches.push({
      index: this.#caches.length,
      holder: this.#serviceIndex.get(holder)!,
      isLocal: shared === undefined,
      store: this.#stores.get(store)!,
      entries: shared === undefined ? step.entries : this.#scenario.services.get(holder)?.entries ?? Infinity,
      space: hashText(`cache ${name}`),
      key: this.#key(step.key, "cache", own, salt),
      ttl: step.ttl,
      singleflight: step.singleflight,
    }) - 1;
  }

  addLock(step: LockStep, endpoint: number, salt: number): number {
    const [service, asking] = this.#endpointAt(endpoint);
    const own = attributes(asking.attributes, endpointKey({ service: service.name, endpoint: asking.name }));
    const words = lockWords(this.#scenario.services.get(step.service)?.system);
    const failure = (message: string): number => this.#failure({ rate: 1, status: 500, exception: undefined, message });
    return this.#locks.push({
      index: this.#locks.length,
      service: this.#serviceIndex.get(step.service)!,
      table: step.table,
      space: hashText(`row ${step.service} ${step.table}`),
      key: this.#key(step.row, "row", own, salt),
      timeout: step.timeout,
      timeoutFailure: failure(words.timeout),
      deadlockFailure: failure(words.deadlock),
      salt,
    }) - 1;
  }

  #endpointAt(index: number): readonly [Service, Endpoint] {
    let at = 0;
    for (const service of this.#scenario.services.values()) {
      for (const endpoint of service.endpoints.values()) if (at++ === index) return [service, endpoint];
    }
    throw new RangeError(`there is no endpoint ${index}`);
  }

  #messaging(): Pick<Plan, "topics" | "subscriptions"> {
    const topics: PlanTopic[] = [];
    const byName = new Map<string, number>();
    for (const service of this.#scenario.services.values()) {
      for (const [name, { partitions }] of service.topics ?? []) {
        const ref = { service: service.name, endpoint: publishEndpoint(name) };
        byName.set(endpointKey(ref), topics.length);
        const at = { service: this.#serviceIndex.get(service.name)!, endpoint: this.endpoint(ref) };
        topics.push({ index: topics.length, name, partitions, ...at });
      }
    }
    if (topics.length === 0) return {};
    const subscriptions: PlanSubscription[] = [];
    for (const service of this.#scenario.services.values()) {
      for (
        const { topic, endpoint, deadLetter, concurrency, attempts, retryAfter, sessionTimeout } of service.consumes ??
          []
      ) {
        const from = topics[byName.get(endpointKey(topic))!]!;
        const handler = this.endpoint({ service: service.name, endpoint });
        const salt = hashText(`consume ${endpointKey(topic)} ${service.name}.${endpoint}`);
        subscriptions.push({
          index: subscriptions.length,
          topic: from.index,
          service: this.#serviceIndex.get(service.name)!,
          endpoint: handler,
          site: this.addSite(plainCall({ service: service.name, endpoint }), from.endpoint, -1, salt),
          salt,
          concurrency,
          attempts,
          retryAfter,
          deadLetter: deadLetter === undefined ? -1 : byName.get(endpointKey(deadLetter))!,
          sessionTimeout,
        });
      }
    }
    return { topics, subscriptions };
  }

  #program(endpoint: Endpoint, index: number, key: string): Program {
    return new ProgramWriter(this, index, -1, key).write(endpoint.calls, !endpoint.calls.some(contains("work")));
  }

  #optionalFailure(errors: ErrorSpec | undefined): number {
    return errors === undefined ? -1 : this.#failure(errors);
  }

  /** A condition on the context. */
  condition(spec: ConditionSpec): Condition {
    return new Condition(spec, this.#contexts);
  }

  #failure({ status, exception, message, trouble }: ErrorSpec): number {
    const failure: Failure = { status, exception, message };
    return this.#failures.push(trouble === undefined ? failure : { ...failure, trouble }) - 1;
  }

  #fault(fault: FaultSpec, index: number, endpoints: readonly PlanEndpoint[]): PlanFault {
    const { workloads } = this.#scenario;
    const named = [...workloads.keys()].indexOf(fault.workload ?? "");
    return {
      index,
      name: fault.name,
      kind: fault.kind,
      isMitigation: isMitigation(fault.kind),
      target: fault.target.text,
      salt: hashText(`fault ${fault.name}`),
      at: fault.at,
      duration: fault.duration,
      every: fault.every,
      times: fault.times,
      jitter: fault.jitter,
      schedule: fault.schedule,
      when: fault.when,
      reaction: fault.reaction,
      ramp: fault.ramp,
      probability: fault.probability,
      service: this.#serviceIndex.get(fault.target.service) ?? -1,
      endpoints: endpoints.filter((endpoint) => this.#strikes(endpoint, fault)).map(({ index }) => index),
      caller: this.#serviceIndex.get(fault.target.caller?.service ?? "") ?? -1,
      replica: fault.target.replica ?? -1,
      replicas: fault.replicas,
      zone: fault.zone,
      where: fault.where && this.condition(fault.where),
      failure: this.#optionalFailure(this.#failureOf(fault)),
      log: fault.log === undefined ? -1 : this.addLog({ ...fault.log, attributes: [] }),
      sticky: fault.sticky ?? false,
      isWhole: !strikesRequests(fault.aim),
      version: fault.version,
      toService: this.#serviceIndex.get(fault.toService ?? "") ?? -1,
      ofFault: this.#faults.findIndex(({ name }) => name === fault.ofFault),
      workloads: fault.aim !== "workloads"
        ? []
        : named >= 0
        ? [named]
        : [...workloads.values()].flatMap(({ load }, at) =>
          load.type === "open" || load.iterations === undefined ? [at] : []
        ),
      effect: fault.effect,
    };
  }

  /** Who waits too long for a lock fails in the words of the database. */
  #failureOf({ failure, failsByLock, target }: FaultSpec): ErrorSpec | undefined {
    if (failure === undefined || failsByLock !== true) return failure;
    return { ...failure, message: lockWords(this.#scenario.services.get(target.service)?.system).timeout };
  }

  #strikes(endpoint: PlanEndpoint, { target, strikes, onlyHandlers }: FaultSpec): boolean {
    if (!this.#isTarget(endpoint, target) || strikes?.(endpoint.name) === false) return false;
    if (onlyHandlers !== true) return true;
    const { consumes = [] } = this.#scenario.services.get(target.service)!;
    return consumes.some((each) => each.endpoint === endpoint.name);
  }

  /** A fault of calls, or of an edge, stands at its call sites, any other at the endpoints. */
  #attachFaults(endpoints: Mutable<PlanEndpoint>[], faults: readonly FaultSpec[]): void {
    faults.forEach((fault, index) => {
      const { target, aim } = fault;
      if (!strikesRequests(aim) && fault.effect.turn === undefined) return;
      const touched = endpoints.filter((endpoint) => this.#strikes(endpoint, fault));
      if (target.caller === undefined && aim !== "calls") {
        for (const endpoint of touched) endpoint.faults = [...endpoint.faults, index];
        return;
      }
      const callees = new Set(touched.map((callee) => callee.index));
      const callers = target.caller === undefined ? undefined : this.#callersOf(endpoints, target);
      for (const site of this.#sites) {
        if (callees.has(site.callee) && (callers === undefined || callers.has(site.caller))) {
          site.faults = [...site.faults, index];
        }
      }
    });
  }

  #callersOf(endpoints: readonly PlanEndpoint[], target: FaultTarget): Set<number> {
    const { service, endpoint } = target.caller!;
    const callers = endpoints.filter((caller) => this.#isTarget(caller, { ...target, service, endpoint }));
    return new Set(callers.map((caller) => caller.index));
  }

  #isTarget(endpoint: PlanEndpoint, target: FaultTarget): boolean {
    return endpoint.service === this.#serviceIndex.get(target.service) &&
      (target.endpoint === undefined || target.endpoint === endpoint.name);
  }

  /** Index of an endpoint in the plan. */
  endpoint(ref: EndpointRef): number {
    return this.#endpointIndex.get(endpointKey(ref))!;
  }

  addSite(step: CallStep, caller: number, journey: number, salt: number, cache?: CacheAccess): number {
    const index = this.#addSite(step, caller, journey, salt, cache);
    const standby = this.#faults.find(({ aim, kind, target }) =>
      aim === "services" && target.service === step.target.service && basisOf(kind) === "fail-over"
    )?.toService;
    if (standby !== undefined) {
      const target = { ...step.target, service: standby };
      this.#sites[index]!.standby = this.#addSite({ ...step, target }, caller, journey, salt, cache);
    }
    return index;
  }

  #addSite(step: CallStep, caller: number, journey: number, salt: number, cache: CacheAccess | undefined): number {
    const index = this.#sites.length;
    const service = this.#scenario.services.get(step.target.service);
    const callee = this.endpoint(step.target), retry = step.retry ?? service?.callers?.retry;
    this.#sites.push({
      index,
      caller,
      journey,
      callee,
      salt,
      where: step.where && this.condition(step.where),
      probability: step.probability,
      timeout: step.timeout ?? service?.callers?.timeout ?? FOREVER,
      deadline: step.deadline ?? service?.callers?.deadline ?? FOREVER,
      attempts: retry?.attempts ?? 1,
      backoff: retry?.backoff,
      optional: step.optional,
      policies: this.#policies.compile(step, service?.callers, {
        caller: caller < 0 ? -1 : this.#serviceOf[caller]!,
        service: this.#serviceIndex.get(step.target.service)!,
        endpoint: callee,
      }),
      ...(cache === undefined ? {} : { cache }),
      ...(step.messageKey === undefined ? {} : { messageKey: this.#messageKey(step.messageKey, caller, salt) }),
      checks: step.checks,
      network: step.network ?? service?.network ?? this.#scenario.network,
      faults: [],
    });
    return index;
  }

  addLog(log: Omit<LogSite, "index">): number {
    return this.#logs.push({ index: this.#logs.length, ...log }) - 1;
  }
}

/** When a workload starts if those that it waits for end with their load. */
function plannedStart(workload: Workload, workloads: ReadonlyMap<string, Workload>): Nanos {
  const before = workload.startAfter === undefined ? undefined : workloads.get(workload.startAfter);
  if (before === undefined) return workload.startTime;
  return (plannedStart(before, workloads) + before.load.length + workload.startTime) as Nanos;
}

/** A load without end goes on up to the longest run's end, however late it starts. */
function boundedLoad(workload: Workload, workloads: ReadonlyMap<string, Workload>): Load {
  const { load, gracefulStop } = workload;
  if (!load.endless) return load;
  const room = RUN_LENGTH_MAX - latestStart(workload, workloads) - gracefulStop;
  return { ...load, length: Math.max(0, Math.min(load.length, room)) as Nanos };
}

/** When the last load ends as planned, without its gracefulStop. */
function loadEnd({ workloads }: Scenario): Nanos {
  const ends = [...workloads.values()].map((workload) =>
    plannedStart(workload, workloads) + boundedLoad(workload, workloads).length
  );
  return Math.max(0, ...ends) as Nanos;
}

/** When it starts if those that it waits for take all of their gracefulStop. */
function latestStart(workload: Workload, workloads: ReadonlyMap<string, Workload>): number {
  const before = workload.startAfter === undefined ? undefined : workloads.get(workload.startAfter);
  if (before === undefined) return workload.startTime;
  return latestStart(before, workloads) + before.load.length + before.gracefulStop + workload.startTime;
}

/** What a plan says about the lives of a service's replicas, if the scenario says anything. */
function lifeOf({ startTime, health, scaling, memory }: Service): Partial<PlanService> {
  return {
    ...(startTime === undefined ? {} : { startTime }),
    ...(health === undefined ? {} : { health }),
    ...(scaling === undefined ? {} : { scaling, replicasMax: scaling.max }),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** What a database says when a row could not be had. */
function lockWords(system: string | undefined): { readonly timeout: string; readonly deadlock: string } {
  return system === "mysql" || system === "mariadb"
    ? {
      timeout: "Lock wait timeout exceeded; try restarting transaction",
      deadlock: "Deadlock found when trying to get lock; try restarting transaction",
    }
    : { timeout: "canceling statement due to lock timeout", deadlock: "deadlock detected" };
}

/** When it ends if those that it waits for take all of their gracefulStop. */
function latestEnd(workload: Workload, workloads: ReadonlyMap<string, Workload>): number {
  return workload.load.endless ? Infinity : latestStart(workload, workloads) + workload.load.length;
}

function endpointKey({ service, endpoint }: EndpointRef): string {
  return `${service}.${endpoint}`;
}

function attributes(specs: ReadonlyMap<string, AttributeSpec>, owner: string): PlanAttribute[] {
  return [...specs].map(([name, spec]) => ({
    name,
    scope: "request",
    spec,
    salt: hashText(`attribute ${owner} ${name}`),
  }));
}

function contextAttributes(specs: ReadonlyMap<string, AttributeSpec>): PlanAttribute[] {
  return [...specs].map(([name, spec]) => ({ name, scope: "context", spec, salt: hashText(`context ${name}`) }));
}

/** Tells whether a step, or one inside it, is of a type. A fallback's steps count: they are steps like others. */
function contains(type: Step["type"]): (step: Step) => boolean {
  const test = (step: Step): boolean => step.type === type || innerSteps(step).some(test);
  return test;
}

function innerSteps(step: Step): readonly Step[] {
  switch (step.type) {
    case "parallel":
      return step.branches.flat();
    case "choose":
      return step.options.flatMap((option) => option.steps);
    case "repeat":
    case "lock":
      return step.steps;
    case "cache":
      return step.miss;
    case "call":
      return step.fallback ?? [];
    default:
      return [];
  }
}

/** Writes the program of one endpoint or journey. */
class ProgramWriter {
  readonly #program: Mutable<Instruction>[] = [];
  /** How many places of a kind there are so far: an ordinal among equals, so that other steps do not move it. */
  readonly #ordinals = new Map<string, number>();
  /** Calls whose failure ends the journey. */
  readonly #leaving: Mutable<Instruction>[] = [];

  constructor(
    readonly compiler: Compiler,
    readonly endpoint: number,
    readonly journey: number,
    readonly owner: string,
  ) {}

  /** `workFirst`: the endpoint's own work comes before its first step. */
  write(steps: readonly Step[], workFirst: boolean): Program {
    if (workFirst) this.#emit(Op.work, { share: 1 });
    this.#steps(steps);
    for (const leaving of this.#leaving) leaving.jump = this.#next;
    this.#emit(Op.end);
    return this.#program;
  }

  #emit(op: Op, fields: Partial<Omit<Instruction, "op">> = {}): Mutable<Instruction> {
    const instruction = {
      op,
      salt: 0,
      distribution: undefined,
      share: 0,
      site: -1,
      jump: -1,
      targets: [],
      weights: [],
      wheres: [],
      ...fields,
    };
    this.#program.push(instruction);
    return instruction;
  }

  get #next(): number {
    return this.#program.length;
  }

  #salt(what: string): number {
    const ordinal = this.#ordinals.get(what) ?? 0;
    this.#ordinals.set(what, ordinal + 1);
    return hashText(`${this.owner} | ${what} | ${ordinal}`);
  }

  #steps(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: Step): void {
    switch (step.type) {
      case "call":
        return this.#call(step);
      case "parallel":
        return this.#parallel(step.branches);
      case "choose":
        return this.#choose(step.options);
      case "repeat":
        return this.#repeat(step.times, step.steps);
      case "work":
        this.#emit(Op.work, { share: step.share ?? 0, distribution: step.latency, salt: this.#salt("work") });
        return;
      case "cache":
        return this.#cache(step);
      case "lock":
        return this.#lock(step);
      case "think":
        this.#emit(Op.think, { distribution: step.pause, salt: this.#salt("think") });
        return;
      case "log":
        this.#emit(Op.log, {
          site: this.compiler.addLog({
            level: step.level,
            message: step.message,
            attributes: attributes(step.attributes, `${this.owner} log ${step.message}`),
          }),
        });
        return;
    }
  }

  /** Look it up, and where it is missing: join who fetches it, or fetch it and put it in. */
  #cache(step: CacheStep): void {
    const site = this.compiler.addCache(step, this.endpoint, this.#salt("cache key"));
    this.#emit(Op.cacheKey, { site });
    const get = step.shared && this.#cacheCall(step.shared.get, { index: site, stores: false });
    const look = this.#emit(Op.cacheLook, { site });
    // Without an answer of the cache it is as if nothing were in it.
    if (get !== undefined) get.jump = this.#next;
    const miss = this.#emit(Op.cacheMiss, { site });
    this.#steps(step.miss);
    if (step.shared === undefined) this.#emit(Op.cacheFill, { site });
    else {
      const set = this.#cacheCall(step.shared.set, { index: site, stores: true });
      set.jump = this.#next;
    }
    this.#emit(Op.cacheDone, { site });
    look.jump = miss.jump = this.#next;
  }

  #cacheCall(step: CallStep, cache: CacheAccess): Mutable<Instruction> {
    const salt = this.#salt(`call ${endpointKey(step.target)}`);
    return this.#emit(Op.call, { site: this.compiler.addSite(step, this.endpoint, -1, salt, cache) });
  }

  #lock(step: LockStep): void {
    const site = this.compiler.addLock(step, this.endpoint, this.#salt(`lock ${step.service} ${step.table}`));
    this.#emit(Op.lock, { site });
    this.#steps(step.steps);
    this.#emit(Op.unlock, { site });
  }

  #call(step: CallStep): void {
    const salt = this.#salt(`call ${endpointKey(step.target)}`);
    const call = this.#emit(Op.call, { site: this.compiler.addSite(step, this.endpoint, this.journey, salt) });
    if (step.fallback === undefined) {
      if (step.onFailure === "leave") this.#leaving.push(call);
      return;
    }
    const over = this.#emit(Op.jump);
    call.jump = this.#next;
    this.#steps(step.fallback);
    over.jump = this.#next;
  }

  #parallel(branches: readonly (readonly Step[])[]): void {
    const fork = this.#emit(Op.fork);
    fork.targets = branches.map((branch) => {
      const start = this.#next;
      this.#steps(branch);
      this.#emit(Op.join);
      return start;
    });
    fork.jump = this.#next;
  }

  #choose(options: readonly ChooseOption[]): void {
    const total = options.reduce((sum, option) => sum + option.weight, 0);
    let cumulative = 0;
    const isConditional = options.some(({ where }) => where !== undefined);
    const choose = this.#emit(Op.choose, {
      salt: this.#salt("choose"),
      weights: isConditional
        ? options.map(({ weight }) => weight)
        : options.map(({ weight }) => (cumulative += weight / total)),
      wheres: isConditional ? options.map(({ where }) => where && this.compiler.condition(where)) : [],
    });
    const ends: Mutable<Instruction>[] = [];
    choose.targets = options.map((option) => {
      const start = this.#next;
      this.#steps(option.steps);
      ends.push(this.#emit(Op.jump));
      return start;
    });
    for (const end of ends) end.jump = this.#next;
    choose.jump = this.#next;
  }

  #repeat(times: Distribution, steps: readonly Step[]): void {
    const repeat = this.#emit(Op.repeat, { distribution: times, salt: this.#salt("repeat") });
    const first = this.#next;
    this.#steps(steps);
    this.#emit(Op.again, { jump: first });
    repeat.jump = this.#next;
  }
}
