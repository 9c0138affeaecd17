// What it costs this process to deliver a span, beside what it costs only to serialise it: the same spans in the same
// batches, the receiver in a process of its own so that its work is not counted.

import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import process from "node:process";
import { readOtlpOptions } from "../../sim/sinks/otlp_options.ts";
import { OTLP_TUNING, type OtlpTuning } from "../../sim/sinks/otlp_delivery.ts";
import { SPANS } from "../../sim/sinks/otlp_signal.ts";
import { OtlpSink } from "../../sim/sinks/otlp_sink.ts";
import { makeSpan, requests, Spans } from "../sinks/otlp_support.ts";

export interface DeliveryCost {
  /** CPU of this process for a span through the sink to its acknowledgement, without building it. */
  readonly cpuMicrosPerSpan: number;
  /** The same for JsonTraceSerializer alone. */
  readonly serialiseMicrosPerSpan: number;
  /** In wall time, building included, receiver and sender sharing the machine. */
  readonly spansPerSecond: number;
}

const BATCH_ROWS = 4096;
const ROUNDS = 3;

/**
 * Delivers so many spans some times and gives the medians. Asks for the permissions to run Deno and to use the network.
 *
 * @param make builds the span of a number, anew each time, as a run does.
 * @throws when a span is not delivered.
 */
export async function benchDelivery(
  spanCount: number,
  make: (number: number) => ReadableSpan = makeSpan,
  tuning: Partial<OtlpTuning> = {},
): Promise<DeliveryCost> {
  const receiver = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net=127.0.0.1", new URL("../receiver.ts", import.meta.url).href],
    stdout: "piped",
  }).spawn();
  const stdout = receiver.stdout.getReader();
  try {
    const { value } = await stdout.read();
    const endpoint = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`;
    const batchSpans = tuning.batchItemsMax ?? OTLP_TUNING.batchItemsMax;
    const rounds: { build: number; serialise: number; deliver: number; wallMicros: number }[] = [];
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      const build = cpuMicros(() => inBatches(spanCount, batchSpans, make, () => 0));
      const serialise = cpuMicros(() =>
        inBatches(spanCount, batchSpans, make, (spans) => JsonTraceSerializer.serializeRequest(spans)?.length ?? 0)
      );
      const started = performance.now(), before = cpuNow();
      await deliver(endpoint, spanCount, make, tuning);
      const deliverMicros = cpuNow() - before;
      if (round > 0) {
        rounds.push({ build, serialise, deliver: deliverMicros, wallMicros: (performance.now() - started) * 1000 });
      }
    }
    return {
      cpuMicrosPerSpan: median(rounds.map(({ build, deliver }) => deliver - build)) / spanCount,
      serialiseMicrosPerSpan: median(rounds.map(({ build, serialise }) => serialise - build)) / spanCount,
      spansPerSecond: spanCount / (median(rounds.map(({ wallMicros }) => wallMicros)) / 1e6),
    };
  } finally {
    receiver.kill();
    stdout.releaseLock();
    await receiver.stdout.cancel();
    await receiver.status;
  }
}

async function deliver(
  endpoint: string,
  spanCount: number,
  make: (number: number) => ReadableSpan,
  tuning: Partial<OtlpTuning>,
): Promise<void> {
  const notices: string[] = [];
  const sink = new OtlpSink({
    source: new Spans(make),
    signal: SPANS,
    options: readOtlpOptions(() => undefined, endpoint),
    pendingStore: { append: () => {}, close: () => {} },
    onNotice: (text) => notices.push(text),
    tuning,
  });
  for (let first = 0; first < spanCount; first += BATCH_ROWS) {
    await sink.take(requests(first, Math.min(BATCH_ROWS, spanCount - first)));
  }
  await sink.close();
  const { delivered } = sink.delivery;
  if (delivered !== spanCount) throw new Error(`${delivered} of ${spanCount} spans delivered: ${notices.join("; ")}`);
}

/** Builds spans in batches and gives the sum of what `use` makes of them, so that nothing is optimised away. */
function inBatches(
  spanCount: number,
  batchSpans: number,
  make: (number: number) => ReadableSpan,
  use: (spans: ReadableSpan[]) => number,
): number {
  let sum = 0;
  for (let first = 0; first < spanCount; first += batchSpans) {
    const length = Math.min(batchSpans, spanCount - first);
    sum += use(Array.from({ length }, (_, i) => make(first + i)));
  }
  return sum;
}

function cpuMicros(work: () => unknown): number {
  const before = cpuNow();
  work();
  return cpuNow() - before;
}

/** User and system time of all threads of this process. */
function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
