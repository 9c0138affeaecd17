// What every sink is, what it takes, and the account that it keeps.

import type { FactBatch } from "../plan/facts.ts";

/** What became of the items that a run generated. Always generated = delivered + rejected + pending. */
export interface Delivery {
  generated: number;
  /** Acknowledged by the collector, or written where the run keeps its files. */
  delivered: number;
  /** Refused for good by the receiver. */
  rejected: number;
  /** Not acknowledged; kept in a file of the run. */
  pending: number;
  /** Of a fault of kind telemetry-loss: what was told and did not come so far as to be generated. None if left out. */
  lost?: number;
}

/** What of it got lost on purpose, if anything. */
export function lostOf(lost: number): { readonly lost?: number } {
  return lost === 0 ? {} : { lost };
}

export const NOTHING: Readonly<Delivery> = { generated: 0, delivered: 0, rejected: 0, pending: 0 };

/** A batch of rows: of facts, or of what a replay sends again. */
export interface Rows {
  readonly length: number;
}

/** Makes the item of a row, if it has one. */
export interface ItemSource<T, Batch = FactBatch> {
  build(batch: Batch, row: number): T | undefined;
}

/** What takes batches: of facts, or of what a replay sends again. */
export interface Sink<Batch = FactBatch> {
  /** Takes what is in a batch before it returns or resolves; a promise holds the engine back until it resolves. */
  take(batch: Batch): void | Promise<void>;
  /** Called at fixed simulated times, whatever the pace: what a file's layout depends on happens here. */
  evaluate?(): void | Promise<void>;
  /** Called in wall time when the pace makes the run wait: hands on what is buffered, so that a reader sees it. */
  flush?(): void | Promise<void>;
  /** Writes and awaits everything that is left. Resolves, whatever happens to the receiver. */
  close(): Promise<void>;
}

/** One that keeps its account. */
export interface CountingSink<Batch = FactBatch> extends Sink<Batch> {
  readonly delivery: Readonly<Delivery>;
}
