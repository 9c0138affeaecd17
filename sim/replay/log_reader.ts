// Reads a log file: a record is a line that says a time, with the lines after it that say none (a stack trace).

import { BYTE_ORDER_MARK, type ByteSource, starts } from "./byte_source.ts";
import { LineScanner } from "./line_scanner.ts";
import { LineView, type RecordSink } from "./records.ts";
import type { FileContext, RecordReader } from "./record_reader.ts";
import { WindowBuffer } from "./window_buffer.ts";

/** Of a record. Loki takes lines of 256 KiB by default. */
const RECORD_BYTES_MAX = 1 << 20;
const LINE_END = 10, CARRIAGE_RETURN = 13;

export class LogReader implements RecordReader {
  readonly #context: FileContext;
  readonly #buffer: WindowBuffer;
  readonly #scanner = new LineScanner();
  /** The record that is read, and the one that may begin with the next line. */
  #view = new LineView();
  #nextView = new LineView();
  #hasRecord = false;
  /** Within a line that is too long. */
  #passing = false;
  #begun = false;

  constructor(source: ByteSource, context: FileContext) {
    this.#context = context;
    this.#buffer = new WindowBuffer(source);
  }

  async next(sink: RecordSink): Promise<boolean> {
    const buffer = this.#buffer;
    let more: boolean;
    try {
      more = await buffer.fill();
    } catch (error) {
      this.#skip(error instanceof Error ? error.message : String(error), buffer.at);
      more = false;
    }
    if (!this.#begun && more) {
      this.#begun = true;
      if (starts(buffer.bytes, BYTE_ORDER_MARK)) buffer.at += BYTE_ORDER_MARK.length;
    }
    this.#lines(sink, !more);
    return more;
  }

  /** Goes over the lines from the beginning of the record that was not complete. */
  #lines(sink: RecordSink, last: boolean): void {
    const buffer = this.#buffer;
    this.#hasRecord = false;
    let at = buffer.at;
    while (at < buffer.end) {
      let end = buffer.bytes.indexOf(LINE_END, at);
      const isWhole = end >= 0 && end < buffer.end;
      if (!isWhole) {
        if (!last) break;
        end = buffer.end;
      }
      if (this.#passing) {
        this.#passing = false;
        buffer.at = isWhole ? end + 1 : end;
      } else this.#line(at, end, sink);
      at = end + 1;
    }
    if (last) {
      this.#end(sink);
      buffer.at = buffer.end;
    } else if (this.#hasRecord) {
      buffer.at = this.#view.from;
      if (buffer.end - buffer.at > RECORD_BYTES_MAX) {
        this.#end(sink);
        buffer.at = Math.min(at, buffer.end);
      }
    } else buffer.at = Math.min(at, buffer.end);
    if (buffer.end - buffer.at > RECORD_BYTES_MAX) {
      if (!this.#passing) this.#skip(`lines of more than ${RECORD_BYTES_MAX >> 20} MiB`, buffer.at);
      this.#passing = true;
      buffer.at = buffer.end;
    }
  }

  #line(from: number, lineEnd: number, sink: RecordSink): void {
    const { bytes } = this.#buffer;
    const to = lineEnd > from && bytes[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
    const view = this.#nextView;
    view.service = this.#context.service;
    if (this.#scanner.begin(view, bytes, from, to)) {
      this.#end(sink);
      this.#nextView = this.#view;
      this.#view = view;
      this.#hasRecord = true;
    } else if (this.#hasRecord && to - this.#view.from <= RECORD_BYTES_MAX) this.#view.to = to;
    else if (to > from) this.#skip("lines without a time", from);
  }

  #end(sink: RecordSink): void {
    if (!this.#hasRecord) return;
    this.#hasRecord = false;
    this.#scanner.finish(this.#view);
    this.#context.tally.lines++;
    sink.line(this.#view);
  }

  #skip(reason: string, at: number): void {
    this.#context.tally.skip(reason, `${this.#context.name}, byte ${this.#buffer.offset(at)}`);
  }
}
