// When the facts about VUs and replicas, told once a simulated second, become samples of the gauges. Rows of one instant
// belong together: they become samples when a later instant comes, or when one asks.

import { SECOND } from "../base/time.ts";
import { capacityOf, type Plan } from "./plan.ts";

/** The workloads' numbers of VUs. */
export class VuSamples {
  /** By index of the workload, as told last. */
  readonly active: Float64Array;
  readonly initialised: Float64Array;
  readonly #onSample: () => void;
  #time = NaN;
  #open = false;

  /** @param onSample called with every sample: what is here then is it */
  constructor(plan: Plan, onSample: () => void) {
    this.active = new Float64Array(plan.workloads.length);
    this.initialised = new Float64Array(plan.workloads.length);
    this.#onSample = onSample;
  }

  /** When what was told last was so, in nanoseconds since the run's start; NaN before that. */
  get time(): number {
    return this.#time;
  }

  take(workload: number, time: number, active: number, initialised: number): void {
    if (time !== this.#time) {
      this.commit();
      this.#time = time;
    }
    this.active[workload] = active;
    this.initialised[workload] = initialised;
    this.#open = true;
  }

  /** Makes a sample of what has been told; call it only when the instant is over. */
  commit(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#onSample();
  }
}

/** A share of busy time over less than this says too little, as at the end of a run. */
const UTILIZATION_OVER_MIN = SECOND / 2;

/** Each service's queues, and cores or workers, over all its replicas. */
export class StationSamples {
  /** By service: requests in its queues, and the share of cores or workers in use since the last sample; NaN where there is none. */
  readonly queued: Float64Array;
  readonly utilization: Float64Array;
  readonly #onSample: (withUtilization: boolean) => void;
  readonly #capacities: Float64Array;
  /** By replica of any service: as told last. */
  readonly #first: Int32Array;
  readonly #replicaQueued: Float64Array;
  readonly #replicaBusy: Float64Array;
  /** By service: busy nanoseconds up to the last sample of the utilization. */
  readonly #busyBefore: Float64Array;
  #sampled = 0;
  #time = 0;
  #open = false;

  /** @param onSample called with every sample; `withUtilization` says whether the utilization is part of it */
  constructor(plan: Plan, onSample: (withUtilization: boolean) => void) {
    const { services } = plan;
    this.#onSample = onSample;
    this.queued = new Float64Array(services.length);
    this.utilization = new Float64Array(services.length).fill(NaN);
    this.#busyBefore = new Float64Array(services.length);
    this.#capacities = Float64Array.from(services, (service) => service.replicas * capacityOf(service));
    this.#first = new Int32Array(services.length + 1);
    for (const { index, replicas } of services) this.#first[index + 1] = this.#first[index]! + replicas;
    this.#replicaQueued = new Float64Array(this.#first[services.length]!);
    this.#replicaBusy = new Float64Array(this.#first[services.length]!);
  }

  /** When what was told last was so, in nanoseconds since the run's start. */
  get time(): number {
    return this.#time;
  }

  /** @param busy_ns nanoseconds that this replica's cores, or its workers, were in use since the run's start */
  take(service: number, replica: number, time: number, queued: number, busy_ns: number): void {
    if (time !== this.#time) {
      this.commit();
      this.#time = time;
    }
    const station = this.#first[service]! + replica;
    this.#replicaQueued[station] = queued;
    this.#replicaBusy[station] = busy_ns;
    this.#open = true;
  }

  /** Mean share of the service's cores, or workers, in use from the run's start to the last sample; null without a limit. */
  utilizationSinceStart(service: number): number | null {
    const capacity = this.#capacities[service]!;
    if (capacity === Infinity || this.#time === 0) return null;
    return this.#sumOf(this.#replicaBusy, service) / (capacity * this.#time);
  }

  /** Makes a sample of what has been told; call it only when the instant is over. */
  commit(): void {
    if (!this.#open) return;
    this.#open = false;
    const elapsed = this.#time - this.#sampled;
    const longEnough = elapsed >= UTILIZATION_OVER_MIN;
    for (let service = 0; service < this.queued.length; service++) {
      this.queued[service] = this.#sumOf(this.#replicaQueued, service);
      const capacity = this.#capacities[service]!;
      if (!longEnough || capacity === Infinity) continue;
      const busy = this.#sumOf(this.#replicaBusy, service);
      this.utilization[service] = (busy - this.#busyBefore[service]!) / (capacity * elapsed);
      this.#busyBefore[service] = busy;
    }
    if (longEnough) this.#sampled = this.#time;
    this.#onSample(longEnough);
  }

  #sumOf(values: Float64Array, service: number): number {
    let sum = 0;
    for (let i = this.#first[service]!; i < this.#first[service + 1]!; i++) sum += values[i]!;
    return sum;
  }
}
