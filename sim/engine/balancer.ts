// Which replica of a service a call goes to.

import { hashText, uniform } from "../base/draws.ts";
import type { BalancerKind } from "../model/policies.ts";

/** The draw of the plain random choice, which is what a call without a balancer makes. */
export const SALT_REPLICA = hashText("replica");
const SALT_SECOND = hashText("second replica");

interface Replica {
  readonly replica: number;
}

/**
 * One caller's view of a service. `least-requests` and `power-of-two` count the calls that this caller waits for: what
 * others send, it does not know. power-of-two compares two replicas chosen at random (M. Mitzenmacher, "The power of two
 * choices in randomized load balancing", 1996).
 */
export class Balancer {
  readonly #kind: BalancerKind;
  readonly #outstanding: number[] = [];
  #next: number;

  /** @param first where round-robin begins, so that not all callers begin with the same replica */
  constructor(kind: BalancerKind, first: number) {
    this.#kind = kind;
    this.#next = first;
  }

  /** @param among at least one replica @returns its number */
  choose(among: readonly Replica[], keyHigh: number, keyLow: number): number {
    const count = among.length;
    if (count === 1) return among[0]!.replica;
    switch (this.#kind) {
      case "random":
        return among[Math.floor(uniform(keyHigh, keyLow, SALT_REPLICA) * count)]!.replica;
      case "round-robin":
        return among[this.#next++ % count]!.replica;
      case "power-of-two": {
        const first = Math.floor(uniform(keyHigh, keyLow, SALT_REPLICA) * count);
        let second = Math.floor(uniform(keyHigh, keyLow, SALT_SECOND) * (count - 1));
        if (second >= first) second++;
        const a = among[first]!.replica, b = among[second]!.replica;
        return this.#load(b) < this.#load(a) ? b : a;
      }
      case "least-requests": {
        let least = Infinity, ties = 0;
        for (let i = 0; i < count; i++) {
          const load = this.#load(among[i]!.replica);
          if (load < least) {
            least = load;
            ties = 1;
          } else if (load === least) ties++;
        }
        let chosen = Math.floor(uniform(keyHigh, keyLow, SALT_REPLICA) * ties);
        for (let i = 0;; i++) {
          const { replica } = among[i]!;
          if (this.#load(replica) === least && chosen-- === 0) return replica;
        }
      }
    }
  }

  sent(replica: number): void {
    this.#outstanding[replica] = this.#load(replica) + 1;
  }

  ended(replica: number): void {
    this.#outstanding[replica] = this.#load(replica) - 1;
  }

  #load(replica: number): number {
    return this.#outstanding[replica] ?? 0;
  }
}
