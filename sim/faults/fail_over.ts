// fail-over: a mitigation. Calls to a service go to another one that stands by.

import { required } from "../base/fields.ts";
import { faultKind } from "./kind.ts";
import { serviceName } from "./names.ts";

export const failOver = faultKind({
  summary: "Mitigation: calls to a service go to another one that has the same endpoints.",
  aim: "services",
  isMitigation: true,
  sample:
    "kind: fail-over, target: orders-db, to: orders-db-standby, when: { http_req_failed: rate>0.2 }, reaction: 1m",
  fields: {
    to: required(serviceName, "The service that stands by.", "to: orders-db-standby"),
  },
  compile({ to }) {
    return {
      effect: {
        begin: (world, target) => world.failOver(target),
        end: (world, target) => world.failBack(target),
      },
      failure: undefined,
      toService: to,
    };
  },
});
