// Attributes that a scenario gives to endpoints and log lines: the value for one request, drawn by its key.

import { hashText, uniform } from "../base/draws.ts";
import type { AttributeSpec, Scalar } from "../model/model.ts";
import type { PlanAttribute, PlanEndpoint } from "../plan/plan.ts";
import { routeParts } from "./names.ts";

/** One draw has 52 bits: nine decimal digits of it are exact and even. */
const DIGITS_A_DRAW = 9;
const POWERS_OF_TEN = Array.from({ length: DIGITS_A_DRAW + 1 }, (_, n) => 10 ** n);
const PURPOSE_MORE_DIGITS = hashText("more digits");

/** The index of the value that `u` chooses by the weights. */
export function chooseIndex(spec: AttributeSpec & { type: "oneOf" }, u: number): number {
  let total = 0;
  for (const { weight } of spec.values) total += weight;
  let left = u * total;
  for (let i = 0; i < spec.values.length; i++) {
    left -= spec.values[i]!.weight;
    if (left < 0) return i;
  }
  return spec.values.length - 1;
}

/** The value of an attribute for the request with this key. */
export function drawAttribute(attribute: PlanAttribute, high: number, low: number): Scalar {
  const { spec, salt } = attribute;
  switch (spec.type) {
    case "constant":
      return spec.value;
    case "oneOf":
      return spec.values[chooseIndex(spec, uniform(high, low, salt))]?.value ?? "";
    case "int":
      return drawInt(spec, salt, high, low);
    case "id":
      return spec.prefix + drawDigits(spec.digits, salt, high, low);
  }
}

export function drawInt(spec: AttributeSpec & { type: "int" }, salt: number, high: number, low: number): number {
  return spec.least + Math.floor(uniform(high, low, salt) * (spec.most - spec.least + 1));
}

export function drawDigits(digits: number, salt: number, high: number, low: number): string {
  let text = "";
  for (let drawn = 0; drawn < digits; drawn += DIGITS_A_DRAW) {
    const count = Math.min(DIGITS_A_DRAW, digits - drawn);
    text += String(drawDigitGroup(count, drawn, salt, high, low)).padStart(count, "0");
  }
  return text;
}

/** A group of at most nine digits of an id, of which `drawn` digits stand before it. */
export function drawDigitGroup(count: number, drawn: number, salt: number, high: number, low: number): number {
  const purpose = drawn === 0 ? salt : salt ^ (PURPOSE_MORE_DIGITS + drawn);
  return Math.floor(uniform(high, low, purpose) * POWERS_OF_TEN[count]!);
}

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
