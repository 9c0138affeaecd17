// What faults and mitigations ask for besides turning knobs. The engine does it.

import type { Nanos } from "../base/time.ts";
import type { FaultTarget } from "./fault.ts";
import type { World } from "./world.ts";

/** What is asked for by a fault holds until the same fault takes it back; several of them add up. */
export interface FaultWorld {
  /** Since the run's start. */
  readonly now: Nanos;
  /** Replicas that die and come back, what they hold, and the network between services. */
  readonly lives: World;

  /** Replicas in a zone that have a pod: pairs of a service and a replica. */
  inZone(zone: string): [service: number, replica: number][];
  /** Packets between the target's service and its caller, or all its neighbours, are lost: with requests, with answers. */
  part(target: FaultTarget, requests: boolean, answers: boolean): void;
  heal(target: FaultTarget): void;
  /** Each request leaves so many bytes behind; 0: no longer. @param limit for services that have none */
  leak(target: FaultTarget, perRequest: number, limit: number): void;
  /** New pods with the fault's version take the place of a share of the replicas, one each `step`. */
  deploy(target: FaultTarget, share: number, step: Nanos): void;
  rollBack(target: FaultTarget, step: Nanos): void;
  restartAll(target: FaultTarget, step: Nanos): void;
  scale(target: FaultTarget, replicas: number): void;
  unscale(target: FaultTarget): void;
  /** The cores of a replica are so much slower: 4 for a quarter of the speed. */
  slowDown(target: FaultTarget, factor: number): void;
  /** They are as fast as they were before this fault. */
  speedUp(target: FaultTarget): void;
  /**
   * The replicas stand still until the window ends.
   * @param isCollection whether it is a garbage collection, of which the runtime writes a line
   */
  standStill(target: FaultTarget, isCollection: boolean): void;
  /** So large a share of the connections of the target's pools is held by nobody knows whom. */
  holdConnections(target: FaultTarget, share: number): void;
  releaseConnections(target: FaultTarget): void;
  /** The replicas' clocks are ahead by so many nanoseconds; behind when negative. */
  skewClocks(target: FaultTarget, by: number): void;
  /** Chances that a span, and a log line, of the replicas does not arrive. 0 and 0: all of them do again. */
  loseTelemetry(target: FaultTarget, spans: number, logs: number): void;
  /** The target's workloads start so many times as many iterations, or have so many times as many VUs. */
  surge(target: FaultTarget, multiply: number): void;
  calm(target: FaultTarget): void;
  /** Calls to the target's service go to `toService` instead. */
  failOver(target: FaultTarget): void;
  failBack(target: FaultTarget): void;
  /** Ends the target's `ofFault` for good, as if its window were over. */
  endFault(target: FaultTarget): void;
}
