// Scenarios from typed objects, for tests that need no file and no permission.

import { FOREVER, type Nanos, nanos } from "../sim/base/time.ts";
import type { Distribution } from "../sim/distributions/distribution.ts";
import { Engine } from "../sim/engine/engine.ts";
import type { ClosedLoad, OpenLoad } from "../sim/load/load.ts";
import { PLAIN_CAPACITY } from "../sim/model/capacity.ts";
import type { CallStep, Endpoint, EndpointRef, Service, Step } from "../sim/model/model.ts";
import { NO_BODIES } from "../sim/model/model.ts";
import { NO_POLICIES } from "../sim/model/policies.ts";
import { FactBatch, FactKind } from "../sim/plan/facts.ts";
import type { Plan } from "../sim/plan/plan.ts";
import { compileScenario } from "../sim/scenario/compile.ts";
import type { FaultSpec, Scenario, Workload } from "../sim/scenario/scenario.ts";

export function ms(value: number): Nanos {
  return nanos(value * 1e6);
}

export function seconds(value: number): Nanos {
  return nanos(value * 1e9);
}

export function constant(value: Nanos): Distribution {
  return { text: `${value}ns`, mean: value, least: value, sample: () => value };
}

export function exponential(mean: Nanos): Distribution {
  return { text: `exponential ${mean}ns`, mean, least: 0, sample: (u) => -mean * Math.log(u) };
}

export function ref(text: string): EndpointRef {
  const dot = text.indexOf(".");
  return { service: text.slice(0, dot), endpoint: text.slice(dot + 1) };
}

export function call(target: string, options: Partial<Omit<CallStep, "type" | "target">> = {}): CallStep {
  return {
    type: "call",
    target: ref(target),
    where: undefined,
    probability: 1,
    timeout: undefined,
    deadline: undefined,
    retry: undefined,
    optional: false,
    fallback: undefined,
    network: undefined,
    onFailure: "continue",
    checks: [],
    policies: NO_POLICIES,
    ...options,
  };
}

export function endpoint(
  latency: Distribution | undefined,
  calls: readonly Step[] = [],
  options: Partial<Endpoint> = {},
): Omit<Endpoint, "name"> {
  return { latency, errors: undefined, attributes: new Map(), size: NO_BODIES, variants: [], calls, ...options };
}

export function service(
  name: string,
  endpoints: { readonly [name: string]: Omit<Endpoint, "name"> },
  options: Partial<Omit<Service, "name" | "endpoints">> = {},
): Service {
  return {
    name,
    kind: "service",
    language: "go",
    version: "1.0.0",
    system: undefined,
    replicas: 1,
    zones: [],
    concurrency: Infinity,
    queue: Infinity,
    capacity: PLAIN_CAPACITY,
    network: undefined,
    logs: { format: "json", level: "info" },
    attributes: new Map(),
    callers: undefined,
    ...options,
    endpoints: new Map(Object.entries(endpoints).map(([key, value]) => [key, { ...value, name: key }])),
  };
}

/** `rate` starts a second, evenly spaced from 0, or as a Poisson process. */
export function openLoad(
  rate: number,
  length: Nanos,
  options: { poisson?: boolean; vus?: number; maxVUs?: number } = {},
): OpenLoad {
  return {
    type: "open",
    length,
    endless: false,
    cycle: undefined,
    preAllocatedVUs: options.vus ?? 0,
    maxVUs: options.maxVUs ?? options.vus ?? Infinity,
    expectedIterations: (rate * length) / 1e9,
    plannedRate: () => rate,
    arrivals(draw) {
      let n = 0, sum = 0;
      return {
        next() {
          if (options.poisson) sum -= Math.log(draw(n));
          const time = nanos(((options.poisson ? sum : n) / rate) * 1e9);
          n++;
          return time < length ? time : FOREVER;
        },
      };
    },
  } as OpenLoad;
}

export function closedLoad(vus: number, length: Nanos, iterations?: ClosedLoad["iterations"]): ClosedLoad {
  return {
    type: "closed",
    length,
    endless: false,
    cycle: undefined,
    vusMax: vus,
    gracefulRampDown: ms(0),
    iterations,
    changes() {
      let given = false;
      return { time: ms(0), count: vus, next: () => !given && (given = true) };
    },
  } as ClosedLoad;
}

export function workload(
  name: string,
  exec: string,
  load: OpenLoad | ClosedLoad,
  options: Partial<Workload> = {},
): Workload {
  return {
    name,
    executor: "test",
    exec,
    startAfter: undefined,
    startTime: ms(0),
    gracefulStop: seconds(30),
    tags: new Map(),
    context: new Map(),
    env: new Map(),
    load,
    ...options,
  };
}

