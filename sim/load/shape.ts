// The shape of a rate: a day's curve, the days of a week, and bursts. It becomes stages between knots, at which it is
// exact; the cosine of the day between them is within 0.1 % of its peak.

import type { Diagnostics } from "../base/diagnostics.ts";
import {
  type Decoded,
  duration,
  listOf,
  number,
  optional,
  record,
  required,
  withDefault,
  writeDuration,
  wrong,
} from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { DAY, formatDuration, type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { nodeAt, type Stage } from "./executor.ts";

/** A chord of a cosine of amplitude A over 1/n of its period is off by A (2π/n)² / 8: 0.03 % of the peak. */
const DAY_PIECES = 96;
/** A ramp times the day's curve is no straight line: cut into so many, it is off by less than 0.1 % of the peak. */
const RAMP_PIECES = 8;
/** Each is some hundred bytes; a burst every minute of a week makes a third of it. */
const KNOTS_MAX = 100_000;
/** Digits of a rate, so that no platform's cosine makes another one. */
const RATE_DIGITS = 9;
const WEEK_DAYS = 7;

const length = duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX });
const moment = duration({ max: RUN_LENGTH_MAX });

const dayField = record("a day", {
  low: required(number({ min: 0 }), "Iterations in each timeUnit when it is quietest, half a period from the peak."),
  high: required(number({ above: 0 }), "Iterations in each timeUnit at the peak."),
  peak: required(moment, "When the rate is highest, from the start of the day.", "peak: 20h"),
  period: withDefault(length, DAY, "How long a day is.", "24h"),
});

const burstField = record("a burst", {
  at: withDefault(moment, 0 as Nanos, "When it begins, from the start of the day or of each `every`.", "0s"),
  every: optional(length, "How often it comes, a whole number of times a day. Once a day if left out."),
  for: required(length, "How long it lasts, its ramps included.", "for: 10m"),
  times: required(number({ min: 0 }), "What the rate is multiplied by; where bursts overlap, by each.", "times: 3"),
  ramp: withDefault(moment, 0 as Nanos, "How long it takes to rise; it falls as long before its end.", "0s"),
});
type Burst = Decoded<typeof burstField.properties>;

export const shapeField = record("a shape", {
  rate: optional(number({ above: 0 }), "Iterations in each timeUnit all day, in place of `day`."),
  day: optional(dayField, "A cosine from low to high and back. The scenario starts with the start of a day."),
  week: optional(
    listOf(number({ min: 0 }), "a list of 7 factors", { min: WEEK_DAYS, sizeMax: WEEK_DAYS }),
    "What the rate of each of 7 days is multiplied by, the day on which the scenario starts first.",
  ),
  bursts: withDefault(listOf(burstField, "a list of bursts", { sizeMax: 100 }), [], "What comes on top.", "none"),
}, { instead: () => "shape: { day: { low: 20, high: 200, peak: 20h } }" });
export type Shape = Decoded<typeof shapeField.properties>;

/** Diagnoses everything in a shape that does not fit together. Gives whether it is well. */
export function checkShape({ rate, day, week, bursts }: Shape, node: Node, diagnostics: Diagnostics): boolean {
  const before = diagnostics.count;
  const say = (path: readonly (string | number)[], message: string, hint: string): void => {
    wrong(nodeAt(node, ...path), message, diagnostics, hint);
  };
  if (rate === undefined && day === undefined) {
    say([], "the shape has neither a day nor a rate", "write day: { low: 20, high: 200, peak: 20h }, or rate: 50");
  }
  if (rate !== undefined && day !== undefined) {
    say(["rate"], '"rate" and "day" exclude each other', "leave one of them out");
  }
  if (day !== undefined) {
    if (day.low > day.high) say(["day", "low"], `low ${day.low} is above high ${day.high}`, `at most ${day.high}`);
    if (day.peak >= day.period) {
      const period = formatDuration(day.period);
      say(["day", "peak"], `the peak lies outside the day of ${period}`, `less than ${period}`);
    }
  }
  if (week?.every((factor) => factor === 0)) {
    say(["week"], "all factors of the week are 0", "without a rate no iteration ever starts");
  }
  const period = day?.period ?? DAY;
  bursts.forEach((burst, index) => checkBurst(burst, period, (key, ...rest) => say(["bursts", index, key], ...rest)));
  if (diagnostics.count > before) return false;
  const knots = knotsOf({ rate, day, week, bursts }, period);
  if (knots > KNOTS_MAX) {
    say(["bursts"], `the bursts make a curve of ${knots} pieces`, `at most ${KNOTS_MAX}: let them come less often`);
  }
  const total = period * (week === undefined ? 1 : WEEK_DAYS);
  if (total > RUN_LENGTH_MAX) {
    const most = formatDuration(RUN_LENGTH_MAX);
    say(["day", "period"], `the shape takes ${formatDuration(total as Nanos)}`, `a run lasts at most ${most}`);
  }
  return diagnostics.count === before;
}

