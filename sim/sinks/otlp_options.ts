// Where a signal is sent, and how: the standard OTEL_* variables and the endpoint flags, read by OpenTelemetry's
// specification (OTLP exporter 1.4x). Header values are secrets: no message, notice or diagnostic made here shows one.

import { Diagnostics, InvalidInput, visible } from "../base/diagnostics.ts";

/** Where to send a signal. */
export interface OtlpTarget {
  /** Without user, password and fragment: those of the endpoint are in `headers`. */
  readonly url: string;
  /** Names in lower case. Values are secrets. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface OtlpOptions extends OtlpTarget {
  readonly compression: "gzip" | "none";
  /** For one export: the whole of a request, and the time for which a batch is retried. */
  readonly timeoutMs: number;
  /** OTEL_RESOURCE_ATTRIBUTES: for every resource, under the attributes that the resource has itself. */
  readonly resourceAttributes: ReadonlyMap<string, string>;
  /** What was set and is not done, a line each. */
  readonly notices: readonly string[];
}

/** Reads a variable of the environment. */
export type Environment = (name: string) => string | undefined;

/** How the specification and the command line speak of a signal. */
export interface SignalNames {
  /** In OTEL_EXPORTER_OTLP_…_ENDPOINT. */
  readonly variable: "TRACES" | "LOGS" | "METRICS";
  readonly flag: string;
  /** A base, as the flag and OTEL_EXPORTER_OTLP_ENDPOINT are. */
  readonly endpointDefault: string;
  readonly path: string;
  readonly items: string;
}

export const ENDPOINT_DEFAULT = "http://localhost:4318";
/** Traces go to a collector's usual place, logs and metrics to where Loki and Prometheus take OTLP. */
export const SIGNAL_NAMES = {
  traces: {
    variable: "TRACES",
    flag: "--otlp-endpoint",
    endpointDefault: ENDPOINT_DEFAULT,
    path: "v1/traces",
    items: "spans",
  },
  logs: {
    variable: "LOGS",
    flag: "--logs-endpoint",
    endpointDefault: "http://localhost:3100/otlp",
    path: "v1/logs",
    items: "log records",
  },
  metrics: {
    variable: "METRICS",
    flag: "--metrics-endpoint",
    endpointDefault: "http://localhost:9090/api/v1/otlp",
    path: "v1/metrics",
    items: "data points",
  },
} as const satisfies Readonly<Record<string, SignalNames>>;

const TIMEOUT_DEFAULT_MS = 10_000;
/** The longest that a timer takes. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;
/** OTLP over gRPC listens there, over HTTP on 4318: the commonest mix-up. */
const GRPC_PORT = "4317";

/**
 * Reads how to deliver a signal. What a signal's own variable says (OTEL_EXPORTER_OTLP_TRACES_…) goes before the general
 * one; headers of both are merged. An empty variable is as good as none. Endpoints and headers that cannot be used are
 * errors, since telemetry would go to the wrong place; anything else that cannot be used is ignored with a notice, as the
 * specification asks.
 *
 * @param endpoint the value of the signal's flag: a base URL that goes before the environment.
 * @throws {InvalidInput} with every endpoint and header that is wrong.
 */
export function readOtlpOptions(
  env: Environment,
  endpoint?: string,
  signal: SignalNames = SIGNAL_NAMES.traces,
): OtlpOptions {
  const variables = new Variables(env, signal);
  const diagnostics = new Diagnostics();
  const notices: string[] = [];
  const headers = new Map([
    ...readHeaders("OTEL_EXPORTER_OTLP_HEADERS", variables, diagnostics),
    ...readHeaders(`OTEL_EXPORTER_OTLP_${signal.variable}_HEADERS`, variables, diagnostics),
  ]);
  const url = readEndpoint(variables, endpoint, diagnostics);
  const options = {
    compression: readCompression(variables, notices),
    timeoutMs: readTimeout(variables, notices),
    resourceAttributes: readResourceAttributes(variables, notices),
  };
  if (diagnostics.count > 0 || url === undefined) throw new InvalidInput(diagnostics.sorted());
  noticeUnused(variables, url, notices);
  const credentials = basicCredentials(url);
  if (credentials !== undefined && !headers.has("authorization")) headers.set("authorization", credentials);
  url.username = url.password = url.hash = "";
  return { url: url.href, headers, ...options, notices };
}

