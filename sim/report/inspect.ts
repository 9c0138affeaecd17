// What a scenario will do, told without running it: as data, from which the text, the diagram and the JSON are made.

import type { Properties } from "../base/fields.ts";
import { writeValue } from "../base/fields.ts";
import { formatDuration, type Nanos } from "../base/time.ts";
import { FAULTS } from "../faults/registry.ts";
import { EXECUTORS } from "../load/registry.ts";
import { coresOf } from "../model/capacity.ts";
import type { Step } from "../model/model.ts";
import { type Plan, planEnd, type PlanFault, type PlanService, type PlanWorkload } from "../plan/plan.ts";
import { type Estimate, forecastLoad, horizonOf, peakOf } from "./inspect_load.ts";
import { type CallGraph, type JourneyMeans, Means } from "./inspect_means.ts";
import { formatCount, formatShare } from "./units.ts";

type Config = { readonly [field: string]: unknown };

/** The parts of a scenario that its plan no longer shows. A Scenario is one. */
export interface InspectedScenario extends CallGraph {
  readonly description: string | undefined;
  /** With the fields of each executor, by workload. */
  readonly workloads: ReadonlyMap<string, { readonly config?: Config }>;
  /** With the fields of each fault's kind, in the order of the plan. */
  readonly faults: readonly { readonly config?: Config }[];
}

/** A field of the file with its value as it would stand there; null for none. */
export interface Option {
  readonly name: string;
  readonly value: unknown;
  /** Whether it is what would hold if it were left out. */
  readonly isDefault: boolean;
}

export interface WorkloadForecast {
  readonly plan: PlanWorkload;
  readonly journey: string;
  readonly options: readonly Option[];
  /** Open loads: iterations that are due. Closed loads: iterations that VUs start. */
  readonly iterations: Estimate;
  readonly length: Nanos;
  /** Name of the workload that it waits for. */
  readonly before: string | undefined;
  /** When it is likely to start: at the likely end of the workload that it waits for, if it does. */
  readonly start: Nanos;
  /** Mean time of an iteration in nanoseconds. */
  readonly iterationTime: number;
  /** Highest rate of starts in a second (open), or number of VUs (closed). */
  readonly peak: number;
  /** VUs that iterate at the peak: of an open load by Little's law. */
  readonly vusAtPeak: number;
  /** Planned starts a second (open) or VUs (closed) at this time of the run. */
  amountAt(time: Nanos): number;
}

export interface JourneyForecast extends JourneyMeans {
  readonly name: string;
  readonly steps: readonly Step[];
}

export interface ServiceForecast {
  readonly plan: PlanService;
  /** Expected in the whole run. */
  readonly requests: number;
  /** Expected in a second at the peak. */
  readonly peakRate: number;
  /**
   * Share of its workers that are held at the peak, or of its cores that are in use, whichever is more; above 1 it cannot
   * keep up; null where neither has a limit.
   */
  readonly peakUtilization: number | null;
}

export interface FaultForecast {
  readonly plan: PlanFault;
  readonly options: readonly Option[];
}

export interface Inspection {
  readonly plan: Plan;
  readonly scenario: InspectedScenario;
  /** The time in which load is planned; of a run without end the part that is looked ahead at. */
  readonly length: Nanos;
  /** When the last iteration is interrupted at the latest; Infinity for a run without end. */
  readonly end: Nanos;
  readonly iterations: Estimate;
  /** Made by users: k6's http_reqs. */
  readonly requests: number;
  readonly spans: number;
  readonly workloads: readonly WorkloadForecast[];
  readonly journeys: readonly JourneyForecast[];
  readonly services: readonly ServiceForecast[];
  readonly faults: readonly FaultForecast[];
  /** What will not go as the file seems to want it. */
  readonly warnings: readonly string[];
}

/**
 * Looks ahead at a run. Iterations of open loads are counted by the very draws of the run; all else is expectation, for a
 * run in which nothing waits in a queue and nothing fails.
 */
