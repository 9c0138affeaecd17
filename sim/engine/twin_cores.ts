// The cores of a replica as they would be without the faults: the same work is shared out among them, each strand's at the
// time at which it would begin, but for strands that would not be there. So a strand that has to share with what a fault
// has brought, or that comes when others do, knows how late it is. It is there from the moment something differs until the
// replica is idle. Its clock runs behind, only as far as it is asked for: what is late by as much as all others can still
// come at its time. What comes later than that has been at work since.

import type { Nanos } from "../base/time.ts";
import type { Cpu } from "./cpu.ts";

/** A strand's work without the faults. */
class Shadow {
  generation = 0;
  work = 0;
  /** Slot of the frame that it belongs to; -1 when that is done earlier than without the faults. */
  frame = -1;

  constructor(readonly slot: number) {}
}

/** What is to happen: work that begins, or a change of the cores. */
interface Due {
  readonly at: number;
  readonly begins: Shadow | undefined;
  readonly change: ((now: Nanos) => void) | undefined;
}

export class TwinCores {
  readonly #shadows: Shadow[] = [];
  readonly #free: Shadow[] = [];
  readonly #cpu: Cpu<Shadow>;
  #clock: Nanos;
  /** In the order of their times. */
  readonly #due: Due[] = [];
  /** By slot of the frame: those whose work is not done yet. */
  readonly #working = new Map<number, Shadow>();
  /** By slot of the frame: when its work would have been done, of those whose would be. */
  readonly #done = new Map<number, number>();

  /** @param actual the cores, whose work it begins with @param but slot of a frame whose work it leaves out */
  constructor(actual: Cpu, isStopped: boolean, but: number, now: Nanos) {
    this.#cpu = actual.idleLike(this.#shadows, now);
    this.#clock = now;
    if (isStopped) this.#cpu.setStopped(true, now);
    for (const [{ slot }, work] of actual.left(now)) {
      if (slot !== but) this.#cpu.start(this.#shadow(slot, work), work, now);
    }
  }

  /** Work begins that would have begun so much earlier. @param isAlone with whom it would have shared the cores is not known */
  starts(slot: number, work: Nanos, late: number, isAlone: boolean, now: Nanos): void {
    const at = Math.round(now - late), left = work - Math.max(0, this.#clock - at);
    if (isAlone || left <= 0) this.#done.set(slot, at + work);
    else this.#plan({ at: Math.max(at, this.#clock), begins: this.#shadow(slot, left), change: undefined });
  }

  #shadow(frame: number, work: number): Shadow {
    let shadow = this.#free.pop();
    if (shadow === undefined) this.#shadows.push(shadow = new Shadow(this.#shadows.length));
    shadow.frame = frame;
    shadow.work = work;
    this.#working.set(frame, shadow);
    return shadow;
  }

  #plan(due: Due): void {
    let place = this.#due.length;
    while (place > 0 && this.#due[place - 1]!.at > due.at) place--;
    this.#due.splice(place, 0, due);
  }

  /** The work of a frame is done. @returns when it would have been; undefined when it would not be yet, or would not be at all */
  ends(slot: number, now: Nanos): number | undefined {
    const shadow = this.#working.get(slot);
    if (shadow !== undefined) this.#runTo(now, slot);
    const done = this.#done.get(slot);
    this.#done.delete(slot);
    if (done === undefined && shadow !== undefined) {
      shadow.frame = -1;
      this.#working.delete(slot);
    }
    return done;
  }

  /** The work of a frame is cut off. */
  cutOff(slot: number, now: Nanos): void {
    this.#done.delete(slot);
    const shadow = this.#working.get(slot);
    if (shadow === undefined) return;
    this.#runTo(now, slot);
    if (this.#done.delete(slot)) return;
    this.#working.delete(slot);
    shadow.generation++;
    const due = this.#due.findIndex(({ begins }) => begins === shadow);
    if (due >= 0) this.#due.splice(due, 1);
    else this.#cpu.leave(now);
    this.#free.push(shadow);
  }

  /** When the work of a frame would be done, as far as is known; undefined when it would not be there. */
  doneAt(slot: number, now: Nanos): number | undefined {
    const shadow = this.#working.get(slot);
    if (shadow === undefined) return this.#done.get(slot);
    this.#runTo(now, slot);
    return this.#done.get(slot) ?? this.#cpu.endOf(shadow, now);
  }

  setRoom(room: number, now: Nanos): void {
    this.#plan({ at: now, begins: undefined, change: (time) => this.#cpu.setRoom(room, time) });
  }

  setStopped(stopped: boolean, now: Nanos): void {
    this.#plan({ at: now, begins: undefined, change: (time) => this.#cpu.setStopped(stopped, time) });
  }

  /** Nothing works here without the faults. */
  get isIdle(): boolean {
    return this.#cpu.running === 0 && this.#due.length === 0;
  }

  /** Lets its clock run until then, or until the work of a frame is done. */
  #runTo(end: Nanos, slot: number): void {
    for (;;) {
      const next = Math.min(this.#due[0]?.at ?? Infinity, this.#cpu.nextTime(this.#clock)) as Nanos;
      if (next > end) break;
      this.#clock = next;
      this.#cpu.advance(next);
      this.#collect();
      while (this.#due.length > 0 && this.#due[0]!.at <= next) {
        const { begins, change } = this.#due.shift()!;
        change?.(next);
        if (begins !== undefined) this.#cpu.start(begins, begins.work as Nanos, next);
      }
      if (this.#done.has(slot)) return;
    }
    if (end <= this.#clock) return;
    this.#clock = end;
    this.#cpu.advance(end);
  }

  #collect(): void {
    for (let shadow = this.#cpu.finished(); shadow !== undefined; shadow = this.#cpu.finished()) {
      if (shadow.frame >= 0) {
        this.#working.delete(shadow.frame);
        this.#done.set(shadow.frame, this.#clock);
      }
      this.#free.push(shadow);
    }
  }
}
