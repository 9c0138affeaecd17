// Checks of what caches, locks and topics name: services of the right kind, topics and handlers that exist, attributes.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import { type Entry, entryOf, type Node } from "../base/node.ts";
import { CACHE_STEPS } from "../model/cache_fields.ts";
import { LOCK_STEPS } from "../model/lock_fields.ts";
import { HANDLERS, TOPICS } from "../model/messaging_fields.ts";
import type { CallStep } from "../model/model.ts";
import { topicOf } from "../model/state.ts";
import { STEPS } from "../model/step_fields.ts";
import { allSteps, mapAt, type Outline, type ServiceOutline } from "./outline.ts";

/** Diagnoses topics, handlers, caches, databases and keys that the file does not have. */
export function checkState(outline: Outline, diagnostics: Diagnostics): void {
  const { services } = outline;
  if (services === undefined) return;
  for (const [node, { service, endpoint }] of diagnostics.marked(TOPICS)) {
    const broker = services.get(service);
    const topic = topicOf(endpoint);
    if (!isOfKind(broker, service, "queue", node, diagnostics, services)) continue;
    if (broker!.topics.has(endpoint)) continue;
    const topics = [...broker!.topics].map(topicOf);
    const [meant] = nearest(topic, topics);
    const hint = meant !== undefined
      ? `did you mean "${service}.${meant}"?`
      : topics.length > 0
      ? `its topics are ${topics.join(", ")}`
      : `give it topics: { ${topic}: { partitions: 6 } }`;
    diagnostics.add(node.span, node.path, `${service} has no topic "${topic}"`, hint);
  }
  for (const [node, name] of diagnostics.marked(HANDLERS)) {
    const own = services.get(String(node.path[1]))?.endpoints;
    if (own === undefined || own.has(name)) continue;
    const [meant] = nearest(name, [...own.keys()]);
    const hint = meant === undefined ? `it has ${[...own.keys()].join(", ")}` : `did you mean "${meant}"?`;
    diagnostics.add(node.span, node.path, `the service has no endpoint "${name}"`, hint);
  }
  for (const [node, step] of diagnostics.marked(CACHE_STEPS)) {
    const place = mapAt(node, "cache") ?? node;
    if (step.shared !== undefined) {
      const { service } = step.shared.get.target;
      // That it exists at all is checked where references are.
      if (services.has(service)) {
        isOfKind(services.get(service), service, "cache", at(place, "in"), diagnostics, services);
      }
    }
    if (step.key.type === "attribute") {
      checkAttribute(step.key.name, attributesAround(node, outline), at(place, "key"), diagnostics);
    }
  }
  for (const [node, step] of diagnostics.marked(LOCK_STEPS)) {
    const place = mapAt(node, "lock") ?? node;
    isOfKind(services.get(step.service), step.service, "database", at(place, "in"), diagnostics, services);
  }
  for (const service of services.values()) {
    for (const endpoint of service.endpoints?.values() ?? []) {
      checkMessageKeys(endpoint.entry, endpoint.steps, outline, diagnostics);
    }
  }
}

function at(node: Node, key: string): Node {
  return (node.type === "map" && entryOf(node, key)?.value) || node;
}

function isOfKind(
  found: ServiceOutline | undefined,
  name: string,
  kind: ServiceOutline["kind"],
  node: Node,
  diagnostics: Diagnostics,
  services: ReadonlyMap<string, ServiceOutline>,
): boolean {
  if (found?.kind === kind) return true;
  const of = [...services.values()].filter((each) => each.kind === kind).map((each) => each.name);
  const [meant] = nearest(name, of);
  const hint = meant !== undefined
    ? `did you mean "${meant}"?`
    : of.length > 0
    ? `the services of kind ${kind} are ${of.join(", ")}`
    : `no service has kind: ${kind}`;
  const message = found === undefined
    ? `there is no service "${name}"`
    : `${name} is of kind ${found.kind}, not ${kind}`;
  diagnostics.add(node.span, node.path, message, hint);
  return false;
}

/** The attributes that a key in an endpoint's steps may name, its context's among them; undefined when that is not known. */
function attributesAround(node: Node, { services, context }: Outline): string[] | undefined {
  const [top, service, part, name] = node.path;
  if (top !== "services" || part !== "endpoints") return undefined;
  const entry = services?.get(String(service))?.endpoints?.get(String(name))?.entry;
  return entry === undefined ? undefined : [...attributesOf(entry), ...context.keys()];
}

function attributesOf({ value }: Entry): string[] {
  return mapAt(value, "attributes")?.entries.map(({ key }) => key) ?? [];
}

function checkAttribute(
  name: string,
  known: readonly string[] | undefined,
  node: Node,
  diagnostics: Diagnostics,
): void {
  if (known === undefined || known.includes(name)) return;
  const [meant] = nearest(name, known);
  const hint = meant !== undefined
    ? `did you mean "${meant}"?`
    : known.length > 0
    ? `there are ${known.join(", ")}; or { zipf: { n: 10000, s: 1.1 } }`
    : "there are none: write key: { zipf: { n: 10000, s: 1.1 } }";
  diagnostics.add(node.span, node.path, `neither the endpoint nor the context has an attribute "${name}"`, hint);
}

function checkMessageKeys(
  entry: Entry,
  steps: Parameters<typeof allSteps>[0] | undefined,
  { context }: Outline,
  diagnostics: Diagnostics,
): void {
  const place = mapAt(entry.value, "calls") ??
    (entry.value.type === "map" ? entryOf(entry.value, "calls")?.value : undefined);
  const marked = diagnostics.marked(STEPS);
  if (steps === undefined || place === undefined || !marked.has(place)) return;
  const withKeys = [...allSteps(steps)].filter((step): step is CallStep =>
    step.type === "call" && step.messageKey !== undefined
  );
  const known = [...attributesOf(entry), ...context.keys()];
  for (const { messageKey } of withKeys) {
    if (messageKey?.type === "attribute") checkAttribute(messageKey.name, known, place, diagnostics);
  }
}
