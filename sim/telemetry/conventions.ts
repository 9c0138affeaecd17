// The version of OpenTelemetry's semantic conventions that the telemetry follows, and the words of HTTP and gRPC.

/** One version for all; sent with every resource and scope. https://github.com/open-telemetry/semantic-conventions */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0";

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  418: "I'm a teapot",
  422: "Unprocessable Content",
  423: "Locked",
  424: "Failed Dependency",
  425: "Too Early",
  428: "Precondition Required",
  429: "Too Many Requests",
  451: "Unavailable For Legal Reasons",
  499: "Client Closed Request",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  507: "Insufficient Storage",
  508: "Loop Detected",
};

/** `404 Not Found`, by RFC 9110; the bare number for a status that has no registered phrase. */
export function statusText(status: number): string {
  const reason = REASONS[status];
  return reason === undefined ? String(status) : `${status} ${reason}`;
}

const GRPC_CODES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  408: "DEADLINE_EXCEEDED",
  409: "ABORTED",
  410: "NOT_FOUND",
  412: "FAILED_PRECONDITION",
  413: "RESOURCE_EXHAUSTED",
  416: "OUT_OF_RANGE",
  422: "FAILED_PRECONDITION",
  425: "FAILED_PRECONDITION",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
  507: "RESOURCE_EXHAUSTED",
  508: "INTERNAL",
};

/** The gRPC status code that stands for an HTTP status (google/rpc/code.proto read backwards). */
export function grpcCode(status: number): string {
  if (status < 400) return "OK";
  return GRPC_CODES[status] ?? (status < 500 ? "FAILED_PRECONDITION" : "UNKNOWN");
}

/** Codes that make a SERVER span an error; a CLIENT span is one with every code but OK. */
const GRPC_SERVER_ERRORS: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

export function isGrpcServerError(code: string): boolean {
  return GRPC_SERVER_ERRORS.has(code);
}
