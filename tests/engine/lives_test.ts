// Health checks, autoscaling and memory.

import assert from "node:assert/strict";
import type { HealthCheck, Memory, Scaling } from "../../sim/model/state.ts";
import { Change, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Service } from "../../sim/model/model.ts";
import type { OpenLoad } from "../../sim/load/load.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { call, constant, endpoint, ms, openLoad, plan, seconds, service, simulate, workload } from "../build.ts";
import { live } from "./world.ts";

const BACKEND = 1;
const HEALTH: HealthCheck = {
  every: seconds(10),
  timeout: seconds(1),
  failures: 3,
  successes: 1,
  restartAfter: undefined,
};

function shop(
  options: Partial<Omit<Service, "name" | "endpoints">>,
  load: OpenLoad,
  latency = constant(ms(100)),
): Plan {
  return plan({
    services: [
      service("web", { "GET /": endpoint(undefined, [call("backend.Get")]) }),
      service("backend", { Get: endpoint(latency) }, options),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("load", "visit", load)],
  });
}

Deno.test("three failed checks take a dead replica off the list, and a good one puts it back", () => {
  const run = live(shop({ replicas: 2, health: HEALTH, startTime: seconds(5) }, openLoad(20, seconds(120))), [
    { at: 20, act: (world) => world.crash(BACKEND, 0, seconds(50)) },
  ]);
  const unready = run.changes.find((row) => row.outcome === Change.replicaUnready)!;
  assert.equal(unready.replica, 0);
  assert.ok(unready.time >= seconds(40) && unready.time <= seconds(50), String(unready.time));
  const refused = run.calls.filter((row) => row.outcome === Outcome.aborted).map((row) => row.time);
  assert.ok(refused.length > 100);
  assert.ok(refused.every((time) => time >= seconds(20) && time <= unready.time));
  const ready = run.changes.find((row) => row.outcome === Change.replicaReady)!;
  assert.ok(ready.time >= seconds(75) && ready.time <= seconds(85));
  const back = run.requests.filter((row) => row.service === "backend" && row.replica === 0 && row.start > seconds(20));
  assert.ok(Math.min(...back.map((row) => row.start)) >= ready.time);
});

Deno.test("a replica whose queue is long fails its checks; one that hangs is started again", () => {
  const slow = {
    replicas: 2,
    concurrency: 1,
    health: { ...HEALTH, every: seconds(1), restartAfter: 6 },
    startTime: seconds(2),
  };
  const run = live(shop(slow, openLoad(40, seconds(60))), []);
  assert.ok(run.changes.some((row) => row.outcome === Change.replicaUnready));
  assert.ok(run.changes.some((row) => row.outcome === Change.replicaStarts && row.extra === 1));
  assert.equal(run.engine.framesInUse, 0);
});

const SCALING: Scaling = {
  min: 1,
  max: 10,
  signal: "utilization",
  target: 0.5,
  every: seconds(15),
  delay: seconds(10),
  cooldown: seconds(300),
};

Deno.test("the autoscaler adds what the load needs, and takes it away after the cooldown", () => {
  // 6 requests a second of 1 s are 6 busy workers; of 4 workers a replica at 50 %: three replicas.
  const load = { ...openLoad(6, seconds(900)) };
  const burst: OpenLoad = {
    ...load,
    arrivals: () => {
      let n = 0;
      return {
        next: () => {
          const time = n < 1800 ? n / 6 : 300 + (n - 1800);
          n++;
          return time < 900 ? seconds(time) : seconds(1e9);
        },
      };
    },
  };
  const run = simulate(shop({ concurrency: 4, scaling: SCALING, startTime: seconds(5) }, burst, constant(seconds(1))));
  const scaled = run.rows.filter((row) => row.kind === FactKind.change && row.outcome === Change.scaled)
    .map((row) => [row.time / 1e9, row.wait, row.extra]);
  // The first look sees one replica at 100 %: 2 of them; with both ready and busy, more.
  assert.deepEqual(scaled[0], [15, 1, 2]);
  assert.ok(scaled.some(([, , wanted]) => wanted! >= 3));
  const downs = scaled.filter(([, before, wanted]) => wanted! < before!);
  // It was at four for a while, and needs three: one goes when that is a cooldown ago. The load falls at 300 s.
  assert.deepEqual(downs.map(([, , wanted]) => wanted), [3, 1]);
  assert.ok(downs[1]![0]! >= 600, JSON.stringify(scaled));
  assert.equal(scaled.at(-1)![2], 1);
  const starts = run.rows.filter((row) => row.kind === FactKind.change && row.outcome === Change.replicaStarts);
  assert.equal(starts[0]!.time, seconds(25));
  const listens = run.rows.filter((row) => row.kind === FactKind.change && row.outcome === Change.replicaListens);
  assert.equal(listens[0]!.time, seconds(30));
  assert.ok(run.calls.every((row) => row.outcome === Outcome.ok), "nothing is lost when replicas go");
  assert.equal(run.engine.framesInUse, 0);
});

