// The gauges `service_queue_length` and `service_utilization`: over several services, the greatest value.

import { StationSamples } from "../plan/gauge_samples.ts";
import type { Plan } from "../plan/plan.ts";
import { Gauge } from "./gauge.ts";

/** The greatest among some of the services. */
interface Series {
  readonly of: "queued" | "utilization";
  /** By index of the service, 1 where it counts. */
  readonly services: Uint8Array;
  readonly gauge: Gauge;
}

export class StationGauges extends StationSamples {
  readonly #series: Series[] = [];

  constructor(plan: Plan) {
    super(plan, (withUtilization) => this.#sample(withUtilization));
  }

  watch(of: Series["of"], services: Uint8Array): Gauge {
    const gauge = new Gauge();
    this.#series.push({ of, services, gauge });
    return gauge;
  }

  #sample(withUtilization: boolean): void {
    for (const { of, services, gauge } of this.#series) {
      if (of === "utilization" && !withUtilization) continue;
      const most = greatest(this[of], services);
      if (most !== undefined) gauge.add(most);
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
