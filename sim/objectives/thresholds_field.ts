// The `thresholds` of a scenario file: a map from metrics, with or without tags, to expressions. Checks what a key and its
// expressions say by themselves; check_selectors.ts then checks the names that they mention.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import {
  type Decoded,
  defined,
  type DefinedField,
  duration,
  flag,
  INVALID,
  type Invalid,
  isMap,
  type JsonSchema,
  optional,
  record,
  required,
  text,
  withDefault,
  wrong,
  wrongType,
} from "../base/fields.ts";
import { type Entry, entryOf, type MapNode, type Node, type ScalarNode } from "../base/node.ts";
import { formatDuration, HOUR, type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { duringField, type GateDraft, GATES, momentField } from "./gate.ts";
import { AGGREGATIONS, type Expression, parseExpression, type Problem } from "./grammar.ts";
import { isMetricName, METRIC_NAMES, type MetricName, METRICS, metricSpec, TAGS } from "./metrics.ts";
import { parseSelector, type Selector, type SelectorPart } from "./selector.ts";
import { spanWithin } from "./text_span.ts";
import { EVALUATE_EVERY, type Submetric, type Threshold } from "./threshold.ts";

const EXPECTS = "a map from metrics to thresholds";
const EXPECTS_VALUE = "a threshold like 'p(95)<200', or a list of them";

/** Each is evaluated every 2 s of simulated time; more than this slows a run down. */
const THRESHOLDS_MAX = 1000;
/** A window keeps a histogram of some 10 KiB for each 2 s. */
const WINDOW_MAX = HOUR;

const LONG_FORM = {
  threshold: required(text("a threshold like 'p(95)<200'"), "The expression, as in p(95)<200."),
  abortOnFail: withDefault(flag, false, "Whether the run ends at once when it fails."),
  delayAbortEval: withDefault(
    duration({ max: RUN_LENGTH_MAX, bareMilliseconds: true }),
    0 as Nanos,
    "How long the run goes on in any case before abortOnFail may end it.",
    "0s",
  ),
  window: optional(
    duration({ max: WINDOW_MAX }),
    "Judges the last so much time by itself, every 2s, and wants it to hold each time: a multiple of 2s. " +
      "The whole run so far if left out.",
  ),
  after: optional(
    momentField,
    "Only samples from this time on count: a time since the run's start, or a fault whose end is meant.",
  ),
  before: optional(
    momentField,
    "Only samples before this time count: a time since the run's start, or a fault whose start is meant.",
  ),
  during: optional(duringField, "Only samples of this time count: the window of a fault by its name, or [from, to]."),
};
const longForm = record("a threshold", LONG_FORM);

/** A threshold whose gate may name faults. */
export type ThresholdDraft = Omit<Threshold, "gate"> & { readonly gate: GateDraft };

export interface ThresholdsConfig {
  readonly thresholds: readonly ThresholdDraft[];
  /** Metrics with a selector and an empty list: k6 shows them, and judges nothing. */
  readonly submetrics: readonly Submetric[];
}

export const NO_THRESHOLDS: ThresholdsConfig = { thresholds: [], submetrics: [] };

/** Its schema stands once, for all places that say what has to hold. */
export const thresholdsField: DefinedField<ThresholdsConfig> = defined("thresholds", EXPECTS, () => ({
  expects: EXPECTS,
  decode(node, diagnostics) {
    if (node.type !== "map") return wrongType(node, EXPECTS, diagnostics, "as in http_req_duration: ['p(95)<200']");
    const thresholds: ThresholdDraft[] = [];
    const submetrics: Submetric[] = [];
    let valid = true;
    for (const entry of node.entries) {
      const decoded = decodeEntry(entry, node, diagnostics);
      if (decoded === INVALID) {
        valid = false;
        continue;
      }
      const { expressions, ...of } = decoded;
      thresholds.push(...expressions.map((each) => ({ ...of, ...each })));
      if (expressions.length === 0 && of.tags.size > 0) submetrics.push(of);
    }
    if (thresholds.length > THRESHOLDS_MAX) {
      return wrong(node, `${thresholds.length} thresholds are too many`, diagnostics, `at most ${THRESHOLDS_MAX}`);
    }
    return valid ? { thresholds, submetrics } : INVALID;
  },
  schema: thresholdsSchema,
}));

type DecidedEntry = Submetric & { readonly expressions: readonly Decided[] };

function decodeEntry(entry: Entry, map: MapNode, diagnostics: Diagnostics): DecidedEntry | Invalid {
  const path = [...map.path, entry.key];
  const say = (part: Pick<SelectorPart, "at" | "length">, message: string, hint: string): Invalid => {
    diagnostics.add(spanWithin(entry.span, entry.key, part.at, part.length), path, message, hint);
    return INVALID;
  };
  const selector = parseSelector(entry.key);
  if ("message" in selector) {
    say(selector, selector.message, selector.hint);
    decodeExpressions(entry.value, undefined, diagnostics);
    return INVALID;
  }
  const name = selector.metric.text;
  const metric = isMetricName(name) ? name : undefined;
  let valid = true;
  if (metric !== undefined) valid = tagsAreCarried(metric, selector, say);
  else {
    valid = false;
    const message = name.trim() === "" ? "the metric's name is missing" : `there is no metric "${name}"`;
    say(selector.metric, message, isMetricName(name.trim()) ? "write it without spaces" : metricHint(name));
  }
  const expressions = decodeExpressions(entry.value, metric, diagnostics);
  if (!valid || expressions === INVALID) return INVALID;
  const tags = new Map(selector.tags.map((tag) => [tag.name.text, tag.value.text]));
  return { metricText: entry.key, metric: name, tags, expressions };
}

function metricHint(name: string): string {
  const near = nearest(name, METRIC_NAMES, 3);
  if (near.length === 0) return `the metrics are ${METRIC_NAMES.join(", ")}`;
  return `did you mean ${near.map((each) => `"${each}"`).join(" or ")}?`;
}

type Say = (part: SelectorPart, message: string, hint: string) => unknown;

/** Tags of Squall's own that this metric does not have. Whether others exist depends on the rest of the file. */
function tagsAreCarried(metric: MetricName, selector: Selector, say: Say): boolean {
  const carried: readonly string[] = METRICS[metric].tags;
  let valid = true;
  for (const { name } of selector.tags) {
    if (!Object.hasOwn(TAGS, name.text) || carried.includes(name.text)) continue;
    valid = false;
    say(name, `${metric} has no tag "${name.text}"`, `its tags are ${carried.join(", ")}`);
  }
  return valid;
}

type Decided = Expression & Omit<ThresholdDraft, keyof Submetric>;

function decodeExpressions(
  node: Node,
  metric: MetricName | undefined,
  diagnostics: Diagnostics,
): readonly Decided[] | Invalid {
  const items = node.type === "list" ? node.items : [node];
  const decided: Decided[] = [];
  let valid = true;
  for (const item of items) {
    const each = decodeOne(item, metric, diagnostics);
    if (each === INVALID) valid = false;
    else decided.push(each);
  }
  return valid ? decided : INVALID;
}

const SHORT_FORM: Decoded<typeof LONG_FORM> = {
  threshold: "",
  abortOnFail: false,
  delayAbortEval: 0 as Nanos,
  window: undefined,
  after: undefined,
  before: undefined,
  during: undefined,
};

function decodeOne(node: Node, metric: MetricName | undefined, diagnostics: Diagnostics): Decided | Invalid {
  const long: Decoded<typeof LONG_FORM> | Invalid = isMap(node) ? longForm.decode(node, diagnostics) : SHORT_FORM;
  const written = isMap(node) ? node.entries.find((entry) => entry.key === "threshold")?.value : node;
  if (written?.type !== "scalar" || typeof written.value !== "string") {
    return isMap(node) ? INVALID : wrongType(node, EXPECTS_VALUE, diagnostics);
  }
  const expression = parseExpression(written.value, metric === undefined ? undefined : metricSpec(metric));
  if ("message" in expression) return problemIn(written, written.value, expression, diagnostics);
  if (long === INVALID) return INVALID;
  const { abortOnFail, delayAbortEval, window, after, before, during } = long;
  if (isMap(node)) {
    if (window !== undefined && !isWindow(window, node, diagnostics)) return INVALID;
    diagnostics.mark(GATES, node, { window, after, before, during });
  }
  const gate = { after, before, during };
  return { source: written.value.trim(), ...expression, abortOnFail, delayAbortEval, window, gate };
}

function isWindow(window: Nanos, node: MapNode, diagnostics: Diagnostics): boolean {
  if (window > 0 && window % EVALUATE_EVERY === 0) return true;
  const place = entryOf(node, "window")!.value;
  const every = formatDuration(EVALUATE_EVERY);
  const below = Math.floor(window / EVALUATE_EVERY) * EVALUATE_EVERY;
  const near = [below, below + EVALUATE_EVERY].filter((each) => each > 0).map((each) => formatDuration(each as Nanos));
  wrong(
    place,
    `a window of ${formatDuration(window)} is not a multiple of ${every}`,
    diagnostics,
    `thresholds are evaluated every ${every}: write ${near.join(" or ")}`,
  );
  return false;
}

function problemIn(node: ScalarNode, value: string, problem: Problem, diagnostics: Diagnostics): Invalid {
  const span = spanWithin(node.span, value, problem.at, problem.length);
  diagnostics.add(span, node.path, problem.message, problem.hint);
  return INVALID;
}

function thresholdsSchema(): JsonSchema {
  const expression: JsonSchema = {
    type: "string",
    pattern: "^\\s*(count|rate|value|avg|min|max|med|p\\([^()\\s]+\\))\\s*(<=?|>=?|===?|!=)\\s*[-+.\\deE]+\\s*$",
  };
  const one: JsonSchema = { anyOf: [expression, longForm.schema()] };
  const properties = METRIC_NAMES.map((name) => {
    const { summary, type, contains } = metricSpec(name);
    const unit = contains === "time" ? ", in milliseconds" : contains === "data" ? ", in bytes" : "";
    return [name, { description: `${summary} A ${type}${unit}: ${AGGREGATIONS[type].join(", ")}.` }];
  });
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    patternProperties: {
      [`^(${METRIC_NAMES.join("|")})(\\{.+\\})?$`]: { anyOf: [one, { type: "array", items: one }] },
    },
    additionalProperties: false,
  };
}
