// ramping-vus: the number of VUs goes in straight lines from target to target.

import { duration, integer, INVALID, required, withDefault, wrong } from "../base/fields.ts";
import { type Nanos, RUN_LENGTH_MAX, SECOND } from "../base/time.ts";
import { boundedLength, checkStagesLength, executor, nodeAt, repeatProperty, stagesField } from "./executor.ts";
import { VuCurve, VUS_MAX } from "./vu_curve.ts";

export const rampingVus = executor({
  summary: "A number of VUs that goes in straight lines from stage to stage run as many iterations as they can.",
  fields: {
    startVUs: withDefault(integer({ min: 0, max: VUS_MAX }), 1, "VUs at the start."),
    stages: required(
      stagesField(integer({ min: 0, max: VUS_MAX }), "VUs at the end of the stage."),
      "How the number goes on, stage by stage.",
    ),
    repeat: repeatProperty,
    gracefulRampDown: withDefault(
      duration({ max: RUN_LENGTH_MAX, bareMilliseconds: true }),
      (30 * SECOND) as Nanos,
      "How long the iteration of a VU that is taken away may go on before it is interrupted.",
      "30s",
    ),
  },
  compile({ startVUs, stages, repeat, gracefulRampDown }, node, diagnostics) {
    let valid = checkStagesLength(stages, repeat, node, diagnostics);
    const curve = new VuCurve(startVUs, stages, (length) => boundedLength(length * repeat));
    if (curve.max === 0) {
      valid = false;
      wrong(
        nodeAt(node, "stages"),
        "neither startVUs nor the target of a stage is above 0",
        diagnostics,
        "without a VU no iteration can ever start",
      );
    }
    if (!valid) return INVALID;
    return {
      type: "closed",
      length: curve.length,
      endless: repeat === Infinity,
      cycle: curve.cycle,
      vusMax: curve.max,
      gracefulRampDown,
      iterations: undefined,
      plannedVUs: (time) => curve.countAt(time),
      changes: () => curve.changes(),
    };
  },
});
