// log-flood: each request has the service write line after line.

import { integer, text, withDefault, word } from "../base/fields.ts";
import { LOG_LEVELS } from "../model/model.ts";
import { faultKind } from "./kind.ts";

const LINES_MAX = 10_000;

export const logFlood = faultKind({
  summary: "Each request has the service write so many lines more, as when debugging is left on.",
  aim: "work",
  sample: "kind: log-flood, target: cart, at: 1m, for: 1m, lines: 100",
  fields: {
    lines: withDefault(integer({ min: 1, max: LINES_MAX }), 50, "Lines for each request."),
    level: withDefault(word(LOG_LEVELS), "warn", "Their level; below that of the service's log none is written."),
    message: withDefault(
      text("a message", { lengthMax: 2000 }),
      "cache entry expired, reloading {endpoint}",
      "What they say; {name} stands for an attribute, as in a log step.",
    ),
  },
  compile({ lines, level, message }) {
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.lines = Math.round(lines * intensity);
        },
      },
      failure: undefined,
      log: { level, message },
    };
  },
});
