// Opens a file of a recording, whatever it is: its format is told by what is in it, never by its name.

import { BYTE_ORDER_MARK, type ByteSource, openFile, starts, ZSTD } from "./byte_source.ts";
import { ALONE_TAG_BYTES, FramedReader, type Framing } from "./framed.ts";
import { BRACE_OPEN, BRACKET_OPEN } from "./json_cursor.ts";
import { LogReader } from "./log_reader.ts";
import { OtlpJsonReader } from "./otlp_json.ts";
import type { FileContext, RecordReader } from "./record_reader.ts";
import type { RecordSink } from "./records.ts";

export type RecordingFormat = "telemetry JSON" | "OTLP protobuf" | "log lines" | "search" | "nothing" | "unknown";

/** So much of a file is looked at to tell what it is. */
const HEAD_BYTES = 64 << 10;
const TELEMETRY =
  /"(resource_?spans|batches|resource_?logs|resource_?metrics|scope_?spans|instrumentationLibrarySpans)"\s*:\s*[[]/i;
const JAEGER = /"data"\s*:\s*(\[\s*(\{\s*"(traceID|spans|processes|warnings)"|\])|null)/;
/** All three are in every span of Jaeger, and hardly in a log line. */
const JAEGER_SPAN = [/"operationName"\s*:/, /"spanID"\s*:/, /"startTime"\s*:/];
/** Tempo's answer to a search: of each trace the id and what its root is called. */
const SEARCH = /^\s*\{\s*"traces"\s*:\s*\[\s*\{\s*"traceID"\s*:/;
const decoder = new TextDecoder();

/** What a file is, by its first bytes (after decompression). */
export function detectFormat(head: Uint8Array): { readonly format: RecordingFormat; readonly framing?: Framing } {
  let at = starts(head, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  while (at < head.length && isSpace(head[at]!)) at++;
  if (at === head.length) return { format: "nothing" };
  const first = head[at];
  if (first === BRACE_OPEN || first === BRACKET_OPEN) {
    const text = decoder.decode(head);
    if (TELEMETRY.test(text) || JAEGER.test(text) || JAEGER_SPAN.every((each) => each.test(text))) {
      return { format: "telemetry JSON" };
    }
    if (SEARCH.test(text)) return { format: "search" };
    return { format: "log lines" };
  }
  const framing = framingOf(head);
  if (framing !== undefined) return { format: "OTLP protobuf", framing };
  return { format: isText(head) ? "log lines" : "unknown" };
}

function isSpace(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 10 || byte === 13;
}

function framingOf(head: Uint8Array): Framing | undefined {
  if (head.length >= 8) {
    const length = ((head[0]! << 24) | (head[1]! << 16) | (head[2]! << 8) | head[3]!) >>> 0;
    const contents = head.subarray(4);
    const isMessage = contents[0] === 0x0a || contents[0] === BRACE_OPEN || starts(contents, ZSTD);
    if (length > 0 && head[0]! < 8 && isMessage) return "big-endian";
  }
  const outer = varint(head, head[0] === 0x0a ? 1 : 0);
  if (outer === undefined) return undefined;
  if (head[0] === 0x0a) {
    // A list of resources, whose first field is a resource, its spans or its schema; a text would have a line break here.
    const inner = head[outer.next];
    const isResource = inner === 0x0a || inner === 0x12 || inner === 0x1a || outer.value === 0;
    const behind = outer.next + outer.value;
    const goesOn = behind >= head.length || ALONE_TAG_BYTES.includes(head[behind]!);
    return isResource && goesOn ? "alone" : undefined;
  }
  return head[outer.next] === 0x0a && varint(head, outer.next + 1)?.next !== undefined && !isText(head)
    ? "varint"
    : undefined;
}

function varint(bytes: Uint8Array, at: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return { value, next: at };
  }
  return undefined;
}

/** So many a short text may have, and one in fifty of a longer one. */
const CONTROLS_FREE = 2;

/** Text has hardly a control, a zero among them. */
function isText(head: Uint8Array): boolean {
  let controls = 0;
  for (const byte of head) {
    if (byte < 32 && !isSpace(byte) && byte !== 27) controls++;
  }
  return controls <= CONTROLS_FREE + head.length / 50;
}

/** A file of a recording, opened. */
export class RecordedFile {
  readonly #source: Counted | undefined;
  readonly #reader: RecordReader | undefined;
  readonly format: RecordingFormat;

  private constructor(source: Counted | undefined, format: RecordingFormat, reader: RecordReader | undefined) {
    this.#source = source;
    this.format = format;
    this.#reader = reader;
  }

  /**
   * A file that cannot be read is counted, and holds nothing.
   * @param chunkBytes of the file that are read at once
   */
  static async open(path: string, context: FileContext, chunkBytes = 1 << 18): Promise<RecordedFile> {
    let source: Counted;
    try {
      source = new Counted(openFile(path, chunkBytes), context);
    } catch (error) {
      const why = error instanceof Error ? error.message.replace(/: open '.*$/s, "") : String(error);
      context.tally.skip(`files that cannot be read: ${why}`, context.name);
      return new RecordedFile(undefined, "unknown", undefined);
    }
    try {
      const head = await source.head();
      const { format, framing } = detectFormat(head);
      const reader = format === "telemetry JSON"
        ? new OtlpJsonReader(source, context)
        : format === "OTLP protobuf"
        ? new FramedReader(source, context, framing!)
        : format === "log lines"
        ? new LogReader(source, context)
        : undefined;
      if (format === "search") {
        context.tally.skip(
          "answers to a search, which name traces and hold no spans: ask /api/traces/<id>",
          context.name,
        );
      } else if (format === "unknown") {
        context.tally.skip("files that are neither OTLP, Jaeger's or Tempo's JSON, nor text", context.name);
      } else if (format === "nothing" && source.error !== undefined) {
        const { error } = source;
        context.tally.skip(error instanceof Error ? error.message : String(error), context.name);
      } else if (format === "nothing") context.tally.keepOdd("empty files", context.name);
      return new RecordedFile(source, format, reader);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** Bytes of the file read so far. */
  get position(): number {
    return this.#source?.position ?? 0;
  }

  /** Reads on for about a chunk; false at the end. The views that the sink is given are used again for the next record. */
  async next(sink: RecordSink): Promise<boolean> {
    return this.#reader !== undefined && await this.#reader.next(sink);
  }

  close(): void {
    this.#source?.close();
  }
}

/** Counts bytes, and gives the first of them twice. */
class Counted implements ByteSource {
  #head: Uint8Array | undefined;
  /** What came behind the first bytes in place of more. */
  error: unknown;
  readonly #source: ByteSource;
  readonly #context: FileContext;

  constructor(source: ByteSource, context: FileContext) {
    this.#source = source;
    this.#context = context;
  }

  get position(): number {
    return this.#source.position;
  }

  /** An error behind the first bytes comes when they have been read. */
  async head(): Promise<Uint8Array> {
    let held = new Uint8Array(0);
    try {
      while (held.length < HEAD_BYTES) {
        const piece = await this.#source.next();
        if (piece === undefined) break;
        const longer = new Uint8Array(held.length + piece.length);
        longer.set(held);
        longer.set(piece, held.length);
        held = longer;
      }
    } catch (error) {
      this.error = error;
    }
    this.#head = held;
    return held.length > HEAD_BYTES ? held.subarray(0, HEAD_BYTES) : held;
  }

  async next(): Promise<Uint8Array | undefined> {
    let piece = this.#head;
    this.#head = undefined;
    if (piece === undefined || piece.length === 0) {
      if (this.error !== undefined) throw this.error;
      piece = await this.#source.next();
    }
    this.#context.tally.bytes += piece?.length ?? 0;
    return piece;
  }

  close(): void {
    this.#source.close();
  }
}
