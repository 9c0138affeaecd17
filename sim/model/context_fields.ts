// Fields of the context: what is drawn once for each iteration of a journey and goes with all its calls, and conditions on
// it.

import type { Mark } from "../base/diagnostics.ts";
import { type Field, INVALID, listOf, mapOf, marked, wrongType } from "../base/fields.ts";
import { attributesField, scalarField } from "./attribute_fields.ts";
import type { AttributeSpec, CheckComparison, ConditionSpec, ConditionTest, Scalar } from "./model.ts";

/** All contexts of a file, by their nodes. */
export const CONTEXTS: Mark<ReadonlyMap<string, AttributeSpec>> = { name: "contexts" };
/** All conditions of a file, by their nodes. */
export const CONDITIONS: Mark<ConditionSpec> = { name: "conditions" };

/** `{ tenant: { oneOf: { acme: 6, globex: 4 } }, cart.size: { int: [1, 12] } }`. */
export const contextField: Field<ReadonlyMap<string, AttributeSpec>> = marked(CONTEXTS, attributesField);

const COMPARISON = /^\s*(<=|>=|==|!=|<|>)\s*(.*?)\s*$/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;
const VALUES_MAX = 1000;

const TEST_EXPECTS = "a value, a list of values, or a comparison like '> 5' or '!= eu'";

const testField: Field<ConditionTest> = {
  expects: TEST_EXPECTS,
  decode(node, diagnostics) {
    if (node.type === "list") {
      const values = listOf(scalarField, TEST_EXPECTS, { min: 1, sizeMax: VALUES_MAX }).decode(node, diagnostics);
      return values === INVALID ? INVALID : { type: "oneOf", values };
    }
    if (node.type !== "scalar" || node.value === null) return wrongType(node, TEST_EXPECTS, diagnostics);
    const match = typeof node.value === "string" ? COMPARISON.exec(node.value) : null;
    if (match === null) return { type: "oneOf", values: [node.value] };
    const comparison = match[1] as CheckComparison, text = match[2]!;
    const value: Scalar = NUMBER.test(text) ? Number(text) : text;
    if (comparison === "==") return { type: "oneOf", values: [value] };
    if (comparison === "!=") return { type: "noneOf", values: [value] };
    if (typeof value === "number") return { type: "compare", comparison, value };
    return wrongType(node, TEST_EXPECTS, diagnostics, `${comparison} compares numbers, as in '${comparison} 5'`);
  },
  schema: () => ({ type: ["string", "number", "boolean", "array"] }),
};

/** `{ tenant: acme, region: [eu, us], cart.size: '> 5' }`: all of them hold. */
export const conditionField: Field<ConditionSpec> = marked(
  CONDITIONS,
  mapOf(testField, "a map of conditions on the context", {
    key: /^[^\p{Cc}\p{Cf}]{1,200}$/u,
    keyExpects: "an attribute of the context",
    keyHint: "1 to 200 visible characters, like tenant or app.version",
    min: 1,
    sizeMax: 20,
    example: "as in { tenant: acme }",
  }),
);
