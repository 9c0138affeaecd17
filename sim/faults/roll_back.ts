// roll-back: a mitigation. A deployment goes back to the version before.

import { required } from "../base/fields.ts";
import { faultKind } from "./kind.ts";
import { faultReference } from "./names.ts";

export const rollBack = faultKind({
  summary: "Mitigation: a deploy fault is rolled back, replica by replica, for good.",
  aim: "fault",
  isMitigation: true,
  sample: "kind: roll-back, fault: cart 2.5.0, when: { http_req_failed: rate>0.2 }, reaction: 3m",
  fields: {
    fault: required(faultReference, "The name of the deploy fault.", "fault: cart 2.5.0"),
  },
  compile({ fault }) {
    return {
      effect: { begin: (world, target) => world.endFault(target) },
      failure: undefined,
      ofFault: fault,
    };
  },
});
