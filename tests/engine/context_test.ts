import assert from "node:assert/strict";
import type { ConditionSpec } from "../../sim/model/model.ts";
import { drawAttribute } from "../../sim/plan/attributes.ts";
import { FactBatch, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { Zipf } from "../../sim/distributions/zipf.ts";
import { call, constant, endpoint, fault, ms, openLoad, plan, seconds, service, target, workload } from "../build.ts";

const TENANT = {
  type: "oneOf" as const,
  values: [{ value: "acme", weight: 3 }, { value: "globex", weight: 1 }],
};
const SIZE = { type: "int" as const, least: 1, most: 10 };
const is = (...values: string[]): ConditionSpec => new Map([["tenant", { type: "oneOf", values }]]);

interface Seen {
  readonly endpoint: string;
  readonly outcome: number;
  readonly took_ms: number;
  readonly iteration: number;
  readonly workload: number;
  readonly context: Record<string, unknown>;
}

/** Requests of a run, each with the context that its row carries. */
function requestsOf(of: Plan): Seen[] {
  const engine = new Engine(of, 1);
  const batch = new FactBatch();
  const seen: Seen[] = [];
  while (!engine.done) {
    batch.clear();
    engine.step(seconds(1000), batch);
    for (let row = 0; row < batch.length; row++) {
      if (batch.kind[row] !== FactKind.request) continue;
      const attributes = of.contexts[of.workloads[batch.workload[row]!]!.context]!;
      seen.push({
        endpoint: of.endpoints[batch.endpoint[row]!]!.name,
        outcome: batch.outcome[row]!,
        took_ms: (batch.time[row]! - batch.start[row]!) / 1e6,
        iteration: batch.iteration[row]!,
        workload: batch.workload[row]!,
        context: Object.fromEntries(attributes.map((attribute) => [
          attribute.name,
          drawAttribute(attribute, batch.context[row * 2]! | 0, batch.context[row * 2 + 1]! | 0),
        ])),
      });
    }
  }
  return seen;
}

Deno.test("the context is drawn once for each iteration and is the same in all its calls, retries included", () => {
  const seen = requestsOf(plan({
    context: new Map<string, typeof TENANT | typeof SIZE>([["tenant", TENANT], ["cart.size", SIZE]]),
    services: [
      service("web", {
        Get: endpoint(constant(ms(1)), [
          call("db.Read"),
          call("db.Fail", { optional: true, retry: { attempts: 3, backoff: undefined } }),
        ]),
      }),
      service("db", {
        Read: endpoint(constant(ms(1))),
        Fail: endpoint(constant(ms(1)), [], {
          errors: { rate: 0.5, status: 500, exception: undefined, message: undefined },
        }),
      }),
    ],
    journeys: { visit: [call("web.Get")] },
    workloads: [workload("load", "visit", openLoad(100, seconds(20)))],
  }));
  const byIteration = new Map<number, Seen["context"]>();
  for (const { iteration, context } of seen) {
    assert.deepEqual(context, byIteration.get(iteration) ?? context);
    byIteration.set(iteration, context);
  }
  assert.equal(byIteration.size, 2000);
  const acme = [...byIteration.values()].filter((context) => context["tenant"] === "acme").length;
  assert.ok(Math.abs(acme / 2000 - 0.75) < 0.04, `${acme} of 2000 are acme`);
});

Deno.test("latency, errors, calls and options depend on the context where they say so", () => {
  const seen = requestsOf(plan({
    context: new Map<string, typeof TENANT | typeof SIZE>([["tenant", TENANT], ["cart.size", SIZE]]),
    services: [
      service("web", {
        Get: endpoint(constant(ms(1)), [
          call("back.Acme", { where: is("acme") }),
          {
            type: "choose",
            options: [
              { weight: 1, where: is("globex"), steps: [call("back.Globex")] },
              { weight: 0.001, steps: [call("back.Rest")] },
            ],
          },
        ], {
          variants: [
            {
              where: new Map([["cart.size", { type: "compare", comparison: ">", value: 8 }]]),
              latency: constant(ms(50)),
              errors: undefined,
            },
            {
              where: is("globex"),
              latency: undefined,
              errors: { rate: 1, status: 500, exception: undefined, message: undefined },
            },
          ],
        }),
      }),
      service("back", {
        Acme: endpoint(constant(ms(1))),
        Globex: endpoint(constant(ms(1))),
        Rest: endpoint(constant(ms(1))),
      }),
    ],
    journeys: { visit: [call("web.Get")] },
    workloads: [workload("load", "visit", openLoad(100, seconds(10)))],
  }));
  const of = (name: string): Seen[] => seen.filter((each) => each.endpoint === name);
  assert.ok(of("Acme").length > 500);
  assert.ok(of("Acme").every(({ context }) => context["tenant"] === "acme"));
  assert.ok(of("Globex").every(({ context }) => context["tenant"] === "globex"));
  assert.ok(
    of("Rest").every(({ context }) => context["tenant"] === "acme"),
    "an option alone is chosen, however small",
  );
  for (const { context, outcome, took_ms } of of("Get")) {
    const isLarge = Number(context["cart.size"]) > 8, isGlobex = context["tenant"] === "globex";
    assert.equal(outcome === Outcome.error, isGlobex && !isLarge, "the first variant that matches is in force");
    assert.ok(isLarge ? took_ms > 50 : took_ms < 10, String(took_ms));
  }
});

Deno.test("a fault with a condition touches only requests whose context matches", () => {
  const parts = (where: ConditionSpec | undefined): Parameters<typeof plan>[0] => ({
    context: new Map([["tenant", TENANT]]),
    services: [service("web", { Get: endpoint(constant(ms(1))) })],
    journeys: { visit: [call("web.Get")] },
    workloads: [workload("load", "visit", openLoad(100, seconds(5)))],
    faults: [fault(target("web"), { where, effect: { turn: (knobs) => void (knobs.added += ms(20)) } })],
  });
  for (const { context, took_ms } of requestsOf(plan(parts(is("globex"))))) {
    assert.equal(took_ms, context["tenant"] === "globex" ? 21 : 1);
  }
  assert.ok(requestsOf(plan(parts(undefined))).every(({ took_ms }) => took_ms === 21));
});

Deno.test("a workload's own context replaces the file's by name, and what it lacks never matches", () => {
  const seen = requestsOf(plan({
    context: new Map([["tenant", TENANT]]),
    services: [
      service("web", {
        Get: endpoint(constant(ms(1)), [
          call("web.Mobile", { where: new Map([["device", { type: "oneOf", values: ["phone"] }]]) }),
        ]),
        Mobile: endpoint(constant(ms(1))),
      }),
    ],
    journeys: { visit: [call("web.Get")] },
    workloads: [
      workload("plain", "visit", openLoad(50, seconds(4))),
      workload("phones", "visit", openLoad(50, seconds(4)), {
        context: new Map<string, { type: "constant"; value: string }>([
          ["tenant", { type: "constant", value: "initech" }],
          ["device", { type: "constant", value: "phone" }],
        ]),
      }),
    ],
  }));
  const mobile = seen.filter(({ endpoint }) => endpoint === "Mobile");
  assert.equal(mobile.length, 200);
  assert.ok(mobile.every(({ workload, context }) => workload === 1 && context["tenant"] === "initech"));
});

Deno.test("a context that nothing asks for changes no fact", () => {
  const facts = (context: Map<string, typeof TENANT>): string => {
    const of = plan({
      context,
      services: [service("web", { Get: endpoint(constant(ms(1))) })],
      journeys: { visit: [call("web.Get")] },
      workloads: [workload("load", "visit", openLoad(50, seconds(2)))],
    });
    return JSON.stringify(requestsOf(of).map(({ context: _, ...rest }) => rest));
  };
  assert.equal(facts(new Map([["tenant", TENANT]])), facts(new Map()));
});

Deno.test("ranks are drawn by Zipf's law", () => {
  const zipf = Zipf.of(1000, 1);
  const counts = new Array<number>(1001).fill(0);
  for (let i = 0; i < 200_000; i++) counts[zipf.rank((i + 0.5) / 200_000)]!++;
  const harmonic = Array.from({ length: 1000 }, (_, k) => 1 / (k + 1)).reduce((a, b) => a + b);
  for (const rank of [1, 2, 10, 100]) {
    assert.ok(Math.abs(counts[rank]! / 200_000 - 1 / rank / harmonic) < 1e-4, `rank ${rank}`);
    assert.ok(Math.abs(zipf.probability(rank) - 1 / rank / harmonic) < 1e-12);
  }
  assert.equal(counts.reduce((a, b) => a + b), 200_000);
});
