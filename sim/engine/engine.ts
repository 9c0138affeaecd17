// The engine: steps a Plan through simulated time and gives facts. Single-threaded, synchronous and pure: no I/O, no
// promises, no clock but its own, and every random draw keyed by who asks.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import { EventQueue } from "../base/event_queue.ts";
import { FOREVER, formatDuration, type Nanos, nanos, SECOND } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";
import { workloadKey } from "../plan/draws.ts";
import { CALL_DEPTH_MAX, type FactBatch, FactFlag, Outcome } from "../plan/facts.ts";
import { type CallSite, Op, type Plan } from "../plan/plan.ts";
import { canDeadlock, deadlockedServices } from "./deadlock.ts";
import { FactWriter } from "./fact_writer.ts";
import { FaultKnobs } from "./fault_knobs.ts";
import { type Frame, FrameKind, FramePool, FrameState } from "./frame.ts";
import { Station } from "./station.ts";
import { type Vu, WorkloadState } from "./workload.ts";

const Event = {
  /** The next iteration of an open workload is due. */
  arrival: 0,
  /** The number of VUs of a closed workload changes. */
  vuChange: 1,
  /** A VU may start another iteration. */
  iterate: 2,
  /** The grace of a VU that was taken away is over. */
  graceEnd: 3,
  loadEnd: 4,
  hardEnd: 5,
  /** A request reaches its service. */
  enter: 6,
  /** Work or a pause is over. */
  resume: 7,
  /** An answer reaches the caller. */
  respond: 8,
  timeout: 9,
  /** The pause before the next attempt is over. */
  retry: 10,
  sample: 11,
} as const;

const SALT_CLIENT = hashText("client span");
const SALT_SERVER = hashText("server span");
const SALT_TRACE_HIGH = hashText("trace id, high half");
const SALT_TRACE_LOW = hashText("trace id, low half");
const SALT_REPLICA = hashText("replica");
const SALT_PROBABILITY = hashText("call probability");
const SALT_BACKOFF = hashText("backoff jitter");
const SALT_NETWORK_OUT = hashText("network there");
const SALT_NETWORK_BACK = hashText("network back");
const SALT_TURN = hashText("turn");
const SALT_ATTEMPT = hashText("attempt");

/** Statuses that a caller gives when a call of its own failed (design §3). */
const STATUS_TIMEOUT = 504;
const STATUS_REFUSED = 503;
const STATUS_BAD_GATEWAY = 502;
const STATUS_LOOP = 508;

/** Rows after which a step returns early, so that a burst does not pile up facts. */
const BATCH_ROWS = 16_384;

/** Events at one instant after which time is taken to stand still: a million VUs may start at once, with ten events each. */
const EVENTS_AT_ONE_INSTANT_MAX = 10_000_000;

/** Iterations in a row that took no time, besides one for each VU, after which a closed loop is taken to stand still. */
const INSTANT_ITERATIONS_MAX = 100_000;

/** How often the number of VUs, the queues and the busy workers are told. */
const SAMPLE_EVERY = SECOND;

/** Thrown when the simulation cannot go on; the message says which part of the scenario is to blame. */
export class SimulationError extends Error {
  override name = "SimulationError";
}

export class Engine {
  readonly #plan: Plan;
  readonly #startSalt: number;
  readonly #events = new EventQueue();
  readonly #pool = new FramePool();
  readonly #stations: Station[] = [];
  /** Index in #stations of each service's first replica. */
  readonly #firstStation: number[] = [];
  readonly #workloads: WorkloadState[] = [];
  readonly #vus: Vu[] = [];
  readonly #faults: FaultKnobs;
  readonly #facts = new FactWriter(this.#vus);
  readonly #deadlocks: string[] = [];
  readonly #canDeadlock: boolean;
  #now = 0 as Nanos;
  #eventsNow = 0;
  #workloadsLeft: number;

