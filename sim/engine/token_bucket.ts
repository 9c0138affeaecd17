// A token bucket that fills evenly, kept as the time at which it would be full again (the generic cell rate algorithm,
// ITU-T I.371: the same as a bucket, without a count that drifts).

import { type Nanos, SECOND } from "../base/time.ts";
import type { RateLimit } from "../model/capacity.ts";

export class TokenBucket {
  /** Nanoseconds in which a token comes. */
  readonly #each: number;
  /** How far ahead of now the bucket may be emptied. */
  readonly #room: number;
  #fullAt = 0;

  constructor({ rate, burst }: RateLimit) {
    this.#each = SECOND / rate;
    this.#room = (burst - 1) * this.#each;
  }

  /** Takes a token. @returns 0, or if there is none the time until there is one, in whole nanoseconds */
  take(now: Nanos): Nanos {
    const wait = this.#fullAt - this.#room - now;
    // A fraction of a nanosecond is no time.
    if (wait >= 1) return Math.ceil(wait) as Nanos;
    this.#fullAt = Math.max(this.#fullAt, now) + this.#each;
    return 0 as Nanos;
  }

  /** Fills it. */
  fill(): void {
    this.#fullAt = 0;
  }
}
