// The outputs that `--out` names: k6's words for what is written and where, and the files that they open.

import { nearest } from "../base/diagnostics.ts";
import type { Plan } from "../plan/plan.ts";
import type { PointFormat } from "./points.ts";
import { CsvPoints, TIME_FORMATS, type TimeFormat } from "./points_csv.ts";
import { JsonPoints } from "./points_json.ts";
import type { OpenFile, OutputFile } from "./record_file.ts";

/** Thrown when an output cannot be used; the message says why. */
export class OutputError extends Error {
  override name = "OutputError";
}

interface OutputKind {
  /**
   * Reads what stands after the `=`; empty when there is none.
   * @throws {OutputError} when it cannot be understood
   */
  parse(argument: string): { readonly file: string; format(plan: Plan): PointFormat };
}

/** Every sample as a line of JSON, or as a row. */
const OUTPUTS = {
  json: {
    parse: (argument) => ({ file: argument === "" ? "-" : argument, format: (plan) => new JsonPoints(plan) }),
  },
  csv: {
    parse(argument) {
      const { file, timeFormat } = parseCsv(argument);
      return { file, format: () => new CsvPoints(timeFormat) };
    },
  },
} as const satisfies { readonly [type: string]: OutputKind };

/** k6's default. */
const CSV_FILE = "file.csv";

function parseCsv(argument: string): { file: string; timeFormat: TimeFormat } {
  let file = CSV_FILE, timeFormat: TimeFormat = "unix";
  if (!argument.includes("=")) return { file: argument === "" ? file : argument, timeFormat };
  for (const pair of argument.split(",")) {
    const equals = pair.indexOf("=");
    const name = equals === -1 ? pair : pair.slice(0, equals), value = equals === -1 ? "" : pair.slice(equals + 1);
    if (value === "") throw new OutputError(`csv: "${pair}" is not name=value`);
    if (name === "fileName") file = value;
    else if (name === "timeFormat") {
      const format = TIME_FORMATS.find((each) => each === value);
      if (format === undefined) {
        throw new OutputError(`csv: there is no timeFormat "${value}"${hint(value, TIME_FORMATS)}`);
      }
      timeFormat = format;
    } else if (name === "saveInterval") {
      throw new OutputError("csv: there is no saveInterval here, points are written as the run goes on");
    } else throw new OutputError(`csv: there is no setting "${name}"${hint(name, ["fileName", "timeFormat"])}`);
  }
  return { file, timeFormat };
}

function hint(word: string, words: readonly string[]): string {
  const [meant] = nearest(word, words);
  return meant === undefined ? `: it is one of ${words.join(", ")}` : `: did you mean "${meant}"?`;
}

/** An output that a user asks for. */
export interface Output {
  readonly type: string;
  /** As the user gave it; undefined for standard output. */
  readonly file: string | undefined;
  /** The file's name ends in .gz. */
  readonly gzip: boolean;
  format(plan: Plan): PointFormat;
}

/**
 * Reads an `--out`: `json=points.json`, `csv=points.csv.gz`, `json` or `json=-` for standard output. As in k6, `csv` alone
 * is `csv=file.csv`.
 * @throws {OutputError} when it cannot be understood
 */
export function parseOutput(text: string): Output {
  const equals = text.indexOf("=");
  const type = equals === -1 ? text : text.slice(0, equals);
  const kind: OutputKind | undefined = Object.hasOwn(OUTPUTS, type) ? OUTPUTS[type as keyof typeof OUTPUTS] : undefined;
  if (kind === undefined) {
    const extension = /\.(json|csv)(?:\.gz)?$/.exec(text)?.[1];
    const meant = equals === -1 && extension !== undefined ? `: did you mean "${extension}=${text}"?` : undefined;
    throw new OutputError(`there is no output "${type}"${meant ?? hint(type, Object.keys(OUTPUTS))}`);
  }
  const { file, format } = kind.parse(equals === -1 ? "" : text.slice(equals + 1));
  return { type, file: file === "-" ? undefined : file, gzip: file.endsWith(".gz"), format };
}

/** An output whose file is open, and as it was before. */
export interface OpenOutput {
  readonly output: Output;
  /** For the user. */
  readonly name: string;
  /** Empties the file and gives it. */
  readonly open: OpenFile;
  /** Closes the file, and removes it if it was not there before. Does nothing once it was given away. */
  release(): void;
}

const FILE_MODE = 0o644;

/**
 * Opens the files of all outputs, or none of them. Like k6 it replaces a file that is there, but changes nothing before
 * the run begins.
 * @param pathOf where a file that the user named is
 * @param inputs paths of files that must not be written over
 * @throws {OutputError} when a file cannot be written, or two outputs are one
 */
export function openOutputs(
  outputs: readonly Output[],
  pathOf: (file: string) => string,
  inputs: readonly string[],
): OpenOutput[] {
  const opened: OpenOutput[] = [];
  const taken = new Map(inputs.map((path) => [realPath(path), "the scenario itself"]));
  try {
    for (const output of outputs) {
      const name = output.file ?? "standard output";
      const file = output.file === undefined ? standardOutput() : openFile(pathOf(output.file));
      opened.push({ output, name, ...file });
      const where = output.file === undefined ? "" : realPath(pathOf(output.file));
      const other = taken.get(where);
      if (other !== undefined) throw new OutputError(`--out ${output.type}: ${name} is already ${other}`);
      taken.set(where, `where --out ${output.type} writes`);
    }
  } catch (error) {
    for (const each of opened) each.release();
    throw error;
  }
  return opened;
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

function openFile(path: string): Pick<OpenOutput, "open" | "release"> {
  let file: Deno.FsFile, isNew = true;
  try {
    try {
      file = Deno.openSync(path, { createNew: true, write: true, mode: FILE_MODE });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      isNew = false;
      file = Deno.openSync(path, { write: true });
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/: open '.*'$/, "") : error;
    throw new OutputError(`cannot write ${path}: ${reason}`);
  }
  let given = false;
  return {
    open() {
      given = true;
      // A pipe or a device has nothing to be emptied of.
      if (!isNew && file.statSync().isFile) file.truncateSync(0);
      return file;
    },
    release() {
      if (given) return;
      file.close();
      if (isNew) Deno.removeSync(path);
    },
  };
}

/** What it has been given cannot be taken back, and it stays open for others. */
function standardOutput(): Pick<OpenOutput, "open" | "release"> {
  const file: OutputFile = {
    writeSync: (bytes) => Deno.stdout.writeSync(bytes),
    truncateSync: () => {},
    close: () => {},
  };
  return { open: () => file, release: () => {} };
}
