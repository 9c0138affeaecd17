import assert from "node:assert/strict";
import { InvalidInput } from "../../sim/base/diagnostics.ts";
import type { Nanos } from "../../sim/base/time.ts";
import { type AlertExpectation, readExpectations } from "../../sim/stack/verify/alert_expectations.ts";
import { judge } from "../../sim/stack/verify/alerts.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { TEN_SECONDS } from "../cli/scenarios.ts";
import { needs } from "../permissions.ts";

const S = 1e9;
const EXPECTED: AlertExpectation = {
  alert: "Errors",
  labels: new Map(),
  cause: "bad deploy",
  from: 100 * S as Nanos,
  until: 160 * S as Nanos,
  within: 60 * S as Nanos,
  clears: 30 * S as Nanos,
};

Deno.test("an alert has to fire in time after its cause and clear in time after its end", () => {
  const of = (...firings: [number, number][]) =>
    judge(EXPECTED, firings.map(([from, until]) => ({ from: from * S, until: until * S })), 400 * S);
  assert.deepEqual(pick(of([120, 180])), { ok: true, why: undefined, fired: 20 * S, cleared: 20 * S });
  assert.equal(of().why, "Errors did not fire");
  assert.equal(of([170, 180]).why, "Errors fired too late");
  assert.equal(of([120, 200]).why, "Errors cleared too late");
  assert.equal(of([120, Infinity]).why, "Errors is still firing");
  assert.equal(of([50, 180]).why, "Errors was firing already before");
  assert.equal(of([120, 130], [150, 185]).ok, true, "flapping is no fault");
  assert.equal(of([120, 130], [150, 195]).why, "Errors cleared too late");
});

function pick({ ok, why, fired, cleared }: ReturnType<typeof judge>) {
  return { ok, why, fired, cleared };
}

Deno.test({
  name: "a file of alerts names a fault or times; all that is wrong is said at once, with its place",
  ignore: needs("env"),
  fn() {
    const { scenario } = loadScenario({ path: "x.yaml", text: TEN_SECONDS, sets: [], env: new Map() });
    const of = compileScenario(scenario);
    const [first, second] = readExpectations(
      "alerts.yaml",
      "alerts:\n  - { alert: A, fault: slow bank, within: 2m, clears: 5m }\n  - { alert: B, at: 80s, until: 90s, within: 10s, labels: { job: web } }\n",
      of,
    );
    assert.equal(first!.from, of.faults[0]!.at);
    assert.deepEqual([second!.from, second!.until, [...second!.labels]], [80 * S, 90 * S, [["job", "web"]]]);
    assert.throws(
      () =>
        readExpectations(
          "alerts.yaml",
          "alerts:\n  - { alert: A, fault: slow bnak, within: 2m }\n  - { alert: B, within: 2 }\n  - { alert: C, at: 1s, within: 1m, clears: 1m }\n",
          of,
        ),
      (error) => {
        assert.ok(error instanceof InvalidInput);
        const said = error.diagnostics.map(({ span, message, hint }) => `${span.line}: ${message} (${hint})`);
        assert.match(said.join("\n"), /3: the duration 2 has no unit/);
        assert.throws(
          () =>
            readExpectations(
              "a.yaml",
              "alerts:\n  - { alert: A, fault: slow bnak, within: 2m }\n  - { alert: C, at: 1s, within: 1m, clears: 1m }\n",
              of,
            ),
          (both) => {
            assert.ok(both instanceof InvalidInput);
            assert.deepEqual(both.diagnostics.map(({ span, hint }) => [span.line, hint]), [
              [2, 'did you mean "slow bank"?'],
              [3, "write until: beside at:"],
            ]);
            return true;
          },
        );
        return true;
      },
    );
  },
});
