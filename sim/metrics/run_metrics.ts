// The metrics of a run: takes its facts, batch after batch, and answers at any time what has been measured so far and
// whether the thresholds hold.
//
// What the run's end, or a workload's, interrupts is counted as interrupted and nowhere else: not as a request, a call or
// an iteration, since how it would have ended is not known.

import type { Nanos } from "../base/time.ts";
import type { Load } from "../load/load.ts";
import { isMetricName, METRIC_NAMES, type MetricName } from "../objectives/metrics.ts";
import { type FactBatch, FactKind } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import {
  callTraits,
  durationOf,
  iterationTraits,
  requestTraits,
  SAMPLE_RULES,
  sampleOf,
  Trait,
} from "../plan/samples.ts";
import { Counter } from "./counter.ts";
import { EndpointTotals } from "./endpoint_totals.ts";
import { evaluateThresholds, type Evaluation } from "./evaluation.ts";
import type { Gauge } from "./gauge.ts";
import type { Instrument } from "./instrument.ts";
import { Matcher } from "./matcher.ts";
import { Rate } from "./rate.ts";
import { type MetricsReport, type ScenarioSeries, type Series, serviceStats, type WorkloadStats } from "./report.ts";
import { StationGauges } from "./station_gauges.ts";
import { Trend } from "./trend.ts";
import { VuGauges } from "./vu_gauges.ts";
import { instrumentFor, type Watch } from "./watch.ts";
import { WorkloadTotals } from "./workload_totals.ts";

/** Besides what thresholds ask for, the summary shows this one, as k6 does. */
const ALWAYS_WATCHED = {
  text: "http_req_duration{expected_response:true}",
  metric: "http_req_duration",
  tags: new Map([["expected_response", "true"]]),
} as const;

const NO_TAGS: ReadonlyMap<string, string> = new Map();

export class RunMetrics {
  readonly #plan: Plan;
  readonly #endpoints: readonly EndpointTotals[];
  readonly #workloads: readonly WorkloadTotals[];
  /** By index of the calling service. */
  readonly #retriesBy: Float64Array;
  readonly #timeoutsBy: Float64Array;
  readonly #vus: VuGauges;
  readonly #stations: StationGauges;
  readonly #gauges: ReadonlyMap<MetricName, Gauge>;
  /** By index of the workload. */
  readonly #workloadVus: readonly { readonly active: Gauge; readonly initialised: Gauge }[];
  readonly #watches = new Map<string, Watch>();
  /** By index of the endpoint or of the workload: the watches that a fact about it may touch. */
  readonly #requestWatches: readonly Watch[][];
  readonly #journeyWatches: readonly Watch[][];
  readonly #callWatches: readonly Watch[][];
  readonly #iterationWatches: readonly Watch[][];
  readonly #droppedWatches: readonly Watch[][];