export function inspect(plan: Plan, scenario: InspectedScenario): Inspection {
  const means = new Means(scenario);
  const journeys = [...scenario.journeys].map(([name, steps]) => ({ name, steps, ...means.journey(steps) }));
  const horizon = horizonOf(plan);
  const workloads = forecastWorkloads(plan, journeys, scenario, horizon);
  const length = Math.max(1, ...workloads.map((each) => each.start + each.length)) as Nanos;
  const sum = (valueOf: (journey: JourneyForecast) => number): number =>
    workloads.reduce((total, each) => total + each.iterations.count * valueOf(journeys[each.plan.journey]!), 0);
  const draft = {
    plan,
    scenario,
    length,
    end: planEnd(plan),
    iterations: { count: sum(() => 1), isExact: workloads.every((each) => each.iterations.isExact) },
    requests: sum((journey) => journey.requests),
    spans: sum((journey) => journey.spans),
    workloads,
    journeys,
    services: forecastServices(plan, workloads, journeys, means, length),
    faults: plan.faults.map((fault, index) => ({
      plan: fault,
      options: optionsOf(fieldsIn(FAULTS, fault.kind), scenario.faults[index]?.config),
    })),
  };
  return { ...draft, warnings: warningsOf(draft) };
}

/** In the order of the plan, each made after the one that it waits for. */
function forecastWorkloads(
  plan: Plan,
  journeys: readonly JourneyForecast[],
  scenario: InspectedScenario,
  horizon: Nanos,
): WorkloadForecast[] {
  const made = new Map<PlanWorkload, WorkloadForecast>();
  const make = (workload: PlanWorkload): WorkloadForecast => {
    const { startAfter, startDelay, startTime } = workload;
    const start = startAfter < 0 ? startTime : likelyEnd(make(plan.workloads[startAfter]!)) + startDelay;
    const forecast = made.get(workload) ??
      forecastWorkload(plan, workload, start as Nanos, journeys, scenario, horizon);
    made.set(workload, forecast);
    return forecast;
  };
  return plan.workloads.map(make);
}

/** When a workload has ended: a fixed number of iterations with the last one, others when those under way have ended. */
function likelyEnd({ start, length, iterationTime, plan: { load, gracefulStop } }: WorkloadForecast): number {
  const isWhole = load.type === "closed" && load.iterations !== undefined && length < load.length;
  return start + length + (isWhole ? 0 : Math.min(Math.round(iterationTime), gracefulStop));
}

function forecastWorkload(
  plan: Plan,
  workload: PlanWorkload,
  start: Nanos,
  journeys: readonly JourneyForecast[],
  scenario: InspectedScenario,
  horizon: Nanos,
): WorkloadForecast {
  const journey = journeys[workload.journey]!;
  const { load } = workload;
  const { iterations, length } = forecastLoad(plan, workload, journey.time, horizon);
  const planned = (time: Nanos): number => load.type === "open" ? load.plannedRate(time) : load.plannedVUs(time);
  const peak = load.type === "open" ? peakOf(planned, length) : load.vusMax;
  return {
    plan: workload,
    journey: journey.name,
    options: optionsOf(fieldsIn(EXECUTORS, workload.executor), scenario.workloads.get(workload.name)?.config),
    iterations,
    length,
    before: plan.workloads[workload.startAfter]?.name,
    start,
    iterationTime: journey.time,
    peak,
    vusAtPeak: load.type === "open" ? peak * journey.time / 1e9 : peak,
    amountAt(time) {
      const since = (time - start) as Nanos;
      return since < 0 || since >= length ? 0 : planned(since);
    },
  };
}

function fieldsIn(
  registry: { readonly [kind: string]: { readonly fields: Properties } },
  kind: string,
): Properties {
  return Object.hasOwn(registry, kind) ? registry[kind]!.fields : {};
}

/** The fields with their values as they would stand in a file; a default that is another field's value is that. */
function optionsOf(fields: Properties, config: Config = {}): Option[] {
  return Object.entries(fields).map(([name, { field, fallback, fallbackText, presence }]) => {
    const isDefault = presence !== "required" && config[name] === fallback;
    const other = fallbackText === undefined ? undefined : fields[fallbackText];
    return isDefault && fallback === undefined && other !== undefined
      ? { name, value: writeValue(other.field, config[fallbackText!]), isDefault }
      : { name, value: writeValue(field, config[name]), isDefault };
  });
}

/** Instants at which the services' rates are compared. */
const RATE_SAMPLES = 480;

