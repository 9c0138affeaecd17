// flag-off: a mitigation. Whatever a feature flag, or a change, has brought about is gone at once.

import { required } from "../base/fields.ts";
import { faultKind } from "./kind.ts";
import { faultReference } from "./names.ts";

export const flagOff = faultKind({
  summary: "Mitigation: a fault ends at once and for good, as when its feature flag is switched off.",
  aim: "fault",
  isMitigation: true,
  sample: "kind: flag-off, fault: bad deploy, when: { http_req_failed: rate>0.2 }, reaction: 3m",
  fields: {
    fault: required(faultReference, "The name of the fault.", "fault: bad deploy"),
  },
  compile({ fault }) {
    return {
      effect: { begin: (world, target) => world.endFault(target) },
      failure: undefined,
      ofFault: fault,
    };
  },
});
