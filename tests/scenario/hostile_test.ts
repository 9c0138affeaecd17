// Whatever a file contains, reading it ends, and ends in a Scenario or in diagnostics.

import assert from "node:assert/strict";
import fc from "fast-check";
import { InvalidInput } from "../../sim/base/diagnostics.ts";
import { type Given, load, problems, scenario, scenarioTest } from "./support.ts";

const VALID = `name: shop
network: { p50: 1ms, p99: 4ms }
services:
  web:
    replicas: 3
    endpoints:
      GET /:
        latency: { normal: [5ms, 1ms] }
        calls:
          - cart.Get
          - { call: cart.Get, timeout: 1s, retry: { attempts: 3, backoff: { base: 50ms } }, fallback: [cart.Get] }
          - parallel: [cart.Get, [cart.Get]]
          - choose: [{ weight: 1, call: cart.Get }, { weight: 2, steps: [] }]
          - { repeat: { uniform: [1, 3] }, steps: [cart.Get] }
  cart: &cart { endpoints: { Get: 1ms } }
journeys:
  visit: [web.GET /, think: 1s]
scenarios:
  load: { executor: ramping-vus, stages: [{ target: 5, duration: 5s }], exec: visit, tags: { a: "\${T:-b}" } }
faults:
  - { kind: latency, target: web -> cart, at: 5s, for: 20s, ramp: 1s, add: 5ms }
thresholds:
  'http_req_duration{service:cart}': ['p(95)<800']
`;

function endsWell(text: string, given?: Given): boolean {
  try {
    load(text, given);
    return true;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    assert.ok(error.diagnostics.length > 0);
    return false;
  }
}

scenarioTest("random changes to a valid file never end in anything but a scenario or its diagnostics", () => {
  assert.ok(endsWell(VALID));
  const piece = fc.oneof(
    fc.constantFrom(
      ..."[]{},:-?&*!|>'\"%@`#\n\t $".split(""),
      ": ",
      "- ",
      "\n  ",
      "${",
      "}",
      "<<: *cart",
      "*cart",
      "&x ",
      "!!str ",
      "---\n",
      "...\n",
      "null",
      "0x",
      "1e999",
      "-1",
      "__proto__: 1",
      "\u0000",
      "\u202e",
      "\ud800",
      "\r",
    ),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  const change = fc.record({ at: fc.nat(VALID.length), cut: fc.nat(12), piece });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let text = VALID;
      for (const { at, cut, piece: put } of changes) text = text.slice(0, at) + put + text.slice(at + cut);
      problems(text);
    }),
    { numRuns: 1500 },
  );
});

scenarioTest("swapped values of a valid file never end in anything but a scenario or its diagnostics", () => {
  const lines = VALID.split("\n");
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(lines.length - 1), fc.nat(lines.length - 1)), { maxLength: 6 }), (swaps) => {
      const mixed = [...lines];
      for (const [a, b] of swaps) [mixed[a], mixed[b]] = [mixed[b]!, mixed[a]!];
      problems(mixed.join("\n"));
    }),
    { numRuns: 300 },
  );
});

scenarioTest("random arguments of --set never end in anything but a scenario or its diagnostics", () => {
  const part = fc.constantFrom(
    ".",
    '"',
    "=",
    "services",
    "web",
    "0",
    "faults",
    "[",
    "{",
    "a: b",
    "\\",
    "5ms",
    "*x",
    "${A}",
    " ",
  );
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")), { maxLength: 3 }), (sets) => {
      problems(VALID, { sets });
    }),
    { numRuns: 500 },
  );
});

const MIB = 1024 * 1024;

scenarioTest("files made to take all time or memory end in diagnostics", () => {
  const hostile: Readonly<Record<string, string>> = {
    "too large": `# ${"x".repeat(MIB)}`,
    "open lists": "[".repeat(MIB - 10),
    "open maps": "{a: ".repeat(MIB / 4 - 10),
    "nested items": `${"- ".repeat(MIB / 2 - 10)}x`,
    "nested keys": Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
    "explicit keys": `${"? ".repeat(MIB / 2 - 10)}x`,
    "many keys": Array.from({ length: 30_000 }, (_, i) => `k${i}: 1`).join("\n"),
    "one key many times": "a: 1\n".repeat(50_000),
    "many items": "- 1\n".repeat(MIB / 4 - 10),
    "many aliases": `a: &a 1\nb: [${"*a, ".repeat(1000)}]`,
    "many anchors": `a: [${Array.from({ length: 20_000 }, (_, i) => `&a${i} 1`).join(", ")}]`,
    "many errors": "a: @\n".repeat(30_000),
    "many braces": `a: [${"b{c}, ".repeat(3000)}]`,
    "many quotes": '"'.repeat(MIB / 8),
    "many tabs": "\t\n".repeat(MIB / 8),
    "a long key": `${"k".repeat(MIB - 100)}: 1`,
    "a long name": `name: ${"n".repeat(MIB - 100)}`,
    "nothing but breaks": "\n".repeat(MIB / 4),
    "zero bytes": "\u0000".repeat(MIB / 8),
    "many dangling calls": scenario({
      services: '{ web: { endpoints: { "GET /": 5ms } } }',
      journeys: `{ visit: [${Array.from({ length: 900 }, (_, i) => `web.GET /${i}${"x".repeat(40)}`).join(", ")}] }`,
    }),
    "itself inside": "a: &a [*a]\nb: &b { c: *b }",
  };
  for (const [name, text] of Object.entries(hostile)) assert.equal(endsWell(text), false, name);
});

scenarioTest("a bomb of aliases is stopped by their number", () => {
  const level = (name: string, of: string): string => `${name}: &${name} [${Array(9).fill(`*${of}`).join(", ")}]`;
  const printed = problems(
    ["a: &a [x]", level("b", "a"), level("c", "b"), level("d", "c"), level("e", "d")].join("\n"),
  );
  assert.ok(printed.some((each) => each.includes("more than 100 aliases")));
});

scenarioTest("keys that reach into JavaScript's objects are refused, quoted or not", () => {
  for (const key of ["__proto__", '"__proto__"', "constructor", "prototype", '"\\x5f_proto__"']) {
    const printed = problems(scenario({ [key]: "{ polluted: true }" }));
    assert.match(printed.join("\n"), /cannot be a key/);
  }
  for (const key of ["toString", "hasOwnProperty", "valueOf"]) {
    assert.match(problems(scenario({ [key]: "1" })).join("\n"), /unknown key/);
    assert.match(problems(scenario({ journeys: `{ visit: [${key}.x] }` })).join("\n"), /there is no service/);
  }
});
