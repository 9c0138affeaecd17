// Strands: what an iteration, a request or a branch does next, step by step of its program.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import { type Nanos, nanos } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";
import { Outcome } from "../plan/facts.ts";
import type { Condition } from "../plan/condition.ts";
import { type Instruction, Op } from "../plan/plan.ts";
import { type Core, EVENTS_AT_ONE_INSTANT_MAX } from "./core.ts";
import { Event } from "./event.ts";
import { abandonAll } from "./held.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";

const SALT_TURN = hashText("turn");

export class Strands {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  run(frame: Frame): void {
    frame.state = FrameState.running;
    for (;;) {
      const instruction = frame.program[frame.pc]!;
      switch (instruction.op) {
        case Op.work: {
          frame.pc++;
          const duration = this.#workOf(frame, instruction.share, instruction.distribution, instruction.salt);
          if (duration > 0) return this.#work(frame, duration);
          if (this.#failsNow(frame)) return;
          continue;
        }
        case Op.call:
          if (this.#core.calls.begin(frame, this.#core.plan.sites[instruction.site]!)) return;
          continue;
        case Op.fork:
          return this.#fork(frame, instruction.targets);
        case Op.join:
          return this.#branchEnded(frame);
        case Op.choose: {
          this.strandKey(frame);
          const u = uniform(mixed.high, mixed.low, instruction.salt);
          if (instruction.wheres.length > 0) {
            frame.pc = this.#chooseWhere(frame, instruction, u);
            continue;
          }
          let option = 0;
          while (u > instruction.weights[option]! && option < instruction.weights.length - 1) option++;
          frame.pc = instruction.targets[option]!;
          continue;
        }
        case Op.jump:
          frame.pc = instruction.jump;
          continue;
        case Op.repeat: {
          this.strandKey(frame);
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
          if (++this.#core.eventsNow > EVENTS_AT_ONE_INSTANT_MAX) throw this.#core.stalled();
          continue;
        }
        case Op.log:
          this.#core.facts.log(frame.root, instruction.site);
          frame.pc++;
          continue;
        case Op.think: {
          frame.pc++;
          this.strandKey(frame);
          const pause = nanos(instruction.distribution!.sample(uniform(mixed.high, mixed.low, instruction.salt)));
          if (pause > 0) return this.#wait(frame, FrameState.pausing, pause);
          continue;
        }
        case Op.cacheKey:
          this.#core.caches.key(frame, instruction);
          continue;
        case Op.cacheLook:
          this.#core.caches.look(frame, instruction);
          continue;
        case Op.cacheMiss:
          if (this.#core.caches.miss(frame, instruction)) return;
          continue;
        case Op.cacheFill:
          this.#core.caches.fill(frame, instruction);
          continue;
        case Op.cacheDone:
          this.#core.caches.done(frame, instruction);
          continue;
        case Op.lock:
          if (this.#core.locks.take(frame, instruction)) return;
          continue;
        case Op.unlock:
          this.#core.locks.letGo(frame);
          continue;
        case Op.end: {
          if (frame.kind === FrameKind.iteration) return this.#core.workloads.iterationEnded(frame, Outcome.ok);
          if (frame.kind === FrameKind.branch) {
            // Only a user who leaves comes here from within a branch.
            this.#core.pool.frames[frame.parent]!.leaving = true;
            return this.#branchEnded(frame);
          }
          // Work that no step asked for: what faults add takes its time, and an own failure its effect.
          const duration = this.#workOf(frame, 0, undefined, 0);
          if (duration > 0) return this.#work(frame, duration);
          if (!this.#failsNow(frame)) this.#core.servers.finish(frame, Outcome.ok, 200, -1, 0);
          return;
        }
      }
    }
  }

  /** Where the option begins that `u` chooses among those whose condition holds; where the step ends if there is none. */
  #chooseWhere(frame: Frame, { weights, wheres, targets, jump }: Instruction, u: number): number {
    let total = 0;
    for (let i = 0; i < weights.length; i++) if (this.#canChoose(frame, wheres[i])) total += weights[i]!;
    if (total === 0) return jump;
    let left = u * total, last = jump;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 0 || !this.#canChoose(frame, wheres[i])) continue;
      last = targets[i]!;
      left -= weights[i]!;
      if (left < 0) break;
    }
    return last;
  }

  #canChoose(frame: Frame, where: Condition | undefined): boolean {
    return where === undefined || this.#core.matches(where, frame);
  }

  resume(frame: Frame): void {
    if (frame.state === FrameState.working) {
      if (frame.lostFrom >= 0) this.#core.taint?.workDone(frame);
      if (this.#failsNow(frame)) return;
    }
    this.run(frame);
  }

  /** Own work: how long it takes is a matter of the station where that has cores to share, a CPU limit or pauses. */
  #work(frame: Frame, duration: Nanos): void {
    frame.lostFrom = -1;
    if (this.#core.hasCpus && this.#core.ownWork.begin(frame, duration)) {
      return this.#core.taint?.sharesCores(frame, duration);
    }
    frame.workEnds = this.#core.now + duration;
    this.#wait(frame, FrameState.working, duration);
  }

  #wait(frame: Frame, state: FrameState, duration: Nanos): void {
    frame.state = state;
    this.#core.schedule((this.#core.now + duration) as Nanos, Event.resume, frame.slot, frame.generation);
  }

  /** The key that draws of this strand's position start from: its root's, mixed with the turns of the repeats around it. */
  strandKey(frame: Frame): void {
    mixed.high = frame.root.keyHigh;
    mixed.low = frame.root.keyLow;
    for (let depth = 0; depth < frame.turns.length; depth++) {
      mix(mixed.high, mixed.low, (SALT_TURN + frame.turns[depth]!) | 0);
    }
  }

  /** The same key, but for what it begins with: what the request was asked for, the same for all its attempts. */
  askedKey(frame: Frame): void {
    mixed.high = frame.root.askedHigh;
    mixed.low = frame.root.askedLow;
    for (let depth = 0; depth < frame.turns.length; depth++) {
      mix(mixed.high, mixed.low, (SALT_TURN + frame.turns[depth]!) | 0);
    }
  }

  /** How long this piece of work takes; counts it to the request, and marks that its failure may take effect. */
  #workOf(frame: Frame, share: number, distribution: Distribution | undefined, salt: number): Nanos {
    const request = frame.root;
    let duration = share * request.ownWork;
    if (distribution !== undefined) {
      this.strandKey(frame);
      duration += distribution.sample(uniform(mixed.high, mixed.low, salt));
    }
    if (this.#core.hasWarmUps) {
      const cold = this.#core.fleet.stationOf(request).slowness(this.#core.now);
      if (cold > 1) this.#core.taint?.isCold(frame, duration * (cold - 1));
      duration *= cold;
    }
    if (request.marks !== undefined) this.#core.taint?.works(frame, share, !request.worked);
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
    if (request.marks !== undefined) this.#core.taint?.fails(request);
    this.fail(frame, Outcome.error, this.#core.plan.failures[request.failure]!.status, request.failure, 0);
    return true;
  }

  /** The strand fails: a branch tells its owner, a request answers, a journey goes on to its next step. */
  fail(frame: Frame, outcome: number, status: number, cause: number, causeOutcome: number): void {
    if (frame.held.length > 0) abandonAll(frame, outcome, status, cause, causeOutcome);
    if (frame.cacheKeys.length > 0) this.#core.caches.failed(frame);
    if (frame.kind === FrameKind.branch) {
      const owner = this.#core.pool.frames[frame.parent]!;
      if (owner.branchOutcome === 0) {
        owner.branchOutcome = outcome;
        owner.branchStatus = status;
        owner.branchCause = cause;
        owner.branchCauseOutcome = causeOutcome;
      }
      this.#branchEnded(frame);
    } else this.#core.servers.finish(frame, outcome, status, cause, causeOutcome);
  }

  #fork(frame: Frame, targets: readonly number[]): void {
    frame.state = FrameState.joining;
    frame.branches = targets.length;
    frame.forked.length = 0;
    frame.branchOutcome = 0;
    frame.leaving = false;
    const generation = frame.generation;
    for (const target of targets) {
      const branch = this.#core.pool.take(FrameKind.branch, frame.program);
      this.#core.states[frame.workload]!.alive++;
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
      branch.start = this.#core.now;
      this.#core.taint?.forked(frame, branch);
      for (const turn of frame.turns) branch.turns.push(turn);
      for (const total of frame.turnsTotal) branch.turnsTotal.push(total);
      for (const key of frame.cacheKeys) branch.cacheKeys.push(key);
      // A branch that ends at once must not join before the others have begun: it starts from the queue.
      this.#core.schedule(this.#core.now, Event.resume, branch.slot, branch.generation);
    }
  }

  #branchEnded(branch: Frame): void {
    const owner = this.#core.pool.frames[branch.parent]!;
    const expected = branch.parentGeneration;
    if (owner.generation === expected) this.#core.taint?.branchEnded(owner, branch, owner.branches === 1);
    this.#core.workloads.release(branch);
    if (owner.generation !== expected || --owner.branches > 0) return;
    const joined = owner.program[owner.pc]!;
    owner.pc = owner.leaving ? owner.program.length - 1 : joined.jump;
    if (owner.branchOutcome !== 0 && owner.root.kind === FrameKind.request) {
      this.fail(owner, owner.branchOutcome, owner.branchStatus, owner.branchCause, owner.branchCauseOutcome);
    } else this.run(owner);
  }
}
