// What the two executors with a fixed number of iterations share: their fields, and VUs that are all there at once.

import { type Decoded, integer, withDefault } from "../base/fields.ts";
import { MINUTE, type Nanos } from "../base/time.ts";
import { lengthField } from "./executor.ts";
import type { ClosedLoad } from "./load.ts";
import { VuCurve, VUS_MAX } from "./vu_curve.ts";

export const iterationFields = {
  vus: withDefault(integer({ min: 1, max: VUS_MAX }), 1, "VUs that run side by side."),
  maxDuration: withDefault(
    lengthField(),
    (10 * MINUTE) as Nanos,
    "After which no iteration starts, without gracefulStop; those left are dropped.",
    "10m",
  ),
};

export function iterationLoad(
  { vus, maxDuration }: Decoded<typeof iterationFields>,
  iterations: NonNullable<ClosedLoad["iterations"]>,
): ClosedLoad {
  const curve = new VuCurve(vus, [{ target: vus, duration: maxDuration }]);
  return {
    type: "closed",
    length: maxDuration,
    endless: false,
    cycle: undefined,
    vusMax: vus,
    gracefulRampDown: 0 as Nanos,
    iterations,
    plannedVUs: (time) => curve.countAt(time),
    changes: () => curve.changes(),
  };
}
