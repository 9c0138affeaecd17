// The policies of a call on its way out: breaker, bulkhead, connection, replica. And what they learn from its end.

import { hashText, uniform } from "../base/draws.ts";
import { FOREVER, type Nanos, nanos } from "../base/time.ts";
import { Change, Outcome } from "../plan/facts.ts";
import type { CallSite } from "../plan/plan.ts";
import { isFailure, isRetried, type Shared, type SitePolicies } from "../plan/policies.ts";
import { Balancer } from "./balancer.ts";
import { Breaker, BreakerState } from "./breaker.ts";
import { type RetryBudget, retryBudget } from "./budget.ts";
import { Bulkhead } from "./bulkhead.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { CallHold, type Frame } from "./frame.ts";
import { Outlier } from "./outlier.ts";
import { Grant, Pool } from "./pool.ts";

const SALT_SETUP = hashText("connection setup");

/** The states of one policy: one for each replica of the caller that has called, or one for all. */
class States<T> {
  readonly #states: (T | undefined)[] = [];
  /** What has been done to all of them, by who did it, and is done to those that are made later. */
  readonly #changes = new Map<number, (state: T) => void>();

  constructor(readonly shared: Shared<unknown>, readonly make: (replica: number) => T) {}

  of(replica: number): T {
    const key = this.shared.global ? 0 : replica;
    return this.#states[key] ??= this.#new(key);
  }

  #new(key: number): T {
    const state = this.make(key);
    for (const change of this.#changes.values()) change(state);
    return state;
  }

  /** Changes all of them. @param by who does it: what the same one did before is undone by that */
  change(by: number, change: (state: T) => void): void {
    this.#changes.set(by, change);
    for (const state of this.#states) if (state !== undefined) change(state);
  }

  /** Calls `tell` with each of them. */
  each(tell: (state: T, replica: number) => void): void {
    this.#states.forEach((state, replica) => {
      if (state !== undefined) tell(state, replica);
    });
  }

  forget(service: number, replica: number): void {
    if (!this.shared.global && this.shared.caller === service) this.#states[replica] = undefined;
  }
}

interface Ejection {
  readonly outlier: Outlier;
  readonly site: CallSite;
  readonly callerReplica: number;
  readonly replica: number;
}

export class Policies {
  readonly #core: Core;
  readonly #balancers: readonly States<Balancer>[];
  readonly #pools: readonly States<Pool>[];
  readonly #outliers: readonly States<Outlier>[];
  readonly #budgets: readonly States<RetryBudget>[];
  readonly #breakers: readonly States<Breaker>[];
  readonly #bulkheads: readonly States<Bulkhead>[];
  /** Ejections that are not over, and holes for those that are. */
  readonly #ejections: (Ejection | undefined)[] = [];

  constructor(core: Core) {
    this.#core = core;
    const { balancers, pools, outliers, budgets, breakers, bulkheads } = core.plan.shared;
    this.#balancers = balancers.map((each) => new States(each, (first) => new Balancer(each.policy.kind, first)));
    this.#pools = pools.map((each) => new States(each, () => new Pool(each.policy)));
    this.#outliers = outliers.map((each) => new States(each, () => new Outlier(each.policy)));
    this.#budgets = budgets.map((each) => new States(each, () => retryBudget(each.policy)));
    this.#breakers = breakers.map((each) => new States(each, () => new Breaker(each.policy)));
    this.#bulkheads = bulkheads.map((each) => new States(each, () => new Bulkhead(each.policy)));
  }

  /** Once a simulated second: how full the pools of services' replicas are. */
  samples(): void {
    const { now, facts } = this.#core;
    for (const states of this.#pools) {
      const { index, caller } = states.shared;
      if (caller < 0) continue;
      states.each((pool, replica) =>
        facts.pool(caller, replica, index, pool.busy, pool.idleAt(now), pool.line.waiting)
      );
    }
  }

  /** A replica of a service begins anew: it knows nothing of what the one before it knew. */
  forget(service: number, replica: number): void {
    const { length } = this.#ejections;
    for (let i = 0; i < length; i++) {
      const ejection = this.#ejections[i];
      if (ejection?.callerReplica === replica && this.#callerOf(ejection.site) === service) {
        this.#ejections[i] = undefined;
      }
    }
    for (
      const kind of [
        this.#balancers,
        this.#pools,
        this.#outliers,
        this.#budgets,
        this.#breakers,
        this.#bulkheads,
      ]
    ) {
      for (const states of kind) states.forget(service, replica);
    }
  }

