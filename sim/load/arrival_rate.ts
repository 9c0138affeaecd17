// What the arrival-rate executors share: their VUs, their time unit, and how the starts are spaced.

import type { Diagnostics } from "../base/diagnostics.ts";
import { type Decoded, type Field, INVALID, type Invalid, required, withDefault, word, wrong } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { SECOND } from "../base/time.ts";
import { endlessCountField, lengthField, nodeAt } from "./executor.ts";
import type { OpenLoad } from "./load.ts";
import type { RateCurve } from "./rate_curve.ts";
import { VUS_MAX } from "./vu_curve.ts";

const vus: Field<number> = endlessCountField(0, VUS_MAX);

export const arrivalRateFields = {
  timeUnit: withDefault(
    lengthField(),
    SECOND,
    "What the rates refer to: 20 with a timeUnit of 1m is 20 a minute.",
    "1s",
  ),
  arrival: withDefault(
    word(["uniform", "poisson"]),
    "uniform",
    "How the starts are spaced: evenly, as in k6, or at random as a Poisson process of the same rate.",
  ),
  preAllocatedVUs: required(
    vus,
    "VUs that are there from the start, or unlimited, so that no iteration is ever dropped.",
  ),
  maxVUs: withDefault<number | undefined>(
    vus,
    undefined,
    "VUs that there may be when more are needed; past it iterations are dropped.",
    "preAllocatedVUs",
  ),
};

/**
 * Makes the load of a rate.
 * @param first the number of the first even start: 0 starts with the load, 1 when the rate has asked for one iteration
 * @param endless whether it was asked to go on until the run is stopped
 * @param rateKey where the rate stands, for a rate that asks for too much
 */
export function openLoad(
  curve: RateCurve,
  first: 0 | 1,
  endless: boolean,
  { arrival, preAllocatedVUs, maxVUs = preAllocatedVUs }: Decoded<typeof arrivalRateFields>,
  rateKey: string,
  node: Node,
  diagnostics: Diagnostics,
): OpenLoad | Invalid {
  let valid = true;
  if (maxVUs < preAllocatedVUs) {
    valid = false;
    const have = preAllocatedVUs === Infinity ? "unlimited" : String(preAllocatedVUs);
    wrong(
      nodeAt(node, "maxVUs"),
      `maxVUs ${maxVUs} is less than preAllocatedVUs ${have}`,
      diagnostics,
      preAllocatedVUs === Infinity ? "leave maxVUs out" : `at least ${have}; left out, it is preAllocatedVUs`,
    );
  } else if (maxVUs === 0) {
    valid = false;
    wrong(
      nodeAt(node, "preAllocatedVUs"),
      "without a VU no iteration can ever start",
      diagnostics,
      "write preAllocatedVUs: unlimited, or a number above 0",
    );
  }
  if (curve.integral > Number.MAX_SAFE_INTEGER) {
    valid = false;
    wrong(
      nodeAt(node, rateKey),
      `this asks for ${curve.integral.toPrecision(3)} iterations, more than can be counted`,
      diagnostics,
      "mind the timeUnit",
    );
  }
  if (!valid) return INVALID;
  return {
    type: "open",
    length: curve.length,
    endless,
    cycle: curve.cycle,
    preAllocatedVUs: preAllocatedVUs === Infinity ? 0 : preAllocatedVUs,
    maxVUs,
    expectedIterations: endless ? Infinity : arrival === "poisson" ? curve.integral : curve.evenCount(first),
    plannedRate: (time) => curve.rateAt(time),
    arrivals: (draw) => arrival === "poisson" ? curve.poissonArrivals(draw) : curve.evenArrivals(first),
  };
}
