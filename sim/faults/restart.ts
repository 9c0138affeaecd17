// restart: a mitigation. Replicas stop and start anew, one after the other.

import { duration, withDefault } from "../base/fields.ts";
import { type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { faultKind } from "./kind.ts";

export const restart = faultKind({
  summary: "Mitigation: replicas finish what they have and start anew, and whatever they held is gone.",
  aim: "replicas",
  isMitigation: true,
  sample: "kind: restart, target: email, when: { http_req_failed: rate>0.2 }, reaction: 1m, step: 5s",
  fields: {
    step: withDefault(duration({ max: RUN_LENGTH_MAX as Nanos }), 0 as Nanos, "From one replica to the next.", "0s"),
  },
  compile({ step }) {
    return { effect: { begin: (world, target) => world.restartAll(target, step) }, failure: undefined };
  },
});
