// A mix of distributions: `{mix: [{weight: 99, latency: 1ms}, {weight: 1, latency: {p50: 80ms, p99: 2s}}]}`.

import { listOf, number, record, required, wrong } from "../base/fields.ts";
import type { Distribution } from "./distribution.ts";
import { distributionKind } from "./kind.ts";

/** A draw walks along the parts. */
const PARTS_MAX = 100;

/**
 * The draw chooses a part by the weights, and its place within that part's stretch is the draw of the part. The parts are
 * ordered by their means, so a low draw is a quick part: for parts that do not overlap this is the quantile function.
 */
export const mix = distributionKind({
  summary: "One of several distributions, chosen by weight for each draw: hits and misses of a cache.",
  fields: ({ any, name }) => ({
    mix: required(
      listOf(
        record(`an item of a mix`, {
          weight: required(number({ min: 0, max: 1e9 }), "How often, in relation to the other items."),
          [name]: required(any, "What is drawn then."),
        }),
        `a list like [{ weight: 99, ${name}: … }, { weight: 1, ${name}: … }]`,
        { min: 1, sizeMax: PARTS_MAX },
      ),
      "Items with a weight and a distribution.",
    ),
  }),
  compile({ mix: items }, { name }, node, diagnostics) {
    const parts = items
      .map((item) => ({ weight: item.weight as number, distribution: item[name] as Distribution }))
      .filter((part) => part.weight > 0)
      .sort((a, b) => a.distribution.mean === b.distribution.mean ? 0 : a.distribution.mean - b.distribution.mean);
    const total = parts.reduce((sum, part) => sum + part.weight, 0);
    if (total === 0) return wrong(node, "all weights of the mix are 0", diagnostics, "give one item a weight above 0");
    const last = parts.length - 1;
    return {
      text: parts.map(({ weight, distribution }) => `${percent(weight / total)} ${distribution.text}`).join("; "),
      mean: parts.reduce((sum, { weight, distribution }) => sum + weight / total * distribution.mean, 0),
      least: Math.min(...parts.map((part) => part.distribution.least)),
      sample(u) {
        let rest = u * total, i = 0;
        while (i < last && rest >= parts[i]!.weight) rest -= parts[i++]!.weight;
        const { weight, distribution } = parts[i]!;
        return distribution.sample(inside(rest / weight));
      },
    };
  },
});

/** Keeps a draw that rounding has moved to an end strictly between 0 and 1. */
function inside(u: number): number {
  return u <= 0 ? Number.EPSILON / 4 : u >= 1 ? 1 - Number.EPSILON / 2 : u;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`;
}
