// One replica of a service as a queueing station: workers that are held for the whole request, a queue, and, where the
// service has them, cores that are held for own work only.

import type { Nanos } from "../base/time.ts";
import { coresOf } from "../model/capacity.ts";
import type { PlanService } from "../plan/plan.ts";
import { CoDel, ControlledDelay } from "./controlled_delay.ts";
import { Cpu } from "./cpu.ts";
import type { Frame } from "./frame.ts";
import type { StationMarks } from "./taint.ts";
import type { TokenBucket } from "./token_bucket.ts";
import { UtilizationMeter } from "./utilization_meter.ts";
import { WaitingLine, type WaitingLinks } from "./waiting_lines.ts";

/** What stations of one engine share. */
export interface StationContext {
  readonly links: WaitingLinks;
  /** By slot. */
  readonly frames: readonly Frame[];
}
import { Life } from "./replica.ts";

export class Station {
  readonly service: number;
  busy = 0;
  /** Infinity: no limit. It may be changed while the run goes on; who is taken up already stays. */
  concurrency: number;
  /** Infinity: no limit. */
  queueMax: number;
  /** Where own work is shared out; undefined: each strand has a core of its own, and nothing stops it. */
  readonly cpu: Cpu | undefined;
  /** Generation of the one event of its cpu that counts. */
  cpuGeneration = 0;
  /** It stands still, until `pausedUntil`: engine/pauses.ts. */
  stopped = false;
  pausedUntil = 0 as Nanos;
  /** When it last started, and how often it has: what was scheduled before is void. */
  startedAt = 0 as Nanos;
  incarnation = 0;
  /** Some requests leave the queue by themselves. */
  readonly expires: boolean;
  /** It may turn a request away although there is room. */
  readonly isGuarded: boolean;
  readonly bucket: TokenBucket | undefined;
  codel: CoDel | undefined;
  /** Guards against taking up the next request from within the end of another, however long the queue is. */
  draining = false;
  readonly life = new Life();
  /** Requests that have come in since the run's start. */
  entered = 0;
  /** Since when all workers have been taken; -1: they are not, or nobody has waited since they were. */
  fullSince = -1;
  /** What faults have made of it; undefined: nothing. */
  marks: StationMarks | undefined;

  readonly #plan: PlanService;
  readonly #meter: UtilizationMeter | undefined;
  readonly #newestFirst: boolean;
  #delay: ControlledDelay | undefined;
  readonly #queue: WaitingLine;
  /** Its busy time is that of the cores. */
  readonly #countsCores: boolean;
  /** Worker-nanoseconds that were busy up to `#changed`. */
  #busyTime = 0;
  #changed = 0 as Nanos;

  /**
   * @param index its place in the fleet's list, by which events name it
   * @param bucket of its rate limit, which replicas may share
   */
  constructor(
    plan: PlanService,
    readonly replica: number,
    readonly index: number,
    { links, frames }: StationContext,
    bucket: TokenBucket | undefined,
  ) {
    const { capacity } = plan;
    const cores = coresOf(capacity);
    this.#plan = plan;
    this.service = plan.index;
    this.concurrency = plan.concurrency;
    this.queueMax = plan.queue;
    this.bucket = bucket;
    this.#queue = new WaitingLine(links);
    this.#countsCores = cores < Infinity;
    this.#meter = capacity.shed === undefined || capacity.shed.utilization === Infinity
      ? undefined
      : new UtilizationMeter(Math.min(cores, this.#countsCores ? Infinity : plan.concurrency));
    this.cpu = needsCpu(plan)
      ? new Cpu(capacity.cores, capacity.cpuLimit, frames, this.#countsCores ? this.#meter : undefined)
      : undefined;
    this.#newestFirst = capacity.discipline === "lifo";
    this.expires = capacity.patience !== undefined || capacity.discipline === "codel";
    this.isGuarded = bucket !== undefined || capacity.shed !== undefined;
    this.#begin();
  }

  /** The replica has started anew: cold, and with nothing behind it. Nothing may be at work or waiting. */
  started(now: Nanos): void {
    this.startedAt = now;
    this.incarnation++;
    this.cpu?.started(now);
    if (this.#plan.capacity.rateLimit?.view === "replica") this.bucket?.fill();
    this.#begin();
  }

  #begin(): void {
    const { discipline, delay, shed } = this.#plan.capacity;
    this.#delay = discipline === "codel" ? new ControlledDelay(delay) : undefined;
    this.codel = shed?.codel === undefined ? undefined : new CoDel(shed.codel);
  }

  get queued(): number {
    return this.#queue.length;
  }

  get free(): boolean {
    return this.busy < this.concurrency;
  }

  hold(now: Nanos): void {
    this.#count(now);
    this.busy++;
    if (this.fullSince < 0 && this.busy >= this.concurrency) this.fullSince = now;
    if (!this.#countsCores) this.#meter?.set(this.busy, now);
  }

  release(now: Nanos): void {
    this.#count(now);
    this.busy--;
    if (this.queued === 0) this.fullSince = -1;
    if (!this.#countsCores) this.#meter?.set(this.busy, now);
  }

  /** Nanoseconds that cores were in use since the run's start, or workers where it has no cores. */
  busyTime(now: Nanos): number {
    if (this.#countsCores) return this.cpu!.busyTime(now);
    this.#count(now);
    return this.#busyTime;
  }

  /** Share of its cores, or workers, in use of late; only where it sheds by that. */
  utilization(now: Nanos): number {
    return this.#meter?.mean(now) ?? 0;
  }

  #count(now: Nanos): void {
    this.#busyTime += this.busy * (now - this.#changed);
    this.#changed = now;
  }

  /** How many times as long own work takes as it would with everything warm. */
  slowness(now: Nanos): number {
    const { warmUp } = this.#plan.capacity;
    if (warmUp === undefined) return 1;
    const left = 1 - (now - this.startedAt) / warmUp.length;
    return left > 0 ? 1 + (warmUp.factor - 1) * left : 1;
  }

  /**
   * A request begins to wait.
   * @returns how long the discipline lets it; Infinity for as long as it takes
   */
  enqueue(slot: number, now: Nanos): number {
    const delay = this.#delay;
    if (delay !== undefined && this.#queue.length === 0) delay.filled(now);
    this.#queue.add(slot);
    return delay === undefined ? Infinity : delay.patience(now);
  }

  /** Takes out the request that is next. The queue must not be empty. */
  dequeue(now: Nanos): number {
    const newestFirst = this.#delay === undefined ? this.#newestFirst : this.#delay.isStanding(now);
    const slot = newestFirst ? this.#queue.last : this.#queue.first;
    this.#queue.remove(slot);
    return slot;
  }

  /** Takes out a request that waits. */
  remove(slot: number): void {
    this.#queue.remove(slot);
  }

  /** Takes out every request that `leaves` names; the others keep their order. */
  removeWhere(leaves: (slot: number) => boolean): void {
    for (const slot of this.#queue) if (leaves(slot)) this.#queue.remove(slot);
  }

  /** The slots that wait, longest first. */
  waiting(): Iterable<number> {
    return this.#queue;
  }
}

/** Whether own work of a service is more than time that passes: it is shared, stopped, or limited. */
export function needsCpu({ capacity, isDisturbed }: PlanService): boolean {
  return coresOf(capacity) < Infinity || capacity.pauses.length > 0 || isDisturbed === true;
}
