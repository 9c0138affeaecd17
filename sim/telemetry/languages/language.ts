// What telemetry takes from the language that a service is written in: the SDK that speaks, the libraries that are
// instrumented, what goes wrong and how it is said, and how a log line looks on a console.

import type { LogLevel } from "../../model/model.ts";
import { formatDuration, type Nanos } from "../../base/time.ts";
import { statusText } from "../conventions.ts";
import type { Message } from "../message.ts";
import { type Code, pascal } from "../names.ts";

export interface Scope {
  readonly name: string;
  readonly version: string;
}

/** The instrumentations whose names stand in the spans. */
export interface Scopes {
  readonly httpServer: Scope;
  readonly httpClient: Scope;
  readonly rpcServer: Scope;
  readonly rpcClient: Scope;
  /** By db.system.name or messaging.system. */
  readonly systems: Readonly<Record<string, Scope>>;
  /** For a database that `systems` does not name. */
  readonly otherSystem: Scope;
}

export interface Thrown {
  readonly type: string;
  readonly message: string;
}

/** The far end of a call. */
export interface CallPlace {
  readonly kind: "http" | "rpc" | "data";
  /** Of data: the product, such as redis. */
  readonly system: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** With its scheme, without what differs from request to request; for gRPC the method in full. */
  readonly url: string;
  /** How long the caller waits, in nanoseconds; Infinity when only its deadline limits it. */
  readonly timeout: Nanos;
}

/** A request, as the messages of its service speak of it. */
export interface RequestWords {
  readonly code: Code;
  readonly isRpc: boolean;
  /** `POST /checkout` with the route; `PaymentService/Charge`. */
  readonly target: string;
  readonly method: string;
  /** The path with its ids; for gRPC the method in full. */
  readonly path: Message;
  readonly status: number;
  /** `404 Not Found`, or gRPC's `NOT_FOUND`. */
  readonly statusText: string;
  /** gRPC's code; empty for HTTP. */
  readonly grpcCode: string;
  readonly host: string;
  readonly port: number;
  /** The address of who asks. */
  readonly peerAddress: Message;
  readonly concurrency: number;
  readonly queue: number;
}

/** A call, as the messages of its caller speak of it. */
export interface CallWords {
  /** `payment.Charge`, `GET http://cart:8080/cart/8123`, `INSERT orders`. */
  readonly call: Message;
  /** In the past tense: `timed out after 800ms`. */
  readonly how: Message;
  readonly attempts: number;
  /** When the next attempt follows: ` in 43ms`, or ` at once` where the retry has no back-off. */
  readonly soon: Message;
}

export interface Messages {
  completed(request: RequestWords): Message;
  /** Answered with a status below 500 and `why`. */
  rejected(request: RequestWords, why: string): Message;
  /** Something threw. */
  failed(request: RequestWords, thrown: Thrown): Message;
  /** A call that it needed failed; `why` names the call and how. */
  dependencyFailed(request: RequestWords, why: Message): Message;
  /** The queue was full. */
  overloaded(request: RequestWords): Message;
  /** The answer found nobody waiting. */
  abandoned(request: RequestWords): Message;
  interrupted(request: RequestWords): Message;
  retry(call: CallWords): Message;
  gaveUp(call: CallWords): Message;
  tolerated(call: CallWords): Message;
  fallback(call: CallWords): Message;
  recovered(call: CallWords): Message;
}

/** A line for the console, in parts that a layout puts in their places. */
export interface PlainLine {
  readonly level: LogLevel;
  readonly message: Message;
  readonly service: string;
  readonly code: Code;
  /** What the line is about: it chooses the logger and the file. */
  readonly topic: "request" | "call" | "log";
  /** Whether trace and span ids are known. */
  readonly hasIds: boolean;
  /** The attributes as the members of a JSON object, for layouts that print them. */
  readonly json: Message;
  readonly concurrency: number;
}

