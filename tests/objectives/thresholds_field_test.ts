// The `thresholds` map of a scenario file: what it decodes to, and its diagnostics as a person sees them.

import assert from "node:assert/strict";
import { Diagnostics, formatDiagnostic } from "../../sim/base/diagnostics.ts";
import { INVALID } from "../../sim/base/fields.ts";
import type { MapNode, Node, Source, Span } from "../../sim/base/node.ts";
import { checkSelectors } from "../../sim/objectives/check_selectors.ts";
import { METRIC_NAMES } from "../../sim/objectives/metrics.ts";
import type { Submetric } from "../../sim/objectives/threshold.ts";
import { type ThresholdDraft, thresholdsField } from "../../sim/objectives/thresholds_field.ts";

/** A node for each line `key: value`; a value is an expression, `[a, b]`, or `{threshold: x, key: value}`. */
function thresholdsNode(text: string): MapNode {
  const source: Source = { name: "shop.yaml", text };
  const entries = text.split("\n").flatMap((line, i) => {
    const cut = line.indexOf("  ");
    if (cut < 0) return [];
    const span = (column: number, length: number): Span => ({ source, line: i + 1, column: column + 1, length });
    const unquoted = (part: string): string => part.replace(/^(['"])(.*)\1$/, "$2");
    const key = unquoted(line.slice(0, cut));
    const path = ["thresholds", key];
    const scalar = (part: string, column: number): Node => {
      const plain = unquoted(part);
      const value = plain === part && /^(?:\d+|true|false)$/.test(part) ? JSON.parse(part) : plain;
      return { type: "scalar", span: span(column, part.length), path, value, text: plain };
    };
    const written = line.slice(cut).trim();
    const column = line.length - line.slice(cut).trimStart().length;
    const inner = written.slice(1, -1);
    let value: Node;
    if (written.startsWith("[")) {
      let at = column + 1;
      const items = inner === "" ? [] : inner.split(", ").map((part) => {
        const item = scalar(part, at);
        at += part.length + 2;
        return item;
      });
      value = { type: "list", span: span(column, written.length), path, items };
    } else if (written.startsWith("{")) {
      let at = column + 1;
      const pairs = inner.split(", ").map((part) => {
        const name = part.slice(0, part.indexOf(": "));
        const entry = {
          key: name,
          span: span(at, name.length),
          value: scalar(part.slice(name.length + 2), at + name.length + 2),
        };
        at += part.length + 2;
        return entry;
      });
      value = { type: "map", span: span(column, written.length), path, entries: pairs };
    } else value = scalar(written, column);
    return [{ key, span: span(0, cut), value }];
  });
  return { type: "map", span: { source, line: 1, column: 1, length: 1 }, path: ["thresholds"], entries };
}

interface Decoded {
  readonly thresholds: readonly ThresholdDraft[] | undefined;
  readonly submetrics: readonly Submetric[];
  readonly said: string[];
}

function decode(text: string): Decoded {
  const diagnostics = new Diagnostics();
  const decoded = thresholdsField.decode(thresholdsNode(text), diagnostics);
  return {
    thresholds: decoded === INVALID ? undefined : decoded.thresholds,
    submetrics: decoded === INVALID ? [] : decoded.submetrics,
    said: diagnostics.sorted().map(formatDiagnostic),
  };
}

Deno.test("each value is an expression, a list of them, or the long form", () => {
  const { thresholds, said } = decode(
    [
      "http_reqs  count>100",
      "http_req_duration  ['p(95)<200', avg<100]",
      "'service_errors{service:web}'  {threshold: 'rate<0.05', abortOnFail: true, delayAbortEval: 10s}",
    ].join("\n"),
  );
  assert.deepEqual(said, []);
  assert.deepEqual(thresholds?.map((each) => [each.metric, each.source]), [
    ["http_reqs", "count>100"],
    ["http_req_duration", "p(95)<200"],
    ["http_req_duration", "avg<100"],
    ["service_errors", "rate<0.05"],
  ]);
  const last = thresholds?.[3];
  assert.equal(last?.metricText, "service_errors{service:web}");
  assert.deepEqual(last?.tags, new Map([["service", "web"]]));
  assert.deepEqual([last?.abortOnFail, last?.delayAbortEval], [true, 10e9]);
  assert.deepEqual([thresholds?.[0]?.abortOnFail, thresholds?.[0]?.delayAbortEval], [false, 0]);
});

Deno.test("a bare number in delayAbortEval is milliseconds, as in k6", () => {
  const { thresholds } = decode("http_reqs  {threshold: count>1, delayAbortEval: 1500}");
  assert.equal(thresholds?.[0]?.delayAbortEval, 1.5e9);
});

Deno.test("the caret stands under the bad word of an expression, quoted or not", () => {
  assert.deepEqual(decode("http_req_duration  ['avg<100', 'p95 < 200']").said, [
    [
      'shop.yaml:1:33: unknown aggregation "p95"',
      "  1 | http_req_duration  ['avg<100', 'p95 < 200']",
      "    |                                 ^^^",
      '    = did you mean "p(95)"? a trend has avg, min, max, med, p(N), as in p(95)<200 or avg<100',
    ].join("\n"),
  ]);
  const [plain] = decode("http_req_failed  rate<5%").said;
  assert.match(plain!, /^shop.yaml:1:23: "5%" has a unit\n.*\n {4}\| {23}\^\^\n.*0\.05$/s);
});

Deno.test("a metric that does not exist is said with those that are near", () => {
  const [said] = decode("http_request_duration  avg<100").said;
  assert.match(said!, /^shop.yaml:1:1: there is no metric "http_request_duration"\n/);
  assert.match(said!, /\^{21}\n.*did you mean "http_req_duration"/s);
});

Deno.test("a tag that the metric does not have is said with those it has", () => {
  const [said] = decode("'iterations{service:web}'  count>1").said;
  assert.match(
    said!,
    /^shop.yaml:1:13: iterations has no tag "service"\n.*\n {4}\| {13}\^{7}\n.*its tags are scenario$/s,
  );
});

Deno.test("everything that is wrong is said at once", () => {
  const { thresholds, said } = decode(
    ["http_reqs{  count>1", "htp_reqs  [count>x, count]", "http_reqs  7", "vus  {abortOnFail: true}"].join(
      "\n",
    ),
  );
  assert.equal(thresholds, undefined);
  assert.deepEqual(said.map((each) => each.split("\n")[0]), [
    'shop.yaml:1:11: the "{" is not closed',
    'shop.yaml:2:1: there is no metric "htp_reqs"',
    'shop.yaml:2:18: "x" is not a number',
    'shop.yaml:2:26: the threshold "count" compares nothing',
    "shop.yaml:3:12: expected a threshold like 'p(95)<200', or a list of them, found the number 7",
    'shop.yaml:4:6: "threshold" is missing in a threshold',
  ]);
});

Deno.test("an empty list judges nothing, and shows its part of the metric, as in k6", () => {
  const { thresholds, submetrics, said } = decode("'http_req_duration{service:web}'  []\nvus  []");
  assert.deepEqual([thresholds, said], [[], []]);
  assert.deepEqual(submetrics, [{
    metricText: "http_req_duration{service:web}",
    metric: "http_req_duration",
    tags: new Map([["service", "web"]]),
  }]);
});

Deno.test("a threshold may have a window and a gate, each a time or the name of a fault", () => {
  const { thresholds, said } = decode(
    [
      "http_reqs  {threshold: count>1, window: 30s, after: 2m, before: the fault}",
      "vus  {threshold: value<9, during: slow provider}",
    ].join("\n"),
  );
  assert.deepEqual(said, []);
  assert.deepEqual(thresholds?.map(({ window, gate }) => ({ window, gate })), [
    { window: 30e9, gate: { after: 120e9, before: "the fault", during: undefined } },
    { window: undefined, gate: { after: undefined, before: undefined, during: "slow provider" } },
  ]);
});

Deno.test("a window that evaluations cannot see is diagnosed, with the ones that they can", () => {
  const said = (window: string): string => decode(`vus  {threshold: value<9, window: ${window}}`).said.join("\n");
  assert.match(said("3s"), /^shop.yaml:1:35: a window of 3s is not a multiple of 2s\n.*write 2s or 4s$/s);
  assert.match(said("500ms"), /a window of 500ms is not a multiple of 2s\n.*write 2s$/s);
  assert.match(said("0s"), /a window of 0ns is not a multiple of 2s\n.*write 2s$/s);
  assert.match(said("2h"), /2h is too long\n.*at most 1h$/s);
});

const NAMES = {
  services: new Map([
    ["web", { endpoints: new Map([["GET /", 0], ["GET /cart/{id}", 0]]) }],
    ["payment", { endpoints: new Map([["Charge", 0]]) }],
  ]),
  workloads: new Map([
    ["browse", { tags: new Map([["team", "shop"]]) }],
    ["buy", { tags: new Map<string, string>() }],
  ]),
  checks: new Set(["status == 200", "duration < 500ms"]),
};

function check(...keys: string[]): string[] {
  const diagnostics = new Diagnostics();
  const good = checkSelectors(thresholdsNode(keys.map((key) => `${key}  count>1`).join("\n")), NAMES, diagnostics);
  assert.equal(good, diagnostics.count === 0);
  return diagnostics.sorted().map((each) =>
    `${each.span.line}:${each.span.column}+${each.span.length} ${each.message}; ${each.hint}`
  );
}

Deno.test("tags may name what the scenario has", () => {
  assert.deepEqual(
    check(
      "http_reqs{scenario:buy,service:web,endpoint:GET /cart/{id},method:GET,status:200}",
      "http_reqs{endpoint:Charge,expected_response:false}",
      "retries{caller:web,service:payment}",
      "http_reqs{status:0}",
      "iterations{team:shop}",
      "checks{check:status == 200,service:web}",
    ),
    [],
  );
});

Deno.test("tags that name what the scenario does not have are diagnosed at the value", () => {
  assert.deepEqual(
    check(
      "http_reqs{service:wbe}",
      "http_reqs{service:payment,endpoint:GET /}",
      "http_reqs{scenario:by}",
      "http_reqs{status:2xx}",
      "http_reqs{expected_response:yes}",
      "http_reqs{servise:web}",
      "iterations{team:shp}",
      "service_queue_length{team:shop}",
      "checks{check:status==200}",
    ),
    [
      '1:19+3 there is no service "wbe"; did you mean "web"?',
      '2:36+5 there is no endpoint of payment "GET /"; there is Charge',
      '3:20+2 there is no scenario "by"; did you mean "buy"?',
      '4:18+3 "2xx" is not a status; an HTTP status, or 0 for no answer',
      '5:29+3 there is no expected_response "yes"; there is true, false',
      '6:11+7 there is no tag "servise"; did you mean "service"?',
      '7:17+3 no scenario has the tag team "shp"; did you mean "shop"?',
      '8:22+4 there is no tag "team"; the tags are service',
      '9:14+11 there is no check "status==200"; did you mean "status == 200"?',
    ],
  );
});

Deno.test("the JSON Schema describes every metric and takes what the decoder takes", () => {
  const schema = thresholdsField.definition() as {
    properties: Record<string, { description: string }>;
    patternProperties: Record<string, { anyOf: { anyOf: { pattern?: string }[] }[] }>;
  };
  assert.deepEqual(Object.keys(schema.properties), METRIC_NAMES);
  const [pattern, value] = Object.entries(schema.patternProperties)[0]!;
  for (const key of ["http_reqs", "http_reqs{scenario:buy}"]) assert.match(key, new RegExp(pattern));
  assert.doesNotMatch("http_reqz", new RegExp(pattern));
  const expression = new RegExp(value.anyOf[0]!.anyOf[0]!.pattern!);
  for (const text of ["p(95)<200", " rate >= 0.5 ", "count===1e3", "avg>-1"]) assert.match(text, expression);
  for (const text of ["p95<200", "rate=1", "rate<5%"]) assert.doesNotMatch(text, expression);
});
