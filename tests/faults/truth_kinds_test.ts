// The ground truth of every kind of fault against the run without it: the services that it says were reached are those
// whose requests changed.

import assert from "node:assert/strict";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { load } from "../scenario/support.ts";
import { changedServices, simulateTwin } from "./twins.ts";

/** One for each way in which faults act: on requests, calls, replicas, the network, memory, locks, messages and load. */
const KINDS = [
  "errors",
  "latency",
  "bandwidth",
  "blackhole",
  "cache-flush",
  "crash",
  "drain",
  "fail-over",
  "lock-contention",
  "log-flood",
  "memory-leak",
  "outage",
  "packet-loss",
  "partition",
  "pause",
  "pool-exhaustion",
  "queue-flood",
  "reset",
  "roll-back",
  "slow-consumer",
  "slow-cpu",
  "telemetry-loss",
  "unreachable",
  "zone-outage",
];

for (const kind of KINDS) {
  Deno.test({
    name: `the ground truth of scenarios/faults/${kind}.yaml names the services whose requests changed, and no others`,
    ignore: needs("read", "env"),
    fn() {
      const { scenario } = load(Deno.readTextFileSync(fromRoot(`scenarios/faults/${kind}.yaml`)));
      const before = simulateTwin(compileScenario({ ...scenario, faults: [] }));
      const after = simulateTwin(compileScenario(scenario));
      const reached = new Set(after.truth!.faults.flatMap((each) => each.reached.map(({ service }) => service)));
      assert.deepEqual([...reached].sort(), [...changedServices(before, after).keys()].sort());
    },
  });
}

Deno.test({
  name: "a window that does not come tells no fact, and the ground truth knows of none",
  ignore: needs("read", "env"),
  fn() {
    for (const kind of ["crash", "errors", "partition"]) {
      const { scenario } = load(Deno.readTextFileSync(fromRoot(`scenarios/faults/${kind}.yaml`)));
      const faults = scenario.faults.map((fault) => ({ ...fault, probability: 0 }));
      const { truth } = simulateTwin(compileScenario({ ...scenario, faults }));
      assert.deepEqual([truth!.injections, truth!.faults], [[], []], kind);
    }
  },
});
