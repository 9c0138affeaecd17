// partition: packets between services are lost, all of them.

import { withDefault, word } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

export const partition = faultKind({
  summary: "No packet comes through between services: TCP tries again for two minutes, answers wait.",
  aim: "links",
  sample: "kind: partition, target: orders -> orders-db, at: 1m, for: 20s",
  fields: {
    lose: withDefault(
      word(["both", "requests", "answers"]),
      "both",
      "Packets of both directions; only those from caller to callee; or only those back.",
    ),
  },
  compile({ lose }) {
    return {
      effect: {
        begin: (world, target) => world.part(target, lose !== "answers", lose !== "requests"),
        end: (world, target) => world.heal(target),
      },
      failure: undefined,
    };
  },
});
