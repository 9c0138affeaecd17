// Facts as points: every sample of every metric with its time, its value and its tags, in the order of time. Which facts
// are samples is the plan's word (samples.ts), so that the points add up to what the summary says; how a point is
// written is a format's.

import { isExpectedStatus, METRIC_NAMES, type MetricName, metricSpec, type TagName } from "../objectives/metrics.ts";
import { type FactBatch, FactFlag, FactKind, Outcome, OUTCOMES_MAX } from "../plan/facts.ts";
import { StationSamples, VuSamples } from "../plan/gauge_samples.ts";
import type { Plan, PlanEndpoint } from "../plan/plan.ts";
import { isStateMetric, stateRule } from "../plan/state_samples.ts";
import {
  callTraits,
  checkHolds,
  checksOn,
  iterationTraits,
  requestTraits,
  SAMPLE_RULES,
  sampleOf,
  type SampleSource,
  Trait,
} from "../plan/samples.ts";
import { ByteWriter, NUMBER_BYTES_MAX } from "../telemetry/byte_writer.ts";
import { EpochClock } from "../telemetry/clock.ts";
import { authority, publicHost, targetOf } from "../telemetry/targets.ts";

/** By name, sorted by it. */
export type PointTags = ReadonlyMap<string, string>;

/** How points are written. A point is head, time, `beforeValue`, value and tail. */
export interface PointFormat {
  /** What a file begins with. */
  readonly header: string;
  /** What stands once before the first point of a metric. */
  preamble(metric: MetricName): string;
  head(metric: MetricName): string;
  readonly beforeValue: string;
  tail(tags: PointTags): string;
  /** Room that a time takes at most. */
  readonly timeBytesMax: number;
  /** The writers give the place after what they wrote. */
  writeTime(bytes: Uint8Array, at: number, seconds: number, nanos: number): number;
  /** Nanoseconds, in milliseconds. */
  writeDuration(bytes: Uint8Array, at: number, duration_ns: number): number;
  writeNumber(bytes: Uint8Array, at: number, value: number): number;
}

/** Points that have been written, and where each of them ends. */
export class PointBuffer extends ByteWriter {
  ends = new Uint32Array(1024);
  points = 0;

  /** Ends a point. */
  end(): void {
    if (this.points === this.ends.length) {
      const larger = new Uint32Array(this.ends.length * 2);
      larger.set(this.ends);
      this.ends = larger;
    }
    this.ends[this.points++] = this.length;
  }

  override clear(): void {
    super.clear();
    this.points = 0;
  }
}

/** A metric as its points are written. */
interface Series {
  readonly metric: MetricName;
  readonly rule: (typeof SAMPLE_RULES)[MetricName];
  readonly isTime: boolean;
  readonly head: Uint8Array;
  announced: boolean;
}

/** Values with fractions are short texts of JavaScript; whole ones and times are shorter than that. */
const VALUE_BYTES_MAX = NUMBER_BYTES_MAX + 8;
/** More than any HTTP status. */
const STATUSES = 1024;

const encoder = new TextEncoder();

/** Writes the points of facts into a buffer. */
export class Points {
  readonly #plan: Plan;
  readonly #format: PointFormat;
  readonly #out: PointBuffer;
  readonly #clock: EpochClock;
  readonly #beforeValue: Uint8Array;
  readonly #series: Readonly<Record<SampleSource, readonly Series[]>>;
  /** By a number made of what the tags depend on. */
  readonly #tails: Readonly<Record<SampleSource, Map<number, Uint8Array>>>;
  readonly #tags: TagSets;
  /** Numbers of checks, by their names. */
  readonly #checks = new Map<string, number>();
  readonly #vus: VuSamples;
  readonly #stations: StationSamples;
  /** When the gauges were told something that is no point yet; Infinity when there is nothing. */
  #gaugesOpenAt = Infinity;

