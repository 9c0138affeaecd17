// --set: paths, values, what is created on the way, and the document that results.

import assert from "node:assert/strict";
import type { CallStep } from "../../sim/model/model.ts";
import { load, problems, scenario, scenarioTest } from "./support.ts";

scenarioTest("a value is put at its path, which is made where it is missing", () => {
  const { scenario: shop } = load(scenario(), {
    sets: [
      'services.web.endpoints."GET /".latency=7ms',
      "services.web.logs.level=debug",
      "seed=42",
      "scenarios.load.vus=3",
      "journeys.visit.0=cart.Get",
      'services."cart".endpoints={ Get: 2ms, Put: { p50: 1ms, p99: 2ms } }'.replace("{ p50: 1ms, p99: 2ms }", "3ms"),
      "description=a = b: c".replace(": c", ""),
    ],
  });
  assert.equal(shop.services.get("web")!.endpoints.get("GET /")!.latency!.mean, 7e6);
  assert.equal(shop.services.get("web")!.logs.level, "debug");
  assert.equal(shop.seed, 42);
  assert.equal((shop.journeys.get("visit")![0] as CallStep).target.service, "cart");
  assert.deepEqual([...shop.services.get("cart")!.endpoints.keys()], ["Get", "Put"]);
  assert.equal(shop.description, "a = b");
});

scenarioTest("later values win, and quotes in a key may be escaped", () => {
  assert.equal(load(scenario(), { sets: ["seed=1", "seed=2"] }).scenario.seed, 2);
  const { scenario: shop } = load(scenario(), { sets: ['services.cart.endpoints."a \\"b\\" c"=1ms'] });
  assert.ok(shop.services.get("cart")!.endpoints.has('a "b" c'));
});

scenarioTest("the document that results says the same as file and overrides", () => {
  const text = `${scenario()}# a comment\nenvironment: &e "\${E}"\ndescription: *e\n`;
  const given = {
    sets: ['services.web.endpoints."GET /".latency={ p50: 8ms, p99: 40ms }', "faults=[{ kind: errors, target: cart }]"],
    env: { E: "test" },
  };
  const first = load(text, given);
  assert.match(first.document, /# a comment/);
  const second = load(first.document, { env: given.env });
  assert.deepEqual(plain(second.scenario), plain(first.scenario));
});

/** Functions of distributions and loads are told apart by nothing but their effect. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each) => each instanceof Map ? [...each] : each));
}

scenarioTest("a change at one place of an alias is none at another", () => {
  const text = scenario({
    services: '\n  web: { endpoints: &e { "GET /": 1ms } }\n  cart: { endpoints: *e }',
  });
  const { scenario: shop, document } = load(text, { sets: ['services.cart.endpoints."GET /"=9ms'] });
  const means = ["web", "cart"].map((name) => shop.services.get(name)!.endpoints.get("GET /")!.latency!.mean);
  assert.deepEqual(means, [1e6, 9e6]);
  assert.doesNotMatch(document, /[&*]e/);
});

scenarioTest("without overrides the document is the file, byte for byte", () => {
  const text = `${scenario()}\n# the end  \n`;
  assert.equal(load(text).document, text);
});

scenarioTest("a wrong path or value is shown in the argument, with a caret", () => {
  const cases: readonly (readonly [set: string, marked: string, says: RegExp])[] = [
    ["seed", " ", /"=" and a value are missing/],
    ["=5", "=", /a key is missing in the path/],
    ["a..b=1", ".", /a key is missing in the path/],
    ['services."web=1', '"web=1', /the quote is not closed/],
    ['services."web"x=1', "x", /a "\." is due/],
    ["name.x=1", "x", /name is a value and has no keys/],
    ["journeys.visit.5=web.GET /", "5", /journeys.visit has 1 item\n.*\n.*\n += from journeys.visit.0/],
    ["journeys.visit.first=web.GET /", "first", /journeys.visit is a list/],
    ["seed={a", "{", /this \{ is not closed/],
    ["seed=seven", "seven", /expected a whole number/],
    ["sead=7", "sead", /did you mean "seed"/],
    ['services.web.endpoints."GET /".latency=5', "5", /the duration 5 has no unit/],
    ["services.web.replica.x=5", "replica", /unknown key "replica" in a service/],
    ["services.wbe.replicas=5", "wbe", /"endpoints" is missing in a service/],
    ["__proto__.polluted=1", "__proto__", /cannot be a key/],
    ["seed=*x", "*x", /no value before this has the anchor/],
    ["seed=!!int 7", "!!int", /tags such as !!int are not supported/],
  ];
  for (const [set, marked, says] of cases) {
    const printed = problems(scenario(), { sets: [set] });
    assert.equal(printed.length, 1, printed.join("\n"));
    assert.match(printed[0]!, says);
    assert.ok(printed[0]!.startsWith("--set "), printed[0]);
    const [, line, caret] = printed[0]!.split("\n");
    const shown = line!.slice(caret!.indexOf("^"), caret!.lastIndexOf("^") + 1);
    assert.equal(shown || " ", marked, printed[0]);
  }
  assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
});
