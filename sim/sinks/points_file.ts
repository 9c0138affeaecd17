// Writes points to a file, plain or compressed, through one buffer of bounded size.

import type { FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { GzipPieces } from "./gzip.ts";
import { PointBuffer, type PointFormat, Points } from "./points.ts";
import { type OpenFile, RecordFile } from "./record_file.ts";
import type { Delivery, Sink } from "./sink.ts";

export interface PointsFileSettings {
  readonly plan: Plan;
  readonly startEpochNs: bigint;
  readonly format: PointFormat;
  /** What the user knows it by. */
  readonly name: string;
  readonly gzip: boolean;
  readonly open: OpenFile;
  /** Takes a line for the user: the file could not be written to its end. */
  readonly onNotice: (text: string) => void;
  readonly bufferBytes?: number;
}

/** Large enough that a piece of gzip loses little by standing alone. */
const BUFFER_BYTES = 512 * 1024;

/**
 * The sink of an `--out`. Delivered are the points that are in the file as a whole; pending those that are still
 * buffered or that the disk did not take. A compressed file is written a full buffer at a time, at whatever pace, so that
 * its bytes are the same.
 */
export class PointsFile implements Sink {
  readonly #points: Points;
  readonly #buffer: PointBuffer;
  readonly #bufferBytes: number;
  readonly #file: RecordFile;
  readonly #gzip: GzipPieces | undefined;
  readonly #onNotice: (text: string) => void;
  #generated = 0;
  #delivered = 0;
  #told = false;

  /** @throws Error when the file cannot be opened */
  constructor(settings: PointsFileSettings) {
    this.#bufferBytes = settings.bufferBytes ?? BUFFER_BYTES;
    this.#buffer = new PointBuffer(this.#bufferBytes + 8192);
    this.#points = new Points(settings.plan, settings.startEpochNs, settings.format, this.#buffer);
    this.#onNotice = settings.onNotice;
    this.#file = new RecordFile(settings.name, settings.open);
    this.#gzip = settings.gzip ? new GzipPieces() : undefined;
    if (this.#gzip !== undefined) this.#append(this.#gzip.header);
    const header = new TextEncoder().encode(settings.format.header);
    if (header.length > 0) this.#append(this.#gzip?.piece(header) ?? header);
  }

  /** So far, in points. Always generated = delivered + rejected + pending. */
  get delivery(): Delivery {
    const generated = this.#generated + this.#buffer.points, delivered = this.#delivered;
    return { generated, delivered, rejected: 0, pending: generated - delivered };
  }

  /** What the user knows it by. */
  get name(): string {
    return this.#file.path;
  }

  /** Why the file could not be written to its end. */
  get error(): Error | undefined {
    return this.#file.error;
  }

  take(batch: FactBatch): void {
    for (let row = 0; row < batch.length; row++) {
      this.#points.write(batch, row);
      if (this.#buffer.length >= this.#bufferBytes) this.#write();
    }
  }

  /** The metrics read their gauges then, so an instant is over here as well. */
  evaluate(): void {
    this.#points.commit();
  }

  flush(): void {
    if (this.#gzip === undefined) this.#write();
  }

  close(): Promise<void> {
    this.#points.commit();
    this.#write();
    if (this.#gzip !== undefined) this.#append(this.#gzip.trailer());
    this.#file.close();
    this.#tell();
    return Promise.resolve();
  }

  #write(): void {
    const { bytes, length, ends, points } = this.#buffer;
    if (points === 0) return;
    const written = bytes.subarray(0, length);
    this.#generated += points;
    if (this.#gzip === undefined) this.#delivered += this.#file.append(written, ends, points);
    else if (this.#file.error === undefined && this.#append(this.#gzip.piece(written))) this.#delivered += points;
    this.#buffer.clear();
    this.#tell();
  }

  #append(bytes: Uint8Array): boolean {
    return this.#file.append(bytes, [bytes.length]) === 1;
  }

  #tell(): void {
    if (this.#file.error === undefined || this.#told) return;
    this.#told = true;
    this.#onNotice(
      `cannot go on writing ${this.#file.path}: ${this.#file.error.message}; its further points are not kept`,
    );
  }
}
