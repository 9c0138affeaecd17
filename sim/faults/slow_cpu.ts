// slow-cpu: the cores are slower, as beside a noisy neighbour or when they are too hot.

import { number, withDefault } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

export const slowCpu = faultKind({
  summary: "The cores are slower: own work takes longer, that which is under way included.",
  aim: "replicas",
  touchesCpu: true,
  sample: "kind: slow-cpu, target: ad, at: 1m, for: 1m, factor: 5",
  fields: {
    factor: withDefault(number({ above: 1, max: 1000 }), 4, "How many times slower."),
  },
  compile({ factor }) {
    return {
      effect: {
        begin: (world, target) => world.slowDown(target, factor),
        end: (world, target) => world.speedUp(target),
      },
      failure: undefined,
    };
  },
});
