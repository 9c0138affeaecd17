// shared-iterations: VUs share one pool of iterations; a faster one does more of them.

import { integer, withDefault, wrong } from "../base/fields.ts";
import { executor, nodeAt } from "./executor.ts";
import { iterationFields, iterationLoad } from "./iterations.ts";

export const sharedIterations = executor({
  summary: "VUs share a fixed number of iterations; faster ones do more of them.",
  fields: {
    iterations: withDefault(integer({ min: 1 }), 1, "Iterations of all VUs together."),
    ...iterationFields,
  },
  compile(config, node, diagnostics) {
    if (config.iterations < config.vus) {
      return wrong(
        nodeAt(node, "iterations"),
        `iterations ${config.iterations} is less than vus ${config.vus}`,
        diagnostics,
        `write iterations: ${config.vus} or more, or fewer vus`,
      );
    }
    return iterationLoad(config, { total: config.iterations });
  },
});
