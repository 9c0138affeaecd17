// What a service must have for a fault of some kind to find anything there.

import { basisOf } from "../faults/registry.ts";
import type { ServiceKind, Step } from "../model/model.ts";
import { allSteps, type Outline } from "./outline.ts";
import type { Scenario } from "./scenario.ts";

/** A service, as far as faults ask for it. */
export interface FaultHost {
  readonly name: string;
  readonly kind: ServiceKind;
  /** Whether it handles messages, has a cache that some step uses, and has steps that lock rows. */
  readonly consumes: boolean;
  readonly caches: boolean;
  readonly locks: boolean;
  /** Whether some caller has a pool of connections to it. */
  readonly pooled: boolean;
}

/** What a kind strikes that only some services have. */
interface Needed {
  has(host: FaultHost): boolean;
  /** What is wrong with a service without it. */
  readonly lacks: string;
  /** What to name instead, before the list of those that there are; and what to do where there are none. */
  readonly instead: string;
  readonly none: string;
}

const NEEDED: Readonly<Record<string, Needed>> = {
  "queue-flood": {
    has: ({ kind }) => kind === "queue",
    lacks: "is no broker",
    instead: "name a service of kind queue, or a topic of it",
    none: "no service has kind: queue",
  },
  "slow-consumer": {
    has: ({ consumes }) => consumes,
    lacks: "handles no messages",
    instead: "name a service with consumes:",
    none: "no service has consumes:",
  },
  "cache-flush": {
    has: ({ kind, caches }) => kind === "cache" || caches,
    lacks: "has no cache to empty",
    instead: "name a service of kind cache, or one with local caches",
    none: "no service has kind: cache",
  },
  "lock-contention": {
    has: ({ kind, locks }) => kind === "database" || locks,
    lacks: "has no locks that anybody could wait for",
    instead: "name a database, or a service with lock steps",
    none: "no service has kind: database",
  },
  "pool-exhaustion": {
    has: ({ pooled }) => pooled,
    lacks: "has no callers with pools of connections to it",
    instead: "name one that has",
    none: "give the call a pool: { size: 10 }",
  },
};

/** Whether a fault of this kind, or preset, finds in the service what it strikes. */
export function findsAnything(kind: string, host: FaultHost): boolean {
  return NEEDED[basisOf(kind)]?.has(host) !== false;
}

/** What is wrong with a service in which a fault of this kind would find nothing; undefined when nothing is. */
export function whyNothing(
  kind: string,
  host: FaultHost,
  all: Iterable<FaultHost>,
): { readonly message: string; readonly hint: string } | undefined {
  const needed = NEEDED[basisOf(kind)];
  if (needed === undefined || needed.has(host)) return undefined;
  const names = [...all].filter((each) => needed.has(each)).map(({ name }) => name).slice(0, 8);
  return {
    message: `${host.name} ${needed.lacks}: ${kind} would change nothing`,
    hint: names.length === 0 ? needed.none : `${needed.instead}: ${names.join(", ")}`,
  };
}

/** The services of a file. One whose steps could not be read may have anything; undefined: none could be. */
export function hostsOf({ services }: Outline): ReadonlyMap<string, FaultHost> | undefined {
  if (services === undefined) return undefined;
  const steps = new Map<string, Step[]>();
  let isKnown = true;
  for (const { name, endpoints } of services.values()) {
    const all = [...endpoints?.values() ?? []];
    isKnown &&= endpoints !== undefined && all.every((each) => each.steps !== undefined);
    steps.set(name, all.flatMap((each) => [...each.steps ?? []]));
  }
  return makeHosts([...services.values()], steps, isKnown);
}

/** The services of a scenario. */
export function scenarioHosts({ services }: Pick<Scenario, "services">): ReadonlyMap<string, FaultHost> {
  return makeHosts(
    [...services].map(([name, { kind, consumes = [], callers }]) => ({
      name,
      kind,
      consumes: consumes.length > 0,
      pooled: isThere(callers?.policies.pool),
    })),
    new Map([...services].map(([name, { endpoints }]) => [
      name,
      [...endpoints.values()].flatMap(({ calls }) => [...calls]),
    ])),
    true,
  );
}

function makeHosts(
  services: readonly Pick<FaultHost, "name" | "kind" | "consumes" | "pooled">[],
  steps: ReadonlyMap<string, readonly Step[]>,
  isKnown: boolean,
): ReadonlyMap<string, FaultHost> {
  const caches = new Set<string>(), locks = new Set<string>(), pools = new Set<string>();
  for (const [name, own] of steps) {
    for (const step of allSteps(own)) {
      if (step.type === "cache") caches.add(step.shared?.get.target.service ?? name);
      if (step.type === "lock") locks.add(name);
      if (step.type === "call" && isThere(step.policies.pool)) pools.add(step.target.service);
    }
  }
  return new Map(services.map((service) => {
    const { name } = service;
    return [name, {
      ...service,
      caches: !isKnown || caches.has(name),
      locks: !isKnown || locks.has(name),
      pooled: !isKnown || service.pooled || pools.has(name),
    }];
  }));
}

function isThere(policy: unknown): boolean {
  return policy !== undefined && policy !== "none";
}
