// Zipf's law: how often people ask for the few things that most of them ask for.

/** More ranks than that are no list that anyone measured, and the table takes eight bytes each. */
export const ZIPF_RANKS_MAX = 1_000_000;

/** Tables of one shape are shared: many attributes and caches of a scenario draw from the same. */
const tables = new Map<string, Zipf>();

/**
 * Ranks 1 to n, of which rank k is drawn with a probability in proportion to 1/k^s (Zipf 1949; Breslau et al. 1999 found s
 * from 0.64 to 0.83 for web pages).
 */
export class Zipf {
  /** Of rank k + 1 at index k: the probability of it and of all before. */
  readonly #cumulative: Float64Array;

  /** @param n 1 to ZIPF_RANKS_MAX @param s 0 (all alike) or more */
  static of(n: number, s: number): Zipf {
    const key = `${n} ${s}`;
    let table = tables.get(key);
    if (table === undefined) tables.set(key, table = new Zipf(n, s));
    return table;
  }

  private constructor(n: number, readonly exponent: number) {
    const cumulative = this.#cumulative = new Float64Array(n);
    let sum = 0;
    for (let k = 0; k < n; k++) cumulative[k] = sum += (k + 1) ** -exponent;
    for (let k = 0; k < n; k++) cumulative[k]! /= sum;
  }

  get ranks(): number {
    return this.#cumulative.length;
  }

  /** The rank that a uniform draw chooses, from 1. */
  rank(u: number): number {
    const cumulative = this.#cumulative;
    let low = 0, high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! < u) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  }

  /** The probability of a rank. */
  probability(rank: number): number {
    return this.#cumulative[rank - 1]! - (rank > 1 ? this.#cumulative[rank - 2]! : 0);
  }
}
