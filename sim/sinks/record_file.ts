// A file of records that holds whole records only, whatever the disk does: short writes are gone on with, and after an
// error what was half written is cut off.

/** What is needed of a file, so that tests can put a failing one in its place. */
export interface OutputFile {
  /** May take fewer bytes than it is given. */
  writeSync(bytes: Uint8Array): number;
  truncateSync(length: number): void;
  close(): void;
}

export type OpenFile = (path: string) => OutputFile;

const FILE_MODE = 0o644;

/** Creates a file that must not exist yet. */
export function createFile(path: string): OutputFile {
  return Deno.openSync(path, { createNew: true, write: true, mode: FILE_MODE });
}

export class RecordFile {
  readonly #file: OutputFile;
  /** Bytes of whole records that are in the file. */
  #size = 0;
  #closed = false;
  /** Why nothing is written any more. */
  error: Error | undefined;

  constructor(readonly path: string, open: OpenFile) {
    this.#file = open(path);
  }

  /**
   * Appends records.
   * @param bytes the records, one after the other
   * @param ends where each of them ends in `bytes`, ascending
   * @returns how many of them, from the first, are in the file as a whole
   */
  append(bytes: Uint8Array, ends: ArrayLike<number>, count = ends.length): number {
    if (this.error !== undefined) return 0;
    let written = 0;
    try {
      while (written < bytes.length) {
        const taken = this.#file.writeSync(written === 0 ? bytes : bytes.subarray(written));
        if (taken <= 0) throw new Error("the file takes no more bytes");
        written += taken;
      }
    } catch (error) {
      this.error = asError(error);
    }
    let whole = count;
    while (whole > 0 && ends[whole - 1]! > written) whole--;
    const size = whole === 0 ? 0 : ends[whole - 1]!;
    this.#size += size;
    if (written > size) this.#cut();
    return whole;
  }

  /** A file that cannot even be cut keeps its torn end: the first error says why. */
  #cut(): void {
    try {
      this.#file.truncateSync(this.#size);
    } catch (error) {
      this.error ??= asError(error);
    }
  }

  /** Closing again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#file.close();
    } catch (error) {
      // Some file systems report a full disk only here.
      this.error ??= asError(error);
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
