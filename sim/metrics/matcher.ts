// Which facts a threshold's selector takes, worked out once as tables by index, so that asking costs two look-ups.

import { isExpectedStatus, TAGS } from "../objectives/metrics.ts";
import type { Plan, PlanEndpoint } from "../plan/plan.ts";

const ANY_STATUS = -1;

/** The selector of `metric{tag:value}` for one plan. Without tags it takes everything. */
export class Matcher {
  /** By index, 1 where it matches. */
  readonly workloads: Uint8Array;
  readonly endpoints: Uint8Array;
  /** By index of the called service. */
  readonly services: Uint8Array;
  /** By index of the calling service; one more for the journeys. */
  readonly callers: Uint8Array;
  readonly #status: number;
  readonly #check: string | undefined;
  readonly #expected: boolean | undefined;

  constructor(plan: Plan, tags: ReadonlyMap<string, string>) {
    const has = (tag: string, value: string): boolean => !tags.has(tag) || tags.get(tag) === value;
    const custom = [...tags].filter(([tag]) => !Object.hasOwn(TAGS, tag));
    this.workloads = Uint8Array.from(
      plan.workloads,
      (workload) =>
        +(has("scenario", workload.name) && custom.every(([tag, value]) => workload.tags.get(tag) === value)),
    );
    const methodOf = (endpoint: PlanEndpoint): string => endpoint.protocol.method;
    this.services = Uint8Array.from(plan.services, (service) => +has("service", service.name));
    this.endpoints = Uint8Array.from(
      plan.endpoints,
      (endpoint) =>
        +(this.services[endpoint.service] === 1 && has("endpoint", endpoint.name) && has("method", methodOf(endpoint))),
    );
    const journeys = +!tags.has("caller");
    this.callers = Uint8Array.from([...plan.services.map((service) => +has("caller", service.name)), journeys]);
    const status = tags.get("status");
    this.#status = status === undefined ? ANY_STATUS : Number(status);
    this.#check = tags.get("check");
    const expected = tags.get("expected_response");
    this.#expected = expected === undefined ? undefined : expected === "true";
  }

  /** Whether it takes a check of this name. */
  takesCheck(name: string): boolean {
    return this.#check === undefined || this.#check === name;
  }

  /** Whether it takes an answer with this status. */
  takesStatus(status: number): boolean {
    if (this.#status !== ANY_STATUS && this.#status !== status) return false;
    return this.#expected === undefined || this.#expected === isExpectedStatus(status);
  }
}
