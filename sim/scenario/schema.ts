// The JSON Schema of scenario files, from the same field descriptions that decode them. Editors complete and explain with it.

import type { DefinedField, JsonSchema } from "../base/fields.ts";
import { countField, latencyField } from "../distributions/registry.ts";
import { attributeField } from "../model/attribute_fields.ts";
import { endpointField, serviceField } from "../model/service_fields.ts";
import { STEP_DEFINITIONS } from "../model/step_fields.ts";
import { thresholdsField } from "../objectives/thresholds_field.ts";
import { drawField } from "./chaos_fields.ts";
import { faultField, scenarioField } from "./fields.ts";
import { overlaid, overlaidDefinitions } from "./overlay_schema.ts";

const DEFINED: readonly DefinedField<unknown>[] = [
  latencyField,
  countField,
  attributeField,
  ...STEP_DEFINITIONS,
  endpointField,
  serviceField,
  thresholdsField,
  faultField,
  drawField,
];

/**
 * The schema, in draft 7: what editors with the YAML language server support best. It says what a value may look like;
 * what values say together (references, cycles) only `validate` can tell.
 */
export function scenarioSchema(): JsonSchema {
  const definitions = Object.fromEntries(DEFINED.map((field) => [field.name, field.definition()]));
  const whole = scenarioField.schema();
  const all = { scenario: whole, overlay: overlaid(whole), ...definitions, ...overlaidDefinitions(definitions) };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "a scenario of Squall",
    type: "object",
    if: { required: ["extends"] },
    then: { $ref: "#/definitions/overlay" },
    else: { $ref: "#/definitions/scenario" },
    definitions: referred(all),
  };
}

/** The definitions that a whole scenario, or one that extends another, leads to. */
function referred(all: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  const reached = new Set<string>(["scenario", "overlay"]);
  // A set goes on over what is added to it meanwhile.
  for (const name of reached) {
    for (const [, inner] of JSON.stringify(all[name]).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)) {
      reached.add(inner!);
    }
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => reached.has(name)));
}
