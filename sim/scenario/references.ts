// Checks that whatever a scenario refers to exists, and offers what was probably meant.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import { type Entry, entryOf, type MapNode, type Node } from "../base/node.ts";
import { basisOf } from "../faults/registry.ts";
import { TOPICS } from "../model/messaging_fields.ts";
import type { EndpointRef } from "../model/model.ts";
import { SERVICE_NAME } from "../model/service_fields.ts";
import { REFERENCES, STEPS } from "../model/step_fields.ts";
import { checkSelectors } from "../objectives/check_selectors.ts";
import { checkGates, type FaultTimes, GATE_FAULTS } from "../objectives/gate.ts";
import { checkExperiment, checkSteadySelectors } from "./experiment_checks.ts";
import { hostsOf } from "./fault_hosts.ts";
import { checkFaultReferences } from "./fault_references.ts";
import { FAULT_KINDS, FAULT_NAMES, FAULT_TIMES, FAULT_ZONES, LOADS, UNTIMED_FAULTS } from "./fields.ts";
import { allSteps, type EndpointOutline, mapAt, type Outline, refText, type ServiceOutline } from "./outline.ts";
import type { FaultTarget } from "./scenario.ts";
import { TARGETS } from "./target.ts";

/** Comparing a name with all others takes time; a file with more dangling references has another problem. */
const SUGGESTIONS_MAX = 50;
const LISTED_MAX = 8;

/** Diagnoses references of journeys, endpoints, workloads, faults and thresholds to what the file does not have. */
export function checkReferences(root: MapNode, outline: Outline, diagnostics: Diagnostics): void {
  if (outline.services !== undefined) {
    const checker = new ReferenceChecker(outline.services, diagnostics);
    for (const [node, ref] of diagnostics.marked(REFERENCES)) checker.checkRef(node, ref);
    for (const [node, target] of diagnostics.marked(TARGETS)) checker.checkTarget(node, target);
    for (const [node, { zone, target }] of diagnostics.marked(FAULT_ZONES)) checker.checkZone(node, zone, target);
  }
  checkWorkloads(outline, diagnostics);
  checkStartAfter(outline, diagnostics);
  checkFaultNames(diagnostics);
  checkFaultReferences(outline, diagnostics);
  checkGateFaults(root, diagnostics);
  checkExperiment(
    diagnostics,
    [...diagnostics.marked(FAULT_TIMES).values()].filter(({ isMitigation }) => !isMitigation),
    hostsOf(outline),
    loadEnd(outline, diagnostics),
  );
  const thresholds = entryOf(root, "thresholds")?.value;
  if (outline.services !== undefined && outline.workloads !== undefined) {
    const services = new Map(
      [...outline.services].map((
        [name, { endpoints }],
      ) => [name, { endpoints: endpoints ?? new Map<string, unknown>() }]),
    );
    const workloads = new Map(outline.workloads.map((entry) => [entry.key, { tags: tagsOf(entry) }]));
    const names = { services, workloads, checks: checksOf(root, diagnostics) };
    if (thresholds !== undefined) checkSelectors(thresholds, names, diagnostics);
    checkSteadySelectors(root, names, diagnostics);
  }
}

/** When the last load ends as it is planned, at the latest; undefined when one could not be read, or has no end. */
function loadEnd({ workloads }: Outline, diagnostics: Diagnostics): number | undefined {
  const loads = new Map([...diagnostics.marked(LOADS)].map(([{ path }, load]) => [String(path[1] ?? ""), load]));
  if (loads.size !== (workloads?.length ?? 1)) return undefined;
  const endOf = (name: string, depth: number): number => {
    const load = loads.get(name);
    if (load === undefined || depth > loads.size) return Infinity;
    const { startAfter, startTime, load: { length, endless }, gracefulStop } = load;
    const start = startAfter === undefined ? 0 : endOf(startAfter, depth + 1);
    return start + startTime + (endless ? Infinity : length) + gracefulStop;
  };
  const ends = [...loads].map(([name, { gracefulStop }]) => endOf(name, 0) - gracefulStop);
  return ends.every(Number.isFinite) ? Math.max(...ends) : undefined;
}

