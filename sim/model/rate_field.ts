// Rates as they are written everywhere but in k6's own fields: so many a time.

import { type Field, wrong, wrongType } from "../base/fields.ts";

const RATE_MAX = 1e9;
const PERIOD_S: Readonly<Record<string, number>> = { ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
const RATE_PATTERN = `^([0-9]+(?:\\.[0-9]+)?)/(${Object.keys(PERIOD_S).join("|")})$`;

/** So many a time: `50/s`, `1.5/m`. Decodes to a number a second. @param zero whether 0 is one, which needs no unit */
export function rate({ zero }: { readonly zero: boolean }): Field<number> {
  const pattern = { type: "string", pattern: RATE_PATTERN };
  return {
    expects: "a rate like 100/s",
    decode(node, diagnostics) {
      if (node.type !== "scalar") return wrongType(node, this.expects, diagnostics);
      if (zero && node.value === 0) return 0;
      if (typeof node.value === "number") {
        return wrong(node, `the rate ${node.text} has no unit`, diagnostics, `write ${node.text}/s or ${node.text}/m`);
      }
      const match = typeof node.value === "string" ? new RegExp(RATE_PATTERN).exec(node.value) : null;
      if (match === null) return wrongType(node, this.expects, diagnostics, "the units are /ms, /s, /m, /h and /d");
      const perSecond = Number(match[1]) / PERIOD_S[match[2]!]!;
      if (perSecond <= RATE_MAX && (zero || perSecond > 0)) return perSecond;
      return wrong(
        node,
        `the rate ${node.text} is ${perSecond > 0 ? "too high" : "zero"}`,
        diagnostics,
        zero ? "up to 1e9/s" : "above 0, up to 1e9/s",
      );
    },
    schema: () => zero ? { anyOf: [pattern, { const: 0 }] } : pattern,
    write: (perSecond) => perSecond === 0 ? 0 : `${perSecond}/s`,
  };
}