export interface Language {
  /** Of OpenTelemetry's SDK for the language. */
  readonly sdkVersion: string;
  readonly runtime: { readonly name: string; readonly version: string };
  /** Where services of this language usually listen. */
  readonly httpPort: number;
  /** What the usual HTTP client calls itself; undefined when it sends nothing. */
  readonly userAgent: string | undefined;
  readonly scopes: Scopes;
  /** What a request of its own throws; for a status of 500 a bug of the language's own kind. */
  ownError(status: number, code: Code): Thrown;
  /** The type for an error whose message the scenario gives. */
  errorType(status: number, code: Code): string;
  timedOut(call: CallPlace, code: Code): Thrown;
  connectionRefused(call: CallPlace, code: Code): Thrown;
  /** As the runtime prints it, its first line included. `call`: it was thrown in the client of that call. */
  stackTrace(thrown: Thrown, code: Code, call: CallPlace | undefined): string;
  readonly messages: Messages;
  plain(line: PlainLine): Message;
}

/** What an error of that status usually says. */
export function usualMessage(status: number, code: Code): string {
  const noun = code.noun.join(" ");
  switch (status) {
    case 400:
      return `malformed ${noun} request`;
    case 401:
      return "token has expired";
    case 402:
      return "card was declined";
    case 403:
      return `not allowed to ${code.handler.join(" ")}`;
    case 404:
      return `${noun} not found`;
    case 409:
      return `${noun} was changed by another request`;
    case 413:
      return `${noun} is larger than the limit of 1048576 bytes`;
    case 422:
      return `${noun} failed validation`;
    case 429:
      return "rate limit exceeded";
    case 501:
      return `${code.handler.join(" ")} is not implemented`;
    case 502:
      return `unexpected end of the response while reading ${noun}`;
    case 503:
      return `${code.service.join(" ")} is not ready`;
    case 504:
      return `timed out while waiting for ${noun}`;
    default:
      return `${code.handler.join(" ")} failed with ${statusText(status)}`;
  }
}

/** The stem of an exception's name: `CartNotFound`. */
export function exceptionStem(status: number, code: Code): string {
  const noun = pascal(code.noun);
  switch (status) {
    case 400:
      return `Invalid${noun}`;
    case 401:
      return "TokenExpired";
    case 402:
      return "PaymentDeclined";
    case 403:
      return "AccessDenied";
    case 404:
      return `${noun}NotFound`;
    case 409:
      return `${noun}Conflict`;
    case 413:
      return `${noun}TooLarge`;
    case 422:
      return `${noun}Validation`;
    case 429:
      return "RateLimitExceeded";
    case 501:
      return "NotImplemented";
    case 502:
      return "UpstreamResponse";
    case 503:
      return "ServiceUnavailable";
    case 504:
      return `${noun}Timeout`;
    default:
      return status < 500 ? `${noun}Rejected` : `${noun}Processing`;
  }
}

export function limitText(value: number, unlimited: string): string {
  return Number.isFinite(value) ? String(value) : unlimited;
}

/** `800ms`, and nothing when only a deadline limits the call. */
export function timeoutText(call: CallPlace): string {
  return Number.isFinite(call.timeout) ? formatDuration(call.timeout) : "";
}

/** In seconds with `decimals` digits; 0 when only a deadline limits the call. */
export function timeoutSeconds(call: CallPlace, decimals: number): string {
  if (!Number.isFinite(call.timeout)) return "0";
  const seconds = call.timeout / 1e9;
  // As the runtimes do: at least so many decimals, and as many more as the value has.
  const exact = String(Number(seconds.toPrecision(6)));
  return seconds.toFixed(decimals).length >= exact.length ? seconds.toFixed(decimals) : exact;
}

/** In whole milliseconds. */
export function timeoutMs(call: CallPlace): string {
  return Number.isFinite(call.timeout) ? String(Math.round(call.timeout / 1e6)) : "0";
}
