// Ruby: Rails on Puma, gruf for gRPC, opentelemetry-ruby-contrib; the standard Logger's line with tags.

import { ATTEMPT, DURATION_MS, msg, SPAN_ID, TIME, TRACE_ID } from "../message.ts";
import { type Code, pascal, snake } from "../names.ts";
import { exceptionStem, type Language, limitText, timeoutSeconds, usualMessage } from "./language.ts";

const scope = (name: string, version: string) => ({ name: `OpenTelemetry::Instrumentation::${name}`, version });

const controller = (code: Code): string =>
  code.protocol.type === "rpc" ? `${pascal(code.service)}Service` : `${pascal(code.noun)}Controller`;
const action = (code: Code): string =>
  ({ get: "show", list: "index", create: "create", update: "update", delete: "destroy" })[code.handler[0]!] ??
    snake(code.handler);
const errorModule = (code: Code): string => pascal(code.service);

export const ruby: Language = {
  sdkVersion: "1.11.0",
  runtime: { name: "ruby", version: "3.4.7" },
  httpPort: 3000,
  userAgent: "Faraday v2.14.0",
  scopes: {
    httpServer: scope("Rack", "0.29.0"),
    httpClient: scope("Faraday", "0.31.0"),
    rpcServer: scope("Gruf", "0.5.0"),
    rpcClient: scope("Grpc", "0.4.0"),
    systems: {
      mysql: scope("Mysql2", "0.33.0"),
      mariadb: scope("Mysql2", "0.33.0"),
      redis: scope("Redis", "0.28.0"),
      mongodb: scope("Mongo", "0.25.0"),
      kafka: scope("Rdkafka", "0.9.0"),
      rabbitmq: scope("Bunny", "0.24.0"),
    },
    otherSystem: scope("PG", "0.32.0"),
  },
  ownError(status, code) {
    if (status !== 500) return { type: this.errorType(status, code), message: usualMessage(status, code) };
    return { type: "NoMethodError", message: `undefined method '${snake(code.noun)}_id' for nil` };
  },
  errorType(status, code) {
    return status === 500 ? "RuntimeError" : `${errorModule(code)}::${exceptionStem(status, code)}`;
  },
  timedOut(call) {
    if (call.kind === "http") {
      return { type: "Faraday::TimeoutError", message: "Net::ReadTimeout with #<TCPSocket:(closed)>" };
    }
    if (call.kind === "data") {
      return {
        type: "IO::TimeoutError",
        message: `Blocking operation timed out after ${timeoutSeconds(call, 1)} seconds`,
      };
    }
    return { type: "GRPC::DeadlineExceeded", message: "4:Deadline Exceeded" };
  },
  connectionRefused(call) {
    if (call.kind === "rpc") {
      return {
        type: "GRPC::Unavailable",
        message:
          `14:failed to connect to all addresses; last error: UNKNOWN: ${call.host}:${call.port}: Connection refused`,
      };
    }
    return {
      type: call.kind === "http" ? "Faraday::ConnectionFailed" : "Errno::ECONNREFUSED",
      message:
        `Failed to open TCP connection to ${call.host}:${call.port} (Connection refused - connect(2) for "${call.host}" port ${call.port})`,
    };
  },
  stackTrace(thrown, code, call) {
    const name = snake(code.noun);
    const frames: string[] = [];
    if (call?.kind === "http") {
      frames.push(
        "/usr/local/bundle/gems/faraday-net_http-3.4.2/lib/faraday/adapter/net_http.rb:63:in 'Faraday::Adapter::NetHttp#call'",
      );
    }
    if (call?.kind === "rpc") {
      frames.push(
        "/usr/local/bundle/gems/grpc-1.76.0/src/ruby/lib/grpc/generic/active_call.rb:29:in 'Struct::BatchResult#check_status'",
      );
    }
    if (call !== undefined) {
      frames.push(
        `app/clients/${snake(code.callee)}_client.rb:${code.line("client", 12, 58)}:in '${
          pascal(code.callee)
        }Client#call'`,
      );
    }
    if (code.protocol.type === "rpc") {
      frames.push(
        `app/rpc/${snake(code.service)}_service.rb:${code.line("handler", 14, 96)}:in '${controller(code)}#${
          snake(code.handler)
        }'`,
        "/usr/local/bundle/gems/gruf-2.21.1/lib/gruf/controllers/base.rb:87:in 'Gruf::Controllers::Base#process_action'",
      );
    } else {
      frames.push(
        `app/controllers/${name}_controller.rb:${code.line("handler", 14, 96)}:in '${controller(code)}#${
          action(code)
        }'`,
        "/usr/local/bundle/gems/actionpack-8.1.1/lib/action_controller/metal/basic_implicit_render.rb:8:in 'ActionController::BasicImplicitRender#send_action'",
        "/usr/local/bundle/gems/puma-7.1.0/lib/puma/thread_pool.rb:378:in 'Puma::ThreadPool#with_force_shutdown'",
      );
    }
    return [`${frames[0]!}: ${thrown.message} (${thrown.type})`, ...frames.slice(1).map((frame) => `\tfrom ${frame}`)]
      .join("\n");
  },
  messages: {
    completed: (r) =>
      r.isRpc
        ? msg`[GRPC::Ok] (${controller(r.code)}.${snake(r.code.handler)}) [${DURATION_MS}ms]`
        : msg`Completed ${r.statusText} in ${DURATION_MS}ms: ${r.method} "${r.path}" (${controller(r.code)}#${
          action(r.code)
        })`,
    rejected: (r, why) =>
      r.isRpc
        ? msg`[${r.statusText}] (${controller(r.code)}.${snake(r.code.handler)}) [${DURATION_MS}ms] ${why}`
        : msg`Completed ${r.statusText} in ${DURATION_MS}ms: ${r.method} "${r.path}" (${controller(r.code)}#${
          action(r.code)
        }): ${why}`,
    failed: (r, thrown) =>
      msg`${thrown.type} (${thrown.message}) in ${controller(r.code)}#${
        r.isRpc ? snake(r.code.handler) : action(r.code)
      }`,
    dependencyFailed: (r, why) => msg`${r.target} failed with ${r.statusText}: ${why}`,
    overloaded: (r) =>
      msg`Puma: all ${limitText(r.concurrency, "available")} threads busy and backlog of ${
        limitText(r.queue, "unlimited")
      } full, ${r.target} refused with ${r.statusText}`,
    abandoned: (r) =>
      msg`Errno::EPIPE (Broken pipe): client closed the connection before ${r.statusText} for ${r.method} "${r.path}" was written (${DURATION_MS}ms)`,
    interrupted: (r) => msg`${r.method} "${r.path}" interrupted after ${DURATION_MS}ms, nothing rendered`,
    retry: (c) => msg`${c.call} ${c.how}, try ${ATTEMPT} of ${c.attempts}, retrying${c.soon}`,
    gaveUp: (c) =>
      c.attempts > 1
        ? msg`${c.call} ${c.how}, no retries left after try ${ATTEMPT} of ${c.attempts}`
        : msg`${c.call} ${c.how}`,
    tolerated: (c) => msg`${c.call} ${c.how}, rescued, rendering without it`,
    fallback: (c) => msg`${c.call} ${c.how}, rescued with fallback`,
    recovered: (c) => msg`${c.call} succeeded on try ${ATTEMPT} of ${c.attempts}`,
  },
  plain(line) {
    const level = line.level.toUpperCase();
    const ids = line.hasIds ? msg`[trace_id=${TRACE_ID} span_id=${SPAN_ID}] ` : msg``;
    return msg`${level[0]!}, [${TIME} #1] ${level.padStart(5)} -- ${line.service}: ${ids}${line.message}`;
  },
};
