// Simulated time as wall-clock time, exactly: seconds and nanoseconds apart, since neither float nor Date holds both.

const SECOND_NS = 1_000_000_000;

/** Turns nanoseconds since the run's start into seconds since the epoch and nanoseconds within the second. */
export class EpochClock {
  readonly #startSeconds: number;
  readonly #startNanos: number;
  /** What the last `at` found. */
  seconds = 0;
  nanos = 0;

  constructor(startEpochNs: bigint) {
    let seconds = startEpochNs / BigInt(SECOND_NS);
    let nanos = startEpochNs % BigInt(SECOND_NS);
    if (nanos < 0n) {
      seconds -= 1n;
      nanos += BigInt(SECOND_NS);
    }
    this.#startSeconds = Number(seconds);
    this.#startNanos = Number(nanos);
  }

  /** @param time whole nanoseconds since the run's start, 0 to 2^53 */
  at(time: number): void {
    // The quotient of a large time rounds up to the next second when it is a nanosecond short of it.
    let seconds = Math.floor(time / SECOND_NS);
    let nanos = time - seconds * SECOND_NS;
    if (nanos < 0) {
      seconds--;
      nanos += SECOND_NS;
    }
    nanos += this.#startNanos;
    if (nanos >= SECOND_NS) {
      seconds++;
      nanos -= SECOND_NS;
    }
    this.seconds = this.#startSeconds + seconds;
    this.nanos = nanos;
  }
}
