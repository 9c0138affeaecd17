// What a run claims to have delivered, exactly: the run is simulated again from its own scenario, seed and start, and what
// its folder says no backend has acknowledged is taken away.

import { crc32 } from "node:zlib";
import { join } from "node:path";
import type { Nanos } from "../../base/time.ts";
import type { FactBatch } from "../../plan/facts.ts";
import type { ManifestFile } from "../../run/manifest.ts";
import { Run, type RunOutput } from "../../run/run.ts";
import { RUN_FILES } from "../../run/run_files.ts";
import { MetricsSink } from "../../sinks/metrics_sink.ts";
import { ByteWriter } from "../../telemetry/byte_writer.ts";
import { LogLines } from "../../telemetry/log_lines.ts";
import { LogRecordBuilder } from "../../telemetry/log_records.ts";
import { SpanBuilder } from "../../telemetry/spans.ts";
import { hashBytes, hashed, LineTable } from "./line_table.ts";
import { type RecordedRun, RecordedRunError } from "./recorded_run.ts";
import { sampleKey, SampleTable, seriesOf } from "./sample_table.ts";
import { SpanTable } from "./span_table.ts";

/** The lines of one service, as they should be found. */
export interface ExpectedLog {
  readonly service: string;
  /** Undefined for log records that went to a collector. */
  readonly file: ManifestFile | undefined;
  readonly table: LineTable;
}

export interface Expected {
  readonly logs: readonly ExpectedLog[];
  /** Undefined when no collector was sent spans. */
  readonly spans: SpanTable | undefined;
  /** Undefined when Prometheus was sent no metrics. */
  readonly samples: SampleTable | undefined;
}

/** Simulates a run again and hands its facts on. */
export async function simulateAgain(run: RecordedRun, take: (batch: FactBatch) => void | Promise<void>): Promise<void> {
  const nothing = { generated: 0, delivered: 0, rejected: 0, pending: 0 };
  const output: RunOutput = {
    take: (batch) => Promise.resolve(take(batch)),
    evaluate: () => Promise.resolve(),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
    delivery: { spans: nothing, logs: nothing, points: undefined },
  };
  const { manifest, plan, startEpochNs } = run;
  await new Run({
    plan,
    startEpochNs,
    pace: Infinity,
    sinks: output,
    listener: { progress: () => {}, notice: () => {} },
    ...(manifest.ended === "interrupted" ? { interruptAt: manifest.elapsed_ns as Nanos } : {}),
  }).execute();
}

/**
 * What should be found.
 * @throws {RecordedRunError} when this version of Squall simulates another run than the one that was written
 */
export async function expectedOf(run: RecordedRun): Promise<Expected> {
  const { manifest } = run;
  const lines = manifest.logs.to === "files"
    ? new FileLines(run)
    : manifest.logs.to === "otlp"
    ? new RecordLines(run)
    : undefined;
  const spans = manifest.traces.to === "otlp" ? new ExpectedSpans(run) : undefined;
  const samples = manifest.metrics.to === "otlp" && manifest.metrics.interval_ns !== undefined
    ? new SampleTable(pendingSamples(run.folder))
    : undefined;
  const metrics = samples && new MetricsSink({
    plan: run.plan,
    identity: identityOf(run),
    interval: manifest.metrics.interval_ns as Nanos,
    store: samples,
  });
  await simulateAgain(run, (batch) => {
    lines?.take(batch);
    spans?.take(batch);
    return metrics?.take(batch);
  });
  await metrics?.close();
  lines?.check();
  return { logs: lines?.logs ?? [], spans: spans?.table, samples };
}

/** What a run says of a line, when one wants to see it. */
export type LineListener = (service: number, text: Uint8Array, time: number) => void;

/** Calls the listener with every line of a run that went to files or a collector. */
export async function eachLine(run: RecordedRun, listener: LineListener): Promise<void> {
  const lines = run.manifest.logs.to === "otlp" ? new RecordLines(run, listener) : new FileLines(run, listener);
  await simulateAgain(run, (batch) => lines.take(batch));
}

function identityOf({ startEpochNs, plan, manifest }: RecordedRun) {
  return { startEpochNs, seed: plan.seed, version: manifest.version };
}

