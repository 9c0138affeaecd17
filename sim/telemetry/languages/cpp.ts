// C++: grpc++ and Boost.Beast, instrumented by hand with opentelemetry-cpp; spdlog's line with a source location.

import { ATTEMPT, DURATION_MS, msg, SPAN_ID, TIME, TRACE_ID } from "../message.ts";
import { type Code, pascal, snake } from "../names.ts";
import { exceptionStem, type Language, limitText, timeoutMs, usualMessage } from "./language.ts";

const space = (code: Code): string => snake(code.service);
const classOf = (code: Code): string =>
  `${pascal(code.service)}${code.protocol.type === "rpc" ? "ServiceImpl" : "Handler"}`;
const file = (code: Code): string =>
  `${snake(code.service)}_${code.protocol.type === "rpc" ? "service" : "handler"}.cc`;
const address = (code: Code, name: string): string =>
  `0x${code.line(`address ${name}`, 0x10000000, 0x7fffffff).toString(16).padStart(12, "0")}`;

/** Nothing instruments C++ by itself: the tracer bears the name that the developer gave it. */
const MANUAL = { name: "opentelemetry-cpp", version: "1.24.0" };

export const cpp: Language = {
  sdkVersion: "1.24.0",
  runtime: { name: "g++", version: "14.2.0" },
  httpPort: 8080,
  userAgent: undefined,
  scopes: {
    httpServer: MANUAL,
    httpClient: MANUAL,
    rpcServer: MANUAL,
    rpcClient: MANUAL,
    systems: {},
    otherSystem: MANUAL,
  },
  ownError(status, code) {
    if (status !== 500) return { type: this.errorType(status, code), message: usualMessage(status, code) };
    return { type: "std::out_of_range", message: "unordered_map::at" };
  },
  errorType(status, code) {
    if (status === 500) return "std::runtime_error";
    if (status === 400) return "std::invalid_argument";
    return `${space(code)}::${exceptionStem(status, code)}`;
  },
  timedOut(call) {
    if (call.kind === "http") {
      return { type: "boost::system::system_error", message: "The socket was closed due to a timeout [boost.beast:1]" };
    }
    if (call.kind === "data") {
      return {
        type: "std::runtime_error",
        message: `no reply from ${call.host}:${call.port} within ${timeoutMs(call)} ms`,
      };
    }
    return { type: "grpc::Status", message: "DEADLINE_EXCEEDED: Deadline Exceeded" };
  },
  connectionRefused(call) {
    if (call.kind === "rpc") {
      return {
        type: "grpc::Status",
        message:
          `UNAVAILABLE: failed to connect to all addresses; last error: UNKNOWN: ipv4:${call.host}:${call.port}: Failed to connect to remote host: Connection refused`,
      };
    }
    return {
      type: "boost::system::system_error",
      message: `connect: Connection refused [system:111] (${call.host}:${call.port})`,
    };
  },
  stackTrace(thrown, code, call) {
    const frames: string[] = [];
    if (call !== undefined) {
      frames.push(
        `${space(code)}::${pascal(code.callee)}Client::${pascal(code.callee)}(grpc::ClientContext&) at /src/${
          snake(code.callee)
        }_client.cc:${code.line("client", 24, 90)}`,
      );
    }
    frames.push(
      `${space(code)}::${classOf(code)}::${pascal(code.handler)}(Request const&, Response&) at /src/${file(code)}:${
        code.line("handler", 36, 220)
      }`,
    );
    if (code.protocol.type === "rpc") {
      frames.push(
        "grpc::internal::RpcMethodHandler<...>::RunHandler(grpc::internal::MethodHandler::HandlerParameter const&) at /usr/local/include/grpcpp/support/method_handler.h:120",
        "grpc::Server::SyncRequest::ContinueRunAfterInterception() at /src/cpp/server/server_cc.cc:488",
      );
    } else {frames.push(
        "boost::asio::detail::scheduler::do_run_one(...) at /usr/include/boost/asio/detail/impl/scheduler.ipp:493",
      );}
    frames.push("start_thread at ./nptl/pthread_create.c:447");
    return [
      `exception ${thrown.type}: ${thrown.message}`,
      ...frames.map((frame, i) => `#${i}  ${address(code, frame)} in ${frame}`),
    ].join("\n");
  },
  messages: {
    completed: (r) =>
      r.isRpc ? msg`${r.target} OK (${DURATION_MS} ms)` : msg`${r.method} ${r.path} -> ${r.status} (${DURATION_MS} ms)`,
    rejected: (r, why) => msg`${r.method} ${r.path} -> ${r.statusText} (${DURATION_MS} ms): ${why}`,
    failed: (r, thrown) => msg`${classOf(r.code)}::${pascal(r.code.handler)} threw ${thrown.type}: ${thrown.message}`,
    dependencyFailed: (r, why) => msg`${r.method} ${r.path} -> ${r.statusText}: ${why}`,
    overloaded: (r) =>
      msg`${r.target} -> ${r.statusText}: thread pool exhausted (${limitText(r.concurrency, "unlimited")} busy, ${
        limitText(r.queue, "unlimited")
      } queued)`,
    abandoned: (r) =>
      msg`${r.method} ${r.path} -> ${r.statusText} not delivered after ${DURATION_MS} ms: peer closed connection (EPIPE)`,
    interrupted: (r) => msg`${r.method} ${r.path} stopped after ${DURATION_MS} ms, no reply sent`,
    retry: (c) => msg`${c.call} ${c.how} [${ATTEMPT}/${c.attempts}], retry${c.soon}`,
    gaveUp: (c) =>
      c.attempts > 1 ? msg`${c.call} ${c.how} [${ATTEMPT}/${c.attempts}], no retries left` : msg`${c.call} ${c.how}`,
    tolerated: (c) => msg`${c.call} ${c.how}, not needed, continuing`,
    fallback: (c) => msg`${c.call} ${c.how}, switching to fallback`,
    recovered: (c) => msg`${c.call} ok [${ATTEMPT}/${c.attempts}]`,
  },
  plain(line) {
    const level = line.level === "warn" ? "warning" : line.level;
    const at = line.topic === "call"
      ? `${snake(line.code.callee)}_client.cc:${line.code.line("client", 24, 90)}`
      : `${file(line.code)}:${line.code.line(`${line.topic} ${line.level}`, 36, 220)}`;
    const ids = line.hasIds ? msg` [${TRACE_ID} ${SPAN_ID}]` : msg``;
    return msg`[${TIME}] [${line.service}] [${level}] [${at}]${ids} ${line.message}`;
  },
};
