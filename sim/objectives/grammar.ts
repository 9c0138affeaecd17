// The grammar of a threshold's expression, such as `p(95)<200`: k6's, with the place of whatever is wrong.

import { nearest } from "../base/diagnostics.ts";
import { parseDuration } from "../base/time.ts";
import type { MetricSpec, MetricType } from "./metrics.ts";
import type { Comparison } from "../base/comparison.ts";
import type { Aggregation } from "./threshold.ts";

/** What is wrong with a text, and where in it. `at` may be its end, when something is missing. */
export interface Problem {
  readonly at: number;
  readonly length: number;
  readonly message: string;
  readonly hint: string;
}

export interface Expression {
  readonly aggregation: Aggregation;
  readonly comparison: Comparison;
  readonly value: number;
}

/** The aggregations that a metric of each type has, as they are written. */
export const AGGREGATIONS: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ["count", "rate"],
  gauge: ["value"],
  rate: ["rate"],
  trend: ["avg", "min", "max", "med", "p(N)"],
};

const COMPARISONS: readonly Comparison[] = ["<", "<=", ">", ">=", "==", "===", "!="];
const WORDS = ["count", "rate", "value", "avg", "min", "max", "med"] as const;
const EXAMPLES: Readonly<Record<MetricType, string>> = {
  counter: "count<100 or rate>10",
  gauge: "value<50",
  rate: "rate<0.01",
  trend: "p(95)<200 or avg<100",
};
/** What people write for an aggregation, and what it is called. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ["mean", "avg"],
  ["average", "avg"],
  ["median", "med"],
  ["percentile", "p(95)"],
  ["p", "p(95)"],
  ["total", "count"],
  ["sum", "count"],
]);

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

interface Token {
  readonly text: string;
  readonly at: number;
}

/**
 * Reads an expression. With the `metric` it applies to, its aggregation must be one that this type of metric has.
 *
 * ```
 * expression   -> whitespace* aggregation whitespace* comparison whitespace* number whitespace*
 * aggregation  -> counter | gauge | rate | trend
 * counter      -> "count" | "rate"
 * gauge        -> "value"
 * rate         -> "rate"
 * trend        -> "avg" | "min" | "max" | "med" | percentile
 * percentile   -> "p(" number ")"                    from 0 to 100
 * comparison   -> "<" | "<=" | ">" | ">=" | "==" | "===" | "!="
 * number       -> sign? (digit+ ("." digit*)? | "." digit+) (("e" | "E") sign? digit+)?
 * sign         -> "+" | "-"
 * ```
 *
 * k6's own comment leaves sign and exponent out of `number`; its code reads them.
 */
export function parseExpression(text: string, metric?: MetricSpec): Expression | Problem {
  const operator = /[<>=!]+/.exec(text);
  if (operator === null) return withoutComparison(text, metric);
  const comparison = COMPARISONS.find((candidate) => candidate === operator[0]);
  if (comparison === undefined) {
    return {
      at: operator.index,
      length: operator[0].length,
      message: `"${operator[0]}" is not a comparison`,
      hint: comparisonHint(operator[0]),
    };
  }
  const aggregation = parseAggregation(trimmed(text, 0, operator.index), metric);
  if ("message" in aggregation) return aggregation;
  const value = parseNumber(trimmed(text, operator.index + comparison.length, text.length), metric);
  if (typeof value !== "number") return value;
  return { aggregation, comparison, value };
}

/** Reads one statistic of a trend, as `p(99)` or `med`. Gives undefined when it is not one. */
export function parseTrendStatistic(text: string): Aggregation | undefined {
  const aggregation = parseAggregation({ text, at: 0 }, undefined);
  if ("message" in aggregation) return undefined;
  return ["rate", "value"].includes(aggregation.type) ? undefined : aggregation;
}

/** Writes an aggregation as it stands in an expression. */
export function formatAggregation(aggregation: Aggregation): string {
  return aggregation.type === "percentile" ? `p(${aggregation.percentile})` : aggregation.type;
}

function trimmed(text: string, from: number, to: number): Token {
  const part = text.slice(from, to);
  const lead = part.length - part.trimStart().length;
  return { text: part.trim(), at: from + (lead === part.length ? 0 : lead) };
}

function withoutComparison(text: string, metric: MetricSpec | undefined): Problem {
  const all = trimmed(text, 0, text.length);
  const example = `as in ${EXAMPLES[metric?.type ?? "trend"]}`;
  if (all.text === "") {
    return { at: 0, length: text.length, message: "the threshold is empty", hint: `write it ${example}` };
  }
  return {
    at: all.at + all.text.length,
    length: 1,
    message: `the threshold "${all.text}" compares nothing`,
    hint: `a comparison is one of ${COMPARISONS.join(" ")}, ${example}`,
  };
}

