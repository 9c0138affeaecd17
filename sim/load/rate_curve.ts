// A rate that changes in straight lines, its exact integral, and the start times that are the inverse of that integral.

import { type Nanos, nanos, SECOND } from "../base/time.ts";
import type { Stage } from "./executor.ts";
import type { Arrivals } from "./load.ts";

/**
 * A stage that takes time. The integral of the rate from the start of the curve is held as a whole number and a fraction
 * of an iteration, so that after 24 hours at any rate a start is as exact as the first one.
 */
interface Segment {
  readonly start: number;
  readonly end: number;
  /** Rates in iterations a nanosecond. */
  readonly from: number;
  readonly to: number;
  readonly wholeStart: number;
  readonly fractionStart: number;
  readonly wholeEnd: number;
  readonly fractionEnd: number;
}

export class RateCurve {
  readonly length: Nanos;
  /** The integral of the rate: how many iterations it asks for, to double precision. */
  readonly integral: number;
  readonly #segments: readonly Segment[];
  /** The number of the last even start: the integral must reach it before `length`. */
  readonly #lastEven: number;

  /** @param timeUnit what the rates refer to */
  constructor(startRate: number, stages: readonly Stage[], timeUnit: Nanos) {
    const segments: Segment[] = [];
    const exact = new ExactIntegral([startRate, ...stages.map((stage) => stage.target)], timeUnit);
    let time = 0;
    let from = startRate;
    let busyUntil = 0;
    for (const { target: to, duration } of stages) {
      if (duration > 0) {
        const start = time, wholeStart = exact.whole, fractionStart = exact.fraction;
        exact.add(duration, from, to);
        time += duration;
        segments.push({
          start,
          end: time,
          from: from / timeUnit,
          to: to / timeUnit,
          wholeStart,
          fractionStart,
          wholeEnd: exact.whole,
          fractionEnd: exact.fraction,
        });
        if (from > 0 || to > 0) busyUntil = time;
      }
      from = to;
    }
    this.length = time as Nanos;
    this.integral = exact.whole + exact.fraction;
    this.#segments = segments;
    this.#lastEven = exact.isWhole && busyUntil === time ? exact.whole - 1 : exact.whole;
  }

  /** Iterations a second at this time; a stage begins with its first instant. */
  rateAt(time: Nanos): number {
    const segment = time < 0 ? undefined : this.#segments.find(({ end }) => time < end);
    if (segment === undefined) return 0;
    const { start, end, from, to } = segment;
    return (from + (to - from) * ((time - start) / (end - start))) * SECOND;
  }

