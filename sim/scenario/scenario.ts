// A Scenario: what a file says once it has been read and every reference in it holds.

import type { Nanos } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";
import type { Aim, CompiledFault } from "../faults/kind.ts";
import type { Load } from "../load/load.ts";
import type { AttributeSpec, ConditionSpec, Service, Step } from "../model/model.ts";
import type { Hypothesis } from "../objectives/hypothesis.ts";
import type { Submetric, Threshold } from "../objectives/threshold.ts";
import type { FaultSchedule, ReplicaChoice } from "../plan/plan.ts";

export interface Scenario {
  readonly name: string;
  readonly description: string | undefined;
  readonly seed: number;
  readonly namespace: string;
  readonly environment: string;
  /** Between any caller and its callee, each way, where neither the call nor the service says otherwise. */
  readonly network: Distribution | undefined;
  /** What each iteration carries, drawn once. */
  readonly context: ReadonlyMap<string, AttributeSpec>;
  readonly services: ReadonlyMap<string, Service>;
  readonly journeys: ReadonlyMap<string, readonly Step[]>;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly faults: readonly FaultSpec[];
  /** Random faults, beside those. */
  readonly chaos?: ChaosSpec | undefined;
  readonly hypothesis?: Hypothesis | undefined;
  readonly thresholds: readonly Threshold[];
  readonly submetrics: readonly Submetric[];
}

/** An entry of the file's `scenarios`. */
export interface Workload {
  readonly name: string;
  readonly executor: string;
  /** The journey's name. */
  readonly exec: string;
  /** The workload whose end it waits for. */
  readonly startAfter: string | undefined;
  /** From the run's start, or from the end of that workload. */
  readonly startTime: Nanos;
  readonly gracefulStop: Nanos;
  readonly tags: ReadonlyMap<string, string>;
  /** Besides and instead of the scenario's. */
  readonly context: ReadonlyMap<string, AttributeSpec>;
  readonly env: ReadonlyMap<string, string>;
  readonly load: Load;
  /** The executor's own fields as they were decoded, every default filled in, for those who show them. */
  readonly config?: { readonly [field: string]: unknown };
}

export interface FaultSpec extends CompiledFault {
  readonly name: string;
  readonly kind: string;
  readonly aim: Aim;
  /** It slows or stops own work. */
  readonly touchesCpu: boolean;
  readonly target: FaultTarget;
  readonly at: Nanos;
  /** Of each window. Infinity: to the end of the run. */
  readonly duration: Nanos;
  /** From one window's beginning to the next one's; Infinity: there is one only. */
  readonly every: Nanos;
  readonly times: number;
  readonly jitter: Nanos;
  /** Windows that chance has drawn, instead of all that. */
  readonly schedule?: FaultSchedule | undefined;
  /** What has to hold before it begins; empty: it begins by itself. */
  readonly when: readonly Threshold[];
  readonly reaction: Nanos;
  readonly replicas: ReplicaChoice | undefined;
  readonly zone: string | undefined;
  readonly ramp: Nanos;
  /** 0 to 1. */
  readonly probability: number;
  /** Only requests whose context matches. */
  readonly where: ConditionSpec | undefined;
  /** The kind's own fields as they were decoded, every default filled in, for those who show them. */
  readonly config?: { readonly [field: string]: unknown };
}

/** Faults that chance draws from the seed. */
export interface ChaosSpec {
  /** No window begins before, or lasts beyond `until`; Infinity: to the end of the load. */
  readonly from: Nanos;
  readonly until: Nanos;
  /** Time between the beginnings of two windows, and how long each lasts, drawn for each. */
  readonly every: Distribution;
  readonly length: Distribution;
  /** Windows that may be open at the same time. */
  readonly atOnce: number;
  /** Share of all services that may be struck at the same time; one always may. */
  readonly radius: number;
  /** Undefined: every service. */
  readonly targets: readonly FaultTarget[] | undefined;
  readonly draws: readonly ChaosDraw[];
}

/** A fault that chance may draw. */
export interface ChaosDraw {
  readonly kind: string;
  readonly weight: number;
  /** Undefined: those of the schedule. */
  readonly targets: readonly FaultTarget[] | undefined;
  readonly fault:
    & CompiledFault
    & Pick<FaultSpec, "aim" | "touchesCpu" | "ramp" | "probability" | "replicas" | "zone" | "where" | "config">;
}

export interface FaultTarget {
  /** As written; of a fault without a target what it strikes. */
  readonly text: string;
  /** Empty for none. */
  readonly service: string;
  /** Undefined: every endpoint of the service. */
  readonly endpoint: string | undefined;
  /** From 0; undefined: all. */
  readonly replica: number | undefined;
  /** An edge: only calls that this service, or this endpoint of it, makes. */
  readonly caller: { readonly service: string; readonly endpoint: string | undefined } | undefined;
}