  constructor(plan: Plan, startEpochNs: bigint, format: PointFormat, out: PointBuffer) {
    this.#plan = plan;
    this.#format = format;
    this.#out = out;
    this.#clock = new EpochClock(startEpochNs);
    this.#beforeValue = encoder.encode(format.beforeValue);
    this.#tags = new TagSets(plan);
    for (const { name } of plan.sites.flatMap(({ checks }) => checks)) {
      if (!this.#checks.has(name)) this.#checks.set(name, this.#checks.size);
    }
    const of = <T>(make: (source: SampleSource) => T): Record<SampleSource, T> => ({
      journey: make("journey"),
      check: make("check"),
      request: make("request"),
      call: make("call"),
      iteration: make("iteration"),
      dropped: make("dropped"),
      arrival: make("arrival"),
      vus: make("vus"),
      station: make("station"),
      change: make("change"),
      state: make("state"),
      log: make("log"),
    });
    this.#series = of((source) =>
      METRIC_NAMES.filter((metric) => SAMPLE_RULES[metric].source === source).map((metric): Series => ({
        metric,
        rule: SAMPLE_RULES[metric],
        isTime: metricSpec(metric).contains === "time",
        head: encoder.encode(format.head(metric)),
        announced: false,
      }))
    );
    this.#tails = of(() => new Map());
    this.#vus = new VuSamples(plan, () => this.#vuPoints());
    this.#stations = new StationSamples(plan, (withUtilization) => this.#stationPoints(withUtilization));
  }

  /** Writes the points of a row, after those of gauges whose instant is over. */
  write(batch: FactBatch, row: number): void {
    if (batch.time[row]! > this.#gaugesOpenAt) this.commit();
    switch (batch.kind[row]) {
      case FactKind.request:
        return this.#request(batch, row);
      case FactKind.call:
        return this.#call(batch, row);
      case FactKind.iteration:
        return this.#ofWorkload("iteration", iterationTraits(batch, row), batch, row);
      case FactKind.dropped:
        return this.#ofWorkload("dropped", Trait.counted, batch, row);
      case FactKind.arrival:
        return this.#ofWorkload("arrival", Trait.counted, batch, row);
      case FactKind.change:
        this.#change(batch, row);
        return this.#state(batch, row);
      case FactKind.log:
        return this.#log(batch, row);
      case FactKind.vus:
        this.#gaugesOpenAt = batch.time[row]!;
        return this.#vus.take(batch.workload[row]!, batch.time[row]!, batch.wait[row]!, batch.extra[row]!);
      case FactKind.station:
        this.#gaugesOpenAt = batch.time[row]!;
        return this.#stations.take(
          batch.service[row]!,
          batch.replica[row]!,
          batch.time[row]!,
          batch.wait[row]!,
          batch.start[row]!,
          batch.flags[row]! !== FactFlag.down,
        );
      default:
        return this.#state(batch, row);
    }
  }

  #state(batch: FactBatch, row: number): void {
    for (const series of this.#series.state) {
      if (!isStateMetric(series.metric)) continue;
      const rule = stateRule(series.metric);
      const value = rule.kind === batch.kind[row] ? rule.value(batch, row) : NaN;
      if (Number.isNaN(value)) continue;
      const service = rule.service(this.#plan, batch, row);
      const tail = this.#tails.state.get(service) ?? this.#newTail("state", service, this.#tags.service(service));
      this.#clock.at(batch.time[row]!);
      this.#point(series, value, tail);
    }
  }

  /** Makes points of what the gauges were told; call it only when the instant is over. */
  commit(): void {
    this.#gaugesOpenAt = Infinity;
    this.#vus.commit();
    this.#stations.commit();
  }

