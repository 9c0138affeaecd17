// The people at the edge: each has an address and a browser, the same for all their requests.

import { hashText, mix, mixed } from "../base/draws.ts";
import type { FactBatch } from "../plan/facts.ts";
import type { PlanWorkload } from "../plan/plan.ts";

/** Ranges that belong to nobody, set aside for documents (RFC 5737). */
const NETWORKS = ["192.0.2.", "198.51.100.", "203.0.113."] as const;

const BROWSERS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
] as const;

const PURPOSE_ADDRESS = hashText("user address");

/**
 * Which of NETWORKS, and which host in it: `network * 256 + host`. In a closed loop a user is a VU; an iteration that
 * arrives is a user of its own, whichever VU happens to be free for it: that depends on how long others take.
 */
export function userAddressNumber(workload: PlanWorkload, batch: FactBatch, row: number): number {
  const user = workload.load.type === "closed" ? batch.vu[row]! : batch.iteration[row]!;
  mix(workload.salt, user | 0, PURPOSE_ADDRESS);
  return ((mixed.low >>> 0) % NETWORKS.length) * 256 + 1 + ((mixed.high >>> 0) % 254);
}

export function userAddress(workload: PlanWorkload, batch: FactBatch, row: number): string {
  const number = userAddressNumber(workload, batch, row);
  return `${NETWORKS[number >> 8]!}${number & 255}`;
}

/** All addresses that users can have, by their number. */
export function userAddresses(): string[] {
  return NETWORKS.flatMap((network) => Array.from({ length: 256 }, (_, host) => `${network}${host}`));
}

export function userAgent(workload: PlanWorkload, batch: FactBatch, row: number): string {
  return BROWSERS[userAddressNumber(workload, batch, row) % BROWSERS.length]!;
}
