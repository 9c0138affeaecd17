// Java: Spring Boot on Tomcat, grpc-java, the OpenTelemetry Java agent; Logback's console layout with correlation ids.

import { camel, type Code, pascal } from "../names.ts";
import { ATTEMPT, DURATION_MS, msg, Slot, slot, SPAN_ID, TIME, TRACE_ID } from "../message.ts";
import { exceptionStem, type Language, limitText, timeoutSeconds, usualMessage } from "./language.ts";

const AGENT_VERSION = "2.31.0-alpha";
const scope = (name: string) => ({ name: `io.opentelemetry.${name}`, version: AGENT_VERSION });

const packageOf = (code: Code): string =>
  ["com", code.namespace.join(""), code.service.join("")].filter((part) => part !== "").join(".");
const controller = (code: Code): string =>
  `${pascal(code.service)}${code.protocol.type === "rpc" ? "GrpcService" : "Controller"}`;
const client = (code: Code): string => `${pascal(code.callee)}Client`;

/** Logback shortens packages to their first letters: `c.s.payment.PaymentController`. */
const logger = (code: Code, name: string): string => {
  const parts = packageOf(code).split(".");
  return [...parts.slice(0, -1).map((part) => part[0]), parts.at(-1), name].join(".");
};

const INTERNAL_FRAMES_HTTP = [
  "java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)",
  "org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:258)",
  "org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1088)",
  "org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:195)",
  "org.apache.tomcat.util.net.NioEndpoint$SocketProcessor.doRun(NioEndpoint.java:1774)",
  "java.base/java.lang.Thread.run(Thread.java:1583)",
];
const INTERNAL_FRAMES_RPC = [
  "io.grpc.stub.ServerCalls$UnaryServerCallHandler$UnaryServerCallListener.onHalfClose(ServerCalls.java:182)",
  "io.grpc.internal.ServerCallImpl$ServerStreamListenerImpl.halfClosed(ServerCallImpl.java:351)",
  "io.grpc.internal.SerializingExecutor.run(SerializingExecutor.java:133)",
  "java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1144)",
  "java.base/java.lang.Thread.run(Thread.java:1583)",
];
const CLIENT_FRAMES = {
  http: [
    "java.net.http/jdk.internal.net.http.HttpClientImpl.send(HttpClientImpl.java:968)",
    "org.springframework.http.client.JdkClientHttpRequest.executeInternal(JdkClientHttpRequest.java:111)",
    "org.springframework.web.client.DefaultRestClient$DefaultRequestBodyUriSpec.exchangeInternal(DefaultRestClient.java:571)",
  ],
  rpc: [
    "io.grpc.stub.ClientCalls.toStatusRuntimeException(ClientCalls.java:368)",
    "io.grpc.stub.ClientCalls.getUnchecked(ClientCalls.java:349)",
    "io.grpc.stub.ClientCalls.blockingUnaryCall(ClientCalls.java:174)",
  ],
  data: [
    "java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)",
    "java.base/java.net.Socket$SocketInputStream.read(Socket.java:1099)",
  ],
};

