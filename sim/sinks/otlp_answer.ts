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

/**
 * The message of an error's body: of google.rpc.Status in JSON or, as Loki answers even to JSON, in protobuf; or a plain
 * text. Empty when there is none.
 */
export function errorMessage(answer: HttpAnswer): string {
  if (BINARY.has(answer.contentType)) return statusMessage(answer.body);
  const parsed = parseJson(answer.body);
  if (isRecord(parsed)) {
    const message = parsed["message"];
    return typeof message === "string" ? message : "";
  }
  return answer.contentType === "text/plain" ? new TextDecoder().decode(answer.body) : "";
}

const BINARY = new Set(["application/x-protobuf", "application/octet-stream"]);

/** Field 2 of a google.rpc.Status; what is none gives no message. */
function statusMessage(body: Uint8Array): string {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < body.length; scale *= 128) {
      const byte = body[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < body.length) {
    const tag = varint();
    if ((tag & 7) === 0) varint();
    else if ((tag & 7) === 2) {
      const length = varint();
      if (tag >> 3 === 2) return new TextDecoder().decode(body.subarray(at, at + length));
      at += length;
    } else return "";
  }
  return "";
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
