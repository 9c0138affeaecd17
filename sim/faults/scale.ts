// scale: a mitigation. There are more replicas, or fewer.

import { integer, required } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

const REPLICAS_MAX = 10_000;

export const scale = faultKind({
  summary: "Mitigation: a service has so many replicas; after it as many as before.",
  aim: "services",
  isMitigation: true,
  sample:
    "kind: scale, target: search, to: 8, when: { 'service_queue_length{service:search}': value>20 }, reaction: 1m",
  fields: {
    to: required(integer({ min: 1, max: REPLICAS_MAX }), "Replicas.", "to: 6"),
  },
  compile({ to }) {
    return {
      effect: {
        begin: (world, target) => world.scale(target, to),
        end: (world, target) => world.unscale(target),
      },
      failure: undefined,
      replicasTo: to,
    };
  },
});
