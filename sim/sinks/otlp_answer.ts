// What a collector's HTTP answer means by OTLP's rules (OTLP specification 1.x, "OTLP/HTTP Response").

import type { HttpAnswer } from "./otlp_http.ts";

/** An answer to an export of any signal. */
export type ExportResponse = Readonly<Record<string, unknown>>;

/** The statuses after which the same request may be sent again; every other 4xx and 5xx is final. */
const RETRYABLE = new Set([429, 502, 503, 504]);

export function isRetryable(status: number): boolean {
  return RETRYABLE.has(status);
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** An answer to an export; undefined when the body is not one. An empty body is an answer without anything to say. */
export function parseExportResponse(body: Uint8Array): ExportResponse | undefined {
  if (body.length === 0) return {};
  const parsed = parseJson(body);
  return isRecord(parsed) ? parsed : undefined;
}

/**
 * How many of the items sent were rejected, and what the receiver says about it. protobuf's JSON writes an int64 as a
 * text; a number is taken too.
 * @param field the signal's: `rejectedSpans`, `rejectedLogRecords` or `rejectedDataPoints`
 */
export function partialSuccess(
  response: ExportResponse,
  field: string,
  itemsSent: number,
): { rejected: number; message: string } {
  const partial: unknown = response["partialSuccess"];
  if (!isRecord(partial)) return { rejected: 0, message: "" };
  const rejected = Number(partial[field] ?? 0);
  const message = partial["errorMessage"];
  return {
    rejected: Number.isInteger(rejected) ? Math.max(0, Math.min(itemsSent, rejected)) : 0,
    message: typeof message === "string" ? message : "",
  };
}

/** The message of an error's body: of google.rpc.Status in JSON, or a plain text; empty when there is none. */
export function errorMessage(answer: HttpAnswer): string {
  const parsed = parseJson(answer.body);
  if (isRecord(parsed)) {
    const message = parsed["message"];
    return typeof message === "string" ? message : "";
  }
  return answer.contentType === "text/plain" ? new TextDecoder().decode(answer.body) : "";
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
