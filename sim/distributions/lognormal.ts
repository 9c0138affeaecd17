// The lognormal distribution through two percentiles: `{p50: 8ms, p99: 40ms}`. The usual shape of a service's latency.

import { required, wrong } from "../base/fields.ts";
import { constant } from "./constant.ts";
import { distributionKind } from "./kind.ts";
import { normalQuantile } from "./normal_quantile.ts";

const P99_IN_DEVIATIONS = normalQuantile(0.99);

export const lognormal = distributionKind({
  summary: "Median and 99th percentile; lognormal through both, as latencies of services mostly are.",
  fields: ({ field }) => ({
    p50: required(field, "The median."),
    p99: required(field, "The value that 99 of 100 stay below."),
  }),
  compile({ p50, p99 }, values, node, diagnostics) {
    const { format } = values;
    if (p99 < p50) {
      return wrong(node, `p99 is below p50`, diagnostics, "p99 is at least p50");
    }
    if (p99 === p50) return constant(p50, values);
    if (p50 === 0) {
      return wrong(node, "p50 is 0, which no lognormal distribution has", diagnostics, "a p50 above 0");
    }
    const sigma = Math.log(p99 / p50) / P99_IN_DEVIATIONS;
    return {
      text: `p50 ${format(p50)}, p99 ${format(p99)}`,
      mean: p50 * Math.exp(sigma * sigma / 2),
      least: 0,
      sample: (u) => p50 * Math.exp(sigma * normalQuantile(u)),
    };
  },
});
