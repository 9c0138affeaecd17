// Faults from windows: an endpoint whose own time or own errors were others for a while.

import { formatDuration, type Nanos } from "../../base/time.ts";
import { formatCount, formatCounted } from "../../report/units.ts";
import { ksDistance, quantile } from "../comparison.ts";
import { SampleFlag, type Samples } from "../observation.ts";
import type { ImportedFault } from "./model.ts";
import { type Shape, shapeAt, shapeOf } from "./shapes.ts";
import { findWindows, type Window } from "./windows.ts";

/** Own times of a request below this are as good as none. */
const TIME_FLOOR_NS = 1_000;
/** A change of the median by less is no fault. */
const TIME_CHANGE_MIN = Math.log(1.25);
const ERROR_CHANGE_MIN = 0.01;
const SAMPLES_MIN = 8;
/** Chance reaches about 25 among as many windows as are looked at. */
const EVIDENCE_MIN = 30;
/** A simple fault is taken when what comes of it is no further from what was seen than this. */
const SIMPLE_DISTANCE_MAX = 0.08;
/** Stretches of time that values are sorted into. */
const BUCKETS = 4096;
/** What multiplies the usual time away, where a fault says the whole of the time by itself. */
const REPLACED = 0.000001;

/** Requests of an endpoint that failed of its own accord. */
export function isOwnFailure(samples: Samples, at: number): boolean {
  const flags = samples.flags[at]!;
  if ((flags & (SampleFlag.dependency | SampleFlag.interrupted)) !== 0) return false;
  return (flags & SampleFlag.error) !== 0 || samples.status[at]! >= 400;
}

export interface EndpointChanges {
  readonly times: readonly Window[];
  readonly errors: readonly Window[];
}

/** Windows in which the endpoint's own time, or its own errors, were others. */
export function findChanges(samples: Samples, span: { readonly from: number; readonly to: number }): EndpointChanges {
  const n = samples.count;
  if (n < 2 * SAMPLES_MIN) return { times: [], errors: [] };
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => samples.start[a]! - samples.start[b]!);
  const times = new Float64Array(n), own = new Float64Array(n), failed = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const at = order[i]!;
    times[i] = samples.start[at]!;
    own[i] = samples.own[at]!;
    if (isOwnFailure(samples, at)) failed[i] = 1;
  }
  return { times: timeWindows(times, own, span), errors: findErrorWindows(times, failed, span) };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Windows in which durations were others; in any order. */
export function findTimeWindows(times: Float64Array, durations: Float64Array, span: Span): Window[] {
  // Nearly by time is enough for the spread about the neighbours, and much cheaper than to sort.
  const length = Math.max(1, span.to - span.from), ends = new Uint32Array(BUCKETS + 1);
  const bucketOf = (time: number): number =>
    Math.min(BUCKETS - 1, Math.max(0, Math.floor((time - span.from) / length * BUCKETS)));
  for (const time of times) ends[bucketOf(time) + 1]!++;
  for (let bucket = 0; bucket < BUCKETS; bucket++) ends[bucket + 1]! += ends[bucket]!;
  const sortedTimes = new Float64Array(times.length), sortedDurations = new Float64Array(times.length);
  for (let i = 0; i < times.length; i++) {
    const at = ends[bucketOf(times[i]!)]!++;
    sortedTimes[at] = times[i]!;
    sortedDurations[at] = durations[i]!;
  }
  return timeWindows(sortedTimes, sortedDurations, span);
}

/** By their times: the spread is that about the neighbours. */
function timeWindows(times: Float64Array, durations: Float64Array, span: Span): Window[] {
  if (times.length < 2 * SAMPLES_MIN) return [];
  const logs = durations.map((each) => Math.log(Math.max(each, TIME_FLOOR_NS)));
  const spread = spreadOf(logs);
  return findWindows(times, logs, span, {
    variance: () => spread,
    differs: (usual, inside) => Math.abs(inside - usual) > TIME_CHANGE_MIN,
    samplesMin: SAMPLES_MIN,
  });
}