export const java: Language = {
  sdkVersion: "1.65.0",
  runtime: { name: "OpenJDK Runtime Environment", version: "21.0.9+10-LTS" },
  httpPort: 8080,
  userAgent: "Java-http-client/21.0.9",
  scopes: {
    httpServer: scope("tomcat-10.0"),
    httpClient: scope("java-http-client"),
    rpcServer: scope("grpc-1.6"),
    rpcClient: scope("grpc-1.6"),
    systems: {
      redis: scope("lettuce-5.1"),
      mongodb: scope("mongo-4.0"),
      kafka: scope("kafka-clients-2.6"),
      elasticsearch: scope("elasticsearch-api-client-7.16"),
      cassandra: scope("cassandra-4.4"),
      rabbitmq: scope("rabbitmq-2.7"),
    },
    otherSystem: scope("jdbc"),
  },
  ownError(status, code) {
    if (status !== 500) return { type: this.errorType(status, code), message: usualMessage(status, code) };
    const noun = camel(code.noun);
    return {
      type: "java.lang.NullPointerException",
      message: `Cannot invoke "${packageOf(code)}.${pascal(code.noun)}.getId()" because "${noun}" is null`,
    };
  },
  errorType(status, code) {
    if (status === 500) return "java.lang.IllegalStateException";
    if (status === 400) return "java.lang.IllegalArgumentException";
    if (status === 403) return "org.springframework.security.access.AccessDeniedException";
    if (status === 501) return "java.lang.UnsupportedOperationException";
    return `${packageOf(code)}.${exceptionStem(status, code)}Exception`;
  },
  timedOut(call) {
    if (call.kind === "http") return { type: "java.net.http.HttpTimeoutException", message: "request timed out" };
    if (call.kind === "data") return { type: "java.net.SocketTimeoutException", message: "Read timed out" };
    return {
      type: "io.grpc.StatusRuntimeException",
      message: `DEADLINE_EXCEEDED: CallOptions deadline exceeded after ${timeoutSeconds(call, 9)}s. ` +
        `Name resolution delay 0.000000000 seconds. [closed=[], open=[[remote_addr=${call.host}:${call.port}]]]`,
    };
  },
  connectionRefused(call) {
    if (call.kind !== "rpc") return { type: "java.net.ConnectException", message: "Connection refused" };
    return { type: "io.grpc.StatusRuntimeException", message: "UNAVAILABLE: io exception" };
  },
  stackTrace(thrown, code, call) {
    const base = packageOf(code), handler = camel(code.handler), service = `${pascal(code.service)}Service`;
    const frames = call === undefined ? [] : [
      ...CLIENT_FRAMES[call.kind],
      `${base}.client.${client(code)}.${camel(code.callee)}(${client(code)}.java:${code.line("client", 31, 96)})`,
    ];
    frames.push(
      `${base}.${service}.${handler}(${service}.java:${code.line("service", 40, 240)})`,
      `${base}.${controller(code)}.${handler}(${controller(code)}.java:${code.line("controller", 28, 110)})`,
      ...(code.protocol.type === "rpc" ? INTERNAL_FRAMES_RPC : INTERNAL_FRAMES_HTTP),
    );
    return [`${thrown.type}: ${thrown.message}`, ...frames.map((frame) => `\tat ${frame}`)].join("\n");
  },
  messages: {
    completed: (r) =>
      r.isRpc
        ? msg`gRPC call ${r.target} completed with ${r.statusText} in ${DURATION_MS} ms`
        : msg`Completed ${r.method} ${r.path} with ${r.statusText} in ${DURATION_MS} ms`,
    rejected: (r, why) =>
      r.isRpc
        ? msg`gRPC call ${r.target} rejected with ${r.statusText}: ${why}`
        : msg`Resolved [${java.errorType(r.status, r.code)}: ${why}] to ${r.statusText} for ${r.method} ${r.path}`,
    failed: (r, thrown) =>
      r.isRpc
        ? msg`Exception in ${r.target}, closing call with ${r.statusText}: ${thrown.type}: ${thrown.message}`
        : msg`Servlet.service() for servlet [dispatcherServlet] in context with path [] threw exception [Request processing failed: ${thrown.type}: ${thrown.message}] for ${r.method} ${r.path}`,
    dependencyFailed: (r, why) => msg`${r.method} ${r.path} failed with ${r.statusText}: ${why}`,
    overloaded: (r) =>
      msg`Task for ${r.target} rejected from java.util.concurrent.ThreadPoolExecutor[Running, pool size = ${
        limitText(r.concurrency, "unbounded")
      }, active threads = ${limitText(r.concurrency, "unbounded")}, queued tasks = ${
        limitText(r.queue, "unbounded")
      }], answering ${r.statusText}`,
    abandoned: (r) =>
      r.isRpc
        ? msg`Call ${r.target} already cancelled by client, response discarded after ${DURATION_MS} ms`
        : msg`org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe while writing ${r.statusText} for ${r.method} ${r.path} after ${DURATION_MS} ms`,
    interrupted: (r) => msg`${r.method} ${r.path} interrupted after ${DURATION_MS} ms before a response was written`,
    retry: (c) => msg`${c.call} ${c.how} (attempt ${ATTEMPT} of ${c.attempts}), will retry${c.soon}`,
    gaveUp: (c) =>
      c.attempts > 1
        ? msg`${c.call} ${c.how}, giving up after attempt ${ATTEMPT} of ${c.attempts}, retries exhausted`
        : msg`${c.call} ${c.how}`,
    tolerated: (c) => msg`Ignoring failure of optional call: ${c.call} ${c.how}`,
    fallback: (c) => msg`${c.call} ${c.how}, executing fallback`,
    recovered: (c) => msg`${c.call} succeeded on attempt ${ATTEMPT} of ${c.attempts} in ${DURATION_MS} ms`,
  },
  plain(line) {
    const { code } = line;
    const thread = code.protocol.type === "rpc" ? "grpc-default-executor" : "http-nio-8080-exec";
    const name = line.topic === "call" ? logger(code, `client.${client(code)}`) : logger(code, controller(code));
    const ids = line.hasIds ? msg`[${TRACE_ID}-${SPAN_ID}] ` : msg``;
    const worker = slot(Slot.worker, Math.min(line.concurrency, 200));
    return msg`${TIME} ${
      line.level.toUpperCase().padStart(5)
    } 1 --- [${line.service}] [${thread}-${worker}] ${ids}${name} : ${line.message}`;
  },
};
