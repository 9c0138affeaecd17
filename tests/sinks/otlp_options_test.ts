// The OTEL_* variables by their specification, and that nothing secret comes out again.

import assert from "node:assert/strict";
import { formatDiagnostic, InvalidInput } from "../../sim/base/diagnostics.ts";
import { type OtlpOptions, readOtlpOptions, shownUrl } from "../../sim/sinks/otlp_options.ts";

function read(variables: Record<string, string>, endpoint?: string): OtlpOptions {
  return readOtlpOptions((name) => variables[name], endpoint);
}

/** What would be printed for input that is wrong. */
function complaints(variables: Record<string, string>, endpoint?: string): string[] {
  try {
    read(variables, endpoint);
  } catch (error) {
    assert.ok(error instanceof InvalidInput);
    return error.diagnostics.map(formatDiagnostic);
  }
  return [];
}

Deno.test("without any variable spans go to http://localhost:4318/v1/traces, uncompressed, within 10 s", () => {
  assert.deepEqual(read({}), {
    url: "http://localhost:4318/v1/traces",
    headers: new Map(),
    compression: "none",
    timeoutMs: 10_000,
    resourceAttributes: new Map(),
    notices: [],
  });
});

Deno.test("/v1/traces is appended to a base and not to the traces endpoint; the flag is a base and goes first", () => {
  const base = "OTEL_EXPORTER_OTLP_ENDPOINT", traces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  const cases: [Record<string, string>, string | undefined, string][] = [
    [{ [base]: "http://tempo:4318" }, undefined, "http://tempo:4318/v1/traces"],
    [{ [base]: "http://tempo:4318/" }, undefined, "http://tempo:4318/v1/traces"],
    [{ [base]: "https://otlp.example/otlp" }, undefined, "https://otlp.example/otlp/v1/traces"],
    [{ [base]: "https://otlp.example/otlp/?k=v" }, undefined, "https://otlp.example/otlp/v1/traces?k=v"],
    [{ [traces]: "http://tempo:4318" }, undefined, "http://tempo:4318/"],
    [{ [traces]: "http://a/traces", [base]: "http://b" }, undefined, "http://a/traces"],
    [{ [traces]: "", [base]: " http://b " }, undefined, "http://b/v1/traces"],
    [{ [traces]: "http://a/traces", [base]: "http://b" }, "http://c:1234", "http://c:1234/v1/traces"],
    [{ [traces]: "nonsense" }, "http://[::1]:4318", "http://[::1]:4318/v1/traces"],
  ];
  for (const [variables, flag, url] of cases) assert.equal(read(variables, flag).url, url);
});

Deno.test("headers are percent-decoded, those for traces going before the general ones", () => {
  const { headers } = read({
    OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Basic%20dXNlcjpwdw%3D%3D, x-scope-orgid = one ,,X-Raw=a=b",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "X-Scope-OrgID=two%2C%20three",
  });
  assert.deepEqual([...headers], [
    ["authorization", "Basic dXNlcjpwdw=="],
    ["x-scope-orgid", "two, three"],
    ["x-raw", "a=b"],
  ]);
});

