// What a user calls a recording: a file, a folder of files, or the folder of one of our runs with the logs that belong to
// it. Here it becomes a list of files.

import { basename, dirname, extname, join } from "node:path";
import { type Manifest, parseManifest } from "../run/manifest.ts";
import { RUN_FILES } from "../run/run_files.ts";

/** Thrown when a recording cannot be used; the message says why. */
export class RecordingError extends Error {
  override name = "RecordingError";
}

export interface RecordingPart {
  readonly path: string;
  /** Whose log it is, as far as its name tells; lines that name a service themselves are right. */
  readonly service: string;
  readonly bytes: number;
}

export interface Recording {
  readonly parts: readonly RecordingPart[];
  /** What the user should know of what was found, as lines. */
  readonly notices: readonly string[];
}

/** Folders below a folder that are looked into, and files in all of them: more are a mistake. */
const DEPTH_MAX = 8;
const FILES_MAX = 10_000;
const SUMMARY_BYTES_MAX = 64 << 20;
/** What a run's id looks like in the names of its files; see newRunId. */
const RUN_ID = /-\d{8}-\d{6}-[0-9a-f]{8}$/;

/**
 * Finds the files of recordings.
 * @param paths as they are on this machine
 * @param defaultLogs where runs write their logs if nobody says otherwise
 * @throws {RecordingError} for a path that is not there or holds nothing
 */
export function findRecording(
  paths: readonly string[],
  defaultLogs: string,
  shown: (path: string) => string = (path) => path,
): Recording {
  const found = new Map<string, RecordingPart>();
  const notices: string[] = [];
  const kinds = paths.map((path) => ({ path, kind: kindOf(path, shown) }));
  const runs = kinds.filter(({ kind }) => kind === "run");
  const folders = kinds.filter(({ kind }) => kind === "folder").map(({ path }) => path);
  const logsOfRuns = new Set<string>();
  for (const { path } of runs) {
    const traces = join(path, RUN_FILES.traces);
    if (isFile(traces)) add(found, traces);
    else notices.push(`${shown(path)} has no ${RUN_FILES.traces}: its spans went to a collector, or were not wanted`);
    const id = runIdOf(path), manifest = manifestOf(path);
    const records = join(path, RUN_FILES.logs), hasRecords = isFile(records);
    if (hasRecords) add(found, records);
    const own = manifest?.logs.folder === undefined ? defaultLogs : join(path, manifest.logs.folder);
    let count = 0;
    for (const folder of new Set([...folders, own, defaultLogs])) {
      const logs = logsOf(folder, id);
      if (logs.length > 0) logsOfRuns.add(folder);
      for (const log of logs) add(found, log);
      count += logs.length;
    }
    if (count === 0) notices.push(...withoutLogs(manifest, hasRecords, `${shown(path)} has no log files`, shown(own)));
  }
  for (const { path, kind } of kinds) {
    if (kind === "file") add(found, path);
    if (kind !== "folder" || logsOfRuns.has(path)) continue;
    const before = found.size;
    for (const file of filesBelow(path, 0)) {
      if (found.size > FILES_MAX) throw new RecordingError(`${shown(path)} holds more than ${FILES_MAX} files`);
      add(found, file);
    }
    if (found.size === before) throw new RecordingError(`${shown(path)} holds no files`);
  }
  if (found.size === 0) throw new RecordingError(notices.length > 0 ? notices.join("; ") : "there is nothing to read");
  return { parts: [...found.values()], notices };
}

/** What to say of a run without log files. */
function withoutLogs(manifest: Manifest | undefined, hasRecords: boolean, what: string, folder: string): string[] {
  switch (manifest?.logs.to) {
    case "none":
      return [];
    case "otlp":
      return [
        `${what}: its lines went to a collector${hasRecords ? ", but for those that it did not acknowledge" : ""}`,
      ];
    default:
      return [`${what} in ${folder}: name the folder that holds them, if there is one`];
  }
}

function manifestOf(folder: string): Manifest | undefined {
  try {
    const path = join(folder, RUN_FILES.manifest);
    return Deno.statSync(path).size > SUMMARY_BYTES_MAX ? undefined : parseManifest(Deno.readTextFileSync(path));
  } catch {
    return undefined;
  }
}

function add(found: Map<string, RecordingPart>, path: string): void {
  found.set(path, { path, service: serviceOf(path), bytes: Deno.statSync(path).size });
}

function kindOf(path: string, shown: (path: string) => string): "file" | "folder" | "run" {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new RecordingError(`there is no ${shown(path)}`);
    throw new RecordingError(`cannot read ${shown(path)}: ${error instanceof Error ? error.message : error}`);
  }
  if (!info.isDirectory) return "file";
  return isFile(join(path, RUN_FILES.traces)) || isFile(join(path, RUN_FILES.summary)) ? "run" : "folder";
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** What the run's summary says, else its folder's name. */
function runIdOf(folder: string): string {
  try {
    const path = join(folder, RUN_FILES.summary);
    if (Deno.statSync(path).size <= SUMMARY_BYTES_MAX) {
      const { run, replay } = JSON.parse(Deno.readTextFileSync(path)) as Record<
        "run" | "replay",
        { id?: unknown } | null
      >;
      const id = run?.id ?? replay?.id;
      if (typeof id === "string" && id !== "") return id;
    }
  } catch {
    // Then its name has to do.
  }
  return basename(folder);
}

/** `<folder>/<service>/<service>-<run id>.log` */
function logsOf(folder: string, runId: string): string[] {
  return entriesOf(folder).filter((entry) => entry.isDirectory)
    .map(({ name }) => join(folder, name, `${name}-${runId}.log`)).filter(isFile).sort();
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch {
    return [];
  }
}

/** Hidden files and links to folders are left alone. */
function* filesBelow(folder: string, depth: number): Iterable<string> {
  if (depth > DEPTH_MAX) return;
  const entries = entriesOf(folder).filter(({ name }) => !name.startsWith("."));
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesBelow(path, depth + 1);
    else if (entry.isFile || (entry.isSymlink && isFile(path))) yield path;
  }
}

/** `payment/payment-20261123-120000-1a2b3c4d.log` and `payment.log.2.gz` are payment's. */
export function serviceOf(path: string): string {
  let stem = basename(path);
  for (let end = extname(stem); end !== "" && stem !== end; end = extname(stem)) stem = stem.slice(0, -end.length);
  stem = stem.replace(RUN_ID, "");
  const folder = basename(dirname(path));
  return folder !== "" && stem.startsWith(`${folder}-`) ? folder : stem;
}
