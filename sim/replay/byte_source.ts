// The bytes of a recorded file, chunk by chunk: decompressed where they are gzip or zstd, whatever the file's name, with
// a bound on what a file may expand to.

import { createGunzip, createZstdDecompress } from "node:zlib";
import { Readable, type Transform } from "node:stream";
import { ZstdFrame } from "./zstd_frame.ts";

/** Thrown when a file cannot be read on; what was read before it counts. */
export class SourceError extends Error {
  override name = "SourceError";
}

/** Where bytes come from. */
export interface ByteSource {
  /** The next bytes, which stay valid until the next call; undefined at the end. */
  next(): Promise<Uint8Array | undefined>;
  /** Bytes of the file read so far, compressed as they are. */
  readonly position: number;
  close(): void;
}

/** Telemetry compresses to a tenth, seldom to a hundredth: beyond that, and beyond a size that harms, it is a bomb. */
export const EXPANSION = { max: 200, freeBytes: 256 << 20 };
export type ExpansionLimits = Readonly<typeof EXPANSION>;

export const GZIP = [0x1f, 0x8b];
export const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

/** Opens a file. @throws Deno's errors when it cannot be opened */
export function openFile(path: string, chunkBytes: number, limits: ExpansionLimits = EXPANSION): ByteSource {
  const plain = new PlainFile(path, chunkBytes);
  let head: Uint8Array;
  try {
    head = plain.head();
  } catch (error) {
    plain.close();
    throw error;
  }
  if (starts(head, GZIP)) return new Expanding(plain, "gzip", limits);
  if (starts(head, ZSTD)) return new Expanding(plain, "zstd", limits);
  return plain;
}

/** Which some editors put before a text of UTF-8. */
export const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

const CHUNK = 256 << 10;

export function starts(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

class PlainFile implements ByteSource {
  readonly #file: Deno.FsFile;
  readonly #chunk: Uint8Array;
  /** Bytes that `head` has read. */
  #held = 0;
  position = 0;

  constructor(readonly path: string, chunkBytes: number) {
    this.#file = Deno.openSync(path);
    this.#chunk = new Uint8Array(chunkBytes);
  }

  /** The first bytes, which `next` gives again. */
  head(): Uint8Array {
    while (this.#held < 4) {
      const count = this.#file.readSync(this.#chunk.subarray(this.#held));
      if (count === null) break;
      this.#held += count;
    }
    return this.#chunk.subarray(0, this.#held);
  }

  // Of a disk, reading at once costs less than asking for it.
  nextSync(): Uint8Array | undefined {
    let count: number | null = this.#held;
    this.#held = 0;
    if (count === 0) count = this.#file.readSync(this.#chunk);
    if (count === null || count === 0) return undefined;
    this.position += count;
    return this.#chunk.subarray(0, count);
  }

  /** Copies, since streams hold on to what they are given. */
  *pieces(): Generator<Uint8Array> {
    for (let piece = this.nextSync(); piece !== undefined; piece = this.nextSync()) yield piece.slice();
  }

  next(): Promise<Uint8Array | undefined> {
    try {
      return Promise.resolve(this.nextSync());
    } catch (error) {
      return Promise.reject(new SourceError(`it cannot be read on: ${error instanceof Error ? error.message : error}`));
    }
  }

  close(): void {
    this.#file.close();
  }
}

class Expanding implements ByteSource {
  readonly #plain: PlainFile;
  readonly #chunks: AsyncGenerator<Uint8Array>;
  #expanded = 0;

  constructor(plain: PlainFile, readonly kind: "gzip" | "zstd", readonly limits: ExpansionLimits) {
    this.#plain = plain;
    this.#chunks = kind === "gzip" ? transformed(plain.pieces(), createGunzip({ chunkSize: CHUNK })) : frames(plain);
  }

  get position(): number {
    return this.#plain.position;
  }

  async next(): Promise<Uint8Array | undefined> {
    let result: IteratorResult<Uint8Array>;
    try {
      result = await this.#chunks.next();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new SourceError(`its ${this.kind} is broken or cut off (${why})`);
    }
    if (result.done === true) return undefined;
    this.#expanded += result.value.length;
    const { max, freeBytes } = this.limits;
    if (this.#expanded > freeBytes && this.#expanded > this.position * max) {
      throw new SourceError(`its ${this.kind} expands more than ${max}-fold, as no telemetry does: it is not read on`);
    }
    return result.value;
  }

  close(): void {
    // What is open of the stream ends with the generator.
    this.#chunks.return(undefined).catch(() => {});
    this.#plain.close();
  }
}

async function* transformed(pieces: Iterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  const input = Readable.from(pieces);
  input.on("error", (error) => transform.destroy(error));
  yield* input.pipe(transform) as AsyncIterable<Uint8Array>;
}

/** The decompressor knows one frame of zstd, and does not say when it is cut off. */
async function* frames(plain: PlainFile): AsyncGenerator<Uint8Array> {
  const pieces = plain.pieces();
  let left: Uint8Array = new Uint8Array(0);
  const more = (): boolean => {
    if (left.length > 0) return true;
    const next = pieces.next();
    left = next.done === true ? left : next.value;
    return next.done !== true;
  };
  while (more()) {
    const frame = new ZstdFrame();
    const ofFrame = function* (): Generator<Uint8Array> {
      while (!frame.isWhole && more()) {
        const piece = left.subarray(0, frame.feed(left));
        left = left.subarray(piece.length);
        yield piece;
      }
    };
    yield* transformed(ofFrame(), createZstdDecompress({ chunkSize: CHUNK }));
    if (!frame.isWhole) throw new Error("unexpected end of file");
  }
}