/** The names of all checks; undefined when a journey could not be read. */
function checksOf(root: MapNode, diagnostics: Diagnostics): Set<string> | undefined {
  const names = new Set<string>();
  for (const { value } of mapAt(root, "journeys")?.entries ?? []) {
    const steps = diagnostics.marked(STEPS).get(value);
    if (steps === undefined) return undefined;
    for (const step of allSteps(steps)) {
      if (step.type === "call") { for (const { name } of step.checks) names.add(name); }
    }
  }
  return names;
}

/** The faults that thresholds name exist, and leave them some time. */
function checkGateFaults(root: MapNode, diagnostics: Diagnostics): void {
  const faults = entryOf(root, "faults")?.value;
  const times = new Map<string, FaultTimes>();
  for (const { name, ...when } of diagnostics.marked(FAULT_TIMES).values()) times.set(name, when);
  checkGates(times, diagnostics);
  // The name of a fault that could not be read is not known.
  if (
    faults !== undefined &&
    (faults.type !== "list" ||
      diagnostics.marked(FAULT_TIMES).size + diagnostics.marked(UNTIMED_FAULTS).size < faults.items.length)
  ) {
    return;
  }
  const untimed = new Set(diagnostics.marked(UNTIMED_FAULTS).values());
  for (const [node, name] of diagnostics.marked(GATE_FAULTS)) {
    if (times.has(name) || node.type !== "scalar") continue;
    if (untimed.has(name)) {
      const message = `nobody knows beforehand when ${JSON.stringify(name)} is: it waits for something`;
      diagnostics.add(node.span, node.path, message, "write a time like 2m");
      continue;
    }
    const [meant] = node.expanded !== undefined ? [] : nearest(name, times.keys());
    const hint = meant !== undefined
      ? `did you mean "${meant}"?`
      : times.size === 0
      ? "there are no faults: write a time like 2m"
      : `the faults are ${list([...times.keys()])}; or write a time like 2m`;
    diagnostics.add(node.span, node.path, `there is no fault "${node.text}"`, hint);
  }
}

function tagsOf({ value }: Entry): ReadonlyMap<string, string> {
  const tags = mapAt(value, "tags")?.entries ?? [];
  return new Map(tags.map((tag) => {
    const { value: node } = tag;
    if (node.type !== "scalar") return [tag.key, ""];
    return [tag.key, typeof node.value === "string" ? node.value : node.expanded ?? node.text];
  }));
}

class ReferenceChecker {
  readonly #services: ReadonlyMap<string, ServiceOutline>;
  readonly #diagnostics: Diagnostics;
  readonly #names: readonly string[];
  readonly #all: readonly string[];
  #suggestions = 0;