Deno.test("within 10 % of the target nothing changes, and no more than max is asked for", () => {
  const steady = simulate(
    shop({ replicas: 2, concurrency: 10, scaling: SCALING }, openLoad(10.5, seconds(300)), constant(seconds(1))),
  );
  assert.deepEqual(steady.rows.filter((row) => row.outcome === Change.scaled && row.kind === FactKind.change), []);
  const most = simulate(
    shop({ concurrency: 1, queue: 10, scaling: { ...SCALING, max: 3 } }, openLoad(20, seconds(200))),
  );
  const wanted = most.rows.filter((row) => row.outcome === Change.scaled && row.kind === FactKind.change).map((row) =>
    row.extra
  );
  assert.equal(Math.max(...wanted), 3);
});

Deno.test("requests and queues are signals too", () => {
  const requests: Scaling = { ...SCALING, signal: "requests", target: 20 };
  const run = simulate(shop({ scaling: requests }, openLoad(100, seconds(20))));
  const wanted = run.rows.filter((row) => row.outcome === Change.scaled && row.kind === FactKind.change).map((row) =>
    row.extra
  );
  assert.equal(wanted[0], 5);
  const queue: Scaling = { ...SCALING, signal: "queue", target: 5 };
  const grown = simulate(shop({ concurrency: 1, scaling: queue }, openLoad(30, seconds(20))));
  assert.ok(grown.rows.some((row) => row.outcome === Change.scaled && row.kind === FactKind.change));
});

const MiB = 2 ** 20;

Deno.test("what leaks fills the memory until the process is killed, restarted, and filled again", () => {
  const memory: Memory = { limit: 300 * MiB, base: 200 * MiB, perRequest: 0, leak: MiB };
  // 100 requests leak 100 MiB; the 101st is too much: every 10.1 s at ten a second.
  const run = simulate(shop({ memory, startTime: seconds(2) }, openLoad(10, seconds(60))));
  const killed = run.rows.filter((row) => row.kind === FactKind.change && row.outcome === Change.replicaDown);
  assert.ok(killed.length >= 2);
  for (const row of killed) assert.equal(row.extra, 1);
  assert.equal(killed[0]!.time, seconds(10));
  const starts = run.rows.filter((row) => row.kind === FactKind.change && row.outcome === Change.replicaStarts)
    .map((row) => row.time / 1e9);
  assert.equal(starts[0], 10);
  // The second kill waits for its back-off of 10 s.
  assert.equal(starts[1], killed[1]!.time / 1e9 + 10);
  assert.ok(run.calls.some((row) => row.outcome === Outcome.reset));
  assert.equal(run.engine.framesInUse, 0);
});

Deno.test("requests that pile up take memory, and give it back when they go", () => {
  const memory: Memory = { limit: 300 * MiB, base: 200 * MiB, perRequest: 10 * MiB, leak: 0 };
  const few = simulate(shop({ memory }, openLoad(50, seconds(20))));
  assert.deepEqual(few.rows.filter((row) => row.kind === FactKind.change), []);
  const many = simulate(shop({ memory, concurrency: 1 }, openLoad(50, seconds(2))));
  assert.ok(
    many.rows.some((row) => row.kind === FactKind.change && row.outcome === Change.replicaDown && row.extra === 1),
  );
});
