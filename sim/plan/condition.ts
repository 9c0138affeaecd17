// Conditions on the context of an iteration, compiled for each of the plan's contexts.

import { compares } from "../base/comparison.ts";
import { uniform } from "../base/draws.ts";
import { matches } from "../model/condition_share.ts";
import type { ConditionTest } from "../model/model.ts";
import { chooseIndex, drawAttribute, drawInt, drawRank } from "./attributes.ts";
import type { PlanAttribute } from "./plan.ts";

/** Tells of one attribute, for the context with this key, whether it is as it has to be. */
type Test = (high: number, low: number) => boolean;

export class Condition {
  /** By index in Plan.contexts; undefined: never. */
  readonly #tests: readonly (readonly Test[] | undefined)[];

  constructor(spec: ReadonlyMap<string, ConditionTest>, contexts: readonly (readonly PlanAttribute[])[]) {
    this.#tests = contexts.map((attributes) => {
      const tests: Test[] = [];
      for (const [name, test] of spec) {
        const attribute = attributes.find((each) => each.name === name);
        if (attribute === undefined) return undefined;
        tests.push(testOf(attribute, test));
      }
      return tests;
    });
  }

  /** @param context index in Plan.contexts; the key is that of the iteration */
  holds(context: number, high: number, low: number): boolean {
    const tests = this.#tests[context];
    if (tests === undefined) return false;
    for (let i = 0; i < tests.length; i++) if (!tests[i]!(high, low)) return false;
    return true;
  }
}

function testOf(attribute: PlanAttribute, test: ConditionTest): Test {
  const { spec, salt } = attribute;
  switch (spec.type) {
    case "constant": {
      const holds = matches(test, spec.value);
      return () => holds;
    }
    case "oneOf": {
      const holds = spec.values.map(({ value }) => matches(test, value));
      return (high, low) => holds[chooseIndex(spec, uniform(high, low, salt))]!;
    }
    case "int":
      if (test.type === "compare") {
        return (high, low) => compares(drawInt(spec, salt, high, low), test.comparison, test.value);
      }
      break;
    case "zipf":
      if (test.type === "compare" && spec.prefix === "") {
        return (high, low) => compares(drawRank(spec, salt, high, low), test.comparison, test.value);
      }
      break;
    case "id":
      break;
  }
  return (high, low) => matches(test, drawAttribute(attribute, high, low));
}
