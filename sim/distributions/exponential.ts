// The exponential distribution: `{exponential: 10ms}`. The one of queueing theory's M/M/1.

import { required } from "../base/fields.ts";
import { distributionKind } from "./kind.ts";

export const exponential = distributionKind({
  summary: "Exponential with that mean, as in queueing theory.",
  fields: ({ field }) => ({ exponential: required(field, "The mean.") }),
  compile: ({ exponential: mean }, { format }) => ({
    text: `exponential, mean ${format(mean)}`,
    mean,
    least: 0,
    sample: (u) => -mean * Math.log1p(-u),
  }),
});
