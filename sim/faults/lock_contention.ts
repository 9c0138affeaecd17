// lock-contention: whoever comes needs a lock that one at a time can have.

import { duration, optional } from "../base/fields.ts";
import { type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { LOCK_TIMEOUT_STATUS } from "../model/state.ts";
import { faultKind } from "./kind.ts";
import { writes } from "./operations.ts";

export const lockContention = faultKind({
  summary: "Statements that write need a lock that only one can have at a time: the others wait.",
  aim: "work",
  sample: "kind: lock-contention, target: orders-db, at: 1m, for: 1m, hold: 50ms, timeout: 2s",
  fields: {
    hold: optional(
      duration({ max: RUN_LENGTH_MAX as Nanos }),
      "How much longer than its own work each statement holds the lock. No longer if left out.",
    ),
    timeout: optional(
      duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX as Nanos }),
      "How long it is waited for before the statement fails. For ever if left out.",
    ),
  },
  compile({ hold, timeout }) {
    return {
      effect: {
        turn(knobs, intensity) {
          if (intensity === 0) return;
          knobs.locks = true;
          knobs.lockTimeout = timeout ?? Infinity;
          knobs.added += (hold ?? 0) * intensity;
        },
      },
      failure: { rate: 0, status: LOCK_TIMEOUT_STATUS, exception: undefined, message: undefined },
      strikes: writes,
      failsByLock: true,
    };
  },
});
