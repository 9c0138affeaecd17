// Checks of what the parts of one endpoint say together: its latency and its `work`, and the names in its log messages.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import { entryOf, type MapNode, type Node } from "../base/node.ts";
import type { LogStep } from "../model/model.ts";
import { LOG_STEPS, WORK_SHARES } from "../model/step_fields.ts";
import { allSteps, type EndpointOutline, mapAt, type Outline } from "./outline.ts";

/** What a log message may name besides attributes. */
const LOG_NAMES = ["service", "instance", "endpoint", "trace_id", "span_id"];

const PLACEHOLDER = /\{([\p{L}_][\p{L}\p{N}_.-]*)\}/gu;

/** Diagnoses latencies that are never spent, shares of none, and log messages that name no attribute. */
export function checkEndpoints(outline: Outline, diagnostics: Diagnostics): void {
  const placeOfLog = new Map([...diagnostics.marked(LOG_STEPS)].map(([place, step]) => [step, place]));
  for (const service of outline.services?.values() ?? []) {
    for (const endpoint of service.endpoints?.values() ?? []) {
      if (endpoint.entry.value.type !== "map" || endpoint.steps === undefined) continue;
      checkWork(endpoint, endpoint.entry.value, diagnostics);
      checkLogs(endpoint, endpoint.entry.value, [...outline.context.keys()], placeOfLog, diagnostics);
    }
  }
}

function checkWork({ steps }: EndpointOutline, node: MapNode, diagnostics: Diagnostics): void {
  const work = [...allSteps(steps!)].filter((step) => step.type === "work");
  if (work.length === 0) return;
  const latency = entryOf(node, "latency");
  const shares = work.filter((step) => step.share !== undefined);
  if (latency !== undefined && shares.length === 0) {
    diagnostics.add(
      latency.span,
      [...node.path, "latency"],
      "this latency is never spent: the steps contain work with latencies of their own",
      'write "- work: 100%" where it is spent, or take it out',
    );
  }
  if (latency !== undefined) return;
  const own = new Set<unknown>(shares);
  for (const [place, step] of diagnostics.marked(WORK_SHARES)) {
    if (!own.has(step)) continue;
    const message = "this is a share of the endpoint's latency, and it has none";
    diagnostics.add(place.span, place.path, message, "give it a latency, or write work: 5ms");
  }
}

function checkLogs(
  { steps }: EndpointOutline,
  node: MapNode,
  context: readonly string[],
  placeOf: ReadonlyMap<LogStep, Node>,
  diagnostics: Diagnostics,
): void {
  const attributes = mapAt(node, "attributes")?.entries.map((entry) => entry.key) ?? [];
  for (const step of allSteps(steps!)) {
    if (step.type !== "log") continue;
    const place = placeOf.get(step)!;
    const known = [...attributes, ...step.attributes.keys(), ...context, ...LOG_NAMES];
    for (const [, name] of step.message.matchAll(PLACEHOLDER)) {
      if (known.includes(name!)) continue;
      const [near] = nearest(name!, known);
      const hint = near === undefined ? `it may name ${known.join(", ")}` : `did you mean "{${near}}"?`;
      diagnostics.add(place.span, place.path, `the message names {${name}}, which is no attribute`, hint);
    }
  }
}
