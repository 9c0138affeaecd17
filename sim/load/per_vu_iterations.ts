// per-vu-iterations: each VU does a fixed number of iterations of its own.

import { integer, withDefault } from "../base/fields.ts";
import { executor } from "./executor.ts";
import { iterationFields, iterationLoad } from "./iterations.ts";

export const perVuIterations = executor({
  summary: "Each VU runs a fixed number of iterations of its own.",
  fields: {
    iterations: withDefault(integer({ min: 1 }), 1, "Iterations of each VU."),
    ...iterationFields,
  },
  compile(config) {
    return iterationLoad(config, { perVu: config.iterations });
  },
});
