// shed: a mitigation. The service turns some requests away at once, so that it can answer the rest.

import { required, share } from "../base/fields.ts";
import { Harm } from "./fault.ts";
import { faultKind } from "./kind.ts";

export const shed = faultKind({
  summary: "Mitigation: a service turns a share of its requests away at once.",
  aim: "requests",
  isMitigation: true,
  sample:
    "kind: shed, target: web.GET /recommendations, when: { http_req_failed: rate>0.2 }, reaction: 30s, for: 2m, rate: 50%",
  fields: {
    rate: required(share(), "Share of the requests that are turned away.", "rate: 50%"),
  },
  compile({ rate }) {
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.errorRate = rate * intensity;
          knobs.harm = Harm.shed;
        },
      },
      failure: { rate, status: 503, exception: undefined, message: undefined },
    };
  },
});
