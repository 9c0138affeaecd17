// Paths of requests, whose parameters are attributes.

import { hashText } from "../base/draws.ts";
import type { Scalar } from "../model/model.ts";
import { drawAttribute } from "../plan/attributes.ts";
import type { PlanAttribute, PlanEndpoint } from "../plan/plan.ts";
import { routeParts } from "./names.ts";

/** A route with what its parameters are drawn from. */
export type PathPart = string | PlanAttribute;

/**
 * The path of an HTTP endpoint. A parameter has the value of the endpoint's attribute that bears its name (`{productId}`
 * that of `app.product.id`); without one it is a number of its own.
 */
export function pathOf(endpoint: PlanEndpoint): PathPart[] {
  if (endpoint.protocol.type !== "http") return [];
  return routeParts(endpoint.protocol.route).map((part): PathPart => {
    if (!part.isParameter) return part.text.toWellFormed();
    const named = endpoint.attributes.filter((attribute) => namesSame(attribute.name, part.text));
    if (named.length === 1) return named[0]!;
    return {
      name: part.text,
      scope: "request",
      spec: { type: "int", least: 1000, most: 99999 },
      salt: hashText(`path ${endpoint.name} ${part.text}`),
    };
  });
}

function namesSame(attribute: string, parameter: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const wanted = plain(parameter);
  return wanted !== "" && (plain(attribute) === wanted || plain(attribute).endsWith(wanted));
}

export function fillPath(path: readonly PathPart[], high: number, low: number): string {
  let text = "";
  for (const part of path) text += typeof part === "string" ? part : pathValue(drawAttribute(part, high, low));
  return text;
}

/** A value within a path: a slash or a space in it would be another path. */
export function pathValue(value: Scalar): string {
  return encodeURIComponent(String(value).toWellFormed());
}
