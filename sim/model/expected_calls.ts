// The calls that steps make on average when all goes well: by probabilities, weights and numbers of turns.

import type { Distribution } from "../distributions/distribution.ts";
import { shareOf } from "./condition_share.ts";
import type { AttributeSpec, CallStep, ChooseOption, Step } from "./model.ts";

/** What iterations carry, drawn apart for each condition: the same one asked twice counts twice. */
export type Context = ReadonlyMap<string, AttributeSpec>;

export interface ExpectedCall {
  readonly call: CallStep;
  /** How often on average, for one execution of the steps. */
  readonly count: number;
}

/**
 * The calls of the steps, in their order. Fallbacks are not among them: nothing fails.
 * @param context undefined: every condition holds
 */
export function* expectedCalls(
  steps: readonly Step[],
  context: Context | undefined,
  count = 1,
): Generator<ExpectedCall> {
  for (const step of steps) {
    switch (step.type) {
      case "call":
        yield { call: step, count: count * callShare(step, context) };
        break;
      case "parallel":
        for (const branch of step.branches) yield* expectedCalls(branch, context, count);
        break;
      case "choose": {
        for (const { share, steps: chosen } of optionShares(step.options, context)) {
          yield* expectedCalls(chosen, context, count * share);
        }
        break;
      }
      case "repeat":
        yield* expectedCalls(step.steps, context, count * meanTurns(step.times));
        break;
    }
  }
}

function holding(where: CallStep["where"], context: Context | undefined): number {
  return context === undefined ? 1 : shareOf(where, context);
}

/** How often each option is chosen, its condition taken to hold apart from the others'. */
export function optionShares(
  options: readonly ChooseOption[],
  context: Context | undefined,
): { readonly share: number; readonly steps: readonly Step[] }[] {
  const weights = options.map(({ weight, where }) => weight * holding(where, context));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return options.map(({ steps }, i) => ({ share: total === 0 ? 0 : weights[i]! / total, steps }));
}

/** Share of the executions in which a call is made. */
export function callShare({ probability, where }: CallStep, context: Context | undefined): number {
  return probability * holding(where, context);
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
