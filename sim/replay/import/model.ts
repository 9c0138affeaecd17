// What an import finds out, as plain data: what scenario_text.ts writes down.

import type { Operation } from "../span_table.ts";
import type { ArrivalFit } from "./arrivals.ts";
import type { Shape } from "./shapes.ts";

export interface ImportedScenario {
  readonly services: readonly ImportedService[];
  readonly arrivals: readonly ImportedArrivals[];
  readonly faults: readonly ImportedFault[];
  /** Sentences about the whole: what was read, and what could not be known. */
  readonly remarks: readonly string[];
}

export interface ImportedService {
  /** As a scenario takes it. */
  readonly name: string;
  /** In the recording, where that is another. */
  readonly recordedName: string | undefined;
  readonly kind: Operation["kind"];
  readonly language: string | undefined;
  readonly version: string | undefined;
  readonly system: string | undefined;
  readonly replicas: number;
  /** Whether the recording says which replica wrote what. */
  readonly replicasKnown: boolean;
  readonly network: Shape | undefined;
  readonly logFormat: string | undefined;
  readonly topics: readonly ImportedTopic[];
  readonly subscriptions: readonly ImportedSubscription[];
  /** Of one replica in the busiest second: requests at once, on average. */
  readonly atOnce: number;
  readonly endpoints: readonly ImportedEndpoint[];
}

export interface ImportedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly partitionsKnown: boolean;
  readonly latency: Shape | undefined;
  readonly messages: number;
}

export interface ImportedSubscription {
  /** `service.topic`. */
  readonly topic: string;
  readonly endpoint: string;
  readonly attempts: number;
  readonly retryAfter: number | undefined;
  readonly concurrency: number;
  readonly deliveries: number;
}

export interface ImportedEndpoint {
  readonly name: string;
  readonly requests: number;
  readonly latency: Shape | undefined;
  /** Requests that the latency is taken from: those outside of faults. */
  readonly latencyRequests: number;
  /** Cut short by their callers, so that the latency may be longer. */
  readonly cutShort: number;
  readonly errors: { readonly rate: number; readonly status: number; readonly message: string | undefined } | undefined;
  readonly errorsSeen: number;
  readonly attributes:
    readonly (readonly [name: string, values: readonly (readonly [value: string, weight: number])[]])[];
  readonly calls: readonly ImportedStep[];
}

export type ImportedStep =
  | ImportedCall
  | { readonly type: "work"; readonly share: number }
  | { readonly type: "parallel"; readonly branches: readonly (readonly ImportedStep[])[] }
  | {
    readonly type: "choose";
    readonly options: readonly { readonly weight: number; readonly steps: readonly ImportedStep[] }[];
  };

export interface ImportedCall {
  readonly type: "call";
  /** `service.endpoint`. */
  readonly target: string;
  /** `service.topic`, where a message is published. */
  readonly publish: string | undefined;
  readonly probability: number;
  /** Turns of a loop and their weights; undefined for a single call. */
  readonly turns: readonly (readonly [turns: number, weight: number])[] | undefined;
  readonly timeout: number | undefined;
  readonly retry:
    | {
      readonly attempts: number;
      readonly base: number | undefined;
      readonly factor: number;
      readonly jitter: "none" | "full";
    }
    | undefined;
  readonly optional: boolean;
  readonly calls: number;
  readonly failed: number;
}

export interface ImportedArrivals {
  /** `service.endpoint`. */
  readonly target: string;
  /** A name for journey and scenario. */
  readonly name: string;
  readonly requests: number;
  readonly fit: ArrivalFit;
  /** Requests that arrive because another one started them and went on. */
  readonly startedBy: string | undefined;
}

export interface ImportedFault {
  readonly name: string;
  readonly target: string;
  /** Nanoseconds from the beginning. */
  readonly at: number;
  /** Undefined: to the end. */
  readonly length: number | undefined;
  readonly effect:
    | { readonly kind: "latency"; readonly add: Shape | undefined; readonly multiply: number | undefined }
    | { readonly kind: "errors"; readonly rate: number; readonly status: number }
    | { readonly kind: "blackhole"; readonly rate: number };
  /** What was seen, for a comment. */
  readonly evidence: string;
}
