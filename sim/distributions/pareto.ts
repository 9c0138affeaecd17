// The Pareto distribution: `{pareto: {min: 5ms, alpha: 2.5}}`. A heavy tail.

import { number, record, required } from "../base/fields.ts";
import { distributionKind } from "./kind.ts";

/** Below it a draw near 1 leaves the range of numbers. */
const ALPHA_MIN = 0.1;

export const pareto = distributionKind({
  summary: "A heavy tail above a least value: the share above x is (min / x) to the power alpha.",
  fields: ({ field }) => ({
    pareto: required(
      record("a Pareto distribution", {
        min: required(field, "The least value."),
        alpha: required(
          number({ min: ALPHA_MIN, max: 1000 }),
          "The smaller, the heavier the tail; at 1 and below the mean is infinite.",
        ),
      }),
      "Least value and alpha.",
    ),
  }),
  compile: ({ pareto: { min, alpha } }, { format }) => ({
    text: `Pareto, min ${format(min)}, alpha ${alpha}`,
    mean: min === 0 ? 0 : alpha > 1 ? alpha * min / (alpha - 1) : Infinity,
    least: min,
    sample: (u) => min * Math.pow(1 - u, -1 / alpha),
  }),
});
