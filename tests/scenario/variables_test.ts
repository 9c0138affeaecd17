// Variables in scenario files: their grammar, their types, and that what they hold is never shown.

import assert from "node:assert/strict";
import fc from "fast-check";
import { expandVariables, plainValue } from "../../sim/scenario/variables.ts";
import { load, problems, scenario, scenarioTest } from "./support.ts";

function expand(text: string): string {
  return expandVariables(text, new Map([["A", "1"], ["B_2", "${A}"]])).text;
}

Deno.test("a variable is replaced by its value or its default, once", () => {
  assert.equal(expand("x${A}y${A}"), "x1y1");
  assert.equal(expand("${B_2}"), "${A}");
  assert.equal(expand("${C:-d}${C:-}${A:-e}"), "d1");
  assert.equal(expand("$${A} $A ${"), "${A} $A ");
});

Deno.test("what is no variable is a problem", () => {
  const problem = (text: string): string =>
    expandVariables(text, new Map()).problems.map((each) => each.message).join();
  assert.equal(problem("${A}"), "the variable A is not set");
  assert.equal(problem("${A"), '"${A" is not closed');
  assert.equal(problem("${1}"), '"${1}" is not a variable');
  assert.equal(problem("${A-b}"), '"${A-b}" is not a variable');
  assert.equal(problem("$A $${A} {A}"), "");
});

scenarioTest("a plain value is typed as YAML types it", () => {
  const written = fc.oneof(
    fc.constantFrom("", "~", "null", "true", "False", "yes", "0o17", "0x1F", "1e3", ".5", "-1.", "+2", "1_000", "x"),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.stringMatching(/^[0-9eE.+x-]{1,6}$/),
  );
  fc.assert(fc.property(written, (text) => {
    const value = plainValue(text);
    if (typeof value === "number" && (!Number.isFinite(value) || /^[-+]?0\d/.test(text))) return;
    if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) return;
    const attribute = "{ a: ${V} }".replace("{ a: ${V} }", "\n        a: ${V}");
    if (value === null) return;
    const services = `\n  web:\n    endpoints:\n      GET /:\n       attributes:${attribute}`;
    const { scenario: shop } = load(scenario({ services }), { env: { V: text } });
    const spec = shop.services.get("web")!.endpoints.get("GET /")!.attributes.get("a")!;
    assert.ok(spec.type === "constant" && spec.value === value);
  }));
});

scenarioTest("a number may come from a variable, in block style and quoted in flow style", () => {
  const text = (rate: string): string =>
    scenario({
      scenarios: `{ load: { executor: constant-arrival-rate, preAllocatedVUs: 5, duration: 10s, rate: ${rate} } }`,
    });
  const rate = (written: string, env = {}): unknown => {
    const { load: found } = load(text(written), { env }).scenario.workloads.get("load")!;
    return found.type === "open" && found.expectedIterations;
  };
  assert.equal(rate('"${RATE}"', { RATE: "7" }), 70);
  assert.equal(rate('"${RATE:-20}"'), 200);
  assert.match(problems(text("${RATE}"))[0]!, /cannot stand bare between brackets or braces.*quote it: "\$\{RATE\}"/s);
});

scenarioTest("a text may come from a variable that looks like a number", () => {
  const { scenario: shop } = load(`${scenario()}environment: \${E}\n`, { env: { E: "2.0" } });
  assert.equal(shop.environment, "2.0");
});

scenarioTest("only variables given with -e are read", () => {
  assert.match(problems(`${scenario()}environment: \${PATH}\n`)[0]!, /the variable PATH is not set.*\^{7}.*-e PATH=…/s);
});

scenarioTest("what a variable holds appears in no message, wherever it stands", () => {
  const secret = "s3cr3t-value";
  for (
    const place of [
      { seed: "${S}" },
      { network: "${S}" },
      { network: '{ exponential: "${S}" }' },
      { environment: "[x]" },
      { journeys: '{ visit: ["${S}"] }' },
      { journeys: '{ visit: ["web.${S}"] }' },
      { journeys: '{ visit: ["${S}.GET /"] }' },
      {
        journeys:
          '{ visit: [{ call: web.GET /, timeout: "${S}", retry: "${S}", optional: "${S}", probability: "${S}" }] }',
      },
      {
        services:
          '{ web: { kind: "${S}", language: "${S}", replicas: "${S}", queue: "${S}", endpoints: { "GET /": "${S}" } } }',
      },
      { scenarios: '{ load: { executor: "${S}", duration: "${S}", exec: "${S}" } }' },
      { scenarios: '{ load: { executor: constant-vus, duration: "${S}", vus: "${S}", exec: "${S}", tags: "${S}" } }' },
      { faults: '[{ kind: "${S}", target: "${S}", at: "${S}" }]' },
      { faults: '[{ kind: errors, target: "${S} -> web", rate: "${S}" }]' },
      { thresholds: '{ http_req_duration: ["${S}"] }' },
      { thresholds: '{ http_req_duration: "p(95)<${S}" }' },
      { thresholds: "${S}" },
      { services: "${S}" },
    ]
  ) {
    const text = scenario({ ...place });
    const printed = problems(text, { env: { S: secret } }).join("\n");
    assert.notEqual(printed, "", text);
    assert.ok(!printed.includes(secret), printed);
  }
});

scenarioTest("the document that a run keeps has its variables unexpanded", () => {
  const text = `${scenario()}environment: \${S}\n`;
  for (const sets of [[], ["seed=7"]]) {
    const { document } = load(text, { sets, env: { S: "s3cr3t-value" } });
    assert.ok(document.includes("${S}") && !document.includes("s3cr3t-value"));
  }
});
