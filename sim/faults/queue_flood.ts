// queue-flood: each message is sent again and again.

import { integer, withDefault } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

export const queueFlood = faultKind({
  summary: "Each message that is published comes so many times more: consumers fall behind.",
  aim: "work",
  sample: "kind: queue-flood, target: kafka, at: 1m, for: 30s, copies: 100",
  fields: {
    copies: withDefault(integer({ min: 1, max: 100_000 }), 10, "Further messages for each that is published."),
  },
  compile({ copies }) {
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.copies += Math.round(copies * intensity);
        },
      },
      failure: undefined,
    };
  },
});
