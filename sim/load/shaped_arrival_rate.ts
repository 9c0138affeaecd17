// shaped-arrival-rate: iterations start at a rate that follows the hours of a day, with bursts.

import { INVALID, required } from "../base/fields.ts";
import { arrivalRateFields, openLoad } from "./arrival_rate.ts";
import { boundedLength, endlessLengthField, executor, nodeAt } from "./executor.ts";
import { RateCurve } from "./rate_curve.ts";
import { checkShape, shapeField, shapeStages } from "./shape.ts";

export const shapedArrivalRate = executor({
  summary: "Iterations start at a rate that follows a day's curve, with bursts, however long they take.",
  fields: {
    shape: required(
      shapeField,
      "The rate over a day, which comes again and again.",
      "shape: { day: { low: 20, high: 200, peak: 20h } }",
    ),
    duration: required(
      endlessLengthField(),
      "How long iterations start, without gracefulStop; unlimited: until the run is stopped.",
    ),
    ...arrivalRateFields,
  },
  compile(config, node, diagnostics) {
    const { shape, duration, timeUnit } = config;
    const valid = checkShape(shape, nodeAt(node, "shape"), diagnostics);
    const { startRate, stages } = valid ? shapeStages(shape) : { startRate: 0, stages: [] };
    const curve = new RateCurve(startRate, stages, timeUnit, () => boundedLength(duration));
    const load = openLoad(curve, 1, duration === Infinity, config, "shape", node, diagnostics);
    return valid ? load : INVALID;
  },
});
