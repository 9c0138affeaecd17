// The log files of a replay, one for each service, as a run has them; a file is created with its first record.

import { createFile, type OpenFile, RecordFile } from "../sinks/record_file.ts";
import type { Delivery, Sink } from "../sinks/sink.ts";
import type { Outgoing } from "./outgoing.ts";

export interface ReplayLogsSettings {
  readonly directory: string;
  readonly runId: string;
  /** Takes a line for the user: a log that could not be written. */
  readonly onNotice: (text: string) => void;
  readonly open?: OpenFile;
  readonly makeFolder?: (path: string) => void;
}

const BUFFER_BYTES = 128 << 10;
/** Each holds a file open. What is more comes of lines whose service is no service. */
const FILES_MAX = 500;
const REST = "other";
const LINE_END = 10;
/** What the names of services may be, so that they can be folders. */
const NAME_BYTES_MAX = 63;

interface ServiceLog {
  readonly path: string;
  /** Undefined when it cannot be created. */
  readonly file: RecordFile | undefined;
  buffer: Uint8Array;
  length: number;
  readonly ends: number[];
  told: boolean;
}

export class ReplayLogs implements Sink<Outgoing> {
  readonly #settings: ReplayLogsSettings;
  readonly #logs = new Map<string, ServiceLog>();
  /** By the names of files, which differ in more than case. */
  readonly #byFile = new Map<string, ServiceLog>();
  #generated = 0;
  #delivered = 0;

  constructor(settings: ReplayLogsSettings) {
    this.#settings = settings;
  }

  /** So far, in records. */
  get delivery(): Delivery {
    const generated = this.#generated, delivered = this.#delivered;
    return { generated, delivered, rejected: 0, pending: generated - delivered };
  }

  /** The files that were written. */
  get paths(): string[] {
    return [...this.#byFile.values()].filter(({ file }) => file !== undefined).map(({ path }) => path);
  }

  take(batch: Outgoing): void {
    for (let row = 0; row < batch.length; row++) {
      const service = batch.serviceOfLine(row);
      if (service === undefined) continue;
      const log = this.#logs.get(service) ?? this.#logOf(service);
      this.#generated++;
      const bytes = batch.row(row);
      if (log.length + bytes.length + 1 > log.buffer.length) this.#write(log);
      if (bytes.length + 1 > log.buffer.length) log.buffer = new Uint8Array(bytes.length + 1);
      log.buffer.set(bytes, log.length);
      log.length += bytes.length;
      log.buffer[log.length++] = LINE_END;
      log.ends.push(log.length);
    }
  }

  flush(): void {
    for (const log of this.#byFile.values()) if (log.length > 0) this.#write(log);
  }

  close(): Promise<void> {
    this.flush();
    for (const log of this.#byFile.values()) {
      log.file?.close();
      this.#tell(log);
    }
    return Promise.resolve();
  }

  #logOf(service: string): ServiceLog {
    let name = folderName(service);
    let log = this.#byFile.get(name.toLowerCase());
    if (log === undefined && this.#byFile.size >= FILES_MAX) {
      if (!this.#byFile.has(REST)) {
        this.#settings.onNotice(`log lines of more than ${FILES_MAX} services: those of further ones go to ${REST}/`);
      }
      name = REST;
      log = this.#byFile.get(REST);
    }
    if (log === undefined) {
      log = this.#open(name);
      this.#byFile.set(name.toLowerCase(), log);
    }
    if (this.#logs.size < FILES_MAX * 4) this.#logs.set(service, log);
    return log;
  }

  #open(name: string): ServiceLog {
    const { directory, runId, onNotice, open = createFile, makeFolder = mkdir } = this.#settings;
    const folder = `${directory}/${name}`;
    const path = `${folder}/${name}-${runId}.log`;
    let file: RecordFile | undefined;
    try {
      makeFolder(folder);
      file = new RecordFile(path, open);
    } catch (error) {
      onNotice(`cannot write ${path}: ${error instanceof Error ? error.message : error}; its lines are not kept`);
    }
    return { path, file, buffer: new Uint8Array(BUFFER_BYTES), length: 0, ends: [], told: false };
  }

  #write(log: ServiceLog): void {
    if (log.length === 0) return;
    if (log.file !== undefined) this.#delivered += log.file.append(log.buffer.subarray(0, log.length), log.ends);
    log.length = log.ends.length = 0;
    this.#tell(log);
  }

  #tell(log: ServiceLog): void {
    const error = log.file?.error;
    if (error === undefined || log.told) return;
    log.told = true;
    this.#settings.onNotice(`cannot go on writing ${log.path}: ${error.message}; its further lines are not kept`);
  }
}

function mkdir(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
}

/** A service's name as that of a folder: what no folder of a run may have in its name becomes a dash. */
function folderName(service: string): string {
  const name = service.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "").slice(0, NAME_BYTES_MAX);
  return name === "" ? REST : name;
}
