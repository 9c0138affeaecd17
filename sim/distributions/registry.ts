// All distributions, and the fields that read them. A new one is a file and a line here.

import {
  converted,
  defined,
  type DefinedField,
  duration,
  either,
  type Field,
  isScalar,
  keyed,
  number,
  type Properties,
  type Variant,
} from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { formatDuration, type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { constant } from "./constant.ts";
import type { Distribution } from "./distribution.ts";
import { exponential } from "./exponential.ts";
import type { DistributionKind, Values } from "./kind.ts";
import { lognormal } from "./lognormal.ts";
import { mix } from "./mix.ts";
import { normal } from "./normal.ts";
import { pareto } from "./pareto.ts";
import { percentiles } from "./percentiles.ts";
import { uniform } from "./uniform.ts";

/** By the key that tells them apart. A constant has none: it is a bare value. */
export const DISTRIBUTIONS = {
  p50: lognormal,
  normal,
  uniform,
  exponential,
  pareto,
  percentiles,
  mix,
} satisfies Record<string, DistributionKind>;

type Key = keyof typeof DISTRIBUTIONS;

function distributionField(name: string, expects: string, form: Omit<Values, "any">): DefinedField<Distribution> {
  const any: DefinedField<Distribution> = defined(name, expects, () => {
    const values: Values = { ...form, any };
    const variants: Record<string, Variant<Properties>> = {};
    for (const [key, kind] of Object.entries(DISTRIBUTIONS)) {
      variants[key] = { summary: kind.summary, fields: kind.fields(values) };
    }
    const instead = (node: Node): string | undefined =>
      node.type === "list" ? insteadOfList(node.items.length) : undefined;
    const distributed = converted(
      keyed(expects, variants, { noun: "a distribution", instead, unknown: hintForKey }),
      ({ kind, config }, node, diagnostics) => DISTRIBUTIONS[kind as Key].compile(config, values, node, diagnostics),
    );
    const bare: Field<Distribution> = converted(form.field, (value) => constant(value, form));
    return either(expects, isScalar, bare, distributed);
  });
  return any;
}

function hintForKey(key: string): string | undefined {
  if (/^p\d/.test(key)) return "for more than p50 and p99 write { percentiles: { p0: …, p50: …, p95: …, p100: … } }";
  if (/^(mean|avg|sd|stddev|std|dev|deviation)$/.test(key)) return "write { normal: [mean, deviation] }";
  if (/^(min|max|least|most|from|to)$/.test(key)) return "write { uniform: [least, most] }";
  return undefined;
}

function insteadOfList(length: number): string {
  return length === 2
    ? "for a range write { uniform: [least, most] }"
    : "for several values with weights write { mix: [{ weight: 99, … }, …] }";
}

/** A length of time in nanoseconds, fixed or drawn for each request: `3ms`, `{p50: 8ms, p99: 40ms}`. */
export const latencyField: DefinedField<Distribution> = distributionField(
  "latency",
  "a duration like 30ms or a distribution like { p50: 8ms, p99: 40ms }",
  {
    field: duration({ max: RUN_LENGTH_MAX }),
    name: "latency",
    whole: false,
    format: (value) => formatDuration(value as Nanos),
  },
);

/** More turns than that of one step make traces that no backend takes. */
export const COUNT_MAX = 10_000;

/** How often, fixed or drawn each time: `3`, `{uniform: [1, 5]}`. The reader rounds what is drawn. */
export const countField: DefinedField<Distribution> = distributionField(
  "count",
  "a number like 3 or a distribution like { uniform: [1, 5] }",
  { field: number({ min: 0, max: COUNT_MAX }), name: "count", whole: true, format: String },
);
