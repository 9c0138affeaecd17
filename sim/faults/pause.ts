// pause: the world stands still, for a garbage collection or because the process is stopped.

import { withDefault, word } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

export const pause = faultKind({
  summary: "The process stands still for the fault's whole time: nothing is worked on, taken or answered.",
  aim: "replicas",
  touchesCpu: true,
  needsEnd: true,
  sample: "kind: pause, target: ad, at: 1m, for: 2s, every: 15s",
  fields: {
    why: withDefault(
      word(["collection", "stop"]),
      "collection",
      "collection: the runtime writes its line about a garbage collection; stop: nobody writes anything.",
    ),
  },
  compile({ why }) {
    return {
      effect: { begin: (world, target) => world.standStill(target, why === "collection") },
      failure: undefined,
    };
  },
});
