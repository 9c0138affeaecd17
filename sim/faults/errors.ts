// errors: a share of the requests fails.

import { flag, integer, optional, share, text, withDefault } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

export const errors = faultKind({
  summary: "A share of the requests fails with a status.",
  aim: "requests",
  sample: "kind: errors, target: cart, at: 2m, for: 30s, rate: 30%, status: 503",
  fields: {
    rate: withDefault(share(), 1, "Share of the requests that fail at the fault's full strength.", "100%"),
    status: withDefault(integer({ min: 400, max: 599 }), 500, "HTTP status of the answer; gRPC has the code for it."),
    exception: optional(text("an exception's type"), "Type of the exception that is logged; else the language's own."),
    message: optional(text(), "Message of the exception that is logged."),
    sticky: withDefault(flag, false, "Whether what fails fails again: all attempts of a call, all tries of a message."),
  },
  compile({ rate, status, exception, message, sticky }) {
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.errorRate = rate * intensity;
        },
      },
      failure: { rate, status, exception, message },
      sticky,
    };
  },
});
