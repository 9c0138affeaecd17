// What faults name besides their target: services that stand by, other faults, entries of scenarios.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import type { Node } from "../base/node.ts";
import { FAULT_REFERENCES, SERVICE_NAMES, WORKLOAD_NAMES } from "../faults/names.ts";
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
  const faults = [...diagnostics.marked(FAULT_KINDS).values()].map(({ name }) => name);
  for (const [node, name] of diagnostics.marked(FAULT_REFERENCES)) check(node, name, "fault", faults);
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
