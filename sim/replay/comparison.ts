// Two sides of the same system, one beside the other: endpoints, calls, thresholds, and request by request where both were
// simulated from one seed. Plain data, which a terminal, a page and programs show.

import type { ThresholdResult } from "../metrics/evaluation.ts";
import { thresholdText } from "../objectives/threshold.ts";
import type { Observation, Samples, SeenEndpoint } from "./observation.ts";
import { SampleFlag } from "./observation.ts";

/** What is compared: a scenario, a run or a recording. */
export interface Side {
  readonly name: string;
  readonly observation: Observation;
  /** How long it went on, seconds. */
  readonly length_s: number;
  /** Undefined where nothing was simulated. */
  readonly thresholds: readonly ThresholdResult[] | undefined;
  /** What each trace was asked for; undefined where nothing was simulated. */
  readonly asked: ReadonlyMap<number, number> | undefined;
  /** Of simulated ones. */
  readonly seed: number | undefined;
}

export interface Figures {
  readonly requests: number;
  /** A second, over the side's length. */
  readonly rate: number;
  /** Share of the requests, 0 to 1. */
  readonly errors: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface Difference {
  readonly service: string;
  /** Undefined: all of the service. */
  readonly endpoint: string | undefined;
  readonly a: Figures | undefined;
  readonly b: Figures | undefined;
  /** Greatest distance between the two distributions of durations, 0 to 1; NaN where one side has none. */
  readonly ks: number;
  /** Whether chance alone would give such a distance in less than one of 1,000 cases (Kolmogorov–Smirnov, two samples). */
  readonly significant: boolean;
  /** Every second percentile of the durations from 0 to 100, milliseconds; empty where the side has none. */
  readonly curveA: readonly number[];
  readonly curveB: readonly number[];
}

export interface EdgeDifference {
  readonly caller: string;
  readonly callee: string;
  /** Calls for each request of the caller; undefined where the side has none. */
  readonly a: number | undefined;
  readonly b: number | undefined;
}

export interface ThresholdDifference {
  readonly metric: string;
  readonly text: string;
  readonly a: { readonly ok: boolean; readonly value: number | undefined } | undefined;
  readonly b: { readonly ok: boolean; readonly value: number | undefined } | undefined;
}

export interface RequestDifference {
  readonly endpoint: string;
  /** In both. */
  readonly matched: number;
  readonly onlyA: number;
  readonly onlyB: number;
  /** To the nanosecond, and with the same outcome. */
  readonly same: number;
  readonly faster: number;
  readonly slower: number;
  /** Failed in A, well in B; and the other way round. */
  readonly fixed: number;
  readonly broken: number;
  /** Of b − a over those that are not the same, milliseconds; NaN without any. */
  readonly medianChange_ms: number;
  /** Start of the first that differs, seconds from the beginning; NaN when none does. */
  readonly firstDifference_s: number;
  /** The traces whose duration changed most. */
  readonly furthest: readonly {
    readonly traceA: string;
    readonly traceB: string;
    readonly a_ms: number;
    readonly b_ms: number;
  }[];
}

export interface Comparison {
  readonly a: Pick<Side, "name" | "length_s">;
  readonly b: Pick<Side, "name" | "length_s">;
  readonly services: readonly Difference[];
  readonly endpoints: readonly Difference[];
  /** Those that are not alike: in one side only, or another number of calls a request by a tenth and more. */
  readonly edges: readonly EdgeDifference[];
  readonly edgesAlike: number;
  readonly thresholds: readonly ThresholdDifference[];
  /** Undefined unless both sides were simulated from one seed. */
  readonly requests: readonly RequestDifference[] | undefined;
}

export function compareSides(a: Side, b: Side): Comparison {
  const { edges, alike } = edgeDifferences(a, b);
  return {
    a: { name: a.name, length_s: a.length_s },
    b: { name: b.name, length_s: b.length_s },
    services: differences(a, b, (endpoint) => endpoint.service, (endpoint) => ({ ...endpoint, name: undefined })),
    endpoints: differences(a, b, endpointText, (endpoint) => endpoint),
    edges,
    edgesAlike: alike,
    thresholds: thresholdDifferences(a, b),
    requests: a.asked !== undefined && b.asked !== undefined && a.seed === b.seed
      ? requestDifferences(a, b)
      : undefined,
  };
}

export function endpointText({ service, name }: { readonly service: string; readonly name: string }): string {
  return `${service}.${name}`;
}

/** The groups of both sides, those of A first, in its order. */
function differences(
  a: Side,
  b: Side,
  keyOf: (endpoint: SeenEndpoint) => string,
  nameOf: (endpoint: SeenEndpoint) => { readonly service: string; readonly name: string | undefined },
): Difference[] {
  const groups = new Map<string, { a: SeenEndpoint[]; b: SeenEndpoint[] }>();
  for (const [side, name] of [[a, "a"], [b, "b"]] as const) {
    for (const endpoint of side.observation.endpoints) {
      if (endpoint.samples.count === 0) continue;
      let group = groups.get(keyOf(endpoint));
      if (group === undefined) groups.set(keyOf(endpoint), group = { a: [], b: [] });
      group[name].push(endpoint);
    }
  }
  return [...groups.values()].map((group) => {
    const { service, name } = nameOf((group.a[0] ?? group.b[0])!);
    const durationsA = sortedDurations(group.a), durationsB = sortedDurations(group.b);
    const ks = ksDistance(durationsA, durationsB);
    return {
      service,
      endpoint: name,
      a: figures(group.a, durationsA, a.length_s),
      b: figures(group.b, durationsB, b.length_s),
      ks,
      significant: isSignificant(ks, durationsA.length, durationsB.length),
      curveA: curve(durationsA),
      curveB: curve(durationsB),
    };
  });
}

function sortedDurations(endpoints: readonly SeenEndpoint[]): Float64Array {
  const all = new Float64Array(endpoints.reduce((sum, { samples }) => sum + samples.count, 0));
  let at = 0;
  for (const { samples } of endpoints) {
    all.set(samples.duration.subarray(0, samples.count), at);
    at += samples.count;
  }
  return all.sort();
}

function figures(endpoints: readonly SeenEndpoint[], sorted: Float64Array, length_s: number): Figures | undefined {
  if (sorted.length === 0) return undefined;
  let errors = 0;
  for (const { samples } of endpoints) {
    for (let i = 0; i < samples.count; i++) if ((samples.flags[i]! & SampleFlag.error) !== 0) errors++;
  }
  const ms = (percent: number): number => quantile(sorted, percent / 100) / 1e6;
  return {
    requests: sorted.length,
    rate: length_s > 0 ? sorted.length / length_s : 0,
    errors: errors / sorted.length,
    p50: ms(50),
    p95: ms(95),
    p99: ms(99),
  };
}

function curve(sorted: Float64Array): number[] {
  if (sorted.length === 0) return [];
  return Array.from({ length: 51 }, (_, i) => quantile(sorted, i / 50) / 1e6);
}

/** The value at a share of sorted values, interpolated; NaN of none. */
export function quantile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return NaN;
  const rank = share * (sorted.length - 1), below = Math.floor(rank);
  const lower = sorted[below]!;
  return below === rank ? lower : lower + (sorted[below + 1]! - lower) * (rank - below);
}

