// packet-loss: packets are lost, and TCP sends them again, later each time.

import { required, share } from "../base/fields.ts";
import { faultKind } from "./kind.ts";

/** With more TCP gives up, which a blackhole shows. */
const RATE_MAX = 0.9;

export const packetLoss = faultKind({
  summary: "Packets are lost: calls wait for TCP to send them again, 200ms at first, twice as long each time.",
  aim: "calls",
  sample: "kind: packet-loss, target: web -> cart, at: 1m, for: 30s, rate: 5%",
  fields: {
    rate: required(share(RATE_MAX), "Chance that a packet is lost, each way.", "rate: 5%"),
  },
  compile({ rate }) {
    return {
      effect: {
        turn(knobs, intensity) {
          knobs.loss = 1 - (1 - knobs.loss) * (1 - rate * intensity);
        },
      },
      failure: undefined,
    };
  },
});
