// Which part of a recording is sent: --from and --to.

import type { Nanos } from "../base/time.ts";
import type { RecordSource } from "./record_source.ts";

/** A time of the recording: since its first record, or since the epoch; both in nanoseconds. */
export type Bound =
  | { readonly kind: "relative"; readonly after: Nanos }
  | { readonly kind: "absolute"; readonly epochNs: bigint };

export interface Bounds {
  readonly from?: Bound;
  /** The first moment that is not sent. */
  readonly to?: Bound;
}

/** The bounds as times of a window. @param first time of the recording's first record */
export function timesOf(
  { from, to }: Bounds,
  base: number,
  first: number,
): { readonly from: number; readonly to: number } {
  const timeOf = (bound: Bound | undefined, absent: number): number => {
    if (bound === undefined) return absent;
    return bound.kind === "relative" ? first + bound.after : Number(bound.epochNs - BigInt(base) * 1_000_000_000n);
  };
  return { from: timeOf(from, -Infinity), to: timeOf(to, Infinity) };
}

/** Nanoseconds from the first record of a recording that is sent to the last; undefined when there is none. */
export async function sentLength(source: RecordSource, bounds: Bounds): Promise<Nanos | undefined> {
  const { window } = source;
  while (!window.isFull && !source.ended) await source.read();
  if (window.size === 0) return undefined;
  const begins = source.firstTime;
  const { from, to } = timesOf(bounds, source.base!, begins);
  const first = Math.max(begins, from);
  let last = -Infinity;
  for (;;) {
    while (window.size > 0 && (source.ended || window.isFull)) {
      const time = window.nextTime;
      source.take();
      if (time >= from && time < to && time > last) last = time;
    }
    if (source.ended) break;
    await source.read();
  }
  return last < first ? undefined : (last - first) as Nanos;
}

/** Seconds from one pass over a recording of this length to the next: whole ones, so that times keep their digits. */
export function passPeriod(length: number): number {
  return Math.floor(length / 1e9) + 1;
}
