// The metrics of a run: takes its facts, batch after batch, and answers at any time what has been measured so far and
// whether the thresholds hold.
//
// What the run's end, or a workload's, interrupts is counted as interrupted and nowhere else: not as a request, a call or
// an iteration, since how it would have ended is not known.

import { FOREVER, type Nanos } from "../base/time.ts";
import type { Load } from "../load/load.ts";
import { isMetricName, METRIC_NAMES, type MetricName } from "../objectives/metrics.ts";
import type { Submetric, Threshold } from "../objectives/threshold.ts";
import { Change, type FactBatch, FactFlag, FactKind, Outcome } from "../plan/facts.ts";
import type { Plan, PlanEndpoint } from "../plan/plan.ts";
import {
  callTraits,
  durationOf,
  iterationTraits,
  requestTraits,
  SAMPLE_RULES,
  sampleOf,
  Trait,
} from "../plan/samples.ts";
import { CheckTotals } from "./check_totals.ts";
import { Counter } from "./counter.ts";
import { EndpointTotals } from "./endpoint_totals.ts";
import { evaluateThresholds, type Evaluation, type Seen, type ThresholdResult } from "./evaluation.ts";
import type { Gauge } from "./gauge.ts";
import type { Instrument, Sampled } from "./instrument.ts";
import { judgedSeries } from "./judged_series.ts";
import { LatestWindow } from "./latest_window.ts";
import { Matcher } from "./matcher.ts";
import { Rate } from "./rate.ts";
import { type MetricsReport, type ScenarioSeries, type Series, serviceStats, type WorkloadStats } from "./report.ts";
import { isStateMetric } from "../plan/state_samples.ts";
import { StateMetrics } from "./state_metrics.ts";
import { StationGauges } from "./station_gauges.ts";
import { Trend } from "./trend.ts";
import { VuGauges } from "./vu_gauges.ts";
import { instrumentFor, type Watch } from "./watch.ts";
import { WorkloadTotals } from "./workload_totals.ts";

