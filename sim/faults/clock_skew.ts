// clock-skew: the clock of a replica is wrong, and so are the times that it writes; nothing else.

import { type Field, required, wrongType } from "../base/fields.ts";
import { formatDuration, type Nanos, parseDuration } from "../base/time.ts";
import { faultKind } from "./kind.ts";

const EXPECTS = "a duration like 2s, or -2s for a clock that is behind";

/** Nanoseconds, negative for a clock that is behind. */
const skewField: Field<number> = {
  expects: EXPECTS,
  decode(node, diagnostics) {
    const written = node.type === "scalar" && typeof node.value === "string" ? node.value.trim() : undefined;
    const size = written === undefined ? undefined : parseDuration(written.replace(/^[-+]/, ""));
    if (size === undefined || size === 0 || size === Infinity) return wrongType(node, EXPECTS, diagnostics);
    return written!.startsWith("-") ? -size : size;
  },
  schema: () => ({ type: "string", pattern: "^[-+]?([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+$" }),
  write: (value) => `${value < 0 ? "-" : ""}${formatDuration(Math.abs(value) as Nanos)}`,
};

export const clockSkew = faultKind({
  summary: "The clock is wrong: the times in the replicas' spans and lines are shifted, and nothing else.",
  aim: "replicas",
  sample: "kind: clock-skew, target: payment#2, at: 1m, for: 1m, by: -2s",
  fields: {
    by: required(skewField, "How far it is ahead; with a minus behind.", "by: 2s"),
  },
  compile({ by }) {
    return {
      effect: {
        begin: (world, target) => world.skewClocks(target, by),
        end: (world, target) => world.skewClocks(target, 0),
      },
      failure: undefined,
    };
  },
});
