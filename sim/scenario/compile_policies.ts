// Policies of calls: the call's own before the service's, and which calls share a state.

import type { CallerDefaults, CallStep } from "../model/model.ts";
import type { BalancerPolicy, CallPolicies, OrNone, View } from "../model/policies.ts";
import type { Shared, SharedStates, SitePolicies } from "../plan/policies.ts";

/** Between whom a call is: indices in the plan. */
interface Edge {
  /** The caller's service; -1 for the users. */
  readonly caller: number;
  readonly service: number;
  readonly endpoint: number;
}

type Writable<T> = { [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : never };

/** A balancer counts what it has sent only where one is asked for; the default draws. */
const DRAWN: BalancerPolicy = { kind: "random", view: "replica" };

export class PolicyCompiler {
  readonly #states: Writable<SharedStates> = {
    balancers: [],
    pools: [],
    outliers: [],
    budgets: [],
    breakers: [],
    bulkheads: [],
  };
  readonly #known = new Map<string, number>();

  /** All states that the calls so far share. */
  get states(): SharedStates {
    return this.#states;
  }

  /** The policies of a call; undefined when it has none. */
  compile(step: CallStep, callers: CallerDefaults | undefined, edge: Edge): SitePolicies | undefined {
    const own = step.policies, given = callers?.policies;
    const of = <K extends keyof CallPolicies>(key: K): CallPolicies[K] => own[key] ?? given?.[key];
    const retry = step.retry ?? callers?.retry;
    const balancer = of("balancer");
    const compiled: SitePolicies = {
      cancel: of("cancel") ?? false,
      propagateDeadline: of("propagateDeadline") ?? false,
      balancer: this.#share("balancers", balancer?.kind === DRAWN.kind ? undefined : balancer, edge, false),
      pool: this.#share("pools", wanted(of("pool")), edge, false),
      outlier: this.#share("outliers", wanted(of("outlier")), edge, false),
      budget: this.#share("budgets", retry?.budget, edge, false),
      breaker: this.#share("breakers", wanted(of("breaker")), edge, true),
      bulkhead: this.#share("bulkheads", wanted(of("bulkhead")), edge, true),
      hedge: wanted(of("hedge")),
      retryOn: retry?.on,
    };
    const hasAny = Object.values(compiled).some((value) => value !== false && value !== -1 && value !== undefined);
    return hasAny ? compiled : undefined;
  }

  #share<K extends keyof SharedStates>(
    kind: K,
    policy: SharedStates[K][number]["policy"] | undefined,
    edge: Edge,
    ofEndpoint: boolean,
  ): number {
    if (policy === undefined) return -1;
    const global = (policy as { readonly view?: View }).view === "global";
    const callee = ofEndpoint ? `endpoint ${edge.endpoint}` : `service ${edge.service}`;
    // Infinity is null in JSON, and so are no other numbers here.
    const key = `${kind} ${global ? "all" : edge.caller} ${callee} ${JSON.stringify(policy)}`;
    let index = this.#known.get(key);
    if (index === undefined) {
      const states: Shared<unknown>[] = this.#states[kind];
      index = states.length;
      states.push({ index, policy, global, caller: edge.caller, callee: edge.service });
      this.#known.set(key, index);
    }
    return index;
  }
}

function wanted<T>(policy: OrNone<T> | undefined): T | undefined {
  return policy === "none" ? undefined : policy;
}
