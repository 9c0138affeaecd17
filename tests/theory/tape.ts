// Records what theory asks about from a run's facts: typed columns for each service, no object for a row, so that a
// million requests cost little beside the engine itself.

import { FOREVER, type Nanos, SECOND } from "../../sim/base/time.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";

/** Numbers in the order in which they came. */
export class Column {
  #values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  /** A view, good until the next `push` or `clear`. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}

/** Visits in the order in which they ended; times in nanoseconds since the start of the run. */
export class Track {
  readonly start = new Column();
  readonly end = new Column();
  /** Requests: in the queue. Calls: the pause before the next attempt. */
  readonly wait = new Column();
  /** Requests: own work. */
  readonly work = new Column();
  /** An Outcome. */
  readonly outcome = new Column();
  readonly iteration = new Column();
  readonly vu = new Column();
  readonly replica = new Column();
  /** Calls: 1 for the first. */
  readonly attempt = new Column();

  get length(): number {
    return this.start.length;
  }

  take(batch: FactBatch, row: number): void {
    this.start.push(batch.start[row]!);
    this.end.push(batch.time[row]!);
    this.wait.push(batch.wait[row]!);
    this.work.push(batch.extra[row]!);
    this.outcome.push(batch.outcome[row]!);
    this.iteration.push(batch.iteration[row]!);
    this.vu.push(batch.vu[row]!);
    this.replica.push(batch.replica[row]!);
    this.attempt.push(batch.attempt[row]!);
  }

  clear(): void {
    for (const column of Object.values(this) as Column[]) column.clear();
  }
}

/** The samples of a service's stations, once a simulated second; replicas of one instant are added up. */
export class Samples {
  readonly time = new Column();
  readonly present = new Column();
  /** Worker-nanoseconds busy since the start of the run. */
  readonly busyTime = new Column();

  take(batch: FactBatch, row: number): void {
    const present = batch.wait[row]! + batch.extra[row]!;
    const last = this.time.length - 1;
    if (batch.replica[row]! > 0) {
      this.present.values[last]! += present;
      this.busyTime.values[last]! += batch.start[row]!;
      return;
    }
    this.time.push(batch.time[row]!);
    this.present.push(present);
    this.busyTime.push(batch.start[row]!);
  }

  clear(): void {
    for (const column of Object.values(this) as Column[]) column.clear();
  }
}

/** One run, from the end of its warm-up on. Used again for the next run, so that its columns are grown once. */
export class Tape {
  /** Visits that began in [from, until) are recorded, however late they end; samples are of that time. */
  from = 0;
  until = 0;
  readonly iterations = new Track();
  /** Attempts of the journeys' own calls. */
  readonly journeyCalls = new Track();
  /** Attempts of the services' calls, of all services. */
  readonly calls = new Track();
  readonly #requests: Track[] = [];
  readonly #samples: Samples[] = [];
  readonly #batch = new FactBatch(32_768);
  #plan!: Plan;

  /**
   * Runs the plan to its end.
   * @param from the end of the warm-up
   * @param until the end of the load
   */
  record(plan: Plan, from: Nanos, until: Nanos): void {
    this.#plan = plan;
    this.from = from;
    this.until = until;
    for (const each of [this.iterations, this.journeyCalls, this.calls, ...this.#requests, ...this.#samples]) {
      each.clear();
    }
    while (this.#requests.length < plan.services.length) {
      this.#requests.push(new Track());
      this.#samples.push(new Samples());
    }
    const engine = new Engine(plan, 1);
    const batch = this.#batch;
    while (!engine.done) {
      engine.step(FOREVER, batch);
      for (let row = 0; row < batch.length; row++) {
        const start = batch.start[row]!;
        const kind = batch.kind[row]!;
        if (kind === FactKind.station) {
          const time = batch.time[row]!;
          if (time >= from && time <= until && time % SECOND === 0) {
            this.#samples[batch.service[row]!]!.take(batch, row);
          }
        } else if (start < from || start >= until) continue;
        else if (kind === FactKind.request) this.#requests[batch.service[row]!]!.take(batch, row);
        else if (kind === FactKind.iteration) this.iterations.take(batch, row);
        else if (kind === FactKind.call) {
          ((batch.flags[row]! & FactFlag.journey) !== 0 ? this.journeyCalls : this.calls).take(batch, row);
        }
      }
      batch.clear();
    }
  }

