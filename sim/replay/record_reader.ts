// What reads a file of a recording, whatever its format: pulled chunk by chunk, so that several files can be read in step.

import type { RecordSink } from "./records.ts";
import type { Tally } from "./tally.ts";

export interface RecordReader {
  /**
   * Reads on for about a chunk and hands what it finds to the sink.
   * @returns false when there is no more
   */
  next(sink: RecordSink): Promise<boolean>;
}

/** What a reader has to know of the file that it reads. */
export interface FileContext {
  /** As the user knows it. */
  readonly name: string;
  /** Whose log it is, if its records do not say. */
  readonly service: string;
  readonly tally: Tally;
}

/** A record or a value that is longer is left out: so much memory it may take. */
export const VALUE_BYTES_MAX = 32 << 20;
