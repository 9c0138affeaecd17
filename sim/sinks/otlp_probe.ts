// Asks whether a collector takes spans, with an export of nothing: before a run (`--traces auto`) and, every few
// seconds, after one went away.

import { errorMessage, isSuccess, parseExportResponse } from "./otlp_answer.ts";
import { type HttpAnswer, NoAnswer, OtlpHttp } from "./otlp_http.ts";
import type { OtlpTarget } from "./otlp_options.ts";

export interface CollectorAnswer {
  /** Spans sent there now would be taken. */
  readonly answers: boolean;
  /** Why, to be read after the URL: `connection refused`, `answered 404: there is no OTLP at this path`. */
  readonly words: string;
}

/** What Loki says to an export of nothing. */
const NOTHING_TO_INGEST = 422;
const NO_SPANS = new TextEncoder().encode('{"resourceSpans":[]}');

/** Asks once. See {@link askCollector} for what counts as a collector. */
export async function probeCollector(
  url: string,
  headers: ReadonlyMap<string, string>,
  timeoutMs: number,
): Promise<boolean> {
  return (await askCollector({ url, headers }, timeoutMs)).answers;
}

/**
 * Asks once and says why. A success with an OTLP answer is a collector; so are 429, which asks for patience, and 400
 * with an OTLP error and 422, since some refuse an empty export. Anything else would lose what is sent there: 401 and 403 (the
 * headers are not accepted), 404 and 405 (no OTLP at this path), 415 (no JSON), 5xx (not ready), redirections, other
 * servers' pages, and no answer in time.
 */
export async function askCollector(target: OtlpTarget, timeoutMs: number): Promise<CollectorAnswer> {
  const http = new OtlpHttp(target);
  try {
    return await askThrough(http, NO_SPANS, timeoutMs, new AbortController().signal);
  } finally {
    http.close();
  }
}

/** The same over connections that are kept, with an export of nothing of any signal. */
export async function askThrough(
  http: OtlpHttp,
  nothing: Uint8Array,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CollectorAnswer> {
  try {
    return judge(await http.post(nothing, false, timeoutMs, signal), http);
  } catch (error) {
    if (error instanceof NoAnswer) return { answers: false, words: error.message };
    throw error;
  }
}

function judge(answer: HttpAnswer, http: OtlpHttp): CollectorAnswer {
  const { status } = answer;
  const isCollector = isSuccess(status)
    ? parseExportResponse(answer.body) !== undefined
    : status === 429 || status === NOTHING_TO_INGEST || (status === 400 && speaksOtlp(answer));
  const message = isSuccess(status) ? "" : http.shown(errorMessage(answer));
  const meaning = isCollector ? "" : meaningOf(status);
  const words = [meaning, message].filter((part) => part !== "").join("; ");
  return { answers: isCollector, words: words === "" ? `answered ${status}` : `answered ${status}: ${words}` };
}

function speaksOtlp(answer: HttpAnswer): boolean {
  return answer.contentType === "application/json" || answer.contentType === "application/x-protobuf";
}

function meaningOf(status: number): string {
  if (isSuccess(status)) return "not with OTLP JSON, so it is no collector";
  if (status === 401 || status === 403) return "it does not accept the credentials of OTEL_EXPORTER_OTLP_HEADERS";
  if (status === 404 || status === 405) return "there is no OTLP at this path";
  if (status === 415) return "it does not take OTLP as JSON";
  if (status >= 300 && status <= 399) return "redirections are not followed";
  if (status >= 500) return "it is not ready";
  return "it refuses an export";
}
