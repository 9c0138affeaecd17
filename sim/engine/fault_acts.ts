// What faults and mitigations do besides turning knobs: the engine's side of FaultWorld.

import { mixed } from "../base/draws.ts";
import { FOREVER, type Nanos } from "../base/time.ts";
import type { FaultTarget } from "../faults/fault.ts";
import type { FaultWorld } from "../faults/fault_world.ts";
import type { World } from "../faults/world.ts";
import { Change } from "../plan/facts.ts";
import { windowKey } from "../plan/fault_windows.ts";
import type { CallSite } from "../plan/plan.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import type { Station } from "./station.ts";

/** Numbers by fault, and what they come to together. */
class Sums {
  readonly #of = new Map<number, number>();

  set(fault: number, value: number): void {
    if (value === 0) this.#of.delete(fault);
    else this.#of.set(fault, value);
  }

  get sum(): number {
    return [...this.#of.values()].reduce((sum, value) => sum + value, 0);
  }

  /** Of chances: that at least one of them comes about. */
  get any(): number {
    return 1 - [...this.#of.values()].reduce((none, value) => none * (1 - value), 1);
  }

  get product(): number {
    return [...this.#of.values()].reduce((product, value) => product * value, 1);
  }
}

export class FaultActs implements FaultWorld {
  readonly #core: Core;
  /** By number of the station. */
  readonly #slowness: Sums[] = [];
  readonly #skew: Sums[] = [];
  readonly #spanLoss: Sums[] = [];
  readonly #logLoss: Sums[] = [];
  /** By service: how many mitigations send its calls elsewhere. */
  readonly #failedOver: number[] = [];
  /** What stands still, by fault: since when, and whether it is told. */
  readonly #still = new Map<number, { readonly target: FaultTarget; readonly since: Nanos }>();

  constructor(core: Core) {
    this.#core = core;
  }

  get now(): Nanos {
    return this.#core.now;
  }

  get lives(): World {
    return this.#core.world;
  }

  #stations({ service, replicas }: FaultTarget): Station[] {
    const all = this.#core.fleet.replicasOf(service);
    return replicas.map((replica) => all[replica]!);
  }

  // ---- cores and pauses ----------------------------------------------------------------------------------------------

  slowDown(target: FaultTarget, factor: number): void {
    for (const station of this.#stations(target)) {
      const slowness = this.#slowness[station.index] ??= new Sums();
      slowness.set(target.fault, factor);
      station.cpu?.setSpeed(1 / slowness.product, this.#core.now);
      if (station.cpu !== undefined) this.#core.ownWork.schedule(station);
    }
  }

  speedUp(target: FaultTarget): void {
    this.slowDown(target, 0);
  }

  standStill(target: FaultTarget, isCollection: boolean): void {
    if (target.until === FOREVER) return;
    for (const station of this.#stations(target)) this.#core.pauses.hold(station, target.until);
    if (!isCollection) return;
    this.#still.set(target.fault, { target, since: this.#core.now });
    this.#core.schedule(target.until, Event.stillEnd, target.fault, this.#core.faults.live[target.fault]!.turns);
  }

  /** A collection of garbage that a fault has brought about is over, and is told. */
  goesOn(fault: number, turn: number): void {
    const { target, since } = this.#still.get(fault)!;
    const { now, facts, plan } = this.#core;
    for (const replica of target.replicas) {
      const row = facts.change(now, Change.paused, target.service, replica, since, now - since, turn);
      windowKey(plan.seed, plan.faults[fault]!, turn * 65_536 + replica);
      facts.batch.key[row * 2] = mixed.high;
      facts.batch.key[row * 2 + 1] = mixed.low;
    }
  }

  // ---- connections ---------------------------------------------------------------------------------------------------

  holdConnections({ caller, service, fault }: FaultTarget, share: number): void {
    this.#core.policies.takeConnections(caller, service, share, fault);
  }

  releaseConnections(target: FaultTarget): void {
    this.holdConnections(target, 0);
  }

  // ---- what is told --------------------------------------------------------------------------------------------------

  skewClocks(target: FaultTarget, by: number): void {
    const { now, facts } = this.#core;
    for (const { index, service, replica } of this.#stations(target)) {
      const skew = this.#skew[index] ??= new Sums();
      skew.set(target.fault, by);
      facts.change(now, Change.clockSet, service, replica, now, skew.sum);
    }
  }

  loseTelemetry(target: FaultTarget, spans: number, logs: number): void {
    const { facts, plan } = this.#core;
    for (const { index, service, replica } of this.#stations(target)) {
      const ofSpans = this.#spanLoss[index] ??= new Sums(), ofLogs = this.#logLoss[index] ??= new Sums();
      ofSpans.set(target.fault, spans);
      ofLogs.set(target.fault, logs);
      facts.losses ??= plan.services.map(() => []);
      const hasAny = ofSpans.any > 0 || ofLogs.any > 0;
      facts.losses[service]![replica] = hasAny ? { spans: ofSpans.any, lines: ofLogs.any } : undefined;
    }
    if (facts.losses!.every((replicas) => replicas.every((loss) => loss === undefined))) facts.losses = undefined;
  }

  // ---- load, and other faults ----------------------------------------------------------------------------------------

  surge({ workloads, fault }: FaultTarget, multiply: number): void {
    this.#core.surges.begin(workloads, this.#core.faults.live[fault]!, multiply);
  }

  calm({ workloads, fault }: FaultTarget): void {
    this.#core.surges.end(workloads, this.#core.faults.live[fault]!);
  }

  failOver({ service }: FaultTarget): void {
    this.#failedOver[service] = (this.#failedOver[service] ?? 0) + 1;
  }

  failBack({ service }: FaultTarget): void {
    this.#failedOver[service]!--;
  }

  /** Whether a call goes to the service that stands by. */
  isFailedOver({ callee }: CallSite): boolean {
    return (this.#failedOver[this.#core.plan.endpoints[callee]!.service] ?? 0) > 0;
  }

  endFault({ ofFault }: FaultTarget): void {
    this.#core.faults.stop(ofFault);
  }
}
