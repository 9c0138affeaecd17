// Caches: what is in them falls out of what was asked for, and so does the ratio of hits.

import { drawKey, spread } from "../plan/keys.ts";
import type { Instruction } from "../plan/plan.ts";
import type { PlanCache } from "../plan/state.ts";
import { mixed } from "../base/draws.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";
import { type Held, nextWaiter, type Waiter } from "./held.ts";
import { LruStore } from "./lru_store.ts";
import type { Taint } from "./taint.ts";
import { TwinStore } from "./twin_store.ts";

/** One request of a replica fetches a key, and others wait for it. */
class Flight implements Held {
  readonly waiters: Waiter[] = [];

  constructor(
    readonly caches: Caches,
    readonly flights: Map<number, Flight>,
    readonly key: number,
    public holder: Frame,
  ) {}

  /** As with Go's singleflight: whoever waits gets the same error. Of one that was cut off the next takes the place. */
  abandon(outcome: number, status: number, cause: number, causeOutcome: number): void {
    this.caches.abandoned(this, outcome, status, cause, causeOutcome);
  }
}

export class Caches {
  readonly #core: Core;
  readonly #plan: readonly PlanCache[];
  /** By number of the store, then by replica of its holder. */
  readonly #stores: LruStore[][] = [];
  /** The same without the faults; only where a plan has some. */
  readonly #twins: ((TwinStore | undefined)[] | undefined)[] = [];
  /** By cache, then by replica of the service that asks. */
  readonly #flights: Map<number, Flight>[][] = [];

  constructor(core: Core) {
    this.#core = core;
    this.#plan = core.plan.caches ?? [];
  }

  #store(cache: PlanCache, replica: number): LruStore {
    return (this.#stores[cache.store] ??= [])[replica] ??= new LruStore(cache.entries);
  }

  #twin(cache: PlanCache, replica: number): TwinStore {
    return (this.#twins[cache.store] ??= [])[replica] ??= new TwinStore(cache.entries);
  }

  /** Where the entry of the strand's innermost key is: a shard of the cache, or the strand's own replica. */
  shard(frame: Frame, service: number): number {
    return frame.cacheKeys.at(-1)! % this.#core.fleet.replicasOf(service).length;
  }

