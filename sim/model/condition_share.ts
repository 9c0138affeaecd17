// How many contexts a condition holds for.

import { compares } from "../base/comparison.ts";
import type { AttributeSpec, ConditionSpec, ConditionTest, Scalar } from "./model.ts";

/** Whether a value is as it has to be. What is written 5 is also the text "5": a map's keys are texts. */
export function matches(test: ConditionTest, value: Scalar): boolean {
  switch (test.type) {
    case "oneOf":
      return test.values.some((each) => String(each) === String(value));
    case "noneOf":
      return !test.values.some((each) => String(each) === String(value));
    case "compare":
      return value !== "" && compares(Number(value), test.comparison, test.value);
  }
}

/**
 * The share of all contexts for which a condition holds, 0 to 1; an attribute that the context lacks never matches. Ids are
 * too many to count: one is as good as never met.
 */
export function shareOf(where: ConditionSpec | undefined, context: ReadonlyMap<string, AttributeSpec>): number {
  let share = 1;
  for (const [name, test] of where ?? []) {
    const spec = context.get(name);
    share *= spec === undefined ? 0 : shareOfTest(spec, test);
  }
  return share;
}

function shareOfTest(spec: AttributeSpec, test: ConditionTest): number {
  switch (spec.type) {
    case "constant":
      return matches(test, spec.value) ? 1 : 0;
    case "oneOf": {
      let total = 0, matching = 0;
      for (const { value, weight } of spec.values) {
        total += weight;
        if (matches(test, value)) matching += weight;
      }
      return matching / total;
    }
    case "int":
      return countOfInts(spec.least, spec.most, test) / (spec.most - spec.least + 1);
    case "zipf": {
      let share = 0;
      for (let rank = 1; rank <= spec.ranks.ranks; rank++) {
        const value = spec.prefix === "" ? rank : spec.prefix + rank;
        if (matches(test, value)) share += spec.ranks.probability(rank);
      }
      return share;
    }
    case "id":
      return test.type === "noneOf" ? 1 : 0;
  }
}

/** How many whole numbers from `least` to `most` are as they have to be. */
function countOfInts(least: number, most: number, test: ConditionTest): number {
  const all = most - least + 1;
  if (test.type !== "compare") {
    const numbers = new Set(test.values.map(Number).filter((value) => Number.isInteger(value)));
    const named = [...numbers].filter((value) => value >= least && value <= most).length;
    return test.type === "oneOf" ? named : all - named;
  }
  const clamp = (count: number): number => Math.max(0, Math.min(all, count));
  switch (test.comparison) {
    case "<":
      return clamp(Math.ceil(test.value) - least);
    case "<=":
      return clamp(Math.floor(test.value) - least + 1);
    case ">":
      return clamp(most - Math.floor(test.value));
    default:
      return clamp(most - Math.ceil(test.value) + 1);
  }
}
