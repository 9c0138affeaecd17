// Random valid scenarios, as the text of a scenario file: small systems with whatever the language has, under a load that
// some of them cannot take. A seed gives the same text for ever.

import { writes } from "../../sim/faults/operations.ts";
import { hashText, uniform } from "../../sim/base/draws.ts";
import { stringify } from "yaml";

export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
export type Map_ = { [key: string]: Value };

/** Draws of one seed, each by its own name, so that a new feature moves few of the others. */
export class Dice {
  #count = 0;

  constructor(readonly seed: number) {}

  #u(what: string): number {
    return uniform(this.seed, ++this.#count, hashText(what));
  }

  chance(share: number, what = ""): boolean {
    return this.#u(what) < share;
  }

  int(least: number, most: number, what = ""): number {
    return least + Math.floor(this.#u(what) * (most - least + 1));
  }

  pick<T>(values: readonly T[], what = ""): T {
    return values[this.int(0, values.length - 1, what)]!;
  }
}

const KINDS = ["service", "service", "service", "database", "cache", "queue", "external"] as const;

export interface Made {
  readonly name: string;
  readonly kind: string;
  readonly endpoints: readonly string[];
  readonly replicas: number;
}

/** Services that call each other and nobody else. */
export interface System {
  readonly services: Map_;
  /** All of them; the last is the one that users meet. */
  readonly made: readonly Made[];
  /** Their calls lead back, so that requests may wait for each other for ever. */
  readonly hasCycle: boolean;
}

/** @param prefix of its services' names */
export function randomSystem(dice: Dice, prefix = "s"): System {
  const services: Map_ = {};
  const made: Made[] = [];
  const hasCycle = dice.chance(0.12, "cycle");
  const count = hasCycle ? dice.int(2, 3, "services") : dice.int(1, 5, "services");
  // Services call those that were made before them, so that only those cycles are there that are meant.
  for (let n = 0; n < count; n++) {
    const name = `${prefix}${n}`;
    const kind = hasCycle || n === count - 1 ? "service" : dice.pick(KINDS, "kind");
    const endpoints = Array.from({ length: dice.int(1, 2) }, (_, e) => endpointName(kind, e));
    const replicas = dice.int(1, 3, "replicas");
    const calls = hasCycle ? ringCalls(dice, n, count, prefix) : undefined;
    services[name] = service(dice, kind, endpoints, replicas, made, calls);
    made.push({ name, kind, endpoints, replicas });
  }
  return { services, made, hasCycle };
}

/** The calls of a service that is in a cycle of calls: one, so that a request makes no more of them than it may. */
function ringCalls(dice: Dice, n: number, count: number, prefix: string): Value[] {
  const { retry: _, hedge: __, timeout, cancel, deadline, ...rest } = policies(dice, false);
  // With a time-out nobody waits for ever.
  const ends = dice.chance(0.3) ? { timeout, cancel, deadline } : {};
  const kept = Object.fromEntries(
    Object.entries({ ...rest, ...ends }).filter(([, value]) => value !== undefined),
  ) as Map_;
  const to = (service: number): string => `${prefix}${service}.${endpointName("service", 0)}`;
  return n === 0 ? [{ call: to(count - 1), ...kept, probability: "60%" }] : [{ call: to(n - 1), ...kept }];
}

/** The file of a seed. */
export function randomScenario(seed: number): string {
  const dice = new Dice(seed);
  return stringify({
    name: `fuzz ${seed}`,
    seed: dice.int(0, 1e9),
    ...dice.chance(0.3) && { network: latency(dice, 2) },
    context: CONTEXT,
    ...randomParts(dice),
  });
}

/** Services, and what users and faults do to them. @param prefix of all names */
export function randomParts(dice: Dice, prefix = "s"): Map_ {
  const { services, made, hasCycle } = randomSystem(dice, prefix);
  const entry = made.at(-1)!;
  // A closed loop whose calls are all refused would otherwise take no time.
  const journey: Value[] = [
    { think: "4ms" },
    ...Array.from({ length: dice.int(1, 3) }, () => step(dice, [entry, ...made], true)),
  ];
  const long = `${prefix}-long`, short = `${prefix}-short`;
  return {
    services,
    journeys: { [long]: journey, [short]: [{ think: "5ms" }, call(dice, [entry], true)] },
    scenarios: Object.fromEntries(
      Array.from({ length: dice.int(1, 2) }, (_, w) => [`${prefix}-load-${w}`, {
        ...workload(dice, dice.pick([long, short])),
        ...hasCycle && { gracefulStop: "60s" },
      }]),
    ),
    ...dice.chance(0.5) && {
      faults: Array.from({ length: dice.int(1, 3) }, (_, f) => {
        const struck = fault(dice, made, f, prefix);
        // What a black hole swallows is waited for as long as the run lasts, and that is no deadlock.
        return hasCycle && struck["kind"] === "blackhole" ? { ...struck, kind: "reset" } : struck;
      }),
    },
  };
}

export const CONTEXT = { tenant: { oneOf: { a: 3, b: 1 } }, size: { int: [1, 10] } };

function endpointName(kind: string, n: number): string {
  switch (kind) {
    case "database":
      return n === 0 ? "SELECT rows" : "INSERT rows";
    case "cache":
      return n === 0 ? "GET item" : "SET item";
    case "queue":
      return n === 0 ? "publish orders" : "receive orders";
    default:
      return n === 0 ? "GET /items/{id}" : "Get";
  }
}

/** Around so many milliseconds. */
export function latency(dice: Dice, mean_ms: number): Value {
  const ms = (value: number): string => `${Math.max(0.001, Number((value * mean_ms).toPrecision(3)))}ms`;
  switch (dice.int(0, 5, "latency")) {
    case 0:
      return ms(1);
    case 1:
      return { exponential: ms(1) };
    case 2:
      return { p50: ms(0.8), p99: ms(4) };
    case 3:
      return { uniform: [ms(0.5), ms(1.5)] };
    case 4:
      return { mix: [{ weight: 9, latency: ms(0.5) }, { weight: 1, latency: { exponential: ms(5) } }] };
    default:
      return { normal: [ms(1), ms(0.3)] };
  }
}

function where(dice: Dice): Value {
  return dice.chance(0.5) ? { tenant: dice.pick(["a", "b"]) } : { size: `> ${dice.int(0, 9)}` };
}

function service(
  dice: Dice,
  kind: string,
  endpoints: readonly string[],
  replicas: number,
  before: readonly Made[],
  ringed: readonly Value[] | undefined,
): Value {
  const isLimited = dice.chance(ringed === undefined ? 0.6 : 0.9, "concurrency");
  const hasCores = dice.chance(0.3, "cores");
  return {
    kind,
    replicas,
    ...kind !== "external" && dice.chance(0.3) && { logs: { format: dice.pick(["json", "logfmt", "plain"]) } },
    ...isLimited && { concurrency: dice.int(1, 4) },
    ...isLimited && dice.chance(ringed === undefined ? 0.7 : 0.2) && { queue: queue(dice) },
    ...hasCores && { cores: dice.pick([0.5, 1, 2]) },
    ...hasCores && dice.chance(0.4) && { cpu: { limit: dice.pick(["500m", "900m", 2]) } },
    ...dice.chance(0.15, "pauses") && { pauses: { every: "400ms", length: latency(dice, 20) } },
    ...dice.chance(0.15, "warmUp") && { warmUp: { for: "500ms", factor: 3 } },
    ...dice.chance(0.15, "rateLimit") &&
      { rateLimit: { rate: "60/s", burst: 5, view: dice.pick(["replica", "global"]) } },
    ...(isLimited || hasCores) && dice.chance(0.2, "shed") && {
      shed: isLimited ? dice.pick<Value>([{ queue: 3 }, { utilization: "90%" }, "codel"]) : { utilization: "90%" },
    },
    ...dice.chance(0.2, "callers") && { callers: policies(dice, false) },
    ...life(dice, kind, replicas, isLimited),
    ...kind === "cache" && dice.chance(0.5) && { entries: dice.pick([3, 50]) },
    ...kind === "queue" && { topics: { t: { partitions: dice.int(1, 3) }, dead: {} } },
    ...kind === "service" && dice.chance(0.4, "consumes") && consumes(dice, endpoints, before),
    endpoints: Object.fromEntries(endpoints.map((name) => [name, endpoint(dice, kind, before, ringed)])),
  };
}

/** How its replicas come and go. */
function life(dice: Dice, kind: string, replicas: number, isLimited: boolean): Map_ {
  if (kind === "external") return {};
  return {
    ...dice.chance(0.2, "startTime") && { startTime: dice.pick(["0s", "30ms", "200ms"]) },
    ...dice.chance(0.15, "health") && {
      health: {
        every: "50ms",
        timeout: "20ms",
        failures: 2,
        ...dice.chance(0.5) && { restartAfter: 3 },
      },
    },
    ...isLimited && dice.chance(0.15, "scaling") && {
      scaling: {
        min: 1,
        max: replicas + dice.int(0, 2),
        ...dice.pick<Map_>([
          { signal: "utilization", target: "40%" },
          { signal: "queue", target: 1 },
          { signal: "requests", target: 20 },
        ]),
        every: "100ms",
        delay: "20ms",
        cooldown: "200ms",
      },
    },
    ...dice.chance(0.15, "memory") &&
      { memory: { limit: "100B", base: "10B", perRequest: "5B", leak: dice.pick(["0B", "3B", "20B"]) } },
  };
}

function consumes(dice: Dice, endpoints: readonly string[], before: readonly Made[]): Map_ {
  const brokers = before.filter(({ kind }) => kind === "queue");
  if (brokers.length === 0) return {};
  const { name } = dice.pick(brokers, "broker");
  return {
    consumes: [{
      topic: `${name}.t`,
      endpoint: endpoints[0]!,
      concurrency: dice.int(1, 2),
      attempts: dice.int(1, 3),
      retryAfter: "10ms",
      sessionTimeout: "100ms",
      ...dice.chance(0.5) && { deadLetter: `${name}.dead` },
    }],
  };
}

function queue(dice: Dice): Value {
  if (dice.chance(0.5)) return dice.int(0, 5);
  return {
    size: dice.int(0, 10),
    discipline: dice.pick(["fifo", "lifo", "codel"]),
    ...dice.chance(0.5) && { timeout: latency(dice, 30) },
  };
}

function endpoint(
  dice: Dice,
  kind: string,
  before: readonly Made[],
  ringed: readonly Value[] | undefined,
): Value {
  const calls = ringed ??
    (kind === "external" || before.length === 0
      ? []
      : Array.from({ length: dice.int(0, 2, "calls") }, () => serverStep(dice, before)));
  return {
    latency: latency(dice, dice.pick([0.5, 4, 15])),
    ...dice.chance(0.4, "errors") &&
      { errors: { rate: dice.pick(["2%", "30%"]), status: dice.pick([400, 500, 503, 429]) } },
    ...dice.chance(0.15, "variants") && { variants: [{ where: where(dice), latency: latency(dice, 20) }] },
    ...calls.length > 0 && { calls },
  };
}

/** A step of a service: what journeys may have, and what carries state. */
function serverStep(dice: Dice, before: readonly Made[]): Value {
  const of = (kind: string): readonly Made[] => before.filter((each) => each.kind === kind);
  switch (dice.int(0, 9, "server step")) {
    case 0: {
      const caches = of("cache").filter(({ endpoints }) => endpoints.length === 2);
      const shared = caches.length > 0 && dice.chance(0.7);
      return {
        cache: {
          in: shared ? `${dice.pick(caches, "cache").name}.item` : "local",
          ...dice.chance(0.7) ? { key: { zipf: { n: dice.pick([3, 100]), s: 1.1 } } } : { key: "size" },
          ...dice.chance(0.5) && { ttl: dice.pick(["20ms", "300ms"]) },
          ...!shared && dice.chance(0.3) && { entries: 2 },
          ...dice.chance(0.4) && { singleflight: true },
          ...shared && dice.chance(0.3) && { timeout: "5ms" },
          miss: [step(dice, before, false)],
        },
      };
    }
    case 1: {
      const databases = of("database");
      if (databases.length === 0) return step(dice, before, false);
      return {
        lock: {
          in: dice.pick(databases, "database").name,
          row: dice.pick<Value>(["stock", "size", { zipf: { n: 5, s: 1 } }]),
          ...dice.chance(0.5) && { timeout: dice.pick(["5ms", "100ms"]) },
          steps: [step(dice, before, false)],
        },
      };
    }
    case 2: {
      const brokers = of("queue");
      if (brokers.length === 0) return step(dice, before, false);
      // Not always, as its own handler may be what publishes: messages without an end are refused.
      const topic = `${dice.pick(brokers, "broker").name}.t`;
      return { publish: topic, probability: "60%", ...dice.chance(0.5) && { key: "size" } };
    }
    default:
      return step(dice, before, false);
  }
}

export function call(dice: Dice, made: readonly Made[], inJourney: boolean): Map_ {
  const { name, endpoints } = dice.pick(made, "callee");
  return {
    call: `${name}.${dice.pick(endpoints)}`,
    ...policies(dice, inJourney),
    ...dice.chance(0.1) && { where: where(dice) },
    ...dice.chance(0.2) && { probability: "60%" },
    ...!inJourney && dice.chance(0.2, "optional") && { optional: true },
    ...dice.chance(0.15, "fallback") && { fallback: `${name}.${endpoints[0]!}` },
    ...dice.chance(0.2, "network") && { network: latency(dice, 1) },
    ...inJourney && dice.chance(0.2) && { onFailure: "leave" },
  };
}

export function policies(dice: Dice, inJourney: boolean): Map_ {
  const hasTimeout = dice.chance(0.5, "timeout");
  return {
    ...hasTimeout && { timeout: `${dice.pick([5, 20, 100])}ms` },
    ...hasTimeout && dice.chance(0.3, "cancel") && { cancel: true },
    ...dice.chance(0.2, "deadline") && { deadline: `${dice.pick([30, 200])}ms` },
    ...!inJourney && dice.chance(0.2, "propagate") && { propagateDeadline: true },
    ...dice.chance(0.4, "retry") && { retry: retry(dice) },
    ...dice.chance(0.15, "breaker") && {
      breaker: { window: dice.pick<Value>([10, "1s"]), minimum: 5, open: "300ms", halfOpen: 2, failureRate: "50%" },
    },
    ...dice.chance(0.1, "outlier") && { outlier: { consecutive: 3, interval: "200ms", ejection: "400ms" } },
    ...dice.chance(0.1, "hedge") && { hedge: { after: "10ms", max: dice.int(1, 2) } },
    ...dice.chance(0.1, "bulkhead") && {
      bulkhead: dice.pick<Value>([dice.int(1, 4), { concurrency: dice.int(1, 2), queue: 20 }]),
    },
    ...dice.chance(0.15, "pool") && {
      pool: {
        size: dice.int(1, 4),
        ...dice.chance(0.7) && { wait: "50ms" },
        setup: "1ms",
        keepAlive: "200ms",
      },
    },
    ...dice.chance(0.2, "balancer") && {
      balancer: dice.pick(["random", "round-robin", "least-requests", "power-of-two"]),
    },
  };
}

function retry(dice: Dice): Value {
  return {
    attempts: dice.int(2, 3),
    ...dice.chance(0.6) && { backoff: { base: "5ms", max: "20ms", jitter: dice.pick(["none", "full", "equal"]) } },
    ...dice.chance(0.2) && { on: dice.pick<Value>([["timeout"], ["5xx", 429], ["timeout", "refused"]]) },
    ...dice.chance(0.2) && {
      budget: dice.pick<Value>([{ share: "20%", floor: "1/s", window: "2s" }, { tokens: 5, ratio: 0.2 }]),
    },
  };
}

export function step(dice: Dice, made: readonly Made[], inJourney: boolean): Value {
  switch (dice.int(0, 7, "step")) {
    case 0:
      return {
        parallel: [call(dice, made, inJourney), [call(dice, made, inJourney), call(dice, made, inJourney)]],
      };
    case 1:
      return {
        choose: [
          { weight: 2, ...call(dice, made, inJourney) },
          { weight: 1, ...dice.chance(0.4) && { where: { tenant: "a" } }, steps: [call(dice, made, inJourney)] },
        ],
      };
    case 2:
      return { repeat: dice.pick<Value>([2, { uniform: [0, 3] }]), steps: [call(dice, made, inJourney)] };
    case 3:
      return inJourney ? { think: latency(dice, 20) } : { work: "50%" };
    default:
      return call(dice, made, inJourney);
  }
}

export function workload(dice: Dice, exec: string): Map_ {
  const common = { exec, gracefulStop: dice.pick(["0s", "100ms", "2s"]) };
  switch (dice.int(0, 5, "executor")) {
    case 0:
      return { ...common, executor: "constant-vus", vus: dice.int(1, 4), duration: "300ms" };
    case 1:
      return {
        ...common,
        executor: "ramping-vus",
        startVUs: 1,
        gracefulRampDown: "50ms",
        stages: [{ target: 4, duration: "300ms" }, { target: 0, duration: "300ms" }],
      };
    case 2:
      return { ...common, executor: "shared-iterations", vus: 3, iterations: 10, maxDuration: "2s" };
    case 3:
      return { ...common, executor: "per-vu-iterations", vus: 2, iterations: 6, maxDuration: "2s" };
    case 4:
      return {
        ...common,
        executor: "ramping-arrival-rate",
        startRate: 10,
        preAllocatedVUs: dice.pick<Value>([2, "unlimited"]),
        stages: [{ target: 80, duration: "600ms" }],
      };
    default:
      return {
        ...common,
        executor: "constant-arrival-rate",
        rate: dice.pick([20, 60]),
        duration: "500ms",
        preAllocatedVUs: dice.pick<Value>([3, "unlimited"]),
        ...dice.chance(0.5) && { arrival: "poisson" },
      };
  }
}

/** A fault of any kind that strikes a service, its calls or its replicas. */
export function fault(dice: Dice, made: readonly Made[], n: number, prefix = "f"): Map_ {
  const { name, kind, endpoints, replicas } = dice.pick(made, "target");
  const requests = dice.pick([name, `${name}.${endpoints[0]!}`, `${name}#${dice.int(1, replicas)}`]);
  const replica = dice.pick([name, `${name}#${dice.int(1, replicas)}`]);
  const common = {
    name: `${prefix}-fault-${n}`,
    at: `${dice.int(0, 400)}ms`,
    ...dice.chance(0.8) && { for: "200ms" },
  };
  const some = {
    ...common,
    ...dice.chance(0.3) && { probability: "50%" },
    ...dice.chance(0.2) && { where: where(dice) },
  };
  const window = { ...common, for: "200ms" };
  const again = dice.chance(0.2) ? { every: "300ms", times: 2 } : {};
  const kinds: (() => Map_)[] = [
    () => ({ kind: "latency", ...some, target: requests, add: latency(dice, 30) }),
    () => ({ kind: "errors", ...some, target: requests, rate: "60%", status: dice.pick([500, 503]) }),
    () => ({ kind: "blackhole", ...some, target: requests, rate: "40%" }),
    () => ({ kind: "reset", ...some, target: requests, rate: "40%" }),
    () => ({ kind: "packet-loss", ...some, target: requests, rate: "20%" }),
    () => ({ kind: "crash", ...common, target: replica, ...dice.chance(0.5) && { restart: "50ms" } }),
    () => ({ kind: "restart", ...common, target: name, step: "50ms" }),
    () => ({ kind: "outage", ...common, target: name }),
    () => ({ kind: "drain", ...common, target: replica }),
    () => ({ kind: "pause", ...window, ...again, target: replica }),
    () => ({ kind: "slow-cpu", ...window, ...again, target: replica, factor: 4 }),
    () => ({ kind: "memory-leak", ...common, target: name, perRequest: "10B", limit: "100B" }),
    ...kind === "cache" ? [(): Map_ => ({ kind: "cache-flush", ...common, target: name })] : [],
    ...kind === "database" && endpoints.some(writes)
      ? [(): Map_ => ({ kind: "lock-contention", ...window, target: name, hold: "10ms", timeout: "100ms" })]
      : [],
  ];
  // Nobody operates what is external.
  return dice.pick(kind === "external" ? kinds.slice(0, 5) : kinds, "fault")();
}
