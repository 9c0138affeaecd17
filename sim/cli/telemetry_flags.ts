// What `run` and `replay` have in common as commands: the flags that say when and where telemetry is sent, and the lines
// that say where it went.

import { type Command, Option } from "commander";
import { visible } from "../base/diagnostics.ts";
import type { RunFilesError } from "../run/run_files.ts";
import { parseTime } from "../run/times.ts";
import { TRACE_MODES, type TraceDestination, type TraceMode } from "../run/trace_destination.ts";
import type { Rows } from "../sinks/sink.ts";
import { parsePace, UsageError } from "./command.ts";
import { type OutputLost, printError } from "./console.ts";
import { projectPath, shownPath, userPath } from "./paths.ts";

export interface TelemetryFlags {
  /** Seconds of telemetry in one second of wall time; Infinity: as fast as it goes. */
  readonly pace: number;
  readonly start?: string;
  readonly end?: string;
  /** A folder; false with --no-logs; true when neither was given. */
  readonly logs: string | boolean;
  readonly results?: string;
  readonly traces: TraceMode;
  readonly otlpEndpoint?: string;
  readonly quiet?: boolean;
  readonly color: boolean;
  readonly json?: boolean;
}

/** Adds --pace, --start and --end. @param subject what starts and ends, in words */
export function addTimeFlags(command: Command, subject: { readonly starts: string; readonly ends: string }): Command {
  return command
    .addOption(
      new Option("--pace <pace>", "realtime, a multiple like 10x, or max").argParser(parsePace).default(1, "realtime"),
    )
    .option("--start <time>", `when ${subject.starts}: now, -6h, or RFC 3339 (default: now)`)
    .option("--end <time>", `when ${subject.ends}, instead of --start`);
}

/** Adds the flags that say where files and spans go. @param what is sent: `run` or `replay` */
export function addDestinationFlags(command: Command, what: "run" | "replay"): Command {
  return command
    .option("--logs <dir>", "folder of the log files (default: logs/)")
    .option("--no-logs", "write no log files")
    .option("--results <dir>", `folder of this ${what}'s files (default: runs/<${what} id>/)`)
    .addOption(new Option("--traces <mode>", "where spans go").choices(TRACE_MODES).default("auto"))
    .option(
      "--otlp-endpoint <url>",
      "collector, /v1/traces is appended (default: OTEL_EXPORTER_OTLP_ENDPOINT or http://localhost:4318)",
    );
}

/** Adds --quiet, --no-color and --json. */
export function addDisplayFlags(command: Command): Command {
  return command
    .option("-q, --quiet", "print no progress and no summary")
    .option("--no-color", "no colours")
    .option("--json", "print summary.json instead of the summary");
}

/** The moment of --start or --end, as the user wrote it and in nanoseconds since the epoch. */
export interface Moment {
  readonly flag: "--start" | "--end";
  readonly text: string;
  readonly epochNs: bigint;
}

/** @throws {UsageError} when both are given, or what is given is no time */
export function momentOf({ start, end }: TelemetryFlags): Moment {
  if (start !== undefined && end !== undefined) throw new UsageError("--start and --end exclude each other");
  const flag = end === undefined ? "--start" : "--end";
  const text = end ?? start ?? "now";
  const epochNs = parseTime(text, Date.now());
  if (epochNs === undefined) {
    throw new UsageError(`${flag} ${text}: it is now, -6h, or a time like 2026-11-23T12:00:00Z`);
  }
  return { flag, text, epochNs };
}

/**
 * When it starts, in nanoseconds since the epoch.
 * @param length from its start to its end
 * @throws {UsageError} when it would lie beyond the times that receivers know
 */
export function startOf({ flag, text, epochNs }: Moment, length: number, what: "run" | "replay"): bigint {
  const start = flag === "--start" ? epochNs : epochNs - BigInt(Math.ceil(length));
  // OTLP and Loki carry times as unsigned 64-bit nanoseconds; the year 2262 is where signed ones end. A replay begins up to
  // a second earlier, and a span at 0 would be one without a time.
  if (start < (what === "replay" ? 1_000_000_000n : 0n) || start > 9_000_000_000_000_000_000n) {
    throw new UsageError(`${flag} ${text}: the ${what} must lie between 1970 and 2255`);
  }
  return start;
}

export interface Folders {
  readonly runFolder: string;
  /** Undefined: no log files. */
  readonly logsFolder: string | undefined;
}

/** Where the files go. @param id of the run or the replay */
export function foldersOf({ logs, results }: TelemetryFlags, id: string): Folders {
  return {
    runFolder: results === undefined ? projectPath(`runs/${id}`) : userPath(results),
    logsFolder: logs === false ? undefined : typeof logs === "string" ? userPath(logs) : projectPath("logs"),
  };
}

/** How fast it goes, in words. */
export function paceText(pace: number): string {
  return pace === Infinity ? "as fast as it goes" : pace === 1 ? "in real time" : `at ${pace}x`;
}

/** Where spans went, when it has ended. */
export function tracesLine<T, Batch extends Rows>({ file, mode, to, delivery }: TraceDestination<T, Batch>): string {
  if (file === undefined) return `traces   ${visible(to[0]!)}`;
  const what = delivery.pending === 0
    ? ""
    : mode === "otlp"
    ? ` (${delivery.pending} spans that no collector has acknowledged)`
    : ` (without ${delivery.pending} spans that could not be written)`;
  return `traces   ${visible(shownPath(file))}${what}`;
}

/**
 * What is left of a loss at the end: it is told, and the account goes on.
 * @param kind of the errors that are losses; others are thrown again
 */
export function tellLoss(error: unknown, kind: typeof RunFilesError | typeof OutputLost): void {
  if (!(error instanceof kind)) throw error;
  printError(`error: ${visible(error.message)}\n`);
}
