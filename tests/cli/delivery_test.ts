// Delivery to a real receiver, by the whole program.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { Receiver } from "../receiver.ts";
import { scenarioFolder } from "./scenarios.ts";
import { squall, start } from "./squall.ts";
import { readTraces } from "./traces.ts";

const ignore = needs("read", "write", "run", "env", "net");

/** 7 spans an iteration (4 SERVER, 3 CLIENT): 14,400 iterations make 100,800 spans. */
const HUNDRED_THOUSAND = `
name: hundred-thousand
services:
  a: { endpoints: { GET /: { latency: 2ms, calls: [b.Get] } } }
  b: { endpoints: { Get: { latency: { p50: 2ms, p99: 9ms }, calls: [c.Get] } } }
  c: { endpoints: { Get: { latency: { p50: 2ms, p99: 9ms }, calls: [d.Get] } } }
  d: { endpoints: { Get: 1ms } }
journeys: { visit: [a.GET /] }
scenarios: { load: { executor: constant-arrival-rate, rate: 480, duration: 30s, preAllocatedVUs: unlimited } }
`;

Deno.test({
  name: "a collector gets exactly the spans that the summary counts, 100,000 of them",
  ignore,
  async fn() {
    await using receiver = new Receiver();
    const { folder, file } = scenarioFolder(HUNDRED_THOUSAND);
    const run = await squall([
      "run",
      file,
      "--pace",
      "max",
      "--logs",
      `${folder}/logs`,
      "--results",
      `${folder}/run`,
      "--otlp-endpoint",
      receiver.endpoint,
    ]);
    assert.equal(run.code, 0, run.stderr);
    const { delivery } = JSON.parse(Deno.readTextFileSync(`${folder}/run/summary.json`));
    assert.ok(delivery.spans.generated > 100_000);
    assert.deepEqual(delivery.spans, {
      generated: receiver.spans.size,
      delivered: receiver.spans.size,
      rejected: 0,
      pending: 0,
    });
    assert.equal(receiver.duplicates, 0);
    assert.throws(() => Deno.statSync(`${folder}/run/traces.jsonl`), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "a collector that dies half-way: the run ends, exit code 110, and what it did not take is in the trace file",
  ignore,
  async fn() {
    await using receiver = new Receiver();
    receiver.interrupt = () => receiver.spans.size > 40_000 ? "die" : undefined;
    const { folder, file } = scenarioFolder(HUNDRED_THOUSAND);
    const began = performance.now();
    const run = await squall([
      "run",
      file,
      "--pace",
      "max",
      "--logs",
      `${folder}/logs`,
      "--results",
      `${folder}/run`,
      "--otlp-endpoint",
      receiver.endpoint,
    ]);
    assert.ok(performance.now() - began < 30_000, "it ends within 30 seconds");
    assert.equal(run.code, 110, run.stderr);
    const { delivery } = JSON.parse(Deno.readTextFileSync(`${folder}/run/summary.json`));
    const { generated, delivered, rejected, pending } = delivery.spans;
    assert.equal(generated, delivered + rejected + pending);
    assert.equal(rejected, 0);
    assert.equal(delivered, receiver.spans.size);
    const kept = new Set(readTraces(`${folder}/run/traces.jsonl`).map((span) => span.spanId));
    assert.equal(kept.size, pending);
    for (const id of kept) assert.ok(!receiver.spans.has(id), `${id} is counted as pending and was delivered`);
    assert.match(run.stderr, /note: .*127\.0\.0\.1/);
  },
});

Deno.test({
  name: "--traces otlp with no collector: everything is pending in the trace file, exit code 110",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(HUNDRED_THOUSAND.replace("30s", "1s"));
    const args = [
      "--no-logs",
      "--results",
      `${folder}/run`,
      "--pace",
      "max",
      "--traces",
      "otlp",
      "--otlp-endpoint",
      "http://127.0.0.1:9",
    ];
    const run = await squall(["run", file, ...args]);
    assert.equal(run.code, 110, run.stderr);
    const { delivery } = JSON.parse(Deno.readTextFileSync(`${folder}/run/summary.json`));
    assert.equal(delivery.spans.pending, delivery.spans.generated);
    assert.equal(readTraces(`${folder}/run/traces.jsonl`).length, delivery.spans.generated);
  },
});

Deno.test({
  name: "with no collector at the start the file is the destination: all delivered, exit code 0, and it says so",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(HUNDRED_THOUSAND.replace("30s", "1s"));
    const run = start([
      "run",
      file,
      "--no-logs",
      "--results",
      `${folder}/run`,
      "--pace",
      "max",
      "--otlp-endpoint",
      "http://127.0.0.1:9",
    ]);
    const { code, stderr } = await run.ended();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /no collector at http:\/\/127\.0\.0\.1:9/);
    const { delivery } = JSON.parse(Deno.readTextFileSync(`${folder}/run/summary.json`));
    assert.equal(delivery.spans.delivered, readTraces(`${folder}/run/traces.jsonl`).length);
  },
});
