// Fields: what they decode, what they say about what they do not, and the schema that they give.

import assert from "node:assert/strict";
import { Diagnostics } from "../../sim/base/diagnostics.ts";
import {
  duration,
  type Field,
  flag,
  integer,
  INVALID,
  keyed,
  listOf,
  mapOf,
  number,
  optional,
  record,
  required,
  share,
  tagged,
  text,
  withDefault,
  word,
} from "../../sim/base/fields.ts";
import type { Nanos } from "../../sim/base/time.ts";
import { nodeOf, type Plain } from "../load/nodes.ts";

function decode<T>(field: Field<T>, value: Plain): T | string {
  const diagnostics = new Diagnostics();
  const decoded = field.decode(nodeOf(value), diagnostics);
  const said = diagnostics.sorted().map(({ message, hint }) => hint === undefined ? message : `${message} = ${hint}`);
  assert.equal(decoded === INVALID, said.length > 0, "INVALID and a diagnostic go together");
  return decoded === INVALID ? said.join("\n") : decoded;
}

const stage = record("a stage", {
  target: required(integer({ min: 0 }), "How many.", "target: 5"),
  duration: withDefault(duration(), 0 as Nanos, "How long.", "0s"),
  label: optional(text(), "A label."),
});

Deno.test("a record fills in defaults", () => {
  assert.deepEqual(decode(stage, { target: 3 }), { target: 3, duration: 0, label: undefined });
});

Deno.test("a record says all that is wrong with it at once", () => {
  assert.equal(
    decode(stage, { durations: "5s", label: 7, other: 1 }),
    [
      'unknown key "durations" in a stage = did you mean "duration"?',
      '"target" is missing in a stage = target: 5',
      'expected a text, found the number 7 = quote it: "7"',
      'unknown key "other" in a stage = its keys are target, duration, label',
    ].join("\n"),
  );
});

Deno.test("a misspelt key is not reported as missing as well", () => {
  assert.equal(decode(stage, { taget: 3 }), 'unknown key "taget" in a stage = did you mean "target"?');
});

Deno.test("a key that has swallowed its value is told apart", () => {
  assert.match(String(decode(stage, { "target:3": null })), /a space goes after the colon: target: 3/);
});

Deno.test("numbers, durations and shares say what to write instead", () => {
  assert.match(String(decode(integer({ min: 1 }), "1_000")), /found the text "1_000" = write 1000/);
  assert.match(String(decode(integer({ min: 1, max: 9 }), 10)), /from 1 to 9, found the number 10 = the largest is 9/);
  assert.match(String(decode(integer(), 2.5)), /without a fraction/);
  assert.match(String(decode(number({ above: 0 }), 0)), /has to be above 0/);
  assert.match(String(decode(duration(), 5)), /the duration 5 has no unit = write 5ms or 5s/);
  assert.match(String(decode(duration(), "5 minutes")), /the units are/);
  assert.match(String(decode(duration({ min: 1 as Nanos }), 0)), /too short/);
  assert.match(String(decode(share(), 30)), /the share 30 has no unit = write 30%$/);
  assert.match(String(decode(share(), 0.5)), /the share 0\.5 has no unit = write 0\.5% or 50%/);
  assert.match(String(decode(share(), "150%")), /150% is not between 0% and 100%/);
  assert.equal(decode(share(), "0.5%"), 0.005);
  assert.equal(decode(share(), 0), 0);
  assert.match(String(decode(flag, "yes")), /expected true or false/);
  assert.equal(decode(duration({ bareMilliseconds: true }), 500), 5e8);
  assert.equal(decode(duration(), 0), 0);
  assert.equal(decode(share(), "0.5%"), 0.005);
});

Deno.test("words offer the nearest one, and what others call them", () => {
  const language = word(["go", "nodejs"], "one of", { typescript: "nodejs" });
  assert.match(String(decode(language, "node.js")), /did you mean "nodejs"\?/);
  assert.match(String(decode(language, "TypeScript")), /write nodejs/);
});

Deno.test("lists and maps go on after a wrong item", () => {
  assert.equal(String(decode(listOf(integer()), ["a", 1, "b"])).split("\n").length, 2);
  assert.equal(String(decode(mapOf(integer(), "a map"), { x: "a", y: 1, z: "b" })).split("\n").length, 2);
  assert.match(String(decode(listOf(text()), "web")), /begin each item with "- ".* as in "- web"/);
});

Deno.test("a tagged map checks its common keys even when the tag is wrong", () => {
  const kinds = { slow: { summary: "Slow.", fields: { by: required(duration(), "How much.") } } };
  const field = tagged("a fault", "kind", kinds, { at: required(duration(), "When.") });
  assert.deepEqual(decode(field, { kind: "slow", by: "1ms", at: "2ms" }), {
    kind: "slow",
    config: { by: 1e6 },
    common: { at: 2e6 },
  });
  assert.match(String(decode(field, { kind: "slw", by: "1ms", at: 2 })), /did you mean "slow"\?\n.*2 has no unit/s);
  assert.match(String(decode(field, { knd: "slow" })), /unknown key "knd" in a fault = did you mean "kind"\?/);
  assert.match(String(decode(field, {})), /"kind" is missing in a fault = kind: one of slow/);
});

Deno.test("a map told apart by its keys has one of them", () => {
  const kinds = {
    uniform: { summary: "", fields: { uniform: required(integer(), "") } },
    repeat: { summary: "", fields: { repeat: required(integer(), ""), steps: required(text(), "") } },
  };
  const field = keyed("a step", kinds);
  assert.deepEqual(decode(field, { uniform: 1 }), { kind: "uniform", config: { uniform: 1 } });
  assert.match(String(decode(field, { uniform: 1, repeat: 2 })), /"uniform" and "repeat" stand together/);
  assert.match(String(decode(field, { steps: "x" })), /"repeat" is missing/);
  assert.match(String(decode(field, { unifrm: 1 })), /did you mean "uniform"\?/);
  assert.match(String(decode(field, {})), /a step is empty/);
});

Deno.test("a schema carries summaries, and defaults that can be written", () => {
  assert.deepEqual(stage.schema(), {
    title: "a stage",
    type: "object",
    properties: {
      target: { type: "integer", minimum: 0, description: "How many." },
      duration: { ...duration().schema(), description: "How long. Default: 0s.", default: "0s" },
      label: { type: "string", description: "A label." },
    },
    required: ["target"],
    additionalProperties: false,
  });
});