/** The lines of log files: as many of each as the run could write. */
class FileLines {
  readonly logs: ExpectedLog[] = [];
  readonly #run: RecordedRun;
  readonly #listener: LineListener | undefined;
  readonly #lines: LogLines;
  readonly #writers: (ByteWriter | undefined)[];
  readonly #byService: (ExpectedLog & { bytes: number; crc32: number } | undefined)[] = [];

  constructor(run: RecordedRun, listener?: LineListener) {
    this.#run = run;
    this.#listener = listener;
    this.#lines = new LogLines(run.plan, identityOf(run));
    this.#writers = run.plan.services.map((service) => service.kind === "external" ? undefined : new ByteWriter(4096));
    for (const file of run.manifest.logs.files) {
      const service = run.plan.services.find(({ name }) => name === file.service);
      if (service === undefined) throw another(run, `it has no service ${file.service}`);
      const log = { service: file.service, file, table: new LineTable(), bytes: 0, crc32: 0 };
      this.#byService[service.index] = log;
      this.logs.push(log);
    }
  }

  take(batch: FactBatch): void {
    for (let row = 0; row < batch.length; row++) {
      const service = this.#lines.write(batch, row, this.#writers);
      if (service < 0) continue;
      const out = this.#writers[service]!, log = this.#byService[service];
      if (log !== undefined && log.table.lines < log.file!.records) {
        const record = out.bytes.subarray(0, out.length);
        log.bytes += record.length;
        log.crc32 = crc32(record, log.crc32);
        // Without the line break at its end.
        hashBytes(record, 0, record.length - 1);
        log.table.expect(batch.time[row]!);
        this.#listener?.(service, record.subarray(0, -1), batch.time[row]!);
      }
      out.clear();
    }
  }

  check(): void {
    for (const log of this.#byService) {
      if (log === undefined) continue;
      const { records, bytes, crc32 } = log.file!;
      if (log.table.lines === records && log.bytes === bytes && log.crc32 === crc32) continue;
      throw another(this.#run, `${log.service} has other lines`);
    }
  }
}

/** Log records that a collector acknowledged. */
class RecordLines {
  readonly logs: ExpectedLog[] = [];
  readonly #run: RecordedRun;
  readonly #listener: LineListener | undefined;
  readonly #builder: LogRecordBuilder;
  readonly #byName = new Map<string, { log: ExpectedLog; index: number }>();
  readonly #pending: ReadonlySet<string>;
  #records = 0;

  constructor(run: RecordedRun, listener?: LineListener) {
    this.#run = run;
    this.#listener = listener;
    this.#builder = new LogRecordBuilder(run.plan, identityOf(run));
    this.#pending = pendingRecords(run.folder);
    for (const { kind, name, index } of run.plan.services) {
      if (kind === "external") continue;
      const log = { service: name, file: undefined, table: new LineTable() };
      this.#byName.set(name, { log, index });
      this.logs.push(log);
    }
  }

