// The normal distribution, truncated at 0: `{normal: [20ms, 5ms]}`.

import { required } from "../base/fields.ts";
import { constant } from "./constant.ts";
import { distributionKind } from "./kind.ts";
import { normalDensity, normalQuantile, normalShareBelow } from "./normal_quantile.ts";
import { pairOf } from "./pair.ts";

/**
 * Truncated, not clamped: what would lie below 0 is drawn anew, so no values pile up at 0. With a mean of several standard
 * deviations that changes nothing; nearer to 0 it makes the mean larger than the one written.
 */
export const normal = distributionKind({
  summary: "Mean and standard deviation; values below 0 do not occur (truncated, so a mean near 0 becomes larger).",
  fields: ({ field }) => ({
    normal: required(pairOf(field, "a list [mean, standard deviation]"), "[mean, deviation]."),
  }),
  compile({ normal: [centre, deviation] }, values) {
    if (deviation === 0) return constant(centre, values);
    const cut = -centre / deviation;
    const kept = 1 - normalShareBelow(cut);
    return {
      text: `normal, mean ${values.format(centre)}, deviation ${values.format(deviation)}`,
      mean: centre + deviation * normalDensity(cut) / kept,
      least: 0,
      // From the upper tail, where a draw near 1 stays exact.
      sample: (u) => Math.max(0, centre - deviation * normalQuantile((1 - u) * kept)),
    };
  },
});
