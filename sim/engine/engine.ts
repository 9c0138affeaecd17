// The engine: steps a Plan through simulated time and gives facts. Single-threaded, synchronous and pure: no I/O, no
// promises, no clock but its own, and every random draw keyed by who asks.

import { type Nanos, SECOND } from "../base/time.ts";
import type { World } from "../faults/world.ts";
import { type FactBatch, Outcome } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { Core, EVENTS_AT_ONE_INSTANT_MAX } from "./core.ts";
import { Event } from "./event.ts";
import { CallHold } from "./frame.ts";

/** Rows after which a step returns early, so that a burst does not pile up facts. */
const BATCH_ROWS = 16_384;

/** How often the number of VUs, the queues and the busy workers are told. */
const SAMPLE_EVERY = SECOND;

export class Engine {
  readonly #core: Core;

  /**
   * @param startSalt a hash of the run's start time: runs that differ in it share no trace id and no span id
   */
  constructor(plan: Plan, startSalt: number) {
    const core = this.#core = new Core(plan, startSalt);
    // What is broken from the start is broken for the first iteration too.
    core.faults.start();
    for (const state of core.states) if (state.plan.startAfter < 0) core.workloads.begin(state, 0 as Nanos);
    core.schedule(0 as Nanos, Event.sample, 0, 0);
  }

  get now(): Nanos {
    return this.#core.now;
  }

  /** Every workload has ended, and nothing of theirs is left. */
  get done(): boolean {
    return this.#core.workloadsLeft === 0;
  }

  /** Service names of each deadlock found, as sentences. */
  get deadlocks(): readonly string[] {
    return this.#core.interruptions.deadlocks;
  }

  /** Frames that are in use: 0 once the engine is done. For tests. */
  get framesInUse(): number {
    return this.#core.pool.inUse;
  }

  /** Requests that workers of all stations hold: 0 once the engine is done. For tests. */
  get workersInUse(): number {
    return this.#core.fleet.stations.reduce((sum, station) => sum + station.busy + station.queued, 0);
  }

