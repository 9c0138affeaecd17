// The gauges `service_queue_length` and `service_utilization`: over several services, the greatest value.

import { StationSamples } from "../plan/gauge_samples.ts";
import type { Plan } from "../plan/plan.ts";
import { Gauge } from "./gauge.ts";
import type { Sampled } from "./instrument.ts";

/** The greatest among some of the services. */
interface Series {
  readonly of: "queued" | "utilization";
  /** By index of the service, 1 where it counts. */
  readonly services: Uint8Array;
  readonly into: Sampled;
}

export class StationGauges extends StationSamples {
  readonly #series: Series[] = [];

  constructor(plan: Plan) {
    super(plan, (withUtilization) => this.#sample(withUtilization));
  }

  watch(of: Series["of"], services: Uint8Array): Gauge {
    const gauge = new Gauge();
    this.feed(of, services, gauge);
    return gauge;
  }

  /** Gives every sample to `into` from now on. */
  feed(of: Series["of"], services: Uint8Array, into: Sampled): void {
    this.#series.push({ of, services, into });
  }

  #sample(withUtilization: boolean): void {
    for (const { of, services, into } of this.#series) {
      if (of === "utilization" && !withUtilization) continue;
      const most = greatest(this[of], services);
      if (most !== undefined) into.add(most, this.time);
    }
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
