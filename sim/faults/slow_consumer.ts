// slow-consumer: each message takes longer to handle, so that its topic falls behind.

import { number, optional, wrong } from "../base/fields.ts";
import { latencyField } from "../distributions/registry.ts";
import { faultKind } from "./kind.ts";

export const slowConsumer = faultKind({
  summary: "Messages take longer to handle: their topic's lag grows.",
  aim: "work",
  sample: "kind: slow-consumer, target: accounting, at: 1m, for: 2m, add: 500ms",
  fields: {
    add: optional(latencyField, "Time added to the handling of each message, drawn for each."),
    multiply: optional(number({ above: 0 }), "What the handler's own work is multiplied by."),
  },
  compile({ add, multiply }, node, diagnostics) {
    if (add === undefined && multiply === undefined) {
      return wrong(
        node,
        "a slow-consumer fault needs add or multiply",
        diagnostics,
        "write add: 500ms, or multiply: 10",
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
      onlyHandlers: true,
    };
  },
});
