// What the telemetry says of requests that were turned away, and of a replica that stood still.

import assert from "node:assert/strict";
import { PLAIN_CAPACITY } from "../../sim/model/capacity.ts";
import { LANGUAGES } from "../../sim/model/model.ts";
import { Change, FactBatch, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { MemorySink } from "../../sim/sinks/memory.ts";
import { SpanBuilder } from "../../sim/telemetry/spans.ts";
import { addRow, IDENTITY, shop, siteOf } from "./plan.ts";

const MS = 1e6;
const CAPACITY = { ...PLAIN_CAPACITY, rateLimit: { rate: 100, burst: 50, view: "replica" as const } };
const REASONS = [
  [Outcome.refused, 503, undefined],
  [Outcome.expired, 503, "queue_timeout"],
  [Outcome.dropped, 503, "codel"],
  [Outcome.shed, 503, "load_shed"],
  [Outcome.rateLimited, 429, "rate_limit"],
] as const;

function refusal(plan: Plan, outcome: number, status: number): FactBatch {
  const site = siteOf(plan, "web.POST /checkout", "journey");
  const batch = new FactBatch();
  addRow(batch, FactKind.request, {
    time: 1600 * MS,
    start: 100 * MS,
    service: plan.endpoints[site.callee]!.service,
    endpoint: site.callee,
    site: site.index,
    status,
    outcome,
    attempt: 1,
    wait: 1500 * MS,
  });
  return batch;
}

function linesOf(plan: Plan, batch: FactBatch): string[] {
  const sink = new MemorySink(plan, IDENTITY);
  sink.take(batch);
  return sink.lines("web");
}

for (const language of LANGUAGES) {
  Deno.test(`${language}: each reason to turn a request away has words of its own, at warn`, () => {
    const plan = shop(language, "json", { capacity: CAPACITY });
    const said = REASONS.map(([outcome, status, reason]) => {
      const [line] = linesOf(plan, refusal(plan, outcome, status));
      const { level, message, reason: told } = JSON.parse(line!);
      assert.deepEqual([level, told], ["warn", reason]);
      return message;
    });
    assert.equal(new Set(said).size, REASONS.length, said.join("\n"));
  });

  Deno.test(`${language}: a pause is told by who was stopped, with its length`, () => {
    for (const wait of [80 * MS, 900 * MS]) {
      const plan = shop(language, "json");
      const batch = new FactBatch();
      addRow(batch, FactKind.change, {
        time: 5000 * MS,
        start: 5000 * MS - wait,
        service: 0,
        outcome: Change.paused,
        attempt: 3,
        wait,
      });
      const [line] = linesOf(plan, batch);
      const { message, pause_ms, trace_id } = JSON.parse(line!);
      assert.equal(pause_ms, wait / MS);
      assert.equal(trace_id, undefined);
      assert.match(
        message,
        language === "python" ? new RegExp(`${(wait / 1e9).toFixed(3)}s`) : new RegExp(`${wait / MS}`),
      );
    }
  });
}

Deno.test("a rate-limited request's line and span say when to come again", () => {
  const plan = shop("go", "json", { capacity: CAPACITY });
  const batch = refusal(plan, Outcome.rateLimited, 429);
  const line = JSON.parse(linesOf(plan, batch)[0]!);
  assert.deepEqual([line.retry_after_ms, line["limit.rate_per_s"], line["limit.burst"]], [1500, 100, 50]);
  const span = new SpanBuilder(plan, IDENTITY).build(batch, 0)!;
  assert.deepEqual(span.attributes["http.response.header.retry-after"], ["2"]);
  assert.equal(span.status.code, 0, "a 4xx leaves a SERVER span unset");
});

Deno.test("a shed request's span is an error that says so", () => {
  const plan = shop("go", "json", { capacity: CAPACITY });
  const span = new SpanBuilder(plan, IDENTITY).build(refusal(plan, Outcome.shed, 503), 0)!;
  assert.deepEqual(span.status, { code: 2, message: "load shed" });
});
