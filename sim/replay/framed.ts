// Files of messages with their lengths before them, and files that are one message: where each message begins and ends.
// A message may be zstd, as the Collector's file exporter compresses each by itself.

import { zstdDecompressSync } from "node:zlib";
import { BRACE_OPEN } from "./json_cursor.ts";
import { type ByteSource, starts, ZSTD } from "./byte_source.ts";
import { OtlpJsonReader } from "./otlp_json.ts";
import { OtlpMessages } from "./otlp_protobuf.ts";
import { type FileContext, type RecordReader, VALUE_BYTES_MAX } from "./record_reader.ts";
import type { RecordSink } from "./records.ts";
import { WindowBuffer } from "./window_buffer.ts";

/**
 * `big-endian`: four bytes of length before each message (the Collector's file exporter); `varint`: a varint before
 * each; `alone`: the file is one message, of which each field is read as if it were one. Tempo's answers are such messages;
 * those of its second API hold the trace as their first field, with numbers of the query behind it.
 */
export type Framing = "big-endian" | "varint" | "alone";

const NONE = -1, BROKEN = -2;
/** The fields of a message that is alone: the list of resources or the trace, then metrics, status and message of an answer. */
const ALONE_TAGS = { items: 0x0a, metrics: 0x12, status: 0x18, message: 0x22 };
export const ALONE_TAG_BYTES: readonly number[] = Object.values(ALONE_TAGS);

/** Where a message's contents begin and how long they are. */
interface Frame {
  from: number;
  length: number;
}

export class FramedReader implements RecordReader {
  readonly #buffer: WindowBuffer;
  readonly #context: FileContext;
  readonly #framing: Framing;
  readonly #messages: OtlpMessages;
  readonly #frame: Frame = { from: 0, length: 0 };
  /** Messages that are JSON, read as the lines of a file. */
  readonly #lines = new PushedSource();
  #json: OtlpJsonReader | undefined;
  #done = false;

  constructor(source: ByteSource, context: FileContext, framing: Framing) {
    this.#buffer = new WindowBuffer(source);
    this.#context = context;
    this.#framing = framing;
    this.#messages = new OtlpMessages(context);
  }

  async next(sink: RecordSink): Promise<boolean> {
    if (this.#done) return false;
    const buffer = this.#buffer;
    let more: boolean;
    try {
      more = await buffer.fill();
    } catch (error) {
      this.#skip(error instanceof Error ? error.message : String(error));
      more = false;
    }
    if (!more) {
      if (buffer.end > buffer.at) this.#skip("the file is cut off: its last message has no end");
      this.#done = true;
      return false;
    }
    for (let kind = this.#find(); kind !== NONE; kind = this.#find()) {
      if (kind === BROKEN) {
        this.#skip("a length that no message has: the rest of the file is left out");
        this.#done = true;
        return false;
      }
      const { from, length } = this.#frame;
      await this.#message(from, length, sink);
      buffer.at = from + length;
    }
    return true;
  }

  #skip(reason: string): void {
    this.#context.tally.skip(reason, `${this.#context.name}, byte ${this.#buffer.offset()}`);
  }

  /** Finds the next message: its kind, or NONE when more bytes are needed for it. */
  #find(): number {
    const { bytes, at, end } = this.#buffer;
    const frame = this.#frame;
    if (this.#framing === "big-endian") {
      if (end - at < 4) return NONE;
      frame.length = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
      frame.from = at + 4;
    } else {
      let next = at;
      if (this.#framing === "alone") {
        if (next >= end) return NONE;
        if (!ALONE_TAG_BYTES.includes(bytes[next++]!)) return BROKEN;
      }
      let length = 0;
      for (let shift = 0;; shift += 7) {
        if (next >= end) return NONE;
        if (shift > 28) return BROKEN;
        const byte = bytes[next++]!;
        length += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
      }
      frame.from = next;
      frame.length = this.#framing === "alone" && bytes[at] === ALONE_TAGS.status ? 0 : length;
    }
    if (frame.length > VALUE_BYTES_MAX) return BROKEN;
    return frame.from + frame.length <= end ? 0 : NONE;
  }

  async #message(from: number, length: number, sink: RecordSink): Promise<void> {
    const { bytes } = this.#buffer;
    const where = this.#buffer.offset();
    if (this.#framing === "alone") {
      if (bytes[this.#buffer.at] !== ALONE_TAGS.items) return;
      return this.#messages.resourceItems(bytes, from, from + length, where, sink);
    }
    let message = bytes.subarray(from, from + length);
    if (starts(message, ZSTD)) {
      try {
        message = new Uint8Array(zstdDecompressSync(message, { maxOutputLength: VALUE_BYTES_MAX }));
      } catch (error) {
        return this.#skip(
          `a message whose zstd is broken or too large (${error instanceof Error ? error.message : error})`,
        );
      }
    }
    if (message[0] === BRACE_OPEN) {
      this.#json ??= new OtlpJsonReader(this.#lines, this.#context);
      this.#lines.push(message);
      await this.#json.next(sink);
    } else this.#messages.message(message, 0, message.length, where, sink);
  }
}

/** Bytes that are there when they are asked for, with a line break behind each piece. */
class PushedSource implements ByteSource {
  #piece: Uint8Array | undefined;
  position = 0;

  push(piece: Uint8Array): void {
    const line = new Uint8Array(piece.length + 1);
    line.set(piece);
    line[piece.length] = 10;
    this.#piece = line;
  }

  next(): Promise<Uint8Array | undefined> {
    const piece = this.#piece;
    this.#piece = undefined;
    this.position += piece?.length ?? 0;
    return Promise.resolve(piece);
  }

  close(): void {
    // It holds nothing open.
  }
}