  #callerOf(site: CallSite): number {
    return site.caller < 0 ? -1 : this.#core.plan.endpoints[site.caller]!.service;
  }

  // ---- on the way out ----------------------------------------------------------------------------------------------

  /**
   * An attempt begins.
   * @returns whether it is to be sent now; if not, it waits and is sent later, or its answer is on its way
   */
  begin(frame: Frame, site: CallSite, policies: SitePolicies): boolean {
    if (policies.budget >= 0 && frame.callAttempt === 1) {
      this.#budgets[policies.budget]!.of(frame.replica).request(this.#core.now);
    }
    if (policies.breaker >= 0) {
      const breaker = this.#breakers[policies.breaker]!.of(frame.replica);
      const { state } = breaker;
      const permitted = breaker.permits(this.#core.now);
      if (breaker.state !== state) this.#tellBreaker(frame, site, policies, breaker);
      if (!permitted) return this.#holdBack(frame, Outcome.notPermitted);
      frame.callHolds |= CallHold.breaker;
      frame.breakerEpoch = breaker.epoch;
    }
    if (policies.bulkhead >= 0) {
      const states = this.#bulkheads[policies.bulkhead]!, bulkhead = states.of(frame.replica);
      if (!bulkhead.take()) {
        if (!bulkhead.mayWait) return this.#holdBack(frame, Outcome.bulkheadFull);
        bulkhead.line.join(frame, this.#core.pool.frames);
        frame.callHolds |= CallHold.bulkheadLine;
        const { wait } = this.#core.plan.shared.bulkheads[policies.bulkhead]!.policy;
        this.#limit(frame, wait, Event.bulkheadTimeout);
        return false;
      }
      frame.callHolds |= CallHold.bulkhead;
    }
    return this.#connect(frame, policies);
  }

  #holdBack(frame: Frame, outcome: number): false {
    this.#core.calls.answer(frame, outcome, 0, -1, 0 as Nanos);
    return false;
  }

  #limit(frame: Frame, wait: Nanos, event: Event): void {
    if (wait < FOREVER) this.#core.schedule((this.#core.now + wait) as Nanos, event, frame.slot, frame.generation);
  }

  #connect(frame: Frame, policies: SitePolicies): boolean {
    if (policies.pool < 0) return true;
    const pool = this.#pools[policies.pool]!.of(frame.replica),
      { policy } = this.#core.plan.shared.pools[policies.pool]!;
    frame.connectStart = this.#core.now;
    const grant = pool.ask(this.#core.now);
    if (grant === Grant.wait) {
      if (policy.wait === 0) return this.#holdBack(frame, Outcome.noConnection);
      pool.line.join(frame, this.#core.pool.frames);
      frame.callHolds |= CallHold.poolLine;
      this.#limit(frame, policy.wait, Event.poolTimeout);
      return false;
    }
    frame.callHolds |= CallHold.connection;
    return grant === Grant.ready || this.#isSetUp(frame, policies);
  }

  /** Sets a connection up. Gives whether that takes no time. */
  #isSetUp(frame: Frame, policies: SitePolicies): boolean {
    const { setup } = this.#core.plan.shared.pools[policies.pool]!.policy;
    const time = setup === undefined
      ? 0
      : nanos(setup.sample(uniform(frame.attemptHigh, frame.attemptLow, SALT_SETUP)));
    if (time === 0) return true;
    this.#core.schedule((this.#core.now + time) as Nanos, Event.connected, frame.slot, frame.generation);
    return false;
  }

  /** A connection has been set up for the attempt. */
  connected(frame: Frame): void {
    const site = this.#core.plan.sites[frame.callSite]!;
    frame.callWaited = (this.#core.now - frame.connectStart) as Nanos;
    this.#core.calls.send(frame, site);
  }

  /** The longest wait for a place or a connection is over. */
  lineTimeout(frame: Frame, line: number): void {
    // It may have been its turn.
    if ((frame.callHolds & line) === 0) return;
    if (line === CallHold.poolLine) frame.callWaited = (this.#core.now - frame.connectStart) as Nanos;
    const outcome = line === CallHold.poolLine ? Outcome.noConnection : Outcome.bulkheadFull;
    this.#core.calls.attemptEnded(frame, outcome, 0, -1);
  }

  /** The replica that the attempt goes to; -1 when there is none. */
  choose(frame: Frame, site: CallSite, policies: SitePolicies): number {
    const all = this.#core.fleet.eligible(this.#core.plan.endpoints[site.callee]!.service);
    frame.callHolds |= CallHold.sent;
    const among = policies.outlier < 0 ? all : this.#outliers[policies.outlier]!.of(frame.replica).usable(all);
    if (policies.balancer < 0) return RANDOM.choose(among, frame.attemptHigh, frame.attemptLow);
    const balancer = this.#balancers[policies.balancer]!.of(frame.replica);
    const chosen = balancer.choose(among, frame.attemptHigh, frame.attemptLow);
    balancer.sent(chosen);
    return chosen;
  }

  // ---- who waits for whom ------------------------------------------------------------------------------------------

  /** The bulkhead or pool in whose line a strand waits for as long as it takes; undefined for none. */
  lineOf({ callHolds, callSite, replica }: Frame): object | undefined {
    if ((callHolds & (CallHold.bulkheadLine | CallHold.poolLine)) === 0) return undefined;
    const { bulkhead, pool } = this.#core.plan.sites[callSite]!.policies!;
    const { bulkheads, pools } = this.#core.plan.shared;
    if ((callHolds & CallHold.bulkheadLine) !== 0) {
      return bulkheads[bulkhead]!.policy.wait < FOREVER ? undefined : this.#bulkheads[bulkhead]!.of(replica);
    }
    return pools[pool]!.policy.wait < FOREVER ? undefined : this.#pools[pool]!.of(replica);
  }

  /** The bulkhead and the pool of which a strand holds a place. */
  placesOf({ callHolds, callSite, replica }: Frame): object[] {
    const places: object[] = [];
    if ((callHolds & (CallHold.bulkhead | CallHold.connection)) === 0) return places;
    const { bulkhead, pool } = this.#core.plan.sites[callSite]!.policies!;
    if ((callHolds & CallHold.bulkhead) !== 0) places.push(this.#bulkheads[bulkhead]!.of(replica));
    if ((callHolds & CallHold.connection) !== 0) places.push(this.#pools[pool]!.of(replica));
    return places;
  }

  // ---- on the way back ---------------------------------------------------------------------------------------------

  /** Whether another attempt may be made now; takes it out of the budget. */
  mayRetry(frame: Frame, policies: SitePolicies): boolean {
    return policies.budget < 0 || this.#budgets[policies.budget]!.of(frame.replica).withdraw(this.#core.now);
  }

  /**
   * An attempt has ended, or is cut off: what it learnt is noted, and what it held is given back. Who waits for that goes
   * on at once, so the frame's generation must have risen.
   */
  ended(frame: Frame, site: CallSite, policies: SitePolicies, outcome: number, status: number): void {
    const holds = frame.callHolds;
    frame.callHolds = 0;
    const isCutOff = outcome === Outcome.cancelled || outcome === Outcome.interrupted;
    const failed = isFailure(outcome, status);
    if ((holds & CallHold.sent) !== 0) {
      if (policies.balancer >= 0) this.#balancers[policies.balancer]!.of(frame.replica).ended(frame.callPeer);
      if (policies.outlier >= 0 && !isCutOff) {
        this.#noteOutlier(
          frame,
          site,
          policies,
          outcome !== Outcome.ok && (outcome !== Outcome.error || status >= 500),
        );
      }
    }
    if ((holds & CallHold.breaker) !== 0) {
      const breaker = this.#breakers[policies.breaker]!.of(frame.replica);
      if (isCutOff) breaker.release(frame.breakerEpoch);
      else {
        const { slow } = this.#core.plan.shared.breakers[policies.breaker]!.policy;
        const isSlow = slow !== undefined && this.#core.now - frame.callStart > slow.duration;
        const { state } = breaker;
        breaker.record(frame.breakerEpoch, this.#core.now, failed, isSlow);
        if (breaker.state !== state) this.#tellBreaker(frame, site, policies, breaker);
      }
    }
    if (policies.budget >= 0 && !isCutOff && (outcome === Outcome.ok || isRetried(policies, outcome, status))) {
      this.#budgets[policies.budget]!.of(frame.replica).ended(outcome !== Outcome.ok);
    }
    if (policies.pool >= 0) this.#disconnect(frame, policies, holds, outcome, status);
    if (policies.bulkhead >= 0) this.#leaveBulkhead(frame, policies, holds);
  }

  #disconnect(frame: Frame, policies: SitePolicies, holds: number, outcome: number, status: number): void {
    const pool = this.#pools[policies.pool]!.of(frame.replica);
    if ((holds & CallHold.poolLine) !== 0) pool.line.leave();
    if ((holds & CallHold.connection) === 0) return;
    const isReusable = outcome !== Outcome.timeout && outcome !== Outcome.cancelled &&
      outcome !== Outcome.interrupted && outcome !== Outcome.reset && (outcome !== Outcome.aborted || status > 0);
    const next = pool.giveBack(this.#core.now, isReusable, this.#core.pool.frames);
    if (next === undefined) return;
    next.callHolds = next.callHolds & ~CallHold.poolLine | CallHold.connection;
    this.#core.taint?.handsOver(frame, next, next.connectStart);
    const site = this.#core.plan.sites[next.callSite]!;
    if (isReusable || this.#isSetUp(next, site.policies!)) this.connected(next);
  }

  /**
   * Takes a share of the connections out of the pools that a caller (-1: anybody) has to a service. Those that carry a
   * call are taken when they come back.
   * @param of who takes them: what it took before is given back
   */
  takeConnections(caller: number, service: number, share: number, of: number): void {
    this.#core.plan.shared.pools.forEach(({ callee, caller: own, policy }, index) => {
      if (callee !== service || (caller >= 0 && own !== caller)) return;
      this.#pools[index]!.change(of, (pool) => {
        pool.take(of, Math.round(policy.size * share));
        this.#handOut(pool);
      });
    });
  }

  /** Connections that have come free go to those who wait. */
  #handOut(pool: Pool): void {
    for (;;) {
      const next = pool.openForNext(this.#core.pool.frames);
      if (next === undefined) return;
      next.callHolds = next.callHolds & ~CallHold.poolLine | CallHold.connection;
      this.#core.taint?.handsOver(undefined, next, next.connectStart);
      const site = this.#core.plan.sites[next.callSite]!;
      if (this.#isSetUp(next, site.policies!)) this.connected(next);
    }
  }

  #leaveBulkhead(frame: Frame, policies: SitePolicies, holds: number): void {
    const bulkhead = this.#bulkheads[policies.bulkhead]!.of(frame.replica);
    if ((holds & CallHold.bulkheadLine) !== 0) bulkhead.line.leave();
    if ((holds & CallHold.bulkhead) === 0) return;
    const next = bulkhead.giveBack(this.#core.pool.frames);
    if (next === undefined) return;
    next.callHolds = next.callHolds & ~CallHold.bulkheadLine | CallHold.bulkhead;
    this.#core.taint?.handsOver(frame, next, next.callStart);
    const site = this.#core.plan.sites[next.callSite]!;
    if (this.#connect(next, site.policies!)) this.#core.calls.send(next, site);
  }

  #tellBreaker(frame: Frame, site: CallSite, policies: SitePolicies, breaker: Breaker): void {
    const { policy } = this.#core.plan.shared.breakers[policies.breaker]!;
    const change = breaker.state === BreakerState.open
      ? Change.breakerOpened
      : breaker.state === BreakerState.halfOpen
      ? Change.breakerHalfOpen
      : Change.breakerClosed;
    const isSlow = policy.slow !== undefined && breaker.failureRate < policy.failureRate;
    this.#core.facts.callerChange(
      change,
      frame,
      site,
      0,
      change === Change.breakerOpened ? policy.open : 0,
      isSlow ? breaker.slowRate : breaker.failureRate,
      isSlow ? 1 : 0,
    );
  }

  #noteOutlier(frame: Frame, site: CallSite, policies: SitePolicies, failed: boolean): void {
    const outlier = this.#outliers[policies.outlier]!.of(frame.replica);
    const { length } = this.#core.fleet.replicasOf(this.#core.plan.endpoints[site.callee]!.service);
    const over = outlier.record(frame.callPeer, failed, this.#core.now, length);
    if (over === 0) return;
    const { consecutive } = this.#core.plan.shared.outliers[policies.outlier]!.policy;
    this.#core.facts.callerChange(
      Change.ejected,
      frame,
      site,
      frame.callPeer,
      over - this.#core.now,
      consecutive,
      0,
    );
    let index = this.#ejections.indexOf(undefined);
    if (index < 0) index = this.#ejections.length;
    this.#ejections[index] = { outlier, site, callerReplica: frame.replica, replica: frame.callPeer };
    this.#core.schedule(over, Event.ejectionEnd, index, 0);
  }

  ejectionEnd(index: number): void {
    const ejection = this.#ejections[index];
    this.#ejections[index] = undefined;
    if (ejection === undefined) return;
    const { outlier, site, callerReplica, replica } = ejection;
    outlier.giveBack(replica, this.#core.now);
    this.#core.facts.returned(this.#callerOf(site), callerReplica, site, replica);
  }
}

/** It keeps no state that matters. */
const RANDOM = new Balancer("random", 0);
