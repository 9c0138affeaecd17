// More load, or less, than the plan has. What a surge adds has numbers of its own, so that it moves nobody else's draws.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import { FOREVER, type Nanos } from "../base/time.ts";
import { intensityAt } from "../faults/fault.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import type { LiveFault } from "./faults.ts";
import type { Vu, WorkloadState } from "./workload.ts";

/** Where the iterations begin that surges add: no load comes to so many by itself. */
const EXTRA_ITERATIONS = 2 ** 40;

const SALT_COMES = hashText("iteration comes");
const SALT_EXTRA = hashText("extra iterations");

interface Surge {
  readonly live: LiveFault;
  readonly multiply: number;
}

export class Surges {
  readonly #core: Core;
  /** By workload; undefined: there is none, which is what arrivals ask first. */
  #open: Surge[][] | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  begin(workloads: readonly number[], live: LiveFault, multiply: number): void {
    this.#open ??= this.#core.states.map(() => []);
    for (const workload of workloads) {
      this.#open[workload]!.push({ live, multiply });
      this.adjustVus(this.#core.states[workload]!);
    }
  }

  end(workloads: readonly number[], live: LiveFault): void {
    for (const workload of workloads) {
      this.#open![workload] = this.#open![workload]!.filter((surge) => surge.live !== live);
      this.adjustVus(this.#core.states[workload]!);
    }
    if (this.#open!.every(({ length }) => length === 0)) this.#open = undefined;
  }

  /** How many times as much load as planned a workload has now. */
  factor({ plan: { index } }: WorkloadState): number {
    if (this.#open === undefined) return 1;
    let factor = 1;
    for (const { live, multiply } of this.#open[index]!) {
      factor *= 1 + (multiply - 1) * intensityAt(live, live.plan.ramp, this.#core.now);
    }
    return factor;
  }

  /** Whether an iteration comes of which only a share does. */
  comes(state: WorkloadState, iteration: number, share: number): boolean {
    this.#key(state, iteration);
    return uniform(mixed.high, mixed.low, SALT_COMES) < share;
  }

  #key(state: WorkloadState, iteration: number): void {
    mix(state.keyHigh, state.keyLow, iteration | 0);
    mix(mixed.high, mixed.low, Math.floor(iteration / 4294967296));
  }

  /** Spreads what comes on top of an iteration evenly over the time until the next one. */
  add(state: WorkloadState, iteration: number, factor: number, next: Nanos): void {
    this.#key(state, iteration);
    const more = factor - 1, whole = Math.floor(more);
    const count = whole + (uniform(mixed.high, mixed.low, SALT_EXTRA) < more - whole ? 1 : 0);
    const { now } = this.#core;
    const gap = next < FOREVER ? (Math.min(next, state.loadEnd) - now) / (count + 1) : 0;
    for (let n = 1; n <= count; n++) {
      this.#core.schedule(Math.round(now + n * gap) as Nanos, Event.surge, state.plan.index, 0);
    }
  }

  /** An iteration that was added is due. */
  extraArrival(state: WorkloadState): void {
    if (!state.loadEnded) this.#core.workloads.due(state, EXTRA_ITERATIONS + state.extraIterations++);
  }

  /** The fault, + 1, without which an iteration would not be; 0 for one that the load plans. */
  causeOf(state: WorkloadState, vu: Vu, iteration: number): number {
    if (iteration < EXTRA_ITERATIONS && (state.extraVus.length === 0 || !state.extraVus.includes(vu))) return 0;
    const surge = this.#open?.[state.plan.index]?.find(({ multiply }) => multiply > 1);
    return surge === undefined ? 0 : surge.live.plan.index + 1;
  }

  /** Brings the numbers of VUs up to what surges with a ramp want now. */
  adjust(): void {
    if (this.#open !== undefined) { for (const state of this.#core.states) this.adjustVus(state); }
  }

  /** Adds VUs to a closed load, or takes some away, as its surges want it. */
  adjustVus(state: WorkloadState): void {
    const { load } = state.plan;
    if (load.type !== "closed" || (this.#open === undefined && state.extraVus.length === 0)) return;
    const wanted = state.loadEnded ? 0 : Math.round(state.vusTarget * (this.factor(state) - 1));
    let extra = state.extraVus.reduce((count, vu) => count + (vu.active ? 1 : 0), 0);
    for (; extra < wanted; extra++) this.#core.workloads.addVu(state);
    for (const vu of activeFromLast(state.extraVus)) {
      if (extra-- <= Math.max(0, wanted)) break;
      this.#core.workloads.takeExtraVu(state, vu);
    }
  }
}

function activeFromLast(vus: readonly Vu[]): Vu[] {
  return vus.filter(({ active }) => active).reverse();
}
