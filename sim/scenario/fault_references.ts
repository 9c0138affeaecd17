// What faults name besides their target: services that stand by, other faults, entries of scenarios.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import { entryOf, type Node } from "../base/node.ts";
import { FAULT_REFERENCES, SERVICE_NAMES, WORKLOAD_NAMES } from "../faults/names.ts";
import { basisOf } from "../faults/registry.ts";
import { DRAWS } from "./chaos_fields.ts";
import { hostsOf, whyNothing } from "./fault_hosts.ts";
import { FAULT_KINDS, LOADS, STANDBYS } from "./fields.ts";
import type { Outline, ServiceOutline } from "./outline.ts";
import type { FaultSpec } from "./scenario.ts";

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
  for (const [node, fault] of diagnostics.marked(FAULT_KINDS)) {
    const place = (key: string): Node => (node.type === "map" && entryOf(node, key)?.value) || node;
    checkHost(fault.kind, fault.service, place("target"));
    checkStruck(fault, services?.get(fault.service), place("target"), diagnostics);
    if (basisOf(fault.kind) === "traffic-surge") checkSurge(fault.workload, place("scenario"), diagnostics);
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

/** A fault that strikes only some endpoints finds one in its target. */
function checkStruck(
  { kind, endpoint, strikes }:
    & { readonly kind: string; readonly endpoint: string | undefined }
    & Pick<
      FaultSpec,
      "strikes"
    >,
  service: ServiceOutline | undefined,
  node: Node,
  diagnostics: Diagnostics,
): void {
  if (strikes === undefined || service?.endpoints === undefined) return;
  const names = [...service.endpoints.keys()];
  const aimed = endpoint === undefined ? names : names.filter((name) => name === endpoint);
  if (aimed.length === 0 || aimed.some(strikes)) return;
  const others = names.filter(strikes).map((name) => `${service.name}.${name}`).slice(0, 8);
  const hint = others.length > 0
    ? `those that write are ${others.join(", ")}`
    : `by their names ${names.slice(0, 8).join(", ")} only read`;
  const what = endpoint === undefined ? `no endpoint of ${service.name} writes` : `${endpoint} does not write`;
  diagnostics.add(node.span, node.path, `${what}: ${kind} would change nothing`, hint);
}

/** Loads of so many iterations have no more of them, however many come. */
const COUNTED: ReadonlySet<string> = new Set(["shared-iterations", "per-vu-iterations"]);

function checkSurge(workload: string | undefined, node: Node, diagnostics: Diagnostics): void {
  const loads = [...diagnostics.marked(LOADS)].map(([{ path }, load]) => ({
    name: String(path[1] ?? "default"),
    load,
  }));
  const meant = loads.filter(({ name }) => workload === undefined || name === workload);
  if (meant.length === 0 || meant.some(({ load }) => !COUNTED.has(load.executor))) return;
  const message = `${meant.map(({ name }) => name).join(", ")}: so many iterations as it says, and a surge adds none`;
  diagnostics.add(node.span, node.path, message, "use an executor with a duration, such as constant-arrival-rate");
}
