// What one iteration of a journey comes to on average when nothing waits in a queue and nothing fails: its time, its
// requests and its spans.

import type { Distribution } from "../distributions/distribution.ts";
import { callShare, type Context, expectedCalls, meanTurns, optionShares } from "../model/expected_calls.ts";
import type { CallStep, Endpoint, EndpointRef, Service, Step } from "../model/model.ts";
import { CALL_DEPTH_MAX } from "../plan/facts.ts";

/** The parts of a scenario that say who calls whom. */
export interface CallGraph {
  readonly services: ReadonlyMap<string, Service>;
  readonly journeys: ReadonlyMap<string, readonly Step[]>;
  /** Between any caller and its callee, each way, where neither the call nor the service says otherwise. */
  readonly network: Distribution | undefined;
  /** What iterations carry. */
  readonly context: Context;
}

export interface JourneyMeans {
  /** Nanoseconds of one iteration; Infinity where a distribution has no mean. */
  readonly time: number;
  /** Made by the user: what k6 calls HTTP requests. */
  readonly requests: number;
  readonly spans: number;
  /** Requests that reach each endpoint, by `service.endpoint`. */
  readonly visits: ReadonlyMap<string, number>;
}

export function refText({ service, endpoint }: EndpointRef): string {
  return `${service}.${endpoint}`;
}

/** Who handles the messages of each topic, by the broker's endpoint that takes them. */
export function handlersOf({ services }: CallGraph): ReadonlyMap<string, readonly EndpointRef[]> {
  const handlers = new Map<string, EndpointRef[]>();
  for (const { name: service, consumes = [] } of services.values()) {
    for (const { topic, endpoint } of consumes) {
      const text = refText(topic);
      handlers.set(text, [...handlers.get(text) ?? [], { service, endpoint }]);
    }
  }
  return handlers;
}

/** Whether one of the steps, fallbacks included, is own work: then the endpoint's latency is spent by those only. */
function containsWork(steps: readonly Step[]): boolean {
  return steps.some((step) => {
    switch (step.type) {
      case "work":
        return true;
      case "call":
        return containsWork(step.fallback ?? []);
      case "parallel":
        return step.branches.some(containsWork);
      case "choose":
        return step.options.some((option) => containsWork(option.steps));
      case "repeat":
      case "lock":
        return containsWork(step.steps);
      case "cache":
        return containsWork(step.miss);
      default:
        return false;
    }
  });
}

export class Means {
  readonly #graph: CallGraph;
  /** Calls of each endpoint, for one request. */
  readonly #calls = new Map<string, readonly { readonly to: string; readonly count: number }[]>();
  readonly #handlers: ReadonlyMap<string, readonly EndpointRef[]>;
  readonly #writesSpan = new Set<string>();
  #times: ReadonlyMap<string, number>;

