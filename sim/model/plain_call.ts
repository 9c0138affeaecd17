// A call without options.

import type { CallStep, EndpointRef } from "./model.ts";
import { NO_POLICIES } from "./policies.ts";

/** The call that a bare reference stands for: made once, in any case, and waited for as long as it takes. */
export function plainCall(target: EndpointRef): CallStep {
  return {
    type: "call",
    target,
    where: undefined,
    probability: 1,
    timeout: undefined,
    deadline: undefined,
    retry: undefined,
    optional: false,
    fallback: undefined,
    network: undefined,
    policies: NO_POLICIES,
    onFailure: "continue",
    checks: [],
  };
}
