// Every fault kind: how it decodes, what it turns, and what is wrong with one that says nothing.

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Diagnostic, Diagnostics } from "../../sim/base/diagnostics.ts";
import { INVALID, tagged } from "../../sim/base/fields.ts";
import { type Knobs, neutralKnobs } from "../../sim/faults/fault.ts";
import type { CompiledFault } from "../../sim/faults/kind.ts";
import { compileFault, FAULTS } from "../../sim/faults/registry.ts";
import { strikesRequests } from "../../sim/faults/kind.ts";
import { parse } from "yaml";
import { nodeOf, type Plain } from "../load/nodes.ts";
import { needs } from "../permissions.ts";

const faultField = tagged("a fault", "kind", FAULTS, {});

function tryFault(
  config: { readonly [key: string]: Plain },
): { fault: CompiledFault | undefined; problems: readonly Diagnostic[] } {
  const diagnostics = new Diagnostics();
  const node = nodeOf(config);
  const decoded = faultField.decode(node, diagnostics);
  const fault = decoded === INVALID ? INVALID : compileFault(decoded.kind, decoded.config, node, diagnostics);
  return { fault: fault === INVALID ? undefined : fault, problems: diagnostics.sorted() };
}

function faultOf(config: { readonly [key: string]: Plain }): CompiledFault {
  const { fault, problems } = tryFault(config);
  assert.deepEqual(problems.map((problem) => problem.message), []);
  assert.ok(fault !== undefined);
  return fault;
}

function turned(faults: readonly CompiledFault[], intensity: number, u = 0.5): Knobs {
  const knobs = neutralKnobs();
  for (const { effect } of faults) effect.turn?.(knobs, intensity, u);
  return knobs;
}

function assertProblem(config: { readonly [key: string]: Plain }, at: string, says: RegExp, hint = /^/): void {
  const { fault, problems } = tryFault(config);
  assert.equal(fault, undefined);
  assert.equal(problems.length, 1, problems.map((problem) => problem.message).join("\n"));
  assert.equal(problems[0]!.path.join("."), at);
  assert.match(problems[0]!.message, says);
  assert.match(problems[0]!.hint ?? "", hint);
}

Deno.test("latency adds a constant time in proportion to its strength", () => {
  const fault = faultOf({ kind: "latency", add: "700ms" });
  assert.deepEqual(turned([fault], 1), { ...neutralKnobs(), added: 700e6, factor: 1, errorRate: 0 });
  assert.deepEqual(turned([fault], 0.25), { ...neutralKnobs(), added: 175e6, factor: 1, errorRate: 0 });
  assert.equal(fault.failure, undefined);
});

Deno.test("latency draws what it adds for each request", () => {
  const fault = faultOf({ kind: "latency", add: { uniform: ["100ms", "300ms"] } });
  assert.ok(Math.abs(turned([fault], 1, 0.5).added - 200e6) < 1);
  assert.ok(Math.abs(turned([fault], 0.5, 0.75).added - 125e6) < 1);
});

Deno.test("latency multiplies in proportion to its strength, up or down", () => {
  const slow = faultOf({ kind: "latency", multiply: 4 });
  assert.equal(turned([slow], 1).factor, 4);
  assert.equal(turned([slow], 0.5).factor, 2.5);
  assert.equal(turned([faultOf({ kind: "latency", multiply: 0.5 })], 0.5).factor, 0.75);
});

Deno.test("latency faults of one request add up and multiply", () => {
  const one = faultOf({ kind: "latency", add: "100ms", multiply: 2 });
  const other = faultOf({ kind: "latency", add: "50ms", multiply: 3 });
  assert.deepEqual(turned([one, other], 1), { ...neutralKnobs(), added: 150e6, factor: 6, errorRate: 0 });
});

Deno.test("latency needs something to do", () => {
  assertProblem({ kind: "latency" }, "", /needs add or multiply/, /add: 500ms/);
  assertProblem({ kind: "latency", multiply: 0 }, "multiply", /expected a number above 0/);
  assertProblem({ kind: "latency", multiply: -2 }, "multiply", /expected a number above 0/);
});

Deno.test("errors fails every request with 500 by default", () => {
  const fault = faultOf({ kind: "errors" });
  assert.deepEqual(turned([fault], 1), { ...neutralKnobs(), added: 0, factor: 1, errorRate: 1 });
  assert.deepEqual(fault.failure, { rate: 1, status: 500, exception: undefined, message: undefined });
  assert.equal(fault.sticky, false);
});

Deno.test("errors fails a share in proportion to its strength, with the answer that is asked for", () => {
  const fault = faultOf({ kind: "errors", rate: "30%", status: 503, exception: "Overloaded", message: "go away" });
  assert.equal(turned([fault], 1).errorRate, 0.3);
  assert.equal(turned([fault], 0.5).errorRate, 0.15);
  assert.deepEqual(fault.failure, { rate: 0.3, status: 503, exception: "Overloaded", message: "go away" });
});

Deno.test("the error rate is that of the last fault alone, since each decides for itself", () => {
  const some = faultOf({ kind: "errors", rate: "30%" });
  const few = faultOf({ kind: "errors", rate: "10%" });
  assert.equal(turned([some, few], 1).errorRate, 0.1);
});

Deno.test("errors wants a share and an HTTP status of an error", () => {
  assertProblem({ kind: "errors", rate: 30 }, "rate", /the share 30 has no unit/, /write 30%/);
  assertProblem({ kind: "errors", status: 200 }, "status", /expected a whole number from 400 to 599/);
  assertProblem({ kind: "errors", sttus: 503 }, "sttus", /unknown key/, /did you mean "status"/);
});

Deno.test("an unknown kind is diagnosed with the nearest one", () => {
  assertProblem({ kind: "latncy", add: "1s" }, "kind", /expected one of latency, errors/, /did you mean "latency"/);
});

/** Samples of the kinds that turn knobs: decoded from what the lists show. */
function samples(): [string, CompiledFault][] {
  return Object.entries(FAULTS).filter(([, { aim }]) => strikesRequests(aim)).map(([kind, { sample, fields }]) => {
    const own = Object.entries(parse(`{ ${sample} }`)).filter(([key]) => key === "kind" || Object.hasOwn(fields, key));
    return [kind, faultOf(Object.fromEntries(own) as { readonly [key: string]: Plain })];
  });
}

Deno.test({
  name: "every kind that turns knobs leaves a request as it is at strength 0, and changes it at full strength",
  ignore: needs("env"),
  fn() {
    for (const [kind, fault] of samples()) {
      fc.assert(fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (u) => {
        const { errorRate, ...weak } = turned([fault], 0, u);
        // How it would fail is said before it is known whether it does.
        const { errorRate: none, ...neutral } = { ...neutralKnobs(), harm: weak.harm, cutAfter: weak.cutAfter };
        assert.equal(errorRate, none, kind);
        assert.deepEqual(weak, neutral, kind);
        assert.notDeepEqual(turned([fault], 1, u), neutralKnobs(), kind);
      }));
    }
  },
});

Deno.test("every kind has a summary and a summary for each field, as sentences", () => {
  for (const [kind, { summary, fields }] of Object.entries(FAULTS)) {
    assert.match(summary, /\.$/, kind);
    for (const [name, property] of Object.entries(fields)) assert.match(property.summary, /\.$/, `${kind}.${name}`);
  }
});
