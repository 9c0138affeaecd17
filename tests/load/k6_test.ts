// The six executors held to k6 itself: each configuration was run by k6 v2.2.0 in real time, with iterations that only
// sleep, and what k6 counted is what the engine must count.
//
// k6's clock is real, so its counts move by one or two from run to run; of three runs the one with the median number of
// complete iterations stands here. One difference is systematic: an iteration that is due at the very end of an
// arrival-rate scenario starts in most runs of k6, where two timers race, and never here, so that 8 a second for 10 s are
// 80 iterations.

import assert from "node:assert/strict";
import { Outcome } from "../../sim/plan/facts.ts";
import { constant, endpoint, plan, type Row, seconds, service, simulate, workload } from "../build.ts";
import { type Config, loadOf } from "./loads.ts";
import type { Plain } from "./nodes.ts";

interface Counts {
  readonly complete: number;
  readonly dropped: number;
  readonly interrupted: number;
  /** Iterations that start in each second of the run. */
  readonly starts: string;
}

interface Measured {
  readonly load: Config;
  /** How long an iteration takes, in seconds. */
  readonly sleep: number;
  /** In seconds; 0 by default, as in k6. */
  readonly startTime?: number;
  /** In seconds; 30 by default, as in k6. */
  readonly gracefulStop?: number;
  readonly k6: Counts;
}

function stages(...list: readonly (readonly [target: number, duration: string])[]): Plain {
  return list.map(([target, duration]) => ({ target, duration }));
}

