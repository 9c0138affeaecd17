// The round trip of an import over twenty random scenarios, with enough requests for every bound.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { randomScenario } from "../replay/random_scenarios.ts";
import { roundTrip, scenarioOf, shortcomings } from "../replay/round_trip.ts";

for (let seed = 1; seed <= 20; seed++) {
  Deno.test({
    name: `random scenario ${seed} comes back from its traces`,
    ignore: needs("read", "write", "env"),
    async fn() {
      const scenario = scenarioOf(randomScenario(seed, { rate: 40, length_s: 60 }));
      assert.deepEqual(shortcomings(scenario, await roundTrip(scenario)), []);
    },
  });
}
