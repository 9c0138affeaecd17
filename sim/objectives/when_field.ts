// What a fault or a mitigation waits for: thresholds that all have to hold at one evaluation, each over the last so much
// time.

import { converted, type Field, wrong } from "../base/fields.ts";
import { type Nanos, SECOND } from "../base/time.ts";
import type { Threshold } from "./threshold.ts";
import { thresholdsField } from "./thresholds_field.ts";

/** Long enough for a percentile of some requests, short enough for an alarm. */
export const WHEN_WINDOW = (10 * SECOND) as Nanos;

export const NO_CONDITION: readonly Threshold[] = [];

/** `{ http_req_failed: 'rate>0.2' }`, in the words of `thresholds`. */
export const whenField: Field<readonly Threshold[]> = converted(
  { ...thresholdsField, expects: "what it waits for, as in { http_req_failed: 'rate>0.2' }" },
  ({ thresholds }, node, diagnostics) => {
    const gated = thresholds.find(({ gate: { after, before, during } }) =>
      after !== undefined || before !== undefined || during !== undefined
    );
    if (gated !== undefined) {
      const hint = "at: says from when on it may begin";
      return wrong(node, "what a fault waits for has no after, before or during", diagnostics, hint);
    }
    if (thresholds.some(({ abortOnFail }) => abortOnFail)) {
      return wrong(node, "what a fault waits for ends no run", diagnostics, "leave abortOnFail out");
    }
    if (thresholds.length === 0) {
      return wrong(node, "it waits for nothing", diagnostics, "{ http_req_failed: 'rate>0.2' }");
    }
    return thresholds.map((draft): Threshold => ({ ...draft, window: draft.window ?? WHEN_WINDOW, gate: undefined }));
  },
);
