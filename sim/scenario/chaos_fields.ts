// The top level's `chaos`: faults that chance draws from the seed, instead of a time for each.

import {
  converted,
  duration,
  type Field,
  integer,
  INVALID,
  listOf,
  number,
  optional,
  record,
  required,
  share,
  tagged,
  withDefault,
  wrong,
} from "../base/fields.ts";
import { entryOf, type Node } from "../base/node.ts";
import { FOREVER, type Nanos, RUN_LENGTH_MAX, SECOND } from "../base/time.ts";
import { latencyField } from "../distributions/registry.ts";
import type { Distribution } from "../distributions/distribution.ts";
import { compileFault, FAULTS, kindOf } from "../faults/registry.ts";
import { conditionField } from "../model/context_fields.ts";
import { replicaChoiceField } from "./replica_choice_field.ts";
import { hasNoTarget, type Misfit, optionMisfits, targetMisfit } from "./fault_aims.ts";
import type { ChaosDraw, ChaosSpec } from "./scenario.ts";
import { targetField } from "./target.ts";

const DRAWS_MAX = 100;
const TARGETS_MAX = 1000;
const AT_ONCE_MAX = 1000;
const moment = duration({ max: RUN_LENGTH_MAX });

const targetsField = listOf(targetField, "a list of targets", { min: 1, sizeMax: TARGETS_MAX });

const DRAW_COMMON = {
  weight: withDefault(number({ above: 0 }), 1, "How often it is drawn, against the others."),
  targets: optional(targetsField, "Whom it may strike. The schedule's targets if left out."),
  replicas: optional(replicaChoiceField, "Only so many of the target's replicas, as 2 or 50%. All if left out."),
  ramp: withDefault(moment, 0 as Nanos, "How long it takes to rise to its full strength, and to fall.", "0s"),
  probability: withDefault(share(), 1, "Share of the requests that it touches.", "100%"),
  where: optional(conditionField, "Only requests whose context matches. All if left out."),
} as const;

const drawField: Field<ChaosDraw> = converted(
  tagged("a fault to draw", "kind", FAULTS, DRAW_COMMON, {
    unknown: (key) =>
      key === "at" || key === "for" || key === "every"
        ? "chance says when: every and for stand beside draw"
        : key === "target"
        ? "targets: [payment, cart]"
        : undefined,
  }),
  ({ kind, config, common: { weight, targets, ...common } }, node, diagnostics) => {
    const compiled = compileFault(kind, config, node, diagnostics);
    const { aim, isMitigation, touchesCpu, replicas } = kindOf(kind);
    const place = (key: string): Node => (node.type === "map" && entryOf(node, key)?.value) || node;
    let valid = compiled !== INVALID;
    const refuse = (key: string, { message, hint }: Misfit): void => {
      valid = false;
      wrong(place(key), message, diagnostics, hint);
    };
    if (hasNoTarget(aim) || isMitigation) {
      const why = isMitigation ? "it makes things better" : "it has no service for a target";
      refuse("kind", { message: `chance draws no ${kind}: ${why}`, hint: "write it under faults, with a time" });
    }
    for (const target of targets ?? []) {
      const misfit = targetMisfit(kind, aim, target);
      if (misfit !== undefined) refuse("targets", misfit);
    }
    const has = (key: string): boolean => node.type === "map" && entryOf(node, key) !== undefined;
    for (const [key, misfit] of optionMisfits(kind, aim, has)) refuse(key, misfit);
    if (!valid || compiled === INVALID) return INVALID;
    const own = { aim, touchesCpu: touchesCpu === true, replicasStruck: replicas };
    return { kind, weight, targets, ...own, fault: { ...common, ...compiled, config } };
  },
);

/** Exponential times with this mean. */
function exponentialTime(mean: Nanos): Distribution {
  return { text: "exponential", mean, least: 0, sample: (u) => -mean * Math.log1p(-u) };
}

const CHAOS = {
  draw: required(
    listOf(drawField, "a list of faults to draw", { min: 1, sizeMax: DRAWS_MAX }),
    "The faults that chance chooses from, by their weights: kind and fields as under faults, without a time.",
    "draw: [{ kind: latency, add: 300ms }]",
  ),
  targets: optional(targetsField, "Whom they may strike, each as often as the others. Every service if left out."),
  every: required(
    duration({ min: SECOND, max: RUN_LENGTH_MAX }),
    "Mean time from the beginning of one to that of the next; it is exponential. One without room is left out.",
    "every: 2m",
  ),
  for: required(
    latencyField,
    "How long each lasts: a time, or a distribution of times.",
    "for: { uniform: [10s, 1m] }",
  ),
  atOnce: withDefault(integer({ min: 1, max: AT_ONCE_MAX }), 1, "How many there may be at the same time."),
  radius: withDefault(
    share(),
    1,
    "The blast radius: the share of all services that may be struck at the same time; one always may.",
    "100%",
  ),
  from: withDefault(moment, 0 as Nanos, "The first begins after this time.", "0s"),
  until: optional(moment, "None lasts beyond this time. To the end of the load if left out."),
} as const;

/** The top level's `chaos`. */
export const chaosField: Field<ChaosSpec> = converted(
  record("a chaos schedule", CHAOS),
  ({ draw, targets, every, for: length, atOnce, radius, from, until = FOREVER }, node, diagnostics) => {
    if (from >= until) {
      const place = (node.type === "map" && entryOf(node, "until")?.value) || node;
      return wrong(place, "it ends before it begins", diagnostics, "until is later than from");
    }
    for (const { kind, aim, targets: own } of draw) {
      const target = own === undefined
        ? targets?.find((each) => targetMisfit(kind, aim, each) !== undefined)
        : undefined;
      if (target === undefined) continue;
      const place = (node.type === "map" && entryOf(node, "targets")?.value) || node;
      const { message, hint } = targetMisfit(kind, aim, target)!;
      return wrong(place, message, diagnostics, `${hint}, or give the draw targets of its own`);
    }
    return { draws: draw, targets, every: exponentialTime(every), length, atOnce, radius, from, until };
  },
);
