// Thresholds of a whole file: gates that name faults, checks in selectors, sizes, and the README's example.

import assert from "node:assert/strict";
import { thresholdText } from "../../sim/objectives/threshold.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { needs } from "../permissions.ts";
import { load, problems, scenario, scenarioTest } from "./support.ts";

const FAULTS = `
  - { name: slow provider, kind: latency, target: cart, at: 40s, for: 20s, add: 1s }
  - { name: bad deploy, kind: errors, target: cart, at: 70s, rate: 30% }`;

function withThreshold(options: string, faults = FAULTS): string {
  return scenario({ faults, thresholds: `{ http_reqs: [{ threshold: count>1, ${options} }] }` });
}

function gateOf(options: string): string {
  const [threshold] = compileScenario(load(withThreshold(options)).scenario).thresholds;
  const { gate } = threshold!;
  return `${thresholdText(threshold!)}: ${gate!.from / 1e9} to ${gate!.to / 1e9}`;
}

/** The first lines of what is wrong, and their hints. */
function said(options: string, faults = FAULTS): string[] {
  return problems(withThreshold(options, faults)).map((each) => each.replace(/\n +\d+ \|.*\n +\|.*/, ""));
}

scenarioTest("gates become times: a fault's end, its start, its window, or a time as it stands", () => {
  assert.deepEqual(
    [
      "after: 2m",
      "before: 30s",
      "after: slow provider",
      "before: slow provider",
      "during: slow provider",
      "during: bad deploy",
      "during: [10s, 1m]",
      "after: 10s, before: bad deploy",
      "during: slow provider, window: 10s",
    ].map(gateOf),
    [
      "count>1 after 2m: 120 to Infinity",
      "count>1 before 30s: 0 to 30",
      'count>1 after "slow provider": 60 to Infinity',
      'count>1 before "slow provider": 0 to 40',
      'count>1 during "slow provider": 40 to 60',
      'count>1 during "bad deploy": 70 to Infinity',
      "count>1 from 10s to 1m: 10 to 60",
      'count>1 after 10s before "bad deploy": 10 to 70',
      'count>1 over 10s during "slow provider": 40 to 60',
    ],
  );
});

scenarioTest("a gate that names no fault, or leaves no time, is diagnosed", () => {
  assert.deepEqual(said("during: slow provder"), [
    'scenario.yaml:10:57: there is no fault "slow provder"\n     = did you mean "slow provider"?',
  ]);
  assert.match(
    said("after: 5x").join(),
    /there is no fault "5x"\n.*the faults are slow provider, bad deploy; or write/,
  );
  assert.match(said("after: x", "[]").join(), /there is no fault "x"\n.*there are no faults: write a time like 2m/);
  assert.match(said("after: bad deploy").join(), /"bad deploy" goes on to the end of the run.*\n.*give it an end/);
  assert.match(
    said("after: 1m, before: slow provider").join(),
    /no time of the run is after 1m before "slow provider"/,
  );
  assert.match(said("during: [2m, 1m]").join(), /no time of the run is from 2m to 1m/);
  assert.match(said("during: [1m]").join(), /a stretch of the run has two times/);
  assert.match(said("during: 1m").join(), /expected two times, as in \[1m, 2m\], found the text "1m"/);
  assert.match(said("after: 90").join(), /the duration 90 has no unit/);
  assert.match(said("during: slow provider, window: 30s").join(), /no window of 30s fits during "slow provider"/);
});

scenarioTest("a misspelt fault is said beside other errors, but not when a fault could not be read", () => {
  const broken = scenario({ seed: "-1", faults: FAULTS, thresholds: "{ vus: [{ threshold: value>1, after: bad }] }" });
  assert.match(problems(broken).join("\n"), /seed[\s\S]*there is no fault "bad"/);
  const unread = withThreshold("after: x", "[{ name: x, kind: nothing, target: cart }]");
  assert.doesNotMatch(problems(unread).join("\n"), /there is no fault/);
});

scenarioTest("a selector names checks as they are written", () => {
  const journeys = "{ visit: [{ call: web.GET /, checks: [status == 200] }] }";
  const of = (key: string): string =>
    problems(scenario({ journeys, thresholds: `{ '${key}': ['rate>0.9'] }` })).join("\n");
  assert.equal(of("checks{check:status == 200}"), "");
  assert.match(
    of("checks{check:status == 20}"),
    /there is no check "status == 20"[\s\S]*did you mean "status == 200"\?/,
  );
  const none = problems(scenario({ thresholds: "{ 'checks{check:x}': ['rate>0.9'] }" })).join("\n");
  assert.match(none, /there is no check "x"[\s\S]*write checks: \[status == 200\]/);
});

scenarioTest("sizes are bytes, in powers of 1000 or 1024, for endpoints written out and in short", () => {
  const sizeOf = (written: string): unknown => {
    const text = scenario({ services: `{ web: { endpoints: { "GET /": { size: ${written} } } } }` });
    return compileScenario(load(text).scenario).endpoints[0]!.size;
  };
  assert.deepEqual(sizeOf("{ request: 512B, response: 1KiB }"), { request: 512, response: 1024 });
  assert.deepEqual(sizeOf("{ request: 1kB, response: 1.5MB }"), { request: 1000, response: 1_500_000 });
  assert.deepEqual(sizeOf("{ response: 2MiB }"), { request: 0, response: 2_097_152 });
  assert.deepEqual(compileScenario(load(scenario()).scenario).endpoints[1]!.size, { request: 0, response: 0 });
  const wrong = (written: string): string =>
    problems(scenario({ services: `{ web: { endpoints: { "GET /": { size: ${written} } } } }` })).join("\n");
  assert.match(wrong("{ request: 512 }"), /the size 512 has no unit[\s\S]*write 512B or 512KiB/);
  assert.match(wrong("{ request: 2mb }"), /found the text "2mb"[\s\S]*did you mean 2MB\?/);
  assert.match(wrong("{ request: 2 KiB }"), /did you mean 2KiB\?/);
  assert.match(wrong("{ request: -1B }"), /the units are B, kB/);
  assert.match(wrong("{ request: 2000GB, response: 2000GiB }"), /too large/);
  assert.match(wrong("20KiB"), /write \{ response: 20KiB \}/);
});

Deno.test({
  name: "the README's thresholds and checks are well",
  ignore: needs("read", "env"),
  fn() {
    const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
    const section = readme.slice(readme.indexOf("### Thresholds and checks"));
    const [, snippet] = /```yaml\n([\s\S]*?)```/.exec(section)!;
    const around = `name: shop
services:
  web: { endpoints: { GET /: 5ms, POST /pay: { calls: [payment.Charge] } } }
  payment: { endpoints: { Charge: 40ms } }
scenarios: { buyers: { executor: constant-vus, vus: 1, duration: 5m } }
faults: [{ name: slow provider, kind: latency, target: payment, at: 1m, for: 1m, add: 700ms }]
`;
    assert.deepEqual(problems(around + snippet), []);
    assert.equal(load(around + snippet).scenario.thresholds.length, 4);
  },
});
