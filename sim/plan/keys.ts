// Keys of caches, rows and partitions: numbers drawn by the key of a request, or from an attribute of it.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import type { Zipf } from "../distributions/zipf.ts";
import { chooseIndex, drawAttribute, drawInt, drawRank } from "./attributes.ts";
import type { PlanAttribute } from "./plan.ts";

export type PlanKey =
  /** By index in Plan.contexts where the attribute is one of the context; a context without it has the same key for all. */
  | { readonly type: "attribute"; readonly byContext: readonly (PlanAttribute | undefined)[] }
  | { readonly type: "zipf"; readonly ranks: Zipf; readonly salt: number }
  | { readonly type: "constant"; readonly value: number };

/** Texts and numbers must not meet. */
const TEXTS = 2 ** 32;

const hashes = new WeakMap<PlanAttribute, readonly number[]>();

/** Who asks: the keys of a request. */
export interface KeyDraw {
  readonly contextHigh: number;
  readonly contextLow: number;
  /** What the request was asked for, the same for all attempts. */
  readonly askedHigh: number;
  readonly askedLow: number;
}

/**
 * The key as a number below 2^33, the same for the same value wherever it is asked for.
 * @param context index in Plan.contexts
 * @param high of the key by which what is no attribute is drawn, and `low`
 */
export function drawKey(key: PlanKey, context: number, draw: KeyDraw, high: number, low: number): number {
  switch (key.type) {
    case "constant":
      return key.value;
    case "zipf":
      return key.ranks.rank(uniform(high, low, key.salt));
    case "attribute": {
      const attribute = key.byContext[context];
      if (attribute === undefined) return 0;
      return attribute.scope === "context"
        ? valueNumber(attribute, draw.contextHigh, draw.contextLow)
        : valueNumber(attribute, draw.askedHigh, draw.askedLow);
    }
  }
}

function valueNumber(attribute: PlanAttribute, high: number, low: number): number {
  const { spec, salt } = attribute;
  switch (spec.type) {
    case "int":
      return drawInt(spec, salt, high, low) >>> 0;
    case "zipf":
      return drawRank(spec, salt, high, low);
    case "oneOf": {
      let known = hashes.get(attribute);
      if (known === undefined) hashes.set(attribute, known = spec.values.map(({ value }) => textNumber(String(value))));
      return known[chooseIndex(spec, uniform(high, low, salt))]!;
    }
    default:
      return textNumber(String(drawAttribute(attribute, high, low)));
  }
}

function textNumber(text: string): number {
  return TEXTS + hashText(text);
}

/** The key within one space of names, as an integer of 53 bits that is spread evenly. */
export function spread(key: number, space: number): number {
  mix(Math.floor(key / TEXTS) | 0, key | 0, space);
  return (mixed.high >>> 0) * 2 ** 21 + (mixed.low >>> 11);
}
