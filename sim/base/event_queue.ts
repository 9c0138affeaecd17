// The event queue: a 4-ary heap in typed arrays, ordered by (time, urgency, order of scheduling): ties are first come
// first served, but that what is urgent comes before the rest, and what is late after it.

import type { Nanos } from "./time.ts";

/** More than the events of any run: it puts urgent orders below all others, and late ones above. */
const ORDERS = 2 ** 51;

/**
 * A priority queue of events. An event is three small integers: what it is, whom it concerns, and the generation of that
 * one at the time of scheduling, by which the reader tells an event that has been overtaken.
 */
export class EventQueue {
  #times: Float64Array;
  #orders: Float64Array;
  #events: Int32Array;
  #size = 0;
  #order = 0;

  /** The event that the last `take` removed. */
  time = 0 as Nanos;
  kind = 0;
  subject = 0;
  generation = 0;

  constructor(capacity = 1024) {
    this.#times = new Float64Array(capacity);
    this.#orders = new Float64Array(capacity);
    this.#events = new Int32Array(capacity * 3);
  }

  get size(): number {
    return this.#size;
  }

  /** The time of the next event; Infinity when there is none. */
  get nextTime(): Nanos {
    return (this.#size === 0 ? Infinity : this.#times[0]) as Nanos;
  }

  /** Schedules an event. Events of equal times are taken in the order in which they were scheduled. */
  schedule(time: Nanos, kind: number, subject: number, generation: number): void {
    this.#insert(time, this.#order++, kind, subject, generation);
  }

  /** Schedules an event that comes before all others of its time but earlier urgent ones. */
  scheduleUrgent(time: Nanos, kind: number, subject: number, generation: number): void {
    this.#insert(time, this.#order++ - ORDERS, kind, subject, generation);
  }

  /** Schedules an event that comes after all others of its time but earlier late ones. */
  scheduleLate(time: Nanos, kind: number, subject: number, generation: number): void {
    this.#insert(time, this.#order++ + ORDERS, kind, subject, generation);
  }

  #insert(time: Nanos, order: number, kind: number, subject: number, generation: number): void {
    if (this.#size === this.#times.length) this.#grow();
    const times = this.#times, orders = this.#orders, events = this.#events;
    let hole = this.#size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      if (times[parent]! < time || (times[parent] === time && orders[parent]! < order)) break;
      times[hole] = times[parent]!;
      orders[hole] = orders[parent]!;
      events[hole * 3] = events[parent * 3]!;
      events[hole * 3 + 1] = events[parent * 3 + 1]!;
      events[hole * 3 + 2] = events[parent * 3 + 2]!;
      hole = parent;
    }
    times[hole] = time;
    orders[hole] = order;
    events[hole * 3] = kind;
    events[hole * 3 + 1] = subject;
    events[hole * 3 + 2] = generation;
  }

  /** Removes the first event into `time`, `kind`, `subject` and `generation`. Gives false when there is none. */
  take(): boolean {
    if (this.#size === 0) return false;
    const times = this.#times, orders = this.#orders, events = this.#events;
    this.time = times[0] as Nanos;
    this.kind = events[0]!;
    this.subject = events[1]!;
    this.generation = events[2]!;
    const last = --this.#size;
    const time = times[last]!, order = orders[last]!;
    let hole = 0;
    for (;;) {
      const first = hole * 4 + 1;
      if (first >= last) break;
      let least = first;
      const end = first + 4 < last ? first + 4 : last;
      for (let child = first + 1; child < end; child++) {
        if (times[child]! < times[least]! || (times[child] === times[least] && orders[child]! < orders[least]!)) {
          least = child;
        }
      }
      if (times[least]! > time || (times[least] === time && orders[least]! > order)) break;
      times[hole] = times[least]!;
      orders[hole] = orders[least]!;
      events[hole * 3] = events[least * 3]!;
      events[hole * 3 + 1] = events[least * 3 + 1]!;
      events[hole * 3 + 2] = events[least * 3 + 2]!;
      hole = least;
    }
    times[hole] = time;
    orders[hole] = order;
    events[hole * 3] = events[last * 3]!;
    events[hole * 3 + 1] = events[last * 3 + 1]!;
    events[hole * 3 + 2] = events[last * 3 + 2]!;
    return true;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    this.#times = times;
    const orders = new Float64Array(this.#orders.length * 2);
    orders.set(this.#orders);
    this.#orders = orders;
    const events = new Int32Array(this.#events.length * 2);
    events.set(this.#events);
    this.#events = events;
  }
}
