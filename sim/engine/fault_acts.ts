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
import { Phase } from "./replica.ts";
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

/** Replicas that something is done to, one after the other. */
interface Roll {
  /** Counts the roll-outs of a fault: an older one is void. */
  readonly number: number;
  readonly step: Nanos;
  readonly left: number[];
  readonly act: (replica: number) => void;
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

  /** By number of the station: the deploy fault of whose version its next container is, and its present one; -1: none. */
  readonly #versions: number[] = [];
  readonly #running: number[] = [];
  readonly #rolls = new Map<number, Roll>();
  readonly #scaledFrom = new Map<number, number>();
  /** Ways that faults have parted. */
  readonly #parted = new Map<number, readonly (readonly [from: number, to: number])[]>();

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

  // ---- replicas ------------------------------------------------------------------------------------------------------

  inZone(zone: string): [service: number, replica: number][] {
    return this.#core.plan.services.flatMap(({ index, zones }) =>
      zones.length === 0 ? [] : this.lives.replicas(index).filter((replica) => zones[replica % zones.length] === zone)
        .map((replica): [number, number] => [index, replica])
    );
  }

  leak(target: FaultTarget, perRequest: number, limit: number): void {
    for (const station of this.#stations(target)) this.#core.memory.leak(station, target.fault, perRequest, limit);
  }

  scale({ service, fault }: FaultTarget, replicas: number): void {
    const { world } = this.#core;
    const pods = world.replicas(service);
    if (!this.#scaledFrom.has(fault)) this.#scaledFrom.set(fault, pods.length);
    const stations = this.#core.fleet.replicasOf(service);
    for (const station of stations.filter(({ life }) => life.phase === Phase.absent).slice(0, replicas - pods.length)) {
      world.create(station, 0 as Nanos);
    }
    for (const replica of pods.slice(replicas)) world.remove(stations[replica]!);
  }

  unscale(target: FaultTarget): void {
    this.scale(target, this.#scaledFrom.get(target.fault)!);
    this.#scaledFrom.delete(target.fault);
  }

  restartAll(target: FaultTarget, step: Nanos): void {
    this.#roll(target.fault, step, target.replicas, (replica) => this.lives.restart(target.service, replica));
  }

  deploy(target: FaultTarget, share: number, step: Nanos): void {
    const { fault, service, replicas } = target;
    const stations = this.#core.fleet.replicasOf(service);
    const live = this.#core.faults.live[fault]!;
    // No replica is of the new version yet.
    live.struck = new Uint8Array(stations.length);
    const count = Math.max(1, Math.round(replicas.length * share));
    this.#roll(fault, step, replicas.slice(0, count), (replica) => {
      this.#versions[stations[replica]!.index] = fault;
      this.#core.world.replace(stations[replica]!);
    });
  }

  rollBack({ fault, service }: FaultTarget, step: Nanos): void {
    const stations = this.#core.fleet.replicasOf(service);
    const changed = stations.filter(({ index }) => this.#versions[index] === fault).map(({ replica }) => replica);
    const { live } = this.#core.faults;
    // Those that are not back yet are as bad as before.
    live[fault]!.isRollingBack = true;
    this.#roll(fault, step, changed, (replica) => {
      this.#versions[stations[replica]!.index] = -1;
      this.#core.world.replace(stations[replica]!);
    });
  }

  /** A container starts: of which version it is is known now. */
  containerStarts({ index, service, replica }: Station): void {
    const version = this.#versions[index];
    if (version === undefined || version === this.#running[index]) return;
    this.#running[index] = version;
    for (const { plan, struck } of this.#core.faults.live) {
      if (plan.version !== undefined && plan.service === service && struck !== undefined) {
        struck[replica] = version === plan.index ? 1 : 0;
      }
    }
    const { facts } = this.#core;
    const row = facts.replicaChange(Change.versionSet, service, replica);
    facts.batch.cause[row] = version;
  }

  /** Does something to replicas, one after the other. */
  #roll(fault: number, step: Nanos, replicas: readonly number[], act: (replica: number) => void): void {
    const number = (this.#rolls.get(fault)?.number ?? 0) + 1;
    this.#rolls.set(fault, { number, step, left: [...replicas], act });
    this.rollOn(fault, number);
  }

  /** The next replica is due, or all of them where nothing lies between two. */
  rollOn(fault: number, number: number): void {
    const roll = this.#rolls.get(fault)!, before = this.#core.taint!.acting;
    if (roll.number !== number) return;
    do {
      const replica = roll.left.shift();
      if (replica === undefined) return;
      this.#core.taint!.acting = fault + 1;
      roll.act(replica);
      this.#core.taint!.acting = before;
    } while (roll.step === 0);
    this.#core.schedule((this.#core.now + roll.step) as Nanos, Event.roll, fault, number);
  }

  // ---- the network ---------------------------------------------------------------------------------------------------

  part(target: FaultTarget, requests: boolean, answers: boolean): void {
    const ways = this.#links(target).flatMap(([caller, callee]) => [
      ...requests ? [[caller, callee] as const] : [],
      ...answers ? [[callee, caller] as const] : [],
    ]);
    this.#parted.set(target.fault, ways);
    for (const [from, to] of ways) this.#core.world.partitions.partWay(from, to, target.fault + 1);
  }

  heal(target: FaultTarget): void {
    const ways = this.#parted.get(target.fault)!;
    this.#parted.delete(target.fault);
    const others = [...this.#parted];
    for (const [from, to] of ways) {
      const other = others.find(([, parted]) => parted.some(([f, t]) => f === from && t === to));
      if (other === undefined) this.#core.world.partitions.healWay(from, to);
      else this.#core.world.partitions.partWay(from, to, other[0] + 1);
    }
  }

  /** From caller to callee: the edge, or all that call the service and all that it calls. */
  #links({ caller, service }: FaultTarget): [caller: number, callee: number][] {
    if (caller >= 0) return [[caller, service]];
    return this.#core.plan.services.flatMap(({ index }): [number, number][] =>
      index === service ? [] : [[index, service], [service, index]]
    );
  }

  // ---- cores and pauses ----------------------------------------------------------------------------------------------

  slowDown(target: FaultTarget, factor: number): void {
    for (const station of this.#stations(target)) {
      const slowness = this.#slowness[station.index] ??= new Sums();
      slowness.set(target.fault, factor);
      station.cpu?.setSpeed(1 / slowness.product, this.#core.now);
      if (station.cpu !== undefined) this.#core.ownWork.schedule(station);
      this.#core.taint?.slowsDown(station, 1 - 1 / slowness.product);
    }
  }

  speedUp(target: FaultTarget): void {
    this.slowDown(target, 0);
  }

  standStill(target: FaultTarget, isCollection: boolean): void {
    if (target.until === FOREVER) return;
    for (const station of this.#stations(target)) {
      this.#core.pauses.hold(station, target.until);
      this.#core.taint?.standsStill(station, target.until);
    }
    if (!isCollection) return;
    this.#still.set(target.fault, { target, since: this.#core.now });
    this.#core.schedule(target.until, Event.stillEnd, target.fault, this.#core.faults.live[target.fault]!.turns);
  }

  /** A collection of garbage that a fault has brought about is over, and is told. */
  goesOn(fault: number, turn: number): void {
    const { target, since } = this.#still.get(fault)!;
    const { now, facts, plan } = this.#core;
    for (const replica of target.replicas) {
      const row = facts.change(Change.paused, target.service, replica, since, now - since, turn);
      windowKey(plan.seed, plan.faults[fault]!, turn * 65_536 + replica);
      facts.batch.key[row * 2] = mixed.high;
      facts.batch.key[row * 2 + 1] = mixed.low;
    }
  }

  // ---- connections ---------------------------------------------------------------------------------------------------

  holdConnections({ caller, service, fault }: FaultTarget, share: number): void {
    this.#core.taint?.poolTaken(caller, service, share > 0 ? fault + 1 : 0, () => {
      this.#core.policies.takeConnections(caller, service, share, fault);
    });
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
      facts.change(Change.clockSet, service, replica, now, skew.sum);
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

  failOver({ service, fault }: FaultTarget): void {
    this.#failedOver[service] = (this.#failedOver[service] ?? 0) + 1;
    this.#core.taint?.failsOver(service, fault);
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
