// Retry budgets: how many retries one replica of a caller may make in all, so that they cannot multiply the load.

import type { Nanos } from "../base/time.ts";
import type { RetryBudgetPolicy } from "../model/policies.ts";

export interface RetryBudget {
  /** A call is made for the first time. */
  request(now: Nanos): void;
  /** An attempt has ended. @param failed in a way that is tried again */
  ended(failed: boolean): void;
  /** Takes a retry out of the budget, if there is one. */
  withdraw(now: Nanos): boolean;
}

/** Makes the budget that a policy describes. */
export function retryBudget(policy: RetryBudgetPolicy): RetryBudget {
  return policy.type === "share" ? new ShareBudget(policy) : new TokenBudget(policy);
}

/** Finagle's window has ten parts. */
const PARTS = 10;

/**
 * Finagle's RetryBudget (https://twitter.github.io/finagle/guide/Clients.html#retries): every request pays in its share of a
 * retry, a retry takes out a whole one; what is older than the window is forgotten, and a number of retries a second is
 * there anyway.
 */
class ShareBudget implements RetryBudget {
  readonly #share: number;
  readonly #reserve: number;
  readonly #part: number;
  readonly #parts = new Float64Array(PARTS);
  #balance = 0;
  #at = 0;

  constructor({ share, floor, window }: RetryBudgetPolicy & { readonly type: "share" }) {
    this.#share = share;
    this.#reserve = floor * window / 1e9;
    this.#part = window / PARTS;
  }

  request(now: Nanos): void {
    this.#add(now, this.#share);
  }

  ended(): void {}

  withdraw(now: Nanos): boolean {
    this.#add(now, 0);
    // Shares that add up to one retry may be off by a rounding.
    if (this.#balance + this.#reserve < 1 - 1e-9) return false;
    this.#add(now, -1);
    return true;
  }

  #add(now: Nanos, amount: number): void {
    const part = Math.floor(now / this.#part);
    for (let passed = Math.min(part - this.#at, PARTS); passed > 0; passed--) {
      this.#parts[(part - passed + 1) % PARTS] = 0;
    }
    if (part !== this.#at) {
      this.#balance = 0;
      for (let i = 0; i < PARTS; i++) this.#balance += this.#parts[i]!;
      this.#at = part;
    }
    this.#parts[part % PARTS]! += amount;
    this.#balance += amount;
  }
}

/** gRPC's retry throttling (https://github.com/grpc/proposal/blob/master/A6-client-retries.md). */
class TokenBudget implements RetryBudget {
  readonly #most: number;
  readonly #ratio: number;
  #tokens: number;

  constructor({ tokens, ratio }: RetryBudgetPolicy & { readonly type: "tokens" }) {
    this.#most = this.#tokens = tokens;
    this.#ratio = ratio;
  }

  request(): void {}

  ended(failed: boolean): void {
    this.#tokens = failed ? Math.max(0, this.#tokens - 1) : Math.min(this.#most, this.#tokens + this.#ratio);
  }

  withdraw(): boolean {
    return this.#tokens > this.#most / 2;
  }
}