/** Greatest distance between the empirical distributions of two sorted samples (Kolmogorov–Smirnov); NaN without samples. */
export function ksDistance(a: Float64Array, b: Float64Array): number {
  if (a.length === 0 || b.length === 0) return NaN;
  let i = 0, j = 0, greatest = 0;
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i] === value) i++;
    while (j < b.length && b[j] === value) j++;
    greatest = Math.max(greatest, Math.abs(i / a.length - j / b.length));
  }
  return greatest;
}

/** c(0.001) of the two-sample test: sqrt(-ln(0.001 / 2) / 2). */
const KS_CRITICAL = Math.sqrt(-Math.log(0.0005) / 2);

function isSignificant(distance: number, a: number, b: number): boolean {
  return distance > KS_CRITICAL * Math.sqrt((a + b) / (a * b));
}

/** Fewer calls for each request by this share are no difference of the graph. */
const EDGE_TOLERANCE = 0.1;

function edgeDifferences(a: Side, b: Side): { edges: EdgeDifference[]; alike: number } {
  const rows = new Map<string, { caller: string; callee: string; a?: number; b?: number }>();
  for (const [side, name] of [[a, "a"], [b, "b"]] as const) {
    const { endpoints, edges } = side.observation;
    for (const { caller, callee, calls } of edges) {
      if (caller < 0) continue;
      const from = endpointText(endpoints[caller]!), to = endpointText(endpoints[callee]!);
      const key = `${from}\n${to}`;
      let row = rows.get(key);
      if (row === undefined) rows.set(key, row = { caller: from, callee: to });
      row[name] = calls / endpoints[caller]!.samples.count;
    }
  }
  const all = [...rows.values()].map((row) => ({ caller: row.caller, callee: row.callee, a: row.a, b: row.b }));
  const edges = all.filter((row) =>
    row.a === undefined || row.b === undefined || Math.abs(row.a - row.b) > EDGE_TOLERANCE * Math.max(row.a, row.b)
  );
  return { edges, alike: all.length - edges.length };
}

