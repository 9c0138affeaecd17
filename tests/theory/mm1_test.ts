import assert from "node:assert/strict";
import { Engine } from "../../sim/engine/engine.ts";
import { FactBatch, FactKind } from "../../sim/plan/facts.ts";
import { call, endpoint, exponential, ms, openLoad, plan, seconds, service, workload } from "../build.ts";

interface Visit {
  readonly arrival: number;
  readonly service: number;
  readonly wait: number;
  readonly departure: number;
}

/** An M/M/1 queue with mean service 10 ms at load 0.8; visits in the order of departure, which is that of arrival. */
function mm1(requests: number, seed: number): Visit[] {
  const rate = 80;
  const of = plan({
    seed,
    services: [service("server", { Get: endpoint(exponential(ms(10))) }, { concurrency: 1 })],
    journeys: { visit: [call("server.Get")] },
    workloads: [
      workload("arrivals", "visit", openLoad(rate, seconds(requests / rate), { poisson: true }), {
        gracefulStop: seconds(600),
      }),
    ],
  });
  const engine = new Engine(of, 1);
  const batch = new FactBatch();
  const visits: Visit[] = [];
  while (!engine.done) {
    engine.step(seconds(1e6), batch);
    for (let row = 0; row < batch.length; row++) {
      if (batch.kind[row]! !== FactKind.request) continue;
      visits.push({
        arrival: batch.start[row]!,
        service: batch.extra[row]!,
        wait: batch.wait[row]!,
        departure: batch.time[row]!,
      });
    }
    batch.clear();
  }
  return visits;
}

Deno.test("M/M/1 at load 0.8: the mean time in system is within 3 % of 1/(mu - lambda) over a million requests", () => {
  const visits = mm1(1_000_000, 7);
  assert.ok(Math.abs(visits.length - 1_000_000) < 5_000, `${visits.length} requests`);
  const mean = visits.reduce((sum, visit) => sum + (visit.departure - visit.arrival), 0) / visits.length;
  const theory = 1e9 / (100 - 80);
  assert.ok(Math.abs(mean / theory - 1) < 0.03, `mean ${mean / 1e6} ms, theory ${theory / 1e6} ms`);
  const waits = visits.reduce((sum, visit) => sum + visit.wait, 0) / visits.length;
  assert.ok(Math.abs(waits / (theory - ms(10)) - 1) < 0.04, `mean wait ${waits / 1e6} ms`);
});

Deno.test("the waits of a single server are Lindley's recursion on its own arrivals and services, to the nanosecond", () => {
  const visits = mm1(100_000, 11);
  let wait = 0;
  for (let n = 0; n < visits.length; n++) {
    const visit = visits[n]!, before = visits[n - 1];
    if (before !== undefined) wait = Math.max(0, wait + before.service - (visit.arrival - before.arrival));
    if (visit.wait !== wait || visit.departure !== visit.arrival + wait + visit.service) {
      assert.fail(`request ${n}: waited ${visit.wait} ns, the recursion says ${wait} ns`);
    }
  }
  assert.ok(visits.filter((visit) => visit.wait > 0).length > 70_000, "most requests wait at load 0.8");
});
