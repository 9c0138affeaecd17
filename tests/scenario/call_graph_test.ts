// Cycles without an end, and fan-outs that no backend takes.

import assert from "node:assert/strict";
import fc from "fast-check";
import { problems, scenario, scenarioTest } from "./support.ts";

/** Services a, b, c… with an endpoint X each, and these calls. */
function graph(...calls: readonly string[]): string {
  const services = calls.map((each, i) =>
    `\n  ${String.fromCharCode(97 + i)}: { endpoints: { X: { calls: [${each}] } } }`
  );
  return scenario({ services: services.join(""), journeys: "{ visit: [a.X] }" });
}

function messages(text: string): string[] {
  return problems(text).map((each) => each.split("\n")[0]!.replace(/^scenario.yaml:\d+:\d+: /, ""));
}

scenarioTest("a cycle without an end is shown with all its calls", () => {
  assert.deepEqual(messages(graph("b.X", "c.X", "a.X")), ["calls without an end: a.X -> b.X -> c.X -> a.X"]);
  assert.deepEqual(messages(graph("a.X")), ["a.X calls itself without an end: a.X -> a.X"]);
});

scenarioTest("the caret stands below the call that begins the cycle", () => {
  const [printed] = problems(graph("b.X", "a.X"));
  const [, line, caret] = printed!.split("\n");
  assert.equal(line!.slice(caret!.indexOf("^"), caret!.lastIndexOf("^") + 1), "b.X");
});

scenarioTest("each cycle is reported once, and what only leads to it is not", () => {
  assert.deepEqual(messages(graph("b.X", "c.X", "b.X", "d.X")), [
    "calls without an end: b.X -> c.X -> b.X",
    "d.X calls itself without an end: d.X -> d.X",
  ]);
});

scenarioTest("a cycle that some way leaves has an end", () => {
  for (
    const way of [
      "{ call: b.X, probability: 50% }",
      "{ choose: [{ weight: 1, call: b.X }, { weight: 1, steps: [] }] }",
      "{ repeat: { uniform: [0, 1] }, steps: [{ call: b.X, probability: 99% }] }",
      "{ call: c.X, fallback: b.X }",
    ]
  ) assert.deepEqual(messages(graph(way, "a.X", "")), [], way);
});

scenarioTest("a cycle that no way leaves has none, wherever its call stands", () => {
  for (
    const way of [
      "{ parallel: [c.X, [c.X, b.X]] }",
      "{ choose: [{ weight: 1, call: b.X }, { weight: 1, steps: [c.X, b.X] }, { weight: 0, call: c.X }] }",
      "{ repeat: 2, steps: [b.X] }",
      "{ call: b.X, optional: true, timeout: 1s }",
      "{ call: b.X, fallback: c.X }",
    ]
  ) assert.deepEqual(messages(graph(way, "a.X", "")), ["calls without an end: a.X -> b.X -> a.X"], way);
});

/** Handlers h0, h1… of a service w that read the topics a, b…, with these steps. */
function handlers(...steps: readonly string[]): string {
  const topics = steps.map((_, i) => `${String.fromCharCode(97 + i)}: {}`);
  const consumes = steps.map((_, i) => `{ topic: q.${String.fromCharCode(97 + i)}, endpoint: h${i} }`);
  return scenario({
    services: `
  web: { endpoints: { X: { calls: [{ publish: q.a }] } } }
  q: { kind: queue, topics: { ${topics.join(", ")} } }
  w: { consumes: [${consumes.join(", ")}], endpoints: { ${
      steps.map((each, i) => `h${i}: { calls: [${each}] }`).join(", ")
    } } }`,
    journeys: "{ visit: [web.X] }",
  });
}

scenarioTest("messages that always make messages have no end, over any number of topics", () => {
  assert.deepEqual(messages(handlers("{ publish: q.a }")), ["messages without an end: w.h0 -> q.a -> w.h0"]);
  assert.deepEqual(messages(handlers("{ publish: q.b }", "{ publish: q.a }")), [
    "messages without an end: w.h0 -> q.b -> w.h1 -> q.a -> w.h0",
  ]);
  const [printed] = problems(handlers("{ publish: q.a }"));
  const [, line, caret, hint] = printed!.split("\n");
  assert.equal(line!.slice(caret!.indexOf("^")).slice(0, 3), "q.a");
  assert.match(hint!, /\{ publish: q\.a, probability: 50% \}/);
});

scenarioTest("messages that make messages now and then have an end", () => {
  assert.deepEqual(messages(handlers("{ publish: q.a, probability: 50% }")), []);
  assert.deepEqual(messages(handlers("{ publish: q.b }", "{ publish: q.a, probability: 99% }")), []);
  assert.deepEqual(messages(handlers("{ publish: q.b }", "")), []);
});

scenarioTest("a fan-out of more than 100,000 spans is refused where it begins", () => {
  const times = (count: number, target: string): string => `{ repeat: ${count}, steps: [${target}] }`;
  assert.deepEqual(messages(graph(times(300, "b.X"), times(160, "c.X"), "")), []);
  assert.deepEqual(messages(graph("b.X", times(400, "c.X"), times(200, "d.X"), "")), [
    "a request of b.X makes about 160,801 spans on average; at most 100,000 are allowed",
  ]);
  // Each request makes 1.8 others on average.
  const doubling = "{ call: a.X, probability: 90% }, { call: a.X, probability: 90% }";
  assert.match(messages(graph(doubling))[0]!, /endlessly many spans/);
  assert.deepEqual(messages(graph("{ call: a.X, probability: 90% }")), []);
});

scenarioTest("whether a graph of plain calls ends is whether it has a cycle", () => {
  const edges = fc.array(fc.array(fc.nat(5), { maxLength: 2 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(edges, (calls) => {
      const text = graph(
        ...calls.map((targets) => targets.map((to) => `${String.fromCharCode(97 + to)}.X`).join(", ")),
      );
      assert.equal(messages(text).length > 0, hasCycle(calls));
    }),
    { numRuns: 200 },
  );
});

function hasCycle(calls: readonly (readonly number[])[]): boolean {
  const reaches = calls.map((targets) => new Set(targets));
  for (let i = 0; i < calls.length; i++) {
    for (const from of reaches) for (const via of [...from]) for (const to of reaches[via]!) from.add(to);
  }
  return reaches.some((to, from) => to.has(from));
}