function thresholdDifferences(a: Side, b: Side): ThresholdDifference[] {
  const rows = new Map<string, { metric: string; text: string; a?: ThresholdResult; b?: ThresholdResult }>();
  for (const [side, name] of [[a, "a"], [b, "b"]] as const) {
    for (const result of side.thresholds ?? []) {
      const text = thresholdText(result.threshold), metric = result.threshold.metricText;
      const key = `${metric}\n${text}`;
      let row = rows.get(key);
      if (row === undefined) rows.set(key, row = { metric, text });
      row[name] = result;
    }
  }
  const plain = (result: ThresholdResult | undefined) =>
    result === undefined ? undefined : { ok: result.ok, value: result.value };
  return [...rows.values()].map((row) => ({ metric: row.metric, text: row.text, a: plain(row.a), b: plain(row.b) }));
}

const FURTHEST_MAX = 5;

interface RootRequest {
  readonly samples: Samples;
  readonly at: number;
}

/** Root requests by what was asked. */
function rootsOf({ observation, asked }: Side, service: string, name: string): Map<number, RootRequest> {
  const roots = new Map<number, RootRequest>();
  const endpoint = observation.endpoints.find((each) => each.service === service && each.name === name);
  if (endpoint === undefined) return roots;
  const { samples } = endpoint;
  for (let at = 0; at < samples.count; at++) {
    if ((samples.flags[at]! & SampleFlag.root) === 0) continue;
    const key = asked!.get(samples.trace[at]!);
    // Of several attempts the first counts.
    if (key !== undefined && !roots.has(key)) roots.set(key, { samples, at });
  }
  return roots;
}

function requestDifferences(a: Side, b: Side): RequestDifference[] {
  const edges = [...a.observation.edges, ...b.observation.edges].filter(({ caller }) => caller < 0).length;
  const names = new Map<string, { service: string; name: string }>();
  if (edges === 0) return [];
  for (const { observation } of [a, b]) {
    for (const { caller, callee } of observation.edges) {
      if (caller < 0) names.set(endpointText(observation.endpoints[callee]!), observation.endpoints[callee]!);
    }
  }
  return [...names].map(([text, { service, name }]) => requestDifference(text, a, b, service, name));
}

function requestDifference(text: string, a: Side, b: Side, service: string, name: string): RequestDifference {
  const inA = rootsOf(a, service, name), inB = rootsOf(b, service, name);
  let matched = 0, same = 0, faster = 0, slower = 0, fixed = 0, broken = 0, first = Infinity;
  const changes: number[] = [];
  const pairs: { a: RootRequest; b: RootRequest; change: number }[] = [];
  for (const [key, here] of inA) {
    const there = inB.get(key);
    if (there === undefined) continue;
    matched++;
    const durationA = here.samples.duration[here.at]!, durationB = there.samples.duration[there.at]!;
    const failedA = (here.samples.flags[here.at]! & SampleFlag.error) !== 0;
    const failedB = (there.samples.flags[there.at]! & SampleFlag.error) !== 0;
    if (failedA && !failedB) fixed++;
    if (!failedA && failedB) broken++;
    const change = durationB - durationA;
    if (change === 0 && failedA === failedB) {
      same++;
      continue;
    }
    if (change < 0) faster++;
    else if (change > 0) slower++;
    changes.push(change);
    first = Math.min(first, here.samples.start[here.at]!);
    pairs.push({ a: here, b: there, change: Math.abs(change) });
    // Only the furthest are shown: the list is cut now and then.
    if (pairs.length > 1000) pairs.sort((x, y) => y.change - x.change).length = FURTHEST_MAX;
  }
  pairs.sort((x, y) => y.change - x.change).length = Math.min(pairs.length, FURTHEST_MAX);
  return {
    endpoint: text,
    matched,
    onlyA: inA.size - matched,
    onlyB: inB.size - matched,
    same,
    faster,
    slower,
    fixed,
    broken,
    medianChange_ms: quantile(Float64Array.from(changes).sort(), 0.5) / 1e6,
    firstDifference_s: first === Infinity ? NaN : first / 1e9,
    furthest: pairs.map((pair) => ({
      traceA: traceId(a, pair.a),
      traceB: traceId(b, pair.b),
      a_ms: pair.a.samples.duration[pair.a.at]! / 1e6,
      b_ms: pair.b.samples.duration[pair.b.at]! / 1e6,
    })),
  };
}

function traceId({ observation: { table } }: Side, { samples, at }: RootRequest): string {
  const from = samples.trace[at]! * 4;
  return Array.from(table.traceWords.subarray(from, from + 4), (word) => word.toString(16).padStart(8, "0")).join("");
}
