// Checks over the graph of calls: that every request can end, and that none makes more spans than a backend takes.

import type { Diagnostics } from "../base/diagnostics.ts";
import { type ExpectedCall, expectedCalls } from "../model/expected_calls.ts";
import type { CallStep, EndpointRef, Step } from "../model/model.ts";
import { topicText } from "../model/state.ts";
import { CALL_DEPTH_MAX } from "../plan/facts.ts";
import { type EndpointOutline, type Outline, refText } from "./outline.ts";

/**
 * Spans of one request on average. Tempo refuses traces above 5 MB by default, which is about 10,000 spans; ten times that
 * is a fan-out that nobody meant.
 */
export const TRACE_SPANS_MAX = 100_000;

/** Diagnoses cycles without an end, and fan-outs beyond TRACE_SPANS_MAX. */
export function checkCallGraph(outline: Outline, diagnostics: Diagnostics): void {
  const endpoints = new Map<string, EndpointOutline>();
  const makesServerSpan = new Set<string>();
  for (const service of outline.services?.values() ?? []) {
    for (const endpoint of service.endpoints?.values() ?? []) {
      const text = refText(endpoint.ref);
      endpoints.set(text, endpoint);
      if (service.kind === "service") makesServerSpan.add(text);
    }
  }
  const blockers = endlessCalls(endpoints, outline.handlers);
  diagnoseCycles(blockers, endpoints, outline, diagnostics);
  // Without an end the number of spans says nothing more.
  if (blockers.size === 0) diagnoseFanOut(endpoints, makesServerSpan, outline, diagnostics);
}

/**
 * The endpoints of which there is no end, each with what it calls that has none: the complement of the least fixpoint of
 * "some way through the steps meets only endpoints that can end". A message has an end when its handlers have.
 */
function endlessCalls(
  endpoints: ReadonlyMap<string, EndpointOutline>,
  handlers: Outline["handlers"],
): ReadonlyMap<string, EndpointRef> {
  const ending = new Set<string>();
  const waiting = new Map<string, string[]>();
  const blockers = new Map<string, EndpointRef>();
  const open = [...endpoints.keys()];
  const endsAt = (ref: EndpointRef): boolean => !endpoints.has(refText(ref)) || ending.has(refText(ref));
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    if (ending.has(text)) continue;
    const blocker = blockerOf(endpoints.get(text)!.steps ?? [], endsAt)?.target ??
      handlers.get(text)?.find((handler) => !endsAt(handler));
    if (blocker === undefined) {
      ending.add(text);
      blockers.delete(text);
      open.push(...waiting.get(text) ?? []);
      waiting.delete(text);
    } else {
      blockers.set(text, blocker);
      const held = refText(blocker);
      const others = waiting.get(held);
      if (others === undefined) waiting.set(held, [text]);
      else others.push(text);
    }
  }
  return blockers;
}

/** The first call on every way through the steps whose callee does not end; undefined when some way ends. */
function blockerOf(steps: readonly Step[], endsAt: (ref: EndpointRef) => boolean): CallStep | undefined {
  for (const step of steps) {
    const blocker = blockerOfStep(step, endsAt);
    if (blocker !== undefined) return blocker;
  }
  return undefined;
}

function blockerOfStep(step: Step, endsAt: (ref: EndpointRef) => boolean): CallStep | undefined {
  switch (step.type) {
    case "call":
      return step.probability < 1 || endsAt(step.target) ? undefined : step;
    case "parallel":
      return blockerOf(step.branches.flat(), endsAt);
    case "choose": {
      let first: CallStep | undefined;
      for (const option of step.options) {
        if (option.weight === 0) continue;
        const blocker = blockerOf(option.steps, endsAt);
        if (blocker === undefined) return undefined;
        first ??= blocker;
      }
      return first;
    }
    case "repeat":
      // What is drawn is rounded: below a half it is no turn at all.
      return step.times.least < 0.5 ? undefined : blockerOf(step.steps, endsAt);
    case "lock":
      return blockerOf(step.steps, endsAt);
    default:
      // What fetches a miss is skipped by a hit.
      return undefined;
  }
}

function diagnoseCycles(
  blockers: ReadonlyMap<string, EndpointRef>,
  endpoints: ReadonlyMap<string, EndpointOutline>,
  outline: Outline,
  diagnostics: Diagnostics,
): void {
  const done = new Set<string>();
  for (const start of endpoints.keys()) {
    const way: string[] = [];
    let text = start;
    while (blockers.has(text) && !done.has(text)) {
      done.add(text);
      way.push(text);
      text = refText(blockers.get(text)!);
    }
    const from = way.indexOf(text);
    if (from === -1) continue;
    // Where messages are on the way, what publishes them is what can be changed.
    const published = way.findIndex((each, i) => i >= from && outline.handlers.has(refText(blockers.get(each)!)));
    const first = published === -1 ? from : published;
    diagnoseCycle([...way.slice(first), ...way.slice(from, first)], blockers, outline, diagnostics);
  }
}

