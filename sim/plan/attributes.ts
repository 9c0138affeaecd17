// Values of attributes, drawn by the key of a request or of an iteration's context: the same wherever they are written.

import { hashText, uniform } from "../base/draws.ts";
import type { AttributeSpec, Scalar } from "../model/model.ts";
import type { PlanAttribute } from "./plan.ts";

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
    case "zipf": {
      const rank = drawRank(spec, salt, high, low);
      return spec.prefix === "" ? rank : spec.prefix + rank;
    }
  }
}

export function drawRank(spec: AttributeSpec & { type: "zipf" }, salt: number, high: number, low: number): number {
  return spec.ranks.rank(uniform(high, low, salt));
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
