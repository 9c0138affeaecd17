// Node.js: Express and grpc-js with OpenTelemetry's own instrumentations; winston's console line.

import { ATTEMPT, DURATION_MS, msg, SPAN_ID, TIME, TRACE_ID } from "../message.ts";
import { camel, type Code, pascal } from "../names.ts";
import { exceptionStem, type Language, limitText, timeoutMs, usualMessage } from "./language.ts";

const scope = (name: string, version: string) => ({ name: `@opentelemetry/instrumentation-${name}`, version });
const CORE_VERSION = "0.223.1";

const fileOf = (code: Code): string =>
  code.protocol.type === "rpc"
    ? `/app/src/grpc/${code.service.join("-")}.js`
    : `/app/src/routes/${code.noun.join("-")}.js`;

export const nodejs: Language = {
  sdkVersion: "2.12.1",
  runtime: { name: "nodejs", version: "24.11.1" },
  httpPort: 3000,
  userAgent: "node",
  scopes: {
    httpServer: scope("http", CORE_VERSION),
    httpClient: scope("undici", "0.34.0"),
    rpcServer: scope("grpc", CORE_VERSION),
    rpcClient: scope("grpc", CORE_VERSION),
    systems: {
      mysql: scope("mysql2", "0.70.0"),
      mariadb: scope("mysql2", "0.70.0"),
      redis: scope("ioredis", "0.72.0"),
      mongodb: scope("mongodb", "0.77.0"),
      kafka: scope("kafkajs", "0.33.0"),
    },
    otherSystem: scope("pg", "0.77.0"),
  },
  ownError(status, code) {
    if (status !== 500) return { type: this.errorType(status, code), message: usualMessage(status, code) };
    return { type: "TypeError", message: `Cannot read properties of undefined (reading '${camel(code.noun)}Id')` };
  },
  errorType(status, code) {
    return status === 500 ? "Error" : `${exceptionStem(status, code)}Error`;
  },
  timedOut(call) {
    if (call.kind === "http") {
      return { type: "TimeoutError", message: "The operation was aborted due to timeout" };
    }
    if (call.kind === "data") {
      return { type: "Error", message: `Query read timeout after ${timeoutMs(call)}ms (${call.host}:${call.port})` };
    }
    return {
      type: "Error",
      message: `4 DEADLINE_EXCEEDED: Deadline exceeded after ${
        (Number(timeoutMs(call)) / 1000).toFixed(3)
      }s,LB pick: 0.000s,remote_addr=${call.host}:${call.port}`,
    };
  },
  connectionRefused(call) {
    const connect = `connect ECONNREFUSED ${call.host}:${call.port}`;
    if (call.kind === "rpc") {
      return { type: "Error", message: `14 UNAVAILABLE: No connection established. Last error: Error: ${connect}` };
    }
    return { type: "Error", message: connect };
  },
  stackTrace(thrown, code, call) {
    const handler = camel(code.handler), file = fileOf(code);
    const frames: string[] = [];
    if (call?.kind === "http") frames.push("node:internal/deps/undici/undici:14902:13");
    if (call?.kind === "rpc") {
      frames.push(
        "callErrorFromStatus (/app/node_modules/@grpc/grpc-js/build/src/call.js:31:19)",
        "Object.onReceiveStatus (/app/node_modules/@grpc/grpc-js/build/src/client.js:193:76)",
      );
    }
    if (call?.kind === "data") frames.push("TCPConnectWrap.afterConnect [as oncomplete] (node:net:1637:16)");
    if (frames.length > 0) frames.push("process.processTicksAndRejections (node:internal/process/task_queues:105:5)");
    if (call !== undefined) {
      frames.push(
        `async ${pascal(code.callee)}Client.${camel(code.callee)} (/app/src/clients/${code.callee.join("-")}.js:${
          code.line("client", 18, 74)
        }:12)`,
      );
    }
    frames.push(
      `${call === undefined ? "" : "async "}${handler} (${file}:${code.line("handler", 21, 180)}:${
        code.line("column", 9, 41)
      })`,
    );
    if (code.protocol.type === "http") {
      frames.push(
        "Layer.handleRequest (/app/node_modules/router/lib/layer.js:152:17)",
        "next (/app/node_modules/router/lib/route.js:157:13)",
        "Route.dispatch (/app/node_modules/router/lib/route.js:117:3)",
      );
    } else frames.push("handleUnary (/app/node_modules/@grpc/grpc-js/build/src/server.js:1165:21)");
    return [`${thrown.type}: ${thrown.message}`, ...frames.map((frame) => `    at ${frame}`)].join("\n");
  },
  messages: {
    completed: (r) =>
      r.isRpc
        ? msg`${r.target} ${r.statusText} ${DURATION_MS} ms`
        : msg`${r.method} ${r.path} ${r.status} ${DURATION_MS} ms`,
    rejected: (r, why) =>
      r.isRpc
        ? msg`${r.target} ${r.statusText} ${DURATION_MS} ms - ${why}`
        : msg`${r.method} ${r.path} ${r.status} ${DURATION_MS} ms - ${why}`,
    failed: (r, thrown) => msg`Unhandled error in ${r.target}: ${thrown.type}: ${thrown.message}`,
    dependencyFailed: (r, why) =>
      r.isRpc ? msg`${r.target} ${r.statusText} - ${why}` : msg`${r.method} ${r.path} ${r.status} - ${why}`,
    overloaded: (r) =>
      msg`Server too busy, rejecting ${r.target} with ${r.statusText}: ${
        limitText(r.concurrency, "unlimited")
      } active, ${limitText(r.queue, "unlimited")} waiting`,
    abandoned: (r) =>
      msg`${r.method} ${r.path} - request aborted by client, ${r.statusText} not sent after ${DURATION_MS} ms (ECONNRESET)`,
    interrupted: (r) => msg`${r.method} ${r.path} - aborted after ${DURATION_MS} ms, no response sent`,
    retry: (c) => msg`${c.call} ${c.how} (attempt ${ATTEMPT}/${c.attempts}), retrying${c.soon}`,
    gaveUp: (c) =>
      c.attempts > 1
        ? msg`${c.call} ${c.how} (attempt ${ATTEMPT}/${c.attempts}), no retries left`
        : msg`${c.call} ${c.how}`,
    tolerated: (c) => msg`${c.call} ${c.how}, rendering without it`,
    fallback: (c) => msg`${c.call} ${c.how}, falling back`,
    recovered: (c) => msg`${c.call} ok after ${ATTEMPT}/${c.attempts} attempts`,
  },
  plain(line) {
    const ids = line.hasIds ? msg` trace_id=${TRACE_ID} span_id=${SPAN_ID}` : msg``;
    return msg`${TIME} [${line.service}] ${line.level}: ${line.message}${ids}`;
  },
};
