// disk-full: what writes fails; what reads does not.

import { share, withDefault } from "../base/fields.ts";
import { faultKind } from "./kind.ts";
import { writes } from "./operations.ts";

/** Insufficient Storage (RFC 4918): for databases and brokers the words of their products stand for it. */
const STATUS_FULL = 507;

export const diskFull = faultKind({
  summary: "The disk is full: requests that write fail, as the product says it; those that read do not.",
  aim: "work",
  sample: "kind: disk-full, target: orders-db, at: 1m, for: 1m",
  fields: {
    rate: withDefault(share(), 1, "Share of the writes that fail.", "100%"),
  },
  compile({ rate }) {
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.errorRate = rate * intensity;
        },
      },
      failure: { rate, status: STATUS_FULL, exception: undefined, message: undefined },
      strikes: writes,
    };
  },
});
