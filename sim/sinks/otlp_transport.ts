// Sends a body until it is taken, refused for good, or given up. It stands where the exporter has its own retrying
// transport, which drops a batch at once when Retry-After is longer than the time-out, takes a success whose answer
// broke off for a success, and cannot be stopped while it waits (otlp-exporter-base 0.223.1).

import { type ExportResponse, type IExporterTransport, OTLPExporterError } from "@opentelemetry/otlp-exporter-base";
import { gzipSync } from "node:zlib";
import { errorMessage, isRetryable, isSuccess } from "./otlp_answer.ts";
import { type HttpAnswer, NoAnswer, type OtlpHttp } from "./otlp_http.ts";

export interface RetryPolicy {
  /** The first included. Attempts that Retry-After delayed do not count. */
  readonly attemptsMax: number;
  /** The pause before the second attempt; each later one is half as long again. */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
  /** A batch is given up when it would wait longer than this for Retry-After, all its waits together. */
  readonly throttledMsMax: number;
}

/** The exporter's own figures (five attempts in about 8 s), and a minute of patience with Retry-After. */
export const RETRY_POLICY: RetryPolicy = {
  attemptsMax: 5,
  pauseMs: 1_000,
  pauseMsMax: 5_000,
  throttledMsMax: 60_000,
};

const PAUSE_GROWTH = 1.5;
/** Pauses differ by up to a fifth either way, so that exports that failed together do not come back together. */
const JITTER = 0.2;
/** A day: what is longer is no serious wish, and no timer's. */
const QUIET_MS_MAX = 86_400_000;
/** The cheapest level: traces compress well at any, and level 6 costs four times as much. */
const GZIP_LEVEL = 1;

/** What all transports to one collector share. */
export class CollectorLink {
  /** Aborted to end what is on its way; never used again after that. */
  readonly closing = new AbortController();
  /** Aborted when nothing shall be tried again for now. */
  #retries = new AbortController();
  #quietUntil = 0;

  constructor(
    readonly http: OtlpHttp,
    readonly gzip: boolean,
    readonly policy: RetryPolicy,
    /** Called when the collector asks to be left alone for a while. */
    readonly onThrottle: (status: number, waitMs: number) => void,
  ) {}

  /** How long the collector wants to be left alone from now, for whatever body: it said so with Retry-After. */
  get quietMs(): number {
    return Math.max(0, this.#quietUntil - performance.now());
  }

  quietFor(status: number, waitMs: number): void {
    const until = performance.now() + Math.min(waitMs, QUIET_MS_MAX);
    if (until <= this.#quietUntil) return;
    this.#quietUntil = until;
    this.onThrottle(status, waitMs);
  }

  /** Ends all waiting for another attempt; requests that are on their way go on. */
  stopRetrying(): void {
    this.#retries.abort();
  }

  resumeRetrying(): void {
    if (this.#retries.signal.aborted) this.#retries = new AbortController();
    this.#quietUntil = 0;
  }

  get mayRetry(): boolean {
    return !this.#retries.signal.aborted && !this.closing.signal.aborted;
  }

  /** Waits; false when waiting has no sense any more. */
  async pause(ms: number): Promise<boolean> {
    await sleep(ms, AbortSignal.any([this.#retries.signal, this.closing.signal]));
    return this.mayRetry;
  }
}

/** One for each export in flight. */
export class RetryingTransport implements IExporterTransport {
  constructor(readonly link: CollectorLink) {}

  /**
   * `timeoutMs` is for each request, and for the time in which a new attempt may begin. Fails with an OTLPExporterError
   * whose code is the status when the collector refused the body for good; `retryable` is the answer when it was given
   * up: the collector may have taken it all the same.
   */
  async send(data: Uint8Array, timeoutMs: number): Promise<ExportResponse> {
    const body = this.link.gzip ? gzipSync(data, { level: GZIP_LEVEL }) : data;
    const patience = new Patience(this.link.policy, timeoutMs);
    if (!await this.#waitWhileQuiet(patience)) return givenUp("it asked to be left alone");
    for (;;) {
      let status = 0;
      let reason: string;
      try {
        const answer = await this.link.http.post(body, this.link.gzip, timeoutMs, this.link.closing.signal);
        if (!isRetryable(answer.status)) return this.#final(answer);
        status = answer.status;
        reason = this.#words(answer);
        if (answer.retryAfterMs !== undefined && answer.retryAfterMs > 0) {
          this.link.quietFor(status, answer.retryAfterMs);
        }
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        reason = error.message;
      }
      const goesOn = this.link.quietMs > 0
        ? await this.#waitWhileQuiet(patience)
        : await this.#pauseOnce(patience.nextPauseMs());
      if (!goesOn) return givenUp(reason);
    }
  }

  shutdown(): void {
    // The connections belong to the link, which all transports share.
  }

  async #pauseOnce(ms: number | undefined): Promise<boolean> {
    return ms !== undefined && this.link.mayRetry && await this.link.pause(ms);
  }

  /** Another export's answer may prolong the silence meanwhile. */
  async #waitWhileQuiet(patience: Patience): Promise<boolean> {
    for (let ms = this.link.quietMs; ms > 0; ms = this.link.quietMs) {
      if (!patience.allowsThrottle(ms) || !this.link.mayRetry || !await this.link.pause(ms)) return false;
    }
    return true;
  }

  #final(answer: HttpAnswer): ExportResponse {
    if (isSuccess(answer.status)) return { status: "success", data: answer.body };
    return { status: "failure", error: new OTLPExporterError(this.#words(answer), answer.status) };
  }

  #words(answer: HttpAnswer): string {
    const message = this.link.http.shown(errorMessage(answer));
    return message === "" ? `answered ${answer.status}` : `answered ${answer.status}: ${message}`;
  }
}

/** How often and how long one batch is tried. */
class Patience {
  readonly #started = performance.now();
  #attempts = 0;
  #throttledMs = 0;

  constructor(readonly policy: RetryPolicy, readonly timeoutMs: number) {}

  /** The pause before the next attempt; undefined when there shall be none. */
  nextPauseMs(): number | undefined {
    this.#attempts++;
    if (this.#attempts >= this.policy.attemptsMax) return undefined;
    const growth = PAUSE_GROWTH ** (this.#attempts - 1);
    const pause = Math.min(this.policy.pauseMs * growth, this.policy.pauseMsMax) *
      (1 + JITTER * (2 * random() - 1));
    const spentMs = performance.now() - this.#started - this.#throttledMs;
    return spentMs + pause < this.timeoutMs ? pause : undefined;
  }

  allowsThrottle(ms: number): boolean {
    this.#throttledMs += ms;
    return this.#throttledMs <= this.policy.throttledMsMax;
  }
}

/** In [0, 1). Nothing of a run depends on it, so it is no keyed draw. */
function random(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}

function givenUp(reason: string): ExportResponse {
  return { status: "retryable", error: new Error(reason) };
}

/** Resolves after that time, or when the signal is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener("abort", wake);
  });
}
