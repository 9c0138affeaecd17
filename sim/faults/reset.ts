// reset: the connection is cut while the callee works on the request, or as it answers.

import { duration, optional, share, withDefault } from "../base/fields.ts";
import { RUN_LENGTH_MAX } from "../base/time.ts";
import { Harm } from "./fault.ts";
import { faultKind } from "./kind.ts";

export const reset = faultKind({
  summary: "Connections are cut midway: the callee did the work, and its answer is lost.",
  aim: "calls",
  sample: "kind: reset, target: checkout -> payment, at: 1m, for: 30s, rate: 20%",
  fields: {
    rate: withDefault(share(), 1, "Share of the calls whose connection is cut.", "100%"),
    after: optional(
      duration({ max: RUN_LENGTH_MAX }),
      "How long after the call was sent, if it is not answered by then. As the answer comes if left out.",
    ),
  },
  compile({ rate, after }) {
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.errorRate = rate * intensity;
          knobs.harm = Harm.reset;
          knobs.cutAfter = after ?? Infinity;
        },
      },
      failure: { rate, status: 0, exception: undefined, message: undefined },
    };
  },
});
