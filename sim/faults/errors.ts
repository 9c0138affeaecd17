// errors: a share of the requests fails.

import { integer, optional, share, text, withDefault } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

export const errors = faultKind({
  summary: "A share of the requests fails with a status.",
  fields: {
    rate: withDefault(share(), 1, "Share of the requests that fail at the fault's full strength.", "100%"),
    status: withDefault(integer({ min: 400, max: 599 }), 500, "HTTP status of the answer; gRPC has the code for it."),
    exception: optional(text("an exception's type"), "Type of the exception that is logged; else the language's own."),
    message: optional(text(), "Message of the exception that is logged."),
  },
  compile({ rate, status, exception, message }) {
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.errorRate = rate * intensity;
        },
      },
      failure: { rate, status, exception, message },
    };
  },
});
