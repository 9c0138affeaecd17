// blackhole: what is sent is never answered. Only a time-out ends the wait.

import { share, withDefault, word } from "../base/fields.ts";
import { Harm } from "./fault.ts";
import { faultKind } from "./kind.ts";

export const blackhole = faultKind({
  summary: "Calls are never answered: only the caller's time-out ends them.",
  aim: "calls",
  sample: "kind: blackhole, target: web -> payment.Charge, at: 1m, for: 30s",
  fields: {
    rate: withDefault(share(), 1, "Share of the calls that it swallows.", "100%"),
    lose: withDefault(
      word(["requests", "answers"]),
      "requests",
      "requests: the callee sees nothing; answers: it works for nothing.",
    ),
  },
  compile({ rate, lose }) {
    const harm = lose === "requests" ? Harm.lost : Harm.answerLost;
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.errorRate = rate * intensity;
          knobs.harm = harm;
        },
      },
      failure: { rate, status: 0, exception: undefined, message: undefined },
    };
  },
});
