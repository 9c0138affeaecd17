// The grammar of threshold expressions: what k6 takes and refuses, and where the caret goes.

import assert from "node:assert/strict";
import { formatAggregation, parseExpression, parseTrendStatistic } from "../../sim/objectives/grammar.ts";
import { METRICS, type MetricSpec, type MetricType } from "../../sim/objectives/metrics.ts";

const OF_TYPE: Readonly<Record<MetricType, MetricSpec>> = {
  counter: METRICS.http_reqs,
  gauge: METRICS.vus,
  rate: METRICS.http_req_failed,
  trend: METRICS.http_req_duration,
};

const VALID: readonly [MetricType, string, string][] = [
  ["counter", "count<100", "count < 100"],
  ["counter", "count>=0", "count >= 0"],
  ["counter", "rate>10.5", "rate > 10.5"],
  ["counter", "count==7", "count == 7"],
  ["counter", "count===7", "count === 7"],
  ["counter", "count!=7", "count != 7"],
  ["gauge", "value<50", "value < 50"],
  ["gauge", " value <= 50 ", "value <= 50"],
  ["rate", "rate<0.01", "rate < 0.01"],
  ["rate", "rate>.5", "rate > 0.5"],
  ["rate", "rate<1.", "rate < 1"],
  ["rate", "rate  <\t0.01", "rate < 0.01"],
  ["trend", "avg<200", "avg < 200"],
  ["trend", "min>1", "min > 1"],
  ["trend", "max<=1e3", "max <= 1000"],
  ["trend", "med<2.5E-1", "med < 0.25"],
  ["trend", "avg>-1", "avg > -1"],
  ["trend", "avg>+1", "avg > 1"],
  ["trend", "p(95)<200", "p(95) < 200"],
  ["trend", "p(99.9) < 200", "p(99.9) < 200"],
  ["trend", "p(0)>=0", "p(0) >= 0"],
  ["trend", "p(100)<5000", "p(100) < 5000"],
  ["trend", "p(.5)<5000", "p(0.5) < 5000"],
  ["trend", "p(9.5e1)<1", "p(95) < 1"],
];

Deno.test("every expression of k6's grammar is read", () => {
  for (const [type, text, meaning] of VALID) {
    const read = parseExpression(text, OF_TYPE[type]);
    assert.ok(!("message" in read), `${text}: ${"message" in read ? read.message : ""}`);
    assert.equal(`${formatAggregation(read.aggregation)} ${read.comparison} ${read.value}`, meaning);
  }
});

Deno.test("what k6 calls malformed is refused, with the place of the mistake", () => {
  const invalid: readonly [MetricType, string, string][] = [
    // expression, and the part of it that the caret marks ("" at the end)
    ["counter", "", ""],
    ["counter", "   ", "   "],
    ["counter", "count", ""],
    ["counter", "count 100", ""],
    ["counter", "count!20", "!"],
    ["counter", "count=20", "="],
    ["counter", "count=<20", "=<"],
    ["counter", "count=>20", "=>"],
    ["counter", "count<>20", "<>"],
    ["counter", "count!==20", "!=="],
    ["counter", "count====20", "===="],
    ["counter", "count<", ""],
    ["counter", "count<=  ", ""],
    ["counter", "<20", ""],
    ["counter", "count>abc", "abc"],
    ["counter", "count>20 30", "20 30"],
    ["counter", "count>20<30", "20<30"],
    ["counter", "count>NaN", "NaN"],
    ["counter", "count>Inf", "Inf"],
    ["counter", "count>0x10", "0x10"],
    ["counter", "count>1_000", "1_000"],
    ["counter", "count>1,000", "1,000"],
    ["counter", "count>1e999", "1e999"],
    ["counter", "count>--1", "--1"],
    ["counter", "Count>20", "Count"],
    ["counter", "foo>20", "foo"],
    ["counter", "value>20", "value"],
    ["counter", "p(95)>20", "p(95)"],
    ["counter", "avg>20", "avg"],
    ["gauge", "count>20", "count"],
    ["gauge", "rate>20", "rate"],
    ["gauge", "max>20", "max"],
    ["rate", "count>20", "count"],
    ["rate", "avg<0.1", "avg"],
    ["rate", "p(95)<0.1", "p(95)"],
    ["rate", "rate<5%", "5%"],
    ["rate", "rate<5ms", "5ms"],
    ["trend", "rate<0.1", "rate"],
    ["trend", "count<10", "count"],
    ["trend", "value<10", "value"],
    ["trend", "p<200", "p"],
    ["trend", "p95<200", "p95"],
    ["trend", "p()<200", ")"],
    ["trend", "p(95<200", ""],
    ["trend", "p(foo)<200", "foo"],
    ["trend", "p(-1)<200", "-1"],
    ["trend", "p(101)<200", "101"],
    ["trend", "p(NaN)<200", "NaN"],
    ["trend", "p(+Inf)<200", "+Inf"],
    ["trend", "p( 95 )<200", " 95 "],
    ["trend", "p (95)<200", " "],
    ["trend", "P(95)<200", "P(95)"],
    ["trend", "p(95)x<200", ""],
    ["trend", "avg<200ms", "200ms"],
    ["trend", "avg<0.2s", "0.2s"],
    ["trend", "avg med<200", "avg med"],
    ["trend", "'avg<200'", "'avg"],
  ];
  for (const [type, text, marked] of invalid) {
    const read = parseExpression(text, OF_TYPE[type]);
    assert.ok("message" in read, `${text} must be refused`);
    assert.equal(text.slice(read.at, read.at + read.length), marked || text.slice(read.at, read.at + 1), text);
    if (marked === "" && text.trim() !== "") assert.ok(read.at <= text.length, text);
    assert.notEqual(read.hint, "");
  }
});

Deno.test("a hint says what was meant", () => {
  const hintOf = (text: string, type: MetricType): string => {
    const read = parseExpression(text, OF_TYPE[type]);
    return "message" in read ? read.hint : "";
  };
  assert.match(hintOf("count=20", "counter"), /did you mean "=="\?/);
  assert.match(hintOf("p95<200", "trend"), /did you mean "p\(95\)"\?/);
  assert.match(hintOf("mean<200", "trend"), /did you mean "avg"\?/);
  assert.match(hintOf("cout<200", "counter"), /did you mean "count"\?/);
  assert.match(hintOf("p(95)<0.1", "rate"), /^a rate has rate, as in rate<0.01$/);
  assert.match(hintOf("rate<1", "trend"), /^a trend has avg, min, max, med, p\(N\)/);
  assert.match(hintOf("avg<0.2s", "trend"), /write 200$/);
  assert.match(hintOf("rate<5%", "rate"), /0\.05$/);
});

Deno.test("a statistic of a trend is read as in an expression", () => {
  assert.deepEqual(parseTrendStatistic("p(99.9)"), { type: "percentile", percentile: 99.9 });
  assert.deepEqual(parseTrendStatistic("count"), { type: "count" });
  assert.equal(parseTrendStatistic("value"), undefined);
  assert.equal(parseTrendStatistic("p(101)"), undefined);
});
