// Random faults: one sequence of windows, drawn from the seed, of which each fault has those that fell to it. Each draw is
// keyed by its number, so the same seed gives the same windows however and whenever they are asked for.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import { type Nanos, nanos } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";
import type { FaultWindow } from "../faults/fault.ts";
import type { FaultSchedule } from "./plan.ts";

const SALT_CHAOS = hashText("chaos");
const SALT_TIME = hashText("chaos time");
const SALT_LENGTH = hashText("chaos length");
const SALT_DRAW = hashText("chaos draw");
const SALT_TARGET = hashText("chaos target");

export interface ChaosSettings {
  readonly seed: number;
  readonly from: Nanos;
  /** No window lasts beyond it. */
  readonly until: Nanos;
  /** Time from the beginning of a window to that of the next, and how long each lasts. */
  readonly every: Distribution;
  readonly length: Distribution;
  /** Windows that may be open at the same time. */
  readonly atOnce: number;
  /** Services that may be struck at the same time. */
  readonly servicesMax: number;
}

/** One of the faults that may be drawn. */
export interface ChaosFault {
  /** Which draw of the schedule it belongs to, and the weight of that. */
  readonly draw: number;
  readonly weight: number;
  /** Whom it strikes, as the blast radius counts. */
  readonly service: string;
}

export class Chaos {
  readonly #settings: ChaosSettings;
  readonly #faults: readonly ChaosFault[];
  readonly #windows: FaultWindow[][];
  #open: { readonly fault: number; readonly until: Nanos }[] = [];
  #number = 0;
  #time: number;
  #isOver = false;

  constructor(settings: ChaosSettings, faults: readonly ChaosFault[]) {
    this.#settings = settings;
    this.#faults = faults;
    this.#windows = faults.map(() => []);
    this.#time = settings.from;
  }

  /** The windows that fall to one of the faults. */
  scheduleOf(fault: number): FaultSchedule {
    const windows = this.#windows[fault]!;
    return {
      window: (turn) => {
        while (windows.length <= turn && !this.#isOver) this.#drawNext();
        return windows[turn];
      },
    };
  }

  /** The next window, unless there is no room for it: then it is left out. */
  #drawNext(): void {
    const { seed, until, every, length, atOnce } = this.#settings;
    mix(Math.floor(seed / 4294967296) | 0, seed | 0, SALT_CHAOS);
    mix(mixed.high, mixed.low, this.#number++ | 0);
    const { high, low } = mixed;
    // Time goes on in any case, so that the sequence ends.
    this.#time += Math.max(1, every.sample(uniform(high, low, SALT_TIME)));
    const from = nanos(this.#time);
    if (from >= until) {
      this.#isOver = true;
      return;
    }
    this.#open = this.#open.filter((window) => window.until > from);
    if (this.#open.length >= atOnce) return;
    const fault = this.#choose(uniform(high, low, SALT_DRAW), uniform(high, low, SALT_TARGET));
    if (fault === undefined) return;
    const lasts = Math.max(1, length.sample(uniform(high, low, SALT_LENGTH)));
    const window = { from, until: Math.min(nanos(from + lasts), until) as Nanos };
    this.#windows[fault]!.push(window);
    this.#open.push({ fault, until: window.until });
  }

  /** A draw by its weight, then one of its targets, among those that there is room for. */
  #choose(u: number, uTarget: number): number | undefined {
    const struck = new Set(this.#open.map(({ fault }) => this.#faults[fault]!.service));
    const candidates = new Map<number, number[]>();
    let total = 0;
    this.#faults.forEach(({ draw, weight, service }, index) => {
      if (this.#open.some(({ fault }) => fault === index)) return;
      if (!struck.has(service) && struck.size >= this.#settings.servicesMax) return;
      const ofDraw = candidates.get(draw);
      if (ofDraw !== undefined) return void ofDraw.push(index);
      candidates.set(draw, [index]);
      total += weight;
    });
    let left = u * total, chosen: readonly number[] | undefined;
    for (const indices of candidates.values()) {
      chosen = indices;
      left -= this.#faults[indices[0]!]!.weight;
      if (left < 0) break;
    }
    return chosen?.[Math.floor(uTarget * chosen.length)];
  }
}
