// A file in memory that takes few bytes at a time, or runs full.

import type { OpenFile } from "../../sim/sinks/record_file.ts";

/** A character for each byte, so that lengths agree. */
const LATIN1 = new TextDecoder("latin1");

export interface MemoryFile {
  text: string;
  closed: boolean;
}

export interface Disk {
  readonly files: Map<string, MemoryFile>;
  readonly open: OpenFile;
  /** Calls of writeSync. */
  writes: number;
}

/**
 * @param bytesAtOnce what one write takes at most
 * @param capacity bytes of each file; past them a write takes what fits, and the next one fails as on a full disk
 */
export function disk({ bytesAtOnce = Infinity, capacity = Infinity, failsToTruncate = false } = {}): Disk {
  const files = new Map<string, MemoryFile>();
  const made: Disk = {
    files,
    writes: 0,
    open(path) {
      if (files.has(path)) throw Object.assign(new Error("File exists (os error 17)"), { name: "AlreadyExists" });
      const file: MemoryFile = { text: "", closed: false };
      files.set(path, file);
      return {
        writeSync(bytes) {
          made.writes++;
          const room = Math.min(bytesAtOnce, capacity - file.text.length);
          if (room <= 0) throw new Error("No space left on device (os error 28)");
          const taken = bytes.subarray(0, room);
          file.text += LATIN1.decode(taken);
          return taken.length;
        },
        truncateSync(length) {
          if (failsToTruncate) throw new Error("Input/output error (os error 5)");
          file.text = file.text.slice(0, length);
        },
        close() {
          file.closed = true;
        },
      };
    },
  };
  return made;
}
