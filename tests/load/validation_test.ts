// What is wrong with a workload, all of it at once, each where it stands and with a way out.

import assert from "node:assert/strict";
import { formatDiagnostic } from "../../sim/base/diagnostics.ts";
import { EXECUTORS } from "../../sim/load/registry.ts";
import { type Config, loadOf, tryLoad, workloadField } from "./loads.ts";

interface Problem {
  /** The path at which it is, joined by dots. */
  readonly at: string;
  readonly says: RegExp;
  readonly hint: RegExp;
}

function assertProblems(config: Config, expected: readonly Problem[]): void {
  const { load, problems } = tryLoad(config);
  assert.equal(load, undefined);
  const found = problems.map((problem) => `${problem.path.join(".")}: ${problem.message} [${problem.hint ?? ""}]`);
  assert.equal(problems.length, expected.length, found.join("\n"));
  problems.forEach((problem, index) => {
    const { at, says, hint } = expected[index]!;
    assert.equal(problem.path.join("."), at, found[index]);
    assert.match(problem.message, says);
    assert.match(problem.hint ?? "", hint);
    assert.match(formatDiagnostic(problem), /\^/);
  });
}

const constantRate = { executor: "constant-arrival-rate", rate: 20, duration: "10s", preAllocatedVUs: 5 };
const rampingRate = { executor: "ramping-arrival-rate", preAllocatedVUs: 5, stages: [{ target: 5, duration: "1s" }] };

Deno.test("an unknown executor is diagnosed with the nearest one", () => {
  assertProblems({ ...constantRate, executor: "constant-arival-rate" }, [
    { at: "executor", says: /expected one of shared-iterations/, hint: /did you mean "constant-arrival-rate"/ },
  ]);
});

Deno.test("an executor does not take the fields of another", () => {
  assertProblems({ executor: "constant-vus", duration: "10s", stages: [] }, [
    { at: "stages", says: /unknown key "stages" in a scenario of executor constant-vus/, hint: /vus, duration/ },
  ]);
});

Deno.test("all that is wrong with the fields of an executor is said at once", () => {
  assertProblems({ executor: "constant-arrival-rate", rate: -20, duration: 0, timeUnit: 0, maxVUs: 2.5 }, [
    { at: "", says: /"preAllocatedVUs" is missing/, hint: /unlimited/ },
    { at: "rate", says: /expected a number above 0/, hint: /^/ },
    { at: "duration", says: /0 is too short/, hint: /at least/ },
    { at: "timeUnit", says: /0 is too short/, hint: /at least/ },
    { at: "maxVUs", says: /expected a whole number/, hint: /^/ },
  ]);
});

Deno.test("preAllocatedVUs and the duration are required, as in k6", () => {
  assertProblems({ executor: "constant-arrival-rate", rate: 1 }, [
    { at: "", says: /"duration" is missing/, hint: /duration: / },
    { at: "", says: /"preAllocatedVUs" is missing/, hint: /preAllocatedVUs: / },
  ]);
  assertProblems({ executor: "constant-vus" }, [{ at: "", says: /"duration" is missing/, hint: /^/ }]);
  assertProblems({ executor: "ramping-vus" }, [{ at: "", says: /"stages" is missing/, hint: /^/ }]);
});

Deno.test("maxVUs below preAllocatedVUs is diagnosed at maxVUs", () => {
  assertProblems({ ...constantRate, maxVUs: 4 }, [
    { at: "maxVUs", says: /maxVUs 4 is less than preAllocatedVUs 5/, hint: /at least 5/ },
  ]);
  assertProblems({ ...rampingRate, preAllocatedVUs: "unlimited", maxVUs: 4 }, [
    { at: "maxVUs", says: /maxVUs 4 is less than preAllocatedVUs unlimited/, hint: /leave maxVUs out/ },
  ]);
});

Deno.test("a workload that could never have a VU is refused", () => {
  assertProblems({ ...constantRate, preAllocatedVUs: 0 }, [
    { at: "preAllocatedVUs", says: /no iteration can ever start/, hint: /unlimited/ },
  ]);
  assertProblems({ executor: "ramping-vus", startVUs: 0, stages: [{ target: 0, duration: "5s" }] }, [
    { at: "stages", says: /neither startVUs nor the target of a stage is above 0/, hint: /^/ },
  ]);
});

