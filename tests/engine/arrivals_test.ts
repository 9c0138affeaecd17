// The arrivals that the engine tells of, and the share of them that the metrics make of that.

import assert from "node:assert/strict";
import type { Nanos } from "../../sim/base/time.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import { FactBatch, FactKind } from "../../sim/plan/facts.ts";
import { call, closedLoad, constant, endpoint, ms, openLoad, plan, seconds, service, workload } from "../build.ts";
import { threshold } from "../report/example.ts";

Deno.test("an arrival is told when it is due, so iterations under way already count as started", () => {
  const made = plan({
    services: [service("web", { "GET /": endpoint(constant(ms(3000))) })],
    journeys: { visit: [call("web.GET /")] },
    workloads: [
      workload("capped", "visit", openLoad(4, seconds(4), { vus: 2 })),
      workload("free", "visit", openLoad(4, seconds(4))),
      workload("loop", "visit", closedLoad(3, seconds(4))),
    ],
  });
  const thresholds = ["capped", "free", "loop"].map((name) =>
    threshold(`iterations_started{scenario:${name}}`, "rate>0.9")
  );
  const engine = new Engine(made, 1);
  const metrics = new RunMetrics({ ...made, thresholds });
  const batch = new FactBatch();
  const advance = (time: Nanos): (number | undefined)[] => {
    while (!engine.step(time, batch)) {
      metrics.take(batch);
      batch.clear();
    }
    metrics.take(batch);
    for (let row = 0; row < batch.length; row++) {
      if (batch.kind[row] === FactKind.arrival) assert.equal(batch.time[row]! % 250e6, 0);
    }
    batch.clear();
    return metrics.evaluate(engine.now).results.map(({ value }) => value);
  };
  // At 0 and 250 ms the two VUs begin; none has ended when the other two arrivals of the first second find none free.
  assert.deepEqual(advance(ms(999)), [2 / 4, 1, undefined]);
  // From 3 s on they are free again, one after the other.
  const [capped, free] = advance(seconds(40));
  assert.equal(free, 1);
  const stats = metrics.workloads(engine.now)[0]!;
  assert.equal(capped, (stats.complete + stats.interrupted) / 16);
  assert.equal(stats.complete + stats.interrupted + stats.dropped, 16);
});
