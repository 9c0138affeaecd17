// What makes runs comparable: a draw depends on who asks, so what is added elsewhere moves nobody else.

import assert from "node:assert/strict";
import type { Step } from "../../sim/model/model.ts";
import { FactKind } from "../../sim/plan/facts.ts";
import {
  call,
  constant,
  endpoint,
  exponential,
  fault,
  ms,
  openLoad,
  plan,
  type Row,
  seconds,
  service,
  simulate,
  target,
  workload,
} from "../build.ts";

const slow = { turn: (knobs: { added: number }) => void (knobs.added += ms(300)) };
const errors = { rate: 0.1, status: 500, exception: undefined, message: undefined };
const retry = { attempts: 3, backoff: { base: ms(20), max: seconds(1), factor: 2, jitter: "full" as const } };

function shop(
  extra: {
    unrelated?: boolean;
    first?: boolean;
    faultOn?: string;
    probability?: number;
    seed?: number;
    steps?: Step[];
  } = {},
) {
  const other = service("other", {
    Get: endpoint(exponential(ms(5)), [call("other-db.Get", { retry, timeout: ms(10) })]),
  }, { concurrency: 2 });
  const otherDb = service("other-db", { Get: endpoint(exponential(ms(9)), [], { errors }) });
  const base = [
    service("web", {
      "GET /": endpoint(exponential(ms(5)), [call("cart.Get", { retry, timeout: ms(60) }), ...extra.steps ?? []]),
    }, {
      concurrency: 8,
      replicas: 2,
    }),
    service("cart", { Get: endpoint(exponential(ms(20)), [], { errors }) }, { concurrency: 4 }),
    service("mail", { Send: endpoint(exponential(ms(5))) }),
  ];
  const load = workload("buyers", "visit", openLoad(50, seconds(20), { poisson: true }));
  const otherLoad = workload("others", "elsewhere", openLoad(40, seconds(35), { poisson: true }));
  return plan({
    ...(extra.seed === undefined ? {} : { seed: extra.seed }),
    services: extra.unrelated ? (extra.first ? [other, otherDb, ...base] : [...base, other, otherDb]) : base,
    journeys: { ...(extra.unrelated ? { elsewhere: [call("other.Get")] } : {}), visit: [call("web.GET /")] },
    workloads: extra.unrelated ? (extra.first ? [otherLoad, load] : [load, otherLoad]) : [load],
    faults: extra.faultOn === undefined ? [] : [
      fault(target(extra.faultOn), {
        effect: slow,
        at: seconds(5),
        duration: seconds(5) as never,
        probability: extra.probability ?? 1,
      }),
    ],
  });
}

const OWN = new Set(["web", "cart", "mail"]);
/** The rows of spans of the shop, without the indices that depend on what else is in the file. */
const own = (rows: readonly Row[]): unknown[] =>
  rows.filter((row) => OWN.has(row.service) && row.span !== "0000000000000000")
    .map(({ workload: _, site: __, cause: ___, ...rest }) => rest);

/** Says where the first difference is; a whole diff of thousands of rows takes minutes. */
function assertSame(actual: readonly unknown[], expected: readonly unknown[]): void {
  const length = Math.max(actual.length, expected.length);
  for (let i = 0; i < length; i++) assert.deepEqual(actual[i], expected[i], `row ${i}`);
}

Deno.test("the same plan, seed and start give the same facts, however the steps are cut", () => {
  const once = simulate(shop({ unrelated: true }));
  assertSame(simulate(shop({ unrelated: true })).rows, once.rows);
  assertSame(simulate(shop({ unrelated: true }), { stepSeconds: 0.013 }).rows, once.rows);
});

Deno.test("another seed, or another start, shares no trace and no span", () => {
  const ids = (rows: readonly Row[]): Set<string> =>
    new Set(rows.flatMap((row) => [row.trace, row.span]).filter((id) => !/^0+$/.test(id)));
  const one = ids(simulate(shop()).rows);
  for (const other of [simulate(shop({ seed: 2 })), simulate(shop(), { startSalt: 2 })]) {
    for (const id of ids(other.rows)) assert.ok(!one.has(id), `${id} in both`);
  }
});

Deno.test("another start changes ids and nothing else", () => {
  const bare = (rows: readonly Row[]): unknown[] => rows.map(({ trace: _, span: __, parent: ___, ...rest }) => rest);
  assertSame(bare(simulate(shop(), { startSalt: 2 }).rows), bare(simulate(shop()).rows));
});

Deno.test("an unrelated service with its own load changes no fact of the others, wherever it stands in the file", () => {
  const alone = own(simulate(shop()).rows);
  assert.ok(alone.length > 2000);
  assertSame(own(simulate(shop({ unrelated: true })).rows), alone);
  assertSame(own(simulate(shop({ unrelated: true, first: true })).rows), alone);
});

Deno.test("a fault of another service changes no fact of those that never meet it", () => {
  const without = own(simulate(shop({ unrelated: true })).rows);
  const run = simulate(shop({ unrelated: true, faultOn: "other-db" }));
  assertSame(own(run.rows), without);
  assert.ok(run.requests.some((row) => row.service === "other-db" && row.extra >= ms(300)), "the fault did something");
});

Deno.test("a fault of probability 0 changes nothing", () => {
  const { rows } = simulate(shop({ faultOn: "cart", probability: 0 }));
  assertSame(rows.filter(({ kind }) => kind !== FactKind.fault), simulate(shop()).rows);
});

Deno.test("a fault moves no draw: every request it does not touch does the same work as without it", () => {
  const work = (rows: readonly Row[]): Map<string, number> =>
    new Map(rows.map((row) => [row.trace + row.span, row.extra]));
  const without = work(simulate(shop()).requests);
  const run = simulate(shop({ faultOn: "cart", probability: 0.5 }));
  let same = 0, touched = 0;
  for (const [id, extra] of work(run.requests)) {
    const before = without.get(id);
    if (before === undefined) continue;
    if (extra === before) same++;
    else {
      assert.equal(extra - before, ms(300));
      touched++;
    }
  }
  assert.ok(same > 1000 && touched > 15, `${same} the same, ${touched} touched`);
});

Deno.test("a call added to one endpoint leaves the draws of the calls beside it alone", () => {
  const bySpan = (rows: readonly Row[]): Map<string, number> =>
    new Map(rows.filter((row) => row.service === "cart").map((row) => [row.span, row.extra]));
  const before = bySpan(simulate(shop()).requests);
  const after = bySpan(simulate(shop({ steps: [call("mail.Send")] })).requests);
  assert.deepEqual(after, before);
});

Deno.test("a latency fault on an edge touches only the calls from that caller", () => {
  const of = plan({
    services: [
      service("a", { X: endpoint(constant(ms(1)), [call("db.Get")]) }),
      service("b", { X: endpoint(constant(ms(1)), [call("db.Get")]) }),
      service("db", { Get: endpoint(constant(ms(1))) }),
    ],
    journeys: { visit: [call("a.X"), call("b.X")] },
    workloads: [workload("load", "visit", openLoad(1, seconds(1)))],
    faults: [fault(target("db.Get", "b"), { effect: slow })],
  });
  const took = new Map(simulate(of).requests.map((row) => [row.service, row.time - row.start]));
  assert.equal(took.get("a"), ms(2));
  assert.equal(took.get("b"), ms(302));
});
