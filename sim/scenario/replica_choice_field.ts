// How many of its target's replicas a fault strikes: a number, or a share.

import { converted, either, type Field, integer, share } from "../base/fields.ts";
import type { ReplicaChoice } from "../plan/plan.ts";

/** `2`, or `50%`. */
export const replicaChoiceField: Field<ReplicaChoice> = either<ReplicaChoice, ReplicaChoice>(
  "a number of replicas, or a share like 50%",
  (node) => node.type === "scalar" && typeof node.value === "number",
  converted(integer({ min: 1 }), (count) => ({ count })),
  converted(share(), (value) => ({ share: value })),
);
