// memory-leak: each request leaves something behind, until the kernel kills the process.

import { dataSize, withDefault } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

const MEBIBYTE = 1024 * 1024;

export const memoryLeak = faultKind({
  summary: "Each request leaves memory behind until the process is killed for it, again and again.",
  aim: "replicas",
  sample: "kind: memory-leak, target: email, at: 1m, for: 5m, perRequest: 2MiB",
  fields: {
    perRequest: withDefault(dataSize, MEBIBYTE, "What each request leaves behind.", "1MiB"),
    limit: withDefault(
      dataSize,
      512 * MEBIBYTE,
      "Past it the process is killed, where the service has no memory of its own.",
      "512MiB",
    ),
  },
  compile({ perRequest, limit }) {
    return {
      effect: {
        memoryLimit: limit,
        begin: (world, target) => world.leak(target, perRequest, limit),
        end: (world, target) => world.leak(target, 0, limit),
      },
      failure: undefined,
    };
  },
});
