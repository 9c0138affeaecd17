// constant-vus: a fixed number of VUs run as many iterations as they can.

import { integer, required, withDefault } from "../base/fields.ts";
import type { Nanos } from "../base/time.ts";
import { executor, lengthField } from "./executor.ts";
import { VuCurve, VUS_MAX } from "./vu_curve.ts";

export const constantVus = executor({
  summary: "A fixed number of VUs run as many iterations as they can.",
  fields: {
    vus: withDefault(integer({ min: 1, max: VUS_MAX }), 1, "VUs that run side by side."),
    duration: required(lengthField(), "How long they go on, without gracefulStop."),
  },
  compile({ vus, duration }) {
    const curve = new VuCurve(vus, [{ target: vus, duration }]);
    return {
      type: "closed",
      length: duration,
      vusMax: vus,
      gracefulRampDown: 0 as Nanos,
      iterations: undefined,
      plannedVUs: (time) => curve.countAt(time),
      changes: () => curve.changes(),
    };
  },
});