function checkBurst(
  { at, every, for: lasting, ramp }: Burst,
  period: Nanos,
  say: (key: string, message: string, hint: string) => void,
): void {
  const span = every ?? period;
  const what = every === undefined ? `the day of ${formatDuration(period)}` : `every ${formatDuration(every)}`;
  if (period % span !== 0) {
    const fitting = Math.ceil(period / span);
    const near = (period / fitting) as Nanos;
    const hint = Number.isInteger(near) ? `write every: ${writeDuration(near)}` : "let it divide the day";
    say("every", `bursts every ${formatDuration(span)} do not fill ${formatDuration(period)} evenly`, hint);
  }
  if (at >= span) say("at", `${formatDuration(at)} lies outside ${what}`, `less than ${formatDuration(span)}`);
  if (lasting > span) {
    say("for", `a burst of ${formatDuration(lasting)} does not fit into ${what}`, `at most ${formatDuration(span)}`);
  }
  if (ramp * 2 > lasting) {
    const most = writeDuration(Math.floor(lasting / 2) as Nanos);
    say(
      "ramp",
      `a ramp of ${formatDuration(ramp)} up and down does not fit into ${formatDuration(lasting)}`,
      `ramp is at most half of for: ${most}`,
    );
  }
}

/** At most so many. */
function knotsOf({ day, week, bursts }: Shape, period: Nanos): number {
  const ofBursts = bursts.reduce((sum, burst) => sum + period / (burst.every ?? period) * edgesOf(burst).length, 0);
  return ((day === undefined ? 1 : DAY_PIECES) + ofBursts) * (week === undefined ? 1 : WEEK_DAYS);
}

/** When, from its beginning, a burst's factor ceases to be the line that it was, or is cut for the sake of the day. */
function edgesOf({ for: lasting, ramp }: Burst): number[] {
  if (ramp === 0) return [0, lasting];
  const steps = Array.from({ length: RAMP_PIECES + 1 }, (_, i) => Math.round(ramp * i / RAMP_PIECES));
  return [...steps, ...steps.map((step) => lasting - ramp + step)];
}

/** The stages of a shape that is well, once; they are to come again and again, each time from the start. */
export function shapeStages(shape: Shape): { readonly startRate: number; readonly stages: readonly Stage[] } {
  const { rate = 0, day, week = [1], bursts } = shape;
  const period = day?.period ?? DAY;
  const knots = dayKnots(shape, period);
  const base = (time: number): number =>
    day === undefined
      ? rate
      : (day.high + day.low) / 2 + (day.high - day.low) / 2 * Math.cos(2 * Math.PI * (time - day.peak) / period);
  const stages: Stage[] = [];
  let before = NaN, startRate = 0;
  for (const factor of week) {
    for (let i = 0; i + 1 < knots.length; i++) {
      const start = knots[i]!, end = knots[i + 1]!;
      const product = (time: number): number =>
        bursts.reduce((sum, burst) => sum * timesAt(burst, burst.every ?? period, time, (start + end) / 2), base(time));
      const from = rounded(product(start) * factor), to = rounded(product(end) * factor);
      if (stages.length === 0) startRate = from;
      else if (from !== before) stages.push({ target: from, duration: 0 as Nanos });
      stages.push({ target: to, duration: (end - start) as Nanos });
      before = to;
    }
  }
  return { startRate, stages };
}

/** Where the lines of a day meet, in order, its start and its end included. */
function dayKnots({ day, bursts }: Shape, period: Nanos): number[] {
  const knots = new Set<number>([0, period]);
  for (let i = 1; day !== undefined && i < DAY_PIECES; i++) knots.add(Math.round(period * i / DAY_PIECES));
  if (day !== undefined) {
    // The curve reaches both its ends.
    knots.add(day.peak);
    knots.add((day.peak + Math.round(period / 2)) % period);
  }
  for (const burst of bursts) {
    const edges = edgesOf(burst);
    for (let start: number = burst.at; start < period + burst.at; start += burst.every ?? period) {
      for (const edge of edges) knots.add((start + edge) % period);
    }
  }
  return [...knots].sort((a, b) => a - b);
}

/** A burst's factor at one end of a piece; `within` lies in the piece, and says on which side of a jump it is. */
function timesAt({ at, for: lasting, times, ramp }: Burst, span: number, time: number, within: number): number {
  const begun = within - positive(within - at, span);
  if (within - begun >= lasting) return 1;
  const since = time - begun;
  const strength = ramp === 0 ? 1 : Math.max(0, Math.min(1, since / ramp, (lasting - since) / ramp));
  return 1 + (times - 1) * strength;
}

/** The remainder from 0 up to the divisor. */
function positive(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

function rounded(rate: number): number {
  return Number(rate.toPrecision(RATE_DIGITS));
}
