// Keeps spans and log lines in memory, for tests.

import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { ByteWriter } from "../telemetry/byte_writer.ts";
import type { RunIdentity } from "../telemetry/identity.ts";
import { LogLines } from "../telemetry/log_lines.ts";
import { SpanBuilder } from "../telemetry/spans.ts";
import { type Delivery, lostOf, type Sink } from "./sink.ts";

export class MemorySink implements Sink {
  readonly spans: ReadableSpan[] = [];
  readonly #services: readonly string[];
  readonly #builder: SpanBuilder;
  readonly #lines: LogLines;
  readonly #writers: ByteWriter[];
  readonly #records: number[];
  closed = false;

  constructor(plan: Plan, identity: RunIdentity) {
    this.#services = plan.services.map(({ name }) => name);
    this.#builder = new SpanBuilder(plan, identity);
    this.#lines = new LogLines(plan, identity);
    this.#writers = plan.services.map(() => new ByteWriter(1024));
    this.#records = plan.services.map(() => 0);
  }

  /** The whole log of a service, as its file would hold it. */
  log(service: string): string {
    const writer = this.#writers[this.#services.indexOf(service)];
    if (writer === undefined) throw new Error(`no service ${service}`);
    return new TextDecoder().decode(writer.bytes.subarray(0, writer.length));
  }

  /** Its lines, without their ends. */
  lines(service: string): string[] {
    const log = this.log(service);
    return log === "" ? [] : log.slice(0, -1).split("\n");
  }

  get spanDelivery(): Delivery {
    const { length } = this.spans;
    return { generated: length, delivered: length, rejected: 0, pending: 0, ...lostOf(this.#builder.lost) };
  }

  /** In records of all services. */
  get logDelivery(): Delivery {
    const records = this.#records.reduce((sum, count) => sum + count, 0);
    return { generated: records, delivered: records, rejected: 0, pending: 0, ...lostOf(this.#lines.lost) };
  }

  take(batch: FactBatch): void {
    for (let row = 0; row < batch.length; row++) {
      const span = this.#builder.build(batch, row);
      if (span !== undefined) this.spans.push(span);
      const service = this.#lines.write(batch, row, this.#writers);
      if (service >= 0) this.#records[service]!++;
    }
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