  /**
   * Runs on to `until`, its own events included, and appends the facts to `batch`. Returns earlier when the batch holds
   * many rows; the next step goes on from there.
   * @returns whether `until`, or the end of the run, is reached
   * @throws SimulationError when no simulated time passes any more
   */
  step(until: Nanos, batch: FactBatch): boolean {
    this.#core.facts.batch = batch;
    const events = this.#core.events;
    while (this.#core.workloadsLeft > 0 && events.nextTime <= until) {
      if (batch.length >= BATCH_ROWS) return false;
      events.take();
      if (events.time > this.#core.now) {
        this.#core.now = events.time;
        this.#core.eventsNow = 0;
      } else if (++this.#core.eventsNow > EVENTS_AT_ONE_INSTANT_MAX) throw this.#core.stalled();
      this.#handle(events.kind, events.subject, events.generation);
    }
    if (this.#core.workloadsLeft > 0) this.#core.now = until;
    return true;
  }

  /** What a fault waits for, by its index in the plan, has come about by now. */
  trigger(fault: number): void {
    this.#core.faults.trigger(fault);
  }

  /** Windows of faults that are open now, by index in the plan. */
  get openFaults(): number[] {
    const { faults, now } = this.#core;
    return faults.live.filter(({ from, until }) => now >= from && now < until).map(({ plan }) => plan.index);
  }

  /** Lets something happen to the world, now; its facts go to `batch`. */
  intervene(batch: FactBatch, act: (world: World) => void): void {
    this.#core.facts.batch = batch;
    act(this.#core.world);
  }

  /** Ends everything at once: what is open is interrupted, innermost first. */
  stop(batch: FactBatch): void {
    this.#core.facts.batch = batch;
    for (const state of this.#core.states) state.loadEnded = true;
    for (const state of this.#core.states) if (!state.ended) this.#core.interruptions.workload(state);
  }

  #handle(kind: number, subject: number, generation: number): void {
    switch (kind) {
      case Event.enter:
      case Event.resume:
      case Event.respond:
      case Event.timeout:
      case Event.retry:
      case Event.hedge:
      case Event.cut:
      case Event.connected:
      case Event.bulkheadTimeout:
      case Event.poolTimeout: {
        const frame = this.#core.pool.frames[subject]!;
        if (frame.generation !== generation) return;
        if (this.#core.pauses.standing > 0 && this.#core.pauses.defers(frame, kind)) return;
        if (kind === Event.resume) this.#core.strands.resume(frame);
        else if (kind === Event.enter) this.#core.servers.enter(frame);
        else if (kind === Event.respond) {
          this.#core.calls.attemptEnded(frame, frame.responseOutcome, frame.responseStatus, frame.responseCause);
        } else if (kind === Event.timeout) this.#core.calls.attemptEnded(frame, Outcome.timeout, 0, -1);
        else if (kind === Event.cut) {
          this.#core.taint?.cut(frame);
          this.#core.calls.attemptEnded(frame, Outcome.reset, 0, frame.cutCause);
        } else if (kind === Event.retry) this.#core.calls.attempt(frame);
        else if (kind === Event.hedge) this.#core.hedges.fire(frame);
        else if (kind === Event.connected) this.#core.policies.connected(frame);
        else {
          this.#core.policies.lineTimeout(
            frame,
            kind === Event.poolTimeout ? CallHold.poolLine : CallHold.bulkheadLine,
          );
        }
        return;
      }
      case Event.cpu:
        return this.#core.ownWork.due(this.#core.fleet.stations[subject]!, generation);
      case Event.patience:
        return this.#core.servers.patienceEnds(this.#core.pool.frames[subject]!, generation);
      case Event.pause:
        return this.#core.pauses.due(subject, generation);
      case Event.pauseEnd:
        return this.#core.pauses.over(subject, generation);
      case Event.wake:
        return this.#core.pauses.wake(this.#core.fleet.stations[subject]!);
      case Event.arrival:
        return this.#core.workloads.arrival(this.#core.states[subject]!);
      case Event.surge:
        return this.#core.surges.extraArrival(this.#core.states[subject]!);
      case Event.vuChange:
        return this.#core.workloads.vuChange(this.#core.states[subject]!);
      case Event.iterate:
        return this.#core.workloads.iterate(this.#core.vus[subject]!);
      case Event.graceEnd: {
        const vu = this.#core.vus[subject]!;
        if (vu.generation !== generation || vu.frame < 0) return;
        // A VU that is wanted again at the very end of its grace goes on.
        const state = this.#core.states[vu.workload]!;
        if (state.changesAt(this.#core.now) && vu.number <= state.changes!.count) return;
        return this.#core.interruptions.iteration(this.#core.pool.frames[vu.frame]!);
      }
      case Event.loadEnd:
        return this.#core.workloads.loadEnd(this.#core.states[subject]!);
      case Event.hardEnd: {
        const state = this.#core.states[subject]!;
        if (!state.ended) this.#core.interruptions.workload(state);
        return;
      }
      case Event.ejectionEnd:
        return this.#core.policies.ejectionEnd(subject);
      case Event.faultBegin:
      case Event.faultEnd:
        return this.#core.faults.handle(kind, subject, generation);
      case Event.contentionTimeout: {
        const frame = this.#core.pool.frames[subject]!;
        if (frame.generation === generation) this.#core.contention.timedOut(frame);
        return;
      }
      case Event.roll:
        return this.#core.faultWorld.rollOn(subject, generation);
      case Event.stillEnd:
        return this.#core.faultWorld.goesOn(subject, generation);
      case Event.sample:
        this.#core.surges.adjust();
        if (this.#core.canDeadlock) this.#core.interruptions.reportDeadlock();
        this.#core.facts.samples(this.#core.states, this.#core.fleet.stations, this.#core.memory);
        this.#core.world.samples();
        this.#core.policies.samples();
        this.#core.schedule((this.#core.now + SAMPLE_EVERY) as Nanos, Event.sample, 0, 0);
        return;
      default:
        return this.#core.world.handle(kind as Event, subject, generation);
    }
  }
}
