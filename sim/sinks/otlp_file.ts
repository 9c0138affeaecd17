// A file of OTLP JSON lines: what the OpenTelemetry Collector's file exporter writes and its otlpjsonfile receiver reads.

import type { OtlpSignal } from "./otlp_signal.ts";
import { createFile, type OpenFile, RecordFile } from "./record_file.ts";
import type { Delivery } from "./sink.ts";

/** A line of so many items has about a megabyte, which a reader of lines still takes. */
export const LINE_ITEMS_MAX = 1000;
const LINE_END = 10;

export interface OtlpFileSettings {
  readonly path: string;
  /** Takes a line for the user: the file could not be written to its end. */
  readonly onNotice: (text: string) => void;
  readonly open?: OpenFile;
}

/**
 * The file, which is created with its first item. Each line is one request of its signal. Delivered are the items of
 * whole lines; pending those that the disk did not take.
 */
export class OtlpFile<T> {
  readonly path: string;
  readonly #open: OpenFile;
  readonly #onNotice: (text: string) => void;
  #file: RecordFile | undefined;
  /** Used again for each line: a file has many, of about a megabyte. */
  #line = new Uint8Array(0);
  #generated = 0;
  #delivered = 0;
  #error: Error | undefined;

  constructor(settings: OtlpFileSettings, readonly signal: OtlpSignal<T>) {
    this.path = settings.path;
    this.#open = settings.open ?? createFile;
    this.#onNotice = settings.onNotice;
  }

  get delivery(): Delivery {
    const generated = this.#generated, delivered = this.#delivered;
    return { generated, delivered, rejected: 0, pending: generated - delivered };
  }

  /** Why the file could not be written to its end. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Whether an item has come, so that there is a file. */
  get exists(): boolean {
    return this.#file !== undefined;
  }

  /** Appends the items in lines of at most LINE_ITEMS_MAX. Does not throw: what is not in the file is counted pending. */
  append(items: readonly T[]): void {
    for (let from = 0; from < items.length; from += LINE_ITEMS_MAX) {
      this.#appendLine(items.slice(from, from + LINE_ITEMS_MAX));
    }
  }

  close(): void {
    this.#file?.close();
    this.#noticeError();
  }

  #appendLine(items: T[]): void {
    this.#generated += items.length;
    if (this.#error !== undefined) return;
    try {
      this.#file ??= new RecordFile(this.path, this.#open);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const body = this.signal.serialize(items);
    if (body === undefined) throw new Error(`${this.signal.nouns} could not be serialised`);
    const line = this.#lineOf(body);
    if (this.#file.append(line, [line.length]) === 1) this.#delivered += items.length;
    this.#noticeError();
  }

  /** Its bytes are those of the next line after the next call. */
  #lineOf(body: Uint8Array): Uint8Array {
    if (body.length >= this.#line.length) this.#line = new Uint8Array(body.length * 2);
    this.#line.set(body);
    this.#line[body.length] = LINE_END;
    return this.#line.subarray(0, body.length + 1);
  }

  #noticeError(): void {
    if (this.#file?.error !== undefined && this.#error === undefined) this.#fail(this.#file.error);
  }

  #fail(error: Error): void {
    this.#error = error;
    this.#onNotice(
      `cannot go on writing ${this.path}: ${error.message}; further ${this.signal.nouns} are not kept in it`,
    );
  }
}