  constructor(services: ReadonlyMap<string, ServiceOutline>, diagnostics: Diagnostics) {
    this.#services = services;
    this.#diagnostics = diagnostics;
    // A name that cannot stand is no good advice.
    this.#names = [...services.keys()].filter((name) => SERVICE_NAME.test(name));
    this.#all = this.#names.flatMap((name) =>
      [...services.get(name)!.endpoints?.values() ?? []].map(({ ref }) => refText(ref))
    );
  }

  /** Gives whether it exists, or nothing can be said about it. */
  checkRef(node: Node, ref: EndpointRef, before = ""): boolean {
    const service = this.#services.get(ref.service);
    if (service === undefined) {
      const meant = this.#nearest(refText(ref), this.#all)[0] ?? this.#otherService(ref);
      this.#say(node, `there is no service "${ref.service}"`, meant, before, listed("services", this.#names));
      return false;
    }
    if (service.endpoints === undefined || service.endpoints.has(ref.endpoint)) return true;
    const own = [...service.endpoints.values()].map((endpoint) => refText(endpoint.ref));
    const meant = this.#nearest(refText(ref), own)[0] ?? this.#nearest(refText(ref), this.#all)[0];
    this.#say(node, `${ref.service} has no endpoint "${ref.endpoint}"`, meant, before, `it has ${list(own)}`);
    return false;
  }

  checkTarget(node: Node, target: FaultTarget): void {
    const { caller, replica } = target;
    const before = caller === undefined ? "" : `${target.text.split("->")[0]!.trim()} -> `;
    const isCallee = this.#checkSide(node, target, before);
    const isCaller = caller === undefined || this.#checkSide(node, caller, "");
    if (!isCallee || !isCaller) return;
    const service = this.#services.get(target.service);
    if (replica !== undefined && service?.replicas !== undefined && replica >= service.replicas) {
      const has = `${service.name} has ${service.replicas} ${service.replicas === 1 ? "replica" : "replicas"}`;
      const hint = service.replicas === 1 ? `name it alone: ${service.name}` : `from #1 to #${service.replicas}`;
      this.#diagnostics.add(node.span, node.path, `${has}, and no #${replica + 1}`, hint);
    }
    if (caller !== undefined) this.#checkEdge(node, caller, target);
  }

  /** A fault of a zone finds replicas there. */
  checkZone(node: Node, zone: string, { service: name }: FaultTarget): void {
    if (name === "") return this.#checkAnyZone(node, zone);
    const zones = this.#services.get(name)?.zones;
    if (zones === undefined || zones.includes(zone)) return;
    const [meant] = nearest(zone, zones);
    const hint = meant !== undefined
      ? `did you mean "${meant}"?`
      : zones.length === 0
      ? `give it zones: [${zone}, …]`
      : `its zones are ${list(zones)}`;
    this.#diagnostics.add(node.span, node.path, `${name} has no replica in the zone "${zone}"`, hint);
  }

  /** A zone that goes down has somebody in it. */
  #checkAnyZone(node: Node, zone: string): void {
    const services = [...this.#services.values()];
    if (services.some(({ zones }) => zones === undefined)) return;
    const zones = [...new Set(services.flatMap((service) => service.zones ?? []))];
    if (zones.includes(zone)) return;
    const [meant] = nearest(zone, zones);
    const hint = meant !== undefined
      ? `did you mean "${meant}"?`
      : zones.length === 0
      ? `give services zones: [${zone}, …]`
      : `the zones are ${list(zones)}`;
    this.#diagnostics.add(node.span, node.path, `no service has a replica in the zone "${zone}"`, hint);
  }

  #checkSide(node: Node, side: { service: string; endpoint: string | undefined }, before: string): boolean {
    if (side.endpoint !== undefined) {
      return this.checkRef(node, { service: side.service, endpoint: side.endpoint }, before);
    }
    if (this.#services.has(side.service)) return true;
    const [meant] = this.#nearest(side.service, this.#names);
    this.#say(node, `there is no service "${side.service}"`, meant, before, listed("services", this.#names));
    return false;
  }

  /** An edge that no call takes would make a fault that strikes nothing. */
  #checkEdge(node: Node, caller: { service: string; endpoint: string | undefined }, target: FaultTarget): void {
    const endpoints = [...this.#services.get(caller.service)?.endpoints?.values() ?? []]
      .filter(({ ref }) => caller.endpoint === undefined || ref.endpoint === caller.endpoint);
    const called = new Set<string>();
    for (const endpoint of endpoints) {
      if (endpoint.steps === undefined) return;
      for (const ref of callsOf(endpoint)) {
        if (ref.service === target.service && (target.endpoint ?? ref.endpoint) === ref.endpoint) return;
        called.add(refText(ref));
      }
    }
    if (this.#partsConsumer(node, caller.service, target.service)) return;
    const from = caller.endpoint === undefined ? caller.service : `${caller.service}.${caller.endpoint}`;
    const to = target.endpoint === undefined ? target.service : `${target.service}.${target.endpoint}`;
    const hint = called.size === 0 ? `${from} calls nothing` : `${from} calls ${list([...called])}`;
    this.#diagnostics.add(node.span, node.path, `${from} never calls ${to}`, hint);
  }

  /** A consumer calls nobody, but a partition can lie between it and its broker. */
  #partsConsumer(node: Node, one: string, other: string): boolean {
    const isPartition = [...this.#diagnostics.marked(FAULT_KINDS)].some(([fault, { kind }]) =>
      fault.path[0] === node.path[0] && fault.path[1] === node.path[1] && basisOf(kind) === "partition"
    );
    return isPartition &&
      [...this.#diagnostics.marked(TOPICS)].some(([{ path }, { service: broker }]) =>
        path[2] === "consumes" &&
        ((path[1] === one && broker === other) || (path[1] === other && broker === one))
      );
  }

  #say(node: Node, message: string, meant: string | undefined, before: string, otherwise: string): void {
    const isHidden = node.type === "scalar" && node.expanded !== undefined;
    const shown = isHidden ? `what ${node.text} refers to does not exist` : message;
    const hint = meant === undefined ? otherwise : `did you mean "${before}${meant}"?`;
    this.#diagnostics.add(node.span, node.path, shown, isHidden ? otherwise : hint);
  }

  #nearest(word: string, words: readonly string[]): string[] {
    return ++this.#suggestions > SUGGESTIONS_MAX * 2 ? [] : nearest(word, words);
  }

  /** `crt.GetCart` is far from everything when its endpoint is long; the service alone may be near. */
  #otherService(ref: EndpointRef): string | undefined {
    const [service] = this.#nearest(ref.service, this.#names);
    const endpoints = service === undefined ? undefined : this.#services.get(service)!.endpoints;
    if (endpoints === undefined) return undefined;
    const endpoint = endpoints.has(ref.endpoint) ? ref.endpoint : this.#nearest(ref.endpoint, [...endpoints.keys()])[0];
    return endpoint === undefined ? undefined : `${service}.${endpoint}`;
  }
}

