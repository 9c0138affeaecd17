// What faults name besides their target: services that stand by, other faults, entries of scenarios.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import { entryOf, type Node } from "../base/node.ts";
import { FAULT_REFERENCES, SERVICE_NAMES, WORKLOAD_NAMES } from "../faults/names.ts";
import { basisOf } from "../faults/registry.ts";
import { DRAWS } from "./chaos_fields.ts";
import { hostsOf, whyNothing } from "./fault_hosts.ts";
import { FAULT_KINDS, STANDBYS } from "./fields.ts";
import type { Outline } from "./outline.ts";

/** Diagnoses names that nothing bears, and services that cannot stand by for another. */
export function checkFaultReferences(outline: Outline, diagnostics: Diagnostics): void {
  const { services, workloads } = outline;
  const check = (node: Node, name: string, what: string, names: readonly string[], none = "there are none"): void => {
    if (names.includes(name)) return;
    const [meant] = node.type === "scalar" && node.expanded !== undefined ? [] : nearest(name, names);
    const all = names.length === 0 ? none : `they are ${names.slice(0, 8).join(", ")}`;
    const message = `there is no ${what} ${JSON.stringify(name)}`;
    diagnostics.add(node.span, node.path, message, meant === undefined ? all : `did you mean "${meant}"?`);
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
  const hosts = hostsOf(outline);
  const checkHost = (kind: string, service: string, node: Node): void => {
    const host = hosts?.get(service);
    const wrong = host && whyNothing(kind, host, hosts!.values());
    if (wrong !== undefined) diagnostics.add(node.span, node.path, wrong.message, wrong.hint);
  };
  for (const [node, { kind, targets }] of diagnostics.marked(DRAWS)) {
    const list = node.type === "map" ? entryOf(node, "targets")?.value : undefined;
    targets.forEach(({ service }, i) => checkHost(kind, service, list?.type === "list" && list.items[i] || node));
  }
  for (const [node, { kind, service }] of diagnostics.marked(FAULT_KINDS)) {
    checkHost(kind, service, (node.type === "map" && entryOf(node, "target")?.value) || node);
  }
  checkOtherFaults(diagnostics, check);
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

/** What ends another fault names one that is there, that can be ended so, and that is not itself. */
function checkOtherFaults(
  diagnostics: Diagnostics,
  check: (node: Node, name: string, what: string, names: readonly string[], none: string) => void,
): void {
  const faults = [...diagnostics.marked(FAULT_KINDS)].map(([{ path }, fault]) => ({ ...fault, place: path[1] }));
  for (const [node, name] of diagnostics.marked(FAULT_REFERENCES)) {
    const own = faults.find(({ place }) => place === node.path[1]);
    const rollsBack = own !== undefined && basisOf(own.kind) === "roll-back";
    const others = faults.filter((each) => each !== own);
    const fitting = rollsBack ? others.filter(({ kind }) => basisOf(kind) === "deploy") : others;
    const names = fitting.map((each) => each.name);
    if (names.includes(name)) continue;
    const wrong = others.find((each) => each.name === name);
    if (wrong !== undefined) {
      const hint = names.length === 0 ? "no fault deploys anything: use kind: flag-off" : `name ${names.join(" or ")}`;
      diagnostics.add(node.span, node.path, `a ${wrong.kind} fault cannot be rolled back`, hint);
    } else if (name === own?.name) {
      const hint = names.length === 0
        ? `there is no ${rollsBack ? "deploy fault" : "other"}`
        : `name ${names.slice(0, 8).join(" or ")}`;
      diagnostics.add(node.span, node.path, "a fault cannot end itself", hint);
    } else check(node, name, "fault", names, rollsBack ? "no fault deploys anything" : "there are none");
  }
}
