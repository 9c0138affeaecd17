import assert from "node:assert/strict";
import { hashText, uniform } from "../../sim/base/draws.ts";
import { Zipf } from "../../sim/distributions/zipf.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { LruStore } from "../../sim/engine/lru_store.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { NO_POLICIES } from "../../sim/model/policies.ts";
import type { CacheStep } from "../../sim/model/state.ts";
import {
  call,
  constant,
  endpoint,
  exponential,
  ms,
  openLoad,
  plan,
  seconds,
  service,
  simulate,
  type Simulation,
  workload,
} from "../build.ts";
import { localCache, sharedCache } from "./state.ts";
import { live } from "./world.ts";

const WEB = 0, REDIS = 1;
const FAILING = { rate: 1, status: 500, exception: undefined, message: undefined };

interface Options {
  readonly rate?: number;
  readonly length?: number;
  readonly replicas?: number;
  readonly shards?: number;
  readonly poisson?: boolean;
  readonly dbMs?: number;
  readonly failing?: boolean;
  readonly entries?: number;
  readonly seed?: number;
}

function cached(step: CacheStep, options: Options = {}): Plan {
  const { rate = 10, length = 10, replicas = 1, poisson = false, dbMs = 20, failing = false, entries, shards = 1 } =
    options;
  return plan({
    seed: options.seed ?? 1,
    services: [
      service("web", { "GET /": endpoint(undefined, [step]) }, { replicas }),
      service("redis", { GET: endpoint(constant(ms(1))), SET: endpoint(constant(ms(1))) }, {
        kind: "cache",
        entries,
        replicas: shards,
      }),
      service("db", { q: endpoint(constant(ms(dbMs)), [], failing ? { errors: FAILING } : {}) }, { kind: "database" }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", openLoad(rate, seconds(length), { poisson }))],
  });
}

const lookUps = ({ rows }: Pick<Simulation, "rows">) => rows.filter((row) => row.kind === FactKind.cache);
const hits = (run: Pick<Simulation, "rows">): number[] => lookUps(run).map((row) => row.extra);
const of = (run: Pick<Simulation, "requests">, name: string) => run.requests.filter((row) => row.service === name);

function assertNothingLeaks({ engine }: Pick<Simulation, "engine">): void {
  assert.equal(engine.workersInUse, 0, "workers in use at the end");
  assert.equal(engine.framesInUse, 0, "frames in use at the end");
}

Deno.test("the first request fetches, the others hit until the entry is too old", () => {
  const run = simulate(cached(localCache([call("db.q")], { ttl: seconds(1) }), { rate: 10, length: 3 }));
  // Put in at 20 ms, it is good until 1,020 ms.
  const misses = lookUps(run).filter((row) => row.extra === 0).map((row) => row.time / 1e6);
  assert.deepEqual(misses, [0, 1100, 2200]);
  assert.equal(of(run, "db").length, 3);
  assertNothingLeaks(run);
});

Deno.test("a cache service is asked by GET, and filled by SET", () => {
  const run = simulate(cached(sharedCache("redis", [call("db.q")]), { rate: 10, length: 1 }));
  assert.deepEqual(hits(run), [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  const asked = of(run, "redis").map((row) => row.endpoint);
  assert.equal(asked.filter((name) => name === "GET").length, 10);
  assert.equal(asked.filter((name) => name === "SET").length, 1);
  const [first, second] = of(run, "web");
  assert.equal(first!.time - first!.start, ms(22));
  assert.equal(second!.time - second!.start, ms(1));
});

Deno.test("what a cache has stored is there, though whoever sent it has not waited for the answer", () => {
  const of = sharedCache("redis", [call("db.q")]);
  const shared = { ...of.shared!, set: call("redis.SET", { optional: true, timeout: ms(0.5) }) };
  const run = simulate(cached({ ...of, shared }, { rate: 10, length: 1 }));
  assert.deepEqual(hits(run), [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  assertNothingLeaks(run);
});

Deno.test("what is asked for is there or not when the cache works on it, whatever happens on the way back", () => {
  const of = sharedCache("redis", [call("db.q")], { ttl: ms(968) });
  const slow = { ...of.shared!, get: call("redis.GET", { optional: true, network: constant(ms(30)) }) };
  const run = simulate(cached({ ...of, shared: slow }, { rate: 10, length: 1.2 }));
  // Stored at 82 ms and gone at 1050: asked for at 1031 it is there, though the answer comes at 1061.
  assert.deepEqual(hits(run), [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  assertNothingLeaks(run);
});

Deno.test("a cache is asked again beside a slow answer for the same key, at the replica that has it", () => {
  const step = sharedCache("redis", [call("db.q")], { key: { type: "zipf", n: 50, s: 0.5 } });
  const get = call("redis.GET", { optional: true, policies: { ...NO_POLICIES, hedge: { after: ms(0.5), max: 1 } } });
  const runs = [step, { ...step, shared: { ...step.shared!, get } }].map((each) =>
    simulate(cached(each, { rate: 50, length: 4, shards: 3 }))
  );
  assert.deepEqual(hits(runs[1]!), hits(runs[0]!));
  const asked = (run: Simulation) => of(run, "redis").filter((row) => row.endpoint === "GET").length;
  assert.equal(asked(runs[1]!), 2 * asked(runs[0]!));
  runs.forEach(assertNothingLeaks);
});

Deno.test("each replica has a local cache of its own; a cache service is shared", () => {
  const misses = (step: CacheStep): number => {
    const run = simulate(cached(step, { rate: 10, length: 5, replicas: 3 }));
    return hits(run).filter((hit) => hit === 0).length;
  };
  assert.equal(misses(localCache([call("db.q")])), 3);
  assert.equal(misses(sharedCache("redis", [call("db.q")])), 1);
});

Deno.test("a herd that misses together asks the database together; singleflight lets one ask for all", () => {
  const herd = (singleflight: boolean): Simulation =>
    simulate(cached(localCache([call("db.q")], { singleflight }), { rate: 1000, length: 0.1, dbMs: 50 }));
  // The arrival of the 50th millisecond comes before the answer of that instant.
  assert.equal(of(herd(false), "db").length, 51);
  const run = herd(true);
  assert.equal(of(run, "db").length, 1);
  for (const row of of(run, "web")) assert.equal(row.time, Math.max(ms(50), row.start));
  assert.equal(hits(run).filter((hit) => hit === 0).length, 51);
  assertNothingLeaks(run);
});

Deno.test("when the one that asks fails, all that wait for it fail alike, and nothing is cached", () => {
  const of2 = cached(localCache([call("db.q")], { singleflight: true }), {
    rate: 100,
    length: 0.1,
    dbMs: 50,
    failing: true,
  });
  const run = simulate(of2);
  for (const row of of(run, "web")) {
    assert.equal(row.outcome, Outcome.dependency);
    assert.equal(row.status, 502);
  }
  assert.equal(of(run, "db").length, 2);
  assertNothingLeaks(run);
});

Deno.test("a crash of the replica empties its local cache, and ends those that wait", () => {
  const run = live(cached(localCache([call("db.q")], { singleflight: true }), { rate: 100, length: 2, dbMs: 50 }), [
    { at: 0.0205, act: (world) => world.crash(WEB, 0, ms(1)) },
    { at: 1, act: (world) => world.crash(WEB, 0, ms(1)) },
  ]);
  const fills = run.requests.filter((row) => row.service === "db").map((row) => row.start / 1e6);
  assert.deepEqual(fills, [0, 30, 1010]);
  assert.equal(run.requests.filter((row) => row.outcome === Outcome.crashed).length, 3);
  assertNothingLeaks(run);
});

Deno.test("a flushed cache is empty; one that is down costs misses, not errors", () => {
  const run = live(cached(sharedCache("redis", [call("db.q")]), { rate: 10, length: 5 }), [
    { at: 1.05, act: (world) => world.flush(REDIS) },
    { at: 2.05, act: (world) => world.crash(REDIS, 0, seconds(1)) },
  ]);
  const misses = lookUps(run).filter((row) => row.extra === 0).map((row) => Math.floor(row.time / 1e8) * 100);
  assert.deepEqual(misses, [0, 1100, 2100, 2200, 2300, 2400, 2500, 2600, 2700, 2800, 2900, 3000, 3100]);
  assert.ok(of(run, "web").every((row) => row.outcome === Outcome.ok));
  assert.ok(run.calls.some((row) => row.outcome === Outcome.aborted && (row.flags & FactFlag.fallback) !== 0));
});

Deno.test("the entry that was asked for longest ago goes first", () => {
  const store = new LruStore(2);
  const now = ms(0);
  assert.equal(store.put(1, Infinity), false);
  assert.equal(store.put(2, Infinity), false);
  assert.ok(store.has(1, now));
  assert.equal(store.put(3, Infinity), true);
  assert.ok(!store.has(2, now) && store.has(1, now) && store.has(3, now));
  assert.equal(store.size, 2);
});

Deno.test("a store does what a list of keys in the order of their use does", () => {
  const store = new LruStore(7);
  let list: { key: number; until: number }[] = [];
  for (let n = 0; n < 20_000; n++) {
    const key = Math.floor(uniform(n, 1, hashText("key")) * 15), now = ms(n);
    const found = list.find((each) => each.key === key);
    const good = found !== undefined && found.until > now;
    assert.equal(store.has(key, now), good);
    list = list.filter((each) => each !== found);
    if (good) list.push(found);
    else {
      const until = now + ms(1 + uniform(n, 2, hashText("ttl")) * 40);
      store.put(key, until);
      if (list.length === 7) list.shift();
      list.push({ key, until });
    }
    assert.equal(store.size, list.length);
  }
});

/** 1 for each look-up that hit, 0 for the others, without anything else of the run. */
function hitsOnly(of: Plan): number[] {
  const engine = new Engine(of, 1), batch = new FactBatch(), found: number[] = [];
  for (let until = seconds(2); !engine.done; until = seconds(until / 1e9 + 2)) {
    for (let reached = false; !reached;) {
      reached = engine.step(until, batch);
      for (let row = 0; row < batch.length; row++) {
        if (batch.kind[row] === FactKind.cache) found.push(batch.extra[row]!);
      }
      batch.clear();
    }
  }
  return found;
}

/** The share of hits of an LRU cache of `size` entries under independent requests (H. Che, Y. Tung, Z. Wang 2002). */
function che(ranks: Zipf, size: number): number {
  const p = Array.from({ length: ranks.ranks }, (_, k) => ranks.probability(k + 1));
  const filled = (t: number): number => p.reduce((sum, each) => sum + 1 - Math.exp(-each * t), 0);
  let low = 0, high = 1;
  while (filled(high) < size) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (filled(middle) < size) low = middle;
    else high = middle;
  }
  return p.reduce((sum, each) => sum + each * (1 - Math.exp(-each * low)), 0);
}

Deno.test("under Zipf's law the ratio of hits is what Che's approximation says, within 2 %", () => {
  for (const [n, s, entries] of [[1000, 0.8, 100], [10_000, 1.1, 500]] as const) {
    const step = localCache([], { key: { type: "zipf", n, s }, entries });
    const warm = hitsOnly(cached(step, { rate: 2000, length: 15, poisson: true })).slice(6000);
    const ratio = warm.reduce((sum, hit) => sum + hit, 0) / warm.length, expected = che(Zipf.of(n, s), entries);
    assert.ok(Math.abs(ratio / expected - 1) < 0.02, `${ratio} against ${expected}`);
  }
});

Deno.test("with Poisson arrivals an entry of age T at most is hit λT of 1 + λT times", () => {
  for (const ttl of [0.05, 0.2, 1]) {
    const lambda = 10;
    const step = localCache([], { ttl: seconds(ttl) });
    const all = [1, 2].flatMap((seed) => hitsOnly(cached(step, { rate: lambda, length: 2000, poisson: true, seed })));
    const ratio = all.reduce((sum, hit) => sum + hit, 0) / all.length, expected = lambda * ttl / (1 + lambda * ttl);
    assert.ok(Math.abs(ratio / expected - 1) < 0.02, `${ratio} against ${expected}`);
  }
});

Deno.test("a retry asks for the same key", () => {
  const retry = { attempts: 2, backoff: undefined };
  const step = localCache([call("db.q")], { key: { type: "zipf", n: 1_000_000, s: 0 } });
  const flaky = plan({
    services: [
      service("web", { "GET /": endpoint(undefined, [step, call("bad.q")]) }),
      service("db", { q: endpoint(exponential(ms(5))) }, { kind: "database" }),
      service("bad", { q: endpoint(undefined, [], { errors: FAILING }) }),
    ],
    journeys: { visit: [call("web.GET /", { retry })] },
    workloads: [workload("load", "visit", openLoad(10, seconds(2)))],
  });
  const run = simulate(flaky);
  const both = hits(run);
  assert.equal(both.length, 40);
  assert.equal(both.filter((hit) => hit === 1).length, 20);
});