  /** Requests of a service, those of all its replicas, refused ones included. */
  requests(service: string): Track {
    return this.#requests[this.#index(service)]!;
  }

  samples(service: string): Samples {
    return this.#samples[this.#index(service)]!;
  }

  #index(service: string): number {
    const found = this.#plan.services.findIndex(({ name }) => name === service);
    if (found < 0) throw new Error(`no service ${service}`);
    return found;
  }
}

// ---- estimates of one run, in seconds -------------------------------------------------------------------------------

/**
 * Mean time from start to end of all but refused visits.
 * @param wanted by their own work in nanoseconds; all if left out
 */
export function meanTime(track: Track, wanted?: (work: number) => boolean): number {
  const start = track.start.values, end = track.end.values, outcome = track.outcome.values, work = track.work.values;
  let sum = 0, count = 0;
  for (let i = 0; i < start.length; i++) {
    if (outcome[i] === Outcome.refused || (wanted !== undefined && !wanted(work[i]!))) continue;
    sum += end[i]! - start[i]!;
    count++;
  }
  return sum / count / SECOND;
}

/** Mean wait of all but refused visits, those that did not wait included. */
export function meanWait(track: Track): number {
  const wait = track.wait.values, outcome = track.outcome.values;
  let sum = 0, count = 0;
  for (let i = 0; i < wait.length; i++) {
    if (outcome[i] === Outcome.refused) continue;
    sum += wait[i]!;
    count++;
  }
  return sum / count / SECOND;
}

/** The least time that the share `p` of the visits does not exceed. */
export function quantileOfTime(track: Track, p: number): number {
  const start = track.start.values;
  const times = Float64Array.from(track.end.values);
  for (let i = 0; i < times.length; i++) times[i]! -= start[i]!;
  return quantile(times, p);
}

/** The same of the waits. */
export function quantileOfWait(track: Track, p: number): number {
  return quantile(Float64Array.from(track.wait.values), p);
}

function quantile(values: Float64Array, p: number): number {
  values.sort();
  return values[Math.ceil(p * values.length) - 1]! / SECOND;
}

/** Share of the visits that waited. */
export function shareWaited(track: Track): number {
  const wait = track.wait.values;
  let count = 0;
  for (let i = 0; i < wait.length; i++) if (wait[i]! > 0) count++;
  return count / wait.length;
}

/** Share of the visits with this outcome. */
export function shareOf(track: Track, wanted: Outcome): number {
  const outcome = track.outcome.values;
  let count = 0;
  for (let i = 0; i < outcome.length; i++) if (outcome[i] === wanted) count++;
  return count / outcome.length;
}

/** How many attempts of this number ended so. */
export function countOf(track: Track, wanted: Outcome, number: number): number {
  const outcome = track.outcome.values, attempt = track.attempt.values;
  let count = 0;
  for (let i = 0; i < outcome.length; i++) if (outcome[i] === wanted && attempt[i] === number) count++;
  return count;
}

/** Visits that began, a second. */
export function rate(tape: Tape, track: Track): number {
  return track.length / ((tape.until - tape.from) / SECOND);
}

/** Workers that were busy on average, all replicas together: from the stations' own account of busy time. */
export function meanBusy(samples: Samples): number {
  const time = samples.time.values, busy = samples.busyTime.values;
  const last = time.length - 1;
  return (busy[last]! - busy[0]!) / (time[last]! - time[0]!);
}

/** Requests that were present on average, waiting or in service: from the stations' samples, not from the visits. */
export function meanPresent(samples: Samples): number {
  const present = samples.present.values;
  let sum = 0;
  for (let i = 0; i < present.length; i++) sum += present[i]!;
  return sum / present.length;
}
