// A distribution through measured percentiles: `{percentiles: {p0: 1ms, p50: 8ms, p90: 20ms, p99: 40ms, p100: 2s}}`.

import { type Field, INVALID, type Invalid, mapOf, required, wrong } from "../base/fields.ts";
import type { Diagnostics } from "../base/diagnostics.ts";
import { entryOf, type Node } from "../base/node.ts";
import { distributionKind } from "./kind.ts";

const KEY = /^p(?:100|\d{1,2}(?:\.\d{1,6})?)$/;

interface Points {
  /** From 0 to 1, ascending. */
  readonly shares: readonly number[];
  readonly values: readonly number[];
}

/**
 * Between two percentiles values are uniform, as in Prometheus' histogram_quantile. p0 and p100 have to be given, since
 * nothing that was measured says how far the ends reach.
 */
export const percentiles = distributionKind({
  summary: "Measured percentiles from p0 to p100; between two of them values are uniform.",
  fields: ({ field }) => ({
    percentiles: required(pointsField(field), "p0 and p100, and any others between them."),
  }),
  compile({ percentiles: { shares, values } }, { format }) {
    const last = shares.length - 1;
    let mean = 0;
    for (let i = 0; i < last; i++) mean += (shares[i + 1]! - shares[i]!) * (values[i]! + values[i + 1]!) / 2;
    return {
      text: shares.map((share, i) => `p${round(share * 100)} ${format(values[i]!)}`).join(", "),
      mean,
      least: values[0]!,
      sample(u) {
        let i = last - 1;
        while (i > 0 && shares[i]! > u) i--;
        const part = (u - shares[i]!) / (shares[i + 1]! - shares[i]!);
        return values[i]! + part * (values[i + 1]! - values[i]!);
      },
    };
  },
});

function pointsField(value: Field<number>): Field<Points> {
  const expects = "a map of percentiles from p0 to p100";
  const map = mapOf(value, expects, {
    key: KEY,
    keyExpects: "a percentile",
    keyHint: "p0, p50, p99.9, p100",
    sizeMax: 100,
    example: "as in { p0: 1ms, p50: 8ms, p99: 40ms, p100: 2s }",
  });
  return {
    expects,
    decode(node, diagnostics) {
      const values = map.decode(node, diagnostics);
      return values === INVALID ? INVALID : pointsOf(values, node, diagnostics);
    },
    schema: () => ({
      type: "object",
      properties: Object.fromEntries(["p0", "p50", "p90", "p95", "p99", "p100"].map((key) => [key, value.schema()])),
      patternProperties: { [KEY.source]: value.schema() },
      required: ["p0", "p100"],
      additionalProperties: false,
    }),
  };
}

function pointsOf(values: ReadonlyMap<string, number>, node: Node, diagnostics: Diagnostics): Points | Invalid {
  for (const end of ["p0", "p100"]) {
    if (!values.has(end)) {
      return wrong(node, `"${end}" is missing in the percentiles`, diagnostics, "p0 is the least value, p100 the most");
    }
  }
  const points = [...values].map(([key, value]) => ({ key, share: Number(key.slice(1)) / 100, value }));
  points.sort((a, b) => a.share - b.share);
  let valid = true;
  for (let i = 1; i < points.length; i++) {
    const [before, here] = [points[i - 1]!, points[i]!];
    const twice = before.share === here.share;
    if (!twice && here.value >= before.value) continue;
    const place = node.type === "map" ? entryOf(node, here.key)!.value : node;
    const message = twice ? `${here.key} is the same as ${before.key}` : `${here.key} is below ${before.key}`;
    valid = false;
    wrong(place, message, diagnostics, twice ? "take one of them out" : "a higher percentile is at least as large");
  }
  return valid ? { shares: points.map((each) => each.share), values: points.map((each) => each.value) } : INVALID;
}

function round(percent: number): number {
  return Number(percent.toPrecision(9));
}