  /** How many starts `evenArrivals(first)` gives. */
  evenCount(first: 0 | 1): number {
    return Math.max(0, this.#lastEven - first + 1);
  }

  /**
   * Starts number k at the time at which the integral of the rate is k, for k from `first` up to `length`, excluded: an
   * iteration that is due when the load ends does not start.
   */
  evenArrivals(first: 0 | 1): Arrivals {
    return new EvenArrivals(this.#segments, first, this.#lastEven, this.length);
  }

  /** A Poisson process of this rate: a unit-rate process, mapped by the inverse of the integral. */
  poissonArrivals(draw: (n: number) => number): Arrivals {
    return new PoissonArrivals(this.#segments, this.length, draw);
  }
}

/**
 * Sums areas under straight lines without rounding. Rates count as the decimals that were written, so that 0.3 a second
 * for 10 s is 3, and not a little less.
 */
class ExactIntegral {
  whole = 0;
  fraction = 0;
  isWhole = true;
  readonly #places: number;
  readonly #denominator: bigint;
  #numerator = 0n;

  constructor(rates: readonly number[], timeUnit: Nanos) {
    this.#places = Math.max(...rates.map((rate) => decimalOf(rate).places));
    // The area of a trapezoid is half of its length times the sum of its sides.
    this.#denominator = 2n * BigInt(timeUnit) * 10n ** BigInt(this.#places);
  }

  add(duration: Nanos, from: number, to: number): void {
    this.#numerator += BigInt(duration) * (this.#scaled(from) + this.#scaled(to));
    const rest = this.#numerator % this.#denominator;
    this.whole = Number(this.#numerator / this.#denominator);
    this.fraction = Number((rest << 60n) / this.#denominator) / 2 ** 60;
    this.isWhole = rest === 0n;
  }

  #scaled(rate: number): bigint {
    const { digits, places } = decimalOf(rate);
    return digits * 10n ** BigInt(this.#places - places);
  }
}

/** The shortest decimal that reads as this number: digits / 10^places. */
function decimalOf(value: number): { digits: bigint; places: number } {
  const [mantissa = "0", exponent = "0"] = String(value).split("e");
  const [whole = "0", decimals = ""] = mantissa.split(".");
  const places = decimals.length - Number(exponent);
  const digits = BigInt(whole + decimals);
  return places >= 0 ? { digits, places } : { digits: digits * 10n ** BigInt(-places), places: 0 };
}

/**
 * When the integral is `whole + fraction`, which lies in this segment. The root of a·t² / 2 + from·t = area in the form
 * that subtracts nothing, taken from the end at which the rate is lower, so that it is as exact near a rate of 0.
 */
function timeIn(segment: Segment, whole: number, fraction: number): number {
  const { start, end, from, to } = segment;
  if (from <= to) {
    const area = whole - segment.wholeStart + (fraction - segment.fractionStart);
    if (area <= 0) return start;
    if (from === to) return start + area / from;
    return start + 2 * area / (from + Math.sqrt(from * from + 2 * area * ((to - from) / (end - start))));
  }
  const area = segment.wholeEnd - whole + (segment.fractionEnd - fraction);
  return area <= 0 ? end : end - 2 * area / (to + Math.sqrt(to * to + 2 * area * ((from - to) / (end - start))));
}

class EvenArrivals implements Arrivals {
  readonly #segments: readonly Segment[];
  readonly #last: number;
  readonly #latest: number;
  #number: number;
  #index = 0;
  #time = 0;

  constructor(segments: readonly Segment[], first: number, last: number, length: Nanos) {
    this.#segments = segments;
    this.#number = first;
    this.#last = last;
    this.#latest = length - 1;
  }

  next(): Nanos {
    const number = this.#number;
    if (number > this.#last) return Infinity as Nanos;
    this.#number = number + 1;
    let segment = this.#segments[this.#index]!;
    while (number > segment.wholeEnd) segment = this.#segments[++this.#index]!;
    // Neither rounding may put a start before the one that it follows, or where the load has ended.
    const time = nanos(timeIn(segment, number, 0));
    this.#time = time < this.#time ? this.#time : time > this.#latest ? this.#latest : time;
    return this.#time as Nanos;
  }
}

class PoissonArrivals implements Arrivals {
  readonly #segments: readonly Segment[];
  readonly #latest: number;
  readonly #draw: (n: number) => number;
  #draws = 0;
  #whole = 0;
  #fraction = 0;
  #index = 0;
  #time = 0;

  constructor(segments: readonly Segment[], length: Nanos, draw: (n: number) => number) {
    this.#segments = segments;
    this.#latest = length - 1;
    this.#draw = draw;
  }

  next(): Nanos {
    if (this.#index >= this.#segments.length) return Infinity as Nanos;
    // The sum keeps its whole part apart: what is added is never rounded to more than 2^-52 of itself.
    const sum = this.#fraction - Math.log(this.#draw(this.#draws++));
    const carry = Math.floor(sum);
    const whole = this.#whole += carry;
    const fraction = this.#fraction = sum - carry;
    let segment = this.#segments[this.#index]!;
    while (whole > segment.wholeEnd || (whole === segment.wholeEnd && fraction >= segment.fractionEnd)) {
      if (++this.#index >= this.#segments.length) return Infinity as Nanos;
      segment = this.#segments[this.#index]!;
    }
    const time = nanos(timeIn(segment, whole, fraction));
    this.#time = time < this.#time ? this.#time : time > this.#latest ? this.#latest : time;
    return this.#time as Nanos;
  }
}
