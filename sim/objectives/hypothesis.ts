// The hypothesis of an experiment: what a steady system looks like, and how soon it must be so again after a fault.

import {
  converted,
  type Decoded,
  duration,
  type Field,
  type Invalid,
  optional,
  record,
  required,
  text,
  withDefault,
} from "../base/fields.ts";
import { type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import type { Threshold } from "./threshold.ts";
import { thresholdsField } from "./thresholds_field.ts";
import { latestThresholds } from "./when_field.ts";

export interface Hypothesis {
  readonly title: string;
  /** Each over its window, judged by itself at every evaluation. */
  readonly probes: readonly Threshold[];
  /** How long before the first fault they have to hold at each evaluation; 0: at the last one. */
  readonly before: Nanos;
  /** From the end of the last fault; undefined: they have to hold all the time. */
  readonly recoverWithin: Nanos | undefined;
}

const TITLE_LENGTH_MAX = 200;
const moment = duration({ max: RUN_LENGTH_MAX });

const steadyField: Field<readonly Threshold[]> = converted(
  { ...thresholdsField, expects: "what holds in the steady state, as in { http_req_failed: 'rate<0.01' }" },
  (config, node, diagnostics) =>
    latestThresholds(config, node, diagnostics, {
      what: "a steady state",
      gated: "it is checked before, during and after the faults: leave it out",
      empty: "the steady state says nothing",
    }),
);

const HYPOTHESIS = {
  title: required(
    text("a sentence", { lengthMax: TITLE_LENGTH_MAX, pattern: /[^\s]/ }),
    "What is believed, as a sentence.",
    "title: the shop keeps selling while payments are slow",
  ),
  steady: required(
    steadyField,
    "What holds in the steady state: thresholds over the last 10s unless a window is given.",
    "steady: { http_req_failed: 'rate<0.01' }",
  ),
  before: withDefault(
    moment,
    0 as Nanos,
    "How long before the first fault it has to hold at each evaluation; if it does not, the run ends there.",
    "0s: at the last evaluation before it",
  ),
  recoverWithin: optional(
    moment,
    "It may fail while a fault is there, and holds again so long after its end (its beginning, if it stays). " +
      "If left out it has to hold all the time.",
  ),
};
const hypothesisRecord = record("a hypothesis", HYPOTHESIS);

/** The top level's `hypothesis`. */
export const hypothesisField: Field<Hypothesis> = converted(
  hypothesisRecord,
  ({ title, steady, before, recoverWithin }: Decoded<typeof HYPOTHESIS>): Hypothesis | Invalid => ({
    title,
    probes: steady,
    before,
    recoverWithin,
  }),
);

/** Time from the run's start that the check before the first fault needs: a whole window, and `before`. */
export function timeBefore({ probes, before }: Hypothesis): Nanos {
  return (Math.max(...probes.map(({ window }) => window ?? 0)) + before) as Nanos;
}
