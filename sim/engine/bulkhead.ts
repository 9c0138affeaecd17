// A limit of calls at once, by one replica of a caller (resilience4j's SemaphoreBulkhead, M. Nygard's pattern).

import type { BulkheadPolicy } from "../model/policies.ts";
import type { Frame } from "./frame.ts";
import { WaitingLine } from "./waiting_line.ts";

export class Bulkhead {
  readonly #policy: BulkheadPolicy;
  readonly line = new WaitingLine();
  busy = 0;

  constructor(policy: BulkheadPolicy) {
    this.#policy = policy;
  }

  /** Takes a place if one is free and nobody waits for it. */
  take(): boolean {
    if (this.busy >= this.#policy.concurrency || this.line.waiting > 0) return false;
    this.busy++;
    return true;
  }

  get mayWait(): boolean {
    return this.#policy.wait > 0 && this.line.waiting < this.#policy.queue;
  }

  /** A place becomes free. The strand that is next gets it, and has left the line. */
  giveBack(frames: readonly Frame[]): Frame | undefined {
    const next = this.line.waiting > 0 ? this.line.next(frames) : undefined;
    if (next === undefined) this.busy--;
    return next;
  }
}