/** Windows in which more or fewer failed than usual; `failed` is 1 where one did. */
export function findErrorWindows(times: Float64Array, failed: Float64Array, span: Span): Window[] {
  const failures = failed.reduce((sum, each) => sum + each, 0);
  if (failures < 5 || times.length < 2 * SAMPLES_MIN) return [];
  const share = failures / times.length;
  return findWindows(times, failed, span, {
    variance: (usual) => Math.max(usual * (1 - usual), share * (1 - share)),
    differs: (usual, inside) => Math.abs(inside - usual) > ERROR_CHANGE_MIN,
    samplesMin: SAMPLES_MIN,
  }).filter((window) => evidenceOf(window, times, failed) >= EVIDENCE_MIN);
}

/**
 * Twice the logarithm of how much likelier the failures in a window are with a share of their own than with that of the
 * rest. Where failures are rare, a standard error says nothing: two out of three are many of them, and still chance.
 */
function evidenceOf(window: Window, times: Float64Array, failed: Float64Array): number {
  let inside = 0, failedInside = 0, failedOutside = 0;
  for (let i = 0; i < times.length; i++) {
    const isIn = times[i]! >= window.from && times[i]! < window.to;
    if (isIn) inside++;
    if (failed[i] === 1) isIn ? failedInside++ : failedOutside++;
  }
  const usual = (failedOutside + 0.5) / (times.length - inside + 1);
  const part = (count: number, expected: number): number => count === 0 ? 0 : count * Math.log(count / expected);
  return 2 * (part(failedInside, inside * usual) + part(inside - failedInside, inside * (1 - usual)));
}

/** Variance of one value about its neighbours, which no shift of the whole changes much. */
function spreadOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += (values[i]! - values[i - 1]!) ** 2;
  return Math.max(1e-6, sum / (2 * (values.length - 1)));
}

/** Whether a time lies in one of the windows. */
export function isInside(windows: readonly Window[], time: number): boolean {
  return windows.some(({ from, to }) => time >= from && time < to);
}

/** The own times that began in or out of windows, sorted. */
export function ownTimes(samples: Samples, keep: (time: number) => boolean): Float64Array {
  const own = new Float64Array(samples.count);
  let n = 0;
  for (let at = 0; at < samples.count; at++) {
    if (keep(samples.start[at]!) && (samples.flags[at]! & SampleFlag.interrupted) === 0) own[n++] = samples.own[at]!;
  }
  return own.slice(0, n).sort();
}

/** @param base from which the recording's times count */
export function faultsOf(
  target: string,
  samples: Samples,
  changes: EndpointChanges,
  base: number,
  usualShape: Shape | undefined,
): ImportedFault[] {
  const faults: ImportedFault[] = [];
  for (const [index, window] of changes.times.entries()) {
    const usual = ownTimes(samples, (time) => !isInside(changes.times, time));
    const inside = ownTimes(samples, (time) => time >= window.from && time < window.to);
    if (inside.length === 0) continue;
    const before = quantile(usual, 0.5), during = quantile(inside, 0.5);
    faults.push({
      name: `${target} ${during > before ? "slow" : "fast"}${suffix(index)}`,
      target,
      ...placeOf(window, base),
      effect: { kind: "latency", ...slowdown(usualShape ?? shapeOf(usual), inside) },
      evidence: `${formatCounted(inside.length, "request")}, median ${time(during)} instead of ${time(before)}; ` +
        `${sureness(window.score)}`,
    });
  }
  for (const [index, window] of changes.errors.entries()) {
    const { count, status, requests } = failuresIn(samples, (t) => t >= window.from && t < window.to);
    const usual = failuresIn(samples, (t) => !isInside(changes.errors, t));
    const usualRate = usual.count / Math.max(1, usual.requests);
    const rate = (count / Math.max(1, requests) - usualRate) / Math.max(1e-9, 1 - usualRate);
    if (rate <= 0) continue;
    faults.push({
      name: `${target} failing${suffix(index)}`,
      target,
      ...placeOf(window, base),
      effect: { kind: "errors", rate: Math.min(1, rate), status },
      evidence:
        `${formatCount(count)} of ${formatCounted(requests, "request")} failed, usually ${
          (usualRate * 100).toFixed(2)
        } %; ` +
        `${sureness(window.score)}`,
    });
  }
  return faults;
}

