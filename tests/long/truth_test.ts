// The ground truth against the run without the fault, for as many random faults as it is held to.

import { checkRandomFaults } from "../faults/twins.ts";
import { needs } from "../permissions.ts";

Deno.test({
  name: "the ground truth of 200 random faults names the service that was struck, and those whose requests changed",
  ignore: needs("read", "env"),
  fn: () => checkRandomFaults(200),
});
