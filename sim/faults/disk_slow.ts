// disk-slow: what waits for the disk waits longer.

import { number, optional, withDefault, word, wrong } from "../base/fields.ts";
import { latencyField } from "../distributions/registry.ts";
import { faultKind } from "./kind.ts";
import { writes } from "./operations.ts";

export const diskSlow = faultKind({
  summary: "The disk is slow: what writes to it, or all requests, take longer.",
  aim: "work",
  sample: "kind: disk-slow, target: orders-db, at: 1m, for: 1m, multiply: 10",
  fields: {
    multiply: optional(number({ above: 0 }), "What own work is multiplied by. 10 where add is left out too."),
    add: optional(latencyField, "Time added to each request, drawn for each."),
    operations: withDefault(
      word(["writes", "all"]),
      "all",
      "writes: only endpoints whose names say that they write, like INSERT orders.",
    ),
  },
  compile({ multiply, add, operations }, node, diagnostics) {
    if (multiply === 1 && add === undefined) {
      return wrong(node, "a factor of 1 changes nothing", diagnostics, "write multiply: 10");
    }
    const factor = multiply ?? (add === undefined ? 10 : 1);
    return {
      effect: {
        turn(knobs, intensity, u) {
          knobs.factor *= 1 + (factor - 1) * intensity;
          if (add !== undefined) knobs.added += add.sample(u) * intensity;
        },
      },
      failure: undefined,
      ...operations === "writes" ? { strikes: writes } : {},
    };
  },
});
