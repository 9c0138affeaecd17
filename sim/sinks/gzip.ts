// A gzip file written piece by piece: one member, as every reader takes it, each piece of which can be read once it is
// there. RFC 1952 for the file, RFC 1951 for the blocks.

import { constants, crc32, deflateRawSync } from "node:zlib";

/** Deflate, no name, no time (so that equal contents are equal files), system unknown. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** On points half the cost of zlib's default, and a quarter larger. */
const LEVEL = 3;
/** A last block with nothing in it, by the fixed codes. */
const LAST_BLOCK = [3, 0];

export class GzipPieces {
  #crc = 0;
  #size = 0;

  /** What the file begins with. */
  readonly header: Uint8Array = HEADER;

  /** Compresses what comes next. The bytes depend on where pieces end. */
  piece(bytes: Uint8Array): Uint8Array {
    this.#crc = crc32(bytes, this.#crc);
    this.#size += bytes.length;
    // Flushed to a byte's end, so that the next piece can follow, and not ended.
    return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, level: LEVEL });
  }

  /** What the file ends with. */
  trailer(): Uint8Array {
    const bytes = new Uint8Array(LAST_BLOCK.length + 8);
    bytes.set(LAST_BLOCK);
    const view = new DataView(bytes.buffer);
    view.setUint32(LAST_BLOCK.length, this.#crc, true);
    view.setUint32(LAST_BLOCK.length + 4, this.#size % 2 ** 32, true);
    return bytes;
  }
}
