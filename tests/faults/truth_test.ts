// The ground truth against the run without the fault, request by request; the long tests do it for 200 faults.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { checkRandomFaults, twinOf } from "./twins.ts";

Deno.test({
  name: "the ground truth of 20 random faults names the service that was struck, and those whose requests changed",
  ignore: needs("read", "env"),
  fn: () => checkRandomFaults(20),
});

Deno.test({
  name: "where no fault ever begins there is no incident, and no red herring",
  ignore: needs("read", "env"),
  fn() {
    const { truth } = twinOf("{ kind: errors, target: cart, at: 10h }", 1);
    assert.deepEqual(truth?.redHerrings, []);
    assert.deepEqual(truth?.phases.map(({ name }) => name), ["baseline"]);
  },
});
