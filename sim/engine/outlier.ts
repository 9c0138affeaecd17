// Outlier detection: replicas that fail several times in a row are left out for a while, as in Envoy
// (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier).

import type { Nanos } from "../base/time.ts";
import type { OutlierPolicy } from "../model/policies.ts";

interface Replica {
  readonly replica: number;
}

/** What a caller thinks of one replica. */
interface Opinion {
  failuresInARow: number;
  ejected: boolean;
  /** How often it has been ejected, less one for each interval in which it was well. */
  times: number;
  returned: number;
}

/** Envoy's max_ejection_time. */
const EJECTION_MAX = 300e9;

export class Outlier {
  readonly #policy: OutlierPolicy;
  readonly #opinions: (Opinion | undefined)[] = [];
  #ejected = 0;
  /** The replicas that are left, for the list and the number of changes that they were left of. */
  #left: readonly Replica[] = [];
  #leftOf: readonly Replica[] = [];
  #leftAt = -1;
  #changes = 0;

  constructor(policy: OutlierPolicy) {
    this.#policy = policy;
  }

  /**
   * The replicas that a call may go to: all of them when too few would be left (Envoy's panic threshold: with so few,
   * those that are left would be overloaded).
   */
  usable<R extends Replica>(all: readonly R[]): readonly Replica[] {
    if (this.#ejected === 0) return all;
    if (this.#leftOf !== all || this.#leftAt !== this.#changes) {
      const left = all.filter(({ replica }) => this.#opinions[replica]?.ejected !== true);
      this.#left = left.length === 0 || left.length < this.#policy.panic * all.length ? all : left;
      this.#leftOf = all;
      this.#leftAt = this.#changes;
    }
    return this.#left;
  }

  /**
   * A call of a replica has ended.
   * @param replicas how many there are
   * @returns when an ejection that this makes will be over; 0 when it makes none
   */
  record(replica: number, failed: boolean, now: Nanos, replicas: number): Nanos {
    const opinion = this.#opinions[replica] ??= { failuresInARow: 0, ejected: false, times: 0, returned: 0 };
    if (!failed) {
      opinion.failuresInARow = 0;
      return 0 as Nanos;
    }
    const { consecutive, interval, ejection, max } = this.#policy;
    if (++opinion.failuresInARow < consecutive || opinion.ejected) return 0 as Nanos;
    // One may always be ejected, as in Envoy up to 1.29: a tenth of three replicas would be none.
    if (this.#ejected > 0 && this.#ejected + 1 > max * replicas) return 0 as Nanos;
    const well = opinion.times === 0 ? 0 : Math.floor((now - opinion.returned) / interval);
    opinion.times = Math.max(0, opinion.times - well) + 1;
    opinion.ejected = true;
    opinion.failuresInARow = 0;
    this.#ejected++;
    this.#changes++;
    const over = now + Math.min(ejection * opinion.times, Math.max(EJECTION_MAX, ejection));
    return (Math.ceil(over / interval) * interval) as Nanos;
  }

  /** An ejection is over. */
  giveBack(replica: number, now: Nanos): void {
    const opinion = this.#opinions[replica];
    if (opinion === undefined || !opinion.ejected) return;
    opinion.ejected = false;
    opinion.returned = now;
    this.#ejected--;
    this.#changes++;
  }
}