  /** @throws RangeError when a threshold of the plan names no metric */
  constructor(plan: Plan) {
    this.#plan = plan;
    this.#endpoints = plan.endpoints.map(() => new EndpointTotals());
    this.#workloads = plan.workloads.map(() => new WorkloadTotals());
    this.#retriesBy = new Float64Array(plan.services.length);
    this.#timeoutsBy = new Float64Array(plan.services.length);
    this.#vus = new VuGauges(plan);
    this.#stations = new StationGauges(plan);
    const all = new Matcher(plan, NO_TAGS);
    this.#gauges = new Map<MetricName, Gauge>([
      ["vus", this.#vus.watch("active", all.workloads)],
      ["vus_max", this.#vus.watch("initialised", all.workloads)],
      ["service_queue_length", this.#stations.watch("queued", all.services)],
      ["service_utilization", this.#stations.watch("utilization", all.services)],
    ]);
    this.#workloadVus = plan.workloads.map(({ index }) => {
      const only = Uint8Array.from(plan.workloads, (each) => +(each.index === index));
      return { active: this.#vus.watch("active", only), initialised: this.#vus.watch("initialised", only) };
    });
    this.#requestWatches = plan.endpoints.map(() => []);
    this.#journeyWatches = plan.endpoints.map(() => []);
    this.#callWatches = plan.endpoints.map(() => []);
    this.#iterationWatches = plan.workloads.map(() => []);
    this.#droppedWatches = plan.workloads.map(() => []);
    this.#watch(ALWAYS_WATCHED.text, ALWAYS_WATCHED.metric, ALWAYS_WATCHED.tags);
    for (const { metricText, metric, tags } of plan.thresholds) {
      if (!isMetricName(metric)) throw new RangeError(`There is no metric "${metric}"`);
      this.#watch(metricText, metric, tags);
    }
  }

  #watch(text: string, metric: MetricName, tags: ReadonlyMap<string, string>): void {
    if (this.#watches.has(text)) return;
    const matcher = new Matcher(this.#plan, tags);
    const rule = SAMPLE_RULES[metric];
    const watch: Watch = { ...rule, text, metric, matcher, instrument: this.#instrumentOf(metric, matcher) };
    this.#watches.set(text, watch);
    const among = (lists: readonly Watch[][], matches: Uint8Array): void =>
      lists.forEach((list, index) => matches[index] === 1 && list.push(watch));
    switch (rule.source) {
      case "request":
        return among(this.#requestWatches, matcher.endpoints);
      case "journey":
        return among(this.#journeyWatches, matcher.endpoints);
      case "call":
        return among(this.#callWatches, matcher.endpoints);
      case "iteration":
        return among(this.#iterationWatches, matcher.workloads);
      case "dropped":
        return among(this.#droppedWatches, matcher.workloads);
    }
  }

  #instrumentOf(metric: MetricName, { workloads, services }: Matcher): Instrument {
    switch (metric) {
      case "vus":
        return this.#vus.watch("active", workloads);
      case "vus_max":
        return this.#vus.watch("initialised", workloads);
      case "service_queue_length":
        return this.#stations.watch("queued", services);
      case "service_utilization":
        return this.#stations.watch("utilization", services);
      default:
        return instrumentFor(metric);
    }
  }

  /** Takes all rows of a batch. Keeps nothing of it. */
  take(batch: FactBatch): void {
    const { kind, length } = batch;
    for (let row = 0; row < length; row++) {
      switch (kind[row]) {
        case FactKind.request:
          this.#request(batch, row);
          break;
        case FactKind.call:
          this.#call(batch, row);
          break;
        case FactKind.iteration:
          this.#iteration(batch, row);
          break;
        case FactKind.dropped:
          this.#dropped(batch, row);
          break;
        case FactKind.vus: {
          const workload = batch.workload[row]!, time = batch.time[row]!;
          this.#vus.take(workload, time, batch.wait[row]!, batch.extra[row]!);
          this.#workloads[workload]!.sample(time);
          break;
        }
        case FactKind.station:
          this.#stations.take(
            batch.service[row]!,
            batch.replica[row]!,
            batch.time[row]!,
            batch.wait[row]!,
            batch.start[row]!,
          );
          break;
      }
    }
  }

  #request(batch: FactBatch, row: number): void {
    const endpoint = batch.endpoint[row]!;
    const totals = this.#endpoints[endpoint]!;
    const traits = requestTraits(batch, row);
    if (traits === 0) {
      totals.interrupted++;
      return;
    }
    totals.requests++;
    if ((traits & Trait.failed) !== 0) totals.errors++;
    if ((traits & Trait.abandoned) !== 0) totals.abandoned++;
    if ((traits & Trait.refused) !== 0) totals.refused++;
    else {
      totals.duration.add(durationOf(batch, row));
      totals.wait.add(batch.wait[row]!);
    }
    addTo(this.#requestWatches[endpoint]!, traits, batch, row);
  }

  #call(batch: FactBatch, row: number): void {
    const traits = callTraits(batch, row);
    if (traits === 0) return;
    const endpoint = batch.endpoint[row]!;
    const totals = this.#endpoints[endpoint]!;
    const retry = (traits & Trait.retry) !== 0;
    const timeout = (traits & Trait.timeout) !== 0;
    const ofJourney = (traits & Trait.journey) !== 0;
    if (retry || timeout) {
      const caller = ofJourney ? this.#retriesBy.length : batch.service[row]!;
      if (retry) totals.retries++;
      if (timeout) totals.timeouts++;
      if (!ofJourney) {
        if (retry) this.#retriesBy[caller]!++;
        if (timeout) this.#timeoutsBy[caller]!++;
      }
      const watches = this.#callWatches[endpoint]!;
      const workload = batch.workload[row]!;
      for (let i = 0; i < watches.length; i++) {
        const watch = watches[i]!;
        const { matcher } = watch;
        if (matcher.workloads[workload] === 0 || matcher.callers[caller] === 0) continue;
        const value = sampleOf(watch, traits, batch, row);
        if (!Number.isNaN(value)) watch.instrument.add(value);
      }
    }
    if (ofJourney) this.#journeyCall(batch, row, totals, traits);
  }

  #journeyCall(batch: FactBatch, row: number, totals: EndpointTotals, traits: number): void {
    const ofWorkload = this.#workloads[batch.workload[row]!]!;
    const duration = durationOf(batch, row);
    totals.httpReqs++;
    ofWorkload.httpReqs++;
    if ((traits & Trait.failed) !== 0) {
      totals.httpFailed++;
      ofWorkload.httpFailed++;
    } else totals.goodput++;
    totals.httpDuration.add(duration);
    ofWorkload.httpDuration.add(duration);
    addTo(this.#journeyWatches[batch.endpoint[row]!]!, traits, batch, row);
  }

  #iteration(batch: FactBatch, row: number): void {
    const workload = batch.workload[row]!;
    const totals = this.#workloads[workload]!;
    const traits = iterationTraits(batch, row);
    if (traits === 0) {
      totals.interrupted++;
      return;
    }
    totals.complete++;
    totals.duration.add(durationOf(batch, row));
    for (const watch of this.#iterationWatches[workload]!) {
      watch.instrument.add(sampleOf(watch, traits, batch, row));
    }
  }

  #dropped(batch: FactBatch, row: number): void {
    const workload = batch.workload[row]!;
    const count = batch.extra[row]!;
    this.#workloads[workload]!.dropped += count;
    for (const { instrument } of this.#droppedWatches[workload]!) instrument.add(count);
  }

  /**
   * Whether the thresholds hold, at a time up to which all facts have been taken.
   * @param now since the run's start
   */
  evaluate(now: Nanos): Evaluation {
    this.#commit();
    const watched = this.#plan.thresholds.map((threshold) => ({
      threshold,
      instrument: this.#watches.get(threshold.metricText)!.instrument,
    }));
    return evaluateThresholds(watched, now);
  }

  /** Each workload so far, for progress lines; cheap. */
  workloads(now: Nanos): WorkloadStats[] {
    return this.#plan.workloads.map((workload, index) => {
      const totals = this.#workloads[index]!;
      const { load, startTime } = workload;
      const since = (now - startTime) as Nanos;
      return {
        name: workload.name,
        executor: workload.executor,
        startTime,
        length: load.length,
        iterationsPlanned: iterationsOf(load),
        plannedRate: load.type === "open" ? load.plannedRate(since) : undefined,
        vus: this.#vus.active[index]!,
        vusMax: this.#vus.initialised[index]!,
        complete: totals.complete,
        interrupted: totals.interrupted,
        dropped: totals.dropped,
        httpReqs: totals.httpReqs,
        httpFailed: totals.httpFailed,
        iterationRate: totals.recentRate,
      };
    });
  }

  /** Everything that has been measured, at a time up to which all facts have been taken. */
  report(now: Nanos): MetricsReport {
    this.#commit();
    const series: Series[] = METRIC_NAMES.map((metric) => ({ text: metric, metric, instrument: this.#total(metric) }));
    for (const { text, metric, instrument } of this.#watches.values()) {
      if (text !== metric) series.push({ text, metric, instrument });
    }
    const services = this.#plan.services.map((service) =>
      serviceStats(this.#plan, service, this.#endpoints, {
        retries: this.#retriesBy[service.index]!,
        timeouts: this.#timeoutsBy[service.index]!,
        utilization: this.#stations.utilizationSinceStart(service.index),
      })
    );
    return { elapsed: now, series, services, workloads: this.workloads(now), scenarios: this.#scenarios() };
  }

  #scenarios(): ScenarioSeries[] {
    return this.#plan.workloads.map(({ index, name }) => {
      const totals = this.#workloads[index]!;
      const of = (metric: MetricName, instrument: Instrument): Series => ({ text: metric, metric, instrument });
      return {
        name,
        series: [
          of("http_reqs", new Counter(totals.httpReqs)),
          of("http_req_duration", totals.httpDuration),
          of("http_req_waiting", totals.httpDuration),
          of("http_req_failed", new Rate(totals.httpFailed, totals.httpReqs)),
          of("goodput", new Counter(totals.httpReqs - totals.httpFailed, true)),
          of("iterations", new Counter(totals.complete)),
          of("iteration_duration", totals.duration),
          of("dropped_iterations", new Counter(totals.dropped, true)),
          of("vus", this.#workloadVus[index]!.active),
          of("vus_max", this.#workloadVus[index]!.initialised),
        ],
      };
    });
  }

  #commit(): void {
    this.#vus.commit();
    this.#stations.commit();
  }

  /** The metric without a selector: the sum of the totals. */
  #total(metric: MetricName): Instrument {
    const endpoints = this.#endpoints, workloads = this.#workloads;
    const gauge = this.#gauges.get(metric);
    if (gauge !== undefined) return gauge;
    switch (metric) {
      case "http_reqs":
        return new Counter(sum(endpoints, (each) => each.httpReqs));
      case "goodput":
        return new Counter(sum(endpoints, (each) => each.goodput), true);
      case "http_req_failed":
        return new Rate(sum(endpoints, (each) => each.httpFailed), sum(endpoints, (each) => each.httpReqs));
      case "iterations":
        return new Counter(sum(workloads, (each) => each.complete));
      case "dropped_iterations":
        return new Counter(sum(workloads, (each) => each.dropped), true);
      case "service_requests":
        return new Counter(sum(endpoints, (each) => each.requests));
      case "service_errors":
        return new Rate(sum(endpoints, (each) => each.errors), sum(endpoints, (each) => each.requests));
      case "retries":
      case "timeouts":
      case "refused":
      case "abandoned":
        return new Counter(sum(endpoints, (each) => each[metric]), true);
      case "iteration_duration":
        return merged(workloads.map((each) => each.duration));
      case "service_req_duration":
        return merged(endpoints.map((each) => each.duration));
      case "service_queue_wait":
        return merged(endpoints.map((each) => each.wait));
      default:
        return merged(endpoints.map((each) => each.httpDuration));
    }
  }
}

/** Adds a fact's samples to those of the watches whose selectors take it. */
function addTo(watches: readonly Watch[], traits: number, batch: FactBatch, row: number): void {
  if (watches.length === 0) return;
  const workload = batch.workload[row]!, status = batch.status[row]!;
  for (let i = 0; i < watches.length; i++) {
    const watch = watches[i]!;
    const { matcher } = watch;
    if (matcher.workloads[workload] === 0 || !matcher.takesStatus(status)) continue;
    const value = sampleOf(watch, traits, batch, row);
    if (!Number.isNaN(value)) watch.instrument.add(value);
  }
}

/** The number of iterations that a closed load is to make; undefined when time ends it. */
function iterationsOf(load: Load): number | undefined {
  if (load.type === "open" || load.iterations === undefined) return undefined;
  return "total" in load.iterations ? load.iterations.total : load.iterations.perVu * load.vusMax;
}

function sum<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((total, item) => total + valueOf(item), 0);
}

function merged(trends: readonly Trend[]): Trend {
  const all = new Trend();
  for (const trend of trends) all.merge(trend);
  return all;
}
