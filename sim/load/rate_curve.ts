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

/**
 * A rate in stages, which come again and again for as long as the curve is: each cycle begins with the start rate. What a
 * cycle leaves of an iteration is carried over into the next as an exact fraction, and cycles begin at whole nanoseconds,
 * so that nothing drifts, however many there are; they are worked out one at a time.
 */
export class RateCurve {
  readonly length: Nanos;
  /** The integral of the rate: how many iterations it asks for, to double precision. */
  readonly integral: number;
  readonly #cycle: Cycle;
  /** The number of the last even start: the integral must reach it before `length`. */
  readonly #lastEven: number;

  /**
   * @param timeUnit what the rates refer to
   * @param lengthOf gives the length of the whole, of that of a cycle; if left out, it is one cycle
   */
  constructor(
    startRate: number,
    stages: readonly Stage[],
    timeUnit: Nanos,
    lengthOf: (cycle: Nanos) => Nanos = (cycle) => cycle,
  ) {
    this.#cycle = new Cycle(startRate, stages, timeUnit);
    this.length = lengthOf(this.#cycle.length);
    const end = this.#cycle.integralAt(this.length);
    this.integral = Number(end.whole) + end.fraction;
    // One that is due when the load ends does not start.
    this.#lastEven = Number(end.isWhole && end.rising ? end.whole - 1n : end.whole);
  }

  /** The length of a cycle; undefined when there is but one. */
  get cycle(): Nanos | undefined {
    return this.#cycle.length < this.length ? this.#cycle.length : undefined;
  }

  /** Iterations a second at this time; a stage begins with its first instant. */
  rateAt(time: Nanos): number {
    if (!(time >= 0 && time < this.length)) return 0;
    const local = time % this.#cycle.length;
    const segment = this.#cycle.segmentAt(local);
    if (segment === undefined) return 0;
    const { start, end, from, to } = segment;
    return (from + (to - from) * ((local - start) / (end - start))) * SECOND;
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
    return new EvenArrivals(this.#cycle, first, this.#lastEven, this.length);
  }

  /** A Poisson process of this rate: a unit-rate process, mapped by the inverse of the integral. */
  poissonArrivals(draw: (n: number) => number): Arrivals {
    return new PoissonArrivals(this.#cycle, this.length, draw);
  }
}

/** An integral of the rate. */
interface Area {
  readonly whole: bigint;
  readonly fraction: number;
  readonly isWhole: boolean;
  /** Whether the rate is above 0 just before. */
  readonly rising: boolean;
}

/** The stages once, and their exact integral. */
class Cycle {
  readonly length: Nanos;
  readonly segments: readonly Segment[];
  /** Iterations in a cycle: numerator / denominator. */
  readonly numerator: bigint;
  readonly denominator: bigint;
  /** Numerators of the integral at the start of each segment, and its rates as scaled decimals. */
  readonly #exactSegments: readonly { readonly before: bigint; readonly from: bigint; readonly to: bigint }[];

  constructor(startRate: number, stages: readonly Stage[], timeUnit: Nanos) {
    const exact = new ExactIntegral([startRate, ...stages.map((stage) => stage.target)], timeUnit);
    const segments: Segment[] = [];
    const exactSegments: { before: bigint; from: bigint; to: bigint }[] = [];
    let time = 0;
    let from = startRate;
    for (const { target: to, duration } of stages) {
      if (duration > 0) {
        const start = time, wholeStart = exact.whole, fractionStart = exact.fraction;
        exactSegments.push({ before: exact.numerator, from: exact.scaled(from), to: exact.scaled(to) });
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
      }
      from = to;
    }
    this.length = time as Nanos;
    this.segments = segments;
    this.numerator = exact.numerator;
    this.denominator = exact.denominator;
    this.#exactSegments = exactSegments;
  }

  /** The segment that holds this time of the cycle. */
  segmentAt(local: number): Segment | undefined {
    return this.segments[this.#indexAt(local)];
  }

  #indexAt(local: number): number {
    let low = 0, high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.segments[middle]!.end <= local) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The integral from the start of the first cycle. */
  integralAt(time: Nanos): Area {
    if (this.segments.length === 0) return { whole: 0n, fraction: 0, isWhole: true, rising: false };
    // The end of a cycle counts as that, not as the start of the next.
    const cycles = Math.max(0, Math.ceil(time / this.length) - 1);
    const local = time - cycles * this.length;
    const index = Math.min(this.#indexAt(local - 1), this.segments.length - 1);
    const { start, end } = this.segments[index]!;
    const { before, from, to } = this.#exactSegments[index]!;
    const length = BigInt(end - start), part = BigInt(local - start);
    const denominator = this.denominator * length;
    const inSegment = part * (2n * from * length + (to - from) * part);
    const area = (BigInt(cycles) * this.numerator + before) * length + inSegment;
    const rest = area % denominator;
    return {
      whole: area / denominator,
      fraction: fractionOf(rest, denominator),
      isWhole: rest === 0n,
      rising: from > 0n || to > 0n,
    };
  }

  /** The number of the cycle in which the integral first reaches this number. The cycle's integral is above 0. */
  ofNumber(number: number): number {
    return number === 0 ? 0 : Number((BigInt(number) * this.denominator - 1n) / this.numerator);
  }

  /** The number of the cycle in which the integral passes this value. The cycle's integral is above 0. */
  ofValue(whole: number, fraction: number): number {
    const scaled = (BigInt(whole) << 60n) + BigInt(Math.floor(fraction * 2 ** 60));
    return Number(scaled * this.denominator / (this.numerator << 60n));
  }

  /** The integral at the end of this cycle, rounded down. */
  lastNumberOf(cycle: number): number {
    return Number(BigInt(cycle + 1) * this.numerator / this.denominator);
  }

  /** What is left of a whole number when the integral up to this cycle is taken away. */
  restOf(number: number, cycle: number): { whole: number; fraction: number } {
    const rest = BigInt(number) * this.denominator - BigInt(cycle) * this.numerator;
    // Below 0 it is rounded down, like any other.
    const whole = rest >= 0n ? rest / this.denominator : -((this.denominator - 1n - rest) / this.denominator);
    return { whole: Number(whole), fraction: fractionOf(rest - whole * this.denominator, this.denominator) };
  }
}

/** numerator / denominator, from 0 to 1, to 2^-60. */
function fractionOf(numerator: bigint, denominator: bigint): number {
  return Number((numerator << 60n) / denominator) / 2 ** 60;
}

/**
 * Sums areas under straight lines without rounding. Rates count as the decimals that were written, so that 0.3 a second
 * for 10 s is 3, and not a little less.
 */
class ExactIntegral {
  whole = 0;
  fraction = 0;
  numerator = 0n;
  readonly denominator: bigint;
  readonly #places: number;

  constructor(rates: readonly number[], timeUnit: Nanos) {
    this.#places = rates.reduce((most, rate) => Math.max(most, decimalOf(rate).places), 0);
    // The area of a trapezoid is half of its length times the sum of its sides.
    this.denominator = 2n * BigInt(timeUnit) * 10n ** BigInt(this.#places);
  }

  add(duration: Nanos, from: number, to: number): void {
    this.numerator += BigInt(duration) * (this.scaled(from) + this.scaled(to));
    this.whole = Number(this.numerator / this.denominator);
    this.fraction = fractionOf(this.numerator % this.denominator, this.denominator);
  }

  /** A rate in units of 10^-places. */
  scaled(rate: number): bigint {
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
  readonly #cycle: Cycle;
  readonly #last: number;
  readonly #latest: number;
  #number: number;
  /** The last number in the cycle that has been reached, and what the numbers are there: less `#before`, and a fraction. */
  #lastInCycle = -1;
  #before = 0;
  #fraction = 0;
  #cycleStart = 0;
  #index = 0;
  #time = 0;

  constructor(cycle: Cycle, first: number, last: number, length: Nanos) {
    this.#cycle = cycle;
    this.#number = first;
    this.#last = last;
    this.#latest = length - 1;
  }

  next(): Nanos {
    const number = this.#number;
    if (number > this.#last) return Infinity as Nanos;
    this.#number = number + 1;
    if (number > this.#lastInCycle) this.#enterCycleOf(number);
    const { segments } = this.#cycle;
    const whole = number - this.#before, fraction = this.#fraction;
    let segment = segments[this.#index]!;
    while (whole > segment.wholeEnd || (whole === segment.wholeEnd && fraction > segment.fractionEnd)) {
      segment = segments[++this.#index]!;
    }
    // Neither rounding may put a start before the one that it follows, or where the load has ended.
    const time = this.#cycleStart + nanos(timeIn(segment, whole, fraction));
    this.#time = time < this.#time ? this.#time : time > this.#latest ? this.#latest : time;
    return this.#time as Nanos;
  }

  #enterCycleOf(number: number): void {
    if (this.#cycle.numerator === 0n) {
      this.#lastInCycle = number;
      return;
    }
    const cycle = this.#cycle.ofNumber(number);
    const { whole, fraction } = this.#cycle.restOf(number, cycle);
    this.#lastInCycle = this.#cycle.lastNumberOf(cycle);
    this.#before = number - whole;
    this.#fraction = fraction;
    this.#cycleStart = cycle * this.#cycle.length;
    this.#index = 0;
  }
}

class PoissonArrivals implements Arrivals {
  readonly #cycle: Cycle;
  readonly #length: number;
  readonly #draw: (n: number) => number;
  #draws = 0;
  #whole = 0;
  #fraction = 0;
  #ended: boolean;
  /** The integral up to the cycle that has been reached: the start of that lies there. */
  #wholeBefore = 0;
  #fractionBefore = 0;
  #cycleStart = 0;
  #index = 0;
  #time = 0;

  constructor(cycle: Cycle, length: Nanos, draw: (n: number) => number) {
    this.#cycle = cycle;
    this.#length = length;
    this.#draw = draw;
    this.#ended = cycle.segments.length === 0;
  }

  next(): Nanos {
    if (this.#ended) return Infinity as Nanos;
    // The sum keeps its whole part apart: what is added is never rounded to more than 2^-52 of itself.
    const sum = this.#fraction - Math.log(this.#draw(this.#draws++));
    const carry = Math.floor(sum);
    this.#whole += carry;
    this.#fraction = sum - carry;
    const time = this.#cycle.numerator === 0n ? Infinity : this.#timeOfSum();
    if (time >= this.#length) {
      this.#ended = true;
      return Infinity as Nanos;
    }
    const latest = this.#length - 1, rounded = nanos(time);
    this.#time = rounded < this.#time ? this.#time : rounded > latest ? latest : rounded;
    return this.#time as Nanos;
  }

  /** When the integral is the sum, not rounded. */
  #timeOfSum(): number {
    const { segments } = this.#cycle;
    for (let entered = false;; entered = true) {
      let whole = this.#whole - this.#wholeBefore, fraction = this.#fraction - this.#fractionBefore;
      if (fraction < 0) {
        whole--;
        fraction++;
      }
      for (; this.#index < segments.length; this.#index++) {
        const segment = segments[this.#index]!;
        if (whole < segment.wholeEnd || (whole === segment.wholeEnd && fraction < segment.fractionEnd)) {
          return this.#cycleStart + timeIn(segment, whole, fraction);
        }
      }
      // Rounding may show the sum at the very end of the cycle that it has been found to lie in.
      if (entered) return this.#cycleStart + this.#cycle.length;
      this.#enterCycleOfSum();
      if (this.#cycleStart >= this.#length) return Infinity;
    }
  }

  #enterCycleOfSum(): void {
    const cycle = this.#cycle.ofValue(this.#whole, this.#fraction);
    const { whole, fraction } = this.#cycle.restOf(0, cycle);
    // Up to the cycle it is the negative of that rest.
    this.#wholeBefore = -whole - (fraction > 0 ? 1 : 0);
    this.#fractionBefore = fraction > 0 ? 1 - fraction : 0;
    this.#cycleStart = cycle * this.#cycle.length;
    this.#index = 0;
  }
}
