// The world as faults act on it: replicas that crash, stop, start and come back, and what is lost with them.

import { FOREVER, type Nanos, SECOND } from "../base/time.ts";
import type { World } from "../faults/world.ts";
import { Change, Outcome } from "../plan/facts.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind, FrameState } from "./frame.ts";
import { Partitions } from "./partitions.ts";
import { type Life, Phase } from "./replica.ts";
import type { Station } from "./station.ts";

/** Kubernetes' terminationGracePeriodSeconds. */
const STOP_GRACE = (30 * SECOND) as Nanos;
/**
 * The kubelet restarts a container at once the first time, then after 10 s, twice as long each time, at most 5 minutes; a
 * container that ran for 10 minutes begins anew (kubernetes.io, Pod Lifecycle, "How Pods handle problems with containers").
 */
const BACK_OFF_FIRST = 10 * SECOND;
const BACK_OFF_MAX = 300 * SECOND;
const BACK_OFF_FORGOTTEN_AFTER = 600 * SECOND;

/** Why a process is no more: what `Change.replicaDown` tells. */
export const DownReason = { stopped: 0, outOfMemory: 1, crashed: 2 } as const;
export type DownReason = (typeof DownReason)[keyof typeof DownReason];

export class Replicas implements World {
  readonly partitions: Partitions;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.partitions = new Partitions(core);
  }

  get now(): Nanos {
    return this.#core.now;
  }

  replicas(service: number): number[] {
    return this.#core.fleet.replicasOf(service).filter(({ life }) => life.phase !== Phase.absent)
      .map(({ replica }) => replica);
  }

  #station(service: number, replica: number): Station | undefined {
    return this.#core.fleet.replicasOf(service)[replica];
  }

  // ---- what faults ask for -------------------------------------------------------------------------------------------

  crash(service: number, replica: number, restartAfter?: Nanos): void {
    const station = this.#station(service, replica);
    if (station !== undefined) this.kill(station, DownReason.crashed, restartAfter);
  }

  /** Ends a process at once. @param restartAfter as `crash` has it */
  kill(station: Station, reason: DownReason, restartAfter?: Nanos): void {
    const { life } = station;
    if (life.phase === Phase.absent || life.phase === Phase.down) return;
    this.#core.taint?.goesDown(station, false);
    const isGoing = life.phase === Phase.stopping && life.afterStop === "absent";
    const after = restartAfter ?? this.#backOff(life);
    this.#end(station, isGoing ? Phase.absent : Phase.down, reason);
    if (!isGoing && after < FOREVER) this.#startAfter(station, after);
  }

  stop(service: number, replica: number): void {
    this.#askToStop(this.#station(service, replica), "down");
  }

  restart(service: number, replica: number): void {
    this.#askToStop(this.#station(service, replica), "restart");
  }

  /** A container whose checks fail gets SIGTERM, and is started again as one that crashed. */
  restartHung(station: Station): void {
    this.#core.taint?.goesDown(station, true);
    this.#askToStop(station, "backOff");
  }

  /** SIGTERM, after which the pod is gone. */
  remove(station: Station): void {
    if (station.life.phase === Phase.down) {
      station.life.enter(Phase.absent);
      this.#core.fleet.list(station, false);
      const { service, replica } = station;
      this.#core.facts.replicaChange(Change.replicaDown, service, replica, DownReason.stopped, 1);
    } else this.#askToStop(station, "absent");
  }

  /** SIGTERM as in `stop`, and a new pod in its place as soon as the old one is gone. */
  replace(station: Station): void {
    if (station.life.phase === Phase.down) {
      station.life.enter(Phase.absent);
      this.create(station, 0 as Nanos);
    } else this.#askToStop(station, "replace");
  }

  start(service: number, replica: number): void {
    const station = this.#station(service, replica);
    if (station?.life.phase === Phase.down) this.#startAfter(station, 0 as Nanos);
  }

  /** Makes a pod where there is none; its container begins to start after `delay`. */
  create(station: Station, delay: Nanos): void {
    if (station.life.phase !== Phase.absent) return;
    station.life.pods++;
    station.life.restarts = -1;
    station.life.kills = 0;
    station.life.enter(Phase.down);
    this.#startAfter(station, delay);
  }

  flush(service: number): void {
    this.#core.caches.flush(service);
  }

  partition(one: number, other: number): void {
    this.partitions.part(one, other);
  }

  heal(one: number, other: number): void {
    this.partitions.heal(one, other);
  }

  // ---- lives ---------------------------------------------------------------------------------------------------------

  /** Takes the events of the world (30 to 49). */
  handle(kind: Event, subject: number, generation: number): void {
    if (kind === Event.resend) {
      const frame = this.#core.pool.frames[subject]!;
      if (frame.generation === generation) this.partitions.resend(frame);
      return;
    }
    if (kind === Event.healthCheck) return this.#core.health.check(subject);
    if (kind === Event.scale) return this.#core.scaling.look(subject);
    if (kind === Event.deliver) return this.#core.queues.deliver(subject);
    if (kind === Event.lockTimeout) {
      const frame = this.#core.pool.frames[subject]!;
      if (frame.generation === generation) this.#core.locks.timedOut(frame);
      return;
    }
    const station = this.#core.fleet.stations[subject]!;
    const { life } = station;
    if (life.generation !== generation) return;
    switch (kind) {
      case Event.replicaStart:
        return this.#begin(station);
      case Event.replicaListens:
        return this.#listens(station);
      case Event.graceOver:
        return this.#gone(station);
      case Event.outOfMemory:
        return this.#core.memory.kill(station);
      case Event.sessionOver:
        return this.#core.queues.leave(station);
    }
  }

  #schedule(delay: Nanos, kind: Event, station: Station): void {
    const at = (this.#core.now + delay) as Nanos;
    this.#core.schedule(at, kind, station.index, station.life.generation);
  }

  #startAfter(station: Station, delay: Nanos): void {
    if (delay > 0) this.#schedule(delay, Event.replicaStart, station);
    else this.#begin(station);
  }

  #backOff(life: Life): Nanos {
    if (this.#core.now - life.started >= BACK_OFF_FORGOTTEN_AFTER) life.kills = 0;
    const kills = life.kills++;
    return (kills === 0 ? 0 : Math.min(BACK_OFF_MAX, BACK_OFF_FIRST * 2 ** (kills - 1))) as Nanos;
  }

  #begin(station: Station): void {
    const { life, service, replica } = station;
    life.enter(Phase.starting);
    life.restarts++;
    life.started = this.#core.now;
    life.failures = life.successes = life.hung = 0;
    this.#core.servers.started(station);
    this.#core.policies.forget(service, replica);
    this.#core.faultWorld.containerStarts(station);
    this.#core.facts.replicaChange(Change.replicaStarts, service, replica, life.restarts, life.pods);
    const startTime = this.#core.plan.services[service]!.startTime ?? 0 as Nanos;
    if (startTime > 0) this.#schedule(startTime, Event.replicaListens, station);
    else this.#listens(station);
  }

  #listens(station: Station): void {
    const { life, service, replica } = station;
    life.enter(Phase.running);
    this.#core.taint?.comesBack(station);
    const row = this.#core.facts.replicaChange(Change.replicaListens, service, replica, life.restarts);
    this.#core.facts.batch.start[row] = life.started;
    if (!this.#core.health.watches(service)) this.#core.fleet.list(station, true);
    this.#core.queues.join(station);
  }

  #askToStop(station: Station | undefined, after: Life["afterStop"]): void {
    if (station === undefined) return;
    const { life, service, replica } = station;
    if (life.phase === Phase.starting || life.phase === Phase.running) this.#core.taint?.goesDown(station, false);
    if (life.phase === Phase.starting) {
      this.#end(station, after === "absent" || after === "replace" ? Phase.absent : Phase.down, 0);
      if (after === "replace") this.create(station, 0 as Nanos);
      return;
    }
    if (life.phase !== Phase.running) return;
    life.afterStop = after;
    life.enter(Phase.stopping);
    this.#core.fleet.list(station, false);
    this.#core.facts.replicaChange(Change.replicaStops, service, replica);
    this.#core.queues.leave(station);
    this.#schedule(STOP_GRACE, Event.graceOver, station);
    this.drained(station);
  }

  /** To be asked whenever a request has left a replica: one that is to stop stops when the last has gone. */
  drained(station: Station): void {
    if (station.life.phase === Phase.stopping && station.busy === 0 && station.queued === 0) this.#gone(station);
  }

  #gone(station: Station): void {
    const { afterStop } = station.life;
    const backOff = afterStop === "backOff" ? this.#backOff(station.life) : 0 as Nanos;
    const isPodGone = afterStop === "absent" || afterStop === "replace";
    this.#end(station, isPodGone ? Phase.absent : Phase.down, DownReason.stopped);
    if (afterStop === "replace") this.create(station, 0 as Nanos);
    if (afterStop === "restart") this.#startAfter(station, 0 as Nanos);
    else if (afterStop === "backOff") this.#startAfter(station, backOff);
  }

  /** The process is no more: whatever it worked on ends, and those who wait for it see their connection reset. */
  #end(station: Station, phase: Phase, reason: DownReason): void {
    const { service, replica } = station;
    station.life.enter(phase);
    // Nothing holds a dead process up, and what it was to do later is void.
    this.#core.pauses.release(station);
    station.incarnation++;
    if (phase === Phase.absent) this.#core.fleet.list(station, false);
    const within = this.#core.pool.frames.filter(({ kind, root }) =>
      kind !== FrameKind.free && root.kind === FrameKind.request && root.service === service &&
      root.replica === replica && root.state !== FrameState.transit
    );
    this.#core.interruptions.end(within, Outcome.crashed, 0, (request) => {
      this.#core.servers.respond(request, Outcome.reset, 0, -1);
    });
    const podsGone = phase === Phase.absent ? 1 : 0;
    this.#core.facts.replicaChange(Change.replicaDown, service, replica, reason, podsGone);
    this.#core.caches.lose(service, replica);
    this.#core.memory.lose(station);
    const session = this.#core.queues.sessionTimeout(service);
    if (session !== undefined) this.#schedule(session, Event.sessionOver, station);
  }

  /** Once a simulated second: how far consumers are behind, and how many replicas there are. */
  samples(): void {
    const { plan, facts, queues, fleet } = this.#core;
    for (const subscription of plan.subscriptions ?? []) facts.lag(subscription, queues.lag(subscription.index));
    for (const { index, scaling, health, memory } of plan.services) {
      if (scaling === undefined && health === undefined && memory === undefined) continue;
      let listening = 0, wanted = 0;
      for (const { life } of fleet.replicasOf(index)) {
        if (life.phase === Phase.running && life.listed) listening++;
        if (life.phase !== Phase.absent && life.phase !== Phase.stopping) wanted++;
      }
      facts.replicas(index, listening, wanted);
    }
  }

  /** A request reaches a replica whose process does not listen: the kernel refuses the connection. */
  refuseConnection(request: Frame): void {
    this.#core.taint?.findsDown(request, this.#core.fleet.stationOf(request));
    this.#core.servers.respond(request, Outcome.aborted, 0, -1);
    this.#core.workloads.release(request);
  }
}
