// The cores of one replica. Own work is shared out by egalitarian processor sharing: n strands on c cores each get
// min(1, c/n) of a core, and none more than one (L. Kleinrock, "Time-shared systems", 1967). A CPU limit stops all of it
// when a period's quota is used up, until the next period (Linux, Documentation/scheduler/sched-bwc.rst, CFS bandwidth
// control: quota and period; the slices that it hands to each core are left out).
//
// As all that run get the same, it is enough to know what each has got since the replica was last idle: a strand is done
// when that sum has grown by its work. The sum is kept in whole units of 2^-16 ns and a rest, so that it is exact
// whatever the history. A strand that is done within a nanosecond leaves its share to the others from there on, though it
// is told at the nanosecond's end: else each departure would make all that follow it later, by tens of nanoseconds in
// the end.

import { FOREVER, MILLISECOND, type Nanos } from "../base/time.ts";
import type { Frame } from "./frame.ts";
import type { UtilizationMeter } from "./utilization_meter.ts";

/** Units of service in a nanosecond. */
const SERVICE_UNITS = 2 ** 16;
/** Units that may be missing to a strand's work: thirds of a core are rounded, and three of them are to be a whole. */
const MISSING_MAX = 8;
/** Kubernetes' --cpu-cfs-quota-period. */
export const CFS_PERIOD = (100 * MILLISECOND) as Nanos;
/** Where the sum is set back, so that it stays an exact integer. */
const SERVED_MAX = 2 ** 50;

/** What a strand is known by here. */
export interface Working {
  readonly slot: number;
  readonly generation: number;
}

export class Cpu<S extends Working = Frame> {
  /** Strands whose own work is under way, or stopped. */
  running = 0;
  /** What every strand has got since the replica was last idle, in SERVICE_UNITS. */
  #served = 0;
  /** The part of a unit that was rounded away, from -0.5 to 0.5. */
  #rest = 0;
  #share = 0;
  #since = 0 as Nanos;
  /** What is left to account for before `#since`, in nanoseconds, while `finished` takes strands out. */
  #late = 0;
  #speed = 1;
  #stopped = false;

  #busyTime = 0;
  /** Cores in use now. */
  #inUse = 0;

  #room = 1;
  readonly #quota: number;
  #used = 0;
  #periodEnd = FOREVER;
  #periodsFrom = 0 as Nanos;
  throttled = false;

  /** A binary heap by (goal, order): when `#served` is to reach the goal, and of which frame. */
  readonly #goals: number[] = [];
  readonly #orders: number[] = [];
  readonly #slots: number[] = [];
  readonly #generations: number[] = [];
  #order = 0;

  /**
   * @param cores Infinity for as many as there is work
   * @param limit CPU limit in cores; Infinity for none
   * @param frames the engine's, by slot
   * @param meter to be told how much of the capacity is in use
   */
  constructor(
    readonly cores: number,
    readonly limit: number,
    readonly frames: readonly S[],
    readonly meter: UtilizationMeter | undefined,
  ) {
    // In whole nanoseconds: 0.55 of a period is a hair more in floating point.
    this.#quota = Math.round(limit * CFS_PERIOD);
  }

  /** Core-nanoseconds used since the run's start. */
  busyTime(now: Nanos): number {
    return this.#busyTime + this.#inUse * (now - this.#since);
  }

  /** Begins a strand's own work of whole nanoseconds. The frame must keep its generation for as long as it works. */
  start(frame: S, work: Nanos, now: Nanos): void {
    this.advance(now);
    if (this.running++ === 0) {
      this.#served = this.#rest = 0;
      this.#goals.length =
        this.#orders.length =
        this.#slots.length =
        this.#generations.length =
          0;
    }
    this.#push(this.#served + work * SERVICE_UNITS, frame.slot, frame.generation);
    this.#settle(now);
  }

  /** A strand that works is cut off; its frame is about to change its generation. */
  leave(now: Nanos): void {
    this.advance(now);
    this.running--;
    this.#settle(now);
  }

