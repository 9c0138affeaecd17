// What a fault can do to the world besides turning knobs: to replicas, to what they hold in memory, and to the network
// between services. The engine implements it.

import type { Nanos } from "../base/time.ts";

/**
 * Services are given by their index in the plan, replicas from 0. What is asked of a replica that cannot take it (to stop
 * one that is down, to start one that runs) changes nothing.
 */
export interface World {
  /** Since the run's start. */
  readonly now: Nanos;
  /** Replicas of the service that have a pod now, whether their process runs or not. */
  replicas(service: number): number[];
  /**
   * The process of a replica dies at once: callers of what it worked on see a reset connection, what waited is lost, and
   * so is what it kept in memory. A new container starts in the same pod.
   * @param restartAfter how long that takes; Infinity: it stays down until `start`; undefined: as the kubelet does it, with
   * a back-off that doubles
   */
  crash(service: number, replica: number, restartAfter?: Nanos): void;
  /** The replica gets SIGTERM: callers turn away, it finishes what it has within its grace, and stays down until `start`. */
  stop(service: number, replica: number): void;
  /** A replica that is down begins to start. */
  start(service: number, replica: number): void;
  /** SIGTERM as in `stop`, and a new container as soon as the old one is gone. */
  restart(service: number, replica: number): void;
  /** Empties the caches that a service holds: those of a cache, or the local ones of a service. */
  flush(service: number): void;
  /**
   * Packets between two services are lost, both ways, until `heal`. Connections are tried as TCP does: again after 1 s,
   * 3 s, 7 s and so on, and given up after 127 s; answers come after the partition.
   */
  partition(one: number, other: number): void;
  heal(one: number, other: number): void;
}
