// Several sinks as one.

import type { Sink } from "./sink.ts";

/** Each is called in turn, so that the slowest holds the engine back. */
export class SinkGroup<Batch> implements Sink<Batch> {
  readonly #sinks: readonly Sink<Batch>[];

  /** @param sinks those that there are; undefined ones are passed over */
  constructor(sinks: readonly (Sink<Batch> | undefined)[]) {
    this.#sinks = sinks.filter((sink) => sink !== undefined);
  }

  async take(batch: Batch): Promise<void> {
    for (const sink of this.#sinks) await sink.take(batch);
  }

  async evaluate(): Promise<void> {
    for (const sink of this.#sinks) await sink.evaluate?.();
  }

  async flush(): Promise<void> {
    for (const sink of this.#sinks) await sink.flush?.();
  }

  async close(): Promise<void> {
    for (const sink of this.#sinks) await sink.close();
  }
}