function comparisonHint(written: string): string {
  const meant = new Map<string, Comparison>([["=", "=="], ["=<", "<="], ["=>", ">="], ["<>", "!="], ["!==", "!="]])
    .get(written);
  return meant === undefined ? `the comparisons are ${COMPARISONS.join(" ")}` : `did you mean "${meant}"?`;
}

function parseAggregation(token: Token, metric: MetricSpec | undefined): Aggregation | Problem {
  const { text, at } = token;
  const problem = (message: string, hint: string): Problem => ({ at, length: Math.max(1, text.length), message, hint });
  const allowed = metric === undefined ? undefined : AGGREGATIONS[metric.type];
  if (text === "") return problem("the aggregation is missing before the comparison", allowedHint(metric));
  const word = WORDS.find((candidate) => candidate === text);
  if (word === undefined && !/^p\s*\(/.test(text)) {
    return problem(`unknown aggregation "${text}"`, meantHint(text, metric));
  }
  if (allowed?.includes(word ?? "p(N)") === false) {
    return problem(`a ${metric!.type} has no aggregation "${text}"`, allowedHint(metric));
  }
  return word === undefined ? parsePercentile(token) : { type: word };
}

function parsePercentile({ text, at }: Token): Aggregation | Problem {
  const problem = (from: number, length: number, message: string): Problem => ({
    at: at + from,
    length: Math.max(1, length),
    message,
    hint: "write p(N) without spaces and with N from 0 to 100, as in p(95) or p(99.9)",
  });
  if (!text.startsWith("p(")) return problem(1, text.indexOf("(") - 1, "a space stands between p and its parenthesis");
  if (!text.endsWith(")")) return problem(text.length, 1, `the percentile "${text}" is not closed`);
  const inner = text.slice(2, -1);
  if (inner === "") return problem(2, 1, "the percentile has no number");
  const percentile = NUMBER.test(inner) ? Number(inner) : NaN;
  if (Number.isNaN(percentile)) return problem(2, inner.length, `"${inner}" is not a number`);
  if (percentile < 0 || percentile > 100) {
    return problem(2, inner.length, `the percentile ${inner} is not between 0 and 100`);
  }
  return { type: "percentile", percentile: Math.abs(percentile) };
}

function allowedHint(metric: MetricSpec | undefined): string {
  if (metric === undefined) return `the aggregations are ${WORDS.join(", ")} and p(N)`;
  return `a ${metric.type} has ${AGGREGATIONS[metric.type].join(", ")}, as in ${EXAMPLES[metric.type]}`;
}

function meantHint(written: string, metric: MetricSpec | undefined): string {
  const percentile = /^p(\d+(?:\.\d+)?)$/.exec(written)?.[1];
  const other = percentile === undefined ? OTHER_WORDS.get(written.toLowerCase()) : `p(${percentile})`;
  const candidates: readonly string[] = metric === undefined ? WORDS : AGGREGATIONS[metric.type];
  const meant = other ?? nearest(written, candidates.filter((candidate) => candidate !== "p(N)"))[0];
  const type = meant?.startsWith("p(") ? "p(N)" : meant;
  if (meant === undefined || (metric !== undefined && !candidates.includes(type!))) return allowedHint(metric);
  return `did you mean "${meant}"? ${allowedHint(metric)}`;
}

function parseNumber({ text, at }: Token, metric: MetricSpec | undefined): number | Problem {
  const value = NUMBER.test(text) ? Number(text) : NaN;
  if (Number.isFinite(value)) return value;
  const problem = (message: string, hint: string): Problem => ({ at, length: Math.max(1, text.length), message, hint });
  if (text === "") {
    return problem("the number is missing after the comparison", `as in ${EXAMPLES[metric?.type ?? "trend"]}`);
  }
  const time = parseDuration(text);
  if (time !== undefined) {
    return metric === undefined || metric.contains === "time"
      ? problem(`"${text}" has a unit`, `times are compared in milliseconds: write ${time / 1e6}`)
      : problem(`"${text}" has a unit`, "write the number without a unit");
  }
  if (/^[\d.]+%$/.test(text)) {
    return problem(
      `"${text}" has a unit`,
      `a share is written as a fraction: ${Number((parseFloat(text) / 100).toPrecision(12))}`,
    );
  }
  return problem(`"${text}" is not a number`, "write a plain number, as in 200 or 0.05");
}
