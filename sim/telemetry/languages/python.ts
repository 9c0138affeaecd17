// Python: FastAPI on uvicorn, grpcio, OpenTelemetry's contrib instrumentations and their logging format.

import { ATTEMPT, CLIENT_PORT, DURATION_MS, DURATION_SECONDS, msg, SPAN_ID, TIME, TRACE_ID } from "../message.ts";
import { type Code, snake } from "../names.ts";
import { exceptionStem, type Language, timeoutSeconds, usualMessage } from "./language.ts";

const scope = (name: string) => ({ name: `opentelemetry.instrumentation.${name}`, version: "0.66b2" });
const SITE_PACKAGES = "/usr/local/lib/python3.13/site-packages";

const packageOf = (code: Code): string => snake(code.service);
const moduleOf = (code: Code): string => code.protocol.type === "rpc" ? "servicer" : "api";

export const python: Language = {
  sdkVersion: "1.45.2",
  runtime: { name: "cpython", version: "3.13.9" },
  httpPort: 8000,
  userAgent: "python-httpx/0.28.1",
  scopes: {
    httpServer: scope("fastapi"),
    httpClient: scope("httpx"),
    rpcServer: scope("grpc"),
    rpcClient: scope("grpc"),
    systems: {
      mysql: scope("pymysql"),
      mariadb: scope("pymysql"),
      redis: scope("redis"),
      mongodb: scope("pymongo"),
      kafka: scope("kafka"),
      rabbitmq: scope("pika"),
    },
    otherSystem: scope("psycopg"),
  },
  ownError(status, code) {
    if (status !== 500) return { type: this.errorType(status, code), message: usualMessage(status, code) };
    return { type: "AttributeError", message: `'NoneType' object has no attribute '${snake(code.noun)}_id'` };
  },
  errorType(status, code) {
    return status === 500 ? "RuntimeError" : `${packageOf(code)}.errors.${exceptionStem(status, code)}Error`;
  },
  timedOut(call) {
    if (call.kind === "http") return { type: "httpx.ReadTimeout", message: "The read operation timed out" };
    if (call.kind === "data") {
      return { type: "TimeoutError", message: `timed out after ${timeoutSeconds(call, 1)} seconds` };
    }
    return {
      type: "grpc._channel._InactiveRpcError",
      message:
        '<_InactiveRpcError of RPC that terminated with: status = StatusCode.DEADLINE_EXCEEDED details = "Deadline Exceeded">',
    };
  },
  connectionRefused(call) {
    if (call.kind === "http") return { type: "httpx.ConnectError", message: "[Errno 111] Connection refused" };
    if (call.kind === "data") return { type: "ConnectionRefusedError", message: "[Errno 111] Connection refused" };
    return {
      type: "grpc._channel._InactiveRpcError",
      message:
        `<_InactiveRpcError of RPC that terminated with: status = StatusCode.UNAVAILABLE details = "failed to connect to all addresses; last error: UNKNOWN: ${call.host}:${call.port}: Failed to connect to remote host: Connection refused">`,
    };
  },
  stackTrace(thrown, code, call) {
    const root = `/app/${packageOf(code)}`, handler = snake(code.handler), noun = snake(code.noun);
    const awaits = code.protocol.type === "rpc" ? "" : "await ";
    const frames: [string, number, string, string][] = code.protocol.type === "rpc"
      ? [[
        `${SITE_PACKAGES}/grpc/_server.py`,
        610,
        "_call_behavior",
        "response_or_iterator = behavior(argument, context)",
      ]]
      : [
        [`${SITE_PACKAGES}/starlette/middleware/errors.py`, 164, "__call__", "await self.app(scope, receive, _send)"],
        [`${SITE_PACKAGES}/fastapi/routing.py`, 327, "app", "raw_response = await run_endpoint_function("],
      ];
    frames.push(
      [
        `${root}/${moduleOf(code)}.py`,
        code.line("handler", 31, 160),
        code.protocol.type === "rpc" ? code.protocol.method : handler,
        // grpc's own thread pool calls a plain function; an ASGI application awaits.
        `return ${awaits}service.${handler}(request)`,
      ],
      [
        `${root}/service.py`,
        code.line("service", 40, 260),
        handler,
        call === undefined
          ? `return ${noun}.${noun}_id`
          : `${noun} = ${awaits}self.${snake(code.callee)}_client.fetch(request)`,
      ],
    );
    if (call !== undefined) {
      frames.push([
        `${root}/clients/${snake(code.callee)}.py`,
        code.line("client", 18, 77),
        "fetch",
        "response = await self._call(request, timeout=self._timeout)",
      ]);
    }
    const lines = frames.map(([file, line, name, text]) => `  File "${file}", line ${line}, in ${name}\n    ${text}`);
    return ["Traceback (most recent call last):", ...lines, `${thrown.type}: ${thrown.message}`].join("\n");
  },
  messages: {
    completed: (r) =>
      r.isRpc
        ? msg`${r.target.replace("/", ".")} finished with StatusCode.${r.statusText} in ${DURATION_SECONDS}s`
        : msg`${r.peerAddress}:${CLIENT_PORT} - "${r.method} ${r.path} HTTP/1.1" ${r.statusText}`,
    rejected: (r, why) =>
      r.isRpc
        ? msg`${r.target.replace("/", ".")} aborted with StatusCode.${r.statusText}: ${why}`
        : msg`${r.peerAddress}:${CLIENT_PORT} - "${r.method} ${r.path} HTTP/1.1" ${r.statusText}: ${why}`,
    failed: (r, thrown) =>
      r.isRpc
        ? msg`Exception calling application: ${thrown.message}`
        : msg`Exception in ASGI application while handling ${r.method} ${r.path}: ${thrown.type}: ${thrown.message}`,
    dependencyFailed: (r, why) =>
      r.isRpc
        ? msg`${r.target.replace("/", ".")} aborted with StatusCode.${r.statusText}: ${why}`
        : msg`${r.method} ${r.path} failed with ${r.statusText}: ${why}`,
    overloaded: (r) =>
      msg`Exceeded concurrency limit of ${r.concurrency} (backlog ${r.queue}), ${r.target} refused with ${r.statusText}`,
    abandoned: (r) =>
      msg`Client disconnected before the response to ${r.method} ${r.path} was sent (${r.statusText} after ${DURATION_MS} ms)`,
    interrupted: (r) => msg`${r.method} ${r.path} cancelled after ${DURATION_MS} ms: asyncio.exceptions.CancelledError`,
    retry: (c) => msg`${c.call} ${c.how}; retrying${c.soon} (attempt ${ATTEMPT} of ${c.attempts} failed)`,
    gaveUp: (c) =>
      c.attempts > 1
        ? msg`${c.call} ${c.how}; no retries left after attempt ${ATTEMPT} of ${c.attempts}`
        : msg`${c.call} ${c.how}`,
    tolerated: (c) => msg`${c.call} ${c.how}; result is optional, going on`,
    fallback: (c) => msg`${c.call} ${c.how}; using the fallback`,
    recovered: (c) => msg`${c.call} recovered on attempt ${ATTEMPT} of ${c.attempts}`,
  },
  plain(line) {
    const { code } = line;
    const level = line.level === "warn" ? "WARNING" : line.level.toUpperCase();
    const [module, place] = line.topic === "call"
      ? [`clients.${snake(code.callee)}`, `${snake(code.callee)}.py:${code.line("client", 18, 77)}`]
      : [moduleOf(code), `${moduleOf(code)}.py:${code.line(`${line.topic} ${line.level}`, 31, 160)}`];
    const ids = line.hasIds
      ? msg`trace_id=${TRACE_ID} span_id=${SPAN_ID} resource.service.name=${line.service} trace_sampled=True`
      : msg`trace_id=0 span_id=0 resource.service.name=${line.service} trace_sampled=False`;
    return msg`${TIME} ${level} [${packageOf(code)}.${module}] [${place}] [${ids}] - ${line.message}`;
  },
};
