// The integral of a rate that changes in straight lines, in exact fractions: what the arrivals are held to.

export interface ExactStage {
  /** In thousandths of an iteration a time unit. */
  readonly target: number;
  readonly durationNs: number;
}

/** numerator / denominator, the denominator positive. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** The integral from 0 to `time` nanoseconds, in iterations. */
export function integralAt(
  startRate: number,
  stages: readonly ExactStage[],
  timeUnitNs: number,
  time: number,
): Fraction {
  // Whole stages are trapezoids; the one that holds `time` is a trapezoid cut short.
  const perUnit = 2000n * BigInt(timeUnitNs);
  let whole = 0n;
  let start = 0;
  let from = startRate;
  for (const { target, durationNs } of stages) {
    const inside = time - start;
    if (inside <= 0) break;
    if (inside < durationNs) {
      const length = BigInt(durationNs), part = BigInt(inside);
      const cut = part * (2n * BigInt(from) * length + BigInt(target - from) * part);
      return { numerator: whole * length + cut, denominator: perUnit * length };
    }
    whole += BigInt(from + target) * BigInt(durationNs);
    start += durationNs;
    from = target;
  }
  return { numerator: whole, denominator: perUnit };
}

/** -1, 0 or 1 as the fraction is below, equal to or above the whole number. */
export function compareTo({ numerator, denominator }: Fraction, whole: number): number {
  const difference = numerator - BigInt(whole) * denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
