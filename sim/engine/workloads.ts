// Workloads: when iterations start and end. What ends, takes away or starts comes before the ends of iterations of the
// same instant, as it does in k6, where an iteration always ends a little later than the sum of its pauses.

import { mix, mixed } from "../base/draws.ts";
import type { Nanos } from "../base/time.ts";
import { type Core, EVENTS_AT_ONE_INSTANT_MAX } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind } from "./frame.ts";
import { Vu, type WorkloadState } from "./workload.ts";

/** Iterations in a row that took no time, besides one for each VU, after which a closed loop is taken to stand still. */
const INSTANT_ITERATIONS_MAX = 100_000;

export class Workloads {
  readonly #core: Core;
  /** When the iteration is due that was scheduled last. */
  #nextArrival = 0 as Nanos;

  constructor(core: Core) {
    this.#core = core;
  }

  begin(state: WorkloadState, origin: Nanos): void {
    state.begin(origin);
    const { index, load } = state.plan;
    if (load.type === "open") {
      for (let n = 0; n < load.preAllocatedVUs; n++) state.idle.push(this.#newVu(state));
      state.idle.reverse();
      this.#scheduleArrival(state);
    } else if (state.changes!.next()) {
      this.#core.events.scheduleUrgent((state.startTime + state.changes!.time) as Nanos, Event.vuChange, index, 0);
    }
    this.#core.events.scheduleUrgent(state.loadEnd, Event.loadEnd, index, 0);
    this.#core.events.scheduleUrgent(state.hardEnd, Event.hardEnd, index, 0);
  }

  #newVu(state: WorkloadState): Vu {
    const vu = new Vu(state.vus.length + 1, this.#core.vus.length, state.plan.index);
    state.vus.push(vu);
    this.#core.vus.push(vu);
    return vu;
  }

  #scheduleArrival(state: WorkloadState): void {
    const time = this.#nextArrival = state.nextArrival();
    if (time < state.loadEnd) this.#core.events.scheduleUrgent(time, Event.arrival, state.plan.index, 0);
  }

  arrival(state: WorkloadState): void {
    if (state.loadEnded || state.plan.load.type !== "open") return;
    // Dropped iterations keep their number, so that a drop moves nobody else's draws.
    const iteration = state.iterationsStarted++;
    const { surges } = this.#core;
    const factor = surges.factor(state);
    if (factor >= 1 || surges.comes(state, iteration, factor)) this.due(state, iteration);
    this.#scheduleArrival(state);
    if (factor > 1) surges.add(state, iteration, factor, this.#nextArrival);
  }

  /** An iteration of an open load is due now. */
  due(state: WorkloadState, iteration: number): void {
    if (state.plan.load.type !== "open") return;
    const vu = state.idle.pop();
    this.#core.facts.arrival(state.plan.index, vu !== undefined || state.plan.load.maxVUs === Infinity);
    if (vu === undefined) {
      if (state.plan.load.maxVUs === Infinity) this.#startIteration(state, this.#newVu(state), iteration);
      else {
        this.#core.facts.dropped(state.plan.index, iteration, 1);
        // As in k6, a VU that is added takes the next iteration, not this one.
        if (state.vus.length < state.plan.load.maxVUs) state.idle.push(this.#newVu(state));
      }
    } else this.#startIteration(state, vu, iteration);
  }

  vuChange(state: WorkloadState): void {
    const changes = state.changes!;
    if (state.loadEnded || state.plan.load.type !== "closed") return;
    const { count } = changes;
    while (state.vus.length < count) this.#newVu(state);
    for (let n = state.vusTarget; n > count; n--) this.#takeAway(state.vus[n - 1]!, state.plan.load.gracefulRampDown);
    for (let n = state.vusTarget; n < count; n++) {
      const vu = state.vus[n]!;
      vu.active = true;
      vu.generation = (vu.generation + 1) | 0;
      if (vu.frame < 0) this.#core.schedule(this.#core.now, Event.iterate, vu.slot, 0);
    }
    state.vusTarget = count;
    this.#core.surges.adjustVus(state);
    if (changes.next()) {
      this.#core.events.scheduleUrgent((state.startTime + changes.time) as Nanos, Event.vuChange, state.plan.index, 0);
    }
  }

  /** A VU that a surge adds, above those that the load plans. */
  addVu(state: WorkloadState): void {
    const { load } = state.plan;
    let vu = state.extraVus.find(({ active, frame }) => !active && frame < 0);
    if (vu === undefined) {
      vu = new Vu(
        (load.type === "closed" ? load.vusMax : 0) + state.extraVus.length + 1,
        this.#core.vus.length,
        state.plan.index,
      );
      this.#core.vus.push(vu);
      state.extraVus.push(vu);
    }
    vu.active = true;
    vu.generation = (vu.generation + 1) | 0;
    this.#core.schedule(this.#core.now, Event.iterate, vu.slot, 0);
  }

  /** It goes, when its iteration has ended or its grace is over. */
  takeExtraVu(state: WorkloadState, vu: Vu): void {
    const { load } = state.plan;
    if (load.type === "closed") this.#takeAway(vu, load.gracefulRampDown);
  }

  #takeAway(vu: Vu, grace: Nanos): void {
    vu.active = false;
    vu.generation = (vu.generation + 1) | 0;
    if (vu.frame >= 0) {
      this.#core.events.scheduleUrgent((this.#core.now + grace) as Nanos, Event.graceEnd, vu.slot, vu.generation);
    }
  }

  iterate(vu: Vu): void {
    const state = this.#core.states[vu.workload]!;
    if (vu.frame < 0 && state.mayIterate(vu)) this.#startIteration(state, vu, state.iterationsStarted++);
    else this.endIfIdle(state);
  }

  #startIteration(state: WorkloadState, vu: Vu, iteration: number): void {
    const plan = state.plan;
    const frame = this.#core.pool.take(FrameKind.iteration, this.#core.plan.journeys[plan.journey]!.program);
    vu.frame = frame.slot;
    state.vusRunning++;
    state.alive++;
    frame.workload = plan.index;
    frame.vu = vu.slot;
    frame.iteration = iteration;
    frame.depth = 0;
    frame.endpoint = -1;
    frame.service = 0;
    frame.replica = 0;
    frame.start = this.#core.now;
    if (plan.load.type === "closed" && (plan.load.iterations === undefined || "perVu" in plan.load.iterations)) {
      // Which VU comes first depends on how long the others took; its own count does not.
      mix(state.keyHigh, state.keyLow, vu.number);
      mix(mixed.high, mixed.low, vu.iterations | 0);
    } else {
      mix(state.keyHigh, state.keyLow, iteration | 0);
      if (iteration >= 4294967296) mix(mixed.high, mixed.low, Math.floor(iteration / 4294967296));
    }
    frame.keyHigh = mixed.high;
    frame.keyLow = mixed.low;
    frame.contextHigh = mixed.high;
    frame.contextLow = mixed.low;
    vu.iterations++;
    const extraBy = this.#core.surges.causeOf(state, vu, iteration);
    if (extraBy !== 0) this.#core.taint?.iterationStarts(frame, extraBy);
    this.#core.strands.run(frame);
  }

