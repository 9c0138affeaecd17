// The gauges `service_queue_length` and `service_utilization`: each service's replicas, told once a simulated second.

import { SECOND } from "../base/time.ts";
import type { Plan } from "../plan/plan.ts";
import { Gauge } from "./gauge.ts";

/** The greatest among some of the services. */
interface Series {
  readonly of: "queued" | "utilization";
  /** By index of the service, 1 where it counts. */
  readonly services: Uint8Array;
  readonly gauge: Gauge;
}

/** A share of busy time over less than this says too little, as at the end of a run. */
const UTILIZATION_OVER_MIN = SECOND / 2;

/** Rows of one instant belong together: they become samples when the next instant comes, or when one asks. */
export class StationGauges {
  /** By service: requests in its queues, and the share of workers busy since the last sample; NaN where there is none. */
  readonly queued: Float64Array;
  readonly utilization: Float64Array;
  readonly #workers: Float64Array;
  /** By replica of any service: as told last. */
  readonly #first: Int32Array;
  readonly #replicaQueued: Float64Array;
  readonly #replicaBusy: Float64Array;
  /** By service: worker-nanoseconds up to the last sample of the utilization. */
  readonly #busyBefore: Float64Array;
  readonly #series: Series[] = [];
  #sampled = 0;
  #time = 0;
  #open = false;

  constructor(plan: Plan) {
    const { services } = plan;
    this.queued = new Float64Array(services.length);
    this.utilization = new Float64Array(services.length).fill(NaN);
    this.#busyBefore = new Float64Array(services.length);
    this.#workers = Float64Array.from(services, (service) => service.replicas * service.concurrency);
    this.#first = new Int32Array(services.length + 1);
    for (const { index, replicas } of services) this.#first[index + 1] = this.#first[index]! + replicas;
    this.#replicaQueued = new Float64Array(this.#first[services.length]!);
    this.#replicaBusy = new Float64Array(this.#first[services.length]!);
  }

  watch(of: Series["of"], services: Uint8Array): Gauge {
    const gauge = new Gauge();
    this.#series.push({ of, services, gauge });
    return gauge;
  }

  /** @param busy_ns worker-nanoseconds that this replica was busy since the run's start */
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

  /** Mean share of the service's workers that were busy, from the run's start to the last sample; null without a limit. */
  utilizationSinceStart(service: number): number | null {
    const workers = this.#workers[service]!;
    if (workers === Infinity || this.#time === 0) return null;
    return this.#sumOf(this.#replicaBusy, service) / (workers * this.#time);
  }

  /** Makes samples of what has been told; call it only when the instant is over. */
  commit(): void {
    if (!this.#open) return;
    this.#open = false;
    const elapsed = this.#time - this.#sampled;
    const longEnough = elapsed >= UTILIZATION_OVER_MIN;
    for (let service = 0; service < this.queued.length; service++) {
      this.queued[service] = this.#sumOf(this.#replicaQueued, service);
      const workers = this.#workers[service]!;
      if (!longEnough || workers === Infinity) continue;
      const busy = this.#sumOf(this.#replicaBusy, service);
      this.utilization[service] = (busy - this.#busyBefore[service]!) / (workers * elapsed);
      this.#busyBefore[service] = busy;
    }
    if (longEnough) this.#sampled = this.#time;
    for (const { of, services, gauge } of this.#series) {
      if (of === "utilization" && !longEnough) continue;
      const most = greatest(this[of], services);
      if (most !== undefined) gauge.add(most);
    }
  }

  #sumOf(values: Float64Array, service: number): number {
    let sum = 0;
    for (let i = this.#first[service]!; i < this.#first[service + 1]!; i++) sum += values[i]!;
    return sum;
  }
}

function greatest(values: Float64Array, counts: Uint8Array): number | undefined {
  let most: number | undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (counts[i] === 1 && !Number.isNaN(value) && (most === undefined || value > most)) most = value;
  }
  return most;
}
