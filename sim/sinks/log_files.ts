// Writes the services' logs, a file for each: `<logs>/<service>/<service>-<run id>.log`.

import { crc32 } from "node:zlib";
import type { FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { ByteWriter } from "../telemetry/byte_writer.ts";
import type { RunIdentity } from "../telemetry/identity.ts";
import { LogLines } from "../telemetry/log_lines.ts";
import { createFile, type OpenFile, RecordFile } from "./record_file.ts";
import { type Delivery, lostOf, type Sink } from "./sink.ts";

export interface LogFilesSettings {
  readonly plan: Plan;
  readonly identity: RunIdentity;
  /** The folder that holds a folder for each service; made if it is not there. */
  readonly directory: string;
  /** Part of the files' names, and of nothing in them. */
  readonly runId: string;
  /** Takes a line for the user: a log that could not be written to its end. */
  readonly onNotice: (text: string) => void;
  readonly bufferBytes?: number;
  readonly open?: OpenFile;
  readonly makeFolder?: (path: string) => void;
  readonly remove?: (path: string) => void;
}

/** Large enough that a call of the system costs little a line, small enough that a hundred services fit in a cache. */
const BUFFER_BYTES = 128 * 1024;
const FOLDER_MODE = 0o755;

const onDisk = {
  open: createFile,
  makeFolder: (path: string): void => Deno.mkdirSync(path, { recursive: true, mode: FOLDER_MODE }),
  remove: (path: string): void => Deno.removeSync(path),
};

/** What is in a log file, so that a reader can be held to it. */
export interface LogFileAccount {
  readonly service: string;
  readonly path: string;
  /** Records and bytes that are in the file as a whole. */
  readonly records: number;
  readonly bytes: number;
  /** Of those bytes (ISO 3309, as in zip and gzip). */
  readonly crc32: number;
}

interface ServiceLog {
  readonly service: string;
  bytesWritten: number;
  recordsWritten: number;
  crc32: number;
  readonly out: ByteWriter;
  readonly file: RecordFile;
  /** Where the records in `out` end. */
  ends: Uint32Array;
  records: number;
  told: boolean;
}

/**
 * A record is a line; in the plain format a line with its stack trace. Delivered are the records that are in their file
 * as a whole; pending those that are still buffered or that the disk did not take.
 */
export class LogFiles implements Sink {
  readonly #lines: LogLines;
  readonly #logs: (ServiceLog | undefined)[] = [];
  readonly #writers: (ByteWriter | undefined)[] = [];
  readonly #bufferBytes: number;
  readonly #onNotice: (text: string) => void;
  #generated = 0;
  #delivered = 0;

  /**
   * Creates the folders and the files.
   * @throws Error when a file of that name exists already, or cannot be created; then none is left behind
   */
  constructor(settings: LogFilesSettings) {
    const { plan, directory, runId, open, makeFolder, remove } = { ...onDisk, ...settings };
    this.#lines = new LogLines(plan, settings.identity);
    this.#bufferBytes = settings.bufferBytes ?? BUFFER_BYTES;
    this.#onNotice = settings.onNotice;
    try {
      for (const service of plan.services) {
        if (service.kind === "external") continue;
        const folder = `${directory}/${service.name}`;
        makeFolder(folder);
        const file = openNew(`${folder}/${service.name}-${runId}.log`, open);
        const out = new ByteWriter(this.#bufferBytes + 4096);
        this.#logs[service.index] = {
          service: service.name,
          bytesWritten: 0,
          recordsWritten: 0,
          crc32: 0,
          out,
          file,
          ends: new Uint32Array(1024),
          records: 0,
          told: false,
        };
        this.#writers[service.index] = out;
      }
    } catch (error) {
      for (const log of this.#logs) {
        if (log === undefined) continue;
        log.file.close();
        remove(log.file.path);
      }
      throw error;
    }
  }

  /** So far, in records. Always generated = delivered + rejected + pending. */
  get delivery(): Delivery {
    const generated = this.#generated, delivered = this.#delivered;
    return { generated, delivered, rejected: 0, pending: generated - delivered, ...lostOf(this.#lines.lost) };
  }

  /** The files, in the order of the plan's services. */
  get paths(): string[] {
    return this.#logs.flatMap((log) => log === undefined ? [] : [log.file.path]);
  }

  /** What is in each file so far, in the order of the plan's services. */
  get accounts(): LogFileAccount[] {
    return this.#logs.flatMap((log) =>
      log === undefined ? [] : [{
        service: log.service,
        path: log.file.path,
        records: log.recordsWritten,
        bytes: log.bytesWritten,
        crc32: log.crc32,
      }]
    );
  }

  /** Why a log could not be written to its end: the first error of each. */
  get errors(): Error[] {
    return this.#logs.flatMap((log) => log?.file.error === undefined ? [] : [log.file.error]);
  }

  take(batch: FactBatch): void {
    for (let row = 0; row < batch.length; row++) {
      const service = this.#lines.write(batch, row, this.#writers);
      if (service < 0) continue;
      const log = this.#logs[service]!;
      if (log.records === log.ends.length) log.ends = grown(log.ends);
      log.ends[log.records++] = log.out.length;
      this.#generated++;
      if (log.out.length >= this.#bufferBytes) this.#write(log);
    }
  }

  flush(): void {
    for (const log of this.#logs) if (log !== undefined && log.records > 0) this.#write(log);
  }

  close(): Promise<void> {
    this.flush();
    for (const log of this.#logs) {
      if (log === undefined) continue;
      log.file.close();
      this.#tell(log);
    }
    return Promise.resolve();
  }

  #write(log: ServiceLog): void {
    const bytes = log.out.bytes.subarray(0, log.out.length);
    const records = log.file.append(bytes, log.ends, log.records);
    this.#delivered += records;
    if (records > 0) {
      const size = log.ends[records - 1]!;
      log.recordsWritten += records;
      log.bytesWritten += size;
      log.crc32 = crc32(bytes.subarray(0, size), log.crc32);
    }
    log.out.clear();
    log.records = 0;
    this.#tell(log);
  }

  #tell(log: ServiceLog): void {
    if (log.file.error === undefined || log.told) return;
    log.told = true;
    this.#onNotice(`cannot go on writing ${log.file.path}: ${log.file.error.message}; its further lines are not kept`);
  }
}

function openNew(path: string, open: OpenFile): RecordFile {
  try {
    return new RecordFile(path, open);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AlreadyExists") throw error;
    throw new Error(`${path} exists already, and a run never writes into the files of an earlier one`, {
      cause: error,
    });
  }
}

function grown(from: Uint32Array): Uint32Array {
  const larger = new Uint32Array(from.length * 2);
  larger.set(from);
  return larger;
}
