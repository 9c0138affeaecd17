// Fields of attributes: values that are the same for all requests, or drawn for each.

import {
  converted,
  defined,
  type DefinedField,
  either,
  type Field,
  integer,
  INVALID,
  isScalar,
  keyed,
  listOf,
  mapOf,
  number,
  record,
  required,
  text,
  withDefault,
  wrong,
  wrongType,
} from "../base/fields.ts";
import { Zipf, ZIPF_RANKS_MAX } from "../distributions/zipf.ts";
import type { AttributeSpec, Scalar } from "./model.ts";

/** OpenTelemetry's SDKs keep 128 attributes a span by default. */
const ATTRIBUTES_MAX = 128;
/** A choice is drawn by walking along its values. */
const CHOICES_MAX = 1000;
/** Digits that a draw can tell apart. */
const ID_DIGITS_MAX = 15;

const ATTRIBUTE_NAME = /^[^\p{Cc}\p{Cf}]{1,200}$/u;
const NAME_LIMITS = {
  key: ATTRIBUTE_NAME,
  keyExpects: "an attribute's name",
  keyHint: "1 to 200 visible characters, like shop.order_id",
  sizeMax: ATTRIBUTES_MAX,
} as const;

/** A text, a number, true or false. */
export const scalarField: Field<Scalar> = {
  expects: "a text, a number, true or false",
  decode: (node, diagnostics) =>
    node.type === "scalar" && node.value !== null
      ? node.value
      : wrongType(node, "a text, a number, true or false", diagnostics),
  schema: () => ({ type: ["string", "number", "boolean"] }),
};

/** Attributes that are the same for all, such as a service's resource attributes. */
export const constantAttributesField: Field<ReadonlyMap<string, Scalar>> = mapOf(
  scalarField,
  "a map of attributes",
  { ...NAME_LIMITS, example: "as in { team: checkout }" },
);

type Choice = { readonly value: Scalar; readonly weight: number };

const weightField = number({ min: 0, max: 1e9 });

const choicesField: Field<readonly Choice[]> = converted(
  either<readonly Choice[], readonly Choice[]>(
    "a list like [red, blue], or a map of weights like { visa: 6, amex: 1 }",
    (node) => node.type !== "map",
    converted(
      listOf(scalarField, "a list like [red, blue]", { min: 1, sizeMax: CHOICES_MAX }),
      (values) => values.map((value) => ({ value, weight: 1 })),
    ),
    converted(
      mapOf(weightField, "a map of weights like { visa: 6, amex: 1 }", { min: 1, sizeMax: CHOICES_MAX }),
      (weights) => [...weights].map(([value, weight]) => ({ value, weight })),
    ),
  ),
  (choices, node, diagnostics) =>
    choices.some(({ weight }) => weight > 0)
      ? choices
      : wrong(node, "all weights are 0", diagnostics, "give one value a weight above 0"),
);

const boundsField: Field<readonly [number, number]> = {
  expects: "a list [least, most] of whole numbers",
  decode(node, diagnostics) {
    const bounds = listOf(integer(), "a list [least, most] of whole numbers").decode(node, diagnostics);
    if (bounds === INVALID) return INVALID;
    const [least, most] = bounds;
    if (bounds.length !== 2) return wrongType(node, "a list [least, most] of whole numbers", diagnostics);
    if (most! < least!) return wrong(node, "the upper bound is below the lower one", diagnostics, "[least, most]");
    return [least!, most!];
  },
  schema: () => ({ type: "array", items: { type: "integer" }, minItems: 2, maxItems: 2 }),
};

/** `{ n: 10000, s: 1, prefix: sku- }`. */
const zipfField = record("a Zipf distribution", {
  n: required(integer({ min: 1, max: ZIPF_RANKS_MAX }), "How many things there are.", "n: 10000"),
  s: withDefault(number({ min: 0, max: 10 }), 1, "How much the first ones are favoured; 0: not at all."),
  prefix: withDefault(text("a text", { lengthMax: 100 }), "", "What stands in front of the number.", '""'),
});

const DRAWN = {
  oneOf: {
    summary: "One of several values, each as likely, or by weight (a map's keys are texts).",
    fields: { oneOf: required(choicesField, "[red, blue], or { visa: 6, amex: 1 }.") },
  },
  int: {
    summary: "A whole number between two bounds, both included.",
    fields: { int: required(boundsField, "[least, most].") },
  },
  id: {
    summary: "An identifier: a prefix and random digits.",
    fields: {
      id: required(
        record("an id", {
          prefix: withDefault(text("a text", { lengthMax: 100 }), "", "What stands in front of the digits.", '""'),
          digits: withDefault(integer({ min: 1, max: ID_DIGITS_MAX }), 8, "How many digits."),
        }),
        "{ prefix: usr_, digits: 6 }.",
      ),
    },
  },
  zipf: {
    summary: "One of n things by Zipf's law: number k is drawn in proportion to 1/k^s, so a few are drawn often.",
    fields: { zipf: required(zipfField, "{ n: 10000, s: 1, prefix: sku- }.") },
  },
} as const;

/** An attribute of a span or a log line. */
export const attributeField: DefinedField<AttributeSpec> = defined(
  "attribute",
  "a value, or { oneOf: [a, b] }, { int: [1, 8] }, { id: { prefix: usr_, digits: 6 } } or { zipf: { n: 1000 } }",
  () => {
    const drawn = keyed("a drawn attribute", DRAWN, {
      instead: (node) => node.type === "list" ? "to draw one of them write { oneOf: [a, b] }" : undefined,
    });
    return either<AttributeSpec, AttributeSpec>(
      "a value, or { oneOf: [a, b] }, { int: [1, 8] }, { id: { prefix: usr_, digits: 6 } } or { zipf: { n: 1000 } }",
      isScalar,
      converted(scalarField, (value) => ({ type: "constant", value })),
      converted(drawn, (spec) => {
        switch (spec.kind) {
          case "oneOf":
            return { type: "oneOf", values: spec.config.oneOf };
          case "int":
            return { type: "int", least: spec.config.int[0], most: spec.config.int[1] };
          case "id":
            return { type: "id", ...spec.config.id };
          case "zipf": {
            const { n, s, prefix } = spec.config.zipf;
            return { type: "zipf", ranks: Zipf.of(n, s), prefix };
          }
        }
      }),
    );
  },
);

export const attributesField: Field<ReadonlyMap<string, AttributeSpec>> = mapOf(
  attributeField,
  "a map of attributes",
  { ...NAME_LIMITS, example: "as in { user.id: { id: { prefix: usr_, digits: 6 } } }" },
);
