// Checks that conditions ask for what iterations carry, and for values that it can have.

import { type Diagnostics, nearest } from "../base/diagnostics.ts";
import { entryOf } from "../base/node.ts";
import { CONDITIONS } from "../model/context_fields.ts";
import type { AttributeSpec } from "../model/model.ts";
import { shareOf } from "../model/condition_share.ts";
import type { Outline } from "./outline.ts";

const LISTED_MAX = 8;

/** Diagnoses conditions on attributes that no context has, and those that never hold. */
export function checkConditions({ context }: Outline, diagnostics: Diagnostics): void {
  const names = [...context.keys()];
  for (const [node, condition] of diagnostics.marked(CONDITIONS)) {
    if (node.type !== "map") continue;
    for (const [name, test] of condition) {
      const entry = entryOf(node, name);
      if (entry === undefined) continue;
      const specs = context.get(name);
      if (specs === undefined) {
        const [meant] = nearest(name, names);
        const hint = meant !== undefined
          ? `did you mean "${meant}"?`
          : names.length === 0
          ? "the file has no context: write context: { tenant: { oneOf: [a, b] } } at its top level"
          : `the context has ${names.join(", ")}`;
        diagnostics.add(entry.span, [...node.path, name], `no context has "${name}"`, hint);
      } else if (
        !specs.some((spec) => spec.type === "id" || shareOf(new Map([[name, test]]), new Map([[name, spec]])) > 0)
      ) {
        diagnostics.add(entry.value.span, entry.value.path, `${name} is never so`, valuesOf(specs[0]!));
      }
    }
  }
}

function valuesOf(spec: AttributeSpec): string {
  switch (spec.type) {
    case "constant":
      return `it is ${spec.value}`;
    case "oneOf": {
      const values = spec.values.map(({ value }) => String(value));
      const more = values.length - LISTED_MAX;
      return `it is one of ${values.slice(0, LISTED_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    }
    case "int":
      return `it lies between ${spec.least} and ${spec.most}`;
    default:
      return "";
  }
}