  #request(batch: FactBatch, row: number): void {
    const traits = requestTraits(batch, row);
    if (traits === 0) return;
    const status = batch.status[row]!;
    const key = this.#callee(batch, row) * STATUSES + status;
    const tail = this.#tails.request.get(key) ??
      this.#newTail("request", key, this.#tags.request(batch.workload[row]!, batch.endpoint[row]!, status));
    this.#write(this.#series.request, traits, batch, row, tail);
  }

  #call(batch: FactBatch, row: number): void {
    const traits = callTraits(batch, row);
    if (traits === 0) return;
    if ((traits & (Trait.retry | Trait.timeout | Trait.heldBack | Trait.hedge)) !== 0) {
      this.#attempt(traits, batch, row);
    }
    if ((traits & Trait.journey) === 0) return;
    const status = batch.status[row]!, outcome = batch.outcome[row]!;
    const key = (this.#callee(batch, row) * STATUSES + status) * OUTCOMES_MAX + outcome;
    const tail = this.#tails.journey.get(key) ??
      this.#newTail("journey", key, this.#tags.journey(batch.workload[row]!, batch.endpoint[row]!, status, outcome));
    this.#write(this.#series.journey, traits, batch, row, tail);
    if (this.#checks.size > 0) this.#check(traits, batch, row);
  }

  #change(batch: FactBatch, row: number): void {
    const service = batch.service[row]!, change = batch.outcome[row]!;
    for (const series of this.#series.change) {
      if (series.rule.change !== change) continue;
      const tail = this.#tails.change.get(service) ?? this.#newTail("change", service, this.#tags.service(service));
      this.#clock.at(batch.time[row]!);
      this.#point(series, sampleOf(series.rule, Trait.counted, batch, row, this.#plan.endpoints), tail);
    }
  }

  #log(batch: FactBatch, row: number): void {
    const service = batch.service[row]!;
    const tail = this.#tails.log.get(service) ?? this.#newTail("log", service, this.#tags.service(service));
    this.#write(this.#series.log, Trait.counted, batch, row, tail);
  }

  #check(traits: number, batch: FactBatch, row: number): void {
    const checks = checksOn(this.#plan, traits, batch, row);
    for (let i = 0; i < checks.length; i++) {
      const check = checks[i]!;
      const key = this.#callee(batch, row) * this.#checks.size + this.#checks.get(check.name)!;
      const tail = this.#tails.check.get(key) ??
        this.#newTail("check", key, this.#tags.check(batch.workload[row]!, batch.endpoint[row]!, check.name));
      for (const series of this.#series.check) this.#point(series, +checkHolds(check, batch, row), tail);
    }
  }

  #attempt(traits: number, batch: FactBatch, row: number): void {
    const ofJourney = (batch.flags[row]! & FactFlag.journey) !== 0;
    const caller = ofJourney ? this.#plan.services.length : batch.service[row]!;
    const key = this.#callee(batch, row) * (this.#plan.services.length + 1) + caller;
    const tail = this.#tails.call.get(key) ??
      this.#newTail("call", key, this.#tags.call(batch.workload[row]!, batch.endpoint[row]!, caller));
    this.#write(this.#series.call, traits, batch, row, tail);
  }

  #ofWorkload(source: "iteration" | "dropped" | "arrival", traits: number, batch: FactBatch, row: number): void {
    if (traits === 0) return;
    const tail = this.#workloadTail(source, batch.workload[row]!);
    this.#write(this.#series[source], traits, batch, row, tail);
  }

  #callee(batch: FactBatch, row: number): number {
    return batch.workload[row]! * this.#plan.endpoints.length + batch.endpoint[row]!;
  }

  #workloadTail(source: "iteration" | "dropped" | "arrival" | "vus", workload: number): Uint8Array {
    return this.#tails[source].get(workload) ?? this.#newTail(source, workload, this.#tags.workload(workload));
  }

  #newTail(source: SampleSource, key: number, tags: PointTags): Uint8Array {
    const tail = encoder.encode(this.#format.tail(tags));
    this.#tails[source].set(key, tail);
    return tail;
  }

  #vuPoints(): void {
    this.#clock.at(this.#vus.time);
    for (let workload = 0; workload < this.#plan.workloads.length; workload++) {
      const tail = this.#workloadTail("vus", workload);
      for (const series of this.#series.vus) {
        const { active, initialised } = this.#vus;
        this.#point(series, (series.metric === "vus" ? active : initialised)[workload]!, tail);
      }
    }
  }

  #stationPoints(withUtilization: boolean): void {
    this.#clock.at(this.#stations.time);
    const { queued, utilization } = this.#stations;
    for (let service = 0; service < queued.length; service++) {
      const tail = this.#tails.station.get(service) ??
        this.#newTail("station", service, this.#tags.service(service));
      for (const series of this.#series.station) {
        if (series.metric === "service_queue_length") this.#point(series, queued[service]!, tail);
        else if (withUtilization && !Number.isNaN(utilization[service]!)) {
          this.#point(series, utilization[service]!, tail);
        }
      }
    }
  }

  #write(all: readonly Series[], traits: number, batch: FactBatch, row: number, tail: Uint8Array): void {
    this.#clock.at(batch.time[row]!);
    for (let i = 0; i < all.length; i++) {
      const value = sampleOf(all[i]!.rule, traits, batch, row, this.#plan.endpoints);
      if (!Number.isNaN(value)) this.#point(all[i]!, value, tail);
    }
  }

  /** Writes a point at the clock's time. */
  #point(series: Series, value: number, tail: Uint8Array): void {
    const out = this.#out, format = this.#format, { head } = series;
    if (!series.announced) this.#announce(series);
    out.ensure(head.length + format.timeBytesMax + this.#beforeValue.length + VALUE_BYTES_MAX + tail.length);
    const { bytes } = out;
    bytes.set(head, out.length);
    let at = format.writeTime(bytes, out.length + head.length, this.#clock.seconds, this.#clock.nanos);
    bytes.set(this.#beforeValue, at);
    at += this.#beforeValue.length;
    at = series.isTime ? format.writeDuration(bytes, at, value) : format.writeNumber(bytes, at, value);
    bytes.set(tail, at);
    out.length = at + tail.length;
    out.end();
  }

  /** The metric's description belongs to its first point: both are in a file, or neither. */
  #announce(series: Series): void {
    series.announced = true;
    const preamble = encoder.encode(this.#format.preamble(series.metric));
    this.#out.ensure(preamble.length);
    this.#out.bytes.set(preamble, this.#out.length);
    this.#out.length += preamble.length;
  }
}

/** k6's codes for a request without an answer (its error_codes.go), and what it says then. */
const NO_ANSWER: ReadonlyMap<number, readonly [code: string, error: string]> = new Map([
  [Outcome.timeout, ["1050", "request timeout"]],
  [Outcome.aborted, ["1212", "dial: connection refused"]],
  [Outcome.notPermitted, ["1000", "circuit breaker is open"]],
  [Outcome.bulkheadFull, ["1000", "bulkhead is full"]],
  [Outcome.noConnection, ["1000", "no connection within the pool's wait"]],
  [Outcome.reset, ["1220", "read: connection reset by peer"]],
  [Outcome.unreachable, ["1211", "dial: i/o timeout"]],
]);
const OTHER_ERROR = ["1000", "no answer"] as const;

/**
 * The tags of points: those that selectors may ask for, the `tags` of the file's scenarios, and k6's own that go with an
 * HTTP request: `name` and `url` (its address without the values of parameters), `proto`, `error` and `error_code`.
 */
class TagSets {
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  workload(index: number): PointTags {
    const { name, tags } = this.#plan.workloads[index]!;
    return sorted([...tags, ["scenario" satisfies TagName, name]]);
  }

  service(index: number): PointTags {
    return sorted([["service" satisfies TagName, this.#plan.services[index]!.name]]);
  }

  check(workload: number, endpoint: number, name: string): PointTags {
    return sorted([...this.#callee(workload, endpoint), ["check" satisfies TagName, name]]);
  }

  request(workload: number, endpoint: number, status: number): PointTags {
    return sorted([...this.#callee(workload, endpoint), ["status" satisfies TagName, String(status)]]);
  }

  /** @param caller index of the service; of none for a journey */
  call(workload: number, endpoint: number, caller: number): PointTags {
    const name = this.#plan.services[caller]?.name;
    return sorted([
      ...this.#callee(workload, endpoint),
      ...(name === undefined ? [] : [["caller" satisfies TagName, name] as const]),
    ]);
  }

  journey(workload: number, endpoint: number, status: number, outcome: number): PointTags {
    const callee = this.#plan.endpoints[endpoint]!;
    const tags = new Map(this.request(workload, endpoint, status));
    tags.set("expected_response" satisfies TagName, String(isExpectedStatus(status)));
    const url = addressOf(this.#plan, callee);
    if (url !== undefined) {
      tags.set("name", url).set("url", url);
      if (status !== 0) tags.set("proto", callee.protocol.type === "http" ? "HTTP/1.1" : "HTTP/2.0");
    }
    if (status >= 400) tags.set("error_code", String(1000 + status));
    else if (status === 0) {
      const [code, error] = NO_ANSWER.get(outcome) ?? OTHER_ERROR;
      tags.set("error_code", code).set("error", error);
    }
    return sorted(tags);
  }

  #callee(workload: number, index: number): (readonly [string, string])[] {
    const endpoint = this.#plan.endpoints[index]!;
    return [
      ...this.workload(workload),
      ["service" satisfies TagName, this.#plan.services[endpoint.service]!.name],
      ["endpoint" satisfies TagName, endpoint.name],
      ["method" satisfies TagName, endpoint.protocol.method],
    ];
  }
}

/** What a user calls; undefined for a database, a cache or a queue, which have no such address. */
function addressOf(plan: Plan, endpoint: PlanEndpoint): string | undefined {
  const target = targetOf(plan, endpoint);
  if (target.kind === "database" || target.kind === "queue") return undefined;
  const origin = target.service.kind === "external" ? authority(target) : `https://${publicHost(plan)}`;
  return endpoint.protocol.type === "http" ? origin + endpoint.protocol.route : `${origin}/${target.method}`;
}

/** Where a name stands twice the last one counts. */
function sorted(tags: Iterable<readonly [string, string]>): PointTags {
  return new Map([...new Map(tags)].sort(([a], [b]) => a < b ? -1 : 1));
}
