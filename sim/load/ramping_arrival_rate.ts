// ramping-arrival-rate: iterations start at a rate that goes in straight lines from target to target.

import { INVALID, number, required, withDefault } from "../base/fields.ts";
import { arrivalRateFields, openLoad } from "./arrival_rate.ts";
import { boundedLength, checkStagesLength, executor, repeatProperty, stagesField } from "./executor.ts";
import { RateCurve } from "./rate_curve.ts";

export const rampingArrivalRate = executor({
  summary: "Iterations start at a rate that goes in straight lines from stage to stage, however long they take.",
  fields: {
    startRate: withDefault(number({ min: 0 }), 0, "Iterations in each timeUnit at the start; may be a fraction."),
    stages: required(
      stagesField(number({ min: 0 }), "Iterations in each timeUnit at the end of the stage; may be a fraction."),
      "How the rate goes on, stage by stage.",
    ),
    repeat: repeatProperty,
    ...arrivalRateFields,
  },
  compile(config, node, diagnostics) {
    const { startRate, stages, repeat, timeUnit } = config;
    const timed = checkStagesLength(stages, repeat, node, diagnostics);
    const curve = new RateCurve(startRate, stages, timeUnit, (length) => boundedLength(length * repeat));
    // As in k6, the first iteration starts when the rate has asked for a whole one, not at once.
    const load = openLoad(curve, 1, repeat === Infinity, config, "stages", node, diagnostics);
    return timed ? load : INVALID;
  },
});
