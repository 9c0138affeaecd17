// Whether the tags in the keys of `thresholds` name what the scenario has. Apart from thresholds_field.ts, because it needs
// the rest of the file.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import type { Node } from "../base/node.ts";
import { protocolOf } from "../model/model.ts";
import { isMetricName, METRICS, type TagName, TAGS } from "./metrics.ts";
import { parseSelector, type SelectorPart } from "./selector.ts";
import { spanWithin } from "./text_span.ts";

/** The names of a scenario that a selector may mention. A Scenario is one. */
export interface SelectorNames {
  readonly services: ReadonlyMap<string, { readonly endpoints: ReadonlyMap<string, unknown> }>;
  readonly workloads: ReadonlyMap<string, { readonly tags: ReadonlyMap<string, string> }>;
  /** Undefined when they are not known. */
  readonly checks?: ReadonlySet<string> | undefined;
}

/**
 * Diagnoses selectors of the `thresholds` node whose tags name what the scenario does not have: a scenario, a service, an
 * endpoint, a status, or a tag that no entry of `scenarios` sets. Says nothing about what thresholdsField has diagnosed.
 * Gives whether all is well.
 */
export function checkSelectors(node: Node, names: SelectorNames, diagnostics: Diagnostics): boolean {
  if (node.type !== "map") return true;
  const before = diagnostics.count;
  for (const entry of node.entries) {
    const selector = parseSelector(entry.key);
    if ("message" in selector || !isMetricName(selector.metric.text)) continue;
    const carried: readonly string[] = METRICS[selector.metric.text].tags;
    const service = selector.tags.find((tag) => tag.name.text === "service")?.value.text;
    for (const { name, value } of selector.tags) {
      const known = Object.hasOwn(TAGS, name.text);
      if (known && !carried.includes(name.text)) continue;
      const wrongPart = known
        ? wrongValue(name.text as TagName, value, service, names)
        : wrongCustomTag(name, value, carried, names);
      if (wrongPart === undefined) continue;
      const { part, message, hint } = wrongPart;
      const span = spanWithin(entry.span, entry.key, part.at, part.length);
      diagnostics.add(span, [...node.path, entry.key], message, hint);
    }
  }
  return diagnostics.count === before;
}

interface Wrong {
  readonly part: SelectorPart;
  readonly message: string;
  readonly hint: string;
}

function wrongValue(
  tag: TagName,
  value: SelectorPart,
  service: string | undefined,
  { services, workloads, checks }: SelectorNames,
): Wrong | undefined {
  const among = (what: string, known: Iterable<string>): Wrong | undefined => {
    const all = [...known];
    // That there is nothing of the kind at all is said elsewhere.
    if (all.length === 0 || all.includes(value.text)) return undefined;
    const [near] = nearest(value.text, all);
    const hint = near === undefined ? `there is ${shortList(all)}` : `did you mean "${near}"?`;
    return { part: value, message: `there is no ${what} "${value.text}"`, hint };
  };
  switch (tag) {
    case "scenario":
      return among("scenario", workloads.keys());
    case "service":
    case "caller":
      return among("service", services.keys());
    case "endpoint": {
      const of = service === undefined ? undefined : services.get(service);
      if (of !== undefined) return among(`endpoint of ${service}`, of.endpoints.keys());
      return among("endpoint", endpointNames(services));
    }
    case "method":
      return among(
        "endpoint with the method",
        new Set([...endpointNames(services)].map((name) => protocolOf(name).method)),
      );
    case "check":
      if (checks?.size === 0) {
        const hint = "write checks: [status == 200] at a call of a journey";
        return { part: value, message: `there is no check "${value.text}"`, hint };
      }
      return checks === undefined ? undefined : among("check", checks);
    case "expected_response":
      return among("expected_response", ["true", "false"]);
    case "status":
      return /^(?:0|[1-5]\d\d)$/.test(value.text)
        ? undefined
        : { part: value, message: `"${value.text}" is not a status`, hint: "an HTTP status, or 0 for no answer" };
  }
}

function wrongCustomTag(
  name: SelectorPart,
  value: SelectorPart,
  carried: readonly string[],
  { workloads }: SelectorNames,
): Wrong | undefined {
  const set = [...workloads.values()].flatMap((workload) => [...workload.tags]);
  const values = set.filter(([key]) => key === name.text).map((entry) => entry[1]);
  const fromScenarios = carried.includes("scenario");
  if (values.length === 0 || !fromScenarios) {
    const all = [...new Set([...carried, ...(fromScenarios ? set.map(([key]) => key) : [])])];
    const [near] = nearest(name.text, all);
    return {
      part: name,
      message: `there is no tag "${name.text}"`,
      hint: near === undefined ? `the tags are ${all.join(", ")}` : `did you mean "${near}"?`,
    };
  }
  if (values.includes(value.text)) return undefined;
  const [near] = nearest(value.text, values);
  const hint = near === undefined ? `its values are ${shortList([...new Set(values)])}` : `did you mean "${near}"?`;
  return { part: value, message: `no scenario has the tag ${name.text} "${value.text}"`, hint };
}

const LISTED_MAX = 12;

function shortList(words: readonly string[]): string {
  const more = words.length - LISTED_MAX;
  return words.slice(0, LISTED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function endpointNames(services: SelectorNames["services"]): Set<string> {
  return new Set([...services.values()].flatMap((service) => [...service.endpoints.keys()]));
}