  /** The replica of the holder that has the strand's innermost key. */
  #replicaOf(cache: PlanCache, frame: Frame): number {
    return cache.isLocal ? frame.replica : this.shard(frame, cache.holder);
  }

  key(frame: Frame, { site }: Instruction): void {
    const cache = this.#plan[site]!;
    const { root } = frame;
    this.#core.strands.askedKey(frame);
    const { context } = this.#core.plan.workloads[root.workload]!;
    frame.cacheHit = false;
    frame.cacheKeys.push(spread(drawKey(cache.key, context, root, mixed.high, mixed.low), cache.space));
    frame.pc++;
  }

  /** Whether there is a cache. */
  get any(): boolean {
    return this.#plan.length > 0;
  }

  /** A request has been worked on: if a cache got it, what it asks for is there or not, or what it brings is stored. */
  served(request: Frame): void {
    const access = this.#core.plan.sites[request.site]!.cache;
    if (access === undefined) return;
    const cache = this.#plan[access.index]!, key = request.cacheKeys[0]!;
    const store = this.#store(cache, request.replica);
    if (access.stores) {
      store.put(key, this.#core.now + cache.ttl);
      return;
    }
    const isHit = store.has(key, this.#core.now);
    if (this.#core.servers.callerWaits(request)) this.#core.pool.frames[request.parent]!.cacheHit = isHit;
  }

  /** Goes on after the whole step when the key is there, else to the next instruction. */
  look(frame: Frame, { site, jump }: Instruction): void {
    const cache = this.#plan[site]!;
    const key = frame.cacheKeys.at(-1)!;
    const replica = this.#replicaOf(cache, frame);
    if (cache.isLocal ? this.#store(cache, replica).has(key, this.#core.now) : frame.cacheHit) {
      this.#core.facts.cache(frame.root, cache, replica, true);
      if (this.#core.taint !== undefined) this.#twinHas(frame, cache, replica, true);
      frame.cacheKeys.pop();
      frame.pc = jump;
    } else frame.pc++;
  }

  /** Counts a miss. Gives true when the strand waits for another that fetches the same. */
  miss(frame: Frame, { site, jump }: Instruction): boolean {
    const cache = this.#plan[site]!;
    const key = frame.cacheKeys.at(-1)!;
    const replica = this.#replicaOf(cache, frame);
    this.#core.facts.cache(frame.root, cache, replica, false);
    if (this.#core.taint !== undefined) this.#judge(this.#core.taint, frame, cache, replica, jump);
    if (!cache.singleflight) {
      frame.pc++;
      return false;
    }
    const flights = (this.#flights[site] ??= [])[frame.replica] ??= new Map();
    const flight = flights.get(key);
    if (flight === undefined) {
      this.#lead(frame, flights, key, new Flight(this, flights, key, frame));
      frame.pc++;
      return false;
    }
    frame.state = FrameState.waiting;
    frame.waitsFor = flight;
    flight.waiters.push({ frame, generation: frame.generation, since: this.#core.now });
    return true;
  }

  /** Whose a miss is. */
  #judge(taint: Taint, frame: Frame, cache: PlanCache, replica: number, jump: number): void {
    if (!this.#twinHas(frame, cache, replica, false)) return taint.missesAnyway(frame);
    const twin = this.#twin(cache, replica);
    twin.lostBy = taint.faultOf(frame) || twin.lostBy;
    taint.misses(frame, twin.lostBy, cache.isLocal ? frame.service : cache.holder, jump);
  }

  /** Whether the innermost key that a strand asks for would be there without the faults; if not, it would go for it. */
  #twinHas(frame: Frame, cache: PlanCache, replica: number, isHit: boolean): boolean {
    const at = this.#core.taint!.ownTime(frame);
    if (at === undefined) return false;
    const twin = this.#twin(cache, replica), key = frame.cacheKeys.at(-1)!;
    if (twin.has(key, at, cache.ttl, this.#holdsUp)) return true;
    if (isHit) twin.brings(key, at, cache.ttl);
    else twin.fetches(key, frame.slot, frame.start, at);
    return false;
  }

  readonly #holdsUp = (slot: number, start: number): number => {
    const frame = this.#core.pool.frames[slot]!;
    return frame.start !== start || frame.kind === FrameKind.free ? -1 : this.#core.taint!.holdsUp(frame);
  };

  /** A strand fails that goes for keys. */
  failed(frame: Frame): void {
    const { taint } = this.#core;
    if (taint === undefined || taint.ownTime(frame) === undefined) return;
    const by = taint.changedBy(frame.root);
    for (const twins of this.#twins.filter((each) => each !== undefined)) {
      for (const twin of twins) for (const key of frame.cacheKeys) twin?.failed(key, frame.slot, by);
    }
  }

  #lead(frame: Frame, flights: Map<number, Flight>, key: number, flight: Flight): void {
    flights.set(key, flight);
    frame.held.push(flight);
  }

  /** Puts what has been fetched into the replica's own memory. */
  fill(frame: Frame, { site }: Instruction): void {
    const cache = this.#plan[site]!;
    this.#store(cache, frame.replica).put(frame.cacheKeys.at(-1)!, this.#core.now + cache.ttl);
    frame.pc++;
  }

  /** The key has been fetched: those who wait for it go on. */
  done(frame: Frame, { site }: Instruction): void {
    const { taint } = this.#core;
    if (taint !== undefined && !taint.fetched(frame)) this.#fetched(frame, this.#plan[site]!);
    frame.cacheKeys.pop();
    frame.pc++;
    if (!this.#plan[site]!.singleflight) return;
    const flight = frame.held.pop() as Flight;
    flight.flights.delete(flight.key);
    for (let next = nextWaiter(flight.waiters); next !== undefined; next = nextWaiter(flight.waiters)) {
      const { frame: follower } = next;
      if (this.#core.taint?.fetched(follower) === false) this.#core.taint.handsOver(frame, follower, next.since);
      follower.cacheKeys.pop();
      follower.pc = follower.program[follower.pc]!.jump;
      this.#goOn(follower);
    }
  }

  /** A strand has gone for its innermost key, as it would have without the faults. */
  #fetched(frame: Frame, cache: PlanCache): void {
    const at = this.#core.taint!.ownTime(frame), key = frame.cacheKeys.at(-1)!;
    if (at === undefined) return;
    const replica = this.#replicaOf(cache, frame);
    this.#twin(cache, replica).fetched(key, frame.slot, frame.start, at, cache.ttl);
  }

  #goOn(frame: Frame): void {
    frame.waitsFor = undefined;
    this.#core.schedule(this.#core.now, Event.resume, frame.slot, frame.generation);
  }

  abandoned(flight: Flight, outcome: number, status: number, cause: number, causeOutcome: number): void {
    flight.flights.delete(flight.key);
    if (outcome === 0) {
      const next = nextWaiter(flight.waiters);
      if (next === undefined) return;
      flight.holder = next.frame;
      this.#lead(next.frame, flight.flights, flight.key, flight);
      next.frame.pc++;
      return this.#goOn(next.frame);
    }
    for (let next = nextWaiter(flight.waiters); next !== undefined; next = nextWaiter(flight.waiters)) {
      this.#core.taint?.sharesFate(flight.holder, next.frame);
      next.frame.waitsFor = undefined;
      next.frame.generation = (next.frame.generation + 1) | 0;
      this.#core.strands.fail(next.frame, outcome, status, cause, causeOutcome);
    }
  }

  /** What a process held in memory is lost with it. */
  lose(service: number, replica: number): void {
    const by = this.#core.taint?.takenBy(service, replica) ?? 0;
    for (const cache of this.#plan) {
      if (cache.holder !== service) continue;
      this.#stores[cache.store]?.[replica]?.clear();
      const twin = this.#twins[cache.store]?.[replica];
      if (by === 0) twin?.clear();
      else if (twin !== undefined) twin.lostBy = by;
    }
  }

  /** Empties all that a service holds. */
  flush(service: number): void {
    for (const { replica } of this.#core.fleet.replicasOf(service)) this.lose(service, replica);
  }
}
