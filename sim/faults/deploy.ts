// deploy: another version goes out, replica by replica, and is slower, or fails more, than the one before.

import { duration, number, optional, required, share, text, withDefault, word } from "../base/fields.ts";
import { type Nanos, RUN_LENGTH_MAX, SECOND } from "../base/time.ts";
import { latencyField } from "../distributions/registry.ts";
import { faultKind } from "./kind.ts";

export const deploy = faultKind({
  summary: "Another version goes out, replica by replica, with latency and errors of its own; its end rolls it back.",
  aim: "replicas",
  sample: "kind: deploy, target: cart, at: 1m, version: 2.5.0, strategy: rolling, step: 10s, errors: 20%",
  fields: {
    version: required(text("a version", { lengthMax: 100 }), "service.version of the new replicas.", "version: 2.5.0"),
    strategy: withDefault(
      word(["rolling", "canary", "recreate"]),
      "rolling",
      "rolling: one replica after the other; canary: only a share of them; recreate: all at once.",
    ),
    share: withDefault(share(), 0.1, "Of a canary: the share of the replicas, at least one.", "10%"),
    step: withDefault(
      duration({ max: RUN_LENGTH_MAX as Nanos }),
      (10 * SECOND) as Nanos,
      "From one replica to the next.",
      "10s",
    ),
    add: optional(latencyField, "Time that the new version adds to each request."),
    multiply: optional(number({ above: 0 }), "What its own work is multiplied by."),
    errors: withDefault(share(), 0, "Share of the requests that the new version fails.", "0%"),
    status: withDefault(number({ min: 400, max: 599 }, true), 500, "What those are answered."),
    message: optional(text(), "Message of the exception that is logged."),
  },
  compile({ version, strategy, share: part, step, add, multiply, errors, status, message }) {
    const factor = multiply ?? 1;
    return {
      effect: {
        begin: (world, target) =>
          world.deploy(target, strategy === "canary" ? part : 1, strategy === "recreate" ? 0 as Nanos : step),
        end: (world, target) => world.rollBack(target, strategy === "recreate" ? 0 as Nanos : step),
        turn(knobs, intensity, u) {
          if (add !== undefined) knobs.added += add.sample(u) * intensity;
          knobs.factor *= 1 + (factor - 1) * intensity;
          knobs.errorRate = errors * intensity;
        },
      },
      failure: { rate: errors, status, exception: undefined, message },
      version,
    };
  },
});