/** Besides what thresholds ask for, the summary shows this one, as k6 does. */
const ALWAYS_WATCHED = {
  metricText: "http_req_duration{expected_response:true}",
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
  readonly #state: StateMetrics;
  readonly #gauges: ReadonlyMap<MetricName, Gauge>;
  /** By index of the workload. */
  readonly #workloadVus: readonly { readonly active: Gauge; readonly initialised: Gauge }[];
  /** Parts of metrics, and metrics that thresholds are on, by their text. */
  readonly #parts = new Map<string, Series>();
  readonly #judged: readonly { readonly threshold: Threshold; seen(now: Nanos): Seen }[];
  /** What faults wait for, by index of the fault. */
  readonly #triggers: readonly { readonly fault: number; readonly series: readonly LatestWindow[] }[];
  /** What the hypothesis looks at. */
  readonly #steady: readonly LatestWindow[];
  readonly #checks: CheckTotals;
  /** By index of the endpoint or of the workload: the watches that a fact about it may touch. */
  readonly #requestWatches: readonly Watch[][];
  readonly #journeyWatches: readonly Watch[][];
  readonly #callWatches: readonly Watch[][];
  readonly #checkWatches: readonly Watch[][];
  readonly #iterationWatches: readonly Watch[][];
  readonly #droppedWatches: readonly Watch[][];
  readonly #arrivalWatches: readonly Watch[][];
  /** By index of the service. */
  readonly #changeWatches: readonly Watch[][];
  readonly #logWatches: readonly Watch[][];
  #logSteps = 0;
  #clockChanges = 0;
  readonly #pauses = new Trend();
  readonly #throttling = new Trend();

  /** @throws RangeError when a threshold of the plan names no metric */
  constructor(plan: Plan) {
    this.#plan = plan;
    this.#endpoints = plan.endpoints.map(() => new EndpointTotals());
    this.#workloads = plan.workloads.map(() => new WorkloadTotals());
    this.#retriesBy = new Float64Array(plan.services.length);
    this.#timeoutsBy = new Float64Array(plan.services.length);
    this.#vus = new VuGauges(plan);
    this.#stations = new StationGauges(plan);
    this.#state = new StateMetrics(plan);
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
    this.#checkWatches = plan.endpoints.map(() => []);
    this.#iterationWatches = plan.workloads.map(() => []);
    this.#droppedWatches = plan.workloads.map(() => []);
    this.#arrivalWatches = plan.workloads.map(() => []);
    this.#changeWatches = plan.services.map(() => []);
    this.#logWatches = plan.services.map(() => []);
    this.#feed("service_pauses", NO_TAGS, this.#pauses);
    this.#feed("service_throttling", NO_TAGS, this.#throttling);
    this.#checks = new CheckTotals(plan);
    this.#judged = plan.thresholds.map((threshold) => this.#judge(threshold));
    this.#triggers = plan.faults.filter(({ when }) => when.length > 0)
      .map(({ index, when }) => ({ fault: index, series: when.map((threshold) => this.#trigger(threshold)) }));
    this.#steady = (plan.hypothesis?.probes ?? []).map((threshold) => this.#trigger(threshold));
    for (const submetric of plan.submetrics) this.#part(submetric);
    // It comes first in the summary, and counts once also where a threshold is on it.
    const unasked = !this.#parts.has(ALWAYS_WATCHED.metricText);
    const always = this.#part(ALWAYS_WATCHED);
    if (unasked) this.#parts.set(always.text, { ...always, unasked });
  }

  #judge(threshold: Threshold): { readonly threshold: Threshold; seen(now: Nanos): Seen } {
    const { metric: name, tags, window, gate, aggregation } = threshold;
    const metric = known(name);
    if (window === undefined && gate === undefined) {
      const { instrument } = this.#part(threshold);
      const seen = (now: Nanos): Seen => {
        const value = instrument.aggregate(aggregation, now / 1e9);
        return value === undefined ? { value, why: "no samples" } : { value };
      };
      return { threshold, seen };
    }
    // The summary shows a part as a whole, as k6 does, besides what the threshold looks at.
    if (tags.size > 0) this.#part(threshold);
    const series = judgedSeries(threshold, () => instrumentFor(metric));
    this.#feed(metric, tags, series);
    return { threshold, seen: (now) => series.seen(now) };
  }

  #trigger(threshold: Threshold): LatestWindow {
    const metric = known(threshold.metric);
    const series = new LatestWindow(threshold, threshold.window!, () => instrumentFor(metric));
    this.#feed(metric, threshold.tags, series);
    return series;
  }

  /** The samples of a metric with a selector, or of the whole metric, over the whole run. */
  #part({ metricText: text, metric: name, tags }: Submetric): Series {
    const before = this.#parts.get(text);
    if (before !== undefined) return before;
    const metric = known(name);
    const part = { text, metric, instrument: instrumentFor(metric) };
    this.#parts.set(text, part);
    this.#feed(metric, tags, part.instrument);
    return part;
  }

  /** Gives the samples that a selector takes to `into` from now on. */
  #feed(metric: MetricName, tags: ReadonlyMap<string, string>, into: Sampled): void {
    const matcher = new Matcher(this.#plan, tags);
    const rule = SAMPLE_RULES[metric];
    const watch: Watch = { ...rule, matcher, into };
    const among = (lists: readonly Watch[][], matches: Uint8Array): void =>
      lists.forEach((list, index) => matches[index] === 1 && list.push(watch));
    switch (rule.source) {
      case "request":
        return among(this.#requestWatches, matcher.endpoints);
      case "journey":
        return among(this.#journeyWatches, matcher.endpoints);
      case "call":
        return among(this.#callWatches, matcher.endpoints);
      case "check":
        return among(this.#checkWatches, matcher.endpoints);
      case "iteration":
        return among(this.#iterationWatches, matcher.workloads);
      case "dropped":
        return among(this.#droppedWatches, matcher.workloads);
      case "arrival":
        return among(this.#arrivalWatches, matcher.workloads);
      case "change":
        return among(this.#changeWatches, matcher.services);
      case "state":
        return isStateMetric(metric) ? this.#state.feed(metric, matcher.services, into) : undefined;
      case "log":
        return among(this.#logWatches, matcher.services);
      case "vus":
        return this.#vus.feed(metric === "vus" ? "active" : "initialised", matcher.workloads, into);
      case "station":
        return this.#stations.feed(
          metric === "service_utilization" ? "utilization" : "queued",
          matcher.services,
          into,
        );
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
        case FactKind.arrival:
          this.#arrival(batch, row);
          break;
        case FactKind.vus: {
          const workload = batch.workload[row]!, time = batch.time[row]!;
          this.#vus.take(workload, time, batch.wait[row]!, batch.extra[row]!);
          this.#workloads[workload]!.sample(time);
          this.#workloads[workload]!.startTime = batch.start[row]!;
          break;
        }
        case FactKind.change:
          this.#change(batch, row);
          this.#state.take(batch, row);
          break;
        case FactKind.log:
          this.#logSteps++;
          for (const { into } of this.#logWatches[batch.service[row]!]!) into.add(1, batch.time[row]!);
          break;
        case FactKind.station:
          this.#stations.take(
            batch.service[row]!,
            batch.replica[row]!,
            batch.time[row]!,
            batch.wait[row]!,
            batch.start[row]!,
            batch.flags[row]! !== FactFlag.down,
          );
          break;
        default:
          this.#state.take(batch, row);
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
    if ((traits & Trait.cancelled) !== 0) totals.cancelled++;
    if ((traits & Trait.untraced) !== 0) totals.untraced++;
    if ((traits & Trait.refused) !== 0) countRefusal(totals, batch.outcome[row]!);
    else {
      totals.duration.add(durationOf(batch, row));
      totals.wait.add(batch.wait[row]!);
    }
    addTo(this.#requestWatches[endpoint]!, traits, batch, row, this.#plan.endpoints);
  }

  #call(batch: FactBatch, row: number): void {
    const traits = callTraits(batch, row);
    if (traits === 0) return;
    const endpoint = batch.endpoint[row]!;
    const totals = this.#endpoints[endpoint]!;
    const retry = (traits & Trait.retry) !== 0;
    const timeout = (traits & Trait.timeout) !== 0;
    const ofJourney = (traits & Trait.journey) !== 0;
    const heldBack = (traits & Trait.heldBack) !== 0, hedge = (traits & Trait.hedge) !== 0;
    if (retry || timeout || heldBack || hedge) {
      if (heldBack) totals.held_back++;
      if (hedge) totals.hedges++;
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
        const value = sampleOf(watch, traits, batch, row, this.#plan.endpoints);
        if (!Number.isNaN(value)) watch.into.add(value, batch.time[row]!);
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
    const endpoint = this.#plan.endpoints[batch.endpoint[row]!]!;
    if ((traits & Trait.unsent) === 0) ofWorkload.dataSent += endpoint.size.request;
    if ((traits & Trait.answered) !== 0) ofWorkload.dataReceived += endpoint.size.response;
    addTo(this.#journeyWatches[endpoint.index]!, traits, batch, row, this.#plan.endpoints);
    if (this.#checks.any) {
      this.#checks.take(traits, batch, row, ofWorkload.checks, this.#checkWatches[endpoint.index]!);
    }
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
      watch.into.add(sampleOf(watch, traits, batch, row, this.#plan.endpoints), batch.time[row]!);
    }
  }

  #dropped(batch: FactBatch, row: number): void {
    const workload = batch.workload[row]!;
    const count = batch.extra[row]!;
    this.#workloads[workload]!.dropped += count;
    for (const { into } of this.#droppedWatches[workload]!) into.add(count, batch.time[row]!);
  }

  #change(batch: FactBatch, row: number): void {
    const service = batch.service[row]!, change = batch.outcome[row]!;
    if (change === Change.clockSet) this.#clockChanges++;
    for (const watch of this.#changeWatches[service]!) {
      if (watch.change !== change) continue;
      watch.into.add(sampleOf(watch, Trait.counted, batch, row, this.#plan.endpoints), batch.time[row]!);
    }
  }

  #arrival(batch: FactBatch, row: number): void {
    const workload = batch.workload[row]!;
    const started = batch.extra[row]!;
    const totals = this.#workloads[workload]!;
    // It may have begun since the last sample.
    if (totals.due === 0) totals.startTime = Math.min(totals.startTime, batch.time[row]!);
    totals.due++;
    totals.started += started;
    const watches = this.#arrivalWatches[workload]!;
    for (let i = 0; i < watches.length; i++) watches[i]!.into.add(started, batch.time[row]!);
  }

  /**
   * Whether the thresholds hold, at a time up to which all facts have been taken.
   * @param now since the run's start
   */
  evaluate(now: Nanos): Evaluation {
    this.#commit();
    return evaluateThresholds(this.#judged, now);
  }

  /**
   * The faults whose conditions all hold, by index in the plan; to be asked at every evaluation.
   * @param now since the run's start, up to which all facts have been taken
   */
  triggered(now: Nanos): number[] {
    if (this.#triggers.length === 0) return [];
    this.#commit();
    // Each is asked, whatever the others say: that moves its window on.
    return this.#triggers.filter(({ series }) => series.map((each) => each.holds(now)).every(Boolean))
      .map(({ fault }) => fault);
  }

  /**
   * The probes of the hypothesis; to be asked at every evaluation.
   * @param now since the run's start, up to which all facts have been taken
   */
  steadyState(now: Nanos): ThresholdResult[] {
    if (this.#steady.length === 0) return [];
    this.#commit();
    return this.#steady.map((series) => series.seen(now));
  }

  /** Each workload so far, for progress lines; cheap. */
  workloads(now: Nanos): WorkloadStats[] {
    return this.#plan.workloads.map((workload, index) => {
      const totals = this.#workloads[index]!;
      const { load, startAfter } = workload;
      const before = startAfter < 0 ? undefined : this.#plan.workloads[startAfter]!;
      const waits = before !== undefined && totals.startTime === Infinity;
      const startTime = before === undefined || waits ? workload.startTime : totals.startTime as Nanos;
      const since = (waits ? -1 : now - startTime) as Nanos;
      return {
        name: workload.name,
        executor: workload.executor,
        startTime,
        ...(waits ? { waitsFor: before.name } : {}),
        length: load.endless ? FOREVER : load.length,
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
    const parts = [...this.#parts.values()].filter(({ text, metric }) => text !== metric);
    const [unasked, asked] = [true, undefined].map((which) => parts.filter((part) => part.unasked === which));
    series.push(...unasked!, ...asked!);
    const services = this.#plan.services.map((service) =>
      serviceStats(this.#plan, service, this.#endpoints, {
        retries: this.#retriesBy[service.index]!,
        timeouts: this.#timeoutsBy[service.index]!,
        utilization: this.#stations.utilizationSinceStart(service.index),
        state: this.#state.ofService(service.index),
      })
    );
    return {
      elapsed: now,
      series,
      checks: this.#checks.all,
      services,
      workloads: this.workloads(now),
      scenarios: this.#scenarios(),
    };
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
          of("checks", totals.checks),
          of("data_sent", new Counter(totals.dataSent)),
          of("data_received", new Counter(totals.dataReceived)),
          of("iterations", new Counter(totals.complete)),
          of("iteration_duration", totals.duration),
          of("dropped_iterations", new Counter(totals.dropped, true)),
          of("iterations_started", new Rate(totals.started, totals.due)),
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
    const ofState = this.#state.total(metric);
    if (ofState !== undefined) return ofState;
    switch (metric) {
      case "http_reqs":
        return new Counter(sum(endpoints, (each) => each.httpReqs));
      case "goodput":
        return new Counter(sum(endpoints, (each) => each.goodput), true);
      case "http_req_failed":
        return new Rate(sum(endpoints, (each) => each.httpFailed), sum(endpoints, (each) => each.httpReqs));
      case "checks": {
        const all = new Rate();
        for (const { checks } of workloads) all.merge(checks);
        return all;
      }
      case "data_sent":
        return new Counter(sum(workloads, (each) => each.dataSent));
      case "data_received":
        return new Counter(sum(workloads, (each) => each.dataReceived));
      case "iterations":
        return new Counter(sum(workloads, (each) => each.complete));
      case "dropped_iterations":
        return new Counter(sum(workloads, (each) => each.dropped), true);
      case "iterations_started":
        return new Rate(sum(workloads, (each) => each.started), sum(workloads, (each) => each.due));
      case "service_requests":
        return new Counter(sum(endpoints, (each) => each.requests));
      case "service_errors":
        return new Rate(sum(endpoints, (each) => each.errors), sum(endpoints, (each) => each.requests));
      case "retries":
      case "timeouts":
      case "refused":
      case "abandoned":
      case "cancelled":
      case "held_back":
      case "hedges":
        return new Counter(sum(endpoints, (each) => each[metric]), true);
      // Where nothing of the kind can happen the summary says nothing of it.
      case "queue_timeouts":
        return new Counter(sum(endpoints, (each) => each.expired));
      case "rate_limited":
        return new Counter(sum(endpoints, (each) => each.rateLimited));
      case "shed":
        return new Counter(sum(endpoints, (each) => each.shed));
      case "untraced":
        return new Counter(sum(endpoints, (each) => each.untraced));
      case "service_clock_changes":
        return new Counter(this.#clockChanges);
      case "service_log_steps":
        return new Counter(this.#logSteps);
      case "service_pauses":
        return this.#pauses;
      case "service_throttling":
        return this.#throttling;
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
function addTo(
  watches: readonly Watch[],
  traits: number,
  batch: FactBatch,
  row: number,
  endpoints: readonly PlanEndpoint[],
): void {
  if (watches.length === 0) return;
  const workload = batch.workload[row]!, status = batch.status[row]!;
  for (let i = 0; i < watches.length; i++) {
    const watch = watches[i]!;
    const { matcher } = watch;
    if (matcher.workloads[workload] === 0 || !matcher.takesStatus(status)) continue;
    const value = sampleOf(watch, traits, batch, row, endpoints);
    if (!Number.isNaN(value)) watch.into.add(value, batch.time[row]!);
  }
}

function countRefusal(totals: EndpointTotals, outcome: number): void {
  totals.refused++;
  if (outcome === Outcome.expired) totals.expired++;
  else if (outcome === Outcome.rateLimited) totals.rateLimited++;
  else if (outcome === Outcome.tooLate) totals.tooLate++;
  else if (outcome !== Outcome.refused) totals.shed++;
}

function known(metric: string): MetricName {
  if (!isMetricName(metric)) throw new RangeError(`There is no metric "${metric}"`);
  return metric;
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
