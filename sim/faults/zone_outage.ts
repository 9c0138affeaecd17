// zone-outage: every replica in a zone is gone, whatever its service.

import { FOREVER } from "../base/time.ts";
import { faultKind } from "./kind.ts";

export const zoneOutage = faultKind({
  summary: "All replicas in a zone die, of every service, and come back when it does.",
  aim: "zone",
  sample: "kind: zone-outage, zone: eu-1a, at: 1m, for: 2m",
  fields: {},
  compile() {
    return {
      effect: {
        begin(world, target) {
          for (const [service, replica] of world.inZone(target.zone!)) world.lives.crash(service, replica, FOREVER);
        },
        end(world, target) {
          for (const [service, replica] of world.inZone(target.zone!)) world.lives.start(service, replica);
        },
      },
      failure: undefined,
    };
  },
});
