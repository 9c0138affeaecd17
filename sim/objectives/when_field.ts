// What a fault or a mitigation waits for: thresholds that all have to hold at one evaluation, each over the last so much
// time.

import type { Diagnostics } from "../base/diagnostics.ts";
import { converted, type Field, type Invalid, wrong } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { type Nanos, SECOND } from "../base/time.ts";
import type { Threshold } from "./threshold.ts";
import { type ThresholdsConfig, thresholdsField } from "./thresholds_field.ts";

/** Long enough for a percentile of some requests, short enough for an alarm. */
export const WHEN_WINDOW = (10 * SECOND) as Nanos;

export const NO_CONDITION: readonly Threshold[] = [];

/** `{ http_req_failed: 'rate>0.2' }`, in the words of `thresholds`. */
export const whenField: Field<readonly Threshold[]> = converted(
  { ...thresholdsField, expects: "what it waits for, as in { http_req_failed: 'rate>0.2' }" },
  (config, node, diagnostics) =>
    latestThresholds(config, node, diagnostics, {
      what: "what a fault waits for",
      gated: "at: says from when on it may begin",
      empty: "it waits for nothing",
    }),
);

/** Thresholds over the last so much time, without gates. @param words what it is, and what to do about what it must not have */
export function latestThresholds(
  { thresholds }: ThresholdsConfig,
  node: Node,
  diagnostics: Diagnostics,
  words: { readonly what: string; readonly gated: string; readonly empty: string },
): readonly Threshold[] | Invalid {
  const gated = thresholds.find(({ gate: { after, before, during } }) =>
    after !== undefined || before !== undefined || during !== undefined
  );
  if (gated !== undefined) {
    return wrong(node, `${words.what} has no after, before or during`, diagnostics, words.gated);
  }
  if (thresholds.some(({ abortOnFail }) => abortOnFail)) {
    return wrong(node, `${words.what} ends no run`, diagnostics, "leave abortOnFail out");
  }
  if (thresholds.length === 0) {
    return wrong(node, words.empty, diagnostics, "{ http_req_failed: 'rate>0.2' }");
  }
  return thresholds.map((draft): Threshold => ({ ...draft, window: draft.window ?? WHEN_WINDOW, gate: undefined }));
}
