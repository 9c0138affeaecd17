// What a service says of a request that it turned away without a worker, by reason and language: as the libraries that do
// it there say it, where one of them is the usual one.

import type { Language } from "../model/model.ts";
import { Outcome } from "../plan/facts.ts";
import type { RequestWords } from "./languages/language.ts";
import { type Message, msg, PAUSE, PAUSE_MS, QUEUE_MS } from "./message.ts";

interface Refusals {
  /** Its patience in the queue ended. */
  expired(request: RequestWords): Message;
  /** CoDel dropped it from the queue. */
  dropped(request: RequestWords): Message;
  /** Load shedding turned it away. */
  shed(request: RequestWords): Message;
  /** The rate limit's bucket was empty; the row's pause is the time until a token comes. */
  limited(request: RequestWords, rate: string): Message;
}

const REFUSALS: Readonly<Record<Language, Refusals>> = {
  go: {
    expired: (r) => msg`${r.target} gave up waiting for a worker after ${QUEUE_MS}ms: context deadline exceeded`,
    dropped: (r) => msg`codel: dropping ${r.target} after ${QUEUE_MS}ms in queue, answering ${r.statusText}`,
    shed: (r) => msg`load shedder: rejecting ${r.target} with ${r.statusText}, server overloaded`,
    limited: (r, rate) =>
      r.isRpc
        ? msg`${r.path} is rejected by grpc_ratelimit middleware, please retry later. limit ${rate}`
        : msg`rate limit of ${rate} exceeded by ${r.peerAddress} on ${r.target}, retry after ${PAUSE}`,
  },
  java: {
    expired: (r) =>
      msg`Task for ${r.target} timed out after ${QUEUE_MS} ms in the executor's queue, answering ${r.statusText}`,
    dropped: (r) => msg`CoDel dropped ${r.target} after ${QUEUE_MS} ms of queueing, answering ${r.statusText}`,
    shed: (r) => msg`Load shedding active, ${r.target} rejected with ${r.statusText}`,
    limited: (r, rate) =>
      msg`io.github.resilience4j.ratelimiter.RequestNotPermitted: RateLimiter '${r.target}' does not permit further calls (limit ${rate}, retry after ${PAUSE_MS} ms)`,
  },
  nodejs: {
    expired: (r) => msg`Request timeout in queue: ${r.target} waited ${QUEUE_MS} ms, responding ${r.statusText}`,
    dropped: (r) => msg`Queue delay over target, dropped ${r.target} after ${QUEUE_MS} ms (codel), ${r.statusText}`,
    shed: (r) => msg`Service under pressure, rejecting ${r.target} with ${r.statusText}`,
    limited: (r, rate) =>
      msg`Too many requests, please try again later: ${r.target} from ${r.peerAddress} over ${rate}, retry after ${PAUSE}`,
  },
  python: {
    expired: (r) => msg`TimeoutError: ${r.target} waited ${QUEUE_MS} ms for a worker, refused with ${r.statusText}`,
    dropped: (r) => msg`CoDel: dropped ${r.target} after ${QUEUE_MS} ms in the backlog, ${r.statusText}`,
    shed: (r) => msg`Load shedding: ${r.target} refused with ${r.statusText}`,
    limited: (r, rate) =>
      msg`ratelimit ${rate} (${r.peerAddress}) exceeded at endpoint: ${r.target}, retry after ${PAUSE}`,
  },
  ruby: {
    expired: (r) =>
      msg`Rack::Timeout::RequestExpiryError: Request older than its wait timeout: ${r.target} waited ${QUEUE_MS}ms, ${r.statusText}`,
    dropped: (r) => msg`CoDel dropped ${r.target} after ${QUEUE_MS}ms in the backlog, ${r.statusText}`,
    shed: (r) => msg`Shedding load: ${r.target} answered ${r.statusText}`,
    limited: (r, rate) =>
      msg`[Rack::Attack] throttled ${r.target} from ${r.peerAddress}: limit ${rate}, Retry-After ${PAUSE}`,
  },
  php: {
    expired: (r) => msg`${r.target} waited ${QUEUE_MS} ms in the listen queue, request timed out with ${r.statusText}`,
    dropped: (r) => msg`${r.target} dropped after ${QUEUE_MS} ms in the listen queue (codel), ${r.statusText}`,
    shed: (r) => msg`server too busy, ${r.target} answered ${r.statusText}`,
    limited: (r, rate) =>
      msg`Too Many Attempts. ${r.target} from ${r.peerAddress}: limit ${rate}, retry after ${PAUSE}`,
  },
  dotnet: {
    expired: (r) =>
      msg`Request ${r.target} timed out in the queue after ${QUEUE_MS}ms and was answered ${r.statusText}.`,
    dropped: (r) => msg`Request ${r.target} dropped after ${QUEUE_MS}ms in the queue (CoDel): ${r.statusText}.`,
    shed: (r) => msg`Load shedding rejected ${r.target} with ${r.statusText}.`,
    limited: (r, rate) =>
      msg`Rate limits exceeded, rejecting this request: ${r.target}, limit ${rate}, RetryAfter ${PAUSE_MS}ms.`,
  },
  rust: {
    expired: (r) => msg`${r.target} timed out after ${QUEUE_MS}ms in the buffer: deadline has elapsed`,
    dropped: (r) => msg`codel: ${r.target} dropped after ${QUEUE_MS}ms in the buffer, ${r.statusText}`,
    shed: (r) => msg`load shed: service overloaded, ${r.target} answered ${r.statusText}`,
    limited: (r, rate) => msg`Too Many Requests! ${r.target}: quota ${rate}, wait for ${PAUSE}`,
  },
  cpp: {
    expired: (r) => msg`${r.target} -> ${r.statusText}: task expired after ${QUEUE_MS} ms in queue`,
    dropped: (r) => msg`${r.target} -> ${r.statusText}: codel dropped task after ${QUEUE_MS} ms in queue`,
    shed: (r) => msg`${r.target} -> ${r.statusText}: overload manager, load shed`,
    limited: (r, rate) => msg`${r.target} -> ${r.statusText}: local_rate_limited (${rate}), retry after ${PAUSE}`,
  },
};

/** The message of a request with this outcome; undefined for a full queue, and for what was not turned away. */
export function refusalMessage(
  language: Language,
  outcome: number,
  words: RequestWords,
  rate_s: number,
): Message | undefined {
  const refusals = REFUSALS[language];
  switch (outcome) {
    case Outcome.expired:
      return refusals.expired(words);
    case Outcome.dropped:
      return refusals.dropped(words);
    case Outcome.shed:
      return refusals.shed(words);
    case Outcome.rateLimited:
      return refusals.limited(words, `${Number(rate_s.toPrecision(6))}/s`);
    default:
      return undefined;
  }
}

/** Why a request was turned away, in a word: an attribute of its line. */
export function refusalReason(outcome: number): string {
  switch (outcome) {
    case Outcome.expired:
      return "queue_timeout";
    case Outcome.dropped:
      return "codel";
    case Outcome.shed:
      return "load_shed";
    case Outcome.rateLimited:
      return "rate_limit";
    case Outcome.tooLate:
      return "deadline";
    default:
      return "queue_full";
  }
}

/** What the status of such a request's span says; undefined for a full queue, whose status code says it. */
export function refusalStatus(outcome: number): string | undefined {
  switch (outcome) {
    case Outcome.expired:
      return "timed out in the queue";
    case Outcome.dropped:
      return "dropped from the queue by CoDel";
    case Outcome.shed:
      return "load shed";
    default:
      return undefined;
  }
}