Deno.test("a number of VUs is whole or unlimited", () => {
  assertProblems({ ...constantRate, preAllocatedVUs: "unlimitd" }, [
    { at: "preAllocatedVUs", says: /expected a whole number or unlimited/, hint: /did you mean "unlimited"/ },
  ]);
  assertProblems({ ...constantRate, preAllocatedVUs: -1 }, [
    { at: "preAllocatedVUs", says: /expected a whole number/, hint: /^/ },
  ]);
});

Deno.test("stages are checked one by one, and as a whole", () => {
  assertProblems({ ...rampingRate, stages: [] }, [{ at: "stages", says: /at least 1/, hint: /^/ }]);
  assertProblems({ ...rampingRate, stages: [{ target: -1, duration: "1s" }, { duration: "x" }] }, [
    { at: "stages.0.target", says: /expected a number, zero or more/, hint: /^/ },
    { at: "stages.1", says: /"target" is missing in a stage/, hint: /^/ },
    { at: "stages.1.duration", says: /expected a duration/, hint: /units/ },
  ]);
  assertProblems({ executor: "ramping-vus", stages: [{ target: 1.5, duration: "1s" }] }, [
    { at: "stages.0.target", says: /expected a whole number/, hint: /^/ },
  ]);
  assertProblems({ ...rampingRate, maxVUs: 1, stages: [{ target: 1, duration: 0 }] }, [
    { at: "stages", says: /the stages take no time/, hint: /duration above 0s/ },
    { at: "maxVUs", says: /less than preAllocatedVUs/, hint: /^/ },
  ]);
  assertProblems(
    { executor: "ramping-vus", stages: [{ target: 1, duration: "60d" }, { target: 2, duration: "60d" }] },
    [
      { at: "stages", says: /the stages take 120d/, hint: /at most 100d/ },
    ],
  );
});

Deno.test("shared-iterations needs an iteration for each VU, as in k6", () => {
  assertProblems({ executor: "shared-iterations", vus: 5, iterations: 3 }, [
    { at: "iterations", says: /iterations 3 is less than vus 5/, hint: /iterations: 5 or more/ },
  ]);
  assertProblems({ executor: "shared-iterations", vus: 5 }, [
    { at: "", says: /iterations 1 is less than vus 5/, hint: /iterations: 5 or more/ },
  ]);
  assertProblems({ executor: "per-vu-iterations", vus: 0, iterations: 0, maxDuration: "0s" }, [
    { at: "vus", says: /expected a whole number, 1 or more|from 1 to/, hint: /^/ },
    { at: "iterations", says: /expected a whole number, 1 or more/, hint: /^/ },
    { at: "maxDuration", says: /too short/, hint: /^/ },
  ]);
});

Deno.test("more iterations than can be counted are refused", () => {
  assertProblems({ ...constantRate, rate: 9e15, timeUnit: "1ms" }, [
    { at: "rate", says: /asks for 9.00e\+19 iterations/, hint: /timeUnit/ },
  ]);
});

Deno.test("a block from k6's documentation decodes with bare milliseconds and texts alike", () => {
  assert.equal(loadOf({ ...constantRate, duration: 10_000, timeUnit: 1000, gracefulStop: "5s" }).length, 10e9);
  assert.equal(loadOf({ ...rampingRate, startRate: 300, timeUnit: "1m" }).length, 1e9);
});

Deno.test("the JSON Schema states every field of every executor with its default", () => {
  const schema = workloadField.schema() as {
    properties: { executor: { enum: string[] } };
    allOf: { then: { properties: Record<string, { description: string }>; required?: string[] } }[];
  };
  assert.deepEqual(schema.properties.executor.enum, Object.keys(EXECUTORS));
  const ramping = schema.allOf[schema.properties.executor.enum.indexOf("ramping-arrival-rate")]!.then;
  assert.deepEqual(ramping.required, ["stages", "preAllocatedVUs"]);
  assert.match(ramping.properties["maxVUs"]!.description, /Default: preAllocatedVUs\.$/);
  assert.match(ramping.properties["timeUnit"]!.description, /Default: 1s\.$/);
  assert.match(ramping.properties["arrival"]!.description, /Default: uniform\.$/);
  for (const [kind, { summary, fields }] of Object.entries(EXECUTORS)) {
    assert.match(summary, /\.$/, kind);
    for (const [name, property] of Object.entries(fields)) assert.match(property.summary, /\.$/, `${kind}.${name}`);
  }
});
