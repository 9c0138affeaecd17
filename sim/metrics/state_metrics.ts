// The metrics about caches, messages, locks and replicas: totals of each service, and the series that thresholds ask for.

import type { MetricName } from "../objectives/metrics.ts";
import type { FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { isStateMetric, STATE_METRICS, type StateMetric, type StateRule, stateRule } from "../plan/state_samples.ts";
import { Counter } from "./counter.ts";
import type { Instrument, Sampled } from "./instrument.ts";
import { instrumentFor } from "./watch.ts";

/** Gauges of several services show the greatest: of each the last value is kept. */
const GAUGES: ReadonlySet<StateMetric> = new Set(["consumer_lag", "service_replicas"]);

interface Series {
  readonly rule: StateRule;
  readonly metric: StateMetric;
  /** By index of the service, 1 where it counts. */
  readonly services: Uint8Array;
  readonly into: Sampled;
  /** Of a gauge: the last value of each service, or of each of its subscriptions. */
  readonly last: Map<number, number> | undefined;
}

export class StateMetrics {
  readonly #plan: Plan;
  /** By kind of fact. */
  readonly #series: (Series[] | undefined)[] = [];
  readonly #totals = new Map<StateMetric, Instrument>();
  readonly #ofService: Map<StateMetric, Instrument>[];
  /** By service and subscription: what is left to do. */
  readonly #lags: Map<number, number>[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
    const all = new Uint8Array(plan.services.length).fill(1);
    for (const metric of STATE_METRICS) {
      const total = instrumentFor(metric);
      this.#totals.set(metric, total);
      this.feed(metric, all, total);
    }
    this.#ofService = plan.services.map(() => new Map());
  }

  /** Gives the samples about some of the services to `into` from now on. */
  feed(metric: StateMetric, services: Uint8Array, into: Sampled): void {
    const rule = stateRule(metric);
    const last = GAUGES.has(metric) ? new Map<number, number>() : undefined;
    (this.#series[rule.kind] ??= []).push({ rule, metric, services, into, last });
  }

  /** Of all services; a counter that never counted is empty here, so that a run without such things does not show it. */
  total(metric: MetricName): Instrument | undefined {
    if (!isStateMetric(metric)) return undefined;
    const total = this.#totals.get(metric);
    return total instanceof Counter && total.count === 0 ? new Counter(0) : total;
  }

  /** What was measured of a service; only metrics that had samples. */
  ofService(service: number): ReadonlyMap<StateMetric, Instrument> {
    return this.#ofService[service]!;
  }

  take(batch: FactBatch, row: number): void {
    const series = this.#series[batch.kind[row]!];
    if (series === undefined) return;
    for (let i = 0; i < series.length; i++) {
      const { rule, metric, services, into, last } = series[i]!;
      const value = rule.value(batch, row);
      if (Number.isNaN(value)) continue;
      const service = rule.service(this.#plan, batch, row);
      if (services[service] === 0) continue;
      const time = batch.time[row]!;
      if (last === undefined) into.add(value, time);
      else {
        last.set(service * 65_536 + batch.site[row]! + 1, value);
        into.add(Math.max(...last.values()), time);
      }
      if (into === this.#totals.get(metric)) this.#count(service, metric, value, time, batch.site[row]!);
    }
  }

  #count(service: number, metric: StateMetric, value: number, time: number, site: number): void {
    const known = this.#ofService[service]!;
    let instrument = known.get(metric);
    if (instrument === undefined) {
      instrument = instrumentFor(metric);
      known.set(metric, instrument);
    }
    if (metric === "consumer_lag") value = this.#lagOf(service, site, value);
    instrument.add(value, time);
  }

  /** Of a service with several subscriptions: the sum of their last values. */
  #lagOf(service: number, site: number, value: number): number {
    const all = this.#lags[service] ??= new Map();
    all.set(site, value);
    let sum = 0;
    for (const each of all.values()) sum += each;
    return sum;
  }
}
