// When the windows of a fault are, for whoever runs it or looks ahead.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import { FOREVER, type Nanos, nanos } from "../base/time.ts";
import type { FaultWindow } from "../faults/fault.ts";
import type { Plan, PlanFault } from "./plan.ts";

const SALT_WINDOW = hashText("fault window");
const SALT_JITTER = hashText("fault jitter");

/** Sets `mixed` to the key of all draws for one window of a fault. */
export function windowKey(seed: number, fault: PlanFault, turn: number): void {
  mix(Math.floor(seed / 4294967296) | 0, seed | 0, fault.salt ^ SALT_WINDOW);
  mix(mixed.high, mixed.low, turn | 0);
}

/**
 * A window of a fault that begins by itself; undefined when it has no such window.
 * @param turn from 0
 */
export function windowOf(seed: number, fault: PlanFault, turn: number): FaultWindow | undefined {
  if (fault.schedule !== undefined) return fault.schedule.window(turn);
  if (fault.when.length > 0 || turn >= fault.times) return undefined;
  let from: number = fault.at + (turn === 0 ? 0 : turn * fault.every);
  if (from >= FOREVER) return undefined;
  if (fault.jitter > 0) {
    windowKey(seed, fault, turn);
    from += fault.jitter * uniform(mixed.high, mixed.low, SALT_JITTER);
  }
  return windowFrom(fault, nanos(from));
}

/** The window of a fault that begins at this time. */
export function windowFrom(fault: PlanFault, from: Nanos): FaultWindow {
  return { from, until: fault.duration === FOREVER ? FOREVER : nanos(from + fault.duration) };
}

/** The window that a fault begins with now. @param turn from 0 */
export function windowNow(seed: number, fault: PlanFault, turn: number, now: Nanos): FaultWindow {
  return fault.schedule === undefined ? windowFrom(fault, now) : windowOf(seed, fault, turn) ?? windowFrom(fault, now);
}

/** When the first fault begins that waits for nothing and is no mitigation; Infinity: none does. */
export function firstFaultTime({ seed, faults }: Plan): Nanos {
  const injected = faults.filter(({ isMitigation }) => !isMitigation);
  return Math.min(...injected.map((fault) => windowOf(seed, fault, 0)?.from ?? FOREVER), FOREVER) as Nanos;
}

/** The windows that begin before a time, in their order. */
export function* windowsBefore(seed: number, fault: PlanFault, end: Nanos): Generator<FaultWindow> {
  for (let turn = 0;; turn++) {
    const window = windowOf(seed, fault, turn);
    if (window === undefined || window.from >= end) return;
    yield window;
  }
}
