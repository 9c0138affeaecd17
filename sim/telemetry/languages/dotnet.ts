// .NET: ASP.NET Core on Kestrel, HttpClient and Grpc.Net.Client; the console logger on one line, with scopes.

import { ATTEMPT, DURATION_MS, msg, SPAN_ID, TIME, TRACE_ID } from "../message.ts";
import { type Code, pascal } from "../names.ts";
import { exceptionStem, type Language, limitText, timeoutSeconds, usualMessage } from "./language.ts";

const namespaceOf = (code: Code): string =>
  [pascal(code.namespace), pascal(code.service)].filter((part) => part !== "").join(".");
const isRpc = (code: Code): boolean => code.protocol.type === "rpc";
const owner = (code: Code): string =>
  isRpc(code)
    ? `${namespaceOf(code)}.Services.${pascal(code.service)}Service`
    : `${namespaceOf(code)}.Controllers.${pascal(code.noun)}Controller`;
const LEVELS = { debug: "dbug", info: "info", warn: "warn", error: "fail" } as const;

export const dotnet: Language = {
  sdkVersion: "1.16.0",
  runtime: { name: ".NET", version: "10.0.0" },
  httpPort: 8080,
  userAgent: undefined,
  scopes: {
    httpServer: { name: "Microsoft.AspNetCore", version: "10.0.0" },
    httpClient: { name: "System.Net.Http", version: "10.0.0" },
    rpcServer: { name: "Microsoft.AspNetCore", version: "10.0.0" },
    rpcClient: { name: "OpenTelemetry.Instrumentation.GrpcNetClient", version: "1.16.0-beta.1" },
    systems: {
      postgresql: { name: "Npgsql", version: "10.0.0" },
      mysql: { name: "MySqlConnector", version: "2.5.0" },
      mariadb: { name: "MySqlConnector", version: "2.5.0" },
      redis: { name: "OpenTelemetry.Instrumentation.StackExchangeRedis", version: "1.16.0-beta.1" },
      mongodb: { name: "MongoDB.Driver", version: "3.5.0" },
      kafka: { name: "OpenTelemetry.Instrumentation.ConfluentKafka", version: "0.1.0-alpha.5" },
      rabbitmq: { name: "RabbitMQ.Client.Publisher", version: "7.2.0" },
    },
    otherSystem: { name: "OpenTelemetry.Instrumentation.SqlClient", version: "1.16.0-beta.1" },
  },
  ownError(status, code) {
    if (status !== 500) return { type: this.errorType(status, code), message: usualMessage(status, code) };
    return { type: "System.NullReferenceException", message: "Object reference not set to an instance of an object." };
  },
  errorType(status, code) {
    if (status === 500) return "System.InvalidOperationException";
    if (status === 400) return "System.ArgumentException";
    if (status === 403) return "System.UnauthorizedAccessException";
    if (status === 501) return "System.NotImplementedException";
    return `${namespaceOf(code)}.${exceptionStem(status, code)}Exception`;
  },
  timedOut(call) {
    if (call.kind === "rpc") {
      return { type: "Grpc.Core.RpcException", message: 'Status(StatusCode="DeadlineExceeded", Detail="")' };
    }
    if (call.kind === "data") return { type: "System.TimeoutException", message: "Timeout during reading attempt" };
    return {
      type: "System.Threading.Tasks.TaskCanceledException",
      message: `The request was canceled due to the configured HttpClient.Timeout of ${
        timeoutSeconds(call, 1)
      } seconds elapsing.`,
    };
  },
  connectionRefused(call) {
    const refused = `Connection refused (${call.host}:${call.port})`;
    if (call.kind === "http") return { type: "System.Net.Http.HttpRequestException", message: refused };
    if (call.kind === "data") return { type: "System.Net.Sockets.SocketException", message: refused };
    return {
      type: "Grpc.Core.RpcException",
      message: `Status(StatusCode="Unavailable", Detail="Error starting gRPC call. HttpRequestException: ${refused}")`,
    };
  },
  stackTrace(thrown, code, call) {
    const handler = `${pascal(code.handler)}${isRpc(code) ? "" : "Async"}`;
    const file = isRpc(code)
      ? `Services/${pascal(code.service)}Service.cs`
      : `Controllers/${pascal(code.noun)}Controller.cs`;
    const frames: string[] = [];
    if (call?.kind === "http") {
      frames.push(
        "System.Net.Http.HttpClient.<SendAsync>g__Core|83_0(HttpRequestMessage request, HttpCompletionOption completionOption, CancellationTokenSource cts, Boolean disposeCts, CancellationTokenSource pendingRequestsCts, CancellationToken originalCancellationToken)",
      );
    }
    if (call?.kind === "rpc") {
      frames.push(
        "Grpc.Net.Client.Internal.HttpClientCallInvoker.BlockingUnaryCall[TRequest,TResponse](Method`2 method, String host, CallOptions options, TRequest request)",
      );
    }
    if (call !== undefined) {
      frames.push(
        `${namespaceOf(code)}.Clients.${
          pascal(code.callee)
        }Client.SendAsync(CancellationToken cancellationToken) in /src/Clients/${pascal(code.callee)}Client.cs:line ${
          code.line("client", 22, 88)
        }`,
      );
    }
    frames.push(
      `${owner(code)}.${handler}(CancellationToken cancellationToken) in /src/${file}:line ${
        code.line("handler", 28, 170)
      }`,
      isRpc(code)
        ? "Grpc.Shared.Server.UnaryServerMethodInvoker`3.ResolvedInterceptorInvoker(TRequest resolvedRequest, ServerCallContext resolvedContext)"
        : "Microsoft.AspNetCore.Mvc.Infrastructure.ActionMethodExecutor.TaskOfIActionResultExecutor.Execute(ActionContext actionContext, IActionResultTypeMapper mapper, ObjectMethodExecutor executor, Object controller, Object[] arguments)",
      "Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddlewareImpl.<Invoke>g__Awaited|10_0(ExceptionHandlerMiddlewareImpl middleware, HttpContext context, Task task)",
    );
    return [`${thrown.type}: ${thrown.message}`, ...frames.map((frame) => `   at ${frame}`)].join("\n");
  },
  messages: {
    completed: (r) =>
      r.isRpc
        ? msg`Request finished HTTP/2 POST http://${r.host}:${r.port}/${r.path} - 200 - application/grpc ${DURATION_MS}ms`
        : msg`Request finished HTTP/1.1 ${r.method} http://${r.host}:${r.port}${r.path} - ${r.status} - application/json ${DURATION_MS}ms`,
    rejected: (r, why) =>
      r.isRpc
        ? msg`Error status code '${r.statusText}' with detail '${why}' raised by ${r.target}.`
        : msg`Request finished HTTP/1.1 ${r.method} http://${r.host}:${r.port}${r.path} - ${r.status} - application/problem+json ${DURATION_MS}ms: ${why}`,
    failed: (r, thrown) =>
      r.isRpc
        ? msg`Error when executing service method '${pascal(r.code.handler)}': ${thrown.type}: ${thrown.message}`
        : msg`An unhandled exception has occurred while executing the request ${r.method} ${r.path}: ${thrown.type}: ${thrown.message}`,
    dependencyFailed: (r, why) => msg`${r.method} ${r.path} failed with ${r.statusText}: ${why}`,
    overloaded: (r) =>
      msg`Concurrency limiter rejected ${r.target} with ${r.statusText}: PermitLimit ${
        limitText(r.concurrency, "none")
      }, QueueLimit ${limitText(r.queue, "none")} reached`,
    abandoned: (r) =>
      msg`The client reset the request stream. ${r.method} ${r.path} finished with ${r.statusText} after ${DURATION_MS}ms and nobody read it.`,
    interrupted: (r) =>
      msg`The operation was canceled: ${r.method} ${r.path} stopped after ${DURATION_MS}ms without a response.`,
    retry: (c) => msg`Execution attempt ${ATTEMPT} of ${c.attempts} failed: ${c.call} ${c.how}. Retrying${c.soon}.`,
    gaveUp: (c) =>
      c.attempts > 1
        ? msg`Execution attempt ${ATTEMPT} of ${c.attempts} failed: ${c.call} ${c.how}. Not retrying.`
        : msg`${c.call} ${c.how}.`,
    tolerated: (c) => msg`Optional call failed: ${c.call} ${c.how}.`,
    fallback: (c) => msg`Fallback strategy invoked: ${c.call} ${c.how}.`,
    recovered: (c) => msg`Execution attempt ${ATTEMPT} of ${c.attempts} succeeded: ${c.call} in ${DURATION_MS}ms.`,
  },
  plain(line) {
    const category = line.topic === "call"
      ? `${namespaceOf(line.code)}.Clients.${pascal(line.code.callee)}Client`
      : owner(line.code);
    const ids = line.hasIds ? msg` => SpanId:${SPAN_ID}, TraceId:${TRACE_ID}` : msg``;
    return msg`${TIME} ${LEVELS[line.level]}: ${category}[0]${ids} ${line.message}`;
  },
};