  iterationEnded(frame: Frame, outcome: number): void {
    const state = this.#core.states[frame.workload]!;
    const vu = this.#core.vus[frame.vu]!;
    this.#core.facts.iteration(frame, outcome);
    vu.frame = -1;
    state.vusRunning--;
    state.instantIterations = frame.start === this.#core.now ? state.instantIterations + 1 : 0;
    if (
      state.instantIterations > INSTANT_ITERATIONS_MAX + state.vus.length && state.plan.load.type === "closed" &&
      state.plan.load.iterations === undefined
    ) {
      // The next event of this instant is refused, so that this one is carried through and what is open can be ended.
      this.#core.eventsNow = EVENTS_AT_ONE_INSTANT_MAX;
    }
    if (state.plan.load.type === "open") state.idle.push(vu);
    else if (!state.loadEnded && vu.active) this.#core.schedule(this.#core.now, Event.iterate, vu.slot, 0);
    this.release(frame);
  }

  loadEnd(state: WorkloadState): void {
    // A VU that the last stage takes away at its end has gracefulRampDown, as in k6; the others have gracefulStop.
    if (state.changesAt(this.#core.now)) this.vuChange(state);
    const left = state.iterationsLeft;
    if (left > 0) this.#core.facts.dropped(state.plan.index, state.iterationsStarted, left);
    state.loadEnded = true;
    for (const vu of state.vus) vu.active = false;
    for (const vu of state.extraVus) vu.active = false;
    this.endIfIdle(state);
  }

  endIfIdle(state: WorkloadState): void {
    if (state.ended || state.alive > 0) return;
    const { load } = state.plan;
    const usedUp = load.type === "closed" && load.iterations !== undefined && this.#core.now >= state.startTime &&
      state.iterationsLeft === 0;
    if (!state.loadEnded && !usedUp) return;
    state.loadEnded = true;
    state.ended = true;
    this.#core.workloadsLeft--;
    for (const waiting of this.#core.states) {
      if (waiting.plan.startAfter === state.plan.index && !waiting.begun && !waiting.loadEnded) {
        this.begin(waiting, this.#core.now);
      }
    }
    if (this.#core.workloadsLeft === 0) {
      this.#core.faults.runEnds();
      this.#core.facts.samples(this.#core.states, this.#core.fleet.stations, this.#core.memory);
    }
  }

  release(frame: Frame): void {
    const state = this.#core.states[frame.workload]!;
    this.#core.pool.release(frame);
    state.alive--;
    if (state.alive === 0) this.endIfIdle(state);
  }
}
