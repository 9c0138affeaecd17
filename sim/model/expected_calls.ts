// The calls that steps make on average when all goes well: by probabilities, weights and numbers of turns.

import type { Distribution } from "../distributions/distribution.ts";
import type { CallStep, Step } from "./model.ts";

export interface ExpectedCall {
  readonly call: CallStep;
  /** How often on average, for one execution of the steps. */
  readonly count: number;
}

/** The calls of the steps, in their order. Fallbacks are not among them: nothing fails. */
export function* expectedCalls(steps: readonly Step[], count = 1): Generator<ExpectedCall> {
  for (const step of steps) {
    switch (step.type) {
      case "call":
        yield { call: step, count: count * step.probability };
        break;
      case "parallel":
        for (const branch of step.branches) yield* expectedCalls(branch, count);
        break;
      case "choose": {
        const total = step.options.reduce((sum, option) => sum + option.weight, 0);
        for (const { weight, steps: chosen } of step.options) yield* expectedCalls(chosen, count * weight / total);
        break;
      }
      case "repeat":
        yield* expectedCalls(step.steps, count * meanTurns(step.times));
        break;
    }
  }
}

/** Divisible by all numbers up to 10, so that small uniform counts come out exact. */
const STRATA = 2520;
const known = new WeakMap<Distribution, number>();

/**
 * How many turns a repeat takes on average: what is drawn is rounded. The mean of what rounding adds is taken over even
 * quantiles; as it never exceeds a half, a heavy tail spoils nothing.
 */
export function meanTurns(times: Distribution): number {
  let mean = known.get(times);
  if (mean === undefined) {
    let added = 0;
    for (let i = 0; i < STRATA; i++) {
      const drawn = times.sample((i + 0.5) / STRATA);
      added += Math.round(drawn) - drawn;
    }
    mean = times.mean + added / STRATA;
    known.set(times, mean);
  }
  return mean;
}
