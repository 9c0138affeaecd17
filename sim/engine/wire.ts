// The time that bytes take on a disturbed network: by a narrow link, and by packets that TCP has to send again.

import { hashText, uniform } from "../base/draws.ts";
import type { Knobs } from "../faults/fault.ts";

/** Ethernet's MTU without the headers of IP and TCP. */
const SEGMENT_BYTES = 1460;
/** What the headers of a request or an answer come to, in bytes. */
const HEADER_BYTES = 1024;
/** Linux' TCP_RTO_MIN and TCP_RTO_MAX, and how often it tries (tcp_retries2). */
const RESEND_FIRST = 200e6;
const RESEND_MAX = 120e9;
const RESENDS_MAX = 15;

const SALT_LOSS_OUT = hashText("packets lost there");
const SALT_LOSS_BACK = hashText("packets lost back");

/**
 * Nanoseconds that a request, or an answer, takes longer than its network says.
 * @param bytes of its body
 * @param high half of the attempt's key
 */
export function wireTime(
  { loss, bytesPerSecond }: Knobs,
  bytes: number,
  high: number,
  low: number,
  isAnswer: boolean,
): number {
  let time = 0;
  if (bytesPerSecond < Infinity) time += ((bytes + HEADER_BYTES) / bytesPerSecond) * 1e9;
  if (loss > 0) {
    const segments = Math.max(1, Math.ceil((bytes + HEADER_BYTES) / SEGMENT_BYTES));
    const resends = resendsOf(loss, segments, uniform(high, low, isAnswer ? SALT_LOSS_BACK : SALT_LOSS_OUT));
    let pause = RESEND_FIRST;
    for (let n = 0; n < resends; n++, pause = Math.min(RESEND_MAX, pause * 2)) time += pause;
  }
  return time;
}

/**
 * How often the unluckiest of some segments is sent again, when each is lost with a chance every time: the largest of so
 * many geometric numbers, at `u` of its distribution (1 − loss^(k+1))^segments.
 */
function resendsOf(loss: number, segments: number, u: number): number {
  let resends = 0;
  for (let lost = loss; resends < RESENDS_MAX && u >= (1 - lost) ** segments; lost *= loss) resends++;
  return resends;
}
