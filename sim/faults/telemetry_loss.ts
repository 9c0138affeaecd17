// telemetry-loss: the service works, and what it tells does not arrive.

import { share, withDefault, word } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

export const telemetryLoss = faultKind({
  summary: "Spans or log lines do not arrive, while the service works as before.",
  aim: "replicas",
  sample: "kind: telemetry-loss, target: cart, at: 1m, for: 1m, signal: spans",
  fields: {
    signal: withDefault(word(["spans", "logs", "all"]), "all", "What gets lost."),
    rate: withDefault(share(), 1, "Share of it that does.", "100%"),
  },
  compile({ signal, rate }) {
    return {
      effect: {
        begin: (world, target) =>
          world.loseTelemetry(target, signal === "logs" ? 0 : rate, signal === "spans" ? 0 : rate),
        end: (world, target) => world.loseTelemetry(target, 0, 0),
      },
      failure: undefined,
    };
  },
});
