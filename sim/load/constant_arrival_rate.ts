// constant-arrival-rate: iterations start at an even rate, the first at once.

import { number, required } from "../base/fields.ts";
import { arrivalRateFields, openLoad } from "./arrival_rate.ts";
import { boundedLength, endlessLengthField, executor } from "./executor.ts";
import { RateCurve } from "./rate_curve.ts";

export const constantArrivalRate = executor({
  summary: "A fixed number of iterations starts in each timeUnit, however long they take.",
  fields: {
    rate: required(number({ above: 0 }), "Iterations that start in each timeUnit; may be a fraction."),
    duration: required(
      endlessLengthField(),
      "How long iterations start, without gracefulStop; unlimited: until the run is stopped.",
    ),
    ...arrivalRateFields,
  },
  compile(config, node, diagnostics) {
    const stages = [{ target: config.rate, duration: boundedLength(config.duration) }];
    const curve = new RateCurve(config.rate, stages, config.timeUnit);
    return openLoad(curve, 0, config.duration === Infinity, config, "rate", node, diagnostics);
  },
});