/** The scenarios of each entry ran side by side. */
const MEASURED: { readonly [name: string]: readonly Measured[] } = {
  "constant-vus, ends within an iteration": [{
    load: { executor: "constant-vus", vus: 7, duration: "10s" },
    sleep: 0.7,
    k6: { complete: 105, dropped: 0, interrupted: 0, starts: "14 7 14 7 14 7 7 14 7 14" },
  }],
  "constant-vus without a grace": [{
    load: { executor: "constant-vus", vus: 5, duration: "8s" },
    sleep: 0.9,
    gracefulStop: 0,
    k6: { complete: 40, dropped: 0, interrupted: 5, starts: "10 5 5 5 5 5 5 5" },
  }],
  "constant-vus, a short grace": [{
    load: { executor: "constant-vus", vus: 6, duration: "6s" },
    sleep: 1.7,
    gracefulStop: 0.5,
    k6: { complete: 18, dropped: 0, interrupted: 6, starts: "6 6 0 6 0 6" },
  }],
  "constant-vus, ends with an iteration": [{
    load: { executor: "constant-vus", vus: 4, duration: "10s" },
    sleep: 1,
    k6: { complete: 40, dropped: 0, interrupted: 0, starts: "4 4 4 4 4 4 4 4 4 4" },
  }],
  "constant-vus, ends with an iteration and without a grace": [{
    load: { executor: "constant-vus", vus: 4, duration: "10s" },
    sleep: 1,
    gracefulStop: 0,
    k6: { complete: 36, dropped: 0, interrupted: 4, starts: "4 4 4 4 4 4 4 4 4 4" },
  }],
  "constant-vus, an iteration longer than all": [{
    load: { executor: "constant-vus", vus: 3, duration: "5s" },
    sleep: 7,
    gracefulStop: 1,
    k6: { complete: 0, dropped: 0, interrupted: 3, starts: "3" },
  }],
  "ramping-vus up and down": [{
    load: { executor: "ramping-vus", startVUs: 0, stages: stages([10, "5s"], [10, "3s"], [2, "4s"]) },
    sleep: 0.6,
    k6: { complete: 136, dropped: 0, interrupted: 0, starts: "1 5 9 11 15 18 16 16 17 12 9 7" },
  }],
  "ramping-vus in jumps, without a grace": [{
    load: {
      executor: "ramping-vus",
      startVUs: 1,
      gracefulRampDown: "0s",
      stages: stages([6, "0s"], [6, "4s"], [2, "0s"], [2, "3s"], [8, "0s"], [8, "3s"]),
    },
    sleep: 0.8,
    k6: { complete: 66, dropped: 0, interrupted: 4, starts: "12 6 6 6 4 2 2 14 10 8" },
  }],
  "ramping-vus to 0 and up again, short graces": [{
    load: {
      executor: "ramping-vus",
      startVUs: 12,
      gracefulRampDown: "1s",
      stages: stages([0, "6s"], [8, "4s"], [3, "3s"]),
    },
    sleep: 2.3,
    gracefulStop: 1,
    k6: { complete: 30, dropped: 0, interrupted: 11, starts: "12 0 8 0 3 0 1 2 2 5 3 3 2" },
  }],
  "ramping-vus, wanted again within the grace": [{
    load: {
      executor: "ramping-vus",
      startVUs: 8,
      gracefulRampDown: "3s",
      stages: stages([2, "2s"], [8, "2s"], [8, "2s"], [0, "2s"]),
    },
    sleep: 3.1,
    gracefulStop: 0,
    k6: { complete: 16, dropped: 0, interrupted: 6, starts: "8 0 0 7 1 0 6" },
  }],
  "ramping-vus, grace longer than gracefulStop": [{
    load: { executor: "ramping-vus", startVUs: 2, gracefulRampDown: "20s", stages: stages([9, "4s"], [0, "4s"]) },
    sleep: 5.5,
    gracefulStop: 2,
    k6: { complete: 9, dropped: 0, interrupted: 4, starts: "3 2 2 1 1 2 2" },
  }],
  "ramping-vus on whole seconds": [{
    load: {
      executor: "ramping-vus",
      startVUs: 0,
      gracefulRampDown: "0s",
      stages: stages([5, "5s"], [5, "3s"], [0, "5s"]),
    },
    sleep: 1,
    k6: { complete: 35, dropped: 0, interrupted: 5, starts: "0 1 2 3 4 5 5 5 5 4 3 2 1" },
  }],
  "ramping-vus on whole seconds, a grace of an iteration": [{
    load: {
      executor: "ramping-vus",
      startVUs: 0,
      gracefulRampDown: "1s",
      stages: stages([5, "5s"], [5, "3s"], [1, "4s"]),
    },
    sleep: 1,
    k6: { complete: 39, dropped: 0, interrupted: 0, starts: "0 1 2 3 4 5 5 5 5 4 3 2" },
  }],
  "per-vu-iterations, all of them": [{
    load: { executor: "per-vu-iterations", vus: 5, iterations: 6 },
    sleep: 0.9,
    k6: { complete: 30, dropped: 0, interrupted: 0, starts: "10 5 5 5 5" },
  }],
  "per-vu-iterations, cut by maxDuration": [{
    load: { executor: "per-vu-iterations", vus: 4, iterations: 20, maxDuration: "7s" },
    sleep: 0.8,
    gracefulStop: 0.5,
    k6: { complete: 36, dropped: 44, interrupted: 0, starts: "8 4 4 4 8 4 4" },
  }],
  "per-vu-iterations, cut without a grace": [{
    load: { executor: "per-vu-iterations", vus: 4, iterations: 9, maxDuration: "6s" },
    sleep: 0.7,
    gracefulStop: 0,
    k6: { complete: 32, dropped: 0, interrupted: 4, starts: "8 4 8 4 8 4" },
  }],
  "shared-iterations, all of them": [{
    load: { executor: "shared-iterations", vus: 6, iterations: 40 },
    sleep: 0.75,
    k6: { complete: 40, dropped: 0, interrupted: 0, starts: "12 6 6 12 4" },
  }],
  "shared-iterations, cut without a grace": [{
    load: { executor: "shared-iterations", vus: 3, iterations: 50, maxDuration: "6s" },
    sleep: 0.7,
    gracefulStop: 0,
    k6: { complete: 24, dropped: 23, interrupted: 3, starts: "6 3 6 3 6 3" },
  }],
  "shared-iterations, cut with a grace": [{
    load: { executor: "shared-iterations", vus: 7, iterations: 60, maxDuration: "5s" },
    sleep: 1.3,
    k6: { complete: 28, dropped: 32, interrupted: 0, starts: "7 7 7 7" },
  }],
  "constant-arrival-rate, VUs enough": [{
    load: { executor: "constant-arrival-rate", rate: 8, duration: "10s", preAllocatedVUs: 20 },
    sleep: 1.5,
    k6: { complete: 81, dropped: 0, interrupted: 0, starts: "8 8 8 8 8 8 8 8 8 8 1" },
  }],
  "constant-arrival-rate, too few VUs": [{
    load: { executor: "constant-arrival-rate", rate: 10, duration: "10s", preAllocatedVUs: 5 },
    sleep: 1.34,
    k6: { complete: 38, dropped: 63, interrupted: 0, starts: "5 5 2 3 5 4 1 5 5 2 1" },
  }],
  "constant-arrival-rate, VUs added": [{
    load: { executor: "constant-arrival-rate", rate: 10, duration: "10s", preAllocatedVUs: 3, maxVUs: 12 },
    sleep: 1.54,
    k6: { complete: 74, dropped: 27, interrupted: 0, starts: "6 7 7 8 7 8 7 7 8 8 1" },
  }],
  "constant-arrival-rate, VUs added until there are enough": [{
    load: { executor: "constant-arrival-rate", rate: 6, duration: "12s", preAllocatedVUs: 0, maxVUs: 30 },
    sleep: 1.72,
    k6: { complete: 61, dropped: 12, interrupted: 0, starts: "2 3 5 4 5 6 5 6 6 6 6 6 1" },
  }],
  "constant-arrival-rate, exactly enough VUs": [{
    load: { executor: "constant-arrival-rate", rate: 10, duration: "10s", preAllocatedVUs: 10 },
    sleep: 1,
    k6: { complete: 92, dropped: 8, interrupted: 0, starts: "10 9 9 9 9 9 9 10 9 9" },
  }],
  "constant-arrival-rate, a fraction by timeUnit, a short grace": [{
    load: { executor: "constant-arrival-rate", rate: 90, timeUnit: "1m", duration: "12s", preAllocatedVUs: 6 },
    sleep: 2.5,
    gracefulStop: 1,
    k6: { complete: 16, dropped: 0, interrupted: 3, starts: "2 1 2 1 2 1 2 1 2 1 2 1 1" },
  }],
  "constant-arrival-rate, a rate that does not divide": [{
    load: { executor: "constant-arrival-rate", rate: 7, timeUnit: "3s", duration: "15s", preAllocatedVUs: 4 },
    sleep: 1.1,
    gracefulStop: 0,
    k6: { complete: 33, dropped: 0, interrupted: 2, starts: "3 2 2 3 2 2 3 2 2 3 2 2 3 2 2" },
  }],
  "constant-arrival-rate, 50 a second": [{
    load: {
      executor: "constant-arrival-rate",
      rate: 5,
      timeUnit: "100ms",
      duration: "6s",
      preAllocatedVUs: 20,
      maxVUs: 40,
    },
    sleep: 0.51,
    k6: { complete: 295, dropped: 6, interrupted: 0, starts: "46 48 50 50 50 50 1" },
  }],
  "ramping-arrival-rate up and down": [{
    load: {
      executor: "ramping-arrival-rate",
      startRate: 2,
      preAllocatedVUs: 30,
      stages: stages([20, "5s"], [20, "4s"], [0, "5s"]),
    },
    sleep: 0.8,
    k6: { complete: 185, dropped: 0, interrupted: 0, starts: "3 8 11 14 18 20 20 20 20 18 14 10 6 2 1" },
  }],
  "ramping-arrival-rate in jumps": [{
    load: {
      executor: "ramping-arrival-rate",
      startRate: 5,
      preAllocatedVUs: 10,
      maxVUs: 18,
      stages: stages([5, "3s"], [25, "0s"], [25, "2s"], [5, "0s"], [5, "4s"]),
    },
    sleep: 1.02,
    k6: { complete: 69, dropped: 16, interrupted: 0, starts: "4 5 5 17 18 4 5 5 5 1" },
  }],
  "ramping-arrival-rate, rates a minute, too few VUs": [{
    load: {
      executor: "ramping-arrival-rate",
      startRate: 30,
      timeUnit: "1m",
      preAllocatedVUs: 4,
      stages: stages([300, "6s"], [60, "8s"]),
    },
    sleep: 1.27,
    gracefulStop: 0,
    k6: { complete: 29, dropped: 9, interrupted: 2, starts: "0 2 2 3 3 3 3 3 2 3 2 2 2 1" },
  }],
  "ramping-arrival-rate from and to nothing": [{
    load: {
      executor: "ramping-arrival-rate",
      preAllocatedVUs: 15,
      stages: stages([0, "2s"], [10, "4s"], [10, "2s"], [0, "4s"], [0, "1s"]),
    },
    sleep: 1.4,
    gracefulStop: 0.2,
    k6: { complete: 59, dropped: 0, interrupted: 1, starts: "0 0 1 3 7 8 10 10 9 6 4 1 1" },
  }],
  "three scenarios side by side": [{
    load: { executor: "constant-vus", vus: 3, duration: "6s" },
    sleep: 0.8,
    startTime: 2,
    gracefulStop: 0,
    k6: { complete: 21, dropped: 0, interrupted: 3, starts: "0 0 6 3 3 3 6 3" },
  }, {
    load: { executor: "per-vu-iterations", vus: 4, iterations: 5, maxDuration: "9s" },
    sleep: 1.3,
    k6: { complete: 20, dropped: 0, interrupted: 0, starts: "4 4 4 4 0 4" },
  }, {
    load: { executor: "ramping-arrival-rate", startRate: 4, preAllocatedVUs: 8, stages: stages([12, "6s"]) },
    sleep: 0.9,
    startTime: 4,
    gracefulStop: 0.5,
    k6: { complete: 40, dropped: 4, interrupted: 3, starts: "0 0 0 0 4 6 7 9 9 8" },
  }],
  "all six at once": [{
    load: { executor: "shared-iterations", vus: 3, iterations: 20, maxDuration: "4s" },
    sleep: 0.65,
    startTime: 1,
    gracefulStop: 0.1,
    k6: { complete: 18, dropped: 0, interrupted: 2, starts: "0 6 6 3 5" },
  }, {
    load: { executor: "per-vu-iterations", vus: 2, iterations: 4 },
    sleep: 1.15,
    startTime: 1.5,
    k6: { complete: 8, dropped: 0, interrupted: 0, starts: "0 2 2 2 2" },
  }, {
    load: { executor: "constant-vus", vus: 2, duration: "8s" },
    sleep: 0.45,
    k6: { complete: 36, dropped: 0, interrupted: 0, starts: "6 4 4 4 6 4 4 4" },
  }, {
    load: { executor: "ramping-vus", startVUs: 3, gracefulRampDown: "300ms", stages: stages([6, "3s"], [1, "3s"]) },
    sleep: 0.95,
    startTime: 3,
    k6: { complete: 24, dropped: 0, interrupted: 4, starts: "0 0 0 6 5 6 6 3 2" },
  }, {
    load: { executor: "constant-arrival-rate", rate: 4, duration: "5s", preAllocatedVUs: 2, maxVUs: 3 },
    sleep: 1.12,
    startTime: 5,
    gracefulStop: 0,
    k6: { complete: 10, dropped: 8, interrupted: 2, starts: "0 0 0 0 0 3 2 3 2 2" },
  }, {
    load: { executor: "ramping-arrival-rate", startRate: 6, preAllocatedVUs: 12, stages: stages([0, "5s"], [6, "5s"]) },
    sleep: 1.6,
    startTime: 2,
    k6: { complete: 30, dropped: 0, interrupted: 0, starts: "0 0 5 4 3 2 0 1 2 3 4 5 1" },
  }],
  "constant-arrival-rate, a VU free at the very instant it is needed": [{
    load: { executor: "constant-arrival-rate", rate: 5, duration: "10s", preAllocatedVUs: 5 },
    sleep: 1,
    k6: { complete: 43, dropped: 8, interrupted: 0, starts: "5 4 4 4 4 4 5 4 4 4 1" },
  }],
  "ramping-arrival-rate, a VU free at the very instant it is needed": [{
    load: { executor: "ramping-arrival-rate", startRate: 10, stages: stages([10, "10s"]), preAllocatedVUs: 10 },
    sleep: 1,
    k6: { complete: 91, dropped: 9, interrupted: 0, starts: "9 9 9 9 9 9 9 9 9 10" },
  }],
  "constant-arrival-rate, VUs added until there are exactly enough": [{
    load: { executor: "constant-arrival-rate", rate: 10, duration: "10s", preAllocatedVUs: 5, maxVUs: 10 },
    sleep: 1,
    k6: { complete: 89, dropped: 12, interrupted: 0, starts: "7 9 9 9 9 9 9 9 9 9 1" },
  }],
  "constant-arrival-rate, 200 a second and VUs added": [{
    load: { executor: "constant-arrival-rate", rate: 200, duration: "6s", preAllocatedVUs: 10, maxVUs: 80 },
    sleep: 0.33,
    k6: { complete: 1144, dropped: 57, interrupted: 0, starts: "150 193 200 200 200 200 1" },
  }],
  "ramping-arrival-rate, VUs added and too few in the end": [{
    load: {
      executor: "ramping-arrival-rate",
      startRate: 0,
      stages: stages([60, "8s"]),
      preAllocatedVUs: 5,
      maxVUs: 25,
    },
    sleep: 0.83,
    k6: { complete: 163, dropped: 76, interrupted: 0, starts: "3 8 14 21 28 30 30 29" },
  }],
  "constant-vus, short iterations": [{
    load: { executor: "constant-vus", vus: 10, duration: "10s" },
    sleep: 0.1,
    k6: { complete: 1000, dropped: 0, interrupted: 0, starts: "100 100 100 100 100 100 100 100 100 100" },
  }],
  "ramping-vus, a jump to 0 at the end and no gracefulRampDown": [{
    load: { executor: "ramping-vus", startVUs: 1, gracefulRampDown: "0s", stages: stages([8, "5s"], [0, "0s"]) },
    sleep: 1.33,
    k6: { complete: 12, dropped: 0, interrupted: 7, starts: "2 2 5 4 6" },
  }],
  "ramping-vus, a jump down at the end and short graces": [{
    load: { executor: "ramping-vus", startVUs: 1, gracefulRampDown: "500ms", stages: stages([8, "5s"], [3, "0s"]) },
    sleep: 1.33,
    gracefulStop: 0.9,
    k6: { complete: 14, dropped: 0, interrupted: 5, starts: "2 2 5 4 6" },
  }],
  "ramping-vus, up until the end": [{
    load: { executor: "ramping-vus", startVUs: 0, stages: stages([8, "6s"]) },
    sleep: 1.17,
    k6: { complete: 21, dropped: 0, interrupted: 0, starts: "1 2 2 5 5 6" },
  }],
  "ramping-vus, a jump up at the end": [{
    load: { executor: "ramping-vus", startVUs: 2, stages: stages([2, "4s"], [9, "0s"]) },
    sleep: 1.17,
    k6: { complete: 8, dropped: 0, interrupted: 0, starts: "2 2 2 2" },
  }],
  "per-vu-iterations, maxDuration ends with an iteration, without a grace": [{
    load: { executor: "per-vu-iterations", vus: 3, iterations: 5, maxDuration: "5s" },
    sleep: 1,
    gracefulStop: 0,
    k6: { complete: 12, dropped: 0, interrupted: 3, starts: "3 3 3 3 3" },
  }],
  "shared-iterations, maxDuration ends with an iteration": [{
    load: { executor: "shared-iterations", vus: 4, iterations: 30, maxDuration: "5s" },
    sleep: 1,
    gracefulStop: 1,
    k6: { complete: 20, dropped: 10, interrupted: 0, starts: "4 4 4 4 4" },
  }],
  "ramping-vus, jumps at ends of iterations": [{
    load: {
      executor: "ramping-vus",
      startVUs: 6,
      gracefulRampDown: "2s",
      stages: stages([6, "3s"], [2, "0s"], [2, "2s"], [6, "0s"], [6, "4s"]),
    },
    sleep: 1,
    gracefulStop: 2,
    k6: { complete: 46, dropped: 0, interrupted: 0, starts: "6 6 6 2 2 6 6 6 6" },
  }],
  "ramping-vus, wanted again as the grace ends": [{
    load: {
      executor: "ramping-vus",
      startVUs: 6,
      gracefulRampDown: "2s",
      stages: stages([6, "3s"], [2, "0s"], [2, "2s"], [6, "0s"], [6, "4s"]),
    },
    sleep: 2.7,
    gracefulStop: 2,
    k6: { complete: 24, dropped: 0, interrupted: 0, starts: "6 0 6 0 0 6 0 0 6" },
  }],
  "ramping-vus, wanted again before the grace ends": [{
    load: {
      executor: "ramping-vus",
      startVUs: 6,
      gracefulRampDown: "2500ms",
      stages: stages([6, "3s"], [2, "0s"], [2, "2s"], [6, "0s"], [6, "4s"]),
    },
    sleep: 2.7,
    gracefulStop: 0,
    k6: { complete: 18, dropped: 0, interrupted: 6, starts: "6 0 6 0 0 6 0 0 6" },
  }],
  "three constant-arrival-rates side by side": [{
    load: { executor: "constant-arrival-rate", rate: 2, duration: "6s", preAllocatedVUs: 5 },
    sleep: 0.6,
    k6: { complete: 13, dropped: 0, interrupted: 0, starts: "2 2 2 2 2 2 1" },
  }, {
    load: { executor: "constant-arrival-rate", rate: 3, duration: "6s", preAllocatedVUs: 1 },
    sleep: 0.6,
    k6: { complete: 9, dropped: 9, interrupted: 0, starts: "2 1 2 1 2 1" },
  }, {
    load: { executor: "constant-arrival-rate", rate: 4, duration: "6s", preAllocatedVUs: 5 },
    sleep: 0.6,
    startTime: 3,
    k6: { complete: 25, dropped: 0, interrupted: 0, starts: "0 0 0 4 4 4 4 4 4 1" },
  }],
};

