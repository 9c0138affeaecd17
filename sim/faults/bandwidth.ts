// bandwidth: bytes take their time. Each call has the link to itself.

import { dataSize, required } from "../base/fields.ts";
import { converted, type Field, wrong } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

const positive: Field<number> = converted(
  dataSize,
  (bytes, node, diagnostics) =>
    bytes > 0 ? bytes : wrong(node, "nothing would ever arrive", diagnostics, "use kind: blackhole"),
);

export const bandwidth = faultKind({
  summary: "Bodies take their time: a call's bytes pass at so many a second, each way.",
  aim: "calls",
  sample: "kind: bandwidth, target: web -> images, at: 1m, for: 30s, rate: 64KiB",
  fields: {
    rate: required(
      positive,
      "Bytes a second for each call. Bodies weigh what their endpoint's size says, and headers 1KiB.",
      "rate: 64KiB",
    ),
  },
  compile({ rate }) {
    return {
      effect: {
        turn(knobs, intensity) {
          // At half the strength a byte takes half as long.
          if (intensity > 0) knobs.bytesPerSecond = Math.min(knobs.bytesPerSecond, rate / intensity);
        },
      },
      failure: undefined,
    };
  },
});