/** A URL as it may be shown: no user, password, query or fragment, since each may hold a secret. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return visible(maskUserInfo(url));
  const { origin, pathname, search } = new URL(url);
  return visible(origin + pathname + (search === "" ? "" : "?…"));
}

class Variables {
  constructor(readonly env: Environment, readonly signal: SignalNames) {}

  /** Undefined also when it is empty. */
  get(name: string): string | undefined {
    const value = this.env(name)?.trim();
    return value === "" ? undefined : value;
  }

  /** The signal's own variable, else the general one. */
  getForSignal(suffix: string): { name: string; value: string } | undefined {
    for (const name of [`OTEL_EXPORTER_OTLP_${this.signal.variable}_${suffix}`, `OTEL_EXPORTER_OTLP_${suffix}`]) {
      const value = this.get(name);
      if (value !== undefined) return { name, value };
    }
    return undefined;
  }
}

function readEndpoint(variables: Variables, flag: string | undefined, diagnostics: Diagnostics): URL | undefined {
  const { signal } = variables;
  if (flag !== undefined) return parseEndpoint(signal.flag, flag.trim(), signal.path, diagnostics);
  const found = variables.getForSignal("ENDPOINT");
  if (found === undefined) return parseEndpoint("", signal.endpointDefault, signal.path, diagnostics);
  const isOwn = found.name.includes(`_${signal.variable}_`);
  return parseEndpoint(found.name, found.value, isOwn ? undefined : signal.path, diagnostics);
}

/** @param path to append; undefined where the text is the whole URL */
function parseEndpoint(
  name: string,
  text: string,
  path: string | undefined,
  diagnostics: Diagnostics,
): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    const hint = /^[\w.-]+(:\d+)?(\/|$)/.test(text) ? `did you mean http://${text}?` : `such as ${ENDPOINT_DEFAULT}`;
    fail(diagnostics, name, maskUserInfo(text), "not a URL that begins with http:// or https://", hint);
    return undefined;
  }
  if (path !== undefined) url.pathname += (url.pathname.endsWith("/") ? "" : "/") + path;
  return url;
}

