// What a run's metrics say when one asks: all series, and the totals of each service and workload.

import type { Nanos } from "../base/time.ts";
import type { ServiceKind } from "../model/model.ts";
import type { MetricName } from "../objectives/metrics.ts";
import type { Plan, PlanService } from "../plan/plan.ts";
import type { EndpointTotals } from "./endpoint_totals.ts";
import type { CheckStats } from "./check_totals.ts";
import type { Instrument } from "./instrument.ts";
import { Trend } from "./trend.ts";

/** A metric, or a part of one. */
export interface Series {
  /** The metric's name, with its selector where it has one: `http_req_duration{service:web}`. */
  readonly text: string;
  readonly metric: MetricName;
  readonly instrument: Instrument;
  /** A part of a metric that the scenario does not ask for. */
  readonly unasked?: true;
}

/** Requests that were answered or refused, and how long those took that were accepted. */
export interface RequestStats {
  readonly name: string;
  readonly requests: number;
  /** Refused, or answered with a status of 500 or more. */
  readonly errors: number;
  readonly refused: number;
  /** Of the refused, those whose patience in the queue ended, held by the rate limit, and shed; the others found a full queue. */
  readonly expired: number;
  readonly rateLimited: number;
  readonly shed: number;
  /** Of the refused, those that came too late for their caller's deadline. */
  readonly tooLate: number;
  /** Finished although nobody waited for the answer any more; the expired ones too. */
  readonly abandoned: number;
  /** Open at the run's end; in no other number here. */
  readonly interrupted: number;
  readonly duration: Trend;
  readonly wait: Trend;
}

export interface ServiceStats extends RequestStats {
  readonly kind: ServiceKind;
  /** Mean share of its cores (workers, where it has none) that were busy, over the whole run; null without a limit. */
  readonly utilization: number | null;
  /** Made by it, as a caller. */
  readonly retries: number;
  readonly timeouts: number;
  readonly endpoints: readonly RequestStats[];
}

export interface WorkloadStats {
  readonly name: string;
  readonly executor: string;
  /** When it starts or has started; of one that waits for another, when it may start at the latest. */
  readonly startTime: Nanos;
  /** Name of the workload that it still waits for. */
  readonly waitsFor?: string;
  /** Without gracefulStop. Infinity for one without end. */
  readonly length: Nanos;
  /** Of a load that ends with a number of iterations. */
  readonly iterationsPlanned: number | undefined;
  /** Iterations a second that an open load asks for now; a closed load asks for none. */
  readonly plannedRate: number | undefined;
  /** At the last sample, once a second. */
  readonly vus: number;
  readonly vusMax: number;
  /** Iterations. */
  readonly complete: number;
  readonly interrupted: number;
  readonly dropped: number;
  readonly httpReqs: number;
  readonly httpFailed: number;
  /** Complete iterations a second over the last 5 s. */
  readonly iterationRate: number;
}

/** What was measured of one workload. */
export interface ScenarioSeries {
  /** The workload's. */
  readonly name: string;
  /** Of the metrics that tell workloads apart, under the metric's own name. */
  readonly series: readonly Series[];
}

export interface MetricsReport {
  /** Simulated time since the run's start. */
  readonly elapsed: Nanos;
  /** Every metric in the order of METRICS, then those with a selector in the order of the scenario. */
  readonly series: readonly Series[];
  /** By the order of the journeys; those of one name are one. */
  readonly checks: readonly CheckStats[];
  readonly services: readonly ServiceStats[];
  readonly workloads: readonly WorkloadStats[];
  /** In the order of the file. */
  readonly scenarios: readonly ScenarioSeries[];
}

/** A service's totals, from those of its endpoints. */
export function serviceStats(
  plan: Plan,
  service: PlanService,
  totals: readonly EndpointTotals[],
  own: Pick<ServiceStats, "retries" | "timeouts" | "utilization">,
): ServiceStats {
  const endpoints = service.endpoints.map((index) => requestStats(plan.endpoints[index]!.name, [totals[index]!]));
  const all = requestStats(service.name, service.endpoints.map((index) => totals[index]!));
  return { ...all, ...own, kind: service.kind, endpoints };
}

function requestStats(name: string, parts: readonly EndpointTotals[]): RequestStats {
  const duration = new Trend(), wait = new Trend();
  let requests = 0,
    errors = 0,
    refused = 0,
    abandoned = 0,
    interrupted = 0,
    expired = 0,
    rateLimited = 0,
    shed = 0,
    tooLate = 0;
  for (const part of parts) {
    requests += part.requests;
    errors += part.errors;
    refused += part.refused;
    expired += part.expired;
    rateLimited += part.rateLimited;
    shed += part.shed;
    tooLate += part.tooLate;
    abandoned += part.abandoned;
    interrupted += part.interrupted;
    duration.merge(part.duration);
    wait.merge(part.wait);
  }
  return {
    name,
    requests,
    errors,
    refused,
    expired,
    rateLimited,
    shed,
    tooLate,
    abandoned,
    interrupted,
    duration,
    wait,
  };
}
