// The schema of a file that extends another, made from the schema of a whole one: nothing is required, null removes a
// key, and a map stands for a list whose items it changes.

import type { JsonSchema } from "../base/fields.ts";

/** What the definitions of an overlay are called, so that they stand beside those of a whole scenario. */
const PREFIX = "overlay-";

/** Loosens a schema; `if` stays as it is, since it tells forms apart. */
export function overlaid(schema: JsonSchema): JsonSchema {
  const loose: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    switch (key) {
      case "required":
      case "minItems":
      case "minProperties":
        break;
      case "$ref":
        loose[key] = String(value).replace("#/definitions/", `#/definitions/${PREFIX}`);
        break;
      case "properties":
      case "patternProperties":
        loose[key] = Object.fromEntries(
          Object.entries(value as object).map(([name, inner]) => [name, removable(inner as JsonSchema)]),
        );
        break;
      case "additionalProperties":
        loose[key] = typeof value === "object" ? removable(value as JsonSchema) : value;
        break;
      case "anyOf":
      case "oneOf":
      case "allOf":
        loose[key] = (value as JsonSchema[]).map(overlaid);
        break;
      case "then":
      case "else":
      case "items":
        loose[key] = Array.isArray(value) ? value.map(overlaid) : overlaid(value as JsonSchema);
        break;
      default:
        loose[key] = value;
    }
  }
  const names = namesOfForms(schema);
  if (names !== undefined) loose.propertyNames = { enum: names };
  if (schema.type !== "array") return loose;
  // Items that are put in, whole; or changes of those that are there.
  return { anyOf: [schema, { type: "object" }] };
}

/**
 * The keys of all forms of a map that is told apart by which of them it has (as distributions are): since none is required
 * any more, they keep it apart from other maps. Undefined for other schemas.
 */
function namesOfForms({ if: condition, else: otherwise, allOf }: JsonSchema): string[] | undefined {
  if (condition === undefined || (otherwise as JsonSchema | undefined)?.anyOf === undefined) return undefined;
  const forms = (allOf ?? []) as { then?: { properties?: object } }[];
  return [...new Set(forms.flatMap(({ then }) => Object.keys(then?.properties ?? {})))];
}

function removable(schema: JsonSchema): JsonSchema {
  const { description, ...rest } = overlaid(schema);
  return { ...(description === undefined ? {} : { description }), anyOf: [rest, { type: "null" }] };
}

/** Definitions under names of their own. */
export function overlaidDefinitions(definitions: { readonly [name: string]: JsonSchema }): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [PREFIX + name, overlaid(schema)]));
}
