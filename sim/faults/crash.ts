// crash: processes die at once, and come back as the kubelet brings them back, or when they are let.

import { duration, optional } from "../base/fields.ts";
import { FOREVER, type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { faultKind } from "./kind.ts";

export const crash = faultKind({
  summary: "The process dies: what it worked on is reset, and a new one starts cold.",
  aim: "replicas",
  sample: "kind: crash, target: payment#1, at: 1m, restart: 20s",
  fields: {
    restart: optional(
      duration({ max: RUN_LENGTH_MAX as Nanos }),
      "How long until a new process begins to start; the service's startTime and warmUp come on top. " +
        "If left out: at the fault's end, or, if it has none, as the kubelet does it: at once, then after 10s, 20s, 40s.",
    ),
  },
  compile({ restart }) {
    return {
      effect: {
        begin({ lives }, { service, replicas, until }) {
          const after = restart ?? (until < FOREVER ? FOREVER : undefined);
          for (const replica of replicas) lives.crash(service, replica, after);
        },
        end({ lives }, { service, replicas }) {
          if (restart === undefined) { for (const replica of replicas) lives.start(service, replica); }
        },
      },
      failure: undefined,
    };
  },
});