Deno.test("headers that cannot be used are errors that do not show them", () => {
  const cases: [string, RegExp][] = [
    ["authorization", /entry 1: it has no =/],
    ["a=b,=s3cr3t", /entry 2: it has no name/],
    ["key=s3cr3t%zz", /entry 1: a % is not followed by two hexadecimal digits/],
    ["key=s3cr3t%ff", /entry 1: a %/],
    ["key=s3cr3t;meta=1", /entry 1: it has a ; \(write %3B\)/],
    ["s3cr3t key=1", /entry 1: its name is not a header's name/],
    ["key=s3cr3t%0d%0aHost:x", /entry 1: its value has characters that a header cannot carry/],
    ["Content-Type=s3cr3t", /entry 1: content-type is set by Squall/],
  ];
  for (const [value, message] of cases) {
    const [complaint, ...more] = complaints({ OTEL_EXPORTER_OTLP_HEADERS: value });
    assert.match(complaint ?? "", message);
    assert.match(complaint ?? "", /^OTEL_EXPORTER_OTLP_HEADERS:1:1: /);
    assert.doesNotMatch(complaint ?? "", /s3cr3t/);
    assert.deepEqual(more, []);
  }
});

Deno.test("user and password of the endpoint become a header and are shown nowhere", () => {
  const options = read({}, "http://us%40er:p%C3%A4ss@tempo:4318/x?token=abc#part");
  assert.equal(options.url, "http://tempo:4318/x/v1/traces?token=abc");
  const bytes = Uint8Array.from(
    atob(options.headers.get("authorization")!.slice("Basic ".length)),
    (c) => c.charCodeAt(0),
  );
  assert.equal(new TextDecoder().decode(bytes), "us@er:päss");
  assert.equal(shownUrl("http://user:s3cr3t@tempo:4318/v1/traces?token=s3cr3t"), "http://tempo:4318/v1/traces?…");
  const own = read({ OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer x" }, "http://user:pw@tempo");
  assert.equal(own.headers.get("authorization"), "Bearer x");
});

Deno.test("an endpoint that is no http URL is an error that shows no password", () => {
  for (const text of ["ftp://a", "tempo", "localhost:4318", "http://", "://", "http://a b", "//user:s3cr3t@h"]) {
    for (
      const [name, found] of [
        ["--otlp-endpoint", complaints({}, text)],
        ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", complaints({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: text })],
      ] as const
    ) {
      assert.equal(found.length, 1, text);
      assert.ok(found[0]!.startsWith(`${name}:1:1: not a URL that begins with http:// or https://`), found[0]);
      assert.doesNotMatch(found[0]!, /s3cr3t/);
    }
  }
  assert.match(complaints({}, "localhost:4318")[0]!, /did you mean http:\/\/localhost:4318\?/);
  for (
    const text of ["grpc://user:s3cr3t@h:4317", "user:s3cr3t@h:4318", "http://user:s3cr3t@h:port", "http:user:s3cr3t@"]
  ) {
    assert.doesNotMatch(complaints({}, text).join("\n"), /s3cr3t/);
    assert.equal(complaints({}, text).length, 1, text);
  }
});

Deno.test("all endpoints and headers that are wrong come at once", () => {
  assert.equal(complaints({ OTEL_EXPORTER_OTLP_HEADERS: "a,b" }, "nowhere").length, 3);
});

Deno.test("compression, time-out and protocol: the variable for traces first, what is unknown is ignored and said", () => {
  const good = read({
    OTEL_EXPORTER_OTLP_COMPRESSION: "none",
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  });
  assert.deepEqual([good.compression, good.timeoutMs, good.notices], ["gzip", 2500, []]);
  for (const timeout of ["0", "-5", "1.5", "10s", "1e3", "Infinity"]) {
    const { timeoutMs, notices } = read({ OTEL_EXPORTER_OTLP_TIMEOUT: timeout });
    assert.equal(timeoutMs, 10_000);
    assert.equal(notices.length, 1);
    assert.match(notices[0]!, /^OTEL_EXPORTER_OTLP_TIMEOUT=.* is ignored/);
  }
  assert.equal(read({ OTEL_EXPORTER_OTLP_TIMEOUT: "9".repeat(30) }).timeoutMs, 2 ** 31 - 1);
  const odd = read({
    OTEL_EXPORTER_OTLP_COMPRESSION: "zstd\u001b",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4317",
    OTEL_SERVICE_NAME: "mine",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/etc/ca.pem",
  });
  assert.equal(odd.compression, "none");
  assert.deepEqual(odd.notices, [
    "OTEL_EXPORTER_OTLP_COMPRESSION=zstd\\u001b is ignored: Squall knows gzip and none",
    "OTEL_EXPORTER_OTLP_PROTOCOL=grpc: Squall sends http/json",
    "port 4317 is where OTLP over gRPC listens; Squall speaks HTTP, whose port is 4318",
    "OTEL_SERVICE_NAME is ignored: each simulated service has its own name",
    "OTEL_EXPORTER_OTLP_CERTIFICATE is ignored: Squall has no support for it; DENO_CERT names a file of further authorities",
  ]);
});

Deno.test("a proxy that stands between this machine and itself is said, without its URL", () => {
  const proxy = "http://user:s3cr3t@proxy:3128";
  assert.deepEqual(read({ http_proxy: proxy, NO_PROXY: "intern" }).notices, [
    "http_proxy is set, so spans for localhost go to that proxy; NO_PROXY=localhost sends them directly",
  ]);
  assert.deepEqual(read({ HTTP_PROXY: proxy, no_proxy: "intern, localhost" }).notices, []);
  assert.deepEqual(read({ HTTP_PROXY: proxy }, "http://tempo:4318").notices, []);
});

Deno.test("resource attributes are percent-decoded; one that cannot be read spoils them all, with a notice", () => {
  const good = read({ OTEL_RESOURCE_ATTRIBUTES: "team=shop%20%26%20co, region = eu-west-1,empty=" });
  assert.deepEqual([...good.resourceAttributes], [["team", "shop & co"], ["region", "eu-west-1"], ["empty", ""]]);
  assert.deepEqual(good.notices, []);
  for (
    const [text, problem] of [["a=1,b", "entry 2: it has no ="], ["a=%e4,b=1", "entry 1: a %"], ["=1", "entry 1: "]]
  ) {
    const { resourceAttributes, notices } = read({ OTEL_RESOURCE_ATTRIBUTES: text! });
    assert.equal(resourceAttributes.size, 0);
    assert.equal(notices.length, 1);
    assert.ok(notices[0]!.startsWith(`OTEL_RESOURCE_ATTRIBUTES is ignored: ${problem}`), notices[0]);
  }
});
