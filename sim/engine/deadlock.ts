// Finds deadlocks: workers that are held by requests which wait for each other's workers, with nothing that ends it.

import { FOREVER } from "../base/time.ts";
import type { Plan } from "../plan/plan.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";
import type { Station } from "./station.ts";

/**
 * Indices of the services that are in a deadlock, ascending. A strand is stuck when it waits, without a time limit, for
 * something that is stuck; a queued request is stuck when every worker of its station is held by a stuck one, and nothing
 * ends its patience. Cores keep nobody waiting for ever: who holds one works, and waits for nobody meanwhile. That is
 * the greatest fixed point: all that wait are taken to be stuck, and those that something can wake are struck out.
 */
export function deadlockedServices(
  plan: Plan,
  frames: readonly Frame[],
  stationOf: (request: Frame) => Station,
): number[] {
  const stuck = new Set<Frame>();
  const waitedFor = new Map<Frame, Frame[]>();
  const holders = new Map<Station, Frame[]>();
  for (const frame of frames) {
    if (frame.kind === FrameKind.free) continue;
    const { state } = frame;
    const limited = state === FrameState.calling
      ? frame.callDeadline < FOREVER || plan.sites[frame.callSite]!.timeout < FOREVER
      : state === FrameState.queued && stationOf(frame).expires;
    if (!limited && (state === FrameState.queued || state === FrameState.calling || state === FrameState.joining)) {
      stuck.add(frame);
    }
    if (frame.kind === FrameKind.request && state !== FrameState.queued && state !== FrameState.transit) {
      const station = stationOf(frame);
      add(holders, station, frame);
    }
    const parent = frame.parent < 0 ? undefined : frames[frame.parent];
    if (parent !== undefined && parent.generation === frame.parentGeneration) {
      add(waitedFor, parent, frame);
    }
  }
  for (let changed = true; changed;) {
    changed = false;
    for (const frame of stuck) {
      const waitsOn = frame.state === FrameState.queued
        ? holders.get(stationOf(frame)) ?? []
        : waitedFor.get(frame) ?? [];
      const woken = frame.state === FrameState.queued
        ? waitsOn.some((holder) => !stuck.has(holder))
        : !waitsOn.some((awaited) => stuck.has(awaited));
      if (!woken) continue;
      stuck.delete(frame);
      changed = true;
    }
  }
  const services = new Set<number>();
  for (const frame of stuck) if (frame.state === FrameState.queued) services.add(frame.service);
  return [...services].sort((a, b) => a - b);
}

function add<K>(lists: Map<K, Frame[]>, key: K, frame: Frame): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [frame]);
  else list.push(frame);
}

/** Whether calls can lead back to a service that limits its workers: only then can requests wait for each other. */
export function canDeadlock(plan: Plan): boolean {
  const callees = plan.services.map(() => new Set<number>());
  for (const site of plan.sites) {
    if (site.caller >= 0) callees[plan.endpoints[site.caller]!.service]!.add(plan.endpoints[site.callee]!.service);
  }
  return plan.services.some(({ index, concurrency }) => {
    if (concurrency === Infinity) return false;
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
