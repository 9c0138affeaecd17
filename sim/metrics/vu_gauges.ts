// The gauges `vus` and `vus_max`: over several workloads, their sum.

import { VuSamples } from "../plan/gauge_samples.ts";
import type { Plan } from "../plan/plan.ts";
import { Gauge } from "./gauge.ts";
import type { Sampled } from "./instrument.ts";

/** The sum over some of the workloads. */
interface Series {
  readonly of: "active" | "initialised";
  /** By index of the workload, 1 where it is added. */
  readonly workloads: Uint8Array;
  readonly into: Sampled;
}

export class VuGauges extends VuSamples {
  readonly #series: Series[] = [];

  constructor(plan: Plan) {
    super(plan, () => this.#sample());
  }

  watch(of: Series["of"], workloads: Uint8Array): Gauge {
    const gauge = new Gauge();
    this.feed(of, workloads, gauge);
    return gauge;
  }

  /** Gives every sample to `into` from now on. */
  feed(of: Series["of"], workloads: Uint8Array, into: Sampled): void {
    this.#series.push({ of, workloads, into });
  }

  #sample(): void {
    for (const { of, workloads, into } of this.#series) {
      let sum = 0, any = false;
      for (let i = 0; i < workloads.length; i++) {
        if (workloads[i] === 0) continue;
        any = true;
        sum += this[of][i]!;
      }
      if (any) into.add(sum, this.time);
    }
  }
}
