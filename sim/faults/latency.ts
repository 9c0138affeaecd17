// latency: requests take longer, by a time that is drawn for each, or by a factor.

import { duration, number, optional, wrong } from "../base/fields.ts";
import { RUN_LENGTH_MAX } from "../base/time.ts";
import { latencyField } from "../distributions/registry.ts";
import { faultKind } from "./kind.ts";

export const latency = faultKind({
  summary: "Requests take longer: by a time that is added, by a factor, or by both.",
  aim: "requests",
  sample: "kind: latency, target: payment.Charge, at: 80s, for: 40s, add: 700ms, ramp: 5s",
  fields: {
    add: optional(latencyField, "Time added to each request, drawn for each."),
    multiply: optional(
      number({ above: 0 }),
      "What the request's own work is multiplied by; on a call, its network time.",
    ),
    spread: optional(
      duration({ max: RUN_LENGTH_MAX }),
      "What is added is up to so much less or more, drawn for each: Toxiproxy's jitter. Exact if left out.",
    ),
  },
  compile({ add, multiply, spread }, node, diagnostics) {
    if (add === undefined && multiply === undefined) {
      return wrong(
        node,
        spread === undefined ? "a latency fault needs add or multiply" : "spread is about what is added",
        diagnostics,
        spread === undefined ? "write add: 500ms, or multiply: 3, or both" : "write add: 500ms as well",
      );
    }
    if (add !== undefined && spread !== undefined && add.least !== add.mean) {
      return wrong(node, "add varies by itself", diagnostics, "leave spread out, or write a constant: add: 500ms");
    }
    const factor = multiply ?? 1;
    return {
      effect: {
        turn(knobs, intensity, u) {
          if (add !== undefined) {
            const size = add.sample(u) + (spread === undefined ? 0 : (2 * u - 1) * spread);
            knobs.added += Math.max(0, size) * intensity;
          }
          knobs.factor *= 1 + (factor - 1) * intensity;
        },
      },
      failure: undefined,
    };
  },
});