  /** Takes out a strand whose work is done at the time of the last `advance`; undefined when there is none. */
  finished(): S | undefined {
    const frame = this.#next();
    if (frame === undefined) return undefined;
    const over = this.#served - this.#goals[0]!;
    if (over < -MISSING_MAX) return undefined;
    this.#pop();
    this.running--;
    if (this.#share > 0) this.#rewind(over);
    this.#settle(this.#since);
    this.#account(this.#since);
    return frame;
  }

  /** How fast the cores are: 1 as usual, 0.25 for a quarter of it. */
  setSpeed(speed: number, now: Nanos): void {
    this.advance(now);
    this.#speed = speed;
    this.#settle(now);
  }

  /** So many times as many cores, and as much quota, as it was made with. */
  setRoom(room: number, now: Nanos): void {
    this.advance(now);
    this.#room = room;
    this.#settle(now);
  }

  /** Stops all work, or lets it go on. */
  setStopped(stopped: boolean, now: Nanos): void {
    this.advance(now);
    this.#stopped = stopped;
    this.#settle(now);
  }

  /** The replica has started: its periods are counted from now. Nothing of it may be at work. */
  started(now: Nanos): void {
    this.advance(now);
    this.#periodsFrom = now;
    this.#periodEnd = (now + CFS_PERIOD) as Nanos;
    this.#used = 0;
    this.throttled = false;
    this.#settle(now);
  }

  /** Brings the account up to now. Between two calls nothing may happen that `nextTime` has named. */
  advance(now: Nanos): void {
    this.#account(now);
    if (this.limit === Infinity) return;
    if (now >= this.#periodEnd || this.#periodEnd === FOREVER) {
      const periods = Math.floor((now - this.#periodsFrom) / CFS_PERIOD) + 1;
      this.#periodEnd = (this.#periodsFrom + periods * CFS_PERIOD) as Nanos;
      // Times are whole nanoseconds, so a quota is overrun by some: the next period pays for it, as the kernel has it.
      this.#used = Math.max(0, this.#used - this.#quota * this.#room);
      this.throttled = false;
      this.#settle(now);
    } else if (!this.throttled && this.#inUse > 0 && this.#used >= this.#quota * this.#room) {
      this.throttled = true;
      this.#busyTime -= this.#used - this.#quota * this.#room;
      this.#settle(now);
    }
  }

  /** The period's end, when work that is throttled goes on. */
  get periodEnd(): Nanos {
    return this.#periodEnd;
  }

  /** When something is next due: a strand done, the quota used up, a period over; FOREVER for nothing. */
  nextTime(now: Nanos): Nanos {
    if (this.running === 0 || this.#stopped) return FOREVER;
    let next: number = this.limit === Infinity ? FOREVER : this.#periodEnd;
    if (this.#share > 0) {
      if (this.#next() !== undefined) next = Math.min(next, now + this.#timeFor(this.#goals[0]! - this.#served));
      if (this.limit !== Infinity) {
        next = Math.min(next, now + Math.ceil((this.#quota * this.#room - this.#used) / this.#inUse));
      }
    }
    return Math.max(next, now) as Nanos;
  }

  #account(now: Nanos): void {
    const elapsed = now - this.#since + this.#late;
    if (elapsed <= 0) return;
    const units = elapsed * this.#share * SERVICE_UNITS + this.#rest;
    const whole = Math.round(units);
    this.#served += whole;
    this.#rest = units - whole;
    this.#busyTime += elapsed * this.#inUse;
    this.#used += elapsed * this.#inUse;
    this.#since = now;
    this.#late = 0;
    if (this.#served > SERVED_MAX) this.#setBack();
  }

  /** Goes back to when so much less had been served. */
  #rewind(units: number): void {
    if (units + this.#rest <= 0) return;
    this.#late = (units + this.#rest) / (this.#share * SERVICE_UNITS);
    this.#served -= units;
    this.#rest = 0;
    this.#busyTime -= this.#late * this.#inUse;
    this.#used -= this.#late * this.#inUse;
  }

  /** The least whole time in which so much is served. */
  #timeFor(all: number): number {
    if (all <= MISSING_MAX) return 0;
    const units = all - MISSING_MAX, share = this.#share, rest = this.#rest;
    let time = Math.ceil((units - rest) / (share * SERVICE_UNITS));
    while (Math.round(time * share * SERVICE_UNITS + rest) < units) time++;
    while (time > 0 && Math.round((time - 1) * share * SERVICE_UNITS + rest) >= units) time--;
    return time;
  }

  #settle(now: Nanos): void {
    const runs = this.running > 0 && !this.#stopped && !this.throttled;
    this.#inUse = runs ? Math.min(this.running, this.cores * this.#room) : 0;
    this.#share = runs ? this.#speed * Math.min(1, this.cores * this.#room / this.running) : 0;
    this.meter?.set(this.#inUse, now);
  }

  /** One like it that nothing works on, at its usual speed; its periods are counted as here. */
  idleLike<T extends Working>(frames: readonly T[], now: Nanos): Cpu<T> {
    const like = new Cpu<T>(this.cores, this.limit, frames, undefined);
    like.#since = now;
    like.#used = this.#used + (now - this.#since) * this.#inUse;
    like.#periodEnd = this.#periodEnd;
    like.#periodsFrom = this.#periodsFrom;
    like.throttled = this.throttled;
    return like;
  }

  /** Strands at work, with what is left of it in whole nanoseconds. Changes nothing. */
  *left(now: Nanos): Generator<readonly [strand: S, work: Nanos]> {
    const served = this.#served + Math.floor((now - this.#since) * this.#share * SERVICE_UNITS);
    for (let place = 0; place < this.#goals.length; place++) {
      const strand = this.frames[this.#slots[place]!]!;
      if (strand.generation !== this.#generations[place]) continue;
      yield [strand, Math.max(0, Math.ceil((this.#goals[place]! - served) / SERVICE_UNITS)) as Nanos];
    }
  }

  /** When the work of a strand is done if nothing comes or goes till then; Infinity when it is stopped, or not at work. */
  endOf(strand: S, now: Nanos): number {
    for (const [each, work] of this.left(now)) {
      if (each === strand) return this.#share === 0 ? Infinity : now + Math.ceil(work / this.#share);
    }
    return Infinity;
  }

  #setBack(): void {
    for (let i = 0; i < this.#goals.length; i++) this.#goals[i]! -= this.#served;
    this.#served = 0;
  }

  // ---- the heap ----------------------------------------------------------------------------------------------------

  /** The frame that is done first; forgets those that were cut off. */
  #next(): S | undefined {
    while (this.#goals.length > 0) {
      const frame = this.frames[this.#slots[0]!]!;
      if (frame.generation === this.#generations[0]) return frame;
      this.#pop();
    }
    return undefined;
  }

  #push(goal: number, slot: number, generation: number): void {
    const order = this.#order++;
    let hole = this.#goals.length;
    this.#goals.push(goal);
    this.#orders.push(order);
    this.#slots.push(slot);
    this.#generations.push(generation);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      // An equal goal came earlier.
      if (this.#goals[parent]! <= goal) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#set(hole, goal, order, slot, generation);
  }

  #pop(): void {
    const goal = this.#goals.pop()!, order = this.#orders.pop()!;
    const slot = this.#slots.pop()!, generation = this.#generations.pop()!;
    const length = this.#goals.length;
    if (length === 0) return;
    let hole = 0;
    for (;;) {
      let child = hole * 2 + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#isBefore(child + 1, this.#goals[child]!, this.#orders[child]!)) child++;
      if (!this.#isBefore(child, goal, order)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#set(hole, goal, order, slot, generation);
  }

  #isBefore(place: number, goal: number, order: number): boolean {
    const other = this.#goals[place]!;
    return other < goal || (other === goal && this.#orders[place]! < order);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#goals[from]!, this.#orders[from]!, this.#slots[from]!, this.#generations[from]!);
  }

  #set(place: number, goal: number, order: number, slot: number, generation: number): void {
    this.#goals[place] = goal;
    this.#orders[place] = order;
    this.#slots[place] = slot;
    this.#generations[place] = generation;
  }
}
