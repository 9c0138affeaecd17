// The entries of a cache in one replica's memory as they would be without the faults: those are there that a fault has
// thrown away, or has kept from being fetched, or has fetched late. So a miss that would be a hit is known for a fault's.
// Its clock is that of the strands that ask, without their lateness.

import type { Nanos } from "../base/time.ts";
import { LruStore } from "./lru_store.ts";

/** A key that is being fetched, or was to be. */
interface Fetch {
  readonly slot: number;
  /** When the strand in the slot began: another one began later. */
  readonly start: number;
  readonly since: number;
  /** The fault, + 1, that keeps it from being done; 0 while it goes on. */
  failedBy: number;
}

/** How much the last fetch counts in the time that one takes. */
const LAST_COUNTS = 0.1;

export class TwinStore {
  readonly #entries: LruStore;
  readonly #fetches = new Map<number, Fetch>();
  /** How long a fetch takes of late; undefined before the first. */
  #typical: number | undefined;
  /** The fault, + 1, that last kept an entry out of the cache; 0 for none. */
  lostBy = 0;

  constructor(capacity: number) {
    this.#entries = new LruStore(capacity);
  }

  /**
   * Whether the key would be there.
   * @param ttl how long an entry stays
   * @param holdsUp gives the fault, + 1, that holds a strand up; 0 for none, -1 when it is gone
   */
  has(key: number, at: Nanos, ttl: number, holdsUp: (slot: number, start: number) => number): boolean {
    const fetch = this.#fetches.get(key);
    if (fetch !== undefined && this.#typical !== undefined && at >= fetch.since + this.#typical) {
      const by = fetch.failedBy !== 0 ? fetch.failedBy : holdsUp(fetch.slot, fetch.start);
      if (by < 0) this.#fetches.delete(key);
      else if (by > 0) {
        this.lostBy = by;
        this.#fetches.delete(key);
        this.#entries.put(key, fetch.since + this.#typical + ttl);
      }
    }
    return this.#entries.has(key, at);
  }

  /** Somebody goes for a key that would not be there, or would have to. Who did so first counts. */
  fetches(key: number, slot: number, start: number, at: Nanos): void {
    const before = this.#fetches.get(key);
    if (before === undefined || before.failedBy !== 0) {
      this.#fetches.set(key, { slot, start, since: at, failedBy: 0 });
    }
  }

  /** Who went for a key has it. */
  fetched(key: number, slot: number, start: number, at: Nanos, ttl: number): void {
    const fetch = this.#fetches.get(key);
    if (fetch !== undefined && fetch.slot === slot && fetch.start === start) {
      const took = at - fetch.since;
      this.#typical = this.#typical === undefined ? took : this.#typical + LAST_COUNTS * (took - this.#typical);
      this.#fetches.delete(key);
    }
    this.#entries.put(key, at + ttl);
  }

  /** Somebody would go for a key that a fault has let be there already. */
  brings(key: number, at: Nanos, ttl: number): void {
    this.#entries.put(key, at + (this.#typical ?? 0) + ttl);
  }

  /** Who went for a key does not get it. @param by the fault, + 1, because of which; 0 for none */
  failed(key: number, slot: number, by: number): void {
    const fetch = this.#fetches.get(key);
    if (fetch === undefined || fetch.slot !== slot || fetch.failedBy !== 0) return;
    if (by === 0) this.#fetches.delete(key);
    else fetch.failedBy = by;
  }

  /** What it holds is lost of its own accord. */
  clear(): void {
    this.#entries.clear();
    this.#fetches.clear();
  }
}
