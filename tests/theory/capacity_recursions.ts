// Recursions for stations that share cores, keep their queue otherwise than in order, or lose what waits in it: by lists
// and plain steps in time, unlike the engine's heaps and links. Nothing here knows the engine.

import type { Path } from "./recursions.ts";

const empty = (length: number): { waits: Float64Array; departures: Float64Array } => ({
  waits: new Float64Array(length),
  departures: new Float64Array(length),
});

/**
 * Egalitarian processor sharing of some cores, none of which works for two at once and none of whose requests uses two
 * (L. Kleinrock 1967), in continuous time: everyone's service left is kept, and lessened at every arrival and departure.
 */
export function processorSharing(arrivals: Float64Array, services: Float64Array, cores: number): Path {
  const path = empty(arrivals.length);
  let present: { readonly n: number; left: number }[] = [];
  let now = 0, next = 0;
  while (next < arrivals.length || present.length > 0) {
    const share = Math.min(1, cores / present.length);
    const least = Math.min(...present.map(({ left }) => left));
    const arrival = arrivals[next] ?? Infinity;
    const isDeparture = now + least / share <= arrival;
    const served = isDeparture ? least : (arrival - now) * share;
    now = isDeparture ? now + least / share : arrival;
    for (const each of present) each.left -= served;
    for (const { n } of present.filter(({ left }) => left <= 0)) path.departures[n] = now;
    present = present.filter(({ left }) => left > 0);
    if (!isDeparture) present.push({ n: next, left: services[next++]! });
  }
  return path;
}

/** One server of one core that stands still when it has worked for `quota` in a period, until the next period. */
export function throttledServer(
  arrivals: Float64Array,
  services: Float64Array,
  { quota, period }: { readonly quota: number; readonly period: number },
): Path {
  const path = empty(arrivals.length);
  let now = 0, used = 0, current = 0;
  const at = (time: number): void => {
    now = time;
    const number = Math.floor(now / period);
    if (number > current) [current, used] = [number, 0];
  };
  for (let n = 0; n < arrivals.length; n++) {
    at(Math.max(now, arrivals[n]!));
    path.waits[n] = now - arrivals[n]!;
    for (let left = services[n]!; left > 0;) {
      const end = (current + 1) * period;
      const works = Math.min(left, quota - used, end - now);
      left -= works;
      used += works;
      at(now + works);
      // A quota that is used up by the very end of the work is no matter any more.
      if (left > 0 && used >= quota) at(end);
    }
    path.departures[n] = now;
  }
  return path;
}

/** Several servers, who came last is next (non-preemptive). */
export function lastComeFirstServed(arrivals: Float64Array, services: Float64Array, servers: number): Path {
  const path = empty(arrivals.length);
  const free = new Float64Array(servers).fill(-1);
  const waiting: number[] = [];
  let next = 0;
  const begin = (n: number, time: number): void => {
    path.waits[n] = time - arrivals[n]!;
    path.departures[n] = time + services[n]!;
    free[0] = path.departures[n]!;
    free.sort();
  };
  for (;;) {
    // Who comes while all are busy waits, at the very nanosecond at which one becomes free too.
    while (next < arrivals.length && arrivals[next]! <= free[0]!) waiting.push(next++);
    const newest = waiting.pop();
    if (newest !== undefined) begin(newest, free[0]!);
    else if (next < arrivals.length) begin(next, arrivals[next++]!);
    else return path;
  }
}

/**
 * Several servers, one queue in order, in which each waits for its patience at most (C. Palm 1957): who would wait longer
 * leaves without service, and takes nothing from those behind.
 * @param patience of each; a wait of just that is served
 */
export function impatient(
  arrivals: Float64Array,
  services: Float64Array,
  patience: Float64Array,
  servers: number,
): Path & { readonly left: Uint8Array } {
  const path = { ...empty(arrivals.length), left: new Uint8Array(arrivals.length) };
  const free = new Float64Array(servers);
  for (let n = 0; n < arrivals.length; n++) {
    const wait = Math.max(0, free[0]! - arrivals[n]!);
    if (wait > patience[n]!) {
      path.left[n] = 1;
      path.waits[n] = patience[n]!;
      path.departures[n] = arrivals[n]! + patience[n]!;
      continue;
    }
    path.waits[n] = wait;
    path.departures[n] = arrivals[n]! + wait + services[n]!;
    free[0] = path.departures[n]!;
    free.sort();
  }
  return path;
}

/** RFC 8289 §5.3 to §5.6, line by line, for a queue before one server; packets are requests, and one is left alone. */
export function codelServer(
  arrivals: Float64Array,
  services: Float64Array,
  { target, interval }: { readonly target: number; readonly interval: number },
): Path & { readonly left: Uint8Array } {
  const path = { ...empty(arrivals.length), left: new Uint8Array(arrivals.length) };
  const queue: number[] = [];
  let firstAboveTime = 0, dropNext = 0, count = 0, lastCount = 0, dropping = false;
  const controlLaw = (time: number, drops: number): number => time + interval / Math.sqrt(drops);
  const dodequeue = (now: number): { readonly packet: number | undefined; readonly okToDrop: boolean } => {
    const packet = queue.shift();
    let okToDrop = false;
    if (packet === undefined) firstAboveTime = 0;
    else if (now - arrivals[packet]! < target || queue.length === 0) firstAboveTime = 0;
    else if (firstAboveTime === 0) firstAboveTime = now + interval;
    else if (now >= firstAboveTime) okToDrop = true;
    return { packet, okToDrop };
  };
  const drop = (packet: number, now: number): void => {
    path.left[packet] = 1;
    path.waits[packet] = now - arrivals[packet]!;
    path.departures[packet] = now;
  };
  const dequeue = (now: number): number | undefined => {
    let r = dodequeue(now);
    if (dropping) {
      if (!r.okToDrop) dropping = false;
      while (now >= dropNext && dropping) {
        drop(r.packet!, now);
        count++;
        r = dodequeue(now);
        if (!r.okToDrop) dropping = false;
        else dropNext = controlLaw(dropNext, count);
      }
    } else if (r.okToDrop) {
      drop(r.packet!, now);
      r = dodequeue(now);
      dropping = true;
      const delta = count - lastCount;
      count = delta > 1 && now - dropNext < 16 * interval ? delta : 1;
      dropNext = controlLaw(now, count);
      lastCount = count;
    }
    return r.packet;
  };
  let free = -1, next = 0;
  for (;;) {
    while (next < arrivals.length && arrivals[next]! <= free) queue.push(next++);
    let begun = free;
    let packet = queue.length > 0 ? dequeue(free) : undefined;
    if (packet === undefined) {
      if (next === arrivals.length) return path;
      packet = next++;
      begun = arrivals[packet]!;
    }
    path.waits[packet] = begun - arrivals[packet]!;
    path.departures[packet] = begun + services[packet]!;
    free = path.departures[packet]!;
  }
}
