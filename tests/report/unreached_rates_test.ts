// The lines about loads that could not start all iterations that they asked for.

import assert from "node:assert/strict";
import { FOREVER, type Nanos, SECOND } from "../../sim/base/time.ts";
import type { WorkloadStats } from "../../sim/metrics/report.ts";
import { unreachedRates } from "../../sim/report/unreached_rates.ts";

const BUYERS: WorkloadStats = {
  name: "buyers",
  executor: "constant-arrival-rate",
  startTime: (20 * SECOND) as Nanos,
  length: (180 * SECOND) as Nanos,
  iterationsPlanned: undefined,
  plannedRate: 0,
  vus: 0,
  vusMax: 10,
  complete: 6680,
  interrupted: 10,
  dropped: 2310,
  httpReqs: 0,
  httpFailed: 0,
  iterationRate: 0,
};
const said = (workload: Partial<WorkloadStats>, elapsed = 230 * SECOND) =>
  unreachedRates({ workloads: [{ ...BUYERS, ...workload }], elapsed: elapsed as Nanos });

Deno.test("a load that dropped iterations says what was asked for, what started, and what to do", () => {
  assert.deepEqual(said({}), [{
    short: "buyers: started 37.2/s of the 50/s asked for, dropped 2,310 of 9,000 iterations",
    long:
      "buyers: asked for 50/s, started 37.2/s on average: 2,310 of 9,000 iterations were dropped because no VU was " +
      "free; raise maxVUs, or write preAllocatedVUs: unlimited",
  }]);
});

Deno.test("rates are over the time that the load has had", () => {
  assert.match(said({}, 110 * SECOND)[0]!.short, /started 74.3\/s of the 100\/s/);
  assert.match(said({ length: FOREVER }, 110 * SECOND)[0]!.short, /started 74.3\/s of the 100\/s/);
});

Deno.test("loads that dropped nothing, or ask for no rate, say nothing", () => {
  assert.deepEqual(said({ dropped: 0 }), []);
  assert.deepEqual(said({ plannedRate: undefined }), []);
});
