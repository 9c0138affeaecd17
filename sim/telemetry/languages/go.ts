// Go: net/http with otelhttp, grpc-go with otelgrpc; zap's console encoder, which
// adds the stack to errors; a panic prints a goroutine's.

import { ATTEMPT, DURATION, msg, SPAN_ID, TIME, TRACE_ID } from "../message.ts";
import { type Code, pascal, snake } from "../names.ts";
import { exceptionStem, type Language, limitText, usualMessage } from "./language.ts";

const CONTRIB = "go.opentelemetry.io/contrib/instrumentation";
const CONTRIB_VERSION = "0.68.0";

const moduleOf = (code: Code): string =>
  `github.com/${code.namespace.join("-") || "acme"}/${code.service.join("-")}/internal/${packageOf(code)}`;
const packageOf = (code: Code): string => code.service.join("");
const receiver = (code: Code): string => code.protocol.type === "rpc" ? "(*Server)" : "(*Handler)";
const fileOf = (code: Code): string => code.protocol.type === "rpc" ? "server.go" : "handler.go";

export const go: Language = {
  sdkVersion: "1.44.0",
  runtime: { name: "go", version: "go1.26.3" },
  httpPort: 8080,
  userAgent: "Go-http-client/1.1",
  scopes: {
    httpServer: { name: `${CONTRIB}/net/http/otelhttp`, version: CONTRIB_VERSION },
    httpClient: { name: `${CONTRIB}/net/http/otelhttp`, version: CONTRIB_VERSION },
    rpcServer: { name: `${CONTRIB}/google.golang.org/grpc/otelgrpc`, version: CONTRIB_VERSION },
    rpcClient: { name: `${CONTRIB}/google.golang.org/grpc/otelgrpc`, version: CONTRIB_VERSION },
    systems: {
      redis: { name: "github.com/redis/go-redis/extra/redisotel", version: "9.18.0" },
      mongodb: { name: `${CONTRIB}/go.mongodb.org/mongo-driver/v2/mongo/otelmongo`, version: CONTRIB_VERSION },
      kafka: { name: "github.com/twmb/franz-go/plugin/kotel", version: "1.6.0" },
    },
    otherSystem: { name: "github.com/XSAM/otelsql", version: "0.42.0" },
  },
  ownError(status, code) {
    if (status !== 500) return { type: this.errorType(status, code), message: usualMessage(status, code) };
    return {
      type: "runtime.Error",
      message: "runtime error: invalid memory address or nil pointer dereference",
    };
  },
  errorType(status, code) {
    return status === 500 ? "*errors.errorString" : `*${packageOf(code)}.${exceptionStem(status, code)}Error`;
  },
  timedOut(call) {
    if (call.kind === "rpc") {
      return {
        type: "*status.Error",
        message: "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
      };
    }
    if (call.kind === "data") {
      return { type: "context.deadlineExceededError", message: "context deadline exceeded" };
    }
    return {
      type: "*url.Error",
      message: `${pascal([call.method.toLowerCase()])} "${call.url}": context deadline exceeded ` +
        "(Client.Timeout exceeded while awaiting headers)",
    };
  },
  connectionRefused(call) {
    const dial = `dial tcp ${call.host}:${call.port}: connect: connection refused`;
    if (call.kind === "data") return { type: "*net.OpError", message: dial };
    if (call.kind === "http") {
      return { type: "*url.Error", message: `${pascal([call.method.toLowerCase()])} "${call.url}": ${dial}` };
    }
    return {
      type: "*status.Error",
      message:
        `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: ${dial}"`,
    };
  },
  stackTrace(thrown, code, call) {
    const module = moduleOf(code), root = `/src/internal/${packageOf(code)}`;
    const isPanic = thrown.type === "runtime.Error", isRpc = code.protocol.type === "rpc";
    // Only a panic's stack has arguments and offsets.
    const frame = (name: string, args: string, place: string, offset: string): string =>
      isPanic ? `${name}(${args})\n\t${place} +${offset}` : `${name}\n\t${place}`;
    const frames: string[] = [];
    if (call !== undefined) {
      const place = `${root}/${snake(code.callee)}_client.go:${code.line("client", 24, 90)}`;
      frames.push(frame(`${module}.(*${pascal(code.callee)}Client).Do`, "...", place, "0x9b"));
    }
    frames.push(frame(
      `${module}.${receiver(code)}.${pascal(code.handler)}`,
      "0xc000212480, {0x10d8a28, 0xc0004f6150}, 0xc0003be000",
      `${root}/${fileOf(code)}:${code.line("handler", 38, 260)}`,
      "0x1c7",
    ));
    frames.push(
      isRpc
        ? frame(
          "google.golang.org/grpc.(*Server).processUnaryRPC",
          "0xc0001d6000, ...",
          "/go/pkg/mod/google.golang.org/grpc@v1.79.1/server.go:1430",
          "0x1036",
        )
        : frame(
          "net/http.HandlerFunc.ServeHTTP",
          "0xc000398000?, {0x10d6f00?, 0xc0004fe000?}, 0x0?",
          "/usr/local/go/src/net/http/server.go:2322",
          "0x29",
        ),
    );
    if (!isPanic) return frames.join("\n");
    const created = isRpc
      ? "created by google.golang.org/grpc.(*Server).serveStreams.func2 in goroutine 34\n" +
        "\t/go/pkg/mod/google.golang.org/grpc@v1.79.1/server.go:1054 +0x12e"
      : "created by net/http.(*Server).Serve in goroutine 1\n\t/usr/local/go/src/net/http/server.go:3493 +0x485";
    return [
      `panic: ${thrown.message}`,
      "",
      `goroutine ${code.line("goroutine", 120, 98000)} [running]:`,
      "runtime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e",
      "panic({0xc1a2e0?, 0x14b3f50?})\n\t/usr/local/go/src/runtime/panic.go:787 +0x132",
      ...frames,
      created,
    ].join("\n");
  },
  messages: {
    completed: (r) =>
      r.isRpc
        ? msg`finished unary call ${r.target} with code ${r.statusText}`
        : msg`handled ${r.method} ${r.path} ${r.status}`,
    rejected: (r, why) =>
      r.isRpc
        ? msg`finished unary call ${r.target} with code ${r.statusText}: ${why}`
        : msg`rejected ${r.method} ${r.path} with ${r.status}: ${why}`,
    failed: (r, thrown) =>
      thrown.type === "runtime.Error"
        ? msg`recovered from panic in ${r.target}: ${thrown.message}`
        : msg`${r.target} failed: ${thrown.message}`,
    dependencyFailed: (r, why) =>
      r.isRpc
        ? msg`finished unary call ${r.target} with code ${r.statusText}: ${why}`
        : msg`${r.method} ${r.path} failed with ${r.status}: ${why}`,
    overloaded: (r) =>
      msg`shedding ${r.target}: ${limitText(r.concurrency, "unlimited")} requests in flight and ${
        limitText(r.queue, "unlimited")
      } queued, limit reached`,
    abandoned: (r) =>
      r.isRpc
        ? msg`${r.target} finished after ${DURATION}, but its context was canceled by the client: rpc error: code = Canceled desc = context canceled`
        : msg`write response of ${r.method} ${r.path} after ${DURATION}: write tcp: broken pipe, client has gone away (context canceled)`,
    interrupted: (r) => msg`${r.target} interrupted after ${DURATION}: context canceled`,
    retry: (c) => msg`${c.call} attempt ${ATTEMPT} of ${c.attempts} ${c.how}, retrying${c.soon}`,
    gaveUp: (c) =>
      c.attempts > 1
        ? msg`${c.call} ${c.how}, giving up after attempt ${ATTEMPT} of ${c.attempts}, no retries left`
        : msg`${c.call} ${c.how}`,
    tolerated: (c) => msg`${c.call} ${c.how}, continuing without it`,
    fallback: (c) => msg`${c.call} ${c.how}, using fallback`,
    recovered: (c) => msg`${c.call} succeeded on attempt ${ATTEMPT} of ${c.attempts}`,
  },
  plain(line) {
    const { code } = line;
    const place = line.topic === "call"
      ? `${packageOf(code)}/${snake(code.callee)}_client.go:${code.line("client", 24, 90)}`
      : `${packageOf(code)}/${fileOf(code)}:${code.line(`${line.topic} ${line.level}`, 38, 260)}`;
    const ids = line.hasIds ? msg`"trace_id":"${TRACE_ID}","span_id":"${SPAN_ID}"` : msg``;
    const comma = line.hasIds && line.json.length > 0 ? "," : "";
    return msg`${TIME}\t${line.level.toUpperCase()}\t${place}\t${line.message}\t{${ids}${comma}${line.json}}`;
  },
};