function* callsOf({ steps }: EndpointOutline): Generator<EndpointRef> {
  for (const step of allSteps(steps ?? [])) if (step.type === "call") yield step.target;
}

function checkWorkloads({ journeys, workloads }: Outline, diagnostics: Diagnostics): void {
  if (journeys === undefined || journeys.length === 0) return;
  for (const { key, span, value } of workloads ?? []) {
    if (value.type !== "map") continue;
    const exec = entryOf(value, "exec")?.value;
    if (exec === undefined) {
      if (journeys.length === 1) continue;
      const message = `"exec" is missing in ${key}, and there are ${journeys.length} journeys`;
      diagnostics.add(span, ["scenarios", key], message, `exec: ${journeys[0]}, or another of ${list(journeys)}`);
    } else if (exec.type === "scalar" && typeof exec.value === "string" && !journeys.includes(exec.value)) {
      const [meant] = exec.expanded !== undefined ? [] : nearest(exec.value, journeys);
      const hint = meant === undefined ? listed("journeys", journeys) : `did you mean "${meant}"?`;
      diagnostics.add(exec.span, exec.path, `there is no journey "${exec.text}"`, hint);
    }
  }
}

/** What a workload waits for exists, and does not wait for it in turn. */
function checkStartAfter({ workloads }: Outline, diagnostics: Diagnostics): void {
  const names = (workloads ?? []).map(({ key }) => key);
  const before = new Map<string, string>();
  const places = new Map<string, Node>();
  for (const { key, value } of workloads ?? []) {
    const node = value.type === "map" ? entryOf(value, "startAfter")?.value : undefined;
    if (node?.type !== "scalar" || typeof node.value !== "string") continue;
    if (names.includes(node.value)) {
      const named = workloads!.find((each) => each.key === node.value)!;
      if (isEndless(named)) {
        const hint = `give ${node.value} an end, or this one a startTime`;
        diagnostics.add(node.span, node.path, `the scenario "${node.value}" never ends`, hint);
      }
      before.set(key, node.value);
      places.set(key, node);
      continue;
    }
    const [meant] = node.expanded !== undefined ? [] : nearest(node.value, names);
    const hint = meant === undefined ? listed("scenarios", names) : `did you mean "${meant}"?`;
    diagnostics.add(node.span, node.path, `there is no scenario "${node.text}"`, hint);
  }
  for (const [name, node] of places) {
    const chain = [name];
    for (let next = before.get(name); next !== undefined && chain.length <= before.size; next = before.get(next)) {
      chain.push(next);
      if (next !== name) continue;
      diagnostics.add(node.span, node.path, "these scenarios wait for each other", chain.join(" starts after "));
      break;
    }
  }
}

function isEndless({ value: workload }: Entry): boolean {
  return ["duration", "repeat"].some((key) => {
    const node = workload.type === "map" ? entryOf(workload, key)?.value : undefined;
    return node?.type === "scalar" && node.value === "unlimited";
  });
}

/** Draws and reports tell faults apart by their names. */
function checkFaultNames(diagnostics: Diagnostics): void {
  const seen = new Map<string, Node>();
  for (const [node, name] of diagnostics.marked(FAULT_NAMES)) {
    const before = seen.get(name);
    if (before !== undefined) {
      const message = `two faults are called "${name}"`;
      diagnostics.add(
        node.span,
        node.path,
        message,
        `the other is on line ${before.span.line}: give each a name of its own`,
      );
    }
    seen.set(name, node);
  }
}

function listed(what: string, names: readonly string[]): string {
  return names.length === 0 ? `there are no ${what}: write one first` : `the ${what} are ${list(names)}`;
}

function list(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  return names.slice(0, LISTED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
