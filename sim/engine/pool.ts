// The connections of one replica of a caller to a service.

import type { Nanos } from "../base/time.ts";
import type { PoolPolicy } from "../model/policies.ts";
import type { Frame } from "./frame.ts";
import { WaitingLine } from "./waiting_line.ts";

/** What a call that asks for a connection gets. */
export const Grant = { ready: 0, fresh: 1, wait: 2 } as const;
export type Grant = (typeof Grant)[keyof typeof Grant];

/**
 * Connections carry one call at a time. The one that became idle last is used first, so that those that a quiet time needs
 * no more grow old and are closed; who finds all of them busy waits its turn, as in HikariCP and the pools of HTTP
 * clients.
 */
export class Pool {
  readonly #policy: PoolPolicy;
  readonly line = new WaitingLine();
  /** When each idle connection became idle, the oldest first, from `#oldest` on. */
  #idleSince: number[] = [];
  #oldest = 0;
  /** Connections that carry a call, are being set up, or are idle. */
  open = 0;
  /** Connections that faults hold, by fault. */
  readonly #taken: number[] = [];
  #size: number;

  constructor(policy: PoolPolicy) {
    this.#policy = policy;
    this.#size = policy.size;
  }

  /** Takes so many connections away, instead of those that the same one took before. */
  take(by: number, connections: number): void {
    this.#taken[by] = connections;
    this.#size = Math.max(0, this.#policy.size - this.#taken.reduce((sum, each) => sum + each, 0));
    // Idle ones are taken at once, the oldest first; who carries a call goes on.
    while (this.open > this.#size && this.#idleSince.length > this.#oldest) {
      this.#oldest++;
      this.open--;
    }
  }

  /** The strand that is next, if there is room for its connection: it has left the line, and the connection is open. */
  openForNext(frames: readonly Frame[]): Frame | undefined {
    if (this.open >= this.#size || this.line.waiting === 0) return undefined;
    const next = this.line.next(frames);
    if (next !== undefined) this.open++;
    return next;
  }

  /** @returns ready: an idle connection; fresh: one that must be set up; wait: none, and the line is to be joined */
  ask(now: Nanos): Grant {
    this.#closeOld(now);
    if (this.#idleSince.length > this.#oldest) {
      this.#idleSince.pop();
      return Grant.ready;
    }
    if (this.open >= this.#size) return Grant.wait;
    this.open++;
    return Grant.fresh;
  }

  /**
   * A call gives its connection back. The strand that is next gets it, and has left the line.
   * @param reusable false when the call was cut off: the connection is closed, since its answer may still come
   */
  giveBack(now: Nanos, reusable: boolean, frames: readonly Frame[]): Frame | undefined {
    if (this.open > this.#size) {
      this.open--;
      return undefined;
    }
    const next = this.line.waiting > 0 ? this.line.next(frames) : undefined;
    // Closed, it makes room for a fresh one.
    if (next !== undefined) return next;
    if (reusable) this.#idleSince.push(now);
    else this.open--;
    return undefined;
  }

  /** Connections that carry a call, or are being set up for one. */
  get busy(): number {
    return this.open - (this.#idleSince.length - this.#oldest);
  }

  /** Connections that are idle, and not too old. */
  idleAt(now: Nanos): number {
    let first = this.#oldest;
    while (first < this.#idleSince.length && now - this.#idleSince[first]! > this.#policy.keepAlive) first++;
    return this.#idleSince.length - first;
  }

  #closeOld(now: Nanos): void {
    const { keepAlive } = this.#policy, idle = this.#idleSince;
    while (this.#oldest < idle.length && now - idle[this.#oldest]! > keepAlive) {
      this.#oldest++;
      this.open--;
    }
    if (this.#oldest === idle.length) idle.length = this.#oldest = 0;
    else if (this.#oldest > 64 && this.#oldest * 2 > idle.length) {
      idle.splice(0, this.#oldest);
      this.#oldest = 0;
    }
  }
}
