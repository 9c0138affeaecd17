// traffic-surge: there are more users, or fewer, than the load says.

import { number, optional, withDefault, wrong } from "../base/fields.ts";
import { faultKind } from "./kind.ts";
import { workloadName } from "./names.ts";

export const trafficSurge = faultKind({
  summary: "There is so many times as much load as the scenario says; below 1, less.",
  aim: "workloads",
  sample: "kind: traffic-surge, scenario: shoppers, at: 1m, for: 1m, multiply: 5, ramp: 10s",
  fields: {
    scenario: optional(workloadName, "The entry of scenarios whose load it is. All of them if left out."),
    multiply: withDefault(
      number({ min: 0, max: 10_000 }),
      3,
      "What the rate of iterations, or the number of VUs, is multiplied by.",
    ),
  },
  compile({ scenario, multiply }, node, diagnostics) {
    if (multiply === 1) return wrong(node, "a factor of 1 changes nothing", diagnostics, "write multiply: 3");
    return {
      effect: {
        begin: (world, target) => world.surge(target, multiply),
        end: (world, target) => world.calm(target),
      },
      failure: undefined,
      workload: scenario,
    };
  },
});
