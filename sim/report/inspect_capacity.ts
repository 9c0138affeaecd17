// What a service can do at once, as `inspect` tells it: under the names of the scenario file, as it would stand there.

import { writeDuration } from "../base/fields.ts";
import type { Capacity } from "../model/capacity.ts";

type Json = Record<string, unknown>;

/** The keys of a service besides concurrency; null for what it does not have. */
export function capacityJson(
  { queue, capacity }: { readonly queue: number; readonly capacity: Capacity },
): Json {
  const { cores, cpuLimit, pauses, warmUp, rateLimit, shed } = capacity;
  return {
    cores: numberOr(cores),
    cpu: cpuLimit === Infinity
      ? null
      : { limit: cpuLimit < 1 ? `${Number((cpuLimit * 1000).toPrecision(12))}m` : cpuLimit },
    queue: queueJson(queue, capacity),
    pauses: pauses.map(({ every, length }) => ({ every: every.text, length: length.text })),
    warmUp: warmUp === undefined ? null : { for: writeDuration(warmUp.length), factor: warmUp.factor },
    rateLimit: rateLimit === undefined ? null : { ...rateLimit, rate: `${rateLimit.rate}/s` },
    shed: shed === undefined ? null : {
      queue: numberOr(shed.queue),
      utilization: shed.utilization === Infinity ? null : `${Number((shed.utilization * 100).toPrecision(12))}%`,
      codel: shed.codel === undefined
        ? null
        : { target: writeDuration(shed.codel.target), interval: writeDuration(shed.codel.interval) },
    },
  };
}

/** A number of places alone where the file may say no more than that. */
function queueJson(size: number, { discipline, delay, patience }: Capacity): unknown {
  if (discipline === "fifo" && patience === undefined) return numberOr(size);
  return {
    size: numberOr(size),
    discipline,
    timeout: patience?.text ?? null,
    ...(discipline === "codel" ? { target: writeDuration(delay.target), interval: writeDuration(delay.interval) } : {}),
  };
}

function numberOr(value: number): number | string {
  return value === Infinity ? "unlimited" : value;
}
