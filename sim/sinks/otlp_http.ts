// One HTTP exchange with a collector: POST, the whole answer or a reason why there is none. It shows nothing of a
// header or a URL's secrets.

import { visible } from "../base/diagnostics.ts";
import type { OtlpTarget } from "./otlp_options.ts";

export interface HttpAnswer {
  readonly status: number;
  /** Milliseconds from now; undefined when the answer names none. */
  readonly retryAfterMs: number | undefined;
  /** In lower case, without parameters. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Thrown when no whole answer came: the receiver may have taken the body, or not. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

/** No answer of OTLP comes near it; the exporter's own limit is 4 MiB. */
const ANSWER_BYTES_MAX = 1 << 20;
/** How late a timer must be for the event loop, and not the collector, to be the slow one. */
const LATE_MS = 250;
/** What an exchange gets on top when its time went by while this process was busy. */
const GRACE_MS = 1_000;

/** Keeps connections open between exchanges, until `close`. */
export class OtlpHttp {
  readonly #client = Deno.createHttpClient({});
  readonly #headers: [string, string][];
  readonly #secrets: readonly string[];

  constructor(readonly target: OtlpTarget) {
    this.#headers = [["user-agent", "squall"], ...target.headers, ["content-type", "application/json"]];
    this.#secrets = secretsOf(target);
  }

  /**
   * Sends one body of OTLP JSON. The time-out is for the whole exchange, connecting and the answer's body included.
   *
   * @throws {NoAnswer} with the reason in words, also when `signal` aborts it.
   */
  async post(body: Uint8Array, gzipped: boolean, timeoutMs: number, signal: AbortSignal): Promise<HttpAnswer> {
    const abort = new AbortController();
    let reason = "stopped";
    const stop = () => abort.abort();
    const disarm = arm(timeoutMs, () => {
      reason = `no answer within ${timeoutMs} ms`;
      stop();
    });
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    try {
      const response = await fetch(this.target.url, {
        method: "POST",
        headers: gzipped ? [...this.#headers, ["content-encoding", "gzip"]] : this.#headers,
        body: body as Uint8Array<ArrayBuffer>,
        redirect: "manual",
        signal: abort.signal,
        client: this.#client,
      });
      return {
        status: response.status,
        retryAfterMs: parseRetryAfter(response.headers.get("retry-after")),
        contentType: (response.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase(),
        body: await readBody(response),
      };
    } catch (error) {
      throw error instanceof NoAnswer ? error : new NoAnswer(abort.signal.aborted ? reason : reasonOf(error));
    } finally {
      disarm();
      signal.removeEventListener("abort", stop);
    }
  }

  /** What a receiver wrote, fit to be shown: one line, not long, without anything that we sent as a secret. */
  shown(text: string): string {
    let shown = text;
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, "[hidden]");
    shown = visible(shown.replace(/\s+/g, " ").trim());
    return shown.length > 200 ? `${shown.slice(0, 199)}…` : shown;
  }

  close(): void {
    this.#client.close();
  }
}

/**
 * Reads Retry-After: whole seconds or an HTTP-date (RFC 9110, 10.2.3). Undefined when it is absent or cannot be read.
 *
 * @param now milliseconds since the Unix epoch.
 */
export function parseRetryAfter(text: string | null, now = Date.now()): number | undefined {
  if (text === null) return undefined;
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1000;
  // Date.parse would also take "-5" or "3.5" for a year or a month.
  if (!/^\s*[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/.test(text)) return undefined;
  // Of the three forms asctime's does not say that it is in GMT.
  const date = Date.parse(text.includes("GMT") ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Runs `expire` after that time, and not before this process had a chance to look at what has arrived meanwhile. */
function arm(timeoutMs: number, expire: () => void): () => void {
  const due = performance.now() + timeoutMs;
  let timer = setTimeout(() => {
    if (performance.now() - due < LATE_MS) expire();
    else timer = setTimeout(expire, Math.min(timeoutMs, GRACE_MS));
  }, timeoutMs);
  return () => clearTimeout(timer);
}

async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) throw new NoAnswer("an answer too long for OTLP");
    chunks.push(chunk);
  }
  if (chunks.length === 1) return chunks[0]!;
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/connection refused|os error (111|61|10061)\b/i, "connection refused"],
  [/dns error|failed to lookup/i, "host name not found"],
  [/certificate|tls|ssl/i, "TLS handshake failed"],
  [/unreachable/i, "host unreachable"],
  [/ports? .*blocked/i, "port not allowed"],
  [/invalid HTTP|parse/i, "the answer is not HTTP"],
  [/closed|reset|broken pipe|reading a body|incomplete|end of file/i, "connection closed"],
];

/** An error's own text holds the URL, so only what kind of error it is comes out. */
function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) return "network access is not permitted";
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
  const text = `${error instanceof Error ? error.message : ""} ${cause.replace(/\b\w+:\/\/\S+/g, "")}`;
  return REASONS.find(([pattern]) => pattern.test(text))?.[1] ?? "connection failed";
}

/** Values of headers, with and without their scheme; the shortest would only hide words of a message. */
function secretsOf(target: OtlpTarget): string[] {
  const values = [...target.headers.values(), ...new URL(target.url).searchParams.values()];
  return values.flatMap((value) => [value, value.replace(/^\S+ /, "")])
    .filter((value) => value.length >= 4)
    .sort((a, b) => b.length - a.length);
}