  /**
   * @param startSalt a hash of the run's start time: runs that differ in it share no trace id and no span id
   */
  constructor(plan: Plan, startSalt: number) {
    this.#plan = plan;
    this.#startSalt = startSalt;
    this.#faults = new FaultKnobs(plan.faults);
    this.#canDeadlock = canDeadlock(plan);
    for (const service of plan.services) {
      this.#firstStation.push(this.#stations.length);
      for (let replica = 0; replica < service.replicas; replica++) {
        this.#stations.push(new Station(service.index, replica, service.concurrency, service.queue));
      }
    }
    for (const workload of plan.workloads) {
      this.#workloads.push(new WorkloadState(workload, workloadKey(plan.seed, workload.salt)));
    }
    this.#workloadsLeft = plan.workloads.length;
    for (const state of this.#workloads) if (state.plan.startAfter < 0) this.#beginWorkload(state, 0 as Nanos);
    this.#schedule(0 as Nanos, Event.sample, 0, 0);
  }

  get now(): Nanos {
    return this.#now;
  }

  /** Every workload has ended, and nothing of theirs is left. */
  get done(): boolean {
    return this.#workloadsLeft === 0;
  }

  /** Service names of each deadlock found, as sentences. */
  get deadlocks(): readonly string[] {
    return this.#deadlocks;
  }

  /** Frames that are in use: 0 once the engine is done. For tests. */
  get framesInUse(): number {
    return this.#pool.inUse;
  }

  /** Requests that workers of all stations hold: 0 once the engine is done. For tests. */
  get workersInUse(): number {
    return this.#stations.reduce((sum, station) => sum + station.busy + station.queued, 0);
  }

  /**
   * Runs on to `until`, its own events included, and appends the facts to `batch`. Returns earlier when the batch holds
   * many rows; the next step goes on from there.
   * @returns whether `until`, or the end of the run, is reached
   * @throws SimulationError when no simulated time passes any more
   */
  step(until: Nanos, batch: FactBatch): boolean {
    this.#facts.batch = batch;
    const events = this.#events;
    while (this.#workloadsLeft > 0 && events.nextTime <= until) {
      if (batch.length >= BATCH_ROWS) return false;
      events.take();
      if (events.time > this.#now) {
        this.#now = events.time;
        this.#eventsNow = 0;
      } else if (++this.#eventsNow > EVENTS_AT_ONE_INSTANT_MAX) throw this.#stalled();
      this.#handle(events.kind, events.subject, events.generation);
    }
    if (this.#workloadsLeft > 0) this.#now = until;
    return true;
  }

  /** Ends everything at once: what is open is interrupted, innermost first. */
  stop(batch: FactBatch): void {
    this.#facts.batch = batch;
    for (const state of this.#workloads) state.loadEnded = true;
    for (const state of this.#workloads) if (!state.ended) this.#interruptWorkload(state);
  }

  #schedule(time: Nanos, kind: number, subject: number, generation: number): void {
    this.#events.schedule(time, kind, subject, generation);
  }

  #handle(kind: number, subject: number, generation: number): void {
    switch (kind) {
      case Event.enter:
      case Event.resume:
      case Event.respond:
      case Event.timeout:
      case Event.retry: {
        const frame = this.#pool.frames[subject]!;
        if (frame.generation !== generation) return;
        if (kind === Event.resume) this.#resume(frame);
        else if (kind === Event.enter) this.#enter(frame);
        else if (kind === Event.respond) {
          this.#attemptEnded(frame, frame.responseOutcome, frame.responseStatus, frame.responseCause);
        } else if (kind === Event.timeout) this.#attemptEnded(frame, Outcome.timeout, 0, -1);
        else this.#attempt(frame);
        return;
      }
      case Event.arrival:
        return this.#arrival(this.#workloads[subject]!);
      case Event.vuChange:
        return this.#vuChange(this.#workloads[subject]!);
      case Event.iterate:
        return this.#iterate(this.#vus[subject]!);
      case Event.graceEnd: {
        const vu = this.#vus[subject]!;
        if (vu.generation !== generation || vu.frame < 0) return;
        // A VU that is wanted again at the very end of its grace goes on.
        const state = this.#workloads[vu.workload]!;
        if (state.changesAt(this.#now) && vu.number <= state.changes!.count) return;
        return this.#interruptIteration(this.#pool.frames[vu.frame]!);
      }
      case Event.loadEnd:
        return this.#loadEnd(this.#workloads[subject]!);
      case Event.hardEnd: {
        const state = this.#workloads[subject]!;
        if (!state.ended) this.#interruptWorkload(state);
        return;
      }
      case Event.sample:
        if (this.#canDeadlock) this.#reportDeadlock();
        this.#facts.samples(this.#now, this.#workloads, this.#stations);
        this.#schedule((this.#now + SAMPLE_EVERY) as Nanos, Event.sample, 0, 0);
        return;
    }
  }

  // ---- workloads: when iterations start and end -------------------------------------------------------------------

  // What ends, takes away or starts comes before the ends of iterations of the same instant, as it does in k6, where an
  // iteration always ends a little later than the sum of its pauses.

  #beginWorkload(state: WorkloadState, origin: Nanos): void {
    state.begin(origin);
    const { index, load } = state.plan;
    if (load.type === "open") {
      for (let n = 0; n < load.preAllocatedVUs; n++) state.idle.push(this.#newVu(state));
      state.idle.reverse();
      this.#scheduleArrival(state);
    } else if (state.changes!.next()) {
      this.#events.scheduleUrgent((state.startTime + state.changes!.time) as Nanos, Event.vuChange, index, 0);
    }
    this.#events.scheduleUrgent(state.loadEnd, Event.loadEnd, index, 0);
    this.#events.scheduleUrgent(state.hardEnd, Event.hardEnd, index, 0);
  }

  #newVu(state: WorkloadState): Vu {
    const vu = {
      number: state.vus.length + 1,
      slot: this.#vus.length,
      workload: state.plan.index,
      frame: -1,
      active: false,
      generation: 0,
      iterations: 0,
    };
    state.vus.push(vu);
    this.#vus.push(vu);
    return vu;
  }

  #scheduleArrival(state: WorkloadState): void {
    const time = state.nextArrival();
    if (time < state.loadEnd) this.#events.scheduleUrgent(time, Event.arrival, state.plan.index, 0);
  }

  #arrival(state: WorkloadState): void {
    if (state.loadEnded || state.plan.load.type !== "open") return;
    // Dropped iterations keep their number, so that a drop moves nobody else's draws.
    const iteration = state.iterationsStarted++;
    const vu = state.idle.pop();
    this.#facts.arrival(this.#now, state.plan.index, vu !== undefined || state.plan.load.maxVUs === Infinity);
    if (vu === undefined) {
      if (state.plan.load.maxVUs === Infinity) this.#startIteration(state, this.#newVu(state), iteration);
      else {
        this.#facts.dropped(this.#now, state.plan.index, iteration, 1);
        // As in k6, a VU that is added takes the next iteration, not this one.
        if (state.vus.length < state.plan.load.maxVUs) state.idle.push(this.#newVu(state));
      }
    } else this.#startIteration(state, vu, iteration);
    this.#scheduleArrival(state);
  }

  #vuChange(state: WorkloadState): void {
    const changes = state.changes!;
    if (state.loadEnded || state.plan.load.type !== "closed") return;
    const { count } = changes;
    while (state.vus.length < count) this.#newVu(state);
    for (let n = state.vusTarget; n > count; n--) this.#takeAway(state.vus[n - 1]!, state.plan.load.gracefulRampDown);
    for (let n = state.vusTarget; n < count; n++) {
      const vu = state.vus[n]!;
      vu.active = true;
      vu.generation = (vu.generation + 1) | 0;
      if (vu.frame < 0) this.#schedule(this.#now, Event.iterate, vu.slot, 0);
    }
    state.vusTarget = count;
    if (changes.next()) {
      this.#events.scheduleUrgent((state.startTime + changes.time) as Nanos, Event.vuChange, state.plan.index, 0);
    }
  }

  #takeAway(vu: Vu, grace: Nanos): void {
    vu.active = false;
    vu.generation = (vu.generation + 1) | 0;
    if (vu.frame >= 0) {
      this.#events.scheduleUrgent((this.#now + grace) as Nanos, Event.graceEnd, vu.slot, vu.generation);
    }
  }

  #iterate(vu: Vu): void {
    const state = this.#workloads[vu.workload]!;
    if (vu.frame < 0 && state.mayIterate(vu)) this.#startIteration(state, vu, state.iterationsStarted++);
    else this.#endIfIdle(state);
  }

  #startIteration(state: WorkloadState, vu: Vu, iteration: number): void {
    const plan = state.plan;
    const frame = this.#pool.take(FrameKind.iteration, this.#plan.journeys[plan.journey]!.program);
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
    frame.start = this.#now;
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
    vu.iterations++;
    this.#run(frame);
  }

