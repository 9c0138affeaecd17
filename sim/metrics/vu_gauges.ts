// The gauges `vus` and `vus_max`: over several workloads, their sum.

import { VuSamples } from "../plan/gauge_samples.ts";
import type { Plan } from "../plan/plan.ts";
import { Gauge } from "./gauge.ts";

/** The sum over some of the workloads. */
interface Series {
  readonly of: "active" | "initialised";
  /** By index of the workload, 1 where it is added. */
  readonly workloads: Uint8Array;
  readonly gauge: Gauge;
}

export class VuGauges extends VuSamples {
  readonly #series: Series[] = [];

  constructor(plan: Plan) {
    super(plan, () => this.#sample());
  }

  watch(of: Series["of"], workloads: Uint8Array): Gauge {
    const gauge = new Gauge();
    this.#series.push({ of, workloads, gauge });
    return gauge;
  }

  #sample(): void {
    for (const { of, workloads, gauge } of this.#series) {
      let sum = 0, any = false;
      for (let i = 0; i < workloads.length; i++) {
        if (workloads[i] === 0) continue;
        any = true;
        sum += this[of][i]!;
      }
      if (any) gauge.add(sum);
    }
  }
}
