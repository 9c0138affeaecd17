// What a run says about loads that could not start all iterations that they asked for.

import { visible } from "../base/diagnostics.ts";
import type { MetricsReport } from "../metrics/report.ts";
import { formatCount, formatNumber } from "./units.ts";

export interface UnreachedRate {
  /** For the summary, where the advice has been given. */
  readonly short: string;
  /** With what to do about it. */
  readonly long: string;
}

/** Says it of each load with a rate of its own that dropped iterations. */
export function unreachedRates({ workloads, elapsed }: Pick<MetricsReport, "workloads" | "elapsed">): UnreachedRate[] {
  return workloads.filter(({ plannedRate, dropped }) => plannedRate !== undefined && dropped > 0).map((workload) => {
    const { complete, interrupted, dropped, startTime, length } = workload;
    const name = visible(workload.name);
    const started = complete + interrupted, due = started + dropped;
    const time_s = Math.max(1, Math.min(length, elapsed - startTime)) / 1e9;
    const [asked, reached] = [due, started].map((count) => `${formatNumber(count / time_s)}/s`);
    const share = `${formatCount(dropped)} of ${formatCount(due)} iterations`;
    return {
      short: `${name}: started ${reached} of the ${asked} asked for, dropped ${share}`,
      long:
        `${name}: asked for ${asked}, started ${reached} on average: ${share} were dropped because no VU was free; ` +
        "raise maxVUs, or write preAllocatedVUs: unlimited",
    };
  });
}
