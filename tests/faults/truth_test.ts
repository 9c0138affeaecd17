// The ground truth against the run without the fault, request by request; the long tests do it for 200 faults.

import { needs } from "../permissions.ts";
import { checkRandomFaults } from "./twins.ts";

Deno.test({
  name: "the ground truth of 20 random faults names the service that was struck, and those whose requests changed",
  ignore: needs("read", "env"),
  fn: () => checkRandomFaults(20),
});
