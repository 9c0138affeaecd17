// Finds the incident: stretches of time in which a quantity was another than before and after. Each is the stretch whose
// mean differs most, in standard errors, from that of the rest (circular binary segmentation, Olshen et al. 2004), found
// again and again in what is left.

export interface Window {
  /** In the unit of the times that were given. */
  readonly from: number;
  /** Infinity: to the end. */
  readonly to: number;
  /** Square of the difference in standard errors: 40 is no chance, however many stretches were looked at. */
  readonly score: number;
  /** Means outside and inside. */
  readonly usual: number;
  readonly inside: number;
}

export interface WindowRules {
  /** The least difference of the means that is worth a fault. */
  readonly differs: (usual: number, inside: number) => boolean;
  /** Variance of one sample. */
  readonly variance: (usual: number) => number;
  readonly samplesMin: number;
}

const BINS_MAX = 500;
const BIN_MIN_NS = 5e8;
/** The greatest score that chance reaches among a hundred thousand stretches is about 25. */
const SCORE_MIN = 40;
const WINDOWS_MAX = 6;

/**
 * @param times of the samples, in any order, nanoseconds
 * @param values one for each
 */
export function findWindows(
  times: Float64Array,
  values: Float64Array,
  span: { readonly from: number; readonly to: number },
  rules: WindowRules,
): Window[] {
  const length = span.to - span.from;
  if (times.length < 2 * rules.samplesMin || length <= 0) return [];
  const bins = Math.max(1, Math.min(BINS_MAX, Math.floor(length / BIN_MIN_NS)));
  const width = length / bins;
  const counts = new Float64Array(bins), sums = new Float64Array(bins);
  for (let i = 0; i < times.length; i++) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((times[i]! - span.from) / width)));
    counts[bin]!++;
    sums[bin]! += values[i]!;
  }
  const windows: Window[] = [];
  const taken = new Uint8Array(bins);
  while (windows.length < WINDOWS_MAX) {
    const best = bestStretch(counts, sums, taken, rules);
    if (best === undefined) break;
    let { first, last } = best;
    // What began with the recording and lasted for most of it is what was usual then: the change is what came after.
    if (first === 0 && last < bins - 1 && last + 1 > bins / 2) [first, last] = [last + 1, bins - 1];
    const from = first === 0 ? span.from : edge(times, values, span.from + first * width, width);
    const to = last === bins - 1 ? Infinity : edge(times, values, span.from + (last + 1) * width, width);
    const swapped = first !== best.first;
    windows.push({
      from,
      to,
      score: best.score,
      usual: swapped ? best.inside : best.usual,
      inside: swapped ? best.usual : best.inside,
    });
    for (let bin = first; bin <= last; bin++) counts[bin] = sums[bin] = 0;
    taken.fill(1, first, last + 1);
  }
  return merged(windows).sort((a, b) => a.from - b.from);
}

interface Stretch {
  readonly first: number;
  readonly last: number;
  readonly score: number;
  readonly usual: number;
  readonly inside: number;
}

/** A stretch never reaches over bins that are taken: windows do not lie in each other. */
function bestStretch(
  counts: Float64Array,
  sums: Float64Array,
  taken: Uint8Array,
  rules: WindowRules,
): Stretch | undefined {
  const bins = counts.length;
  const n = new Float64Array(bins + 1), s = new Float64Array(bins + 1);
  for (let i = 0; i < bins; i++) {
    n[i + 1] = n[i]! + counts[i]!;
    s[i + 1] = s[i]! + sums[i]!;
  }
  const all = n[bins]!, total = s[bins]!;
  if (all < 2 * rules.samplesMin) return undefined;
  let found: Stretch | undefined;
  let most = SCORE_MIN;
  for (let first = 0; first < bins; first++) {
    if (counts[first] === 0) continue;
    for (let end = first + 1; end <= bins && taken[end - 1] === 0; end++) {
      if (counts[end - 1] === 0) continue;
      const inside = n[end]! - n[first]!, outside = all - inside;
      if (inside < rules.samplesMin || outside < rules.samplesMin) continue;
      const here = (s[end]! - s[first]!) / inside, there = (total - s[end]! + s[first]!) / outside;
      const difference = here - there;
      const score = difference * difference / (rules.variance(there) * (1 / inside + 1 / outside));
      if (score > most && rules.differs(there, here)) {
        most = score;
        found = { first, last: end - 1, score, usual: there, inside: here };
      }
    }
  }
  return found;
}

/** Where within two bins around it the values change, sample by sample. */
function edge(times: Float64Array, values: Float64Array, around: number, width: number): number {
  const near: { time: number; value: number }[] = [];
  for (let i = 0; i < times.length; i++) {
    if (Math.abs(times[i]! - around) <= 2 * width) near.push({ time: times[i]!, value: values[i]! });
  }
  if (near.length < 4) return around;
  near.sort((a, b) => a.time - b.time);
  let total = 0;
  for (const { value } of near) total += value;
  let sum = 0, best = -1, at = around;
  for (let i = 1; i < near.length; i++) {
    sum += near[i - 1]!.value;
    const difference = sum / i - (total - sum) / (near.length - i);
    const score = difference * difference * i * (near.length - i);
    if (score > best) {
      best = score;
      at = near[i]!.time;
    }
  }
  return at;
}

/** Windows that touch and differ the same way are one; the others end where the next one begins. */
function merged(windows: readonly Window[]): Window[] {
  const sorted = [...windows].sort((a, b) => a.from - b.from);
  const result: Window[] = [];
  for (const window of sorted) {
    const last = result.at(-1);
    const gap = last === undefined ? Infinity : window.from - last.to;
    const sameWay = last !== undefined &&
      Math.sign(window.inside - window.usual) === Math.sign(last.inside - last.usual);
    if (last !== undefined && sameWay && gap <= BIN_MIN_NS * 4) {
      result[result.length - 1] = {
        ...last,
        to: Math.max(last.to, window.to),
        score: Math.max(last.score, window.score),
        inside: last.score > window.score ? last.inside : window.inside,
      };
    } else if (last === undefined || window.from >= last.to) result.push(window);
    else if (window.to > last.to) result.push({ ...window, from: last.to });
  }
  return result;
}
