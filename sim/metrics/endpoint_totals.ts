// What a run has seen of one endpoint: the finest totals that are kept. Everything larger is their sum.

import { Trend } from "./trend.ts";

export class EndpointTotals {
  /** Requests that it answered or refused; those that the run's end interrupted are in no other number here. */
  requests = 0;
  errors = 0;
  refused = 0;
  /** Of the refused, those of each reason; the others found a full queue. */
  expired = 0;
  rateLimited = 0;
  shed = 0;
  tooLate = 0;
  abandoned = 0;
  cancelled = 0;
  untraced = 0;
  interrupted = 0;
  /** Accepted requests only. */
  readonly duration = new Trend();
  readonly wait = new Trend();

  /** Attempts of the journeys' own calls to it. */
  httpReqs = 0;
  httpFailed = 0;
  goodput = 0;
  readonly httpDuration = new Trend();

  /** Attempts by anybody to call it. */
  retries = 0;
  timeouts = 0;
  held_back = 0;
  hedges = 0;
}