  take(batch: FactBatch): void {
    for (let row = 0; row < batch.length; row++) {
      const record = this.#builder.build(batch, row);
      if (record === undefined) continue;
      this.#records++;
      const time = batch.time[row]!;
      const body = String(record.body);
      if (this.#pending.has(recordKey(String(this.#run.startEpochNs + BigInt(time)), body))) continue;
      const { log, index } = this.#byName.get(String(record.resource.attributes["service.name"]))!;
      const bytes = encoder.encode(body);
      hashAt(bytes, time);
      log.table.expect(time);
      this.#listener?.(index, bytes, time);
    }
  }

  check(): void {
    if (this.#records !== this.#run.manifest.logs.delivery.generated) {
      throw another(this.#run, "it has other log records");
    }
  }
}

const encoder = new TextEncoder();

/** A body may come again at another time, so that its time is part of what it is. */
export function hashAt(bytes: Uint8Array, time: number): void {
  hashBytes(bytes, 0, bytes.length, (time % 4294967291) | 0);
  hashed.low = (hashed.low + Math.floor(time / 4294967291)) | 0;
}

function recordKey(epochNs: string, body: string): string {
  return `${epochNs} ${body}`;
}

/** The log records that no collector acknowledged. */
function pendingRecords(folder: string): Set<string> {
  const keys = new Set<string>();
  for (const request of jsonLines(join(folder, RUN_FILES.logs))) {
    for (const resource of list(request, "resourceLogs")) {
      for (const scope of list(resource, "scopeLogs")) {
        for (const record of list(scope, "logRecords")) {
          const { timeUnixNano, body } = record as { timeUnixNano: unknown; body?: { stringValue?: string } };
          keys.add(recordKey(String(timeUnixNano), body?.stringValue ?? ""));
        }
      }
    }
  }
  return keys;
}

class ExpectedSpans {
  readonly table = new SpanTable();
  readonly #builder: SpanBuilder;
  readonly #pending: ReadonlySet<string>;

  constructor(run: RecordedRun) {
    this.#builder = new SpanBuilder(run.plan, identityOf(run));
    this.#pending = pendingSpans(run.folder);
  }

  take(batch: FactBatch): void {
    for (let row = 0; row < batch.length; row++) {
      const span = this.#builder.build(batch, row);
      if (span === undefined) continue;
      const { traceId, spanId } = span.spanContext();
      if (this.#pending.has(spanId)) continue;
      this.table.add(traceId, spanId, batch.start[row]!, batch.time[row]!);
    }
  }
}

/** The spans that no collector acknowledged. */
function pendingSpans(folder: string): Set<string> {
  const ids = new Set<string>();
  for (const request of jsonLines(join(folder, RUN_FILES.traces))) {
    for (const resource of list(request, "resourceSpans")) {
      for (const scope of list(resource, "scopeSpans")) {
        for (const span of list(scope, "spans")) ids.add(String((span as { spanId: unknown }).spanId));
      }
    }
  }
  return ids;
}

/** The data points that no collector acknowledged. */
function pendingSamples(folder: string): Set<string> {
  const keys = new Set<string>();
  for (const request of jsonLines(join(folder, RUN_FILES.metrics))) {
    for (const { resource, scopeMetrics } of list(request, "resourceMetrics") as readonly ResourceMetrics[]) {
      for (const { name, unit = "", sum, gauge, histogram } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        const type = histogram !== undefined ? "histogram" : sum?.isMonotonic === true ? "counter" : "gauge";
        for (const { attributes, timeUnixNano } of (histogram ?? sum ?? gauge)?.dataPoints ?? []) {
          const { key } = seriesOf({ name, unit, type }, valuesOf(resource.attributes), valuesOf(attributes));
          keys.add(sampleKey(key, Number(BigInt(timeUnixNano) / 1_000_000n)));
        }
      }
    }
  }
  return keys;
}

type KeyValues = readonly {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: string;
    readonly doubleValue?: number;
    readonly boolValue?: boolean;
  };
}[];

interface DataPoints {
  readonly isMonotonic?: boolean;
  readonly dataPoints: readonly { readonly attributes?: KeyValues; readonly timeUnixNano: string }[];
}

interface ResourceMetrics {
  readonly resource: { readonly attributes?: KeyValues };
  readonly scopeMetrics: readonly {
    readonly metrics: readonly {
      readonly name: string;
      readonly unit?: string;
      readonly sum?: DataPoints;
      readonly gauge?: DataPoints;
      readonly histogram?: DataPoints;
    }[];
  }[];
}

function valuesOf(attributes: KeyValues = []): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
    key,
    String(stringValue ?? intValue ?? doubleValue ?? boolValue ?? ""),
  ]));
}

function* jsonLines(path: string): Iterable<unknown> {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new RecordedRunError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
  for (const [i, line] of text.split("\n").entries()) {
    if (line === "") continue;
    try {
      yield JSON.parse(line);
    } catch {
      throw new RecordedRunError(`${path}:${i + 1}: is not JSON`);
    }
  }
}

function list(of: unknown, name: string): unknown[] {
  const found = (of as Readonly<Record<string, unknown>> | null)?.[name];
  return Array.isArray(found) ? found : [];
}

function another({ manifest, folder }: RecordedRun, what: string): RecordedRunError {
  return new RecordedRunError(
    `simulated again, ${folder} gives another run (${what}): it was written by another build of Squall ` +
      `${manifest.version}, or its ${RUN_FILES.scenario} was changed`,
  );
}
