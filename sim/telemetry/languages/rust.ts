// Rust: axum and tonic with tower-http, tracing-subscriber's full format with the request's span in front.

import { ATTEMPT, DURATION_MS, msg, SPAN_ID, TIME, TRACE_ID } from "../message.ts";
import { type Code, pascal, snake } from "../names.ts";
import { exceptionStem, type Language, limitText, usualMessage } from "./language.ts";

const crateOf = (code: Code): string => snake(code.service);
const moduleOf = (code: Code): string => code.protocol.type === "rpc" ? "grpc" : "handlers";
const place = (code: Code): string =>
  `src/${moduleOf(code)}.rs:${code.line("handler", 28, 190)}:${code.line("column", 9, 37)}`;

export const rust: Language = {
  sdkVersion: "0.32.0",
  runtime: { name: "rustc", version: "1.91.1" },
  httpPort: 8080,
  userAgent: undefined,
  scopes: {
    httpServer: { name: "axum-tracing-opentelemetry", version: "0.33.0" },
    httpClient: { name: "reqwest-tracing", version: "0.6.0" },
    rpcServer: { name: "tonic-tracing-opentelemetry", version: "0.33.0" },
    rpcClient: { name: "tonic-tracing-opentelemetry", version: "0.33.0" },
    systems: {
      redis: { name: "redis-tracing", version: "0.2.0" },
      mongodb: { name: "mongodb-tracing", version: "0.1.0" },
      kafka: { name: "rdkafka-tracing", version: "0.2.0" },
    },
    otherSystem: { name: "sqlx-tracing", version: "0.2.0" },
  },
  ownError(status, code) {
    if (status !== 500) return { type: this.errorType(status, code), message: usualMessage(status, code) };
    return { type: "panic", message: "called `Option::unwrap()` on a `None` value" };
  },
  errorType(status, code) {
    return status === 500 ? "anyhow::Error" : `${crateOf(code)}::Error::${exceptionStem(status, code)}`;
  },
  timedOut(call) {
    if (call.kind === "http") {
      return { type: "reqwest::Error", message: `error sending request for url (${call.url}): operation timed out` };
    }
    if (call.kind === "data") return { type: "tokio::time::error::Elapsed", message: "deadline has elapsed" };
    return {
      type: "tonic::Status",
      message: "status: 'Deadline expired before operation could complete', self: \"Timeout expired\"",
    };
  },
  connectionRefused(call) {
    const refused = "tcp connect error: Connection refused (os error 111)";
    if (call.kind === "http") {
      return { type: "reqwest::Error", message: `error sending request for url (${call.url}): ${refused}` };
    }
    if (call.kind === "data") return { type: "std::io::Error", message: "Connection refused (os error 111)" };
    return { type: "tonic::Status", message: `status: 'The service is currently unavailable', self: "${refused}"` };
  },
  stackTrace(thrown, code, call) {
    const crate = crateOf(code), handler = snake(code.handler);
    const frames: [string, string][] = thrown.type === "panic"
      ? [
        [
          "__rustc::rust_begin_unwind",
          "/rustc/ed61e7d7e242494fb7057f2657300d9e77bb4fcb/library/std/src/panicking.rs:698:5",
        ],
        [
          "core::option::unwrap_failed",
          "/rustc/ed61e7d7e242494fb7057f2657300d9e77bb4fcb/library/core/src/option.rs:2150:5",
        ],
      ]
      : [];
    if (call !== undefined) {
      const client = `${crate}::clients::${snake(code.callee)}`;
      frames.push([
        `${client}::Client::call::{{closure}}`,
        `./src/clients/${snake(code.callee)}.rs:${code.line("client", 20, 88)}:14`,
      ]);
    }
    frames.push([`${crate}::${moduleOf(code)}::${handler}::{{closure}}`, `./${place(code)}`]);
    frames.push(
      code.protocol.type === "rpc"
        ? [
          "tonic::server::grpc::Grpc<T>::unary::{{closure}}",
          "/usr/local/cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tonic-0.14.2/src/server/grpc.rs:231:27",
        ]
        : [
          "<F as axum::handler::Handler<(M,T1),S>>::call::{{closure}}",
          "/usr/local/cargo/registry/src/index.crates.io-1949cf8c6b5b557f/axum-0.8.7/src/handler/mod.rs:239:45",
        ],
      [
        "tokio::runtime::task::harness::poll_future::{{closure}}",
        "/usr/local/cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tokio-1.48.0/src/runtime/task/harness.rs:535:19",
      ],
    );
    const first = thrown.type === "panic"
      ? `thread 'tokio-runtime-worker' panicked at ${place(code)}:\n${thrown.message}\nstack backtrace:`
      : `Error: ${thrown.message}\n\nStack backtrace:`;
    return [first, ...frames.map(([name, at], i) => `${String(i).padStart(4)}: ${name}\n             at ${at}`)].join(
      "\n",
    );
  },
  messages: {
    completed: (r) =>
      msg`finished processing request latency=${DURATION_MS}ms status=${r.isRpc ? r.statusText : r.status}`,
    rejected: (r, why) =>
      msg`finished processing request latency=${DURATION_MS}ms status=${
        r.isRpc ? r.statusText : r.status
      } error="${why}"`,
    failed: (r, thrown) =>
      thrown.type === "panic"
        ? msg`${r.target} panicked at ${place(r.code)}: ${thrown.message}`
        : msg`response failed: ${thrown.message} classification=Status code: ${r.statusText}`,
    dependencyFailed: (r, why) => msg`${r.target} response failed, status ${r.statusText}: ${why}`,
    overloaded: (r) =>
      msg`load shed: service overloaded, ${r.target} answered ${r.statusText} (concurrency limit ${
        limitText(r.concurrency, "none")
      }, buffer ${limitText(r.queue, "unbounded")})`,
    abandoned: (r) =>
      msg`connection closed before message completed: ${r.target} had ${r.statusText} ready after ${DURATION_MS}ms`,
    interrupted: (r) => msg`request future of ${r.target} dropped after ${DURATION_MS}ms, no response sent`,
    retry: (c) => msg`${c.call} ${c.how}, attempt ${ATTEMPT}/${c.attempts}, retrying${c.soon}`,
    gaveUp: (c) =>
      c.attempts > 1
        ? msg`${c.call} ${c.how}, attempt ${ATTEMPT}/${c.attempts}, no retries left`
        : msg`${c.call} ${c.how}`,
    tolerated: (c) => msg`${c.call} ${c.how}, ignored`,
    fallback: (c) => msg`${c.call} ${c.how}, taking fallback`,
    recovered: (c) => msg`${c.call} succeeded, attempt ${ATTEMPT}/${c.attempts}`,
  },
  plain(line) {
    const { code } = line;
    const target = line.topic === "call"
      ? `${crateOf(code)}::clients::${snake(code.callee)}`
      : `${crateOf(code)}::${moduleOf(code)}`;
    const ids = line.hasIds ? msg` trace_id=${TRACE_ID} span_id=${SPAN_ID}` : msg``;
    const name = code.protocol.type === "http"
      ? `method=${code.protocol.method} route=${code.protocol.route}`
      : `rpc=${pascal(code.handler)}`;
    return msg`${TIME} ${line.level.toUpperCase().padStart(5)} request{${name}${ids}}: ${target}: ${line.message}`;
  },
};
