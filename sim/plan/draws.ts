// The draws that depend on nothing but the plan, so that whoever looks ahead draws what a run will draw.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import type { Arrivals, OpenLoad } from "../load/load.ts";

const SALT_SEED = hashText("seed");
const SALT_ARRIVALS = hashText("arrivals");

/** The halves of a key, as signed 32-bit integers. */
export interface DrawKey {
  readonly high: number;
  readonly low: number;
}

/** The key that all draws of a workload start from. */
export function workloadKey(seed: number, workloadSalt: number): DrawKey {
  mix(Math.floor(seed / 4294967296) | 0, seed | 0, SALT_SEED);
  mix(mixed.high, mixed.low, workloadSalt);
  return { high: mixed.high, low: mixed.low };
}

/** A fresh cursor over the start times of the workload with this key, relative to its start. */
export function arrivalsOf(load: OpenLoad, key: DrawKey): Arrivals {
  mix(key.high, key.low, SALT_ARRIVALS);
  const { high, low } = mixed;
  return load.arrivals((n) => uniform(high, low, n | 0));
}
