// The cores of a replica as they would be without the faults: the same work is shared out among them, but for that of
// strands that would not be there, would be over, or would be further on. So a strand that has to share with what a fault
// has brought knows how late it is. It is there from the moment something differs until the replica is idle.

import type { Nanos } from "../base/time.ts";
import type { Cpu } from "./cpu.ts";

/** A strand at work without the faults. */
class Shadow {
  generation = 0;
  /** Slot of the frame that it belongs to; -1 when that is done earlier than without the faults. */
  frame = -1;

  constructor(readonly slot: number) {}
}

export class TwinCores {
  readonly #shadows: Shadow[] = [];
  readonly #free: Shadow[] = [];
  readonly #cpu: Cpu<Shadow>;
  #at: Nanos;
  /** By slot of the frame: those at work. */
  readonly #working = new Map<number, Shadow>();
  /** By slot of the frame: when its work would have been done, of those whose would be. */
  readonly #done = new Map<number, number>();

  /** @param actual the cores, whose work it begins with @param but slot of a frame whose work it leaves out */
  constructor(actual: Cpu, isStopped: boolean, but: number, now: Nanos) {
    this.#cpu = actual.idleLike(this.#shadows, now);
    this.#at = now;
    if (isStopped) this.#cpu.setStopped(true, now);
    for (const [{ slot }, work] of actual.left(now)) if (slot !== but) this.#start(slot, work, now);
  }

  /** Work begins that would have been so far on. @param isAlone who would have shared the cores with it is not known */
  starts(slot: number, work: Nanos, late: number, isAlone: boolean, now: Nanos): void {
    this.#sync(now);
    const left = Math.round(work - late);
    if (isAlone || left <= 0) this.#done.set(slot, now + left);
    else this.#start(slot, left as Nanos, now);
  }

  #start(slot: number, work: Nanos, now: Nanos): void {
    let shadow = this.#free.pop();
    if (shadow === undefined) this.#shadows.push(shadow = new Shadow(this.#shadows.length));
    shadow.frame = slot;
    this.#working.set(slot, shadow);
    this.#cpu.start(shadow, work, now);
  }

  /** The work of a frame is done. @returns when it would have been; undefined when it would not be yet, or would not be at all */
  ends(slot: number, now: Nanos): number | undefined {
    this.#sync(now);
    const done = this.#done.get(slot);
    this.#done.delete(slot);
    const shadow = this.#working.get(slot);
    if (shadow !== undefined) {
      shadow.frame = -1;
      this.#working.delete(slot);
    }
    return done;
  }

  /** The work of a frame is cut off. */
  cutOff(slot: number, now: Nanos): void {
    this.#sync(now);
    this.#done.delete(slot);
    const shadow = this.#working.get(slot);
    if (shadow === undefined) return;
    this.#working.delete(slot);
    shadow.generation++;
    this.#cpu.leave(now);
    this.#free.push(shadow);
  }

  /** When the work of a frame would be done, as far as is known; undefined when it would not be there. */
  doneAt(slot: number, now: Nanos): number | undefined {
    this.#sync(now);
    const shadow = this.#working.get(slot);
    return shadow === undefined ? this.#done.get(slot) : this.#cpu.endOf(shadow, now);
  }

  setRoom(room: number, now: Nanos): void {
    this.#sync(now);
    this.#cpu.setRoom(room, now);
  }

  setStopped(stopped: boolean, now: Nanos): void {
    this.#sync(now);
    this.#cpu.setStopped(stopped, now);
  }

  /** Nothing works here without the faults. */
  get isIdle(): boolean {
    return this.#cpu.running === 0;
  }

  #sync(now: Nanos): void {
    for (let next = this.#cpu.nextTime(this.#at); next <= now; next = this.#cpu.nextTime(next)) {
      this.#cpu.advance(next);
      for (let shadow = this.#cpu.finished(); shadow !== undefined; shadow = this.#cpu.finished()) {
        if (shadow.frame >= 0) {
          this.#working.delete(shadow.frame);
          this.#done.set(shadow.frame, next);
        }
        this.#free.push(shadow);
      }
    }
    this.#cpu.advance(now);
    this.#at = now;
  }
}
