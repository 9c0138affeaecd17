// deno task bench: what a span costs in the engine and on its way to a collector, each as a figure and as a ratio to
// serialising the same spans in the same run, since figures of shared machines mean little alone.

import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { EventQueue } from "../../sim/base/event_queue.ts";
import { mix, mixed, uniform } from "../../sim/base/draws.ts";
import { nanos } from "../../sim/base/time.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import { FactBatch } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { LogLines } from "../../sim/telemetry/log_lines.ts";
import { ByteWriter } from "../../sim/telemetry/byte_writer.ts";
import { SpanBuilder } from "../../sim/telemetry/spans.ts";
import { benchDelivery } from "./delivery.ts";

const ROUNDS = 15;
/** Rounds before those that count: the runtime compiles what is hot in several steps. */
const WARM_UP_ROUNDS = 8;
const BATCH_SPANS = 1000;
const IDENTITY = { startEpochNs: 1_790_000_000_000_000_000n, seed: 7, version: "bench" };

/** Steps the plan to its end and gives every batch to `take`. */
function simulate(plan: Plan, take: (batch: FactBatch) => void): void {
  const engine = new Engine(plan, 1);
  const batch = new FactBatch(32_768);
  for (let until = 2e9; !engine.done; until += 2e9) {
    for (let reached = false; !reached;) {
      reached = engine.step(nanos(until), batch);
      take(batch);
      batch.clear();
    }
  }
}

/**
 * Median wall microseconds of each work for one of `count` items. The works take turns, so that a busy time of the
 * machine hits all of them alike.
 */
function microsEach<Name extends string>(count: number, works: Record<Name, () => void>): Record<Name, number> {
  const names = Object.keys(works) as Name[];
  const rounds = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const name of names) {
      const start = performance.now();
      works[name]();
      if (round >= 0) rounds[name].push(((performance.now() - start) * 1000) / count);
    }
  }
  const median = (times: number[]) => times.sort((a, b) => a - b)[ROUNDS >> 1]!;
  return Object.fromEntries(names.map((name) => [name, median(rounds[name])])) as Record<Name, number>;
}

/** A queue of `pending` events from which the first is taken and another put, as an engine does and nothing else. */
function bareQueue(events: number, pending: number): void {
  const queue = new EventQueue();
  mix(1, 2, 3);
  const high = mixed.high, low = mixed.low;
  for (let i = 0; i < pending; i++) queue.schedule(nanos(1e6 * uniform(high, low, i)), 0, i, 0);
  for (let i = 0; i < events; i++) {
    queue.take();
    queue.schedule(nanos(queue.time + 1e6 * uniform(high, low, i)), 0, queue.subject, 0);
  }
}

/** A bench's output is its purpose. */
function print(text: string): void {
  // deno-lint-ignore no-console -- see above
  console.log(text);
}

function line(what: string, micros: number, baseline: number): void {
  const rate = Math.round(1e6 / micros).toLocaleString("en-US");
  print(
    `${what.padEnd(46)} ${micros.toFixed(3).padStart(9)} ${rate.padStart(12)} ${
      (micros / baseline).toFixed(2).padStart(8)
    }`,
  );
}

const path = new URL("../../scenarios/checkout.yaml", import.meta.url);
const { scenario } = loadScenario({
  path: "checkout.yaml",
  text: Deno.readTextFileSync(path),
  sets: [],
  env: new Map(),
});
const plan = compileScenario(scenario);

const builder = new SpanBuilder(plan, IDENTITY);
const spans: ReadableSpan[] = [];
let facts = 0;
simulate(plan, (batch) => {
  facts += batch.length;
  for (let row = 0; row < batch.length; row++) {
    const span = builder.build(batch, row);
    if (span !== undefined) spans.push(span);
  }
});
print(`scenarios/checkout.yaml: ${spans.length} spans, ${facts} facts; medians of ${ROUNDS} rounds\n`);
print(`${"".padEnd(46)} ${"us/span".padStart(9)} ${"spans/s".padStart(12)} ${"ratio".padStart(8)}`);

const metrics = new RunMetrics(plan);
const lines = new LogLines(plan, IDENTITY);
const writers = plan.services.map(() => new ByteWriter(1 << 16));
const micros = microsEach(spans.length, {
  serialise: () => {
    for (let from = 0; from < spans.length; from += BATCH_SPANS) {
      JsonTraceSerializer.serializeRequest(spans.slice(from, from + BATCH_SPANS));
    }
  },
  engine: () => simulate(plan, () => {}),
  metrics: () => simulate(plan, (batch) => metrics.take(batch)),
  lines: () =>
    simulate(plan, (batch) => {
      for (let row = 0; row < batch.length; row++) lines.write(batch, row, writers);
      for (const writer of writers) writer.clear();
    }),
  queue: () => bareQueue(spans.length, 1000),
});
line("serialising the spans alone (OTLP JSON)", micros.serialise, micros.serialise);
line("engine alone", micros.engine, micros.serialise);
line("engine and metrics", micros.metrics, micros.serialise);
line("engine and log lines", micros.lines, micros.serialise);
line("an event queue alone, one event a span", micros.queue, micros.serialise);
print(`\nengine alone / serialising: ${(micros.engine / micros.serialise).toFixed(3)} (at most 0.25)`);
print(`engine alone / event queue alone: ${(micros.engine / micros.queue).toFixed(2)}`);

const delivery = await benchDelivery(100_000);
print(
  `\ndelivered to a receiver in a process of its own: ${
    Math.round(delivery.spansPerSecond).toLocaleString("en-US")
  } spans/s`,
);
print(
  `CPU a delivered span ${delivery.cpuMicrosPerSpan.toFixed(2)} us, serialising it alone ${
    delivery.serialiseMicrosPerSpan.toFixed(2)
  } us: ` +
    `ratio ${(delivery.cpuMicrosPerSpan / delivery.serialiseMicrosPerSpan).toFixed(2)}`,
);
