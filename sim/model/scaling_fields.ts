// The field `scaling`: replicas that come and go with the load.

import {
  converted,
  type Decoded,
  duration,
  type Field,
  integer,
  INVALID,
  type Invalid,
  number,
  record,
  required,
  share,
  withDefault,
  word,
  wrong,
} from "../base/fields.ts";
import type { Diagnostics } from "../base/diagnostics.ts";
import { entryOf, type Node } from "../base/node.ts";
import { type Nanos, nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { type Scaling, SCALING_SIGNALS } from "./state.ts";

const REPLICAS_MAX = 10_000;
/** Kubernetes' defaults: --horizontal-pod-autoscaler-sync-period and -downscale-stabilization. */
const EVERY_DEFAULT = nanos(15e9);
const COOLDOWN_DEFAULT = nanos(300e9);
const SHARE_DEFAULT = 0.8;

const time = duration({ max: RUN_LENGTH_MAX as Nanos });
const shareTarget = share();
const numberTarget = number({ above: 0 });

/** A share for utilization, a number otherwise; told apart by how it is written. */
const targetField: Field<{ readonly value: number; readonly isShare: boolean }> = {
  expects: "a share like 60%, or a number",
  decode(node, diagnostics) {
    const isShare = !(node.type === "scalar" && typeof node.value === "number");
    const value = (isShare ? shareTarget : numberTarget).decode(node, diagnostics);
    return value === INVALID ? INVALID : { value, isShare };
  },
  schema: () => ({ anyOf: [shareTarget.schema(), numberTarget.schema()] }),
};

const SCALING = {
  min: withDefault(integer({ min: 1, max: REPLICAS_MAX }), 1, "The fewest replicas."),
  max: required(integer({ min: 1, max: REPLICAS_MAX }), "The most replicas.", "max: 10"),
  signal: withDefault(
    word(SCALING_SIGNALS),
    "utilization",
    "utilization: the share of workers that are busy; queue: requests that wait; requests: their rate. Each for a replica.",
  ),
  target: withDefault(
    targetField,
    { value: SHARE_DEFAULT, isShare: true },
    "What the signal is to be: a share for utilization, waiting requests for queue, requests a second for requests.",
    "80%",
  ),
  every: withDefault(
    duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX }),
    EVERY_DEFAULT,
    "How often it is looked at.",
    "15s",
  ),
  delay: withDefault(
    time,
    0 as Nanos,
    "From the decision to the start of a new container: a node is found, the image pulled.",
    "0s",
  ),
  cooldown: withDefault(time, COOLDOWN_DEFAULT, "Fewer replicas only when fewer would have done for so long.", "5m"),
} as const;

/** Kubernetes' horizontal pod autoscaler. */
export const scalingField: Field<Scaling> = converted(record("scaling", SCALING), completed);

function completed(config: Decoded<typeof SCALING>, node: Node, diagnostics: Diagnostics): Scaling | Invalid {
  const at = (key: string): Node => (node.type === "map" && entryOf(node, key)?.value) || node;
  if (config.min > config.max) return wrong(at("min"), "min is more than max", diagnostics, "min is at most max");
  const wantsShare = config.signal === "utilization";
  if (config.target.isShare !== wantsShare) {
    return wrong(
      at("target"),
      `the target of ${config.signal} is a ${wantsShare ? "share" : "number"}`,
      diagnostics,
      wantsShare ? "write target: 60%" : config.signal === "queue" ? "write target: 5" : "write target: 100",
    );
  }
  if (config.target.value === 0) return wrong(at("target"), "the target is 0", diagnostics, "write target: 60%");
  return { ...config, target: config.target.value };
}
