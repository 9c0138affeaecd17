// outage: nobody is there, and connections are refused, or not even tried.

import { optional, share, text, withDefault, word } from "../base/fields.ts";
import { CONNECTION_TROUBLES } from "../model/model.ts";
import { Harm } from "./fault.ts";
import { faultKind } from "./kind.ts";

export const outage = faultKind({
  summary: "Connections are refused: the callee is not there.",
  aim: "calls",
  sample: "kind: outage, target: payment, at: 1m, for: 30s",
  fields: {
    rate: withDefault(share(), 1, "Share of the connections that are refused.", "100%"),
    trouble: withDefault(
      word(CONNECTION_TROUBLES),
      "refused",
      "What the client library says: refused; name: the host's name is not found; certificate: it has expired; " +
        "unreachable: no route to the host.",
    ),
    message: optional(text(), "What it says besides."),
  },
  compile({ rate, trouble, message }) {
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.errorRate = rate * intensity;
          knobs.harm = Harm.refused;
        },
      },
      failure: { rate, status: 0, exception: undefined, message, trouble },
    };
  },
});
