// The gauges `vus` and `vus_max`: the workloads' numbers of VUs, told once a simulated second, added up.

import type { Plan } from "../plan/plan.ts";
import { Gauge } from "./gauge.ts";

/** The sum over some of the workloads. */
interface Series {
  readonly of: "active" | "initialised";
  /** By index of the workload, 1 where it is added. */
  readonly workloads: Uint8Array;
  readonly gauge: Gauge;
}

/** Rows of one instant belong together: their sums become samples when the next instant comes, or when one asks. */
export class VuGauges {
  readonly active: Float64Array;
  readonly initialised: Float64Array;
  readonly #series: Series[] = [];
  #time = NaN;
  #open = false;

  constructor(plan: Plan) {
    this.active = new Float64Array(plan.workloads.length);
    this.initialised = new Float64Array(plan.workloads.length);
  }

  watch(of: Series["of"], workloads: Uint8Array): Gauge {
    const gauge = new Gauge();
    this.#series.push({ of, workloads, gauge });
    return gauge;
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

  /** Makes samples of what has been told; call it only when the instant is over. */
  commit(): void {
    if (!this.#open) return;
    this.#open = false;
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
