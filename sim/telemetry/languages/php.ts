// PHP: Symfony on php-fpm with Guzzle and OpenTelemetry's PHP extension; Monolog's line format.

import { ATTEMPT, DURATION_MS, msg, SPAN_ID, TIME, TRACE_ID } from "../message.ts";
import { camel, type Code, pascal } from "../names.ts";
import { exceptionStem, type Language, limitText, timeoutMs, usualMessage } from "./language.ts";

const scope = (name: string) => ({ name: `io.opentelemetry.contrib.php.${name}`, version: "1.2.0" });

const controller = (code: Code): string =>
  code.protocol.type === "rpc" ? `${pascal(code.service)}Service` : `${pascal(code.noun)}Controller`;
const folder = (code: Code): string => code.protocol.type === "rpc" ? "Grpc" : "Controller";

export const php: Language = {
  sdkVersion: "1.14.0",
  runtime: { name: "fpm-fcgi", version: "8.4.14" },
  httpPort: 8080,
  userAgent: "GuzzleHttp/7",
  scopes: {
    httpServer: scope("symfony"),
    httpClient: scope("guzzle"),
    rpcServer: scope("symfony"),
    rpcClient: scope("guzzle"),
    systems: { mongodb: scope("mongodb"), redis: scope("ext_redis"), kafka: scope("ext_rdkafka") },
    otherSystem: scope("pdo"),
  },
  ownError(status, code) {
    if (status !== 500) return { type: this.errorType(status, code), message: usualMessage(status, code) };
    return { type: "Error", message: `Call to a member function get${pascal(code.noun)}Id() on null` };
  },
  errorType(status, code) {
    if (status === 500) return "RuntimeException";
    if (status === 400) return "InvalidArgumentException";
    return `App\\Exception\\${exceptionStem(status, code)}Exception`;
  },
  timedOut(call) {
    if (call.kind === "data") {
      return call.system === "redis"
        ? { type: "RedisException", message: `read error on connection to ${call.host}:${call.port}` }
        : { type: "PDOException", message: "SQLSTATE[HY000]: General error: connection timed out" };
    }
    if (call.kind === "rpc") return { type: "Grpc\\DeadlineExceededException", message: "Deadline Exceeded" };
    return {
      type: "GuzzleHttp\\Exception\\ConnectException",
      message: `cURL error 28: Operation timed out after ${timeoutMs(call)} milliseconds with 0 bytes received ` +
        `(see https://curl.haxx.se/libcurl/c/libcurl-errors.html) for ${call.url}`,
    };
  },
  connectionRefused(call) {
    if (call.kind !== "http") {
      return { type: "RuntimeException", message: `Connection refused [tcp://${call.host}:${call.port}]` };
    }
    return {
      type: "GuzzleHttp\\Exception\\ConnectException",
      message:
        `cURL error 7: Failed to connect to ${call.host} port ${call.port} after 1 ms: Couldn't connect to server for ${call.url}`,
    };
  },
  stackTrace(thrown, code, call) {
    const file = `/var/www/app/src/${folder(code)}/${controller(code)}.php`;
    const frames: string[] = [];
    const client = `/var/www/app/src/Client/${pascal(code.callee)}Client.php(${code.line("client", 22, 84)})`;
    const thrownAt = call === undefined
      ? `/var/www/app/src/Service/${pascal(code.service)}.php:${code.line("service", 31, 190)}`
      : call.kind === "http"
      ? "/var/www/app/vendor/guzzlehttp/guzzle/src/Handler/CurlFactory.php:276"
      : `/var/www/app/src/Client/${pascal(code.callee)}Client.php:${code.line("client", 22, 84)}`;
    if (call?.kind === "http") {
      frames.push(
        "/var/www/app/vendor/guzzlehttp/guzzle/src/Handler/CurlFactory.php(206): GuzzleHttp\\Handler\\CurlFactory::createRejection(Object(GuzzleHttp\\Handler\\EasyHandle), Array)",
        `${client}: GuzzleHttp\\Client->request('${call.method}', '${call.url}', Array)`,
      );
    }
    frames.push(
      `${file}(${code.line("handler", 24, 120)}): App\\Service\\${pascal(code.service)}->${camel(code.handler)}(Array)`,
      `/var/www/app/vendor/symfony/http-kernel/HttpKernel.php(183): App\\${folder(code)}\\${controller(code)}->${
        camel(code.handler)
      }(Object(Symfony\\Component\\HttpFoundation\\Request))`,
      "/var/www/app/vendor/symfony/http-kernel/HttpKernel.php(76): Symfony\\Component\\HttpKernel\\HttpKernel->handleRaw(Object(Symfony\\Component\\HttpFoundation\\Request), 1)",
      "/var/www/app/public/index.php(25): Symfony\\Component\\HttpKernel\\Kernel->handle(Object(Symfony\\Component\\HttpFoundation\\Request))",
      "{main}",
    );
    return [
      `${thrown.type}: ${thrown.message} in ${thrownAt}`,
      "Stack trace:",
      ...frames.map((frame, i) => `#${i} ${frame}`),
    ].join("\n");
  },
  messages: {
    completed: (r) =>
      r.isRpc
        ? msg`Served gRPC ${r.target}: ${r.statusText} in ${DURATION_MS} ms`
        : msg`Handled "${r.method} ${r.path}": ${r.statusText} in ${DURATION_MS} ms`,
    rejected: (r, why) => msg`"${r.method} ${r.path}" rejected with ${r.statusText}: ${why}`,
    failed: (r, thrown) =>
      msg`Uncaught PHP Exception ${thrown.type}: "${thrown.message}" at ${pascal(r.code.service)}.php line ${
        r.code.line("service", 31, 190)
      } while handling ${r.target}`,
    dependencyFailed: (r, why) => msg`"${r.method} ${r.path}" failed with ${r.statusText}: ${why}`,
    overloaded: (r) =>
      msg`server reached pm.max_children setting (${limitText(r.concurrency, "dynamic")}), listen queue ${
        limitText(r.queue, "unlimited")
      } full, ${r.target} refused with ${r.statusText}`,
    abandoned: (r) =>
      msg`connection_aborted(): client left "${r.method} ${r.path}" before the ${r.statusText} response, script ended after ${DURATION_MS} ms`,
    interrupted: (r) => msg`"${r.method} ${r.path}" interrupted after ${DURATION_MS} ms, no response sent`,
    retry: (c) => msg`${c.call} ${c.how} on attempt ${ATTEMPT} of ${c.attempts}, retrying${c.soon}`,
    gaveUp: (c) =>
      c.attempts > 1
        ? msg`${c.call} ${c.how}. No more retries, ${ATTEMPT} of ${c.attempts} attempts used.`
        : msg`${c.call} ${c.how}.`,
    tolerated: (c) => msg`${c.call} ${c.how}. It is optional, continuing.`,
    fallback: (c) => msg`${c.call} ${c.how}. Using fallback.`,
    recovered: (c) => msg`${c.call} succeeded, ${ATTEMPT} of ${c.attempts} attempts used.`,
  },
  plain(line) {
    const level = line.level === "warn" ? "WARNING" : line.level.toUpperCase();
    const channel = line.topic === "request" ? "request" : line.topic === "call" ? "http_client" : "app";
    const ids = line.hasIds ? msg`{"trace_id":"${TRACE_ID}","span_id":"${SPAN_ID}"}` : msg`[]`;
    return msg`[${TIME}] ${channel}.${level}: ${line.message} {${line.json}} ${ids}`;
  },
};
