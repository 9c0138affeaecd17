// What one replica of a service can do at once, and what it does with more than that, as plain data.

import type { Nanos } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";

export const DISCIPLINES = ["fifo", "lifo", "codel"] as const;
export type Discipline = (typeof DISCIPLINES)[number];

export const VIEWS = ["replica", "global"] as const;
export type View = (typeof VIEWS)[number];

/** CoDel's two constants: the wait that is acceptable, and for how long a longer one is. */
export interface DelayTarget {
  readonly target: Nanos;
  readonly interval: Nanos;
}

/** RFC 8289 §4.3 and §4.2; facebook/folly's Codel has the same two. */
export const DELAY_TARGET: DelayTarget = { target: 5e6 as Nanos, interval: 1e8 as Nanos };

/** Everything stands still for `length`, again and again; `every` is from the beginning of one to that of the next. */
export interface PauseSpec {
  readonly every: Distribution;
  readonly length: Distribution;
  /**
   * What each request that is there adds to a pause: a collection that copies or marks takes time in proportion to what is
   * alive, not to what is garbage (R. Jones, A. Hosking and E. Moss, "The Garbage Collection Handbook", 2011, ch. 2 to 4).
   */
  readonly perRequest?: Nanos | undefined;
}

/** Own work takes `factor` times as long at the start, falling evenly to once after `length`. */
export interface WarmUp {
  readonly length: Nanos;
  readonly factor: number;
}

/** A token bucket. */
export interface RateLimit {
  /** Tokens a second. */
  readonly rate: number;
  /** Tokens that the bucket holds. */
  readonly burst: number;
  /** Whose bucket it is: each replica's own, or one for all. */
  readonly view: View;
}

/** What it turns away before it is full; several may stand together. */
export interface Shedding {
  /** Requests waiting from which on others are turned away; Infinity for never. */
  readonly queue: number;
  /** Share of the cores or workers busy over about the last second, from which on requests are; Infinity for never. */
  readonly utilization: number;
  /** Drops what waited too long, by RFC 8289, when it would be taken up. */
  readonly codel: DelayTarget | undefined;
}

export interface Capacity {
  /** Cores that own work is shared out over; fractions allowed. Infinity: as many as there is work. */
  readonly cores: number;
  /** CPU limit in cores, kept by CFS bandwidth control. Infinity: none. */
  readonly cpuLimit: number;
  readonly discipline: Discipline;
  /** Of the discipline codel. */
  readonly delay: DelayTarget;
  /** How long a request waits in the queue before it is answered 503, drawn for each. */
  readonly patience: Distribution | undefined;
  readonly pauses: readonly PauseSpec[];
  readonly warmUp: WarmUp | undefined;
  readonly rateLimit: RateLimit | undefined;
  readonly shed: Shedding | undefined;
}

/** Of a service whose file says nothing about it. */
export const PLAIN_CAPACITY: Capacity = {
  cores: Infinity,
  cpuLimit: Infinity,
  discipline: "fifo",
  delay: DELAY_TARGET,
  patience: undefined,
  pauses: [],
  warmUp: undefined,
  rateLimit: undefined,
  shed: undefined,
};

/** Cores that a replica can use in the long run; Infinity where neither cores nor a CPU limit are given. */
export function coresOf({ cores, cpuLimit }: Capacity): number {
  return Math.min(cores, cpuLimit);
}
