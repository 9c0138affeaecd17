// The uniform distribution: `{uniform: [10ms, 30ms]}`.

import { required, wrong } from "../base/fields.ts";
import { distributionKind } from "./kind.ts";
import { pairOf } from "./pair.ts";

export const uniform = distributionKind({
  summary: "Every value between two bounds is as likely as any other.",
  fields: ({ field }) => ({ uniform: required(pairOf(field, "a list [least, most]"), "[least, most].") }),
  compile({ uniform: [least, most] }, { format, whole }, node, diagnostics) {
    if (most < least) {
      return wrong(node, "the upper bound of uniform is below the lower one", diagnostics, "[least, most]");
    }
    const text = `${format(least)} to ${format(most)}`;
    const mean = (least + most) / 2;
    if (!whole || !Number.isInteger(least) || !Number.isInteger(most)) {
      return { text, mean, least, sample: (u) => least + u * (most - least) };
    }
    // Whole bounds are as likely as what lies between them, which rounding would halve.
    const count = most - least + 1;
    return { text, mean, least, sample: (u) => Math.min(most, least + Math.floor(u * count)) };
  },
});
