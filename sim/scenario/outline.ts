// What a scenario's nodes name, whether their values could be read or not: so one mistake does not make every reference to
// its service dangle, and all checks over the whole can go on beside other errors.

import type { Diagnostics } from "../base/diagnostics.ts";
import { type Entry, entryOf, type MapNode, type Node } from "../base/node.ts";
import { CONTEXTS } from "../model/context_fields.ts";
import type { AttributeSpec, EndpointRef, ServiceKind, Step } from "../model/model.ts";
import { SERVICE_KINDS } from "../model/model.ts";
import { HANDLERS, TOPICS } from "../model/messaging_fields.ts";
import { REPLICAS, ZONES } from "../model/service_fields.ts";
import { publishEndpoint } from "../model/state.ts";
import { REFERENCES, STEPS } from "../model/step_fields.ts";

export interface EndpointOutline {
  readonly ref: EndpointRef;
  readonly entry: Entry;
  /** Undefined when its steps could not be read. */
  readonly steps: readonly Step[] | undefined;
}

export interface ServiceOutline {
  readonly name: string;
  readonly kind: ServiceKind;
  /** Undefined when it could not be read. */
  readonly replicas: number | undefined;
  /** Undefined when they could not be read. */
  readonly zones: readonly string[] | undefined;
  /** Whether it handles messages of some topic. */
  readonly consumes: boolean;
  /** Whether its callers have pools of connections to it unless a call says otherwise. */
  readonly pooled: boolean;
  /** The endpoints that its topics make. */
  readonly topics: ReadonlySet<string>;
  /** Undefined when they are no map. */
  readonly endpoints: ReadonlyMap<string, EndpointOutline> | undefined;
}

export interface Outline {
  /** Undefined when the file has none, or not as a map. */
  readonly services: ReadonlyMap<string, ServiceOutline> | undefined;
  readonly journeys: readonly string[] | undefined;
  readonly workloads: readonly Entry[] | undefined;
  /** What iterations may carry, by name: all that the file's or a scenario's context says of it. */
  readonly context: ReadonlyMap<string, readonly AttributeSpec[]>;
  /** The endpoints that handle the messages of a topic, by the text of the topic's endpoint. */
  readonly handlers: ReadonlyMap<string, readonly EndpointRef[]>;
  /** Where a reference stands. */
  placeOf(ref: EndpointRef): Node | undefined;
}

/** `service.endpoint`. */
export function refText({ service, endpoint }: EndpointRef): string {
  return `${service}.${endpoint}`;
}

/** @param root the file's top level, after it has been decoded with these diagnostics */
export function outlineOf(root: MapNode, diagnostics: Diagnostics): Outline {
  const places = new Map<EndpointRef, Node>();
  for (const mark of [REFERENCES, TOPICS]) {
    for (const [node, ref] of diagnostics.marked(mark)) places.set(ref, node);
  }
  const services = mapAt(root, "services");
  const handlers = new Map<string, EndpointRef[]>();
  for (const [node, { endpoint, topic }] of subscriptionsOf(diagnostics)) {
    const ref = { service: String(node.path[1]), endpoint };
    places.set(ref, node);
    handlers.set(refText(topic), [...handlers.get(refText(topic)) ?? [], ref]);
  }
  return {
    services: services && new Map(services.entries.map((entry) => [entry.key, serviceOf(entry, diagnostics)])),
    journeys: mapAt(root, "journeys")?.entries.map((entry) => entry.key),
    workloads: mapAt(root, "scenarios")?.entries,
    context: contextOf(diagnostics),
    handlers,
    placeOf: (ref) => places.get(ref),
  };
}

/** What subscriptions name, by the nodes of their handlers. */
function* subscriptionsOf(
  diagnostics: Diagnostics,
): Generator<readonly [Node, { readonly endpoint: string; readonly topic: EndpointRef }]> {
  const placeOf = ({ path }: Node) => path.slice(0, -1).join("\0");
  const topics = new Map<string, EndpointRef>();
  for (const [node, topic] of diagnostics.marked(TOPICS)) {
    if (node.path.at(-1) === "topic") topics.set(placeOf(node), topic);
  }
  for (const [node, endpoint] of diagnostics.marked(HANDLERS)) {
    const topic = topics.get(placeOf(node));
    if (topic !== undefined) yield [node, { endpoint, topic }];
  }
}

function contextOf(diagnostics: Diagnostics): Map<string, AttributeSpec[]> {
  const all = new Map<string, AttributeSpec[]>();
  for (const context of diagnostics.marked(CONTEXTS).values()) {
    for (const [name, spec] of context) all.set(name, [...all.get(name) ?? [], spec]);
  }
  return all;
}

/** The map at a key; undefined when there is none. */
export function mapAt(node: Node, key: string): MapNode | undefined {
  const value = node.type === "map" ? entryOf(node, key)?.value : undefined;
  return value?.type === "map" ? value : undefined;
}

function serviceOf({ key: service, value }: Entry, diagnostics: Diagnostics): ServiceOutline {
  const kind = value.type === "map" ? entryOf(value, "kind")?.value : undefined;
  const replicas = value.type === "map" ? entryOf(value, "replicas")?.value : undefined;
  const zones = value.type === "map" ? entryOf(value, "zones")?.value : undefined;
  const endpoints = mapAt(value, "endpoints");
  const topics = (mapAt(value, "topics")?.entries ?? []).map((entry): EndpointOutline => ({
    ref: { service, endpoint: publishEndpoint(entry.key) },
    entry,
    steps: [],
  }));
  return {
    name: service,
    kind: SERVICE_KINDS.find((each) => kind?.type === "scalar" && kind.value === each) ?? "service",
    replicas: replicas === undefined ? 1 : diagnostics.marked(REPLICAS).get(replicas),
    zones: zones === undefined ? [] : diagnostics.marked(ZONES).get(zones),
    consumes: value.type === "map" && entryOf(value, "consumes") !== undefined,
    pooled: isSaid(mapAt(value, "callers"), "pool"),
    topics: new Set(topics.map(({ ref }) => ref.endpoint)),
    endpoints: endpoints === undefined && topics.length === 0 ? undefined : new Map([
      ...topics.map((topic): [string, EndpointOutline] => [topic.ref.endpoint, topic]),
      ...(endpoints?.entries ?? []).map((entry): [string, EndpointOutline] => {
        const calls = entry.value.type === "map" ? entryOf(entry.value, "calls")?.value : undefined;
        const steps = calls === undefined ? [] : diagnostics.marked(STEPS).get(calls);
        return [entry.key, { ref: { service, endpoint: entry.key }, entry, steps }];
      }),
    ]),
  };
}

/** Whether a policy is there, and not said to be none. */
function isSaid(policies: MapNode | undefined, name: string): boolean {
  const value = policies && entryOf(policies, name)?.value;
  return value !== undefined && !(value.type === "scalar" && value.value === "none");
}

/** Every step of a list, and those inside others. */
export function* allSteps(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    switch (step.type) {
      case "call":
        if (step.fallback !== undefined) yield* allSteps(step.fallback);
        break;
      case "parallel":
        for (const branch of step.branches) yield* allSteps(branch);
        break;
      case "choose":
        for (const option of step.options) yield* allSteps(option.steps);
        break;
      case "repeat":
      case "lock":
        yield* allSteps(step.steps);
        break;
      case "cache":
        if (step.shared !== undefined) yield* [step.shared.get, step.shared.set];
        yield* allSteps(step.miss);
        break;
    }
  }
}
