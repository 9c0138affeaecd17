// The top level's `chaos`: faults that chance draws from the seed, instead of a time for each.

import type { Mark } from "../base/diagnostics.ts";
import {
  converted,
  defined,
  type DefinedField,
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
  text,
  withDefault,
  wrong,
} from "../base/fields.ts";
import { entryOf } from "../base/node.ts";
import { FOREVER, type Nanos, RUN_LENGTH_MAX, SECOND } from "../base/time.ts";
import { latencyField } from "../distributions/registry.ts";
import type { Distribution } from "../distributions/distribution.ts";
import { type Aim, strikesRequests } from "../faults/kind.ts";
import { compileFault, FAULTS, kindOf } from "../faults/registry.ts";
import { conditionField } from "../model/context_fields.ts";
import { replicaChoiceField } from "./replica_choice_field.ts";
import type { ChaosDraw, ChaosSpec, FaultTarget } from "./scenario.ts";
import { targetField } from "./target.ts";

const DRAWS_MAX = 100;
const TARGETS_MAX = 1000;
const AT_ONCE_MAX = 1000;
const moment = duration({ max: RUN_LENGTH_MAX });

const targetsField = listOf(targetField, "a list of targets", { min: 1, sizeMax: TARGETS_MAX });

/** What each draw that names its targets may strike, by the nodes of the draws. */
export const DRAWS: Mark<{ readonly kind: string; readonly targets: readonly FaultTarget[] }> = { name: "draws" };

const DRAW_COMMON = {
  weight: withDefault(number({ above: 0 }), 1, "How often it is drawn, against the others."),
  targets: optional(targetsField, "Whom it may strike. The schedule's targets if left out."),
  replicas: optional(replicaChoiceField, "Only so many of the target's replicas, as 2 or 50%. All if left out."),
  zone: optional(text("a zone"), "Only replicas in this zone. Every kind that strikes a zone needs one."),
  ramp: withDefault(moment, 0 as Nanos, "How long it takes to rise to its full strength, and to fall.", "0s"),
  probability: withDefault(share(), 1, "Share of the requests that it touches.", "100%"),
  where: optional(conditionField, "Only requests whose context matches. All if left out."),
} as const;

export const drawField: DefinedField<ChaosDraw> = defined("chaosDraw", "a fault to draw", () =>
  converted(
    tagged("a fault to draw", "kind", FAULTS, DRAW_COMMON, {
      unknown: (key) =>
        key === "at" || key === "for" || key === "every"
          ? "chance says when: every and for stand beside draw"
          : key === "target"
          ? "targets: [payment, cart]"
          : undefined,
    }),
    ({ kind, config, common: { weight, targets, ...common } }, node, diagnostics) => {
      const { aim, replicas, touchesCpu } = kindOf(kind);
      const compiled = compileFault(kind, config, node, diagnostics);
      const refuse = (key: string, message: string, hint: string): typeof INVALID =>
        wrong((node.type === "map" && entryOf(node, key)?.value) || node, message, diagnostics, hint);
      if (aim === "fault") {
        return refuse("kind", `${kind} acts on another fault, and chance cannot draw it`, "leave it out");
      }
      if (aim === "zone" && common.zone === undefined) {
        return refuse(
          "kind",
          `"zone" is missing in a fault of kind ${kind}`,
          "zone: eu-1a, one of the services' zones",
        );
      }
      if (!strikesRequests(aim) && common.ramp > 0) {
        return refuse("ramp", `${kind} is there or not: it has no ramp`, "leave ramp out");
      }
      const unsuited = targets?.find((target) => !suits(aim, target));
      if (unsuited !== undefined) {
        return refuse("targets", `${kind} cannot strike ${unsuited.text}`, "name services, as in targets: [payment]");
      }
      if (targets !== undefined) diagnostics.mark(DRAWS, node, { kind, targets });
      if (compiled === INVALID) return INVALID;
      const whom = common.replicas ?? (replicas === undefined ? undefined : { count: replicas });
      const fault = { ...common, ...compiled, replicas: whom, aim, touchesCpu: touchesCpu === true, config };
      return { kind, weight, targets, fault };
    },
  ));

/** Whether a kind with this aim can strike a target. */
export function suits(aim: Aim, { endpoint, caller, replica }: FaultTarget): boolean {
  if (strikesRequests(aim)) return aim !== "work" || caller === undefined;
  if (aim === "zone" || aim === "workloads" || aim === "fault") return false;
  if (endpoint !== undefined && aim !== "pools") return false;
  if (caller !== undefined && (aim === "replicas" || aim === "services")) return false;
  return replica === undefined || aim === "replicas";
}

/** Exponential times with this mean. */
function exponentialTime(mean: Nanos): Distribution {
  return { text: "exponential", mean, least: 0, sample: (u) => -mean * Math.log1p(-u) };
}

const DRAW_EXAMPLE = "draw: [{ kind: latency, add: 300ms }]";

const CHAOS = {
  draw: required(
    listOf(drawField, "a list of faults to draw", { min: 1, sizeMax: DRAWS_MAX, example: DRAW_EXAMPLE }),
    "The faults that chance chooses from, by their weights: kind and fields as under faults, without a time.",
    DRAW_EXAMPLE,
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
    return { draws: draw, targets, every: exponentialTime(every), length, atOnce, radius, from, until };
  },
);