/** When a window is, from a base of its times on. */
export function placeOf(window: Window, base: number): { readonly at: number; readonly length: number | undefined } {
  const at = Math.max(0, roundTime(window.from - base));
  return { at, length: window.to === Infinity ? undefined : Math.max(1e8, roundTime(window.to - base) - at) };
}

/** Tells windows of one target apart, from the second on. */
export function suffix(before: number): string {
  return before === 0 ? "" : ` ${before + 1}`;
}

/** A window's score in words. */
export function sureness(score: number): string {
  return score > 400 ? "sure" : score > 100 ? "fairly sure" : "unsure";
}

/** Own failures, and the status that most of them have. 5xx go before 4xx. */
export function failuresIn(
  samples: Samples,
  keep: (time: number) => boolean,
): { readonly count: number; readonly requests: number; readonly status: number; readonly asked: number } {
  const statuses = new Map<number, number>();
  let requests = 0, asked = 0;
  for (let at = 0; at < samples.count; at++) {
    if (!keep(samples.start[at]!)) continue;
    requests++;
    if (!isOwnFailure(samples, at)) continue;
    const status = samples.status[at]! >= 400 ? samples.status[at]! : 500;
    if (status < 500) asked++;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  const count = [...statuses.values()].reduce((sum, each) => sum + each, 0);
  const servers = count - asked;
  const wanted = [...statuses].filter(([status]) => servers === 0 || status >= 500).sort((a, b) => b[1] - a[1]);
  return {
    count: servers === 0 ? asked : servers,
    requests,
    status: wanted[0]?.[0] ?? 500,
    asked: servers === 0 ? 0 : asked,
  };
}

const DRAWS = 200;

/** The simplest fault that makes of the usual time what was seen. */
function slowdown(usual: Shape, inside: Float64Array): { add: Shape | undefined; multiply: number | undefined } {
  const during = quantile(inside, 0.5), before = shapeAt(usual, 0.5);
  const distance = (of: (share: number, other: number) => number): number => {
    const drawn: number[] = [];
    // The fault draws by itself: all pairs of a coarse grid.
    for (let i = 0; i < 20; i++) for (let j = 0; j < DRAWS / 10; j++) drawn.push(of((i + 0.5) / 20, (j + 0.5) / 20));
    return ksDistance(Float64Array.from(drawn).sort(), inside);
  };
  const allowed = SIMPLE_DISTANCE_MAX + 0.5 / Math.sqrt(inside.length);
  if (before > 0) {
    const multiply = round(during / before);
    if (distance((share) => shapeAt(usual, share) * multiply) < allowed) return { add: undefined, multiply };
  }
  if (during > before) {
    const add = roundTo(during - before);
    if (distance((share) => shapeAt(usual, share) + add) < allowed) {
      return { add: { type: "constant", value: add }, multiply: undefined };
    }
    // A drawn time, whose spread is what the usual one does not explain.
    const high = quantile(inside, 0.99) - shapeAt(usual, 0.5);
    if (high > add && add > 0) {
      const drawn: Shape = { type: "lognormal", p50: add, p99: high };
      if (distance((share, other) => shapeAt(usual, share) + shapeAt(drawn, other)) < allowed) {
        return { add: drawn, multiply: undefined };
      }
    }
  }
  return { add: shapeOf(inside), multiply: REPLACED };
}

/** Whether a fault says the whole time by itself. */
export function replaces(multiply: number | undefined): boolean {
  return multiply === REPLACED;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function roundTo(ns: number): number {
  return Number(ns.toPrecision(3));
}

/** To a tenth of a second. */
function roundTime(ns: number): number {
  return Math.round(ns / 1e8) * 1e8;
}

function time(ns: number): string {
  return formatDuration(Math.round(Number(ns.toPrecision(3))) as Nanos);
}