export function fault(target: FaultSpec["target"], options: Partial<FaultSpec> & Pick<FaultSpec, "effect">): FaultSpec {
  return {
    name: "a fault",
    kind: "test",
    aim: "requests",
    touchesCpu: false,
    target,
    at: ms(0),
    duration: FOREVER,
    every: FOREVER,
    times: 1,
    jitter: ms(0),
    when: [],
    reaction: ms(0),
    replicas: undefined,
    zone: undefined,
    ramp: ms(0),
    probability: 1,
    where: undefined,
    failure: undefined,
    ...options,
  };
}

export function target(text: string, caller?: string): FaultSpec["target"] {
  const parts = (written: string): { service: string; endpoint: string | undefined } =>
    written.includes(".") ? ref(written) : { service: written, endpoint: undefined };
  return { text, ...parts(text), replica: undefined, caller: caller === undefined ? undefined : parts(caller) };
}

export function scenario(parts: {
  services: readonly Service[];
  journeys: { readonly [name: string]: readonly Step[] };
  workloads: readonly Workload[];
  faults?: readonly FaultSpec[];
  seed?: number;
  network?: Distribution;
  context?: Scenario["context"];
}): Scenario {
  return {
    name: "test",
    description: undefined,
    seed: parts.seed ?? 1,
    namespace: "test",
    environment: "test",
    network: parts.network,
    context: parts.context ?? new Map(),
    services: new Map(parts.services.map((each) => [each.name, each])),
    journeys: new Map(Object.entries(parts.journeys)),
    workloads: new Map(parts.workloads.map((each) => [each.name, each])),
    faults: parts.faults ?? [],
    thresholds: [],
    submetrics: [],
  };
}

export function plan(parts: Parameters<typeof scenario>[0]): Plan {
  return compileScenario(scenario(parts));
}

export interface Row {
  kind: number;
  time: number;
  start: number;
  wait: number;
  extra: number;
  outcome: number;
  status: number;
  attempt: number;
  flags: number;
  cause: number;
  causeOutcome: number;
  service: string;
  endpoint: string;
  replica: number;
  workload: number;
  iteration: number;
  site: number;
  trace: string;
  span: string;
  parent: string;
}

const hex = (words: Uint32Array): string => [...words].map((word) => word.toString(16).padStart(8, "0")).join("");

export function rowOf(batch: FactBatch, i: number, { services, endpoints }: Plan): Row {
  const endpointIndex = batch.endpoint[i]!;
  return {
    kind: batch.kind[i]!,
    time: batch.time[i]!,
    start: batch.start[i]!,
    wait: batch.wait[i]!,
    extra: batch.extra[i]!,
    outcome: batch.outcome[i]!,
    status: batch.status[i]!,
    attempt: batch.attempt[i]!,
    flags: batch.flags[i]!,
    cause: batch.cause[i]!,
    causeOutcome: batch.causeOutcome[i]!,
    service: services[batch.service[i]!]!.name,
    endpoint: endpointIndex < 0 ? "" : endpoints[endpointIndex]!.name,
    replica: batch.replica[i]!,
    workload: batch.workload[i]!,
    iteration: batch.iteration[i]!,
    site: batch.site[i]!,
    trace: hex(batch.trace.subarray(i * 4, i * 4 + 4)),
    span: hex(batch.span.subarray(i * 2, i * 2 + 2)),
    parent: hex(batch.parent.subarray(i * 2, i * 2 + 2)),
  };
}

export interface Simulation {
  readonly engine: Engine;
  readonly rows: Row[];
  readonly requests: Row[];
  readonly calls: Row[];
  readonly iterations: Row[];
  readonly dropped: Row[];
}

/** Runs a plan to its end, `stepSeconds` at a time, and gives all facts but the samples. */
export function simulate(of: Plan, { stepSeconds = 2, startSalt = 1, stopAt = Infinity } = {}): Simulation {
  const engine = new Engine(of, startSalt);
  const batch = new FactBatch();
  const rows: Row[] = [];
  const drain = (): void => {
    for (let i = 0; i < batch.length; i++) {
      if (batch.kind[i]! !== FactKind.vus && batch.kind[i]! !== FactKind.station) rows.push(rowOf(batch, i, of));
    }
    batch.clear();
  };
  const end = stopAt * 1e9;
  for (let until = ms(0); !engine.done;) {
    until = nanos(Math.min(until + stepSeconds * 1e9, end));
    for (let reached = false; !reached;) {
      reached = engine.step(until, batch);
      drain();
    }
    if (until >= end) engine.stop(batch);
    drain();
  }
  const ofKind = (kind: number): Row[] => rows.filter((row) => row.kind === kind);
  return {
    engine,
    rows,
    requests: ofKind(FactKind.request),
    calls: ofKind(FactKind.call),
    iterations: ofKind(FactKind.iteration),
    dropped: ofKind(FactKind.dropped),
  };
}
