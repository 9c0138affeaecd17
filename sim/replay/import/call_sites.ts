// What the requests of one endpoint have in common: the places in its code that call, how often each is reached, and how
// two of them stand to each other.

import type { LogicalCall } from "./logical_calls.ts";

/** A place that calls. */
export interface CallSite {
  readonly callee: number;
  /** Which of several places that call the same, from 0. */
  readonly place: number;
  /** Requests that reached it. */
  requests: number;
  /** … and were well in the end. */
  okRequests: number;
  /** Calls, attempts of one counted once. */
  calls: number;
  /** Calls that failed for good, and how many of their requests were well all the same. */
  failed: number;
  tolerated: number;
  attemptsMax: number;
  async: number;
  /** Turns of a loop: how many requests that were well had so many. */
  readonly turns: Map<number, number>;
  /** The same of requests that failed: how many they would have had nobody knows. */
  readonly turnsOfFailed: Map<number, number>;
  /** Nanoseconds; at most KEPT_MAX of each. */
  readonly pauses: number[];
  readonly secondPauses: number[];
  readonly patience: number[];
  /** Mean place in the order of starts, for sites that never meet. */
  orderSum: number;
}

/** Values kept of each site, for a median. */
const KEPT_MAX = 2000;
/** Places that call, of one endpoint: what is beyond is counted to the last place of the same callee. */
const SITES_MAX = 64;
/** Places that call the same endpoint. */
const PLACES_MAX = 12;
/** Two calls overlap if they do for this share of the shorter one. */
const OVERLAP_SHARE = 0.02;

/** How the calls to one callee lie in the requests of an endpoint. */
class CalleeHabits {
  requests = 0;
  /** Requests with several calls, one after the other with no other call between. */
  inRow = 0;
  several = 0;
}

/** One interval of a request: a site, or all turns of its loop. */
interface Stay {
  site: number;
  start: number;
  end: number;
}

export class CallSites {
  readonly sites: CallSite[] = [];
  requests = 0;
  okRequests = 0;
  /** Of the requests that were well: mean share of the own time before the first call, with how many it is known of. */
  leadSum = 0;
  leadCount = 0;
  readonly #habits = new Map<number, CalleeHabits>();
  readonly #siteOf = new Map<number, number>();
  /** Pairs of sites: requests with both, with both side by side, and with the first ended before the second began. */
  readonly #both = new Map<number, { met: number; overlapped: number; before: number; after: number }>();
  readonly #stays: Stay[] = [];
  readonly #place = new Map<number, number>();

  /** The first pass: how often the calls to one callee follow each other. */
  learnHabits(calls: readonly LogicalCall[], count: number): void {
    const seen = new Map<number, { last: number; inRow: boolean; number: number }>();
    for (let i = 0; i < count; i++) {
      const { callee, start } = calls[i]!;
      const before = seen.get(callee);
      if (before === undefined) seen.set(callee, { last: i, inRow: true, number: 1 });
      else {
        before.number++;
        if (before.last !== i - 1 || start < calls[before.last]!.end - 1000) before.inRow = false;
        before.last = i;
      }
    }
    for (const [callee, { inRow, number }] of seen) {
      let habits = this.#habits.get(callee);
      if (habits === undefined) this.#habits.set(callee, habits = new CalleeHabits());
      habits.requests++;
      if (number > 1) {
        habits.several++;
        if (inRow) habits.inRow++;
      }
    }
  }

  /** Calls to it are turns of a loop. */
  isLoop(callee: number): boolean {
    const habits = this.#habits.get(callee);
    return habits !== undefined && habits.several > 0 && habits.inRow >= 0.9 * habits.several;
  }

