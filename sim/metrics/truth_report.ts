// What the ground truth of a run says: sim/run writes it as ground-truth.json.

import type { Nanos } from "../base/time.ts";
import type { PlanFault } from "../plan/plan.ts";

/** A window of a fault. Times since the run's start. */
export interface Injection {
  readonly fault: PlanFault;
  readonly from: Nanos;
  /** When it ended, or the run did. */
  readonly until: Nanos;
  /** It was still there when the run ended. */
  readonly endedByRun: boolean;
}

/** How the effect of a fault came to a service for the first time. */
export type ArrivalKind = "fault" | "answer" | "request" | "queue" | "user";

/** The ways in which requests of a service were changed. */
export interface EffectCounts {
  /** Requests that a fault changed, in all. */
  readonly requests: number;
  /** Of those: ended with an error, or were turned away. */
  readonly failed: number;
  /** Took longer, and ended as they would have. */
  readonly slower: number;
  /** Would not have been made: retries and the like, or went on without an answer. */
  readonly other: number;
}

/** A service that a fault has reached. */
export interface Reached extends EffectCounts {
  readonly service: string;
  /** When the first request was touched whose change counts. */
  readonly firstImpact: Nanos;
  readonly lastImpact: Nanos;
  readonly by: ArrivalKind;
  /** The service that it came from; undefined where the fault struck it itself, or a user brought it. */
  readonly from: string | undefined;
  /** From where the fault struck to here. */
  readonly path: readonly string[];
}

/** An effect that went from one service to another. */
export interface CausalEdge {
  readonly from: string;
  readonly to: string;
  readonly by: ArrivalKind;
  readonly first: Nanos;
  readonly last: Nanos;
  /** Requests that it changed. */
  readonly requests: number;
}

/** What users saw of a fault. */
export interface UserImpact {
  /** Their requests that were changed, and those that failed among them. */
  readonly requests: number;
  readonly failed: number;
  readonly first: Nanos | undefined;
  readonly last: Nanos | undefined;
  /** Iterations with at least one such request. */
  readonly users: number;
  /** Iterations that were under way between the fault's first window and its last effect. */
  readonly usersPresent: number;
}

/** A fault with all that it did. */
export interface FaultTruth {
  readonly fault: PlanFault;
  /** Name of the service that it strikes; for an edge the callee's. Undefined for one that strikes no service. */
  readonly root: string | undefined;
  readonly reached: readonly Reached[];
  readonly edges: readonly CausalEdge[];
  readonly users: UserImpact;
}

/** How a service, or the users' requests, did in a part of the run. Durations in milliseconds. */
export interface PhaseFigures {
  readonly requests: number;
  readonly perSecond: number;
  readonly errorRate: number;
  readonly p95: number | undefined;
}

export interface Phase {
  readonly name: "baseline" | "incident" | "recovery" | "normal";
  readonly from: Nanos;
  readonly until: Nanos;
}

/** A service that no fault has reached, and that looks as if: what an investigator may be led astray by. */
export interface RedHerring {
  readonly service: string;
  readonly why: string;
}

export interface GroundTruthReport {
  /** Windows of faults, and those of mitigations. */
  readonly injections: readonly Injection[];
  readonly mitigations: readonly Injection[];
  /** In the order of the plan; those that had a window. */
  readonly faults: readonly FaultTruth[];
  /** What mitigations did to requests, likewise: those that were shed, say. */
  readonly sideEffects: readonly FaultTruth[];
  readonly phases: readonly Phase[];
  readonly redHerrings: readonly RedHerring[];
  /** All faults and mitigations together. */
  readonly users: UserImpact;
  readonly indicators: { readonly baseline: PhaseFigures; readonly incident: PhaseFigures };
  /** A user-visible indicator moved: users' requests were changed. */
  readonly userVisible: boolean;
}