/** The part of a text between `//` and `@` is where a URL has its password, also when the text is no URL. */
function maskUserInfo(text: string): string {
  return text.replace(/^([^/]*:)?(\/\/)?[^/?#]*@/, "$1$2");
}

function basicCredentials({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const text = `${percentDecoded(username) ?? username}:${percentDecoded(password) ?? password}`;
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// Tab, printable ASCII and the upper half of Latin-1: what a header can carry (RFC 9110, 5.5).
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** What belongs to the body and the connection is not the user's to set. */
const OWN_HEADERS = new Set(["content-type", "content-encoding", "content-length", "transfer-encoding", "connection"]);

function readHeaders(name: string, variables: Variables, diagnostics: Diagnostics): Map<string, string> {
  const headers = new Map<string, string>();
  const text = variables.get(name);
  if (text === undefined) return headers;
  for (const { number, key, value, problem } of parsePairs(text)) {
    const header = key.toLowerCase();
    let wrong = problem;
    if (wrong === undefined && !HEADER_NAME.test(key)) wrong = "its name is not a header's name";
    if (wrong === undefined && !HEADER_VALUE.test(value)) wrong = "its value has characters that a header cannot carry";
    if (wrong === undefined && OWN_HEADERS.has(header)) wrong = `${header} is set by Squall`;
    if (wrong === undefined) headers.set(header, value);
    else {
      const hint = "written as name=value,name2=value2, with percent-encoding for , ; and %";
      fail(diagnostics, name, "(not shown: headers may be secret)", `entry ${number}: ${wrong}`, hint);
    }
  }
  return headers;
}

interface Pair {
  /** Counted from 1. */
  readonly number: number;
  readonly key: string;
  readonly value: string;
  readonly problem: string | undefined;
}

/** Pairs in the form of W3C Baggage without metadata: `key=value,key=value`, values percent-encoded. */
function parsePairs(text: string): Pair[] {
  return text.split(",").flatMap((entry, index) => {
    if (entry.trim() === "") return [];
    const equals = entry.indexOf("=");
    const key = percentDecoded(entry.slice(0, Math.max(equals, 0)).trim());
    const value = percentDecoded(entry.slice(equals + 1).trim());
    let problem: string | undefined;
    if (equals < 0) problem = "it has no =";
    else if (key === "") problem = "it has no name before the =";
    else if (key === undefined || value === undefined) {
      problem = "a % is not followed by two hexadecimal digits of UTF-8";
    } else if (entry.includes(";")) problem = "it has a ; (write %3B)";
    return [{ number: index + 1, key: key ?? "", value: value ?? "", problem }];
  });
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function readCompression(variables: Variables, notices: string[]): "gzip" | "none" {
  const found = variables.getForSignal("COMPRESSION");
  if (found === undefined || found.value === "none") return "none";
  if (found.value === "gzip") return "gzip";
  notices.push(`${found.name}=${visible(found.value)} is ignored: Squall knows gzip and none`);
  return "none";
}

function readTimeout(variables: Variables, notices: string[]): number {
  const found = variables.getForSignal("TIMEOUT");
  if (found === undefined) return TIMEOUT_DEFAULT_MS;
  const timeout = /^\d+$/.test(found.value) ? Number(found.value) : 0;
  if (timeout > 0) return Math.min(timeout, TIMEOUT_MAX_MS);
  notices.push(
    `${found.name}=${visible(found.value)} is ignored: it is not a whole number of milliseconds above 0; ` +
      `${TIMEOUT_DEFAULT_MS} is used`,
  );
  return TIMEOUT_DEFAULT_MS;
}

/** By the specification one entry that cannot be read spoils the whole variable. */
function readResourceAttributes(variables: Variables, notices: string[]): Map<string, string> {
  const pairs = parsePairs(variables.get("OTEL_RESOURCE_ATTRIBUTES") ?? "");
  const wrong = pairs.find((pair) => pair.problem !== undefined);
  if (wrong !== undefined) {
    notices.push(`OTEL_RESOURCE_ATTRIBUTES is ignored: entry ${wrong.number}: ${wrong.problem}`);
    return new Map();
  }
  return new Map(pairs.map(({ key, value }) => [key, value]));
}

function noticeUnused(variables: Variables, url: URL, notices: string[]): void {
  const protocol = variables.getForSignal("PROTOCOL");
  if (protocol !== undefined && protocol.value !== "http/json") {
    notices.push(`${protocol.name}=${visible(protocol.value)}: Squall sends http/json`);
  }
  if (url.port === GRPC_PORT) {
    notices.push(`port ${GRPC_PORT} is where OTLP over gRPC listens; Squall speaks HTTP, whose port is 4318`);
  }
  noticeProxy(variables, url, notices);
  if (variables.get("OTEL_SERVICE_NAME") !== undefined) {
    notices.push("OTEL_SERVICE_NAME is ignored: each simulated service has its own name");
  }
  for (const suffix of ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"]) {
    const found = variables.getForSignal(suffix);
    if (found === undefined) continue;
    const instead = suffix === "CERTIFICATE" ? "; DENO_CERT names a file of further authorities" : "";
    notices.push(`${found.name} is ignored: Squall has no support for it${instead}`);
  }
}

/** Deno's fetch takes the proxy for this machine's own addresses too, where it cannot reach a collector. */
function noticeProxy(variables: Variables, { protocol, hostname }: URL, notices: string[]): void {
  const name = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].find((each) => variables.get(each) !== undefined);
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (name === undefined || protocol !== "http:" || !isLoopback) return;
  const direct = (variables.get("NO_PROXY") ?? variables.get("no_proxy") ?? "").split(",").map((each) => each.trim());
  if (direct.includes(hostname)) return;
  notices.push(
    `${name} is set, so ${variables.signal.items} for ${hostname} go to that proxy; NO_PROXY=${hostname} sends them directly`,
  );
}

function fail(diagnostics: Diagnostics, name: string, text: string, message: string, hint: string): void {
  const span = { source: { name, text }, line: 1, column: 1, length: Math.max(1, text.length) };
  diagnostics.add(span, [], message, hint);
}