  /** The second pass. */
  learn(calls: readonly LogicalCall[], count: number, ok: boolean): void {
    this.requests++;
    if (ok) this.okRequests++;
    if (count === 0) return;
    this.#place.clear();
    let stays = 0;
    for (let i = 0; i < count; i++) {
      const call = calls[i]!;
      const isLoop = this.isLoop(call.callee);
      const place = isLoop ? 0 : Math.min(this.#place.get(call.callee) ?? 0, PLACES_MAX - 1);
      const site = this.#site(call.callee, place);
      this.#place.set(call.callee, place + 1);
      this.#learnCall(this.sites[site]!, call, ok);
      const known = isLoop ? this.#stayOf(site, stays) : undefined;
      if (known !== undefined) {
        known.end = Math.max(known.end, call.end);
        continue;
      }
      const stay = this.#stays[stays] ??= { site: 0, start: 0, end: 0 };
      stays++;
      stay.site = site;
      stay.start = call.start;
      stay.end = call.end;
    }
    this.#learnStays(stays, ok);
    for (const [callee, number] of this.#place) {
      if (!this.isLoop(callee)) continue;
      let turns = 0;
      for (let i = 0; i < count; i++) if (calls[i]!.callee === callee) turns++;
      const site = this.sites[this.#site(callee, 0)]!;
      const counts = ok ? site.turns : site.turnsOfFailed;
      if (number > 0) counts.set(turns, (counts.get(turns) ?? 0) + 1);
    }
  }

  /** Whether the requests that were well are enough to tell how often a place is reached: of the others nobody knows. */
  get okIsEnough(): boolean {
    return this.okRequests >= 20 || this.okRequests === this.requests;
  }

  /** Share of the requests that reach a place. */
  reach(site: number): number {
    const { okRequests, requests } = this.sites[site]!;
    return this.okIsEnough ? okRequests / Math.max(1, this.okRequests) : requests / Math.max(1, this.requests);
  }

  /** How two sites stand to each other, as far as requests with both tell. */
  pair(a: number, b: number): { met: number; overlapped: number; before: number; after: number } {
    const pair = this.#both.get(a < b ? a * SITES_MAX * 2 + b : b * SITES_MAX * 2 + a);
    if (pair === undefined) return { met: 0, overlapped: 0, before: 0, after: 0 };
    return a < b ? pair : { ...pair, before: pair.after, after: pair.before };
  }

  #site(callee: number, place: number): number {
    const key = callee * PLACES_MAX + place;
    let index = this.#siteOf.get(key);
    if (index === undefined && this.sites.length >= SITES_MAX) {
      // Too many places: those of one callee become one.
      for (let lower = place - 1; lower >= 0 && index === undefined; lower--) {
        index = this.#siteOf.get(callee * PLACES_MAX + lower);
      }
    }
    if (index === undefined) {
      index = this.sites.length;
      this.sites.push({
        callee,
        place,
        requests: 0,
        okRequests: 0,
        calls: 0,
        failed: 0,
        tolerated: 0,
        attemptsMax: 1,
        async: 0,
        turns: new Map(),
        turnsOfFailed: new Map(),
        pauses: [],
        secondPauses: [],
        patience: [],
        orderSum: 0,
      });
    }
    this.#siteOf.set(key, index);
    return index;
  }

  #learnCall(site: CallSite, call: LogicalCall, ok: boolean): void {
    site.calls++;
    if (call.async) site.async++;
    if (call.failed) {
      site.failed++;
      if (ok) site.tolerated++;
    }
    site.attemptsMax = Math.max(site.attemptsMax, call.attempts);
    if (call.pause >= 0 && site.pauses.length < KEPT_MAX) site.pauses.push(call.pause);
    if (call.secondPause >= 0 && site.secondPauses.length < KEPT_MAX) site.secondPauses.push(call.secondPause);
    if (call.patience >= 0 && site.patience.length < KEPT_MAX) site.patience.push(call.patience);
  }

  #stayOf(site: number, stays: number): Stay | undefined {
    for (let i = 0; i < stays; i++) if (this.#stays[i]!.site === site) return this.#stays[i];
    return undefined;
  }

  #learnStays(count: number, ok: boolean): void {
    for (let i = 0; i < count; i++) {
      const a = this.#stays[i]!;
      const site = this.sites[a.site]!;
      site.requests++;
      if (ok) site.okRequests++;
      site.orderSum += i;
      for (let j = i + 1; j < count && j < i + SITES_MAX; j++) {
        const b = this.#stays[j]!;
        if (a.site !== b.site) this.#learnPair(a, b);
      }
    }
  }

  #learnPair(a: Stay, b: Stay): void {
    const [first, second] = a.site < b.site ? [a, b] : [b, a];
    const key = first.site * SITES_MAX * 2 + second.site;
    let pair = this.#both.get(key);
    if (pair === undefined) this.#both.set(key, pair = { met: 0, overlapped: 0, before: 0, after: 0 });
    pair.met++;
    const shorter = Math.min(first.end - first.start, second.end - second.start);
    const shared = Math.min(first.end, second.end) - Math.max(first.start, second.start);
    if (shared > OVERLAP_SHARE * shorter + 1000) pair.overlapped++;
    else if (first.start <= second.start) pair.before++;
    else pair.after++;
  }
}
