// What every fault is: a kind turns the knobs of a request or acts on the world; target, window, ramp and probability
// belong to the wrapper that all kinds share.

import type { Nanos } from "../base/time.ts";
import type { FaultWorld } from "./fault_world.ts";

/** What becomes of a request that a fault fails. */
export const Harm = {
  /** It is answered with the failure's status: by its service, or on a call in its place. */
  error: 0,
  /** A call finds nobody who takes the connection. */
  refused: 1,
  /** A call gets lost on its way, and nobody is told. */
  lost: 2,
  /** The service works on it, and the answer gets lost. */
  answerLost: 3,
  /** The service works on it, and the connection is cut. */
  reset: 4,
  /** The service sheds it. */
  shed: 5,
} as const;
export type Harm = (typeof Harm)[keyof typeof Harm];

/** The numbers that faults change for one request, or for one attempt of a call. Times in nanoseconds. */
export interface Knobs {
  /** Time added. Faults add to it. */
  added: number;
  /** What its own work, or the network time of a call, is multiplied by. Faults multiply it. */
  factor: number;
  /**
   * Chance that this fault alone fails the request, 0 to 1. Set to 0 before each fault's turn and read after it: each
   * fault decides by a draw of its own, so faults of 30 % and 20 % fail 1 − 0.7 · 0.8 = 44 %, and where several hit, the
   * first in the order of the file says how.
   */
  errorRate: number;
  /** How the request fails that `errorRate` hits. Set to Harm.error before each fault's turn. */
  harm: Harm;
  /** With Harm.reset: how long after it was sent the connection is cut; Infinity: as the answer comes. */
  cutAfter: number;
  /** Chance that a packet of a call is lost, 0 to 1. Faults combine it: 1 − (1 − a)(1 − b). */
  loss: number;
  /** What a call's bytes pass at, a second; Infinity: at once. Faults lower it. */
  bytesPerSecond: number;
  /** Lines that this fault alone has the service write about the request. Set to 0 before each fault's turn. */
  lines: number;
  /** It needs the lock of this fault, which one request at a time can have, and waits for it at most so long. Set back before each fault's turn. */
  locks: boolean;
  lockTimeout: number;
  /** Messages that are sent besides one that is published. Faults add to it. */
  copies: number;
}

/** Knobs that change nothing. */
export function neutralKnobs(): Knobs {
  return {
    added: 0,
    factor: 1,
    errorRate: 0,
    harm: Harm.error,
    cutAfter: Infinity,
    loss: 0,
    bytesPerSecond: Infinity,
    lines: 0,
    locks: false,
    lockTimeout: Infinity,
    copies: 0,
  };
}

/** Sets the knobs to neutral, as they must be before the first fault of a request turns them. */
export function resetKnobs(knobs: Knobs): void {
  knobs.added = 0;
  knobs.factor = 1;
  knobs.loss = 0;
  knobs.bytesPerSecond = Infinity;
  knobs.copies = 0;
  resetOwnKnobs(knobs);
}

/** Sets to neutral what each fault says for itself. */
export function resetOwnKnobs(knobs: Knobs): void {
  knobs.errorRate = 0;
  knobs.harm = Harm.error;
  knobs.cutAfter = Infinity;
  knobs.lines = 0;
  knobs.locks = false;
  knobs.lockTimeout = Infinity;
}

/** Whom one window of a fault strikes. Services and endpoints by their index in the plan, replicas from 0. */
export interface FaultTarget {
  /** Index of the fault in the plan. */
  readonly fault: number;
  /** The callee's side; -1 when it strikes no service of its own. */
  readonly service: number;
  /** Those that were chosen when the window began. */
  readonly replicas: readonly number[];
  readonly endpoints: readonly number[];
  /** The service whose calls it strikes; -1: anybody's. */
  readonly caller: number;
  readonly zone: string | undefined;
  /** What the kind's own fields name: another service, a fault; -1 for none. */
  readonly toService: number;
  readonly ofFault: number;
  /** Workloads, where it strikes those. */
  readonly workloads: readonly number[];
  /** The first instant after the window; Infinity: it stays. */
  readonly until: Nanos;
  /** A uniform draw, 0 < u < 1, for this window: the same for the same n. */
  draw(n: number): number;
}

/** What a fault does. It turns the knobs of single requests or calls, or acts on the world as it begins and ends. */
export interface FaultEffect {
  /** The memory limit, in bytes, that the containers of its service have where the service has none of its own. */
  readonly memoryLimit?: number;
  /** Called when a window begins. */
  begin?(world: FaultWorld, target: FaultTarget): void;
  /** Called when it ends; not when the run ends before it. */
  end?(world: FaultWorld, target: FaultTarget): void;
  /**
   * Turns the knobs for one request. At intensity 0 it leaves them as they are.
   * @param intensity 0 to 1: the ramp
   * @param u a uniform draw for this request and fault, 0 < u < 1, apart from the one that decides about errors
   */
  turn?(knobs: Knobs, intensity: number, u: number): void;
}

/** When a fault is there, and how long it takes to come and go. */
export interface FaultWindow {
  readonly from: Nanos;
  /** The first instant after it; Infinity: it stays. */
  readonly until: Nanos;
}

/**
 * How strong a fault is at this time, 0 to 1: 0 outside its window, in straight lines up and down its ramps. A window
 * shorter than two ramps has its peak, below 1, in the middle; one without an end only rises.
 * @param ramp the effect rises for so long from its beginning, and falls for so long before its end
 */
export function intensityAt({ from, until }: FaultWindow, ramp: Nanos, time: Nanos): number {
  if (time < from || time >= until) return 0;
  if (ramp === 0) return 1;
  return Math.min(1, (time - from) / ramp, (until - time) / ramp);
}
