// A distribution of durations in bounded memory: a log-linear histogram, exact in count, sum, least and greatest value,
// and with every percentile off by at most 0.4 %. Histograms of the same run can be merged.

import type { Aggregation } from "../objectives/threshold.ts";
import type { Instrument } from "./instrument.ts";

/** Each doubling of the value has so many buckets. */
const BUCKETS_PER_OCTAVE = 128;

/**
 * How far a percentile may be from the sample that it stands for, as a share of it: a bucket is at most 1/128 of its lower
 * end wide, and its middle stands for all of it.
 */
export const TREND_ERROR_MAX = 1 / (2 * BUCKETS_PER_OCTAVE);

/** Durations up to 2^53 ns; an array is never longer than this, which is 54 KiB. */
const BUCKETS_MAX = 53 * BUCKETS_PER_OCTAVE + 1;

// The exponent and the first 7 bits of the mantissa of a 64-bit float, read as one integer, number the buckets.
const FLOAT = new Float64Array(1);
const WORDS = new Uint32Array(FLOAT.buffer);
FLOAT[0] = 1;
const HIGH_WORD = WORDS[1] === 0x3ff00000 ? 1 : 0;
const SHIFT = 20 - Math.log2(BUCKETS_PER_OCTAVE);
const BUCKET_OF_ONE = WORDS[HIGH_WORD]! >>> SHIFT;

const NONE = new Float64Array(0);
const NS_PER_MS = 1e6;

/** Takes whole nanoseconds; answers in milliseconds, k6's unit. */
export class Trend implements Instrument {
  readonly type = "trend";
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;
  #zeros = 0;
  /** Counts of the buckets from `#first` on; as long as the values need. */
  #buckets = NONE;
  #first = 0;

  get empty(): boolean {
    return this.#count === 0;
  }

  get count(): number {
    return this.#count;
  }

  /** Milliseconds; the statistics below are NaN without samples. */
  get sum(): number {
    return this.#sum / NS_PER_MS;
  }

  get avg(): number {
    return this.#sum / this.#count / NS_PER_MS;
  }

  get min(): number {
    return this.empty ? NaN : this.#min / NS_PER_MS;
  }

  get max(): number {
    return this.empty ? NaN : this.#max / NS_PER_MS;
  }

  get med(): number {
    return this.percentile(50);
  }

  /**
   * Adds a duration of whole nanoseconds.
   * @throws RangeError when it is negative or not a number
   */
  add(duration_ns: number): void {
    if (!(duration_ns >= 0)) throw new RangeError(`A duration must be 0 or more: current value is ${duration_ns}`);
    this.#count++;
    this.#sum += duration_ns;
    if (duration_ns < this.#min) this.#min = duration_ns;
    if (duration_ns > this.#max) this.#max = duration_ns;
    if (duration_ns < 1) {
      this.#zeros++;
      return;
    }
    FLOAT[0] = duration_ns;
    const bucket = (WORDS[HIGH_WORD]! >>> SHIFT) - BUCKET_OF_ONE;
    const index = bucket - this.#first;
    if (index >= 0 && index < this.#buckets.length) this.#buckets[index]!++;
    else this.#addBeyond(Math.min(bucket, BUCKETS_MAX - 1));
  }

  /** Adds all samples of another trend. The error does not grow. */
  merge(other: Trend): void {
    if (other.empty) return;
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#zeros += other.#zeros;
    if (other.#buckets.length === 0) return;
    this.#cover(other.#first);
    this.#cover(other.#first + other.#buckets.length - 1);
    const shift = other.#first - this.#first;
    for (let i = 0; i < other.#buckets.length; i++) this.#buckets[shift + i]! += other.#buckets[i]!;
  }

  /**
   * The value at rank N/100 · (count − 1) of the sorted samples, interpolated between the two next to it, as k6 does;
   * each of them off by at most TREND_ERROR_MAX.
   * @param percentile from 0 to 100
   */
  percentile(percentile: number): number {
    if (this.empty) return NaN;
    const rank = (percentile / 100) * (this.#count - 1);
    const below = Math.floor(rank);
    const lower = this.#valueAt(below);
    const share = rank - below;
    return (share === 0 ? lower : lower + (this.#valueAt(below + 1) - lower) * share) / NS_PER_MS;
  }

  aggregate(aggregation: Aggregation): number | undefined {
    if (this.empty) return undefined;
    switch (aggregation.type) {
      case "percentile":
        return this.percentile(aggregation.percentile);
      case "avg":
      case "min":
      case "max":
      case "med":
      case "count":
        return this[aggregation.type];
      default:
        return undefined;
    }
  }

  #addBeyond(bucket: number): void {
    this.#cover(bucket);
    this.#buckets[bucket - this.#first]!++;
  }

  /** Makes room for a bucket, in whole octaves. */
  #cover(bucket: number): void {
    const octave = bucket - bucket % BUCKETS_PER_OCTAVE;
    const end = this.#first + this.#buckets.length;
    if (this.#buckets.length === 0) {
      this.#first = octave;
      this.#buckets = new Float64Array(BUCKETS_PER_OCTAVE);
    } else if (bucket < this.#first) {
      const larger = new Float64Array(end - octave);
      larger.set(this.#buckets, this.#first - octave);
      this.#buckets = larger;
      this.#first = octave;
    } else if (bucket >= end) {
      const larger = new Float64Array(octave + BUCKETS_PER_OCTAVE - this.#first);
      larger.set(this.#buckets);
      this.#buckets = larger;
    }
  }

  /** The sample of a rank from 0 to count − 1, in nanoseconds. */
  #valueAt(rank: number): number {
    if (rank <= 0) return this.#min;
    if (rank >= this.#count - 1) return this.#max;
    let seen = this.#zeros;
    if (rank < seen) return 0;
    for (let i = 0; i < this.#buckets.length; i++) {
      seen += this.#buckets[i]!;
      if (rank < seen) return Math.min(this.#max, Math.max(this.#min, middleOf(this.#first + i)));
    }
    return this.#max;
  }
}

/** The middle of the whole nanoseconds that fall into a bucket; exact while buckets are narrower than two of them. */
function middleOf(bucket: number): number {
  const octave = 2 ** Math.floor(bucket / BUCKETS_PER_OCTAVE);
  const width = octave / BUCKETS_PER_OCTAVE;
  const lower = octave + (bucket % BUCKETS_PER_OCTAVE) * width;
  const first = Math.ceil(lower), last = Math.ceil(lower + width) - 1;
  return (first + last) / 2;
}
