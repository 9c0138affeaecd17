// latency: requests take longer, by a time that is drawn for each, or by a factor.

import { number, optional, wrong } from "../base/fields.ts";
import { latencyField } from "../distributions/registry.ts";
import { faultKind } from "./kind.ts";

export const latency = faultKind({
  summary: "Requests take longer: by a time that is added, by a factor, or by both.",
  fields: {
    add: optional(latencyField, "Time added to each request, drawn for each."),
    multiply: optional(
      number({ above: 0 }),
      "What the request's own work is multiplied by; on a call, its network time.",
    ),
  },
  compile({ add, multiply }, node, diagnostics) {
    if (add === undefined && multiply === undefined) {
      return wrong(
        node,
        "a latency fault needs add or multiply",
        diagnostics,
        "write add: 500ms, or multiply: 3, or both",
      );
    }
    const factor = multiply ?? 1;
    return {
      effect: {
        turn(knobs, intensity, u) {
          if (add !== undefined) knobs.added += add.sample(u) * intensity;
          knobs.factor *= 1 + (factor - 1) * intensity;
        },
      },
      failure: undefined,
    };
  },
});
