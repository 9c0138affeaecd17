// drain: a mitigation. Replicas get no more requests, finish what they have, and are gone until it ends.

import { faultKind } from "./kind.ts";

export const drain = faultKind({
  summary: "Mitigation: replicas get no new requests, finish what they have, and are gone until it ends.",
  aim: "replicas",
  isMitigation: true,
  sample: "kind: drain, target: cart#2, when: { 'service_errors{service:cart}': rate>0.1 }, reaction: 2m",
  fields: {},
  compile() {
    return {
      effect: {
        begin({ lives }, { service, replicas }) {
          for (const replica of replicas) lives.stop(service, replica);
        },
        end({ lives }, { service, replicas }) {
          for (const replica of replicas) lives.start(service, replica);
        },
      },
      failure: undefined,
    };
  },
});
