// Finds deadlocks: workers, rows, and places of bulkheads and pools, that are held by requests which wait for each other's,
// with nothing that ends it.

import { FOREVER } from "../base/time.ts";
import type { Plan } from "../plan/plan.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";
import type { Station } from "./station.ts";

/** What of the engine the search looks at. */
export interface Waits {
  readonly plan: Plan;
  readonly frames: readonly Frame[];
  stationOf(request: Frame): Station;
  /** The bulkhead or the pool in whose line a strand waits; undefined when it waits in none, or not for ever. */
  lineOf(strand: Frame): object | undefined;
  /** The bulkhead and the pool of which a strand holds a place. */
  placesOf(strand: Frame): readonly object[];
}

/**
 * Indices of the services that are in a deadlock, ascending. A strand is stuck when it waits, without a time limit, for
 * something that is stuck; a queued request is stuck when every worker of its station is held by a stuck one, and nothing
 * ends its patience; one in the line of a bulkhead or a pool when every place is. Cores keep nobody waiting for ever: who
 * holds one works, and waits for nobody meanwhile. That is the greatest fixed point: all that wait are taken to be stuck,
 * and those that something can wake are struck out.
 */
export function deadlockedServices(waits: Waits): number[] {
  const { frames } = waits;
  const stuck = new Set<Frame>();
  const waitedFor = new Map<Frame, Frame[]>();
  /** Of stations, bulkheads and pools. */
  const holders = new Map<object, Frame[]>();
  for (const frame of frames) {
    if (frame.kind === FrameKind.free) continue;
    const { state } = frame;
    if (WAITING.has(state) && !isLimited(waits, frame)) stuck.add(frame);
    if (frame.kind === FrameKind.request && state !== FrameState.queued && state !== FrameState.transit) {
      add(holders, waits.stationOf(frame), frame);
    }
    if (frame.callHolds !== 0) { for (const place of waits.placesOf(frame)) add(holders, place, frame); }
    const parent = frame.parent < 0 ? undefined : frames[frame.parent];
    if (parent !== undefined && parent.generation === frame.parentGeneration) add(waitedFor, parent, frame);
  }
  const isStuck = (frame: Frame): boolean => stuck.has(frame);
  /** Whether what this strand waits for is stuck. */
  const waitsOn = (frame: Frame): boolean => {
    if (frame.state === FrameState.queued) {
      const station = waits.stationOf(frame);
      // With a free worker it is taken up as soon as its replica goes on.
      return !station.free && (holders.get(station) ?? []).every(isStuck);
    }
    if (frame.waitsFor !== undefined) return isStuck(frame.waitsFor.holder);
    const line = waits.lineOf(frame);
    // Its own hedges are further attempts: each of them can wake it.
    const others = waitedFor.get(frame) ?? [];
    if (line !== undefined) return (holders.get(line) ?? []).every(isStuck) && others.every(isStuck);
    return frame.state === FrameState.joining ? others.some(isStuck) : others.length > 0 && others.every(isStuck);
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const frame of stuck) if (!waitsOn(frame) && stuck.delete(frame)) changed = true;
  }
  const services = new Set<number>();
  for (const frame of stuck) {
    const isInLine = frame.root.kind === FrameKind.request && waits.lineOf(frame) !== undefined;
    if (frame.state === FrameState.queued || frame.waitsFor !== undefined || isInLine) services.add(frame.service);
  }
  return [...services].sort((a, b) => a - b);
}

/** Whether something ends the strand's wait by itself. */
function isLimited({ plan, stationOf }: Waits, frame: Frame): boolean {
  switch (frame.state) {
    case FrameState.calling: {
      const { timeout, policies } = plan.sites[frame.callSite]!;
      const hedges = frame.isHedge ? 0 : policies?.hedge?.max ?? 0;
      return frame.callDeadline < FOREVER || timeout < FOREVER || frame.hedgesSent < hedges;
    }
    case FrameState.queued:
      // A replica whose checks fail for long enough is started anew.
      return stationOf(frame).expires || plan.services[frame.service]!.health?.restartAfter !== undefined;
    case FrameState.locked:
      return (frame.waitsFor?.patience ?? plan.locks![frame.program[frame.pc]!.site]!.timeout) < FOREVER;
    default:
      return false;
  }
}

const WAITING: ReadonlySet<FrameState> = new Set<FrameState>([
  FrameState.queued,
  FrameState.calling,
  FrameState.joining,
  FrameState.hedging,
  FrameState.waiting,
  FrameState.locked,
]);

function add<K>(lists: Map<K, Frame[]>, key: K, frame: Frame): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [frame]);
  else list.push(frame);
}

/** Whether requests can wait for each other: calls lead back to a service that limits its workers or its calls, or there is what is held. */
export function canDeadlock(plan: Plan): boolean {
  // Who holds a row or fetches an entry may wait for one who waits for it.
  if (plan.locks !== undefined || plan.caches?.some(({ singleflight }) => singleflight) === true) return true;
  const callees = plan.services.map(() => new Set<number>());
  for (const site of plan.sites) {
    if (site.caller >= 0) callees[plan.endpoints[site.caller]!.service]!.add(plan.endpoints[site.callee]!.service);
  }
  const limitsCalls = new Set(
    [...plan.shared.pools, ...plan.shared.bulkheads].filter(({ policy }) => policy.wait > 0).map(({ caller }) =>
      caller
    ),
  );
  return plan.services.some(({ index, concurrency }) => {
    if (concurrency === Infinity && !limitsCalls.has(index)) return false;
    const reached = new Set<number>();
    const open = [...callees[index]!];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(...callees[next]!);
    }
    return reached.has(index);
  });
}
