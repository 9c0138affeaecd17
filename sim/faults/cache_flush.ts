// cache-flush: what a cache holds is gone, and everybody asks behind it.

import { faultKind } from "./kind.ts";

export const cacheFlush = faultKind({
  summary: "A cache is emptied: those of a service of kind cache, or the local ones of a service.",
  aim: "services",
  sample: "kind: cache-flush, target: redis, at: 1m",
  fields: {},
  compile() {
    return { effect: { begin: ({ lives }, { service }) => lives.flush(service) }, failure: undefined };
  },
});
