// The service and think times of the theory's systems, with the moments that the formulas ask for.

import { type Nanos, nanos } from "../../sim/base/time.ts";
import type { Distribution } from "../../sim/distributions/distribution.ts";
import { normalQuantile } from "../../sim/distributions/normal_quantile.ts";

/** The lognormal distribution of this mean and this squared coefficient of variation (variance over squared mean). */
export function lognormal(mean: Nanos, cv2: number): Distribution {
  const sigma2 = Math.log(1 + cv2), sigma = Math.sqrt(sigma2), location = Math.log(mean) - sigma2 / 2;
  return {
    text: `lognormal, mean ${mean}ns, squared cv ${cv2}`,
    mean,
    least: 0,
    sample: (u) => Math.exp(location + sigma * normalQuantile(u)),
  };
}

/** `low` but for the share `share`, which takes `high`. */
export function bimodal(low: Nanos, high: Nanos, share: number): Distribution {
  return {
    text: `${low}ns, or ${high}ns for ${share}`,
    mean: low * (1 - share) + high * share,
    least: low,
    sample: (u) => u < 1 - share ? low : high,
  };
}

/** Whole multiples of `step`, from 1 to `most`, alike often: many times are equal to the nanosecond. */
export function grid(step: Nanos, most: number): Distribution {
  return {
    text: `1 to ${most} times ${step}ns`,
    mean: step * (most + 1) / 2,
    least: step,
    sample: (u) => nanos(step * (1 + Math.floor(u * most))),
  };
}

/** How often something is done that is done again with probability `again`: 1, 2, 3…, mean 1 / (1 - again). */
export function geometric(again: number): Distribution {
  return {
    text: `geometric, again with ${again}`,
    mean: 1 / (1 - again),
    least: 1,
    sample: (u) => 1 + Math.floor(Math.log(u) / Math.log(again)),
  };
}
