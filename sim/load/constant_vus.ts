// constant-vus: a fixed number of VUs run as many iterations as they can.

import { integer, required, withDefault } from "../base/fields.ts";
import type { Nanos } from "../base/time.ts";
import { boundedLength, endlessLengthField, executor } from "./executor.ts";
import { VuCurve, VUS_MAX } from "./vu_curve.ts";

export const constantVus = executor({
  summary: "A fixed number of VUs run as many iterations as they can.",
  fields: {
    vus: withDefault(integer({ min: 1, max: VUS_MAX }), 1, "VUs that run side by side."),
    duration: required(
      endlessLengthField(),
      "How long they go on, without gracefulStop; unlimited: until the run is stopped.",
    ),
  },
  compile({ vus, duration }) {
    const curve = new VuCurve(vus, [{ target: vus, duration: boundedLength(duration) }]);
    return {
      type: "closed",
      length: curve.length,
      endless: duration === Infinity,
      cycle: undefined,
      vusMax: vus,
      gracefulRampDown: 0 as Nanos,
      iterations: undefined,
      plannedVUs: (time) => curve.countAt(time),
      changes: () => curve.changes(),
    };
  },
});
