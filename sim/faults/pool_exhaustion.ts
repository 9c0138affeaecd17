// pool-exhaustion: connections are taken from a pool and not given back.

import { share, withDefault } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

export const poolExhaustion = faultKind({
  summary: "Connections are taken from the callers' pools and not given back until the fault ends.",
  aim: "pools",
  sample: "kind: pool-exhaustion, target: orders -> orders-db, at: 1m, for: 30s, taken: 90%",
  fields: {
    taken: withDefault(share(), 1, "Share of each pool that is gone.", "100%"),
  },
  compile({ taken }) {
    return {
      effect: {
        begin: (world, target) => world.holdConnections(target, taken),
        end: (world, target) => world.releaseConnections(target),
      },
      failure: undefined,
    };
  },
});