  #iterationEnded(frame: Frame, outcome: number): void {
    const state = this.#workloads[frame.workload]!;
    const vu = this.#vus[frame.vu]!;
    this.#facts.iteration(this.#now, frame, outcome);
    vu.frame = -1;
    state.vusRunning--;
    state.instantIterations = frame.start === this.#now ? state.instantIterations + 1 : 0;
    if (
      state.instantIterations > INSTANT_ITERATIONS_MAX + state.vus.length && state.plan.load.type === "closed" &&
      state.plan.load.iterations === undefined
    ) {
      throw this.#stalled();
    }
    if (state.plan.load.type === "open") state.idle.push(vu);
    else if (!state.loadEnded && vu.active) this.#schedule(this.#now, Event.iterate, vu.slot, 0);
    this.#release(frame);
  }

  #loadEnd(state: WorkloadState): void {
    // A VU that the last stage takes away at its end has gracefulRampDown, as in k6; the others have gracefulStop.
    if (state.changesAt(this.#now)) this.#vuChange(state);
    const left = state.iterationsLeft;
    if (left > 0) this.#facts.dropped(this.#now, state.plan.index, state.iterationsStarted, left);
    state.loadEnded = true;
    for (const vu of state.vus) vu.active = false;
    this.#endIfIdle(state);
  }

  #endIfIdle(state: WorkloadState): void {
    if (state.ended || state.alive > 0) return;
    const { load } = state.plan;
    const usedUp = load.type === "closed" && load.iterations !== undefined && this.#now >= state.startTime &&
      state.iterationsLeft === 0;
    if (!state.loadEnded && !usedUp) return;
    state.loadEnded = true;
    state.ended = true;
    this.#workloadsLeft--;
    for (const waiting of this.#workloads) {
      if (waiting.plan.startAfter === state.plan.index && !waiting.begun && !waiting.loadEnded) {
        this.#beginWorkload(waiting, this.#now);
      }
    }
    if (this.#workloadsLeft === 0) this.#facts.samples(this.#now, this.#workloads, this.#stations);
  }

  #release(frame: Frame): void {
    const state = this.#workloads[frame.workload]!;
    this.#pool.release(frame);
    state.alive--;
    if (state.alive === 0) this.#endIfIdle(state);
  }

  // ---- programs: what a strand does next --------------------------------------------------------------------------

  #run(frame: Frame): void {
    frame.state = FrameState.running;
    for (;;) {
      const instruction = frame.program[frame.pc]!;
      switch (instruction.op) {
        case Op.work: {
          frame.pc++;
          const duration = this.#workOf(frame, instruction.share, instruction.distribution, instruction.salt);
          if (duration > 0) return this.#wait(frame, FrameState.working, duration);
          if (this.#failsNow(frame)) return;
          continue;
        }
        case Op.call:
          if (this.#call(frame, this.#plan.sites[instruction.site]!)) return;
          continue;
        case Op.fork:
          return this.#fork(frame, instruction.targets);
        case Op.join:
          return this.#branchEnded(frame);
        case Op.choose: {
          this.#strandKey(frame);
          const u = uniform(mixed.high, mixed.low, instruction.salt);
          let option = 0;
          while (u > instruction.weights[option]! && option < instruction.weights.length - 1) option++;
          frame.pc = instruction.targets[option]!;
          continue;
        }
        case Op.jump:
          frame.pc = instruction.jump;
          continue;
        case Op.repeat: {
          this.#strandKey(frame);
          const total = Math.round(instruction.distribution!.sample(uniform(mixed.high, mixed.low, instruction.salt)));
          if (total > 0) {
            frame.turns.push(0);
            frame.turnsTotal.push(total);
            frame.pc++;
          } else frame.pc = instruction.jump;
          continue;
        }
        case Op.again: {
          const depth = frame.turns.length - 1;
          const turn = ++frame.turns[depth]!;
          if (turn < frame.turnsTotal[depth]!) frame.pc = instruction.jump;
          else {
            frame.turns.pop();
            frame.turnsTotal.pop();
            frame.pc++;
          }
          if (++this.#eventsNow > EVENTS_AT_ONE_INSTANT_MAX) throw this.#stalled();
          continue;
        }
        case Op.log:
          this.#facts.log(this.#now, frame.root, instruction.site);
          frame.pc++;
          continue;
        case Op.think: {
          frame.pc++;
          this.#strandKey(frame);
          const pause = nanos(instruction.distribution!.sample(uniform(mixed.high, mixed.low, instruction.salt)));
          if (pause > 0) return this.#wait(frame, FrameState.pausing, pause);
          continue;
        }
        case Op.end: {
          if (frame.kind === FrameKind.iteration) return this.#iterationEnded(frame, Outcome.ok);
          // Work that no step asked for: what faults add takes its time, and an own failure its effect.
          const duration = this.#workOf(frame, 0, undefined, 0);
          if (duration > 0) return this.#wait(frame, FrameState.working, duration);
          if (!this.#failsNow(frame)) this.#finish(frame, Outcome.ok, 200, -1, 0);
          return;
        }
      }
    }
  }

  #resume(frame: Frame): void {
    if (frame.state !== FrameState.working || !this.#failsNow(frame)) this.#run(frame);
  }

  #wait(frame: Frame, state: FrameState, duration: Nanos): void {
    frame.state = state;
    this.#schedule((this.#now + duration) as Nanos, Event.resume, frame.slot, frame.generation);
  }

  /** The key that draws of this strand's position start from: its root's, mixed with the turns of the repeats around it. */
  #strandKey(frame: Frame): void {
    mixed.high = frame.root.keyHigh;
    mixed.low = frame.root.keyLow;
    for (let depth = 0; depth < frame.turns.length; depth++) {
      mix(mixed.high, mixed.low, (SALT_TURN + frame.turns[depth]!) | 0);
    }
  }

  /** How long this piece of work takes; counts it to the request, and marks that its failure may take effect. */
  #workOf(frame: Frame, share: number, distribution: Distribution | undefined, salt: number): Nanos {
    const request = frame.root;
    let duration = share * request.ownWork;
    if (distribution !== undefined) {
      this.#strandKey(frame);
      duration += distribution.sample(uniform(mixed.high, mixed.low, salt));
    }
    if (!request.worked) {
      request.worked = true;
      duration += request.addedWork;
    } else if (share === 0 && distribution === undefined) return 0 as Nanos;
    const whole = nanos(duration);
    request.workSpent += whole;
    return whole;
  }

  /** A piece of work is over: a request that is to fail of its own accord fails now. */
  #failsNow(frame: Frame): boolean {
    const request = frame.root;
    if (request.failure < 0 || !request.worked) return false;
    this.#fail(frame, Outcome.error, this.#plan.failures[request.failure]!.status, request.failure, 0);
    return true;
  }

  /** The strand fails: a branch tells its owner, a request answers, a journey goes on to its next step. */
  #fail(frame: Frame, outcome: number, status: number, cause: number, causeOutcome: number): void {
    if (frame.kind === FrameKind.branch) {
      const owner = this.#pool.frames[frame.parent]!;
      if (owner.branchOutcome === 0) {
        owner.branchOutcome = outcome;
        owner.branchStatus = status;
        owner.branchCause = cause;
        owner.branchCauseOutcome = causeOutcome;
      }
      this.#branchEnded(frame);
    } else this.#finish(frame, outcome, status, cause, causeOutcome);
  }

  #fork(frame: Frame, targets: readonly number[]): void {
    frame.state = FrameState.joining;
    frame.branches = targets.length;
    frame.forked.length = 0;
    frame.branchOutcome = 0;
    const generation = frame.generation;
    for (const target of targets) {
      const branch = this.#pool.take(FrameKind.branch, frame.program);
      this.#workloads[frame.workload]!.alive++;
      frame.forked.push(branch.slot);
      branch.parent = frame.slot;
      branch.parentGeneration = generation;
      branch.root = frame.root;
      branch.pc = target;
      branch.workload = frame.workload;
      branch.vu = frame.vu;
      branch.iteration = frame.iteration;
      branch.depth = frame.depth;
      branch.endpoint = frame.endpoint;
      branch.service = frame.service;
      branch.replica = frame.replica;
      branch.start = this.#now;
      for (const turn of frame.turns) branch.turns.push(turn);
      for (const total of frame.turnsTotal) branch.turnsTotal.push(total);
      // A branch that ends at once must not join before the others have begun: it starts from the queue.
      this.#schedule(this.#now, Event.resume, branch.slot, branch.generation);
    }
  }

  #branchEnded(branch: Frame): void {
    const owner = this.#pool.frames[branch.parent]!;
    const expected = branch.parentGeneration;
    this.#release(branch);
    if (owner.generation !== expected || --owner.branches > 0) return;
    const joined = owner.program[owner.pc]!;
    owner.pc = joined.jump;
    if (owner.branchOutcome !== 0 && owner.root.kind === FrameKind.request) {
      this.#fail(owner, owner.branchOutcome, owner.branchStatus, owner.branchCause, owner.branchCauseOutcome);
    } else this.#run(owner);
  }

  // ---- calls: attempts, answers, time-outs, retries ---------------------------------------------------------------

  /** Begins a call. Gives false when it is skipped, so that the strand goes on. */
  #call(frame: Frame, site: CallSite): boolean {
    this.#strandKey(frame);
    mix(mixed.high, mixed.low, site.salt);
    frame.callHigh = mixed.high;
    frame.callLow = mixed.low;
    if (site.probability < 1 && uniform(frame.callHigh, frame.callLow, SALT_PROBABILITY) >= site.probability) {
      // The operation after a call with a fallback jumps over the fallback.
      frame.pc++;
      return false;
    }
    frame.callSite = site.index;
    frame.callAttempt = 0;
    frame.callDeadline = (this.#now + site.deadline) as Nanos;
    this.#attempt(frame);
    return true;
  }

  #attempt(frame: Frame): void {
    const site = this.#plan.sites[frame.callSite]!;
    const callee = this.#plan.endpoints[site.callee]!;
    const root = frame.root;
    const attempt = ++frame.callAttempt;
    frame.state = FrameState.calling;
    frame.callStart = this.#now;
    if (attempt > 1) mix(frame.callHigh, frame.callLow, (SALT_ATTEMPT + attempt) | 0);
    else {
      mixed.high = frame.callHigh;
      mixed.low = frame.callLow;
    }
    const high = frame.attemptHigh = mixed.high;
    const low = frame.attemptLow = mixed.low;
    mix(high, low, SALT_CLIENT ^ this.#startSalt);
    frame.clientHigh = mixed.high;
    frame.clientLow = mixed.low;

    // A journey's step begins a trace, which its attempts share.
    if (site.journey >= 0) this.#beginTrace(frame);

    const limit = Math.min(this.#now + site.timeout, frame.callDeadline) as Nanos;
    // An answer that comes just in time is in time.
    if (limit < FOREVER) this.#events.scheduleLate(limit, Event.timeout, frame.slot, frame.generation);

    const { replicas } = this.#plan.services[callee.service]!;
    frame.callPeer = replicas === 1 ? 0 : Math.floor(uniform(high, low, SALT_REPLICA) * replicas);

    const failure = this.#faults.turn(site.faults, this.#now, frame.callPeer, high, low);
    const { knobs } = this.#faults;
    let delay = knobs.added;
    if (site.network !== undefined) delay += site.network.sample(uniform(high, low, SALT_NETWORK_OUT)) * knobs.factor;
    if (failure >= 0) {
      this.#answer(frame, Outcome.aborted, this.#plan.failures[failure]!.status, failure, nanos(delay));
      return;
    }
    if (frame.depth >= CALL_DEPTH_MAX) {
      this.#answer(frame, Outcome.tooDeep, STATUS_LOOP, -1, nanos(delay));
      return;
    }

    const request = this.#pool.take(FrameKind.request, callee.program);
    this.#workloads[frame.workload]!.alive++;
    request.parent = frame.slot;
    request.parentGeneration = frame.generation;
    request.workload = frame.workload;
    request.vu = frame.vu;
    request.iteration = frame.iteration;
    request.depth = frame.depth + 1;
    request.endpoint = callee.index;
    request.service = callee.service;
    request.replica = frame.callPeer;
    request.callerReplica = frame.replica;
    request.site = site.index;
    request.attempt = attempt;
    request.keyHigh = high;
    request.keyLow = low;
    request.askedHigh = frame.callHigh;
    request.askedLow = frame.callLow;
    const origin = site.journey >= 0 ? frame : root;
    request.trace0 = origin.trace0;
    request.trace1 = origin.trace1;
    request.trace2 = origin.trace2;
    request.trace3 = origin.trace3;
    if (site.journey >= 0) {
      request.parentSpanHigh = 0;
      request.parentSpanLow = 0;
    } else {
      const callerHasSpans = this.#plan.services[root.service]!.kind === "service";
      request.parentSpanHigh = callerHasSpans ? frame.clientHigh : root.spanHigh;
      request.parentSpanLow = callerHasSpans ? frame.clientLow : root.spanLow;
    }
    if (this.#plan.services[callee.service]!.kind === "service") {
      mix(high, low, SALT_SERVER ^ this.#startSalt);
      request.spanHigh = mixed.high;
      request.spanLow = mixed.low;
    } else {
      // Without a span of its own it stands in its caller's.
      request.spanHigh = request.parentSpanHigh;
      request.spanLow = request.parentSpanLow;
    }

    const wait = nanos(delay);
    if (wait > 0) this.#schedule((this.#now + wait) as Nanos, Event.enter, request.slot, request.generation);
    else this.#enter(request);
  }

  #beginTrace(strand: Frame): void {
    mix(strand.callHigh, strand.callLow, SALT_TRACE_HIGH ^ this.#startSalt);
    strand.trace0 = mixed.high;
    strand.trace1 = mixed.low;
    mix(strand.callHigh, strand.callLow, SALT_TRACE_LOW ^ this.#startSalt);
    strand.trace2 = mixed.high;
    strand.trace3 = mixed.low;
  }

  /** Sends an answer to the caller, who gets it after `delay`. */
  #answer(caller: Frame, outcome: number, status: number, cause: number, delay: Nanos): void {
    caller.responseOutcome = outcome;
    caller.responseStatus = status;
    caller.responseCause = cause;
    this.#schedule((this.#now + delay) as Nanos, Event.respond, caller.slot, caller.generation);
  }

  /** An attempt is over, seen from its caller: by an answer, by its time limit, or cut off. */
  #attemptEnded(frame: Frame, outcome: number, status: number, cause: number): void {
    frame.generation = (frame.generation + 1) | 0;
    const site = this.#plan.sites[frame.callSite]!;
    const failed = outcome !== Outcome.ok;
    const pause = failed ? this.#pauseBeforeRetry(frame, site, outcome, status) : -1;
    let flags = 0;
    if (pause >= 0) flags = FactFlag.willRetry;
    else if (failed && frame.program[frame.pc]!.jump >= 0) flags = FactFlag.fallback;
    else if (failed && site.optional) flags = FactFlag.tolerated;
    this.#facts.call(this.#now, frame, site, outcome, status, cause, flags, pause);
    if (pause >= 0) {
      frame.state = FrameState.pausing;
      this.#schedule((this.#now + pause) as Nanos, Event.retry, frame.slot, frame.generation);
      return;
    }
    const siteIndex = frame.callSite;
    frame.callSite = -1;
    if (failed && (flags & FactFlag.fallback) !== 0) frame.pc = frame.program[frame.pc]!.jump;
    else if (failed && (flags & FactFlag.tolerated) === 0 && frame.root.kind === FrameKind.request) {
      const answer = outcome === Outcome.timeout
        ? STATUS_TIMEOUT
        : outcome === Outcome.refused
        ? STATUS_REFUSED
        : STATUS_BAD_GATEWAY;
      this.#fail(frame, Outcome.dependency, answer, siteIndex, outcome);
      return;
    } else frame.pc++;
    this.#run(frame);
  }

  /** The pause before the next attempt; -1 when there is none. */
  #pauseBeforeRetry(frame: Frame, site: CallSite, outcome: number, status: number): Nanos {
    const none = -1 as Nanos;
    if (frame.callAttempt >= site.attempts || outcome === Outcome.tooDeep) return none;
    if (outcome === Outcome.error && status < 500 && status !== 429) return none;
    let pause = 0;
    if (site.backoff !== undefined) {
      const { base, max, factor, jitter } = site.backoff;
      pause = Math.min(max, base * factor ** (frame.callAttempt - 1));
      if (jitter !== "none") {
        const u = uniform(frame.attemptHigh, frame.attemptLow, SALT_BACKOFF);
        pause = jitter === "full" ? pause * u : pause / 2 + (pause / 2) * u;
      }
    }
    const whole = nanos(pause);
    return this.#now + whole < frame.callDeadline ? whole : none;
  }

  // ---- requests: admission, own work, the answer ------------------------------------------------------------------

  /** A request reaches its service: whether it will fail of its own accord is decided here. */
  #enter(request: Frame): void {
    const endpoint = this.#plan.endpoints[request.endpoint]!;
    const { keyHigh, keyLow } = request;
    request.start = this.#now;
    if (endpoint.errorRate > 0 && uniform(keyHigh, keyLow, endpoint.errorSalt) < endpoint.errorRate) {
      request.failure = endpoint.failure;
    }
    const failure = this.#faults.turn(endpoint.faults, this.#now, request.replica, keyHigh, keyLow);
    if (failure >= 0 && request.failure < 0) request.failure = failure;

    const station = this.#stationOf(request);
    if (station.free && station.queued === 0) this.#begin(request, station);
    else if (station.queued < station.queueMax) {
      request.state = FrameState.queued;
      station.enqueue(request.slot);
    } else this.#refuse(request);
  }

  #stationOf(request: Frame): Station {
    return this.#stations[this.#firstStation[request.service]! + request.replica]!;
  }

  /** A worker takes a request up. How long it takes is decided now: a stall that is over does not slow what waited for it. */
  #begin(request: Frame, station: Station): void {
    const endpoint = this.#plan.endpoints[request.endpoint]!;
    const { keyHigh, keyLow } = request;
    station.hold(this.#now);
    request.begun = this.#now;
    this.#faults.turn(endpoint.faults, this.#now, request.replica, keyHigh, keyLow);
    const { added, factor } = this.#faults.knobs;
    request.addedWork = added;
    request.ownWork = endpoint.latency === undefined
      ? 0
      : endpoint.latency.sample(uniform(keyHigh, keyLow, endpoint.latencySalt)) * factor;
    this.#run(request);
  }

  #refuse(request: Frame): void {
    request.begun = this.#now;
    this.#facts.request(this.#now, request, Outcome.refused, STATUS_REFUSED, -1, 0, !this.#callerWaits(request));
    this.#respondTo(request, Outcome.refused, STATUS_REFUSED, -1);
    this.#release(request);
  }

  /** A request leaves its service. */
  #finish(request: Frame, outcome: number, status: number, cause: number, causeOutcome: number): void {
    this.#facts.request(this.#now, request, outcome, status, cause, causeOutcome, !this.#callerWaits(request));
    if (outcome === Outcome.ok) this.#respondTo(request, Outcome.ok, status, -1);
    else this.#respondTo(request, Outcome.error, status, outcome === Outcome.error ? cause : -1);
    const station = this.#stationOf(request);
    this.#release(request);
    station.release(this.#now);
    this.#takeUp(station);
  }

  /** Workers that are free take up the requests that wait. */
  #takeUp(station: Station): void {
    if (station.draining) return;
    station.draining = true;
    while (station.free && station.queued > 0) this.#begin(this.#pool.frames[station.dequeue()]!, station);
    station.draining = false;
  }

  #callerWaits(request: Frame): boolean {
    return this.#pool.frames[request.parent]!.generation === request.parentGeneration;
  }

  #respondTo(request: Frame, outcome: number, status: number, cause: number): void {
    if (!this.#callerWaits(request)) return;
    const caller = this.#pool.frames[request.parent]!;
    const site = this.#plan.sites[request.site]!;
    let delay = 0 as Nanos;
    if (site.network !== undefined) {
      const { keyHigh, keyLow } = request;
      this.#faults.turn(site.faults, this.#now, request.replica, keyHigh, keyLow);
      // What a fault adds has been added on the way there.
      delay = nanos(site.network.sample(uniform(keyHigh, keyLow, SALT_NETWORK_BACK)) * this.#faults.knobs.factor);
    }
    this.#answer(caller, outcome, status, cause, delay);
  }

  // ---- ends: grace, the end of a workload, Ctrl-C -----------------------------------------------------------------

  /** The user is gone: the iteration ends, and what the services still do for it is abandoned. */
  #interruptIteration(iteration: Frame): void {
    const strands = [iteration];
    this.#collectBranches(iteration, strands);
    this.#interruptFrames(strands);
  }

  #collectBranches(owner: Frame, into: Frame[]): void {
    if (owner.state !== FrameState.joining) return;
    for (const slot of owner.forked) {
      const branch = this.#pool.frames[slot]!;
      if (
        branch.kind !== FrameKind.branch || branch.parent !== owner.slot || branch.parentGeneration !== owner.generation
      ) continue;
      into.push(branch);
      this.#collectBranches(branch, into);
    }
  }

  /** Ends everything that is left of a workload. */
  #interruptWorkload(state: WorkloadState): void {
    const { index } = state.plan;
    const frames = this.#pool.frames.filter((frame) => frame.kind !== FrameKind.free && frame.workload === index);
    if (this.#canDeadlock) this.#reportDeadlock();
    state.loadEnded = true;
    this.#interruptFrames(frames);
    this.#endIfIdle(state);
  }

  /** Innermost first, and in an order that depends on nothing but the requests themselves. */
  #interruptFrames(frames: Frame[]): void {
    frames.sort((a, b) =>
      b.depth - a.depth || Number(a.kind !== FrameKind.branch) - Number(b.kind !== FrameKind.branch) ||
      a.start - b.start ||
      a.root.keyHigh - b.root.keyHigh || a.root.keyLow - b.root.keyLow || a.pc - b.pc
    );
    const touched = new Set<Station>();
    for (const frame of frames) {
      if (frame.state === FrameState.calling && frame.callSite >= 0) {
        this.#facts.call(this.#now, frame, this.#plan.sites[frame.callSite]!, Outcome.interrupted, 0, -1, 0, -1);
      }
      // A request on its way to the service has not reached it: nobody there has seen it.
      if (frame.kind === FrameKind.request && frame.state !== FrameState.transit) {
        this.#facts.request(this.#now, frame, Outcome.interrupted, 0, -1, 0, !this.#callerWaits(frame));
        const station = this.#stationOf(frame);
        if (frame.state !== FrameState.queued) station.release(this.#now);
        touched.add(station);
      }
    }
    const going = new Set(frames);
    for (const station of touched) station.removeWhere((slot) => going.has(this.#pool.frames[slot]!));
    for (const frame of frames) {
      if (frame.kind === FrameKind.iteration) this.#iterationEnded(frame, Outcome.interrupted);
      else this.#release(frame);
    }
    for (const station of touched) this.#takeUp(station);
  }

  /** Tells, once, of services whose workers all wait for each other. */
  #reportDeadlock(): void {
    const names = deadlockedServices(this.#plan, this.#pool.frames, (request) => this.#stationOf(request))
      .map((service) => this.#plan.services[service]!.name);
    if (names.length === 0) return;
    const sentence = `deadlock: every worker of ${names.join(", ")} is held by a request that waits for a worker of ${
      names.length === 1 ? "the same service" : "another of them"
    }`;
    if (!this.#deadlocks.includes(sentence)) this.#deadlocks.push(sentence);
  }

  #stalled(): SimulationError {
    const names = this.#workloads.filter((state) => !state.ended).map((state) => state.plan.name).join(", ");
    return new SimulationError(
      `no simulated time passes at ${formatDuration(this.#now)} (scenarios: ${names}). ` +
        "A closed loop whose iterations take no time never ends: give the journey a think time or its endpoints a latency",
    );
  }
}