  constructor(graph: CallGraph) {
    this.#graph = graph;
    this.#handlers = handlersOf(graph);
    const endpoints = new Map<string, Endpoint>();
    for (const service of graph.services.values()) {
      for (const endpoint of service.endpoints.values()) {
        const text = refText({ service: service.name, endpoint: endpoint.name });
        endpoints.set(text, endpoint);
        this.#calls.set(text, callsOf(endpoint.calls, graph.context));
        if (service.kind === "service") this.#writesSpan.add(text);
      }
    }
    this.#times = new Map();
    // Longer chains of calls are cut off, so a cycle has been followed to its end after so many turns.
    for (let depth = 0; depth < CALL_DEPTH_MAX; depth++) {
      const next = new Map([...endpoints].map(([text, endpoint]) => [text, this.#requestTime(endpoint)]));
      const settled = [...next].every(([text, time]) => time === this.#times.get(text));
      this.#times = next;
      if (settled) break;
    }
  }

  /** Nanoseconds that a request holds its worker. */
  requestTime(endpoint: EndpointRef): number {
    return this.#times.get(refText(endpoint)) ?? 0;
  }

  /** Nanoseconds of own work of a request: what it uses of a core. */
  workTime(endpoint: EndpointRef): number {
    const { calls, latency } = this.#graph.services.get(endpoint.service)!.endpoints.get(endpoint.endpoint)!;
    const own = latency?.mean ?? 0;
    return (containsWork(calls) ? 0 : own) + workOf(calls, own);
  }

  journey(steps: readonly Step[]): JourneyMeans {
    const first = callsOf(steps, this.#graph.context);
    const visits = new Map<string, number>();
    let spans = 0;
    let level = new Map<string, number>();
    for (const { to, count } of first) add(level, to, count);
    for (let depth = 1; depth <= CALL_DEPTH_MAX && level.size > 0; depth++) {
      const next = new Map<string, number>();
      for (const [text, count] of level) {
        add(visits, text, count);
        if (this.#writesSpan.has(text)) spans += count;
        for (const call of this.#calls.get(text) ?? []) {
          spans += count * call.count;
          add(next, call.to, count * call.count);
        }
        // A message is handled in a trace of its own, without a client's span.
        for (const handler of this.#handlers.get(text) ?? []) add(next, refText(handler), count);
      }
      level = next;
    }
    const requests = first.reduce((sum, { count }) => sum + count, 0);
    return { time: this.#stepsTime(steps, 0), requests, spans, visits };
  }

  #requestTime(endpoint: Endpoint): number {
    const own = endpoint.latency?.mean ?? 0;
    return (containsWork(endpoint.calls) ? 0 : own) + this.#stepsTime(endpoint.calls, own);
  }

  #stepsTime(steps: readonly Step[], own: number): number {
    return steps.reduce((sum, step) => sum + this.#stepTime(step, own), 0);
  }

  #stepTime(step: Step, own: number): number {
    switch (step.type) {
      case "call":
        return times(callShare(step, this.#graph.context), this.#callTime(step));
      case "parallel":
        return Math.max(0, ...step.branches.map((branch) => this.#stepsTime(branch, own)));
      case "choose":
        return optionShares(step.options, this.#graph.context)
          .reduce((sum, { share, steps }) => sum + times(share, this.#stepsTime(steps, own)), 0);
      case "repeat":
        return times(meanTurns(step.times), this.#stepsTime(step.steps, own));
      case "lock":
        return this.#stepsTime(step.steps, own);
      case "cache":
        return this.#stepsTime(
          step.shared === undefined ? step.miss : [step.shared.get, ...step.miss, step.shared.set],
          own,
        );
      case "work":
        return times(step.share ?? 0, own) + (step.latency?.mean ?? 0);
      case "think":
        return step.pause.mean;
      case "log":
        return 0;
    }
  }

  #callTime({ target, network, timeout, deadline }: CallStep): number {
    const { services, network: between } = this.#graph;
    const way = network ?? services.get(target.service)?.network ?? between;
    const time = 2 * (way?.mean ?? 0) + this.requestTime(target);
    return Math.min(time, timeout ?? Infinity, deadline ?? Infinity);
  }
}

/** Mean own work in the steps when nothing fails; branches side by side all count. */
function workOf(steps: readonly Step[], own: number): number {
  return steps.reduce((sum, step) => {
    switch (step.type) {
      case "work":
        return sum + times(step.share ?? 0, own) + (step.latency?.mean ?? 0);
      case "parallel":
        return sum + step.branches.reduce((all, branch) => all + workOf(branch, own), 0);
      case "choose": {
        const total = step.options.reduce((weights, option) => weights + option.weight, 0);
        return sum +
          step.options.reduce((all, { weight, steps }) => all + times(weight / total, workOf(steps, own)), 0);
      }
      case "repeat":
        return sum + times(meanTurns(step.times), workOf(step.steps, own));
      default:
        return sum;
    }
  }, 0);
}

function callsOf(steps: readonly Step[], context: Context): { to: string; count: number }[] {
  return [...expectedCalls(steps, context)].filter(({ count }) => count > 0)
    .map(({ call, count }) => ({ to: refText(call.target), count }));
}

function add(sums: Map<string, number>, key: string, count: number): void {
  sums.set(key, (sums.get(key) ?? 0) + count);
}

/** A product in which never takes no time, however long it would be. */
function times(count: number, time: number): number {
  return count === 0 ? 0 : count * time;
}
