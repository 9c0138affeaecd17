// Random faults: the same for the same seed, within their limits, and gone when the run is over.

import assert from "node:assert/strict";
import fc from "fast-check";
import { FOREVER, type Nanos } from "../../sim/base/time.ts";
import type { FaultWindow } from "../../sim/faults/fault.ts";
import { Chaos, type ChaosFault, type ChaosSettings } from "../../sim/plan/chaos.ts";
import { FactKind } from "../../sim/plan/facts.ts";
import { windowsBefore } from "../../sim/plan/fault_windows.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { constant, exponential, seconds, simulate } from "../build.ts";
import { load, problems, scenario, scenarioTest } from "../scenario/support.ts";

const FAULTS: readonly ChaosFault[] = [
  { draw: 0, weight: 3, service: "web" },
  { draw: 0, weight: 3, service: "cart" },
  { draw: 1, weight: 1, service: "cart" },
  { draw: 1, weight: 1, service: "mail" },
];

function settings(of: Partial<ChaosSettings> = {}): ChaosSettings {
  return {
    seed: 1,
    from: seconds(10),
    until: seconds(100_000),
    every: exponential(seconds(60)),
    length: exponential(seconds(20)),
    atOnce: 1,
    servicesMax: 3,
    ...of,
  };
}

type Drawn = FaultWindow & { readonly fault: number };

/** All windows, in the order of their beginnings. */
function drawn(of: ChaosSettings, faults = FAULTS): Drawn[] {
  const chaos = new Chaos(of, faults);
  const all = faults.flatMap((_, fault) => {
    const { window } = chaos.scheduleOf(fault);
    const windows: Drawn[] = [];
    for (let next = window(0); next !== undefined; next = window(windows.length)) windows.push({ ...next, fault });
    return windows;
  });
  return all.sort((one, other) => one.from - other.from);
}

const limits = fc.record({
  seed: fc.nat(),
  atOnce: fc.integer({ min: 1, max: 4 }),
  servicesMax: fc.integer({ min: 1, max: 3 }),
  every: fc.integer({ min: 1, max: 100 }).map((mean) => exponential(seconds(mean))),
  length: fc.integer({ min: 1, max: 300 }).map((mean) => exponential(seconds(mean))),
  until: fc.integer({ min: 11, max: 5000 }).map(seconds),
});

Deno.test("random faults keep to their limits: time, how many at once, and the blast radius", () => {
  fc.assert(fc.property(limits, (of) => {
    const all = drawn(settings(of));
    for (const { from, until, fault } of all) {
      assert.ok(from >= seconds(10) && from < until && until <= of.until);
      const open = all.filter((each) => each.from <= from && from < each.until);
      assert.ok(open.length <= of.atOnce);
      assert.ok(new Set(open.map((each) => FAULTS[each.fault]!.service)).size <= of.servicesMax);
      assert.equal(open.filter((each) => each.fault === fault).length, 1, "no fault is there twice");
    }
  }));
});

Deno.test("the windows do not depend on who asks first", () => {
  fc.assert(fc.property(limits, fc.array(fc.nat(3)), (of, asked) => {
    const chaos = new Chaos(settings(of), FAULTS), other = new Chaos(settings(of), FAULTS);
    for (const fault of asked) chaos.scheduleOf(fault).window(2);
    for (let fault = 0; fault < FAULTS.length; fault++) {
      for (let turn = 0; turn < 3; turn++) {
        assert.deepEqual(chaos.scheduleOf(fault).window(turn), other.scheduleOf(fault).window(turn));
      }
    }
  }));
});

Deno.test("random faults come as often as they are asked to, by their weights and targets", () => {
  const all = drawn(settings({ until: seconds(1e7), length: constant(seconds(1)) }));
  const expected = 1e7 / 60;
  assert.ok(Math.abs(all.length / expected - 1) < 0.03, `${all.length} of ${expected}`);
  const share = (fault: number): number => all.filter((each) => each.fault === fault).length / all.length;
  for (const [fault, weight] of [3 / 8, 3 / 8, 1 / 8, 1 / 8].entries()) {
    assert.ok(Math.abs(share(fault) - weight) < 0.01, `${fault}: ${share(fault)}`);
  }
});

const CHAOS = `
  draw:
    - { kind: latency, add: 30ms, weight: 2 }
    - { kind: errors, rate: 50%, targets: [cart], probability: 80% }
  every: 5s
  for: { uniform: [1s, 9s] }
  atOnce: 2`;

function gameDay(seed: number): Plan {
  return compileScenario(
    load(scenario({
      seed: String(seed),
      chaos: CHAOS,
      scenarios: "{ load: { executor: constant-arrival-rate, rate: 20, duration: 60s, preAllocatedVUs: 50 } }",
    })).scenario,
  );
}

scenarioTest(
  "two runs with one seed have the same random faults, another seed has others, and none outlives the run",
  () => {
    const [one, again, other] = [gameDay(1), gameDay(1), gameDay(2)].map((plan) => simulate(plan));
    assert.deepEqual(one!.rows, again!.rows);
    const faultsOf = ({ rows }: typeof one & object): unknown[] =>
      rows.filter(({ kind }) => kind === FactKind.fault).map(({ time, cause, outcome }) => [time, cause, outcome]);
    assert.notDeepEqual(faultsOf(one!), faultsOf(other!));
    for (const { rows, engine } of [one!, other!]) {
      const faults = rows.filter(({ kind }) => kind === FactKind.fault);
      const begun = faults.filter(({ outcome }) => outcome === 1).length;
      assert.ok(begun >= 4, `${begun} begun`);
      assert.equal(begun, faults.length - begun, "each that begins ends");
      assert.ok(faults.every(({ time }) => time <= 60e9) && engine.now >= 60e9);
    }
  },
);

scenarioTest("an endless game day goes on for as long as anybody looks", () => {
  const plan = compileScenario(
    load(scenario({
      chaos: CHAOS,
      scenarios: "{ load: { executor: constant-vus, vus: 1, duration: unlimited } }",
    })).scenario,
  );
  const end = seconds(86_400);
  const windows = plan.faults.flatMap((fault) => [...windowsBefore(plan.seed, fault, end)]);
  assert.ok(windows.length > 8_000, String(windows.length));
  assert.ok(windows.every(({ until }) => until < FOREVER));
  assert.ok(Math.max(...windows.map(({ from }) => from)) > end - (seconds(600) as Nanos));
});

scenarioTest("what is wrong with a chaos schedule is said, all of it", () => {
  const said = problems(scenario({
    chaos:
      `{ draw: [{ kind: latency, at: 5s }, { kind: errors, target: cart }], targets: [crt], every: 10ms, for: 5s }`,
  })).join("\n");
  for (
    const expected of [/needs add or multiply|unknown key "at"/, /unknown key "target"/, /no service "crt"/, /10ms/]
  ) {
    assert.match(said, expected);
  }
  assert.match(
    problems(scenario({ chaos: "{ draw: [{ kind: errors }], every: 1m, for: 5s, from: 9s, until: 3s }" })).join(),
    /ends before it begins/,
  );
  assert.match(problems(scenario({ chaos: "{ draw: [], every: 1m, for: 5s }" })).join(), /draw/);
});
