// Clocks of replicas that are wrong, as the facts tell it: what a replica writes, it writes with the time that it sees.

import { Change, type FactBatch, FactKind } from "../plan/facts.ts";

/** So far ahead, in nanoseconds, from some time on. */
interface Setting {
  readonly time: number;
  readonly ahead: number;
}

/** Whether a row tells of a clock that is set. */
export function setsClock(batch: FactBatch, row: number): boolean {
  return batch.kind[row] === FactKind.change && batch.outcome[row] === Change.clockSet;
}

export class Clocks {
  /** By service, then by replica: the settings of its clock, oldest first. */
  readonly #settings: (Setting[] | undefined)[][] = [];

  /** Takes a row that tells of a clock that is set. */
  take(batch: FactBatch, row: number): void {
    const replicas = this.#settings[batch.service[row]!] ??= [];
    (replicas[batch.replica[row]!] ??= []).push({ time: batch.time[row]!, ahead: batch.wait[row]! });
  }

  /** How far the clock of a replica was ahead at a time, in nanoseconds; negative when it was behind. */
  ahead(service: number, replica: number, time: number): number {
    const settings = this.#settings[service]?.[replica];
    if (settings === undefined) return 0;
    for (let i = settings.length - 1; i >= 0; i--) if (settings[i]!.time <= time) return settings[i]!.ahead;
    return 0;
  }
}