/** @param cycle the endpoints on it, in their order */
function diagnoseCycle(
  cycle: readonly string[],
  blockers: ReadonlyMap<string, EndpointRef>,
  outline: Outline,
  diagnostics: Diagnostics,
): void {
  const blocker = blockers.get(cycle[0]!)!;
  const place = outline.placeOf(blocker);
  if (place === undefined) return;
  // What each of them calls is the next, and the last calls the first.
  const next = cycle.map((each) => blockers.get(each)!);
  const isTopic = (ref: EndpointRef): boolean => outline.handlers.has(refText(ref));
  const shown = [next.at(-1)!, ...next].map((ref) => isTopic(ref) ? topicText(ref) : refText(ref)).join(" -> ");
  if (isTopic(blocker)) {
    diagnostics.add(
      place.span,
      place.path,
      `messages without an end: ${shown}`,
      `a handler that always publishes what it reads: take one of them out, or make it now and then: { publish: ${
        topicText(blocker)
      }, probability: 50% }`,
    );
    return;
  }
  diagnostics.add(
    place.span,
    place.path,
    cycle.length === 1 ? `${cycle[0]} calls itself without an end: ${shown}` : `calls without an end: ${shown}`,
    `take one of these calls out, or make it now and then: { call: ${refText(blocker)}, probability: 50% }`,
  );
}

function diagnoseFanOut(
  endpoints: ReadonlyMap<string, EndpointOutline>,
  makesServerSpan: ReadonlySet<string>,
  outline: Outline,
  diagnostics: Diagnostics,
): void {
  const calls = new Map([...endpoints].map(([text, { steps }]) => [text, [...expectedCalls(steps ?? [], undefined)]]));
  const spans = expectedSpans(calls, makesServerSpan);
  const isOver = (text: string): boolean => (spans.get(text) ?? 0) > TRACE_SPANS_MAX;
  const over = [...endpoints.keys()].filter(isOver);
  // Whoever calls one of them is over as well; the ones that call none are where it begins.
  const origins = over.filter((text) => !calls.get(text)!.some(({ call }) => isOver(refText(call.target))));
  for (const text of origins.length > 0 ? origins : over.slice(0, 1)) {
    const { chain, first } = largestChain(text, calls, spans);
    const place = first && outline.placeOf(first.target);
    if (place === undefined) continue;
    const count = spans.get(text)!;
    const shown = count > 1e12 ? "endlessly many" : `about ${Math.round(count).toLocaleString("en-US")}`;
    diagnostics.add(
      place.span,
      place.path,
      `a request of ${text} makes ${shown} spans on average; at most ${
        TRACE_SPANS_MAX.toLocaleString("en-US")
      } are allowed`,
      `most of them by ${chain}`,
    );
  }
}

/** Spans of one request, by iteration: chains of calls end at CALL_DEPTH_MAX. */
function expectedSpans(
  calls: ReadonlyMap<string, readonly ExpectedCall[]>,
  makesServerSpan: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  let spans = new Map<string, number>();
  for (let depth = 0; depth < CALL_DEPTH_MAX; depth++) {
    const next = new Map<string, number>();
    let hasChanged = false;
    for (const [text, own] of calls) {
      let sum = makesServerSpan.has(text) ? 1 : 0;
      for (const { call, count } of own) {
        if (count > 0) sum += count * (1 + (spans.get(refText(call.target)) ?? 0));
      }
      next.set(text, sum);
      if (sum !== spans.get(text)) hasChanged = true;
    }
    spans = next;
    if (!hasChanged) break;
  }
  return spans;
}

const CHAIN_MAX = 8;

/** The calls that make the most spans, from the endpoint on: `web.GET / -> 100 x a.X -> 100 x b.Y`. */
function largestChain(
  start: string,
  calls: ReadonlyMap<string, readonly ExpectedCall[]>,
  spans: ReadonlyMap<string, number>,
): { chain: string; first: CallStep | undefined } {
  const parts = [start];
  const seen = new Set<string>();
  let first: CallStep | undefined;
  let text = start;
  while (parts.length < CHAIN_MAX && !seen.has(text)) {
    seen.add(text);
    const counts = new Map<string, ExpectedCall>();
    for (const each of calls.get(text) ?? []) {
      const to = refText(each.call.target);
      counts.set(to, { call: each.call, count: each.count + (counts.get(to)?.count ?? 0) });
    }
    const weight = (to: string, { count }: ExpectedCall): number => count * (1 + (spans.get(to) ?? 0));
    const [largest] = [...counts].sort((a, b) => weight(...b) - weight(...a));
    if (largest === undefined) break;
    first ??= largest[1].call;
    text = largest[0];
    parts.push(`${Number(largest[1].count.toPrecision(3))} x ${text}`);
  }
  return { chain: parts.join(" -> "), first };
}
