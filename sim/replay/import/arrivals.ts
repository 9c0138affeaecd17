// The rate at which requests arrived, over time, as k6's stages: straight lines through the counts, as few as fit.

export interface Stage {
  /** A second. */
  readonly target: number;
  readonly duration_s: number;
}

export interface ArrivalFit {
  readonly startRate: number;
  readonly stages: readonly Stage[];
  /** Coefficient of variation of the gaps: 0 is evenly spaced, 1 random (Poisson). NaN of fewer than three. */
  readonly variation: number;
}

const BINS_MAX = 240;
const BIN_MIN_S = 1;
/** So many arrivals a bin, on average, tell a rate from chance. */
const BIN_ARRIVALS = 8;
const STAGES_MAX = 60;

/** @param times seconds from the beginning, sorted, all below `length_s` */
export function fitArrivals(times: Float64Array, length_s: number): ArrivalFit {
  const bins = Math.max(
    1,
    Math.min(BINS_MAX, Math.floor(length_s / BIN_MIN_S), Math.floor(times.length / BIN_ARRIVALS)),
  );
  const width = length_s / bins;
  const counts = new Float64Array(bins);
  for (const time of times) counts[Math.min(bins - 1, Math.floor(time / width))]!++;
  let tolerance = 1;
  let lines = fitLines(counts, tolerance);
  while (lines.length > STAGES_MAX) lines = fitLines(counts, tolerance *= 1.5);
  const stages: Stage[] = [];
  const startRate = round(lines[0]!.first / width);
  let rate = startRate, bin = 0;
  for (const { first, last, length } of lines) {
    const begin = toTenth(bin * width), end = toTenth((bin += length) * width);
    const from = round(first / width), to = round(last / width);
    // A small step between two lines is none.
    if (Math.abs(from - rate) > 0.02 * Math.max(from, rate)) stages.push({ target: from, duration_s: 0 });
    stages.push({ target: to, duration_s: Number((end - begin).toFixed(3)) });
    rate = to;
  }
  return { startRate, stages: joined(startRate, stages), variation: variationOf(times) };
}

interface Line {
  /** Counts a bin at its beginning and end. */
  readonly first: number;
  readonly last: number;
  /** In bins. */
  readonly length: number;
}

/** Takes in bins for as long as a straight line goes through them within what chance explains. */
function fitLines(counts: Float64Array, tolerance: number): Line[] {
  const lines: Line[] = [];
  for (let from = 0; from < counts.length;) {
    let line = lineThrough(counts, from, from + 1);
    let to = from + 1;
    // A few more bins may fit again where one did not.
    for (let ahead = to + 1; ahead <= Math.min(counts.length, to + 4); ahead++) {
      const longer = lineThrough(counts, from, ahead);
      const degrees = ahead - from;
      if (longer.misfit > tolerance * (degrees + 3 * Math.sqrt(2 * degrees))) continue;
      line = longer;
      to = ahead;
    }
    lines.push({ first: line.first, last: line.last, length: to - from });
    from = to;
  }
  return lines;
}

/** By least squares; level where the slope may be chance. Chi-square of the counts about it as their misfit. */
function lineThrough(counts: Float64Array, from: number, to: number): Line & { readonly misfit: number } {
  const n = to - from;
  let sum = 0, moment = 0;
  for (let i = 0; i < n; i++) {
    sum += counts[from + i]!;
    moment += counts[from + i]! * (i - (n - 1) / 2);
  }
  const mean = sum / n;
  const spread = n * (n * n - 1) / 12;
  let slope = n > 2 ? moment / spread : 0;
  // Standard error of the slope of Poisson counts; and a line never goes below 0.
  if (Math.abs(slope) < 3 * Math.sqrt(Math.max(mean, 0.1) / Math.max(spread, 1))) slope = 0;
  if (mean - Math.abs(slope) * n / 2 < 0) slope = Math.sign(slope) * 2 * mean / n;
  let misfit = 0;
  for (let i = 0; i < n; i++) {
    const expected = mean + slope * (i - (n - 1) / 2);
    misfit += (counts[from + i]! - expected) ** 2 / Math.max(expected, 0.5);
  }
  return { first: mean - slope * n / 2, last: mean + slope * n / 2, length: n, misfit };
}

/** Level stages of one rate are one. */
function joined(startRate: number, stages: readonly Stage[]): Stage[] {
  const result: Stage[] = [];
  let rate = startRate, isLevel = false;
  for (const stage of stages) {
    const last = result.at(-1);
    if (last !== undefined && isLevel && stage.target === rate && stage.duration_s > 0) {
      result[result.length - 1] = { target: rate, duration_s: last.duration_s + stage.duration_s };
      continue;
    }
    isLevel = stage.target === rate && stage.duration_s > 0;
    rate = stage.target;
    result.push(stage);
  }
  return result;
}

function variationOf(times: Float64Array): number {
  if (times.length < 4) return NaN;
  // Against the local mean, so that a ramp is no variation: of pairs of neighbouring gaps.
  let squares = 0, pairs = 0;
  for (let i = 2; i < times.length; i++) {
    const first = times[i - 1]! - times[i - 2]!, second = times[i]! - times[i - 1]!;
    const mean = (first + second) / 2;
    if (mean <= 0) continue;
    squares += ((first - second) / 2 / mean) ** 2;
    pairs++;
  }
  // Two exponential gaps give 1/3 on average.
  return pairs === 0 ? NaN : Math.sqrt(3 * squares / pairs);
}

/** Boundaries of stages stand at tenths of a second. */
function toTenth(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}

function round(rate: number): number {
  return Number(Math.max(0, rate).toPrecision(4));
}