function forecastServices(
  plan: Plan,
  workloads: readonly WorkloadForecast[],
  journeys: readonly JourneyForecast[],
  means: Means,
  length: Nanos,
): ServiceForecast[] {
  const rates = workloads.map((workload) => iterationRates(workload, length));
  return plan.services.map((service) => {
    const endpoints = service.endpoints.map((index) => {
      const ref = { service: service.name, endpoint: plan.endpoints[index]!.name };
      return { text: `${ref.service}.${ref.endpoint}`, time: means.requestTime(ref), ownWork: means.workTime(ref) };
    });
    const loads = journeys.map(({ visits }) => {
      let requests = 0, held = 0, worked = 0;
      for (const { text, time, ownWork } of endpoints) {
        const count = visits.get(text) ?? 0;
        requests += count;
        if (count > 0) held += count * time;
        if (count > 0) worked += count * ownWork;
      }
      return { requests, held, worked };
    });
    let requests = 0, peakRate = 0, peakHeld = 0, peakWorked = 0;
    for (const { iterations, plan: { journey } } of workloads) {
      requests += times(loads[journey]!.requests, iterations.count);
    }
    for (let i = 0; i < RATE_SAMPLES; i++) {
      let rate = 0, held = 0, worked = 0;
      workloads.forEach(({ plan: { journey } }, w) => {
        rate += times(loads[journey]!.requests, rates[w]![i]!);
        held += times(loads[journey]!.held, rates[w]![i]!);
        worked += times(loads[journey]!.worked, rates[w]![i]!);
      });
      peakRate = Math.max(peakRate, rate);
      peakHeld = Math.max(peakHeld, held / 1e9);
      peakWorked = Math.max(peakWorked, worked / 1e9);
    }
    const shares = [
      peakHeld / (service.replicas * service.concurrency),
      peakWorked / (service.replicas * coresOf(service.capacity)),
    ];
    const isLimited = service.concurrency < Infinity || coresOf(service.capacity) < Infinity;
    return { plan: service, requests, peakRate, peakUtilization: isLimited ? Math.max(...shares) : null };
  });
}

/** Iterations that start in a second, at even instants of the run. */
function iterationRates({ plan, iterationTime, amountAt }: WorkloadForecast, length: Nanos): Float64Array {
  const perAmount = plan.load.type === "open" ? 1 : 1e9 / iterationTime;
  return Float64Array.from({ length: RATE_SAMPLES }, (_, i) => {
    const amount = amountAt(Math.floor((i + 0.5) / RATE_SAMPLES * length) as Nanos);
    return times(amount, perAmount);
  });
}

/** A product in which nothing stays nothing, however often it comes. */
function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

function warningsOf({ plan, workloads, services, length, end }: Omit<Inspection, "warnings">): string[] {
  const warnings: string[] = [];
  for (const { plan: { name, load, gracefulStop }, iterationTime, iterations, vusAtPeak } of workloads) {
    if (load.type === "closed" && iterationTime === 0) {
      warnings.push(`${name}: its iterations take no time, so time would stand still: give the journey a think time`);
    } else if (load.type === "open" && vusAtPeak > load.maxVUs) {
      warnings.push(
        `${name}: needs about ${formatCount(Math.ceil(vusAtPeak))} VUs at its peak and has at most ${
          formatCount(load.maxVUs)
        }, so iterations will be dropped`,
      );
    }
    if (load.type === "closed" && load.iterations !== undefined && !iterations.isExact) {
      warnings.push(
        `${name}: maxDuration ${formatDuration(load.length)} may end it before all its iterations have run`,
      );
    }
    if (iterationTime > gracefulStop) {
      warnings.push(
        `${name}: an iteration takes longer than gracefulStop ${
          formatDuration(gracefulStop)
        }, so the last ones will be interrupted`,
      );
    }
  }
  for (const { plan, peakUtilization } of services) {
    const { name } = plan;
    if (peakUtilization === null || peakUtilization < 1) continue;
    warnings.push(
      `${name}: its ${coresOf(plan.capacity) < Infinity ? "capacity is" : "workers are"} asked for ${
        formatShare(peakUtilization, 0)
      } of their time at the peak`,
    );
  }
  for (const fault of plan.faults) {
    if (fault.at >= length && end < Infinity) {
      warnings.push(`${fault.name}: begins at ${formatDuration(fault.at)}, when the load has ended`);
    }
  }
  return warnings;
}