/** What the engine counts for scenarios that run side by side, in their order. */
function counted(measured: readonly Measured[]): Counts[] {
  const run = simulate(plan({
    services: [service("idle", { "GET /": endpoint(undefined) })],
    journeys: Object.fromEntries(
      measured.map(({ sleep }, index) => [`sleep${index}`, [{ type: "think", pause: constant(seconds(sleep)) }]]),
    ),
    workloads: measured.map(({ load, startTime = 0, gracefulStop = 30 }, index) =>
      workload(`load${index}`, `sleep${index}`, loadOf(load), {
        startTime: seconds(startTime),
        gracefulStop: seconds(gracefulStop),
      })
    ),
  }));
  return measured.map((_, index) => {
    const of = (rows: readonly Row[]): Row[] => rows.filter(({ workload }) => workload === index);
    const iterations = of(run.iterations);
    const starts: number[] = [];
    for (const { start } of iterations) {
      const second = Math.floor(start / 1e9);
      while (starts.length <= second) starts.push(0);
      starts[second]!++;
    }
    return {
      complete: iterations.filter(({ outcome }) => outcome === Outcome.ok).length,
      dropped: of(run.dropped).reduce((sum, { extra }) => sum + extra, 0),
      interrupted: iterations.filter(({ outcome }) => outcome === Outcome.interrupted).length,
      starts: starts.join(" "),
    };
  });
}

/** Within 2 or 2 %, whichever is more. */
function assertNear(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= Math.max(2, 0.02 * expected), `${what}: ${actual}, k6 ${expected}`);
}

for (const [name, measured] of Object.entries(MEASURED)) {
  Deno.test(`as k6 counted: ${name}`, () => {
    const found = counted(measured);
    for (const [index, { k6 }] of measured.entries()) {
      const own = found[index]!;
      for (const key of ["complete", "dropped", "interrupted"] as const) {
        assertNear(own[key], k6[key], `${key} iterations of scenario ${index}`);
      }
      const ownStarts = own.starts.split(" ").map(Number), k6Starts = k6.starts.split(" ").map(Number);
      let ownSum = 0, k6Sum = 0;
      for (let second = 0; second < Math.max(ownStarts.length, k6Starts.length); second++) {
        ownSum += ownStarts[second] ?? 0;
        k6Sum += k6Starts[second] ?? 0;
        assertNear(ownSum, k6Sum, `starts of scenario ${index} in its first ${second + 1} s`);
      }
    }
  });
}
