// What faults name besides their target: services that stand by, other faults, entries of scenarios.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import { entryOf, type Node } from "../base/node.ts";
import { FAULT_REFERENCES, SERVICE_NAMES, WORKLOAD_NAMES } from "../faults/names.ts";
import { basisOf } from "../faults/registry.ts";
import { FAULT_KINDS, STANDBYS } from "./fields.ts";
import type { Outline } from "./outline.ts";

/** Diagnoses names that nothing bears, and services that cannot stand by for another. */
export function checkFaultReferences({ services, workloads }: Outline, diagnostics: Diagnostics): void {
  const check = (node: Node, name: string, what: string, names: readonly string[]): boolean => {
    if (names.includes(name)) return true;
    const [meant] = node.type === "scalar" && node.expanded !== undefined ? [] : nearest(name, names);
    const all = names.length === 0 ? `there are none` : `they are ${names.slice(0, 8).join(", ")}`;
    const message = `there is no ${what} ${JSON.stringify(name)}`;
    diagnostics.add(node.span, node.path, message, meant === undefined ? all : `did you mean "${meant}"?`);
    return false;
  };
  if (services !== undefined) {
    for (const [node, name] of diagnostics.marked(SERVICE_NAMES)) check(node, name, "service", [...services.keys()]);
  }
  if (workloads !== undefined) {
    const names = workloads.map(({ key }) => key);
    for (const [node, name] of diagnostics.marked(WORKLOAD_NAMES)) {
      // k6's shortcuts make one that is called default.
      check(node, name, "scenario", names.length === 0 ? ["default"] : names);
    }
  }
  const faults = new Map([...diagnostics.marked(FAULT_KINDS).values()].map(({ name, kind }) => [name, kind]));
  for (const [node, name] of diagnostics.marked(FAULT_REFERENCES)) check(node, name, "fault", [...faults.keys()]);
  for (const [node, { kind, service: name }] of diagnostics.marked(FAULT_KINDS)) {
    const service = services?.get(name), basis = basisOf(kind);
    const place = (key: string): Node => (node.type === "map" && entryOf(node, key)?.value) || node;
    const refuse = (key: string, message: string, hint: string): void => {
      diagnostics.add(place(key).span, place(key).path, message, hint);
    };
    if (basis === "queue-flood" && service !== undefined && service.kind !== "queue") {
      refuse("target", `${name} is no broker`, "name a service of kind queue, or a topic of it: kafka.publish orders");
    }
    if (basis === "slow-consumer" && service !== undefined && !service.consumes) {
      refuse("target", `${name} handles no messages`, "name a service with consumes:");
    }
    if (basis !== "roll-back") continue;
    const fault = place("fault");
    const named = fault.type === "scalar" ? faults.get(String(fault.value)) : undefined;
    if (named !== undefined && basisOf(named) !== "deploy") {
      refuse("fault", `a ${named} fault cannot be rolled back`, "name a deploy fault, or use kind: flag-off");
    }
  }
  for (const [node, { service, to }] of diagnostics.marked(STANDBYS)) {
    const own = services?.get(service), other = services?.get(to);
    if (own?.endpoints === undefined || other?.endpoints === undefined) continue;
    if (service === to) {
      diagnostics.add(node.span, node.path, `${service} cannot stand by for itself`, "name another service");
      continue;
    }
    const missing = [...own.endpoints.keys()].filter((name) => !other.endpoints!.has(name));
    if (missing.length === 0) continue;
    const message = `${to} cannot stand by for ${service}: it lacks ${missing.slice(0, 8).join(", ")}`;
    diagnostics.add(node.span, node.path, message, "give it the same endpoints");
  }
}
