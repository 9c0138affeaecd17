// Scenarios that go on until the run is stopped: what the plan makes of them, and what does not fit together.

import assert from "node:assert/strict";
import { DAY, RUN_LENGTH_MAX, SECOND } from "../../sim/base/time.ts";
import { planEnd, planLength } from "../../sim/plan/plan.ts";
import { inspect } from "../../sim/report/inspect.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { needs } from "../permissions.ts";
import { load, problems, scenario, scenarioTest } from "./support.ts";

const planOf = (scenarios: string) => compileScenario(load(scenario({ scenarios })).scenario);

scenarioTest(
  "a plan with a scenario without end has none, and that scenario goes on for as long as a run may last",
  () => {
    const plan = planOf(
      `{ a: { executor: constant-vus, duration: unlimited, startTime: 10s, gracefulStop: 5s }, b: { executor: constant-vus, duration: 1m } }`,
    );
    assert.deepEqual([planLength(plan), planEnd(plan)], [Infinity, Infinity]);
    const [a, b] = plan.workloads;
    assert.equal(a!.load.length, RUN_LENGTH_MAX - 15 * SECOND);
    assert.deepEqual([b!.load.length, b!.load.endless], [60 * SECOND, false]);
  },
);

scenarioTest("one that starts after others ends in time even if those take all of their gracefulStop", () => {
  const plan = planOf(
    `{ a: { executor: constant-vus, duration: 40d, gracefulStop: 1d }, b: { executor: constant-vus, duration: unlimited, startAfter: a, gracefulStop: 1d } }`,
  );
  assert.equal(plan.workloads[1]!.load.length, 58 * DAY);
});

scenarioTest("nothing starts after a scenario without end", () => {
  const text = scenario({
    scenarios: `{ a: { executor: ramping-vus, stages: [{ target: 2, duration: 1m }], repeat: unlimited },
      b: { executor: constant-vus, duration: 1m, startAfter: a } }`,
  });
  assert.match(problems(text).join("\n"), /the scenario "a" never ends\n[\s\S]*give a an end, or this one a startTime/);
});

scenarioTest("k6's shortcut for a duration takes unlimited, but not beside a number of iterations", () => {
  const shortcut = (keys: string): string =>
    `name: n\nservices: { web: { endpoints: { "GET /": 5ms } } }\njourneys: { visit: [web.GET /] }\n${keys}\n`;
  const plan = compileScenario(load(shortcut("vus: 3\nduration: unlimited")).scenario);
  assert.equal(planLength(plan), Infinity);
  assert.equal(plan.workloads[0]!.load.length, RUN_LENGTH_MAX - 30 * SECOND);
  assert.match(
    problems(shortcut("iterations: 3\nduration: unlimited")).join("\n"),
    /a number of iterations ends by itself\n[\s\S]*leave duration out/,
  );
});

scenarioTest("one without end is looked ahead at for two of its cycles, and iterations are counted up to there", () => {
  const text = scenario({
    scenarios: `{ a: { executor: ramping-arrival-rate, startRate: 2, stages: [{ target: 2, duration: 5m }],
      repeat: unlimited, preAllocatedVUs: 5 }, b: { executor: constant-vus, duration: 3m } }`,
  });
  const { scenario: decoded } = load(text);
  const inspection = inspect(compileScenario(decoded), decoded);
  assert.deepEqual([inspection.length, inspection.end], [600 * SECOND, Infinity]);
  assert.deepEqual(inspection.workloads[0]!.iterations, { count: 1199, isExact: true });
  assert.equal(inspection.workloads[0]!.amountAt(SECOND), 2);
});

Deno.test({
  name: "the README's shape is one",
  ignore: needs("read", "env"),
  fn() {
    const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
    const block = /```yaml\nscenarios:\n([\s\S]*?shaped-arrival-rate[\s\S]*?)```/.exec(readme)![1]!;
    const { scenario: decoded } = load(scenario({ scenarios: `\n${block}` }));
    const shoppers = decoded.workloads.get("shoppers")!;
    assert.ok(shoppers.load.type === "open" && shoppers.load.endless);
    assert.equal(shoppers.load.cycle, 7 * DAY);
  },
});
