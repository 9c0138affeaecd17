// deno task replay: sends recorded telemetry again as if it happened now.

import { Command, InvalidArgumentError } from "commander";
import { basename, join } from "node:path";
import denoJson from "../../deno.json" with { type: "json" };
import { visible } from "../base/diagnostics.ts";
import { formatDuration, type Nanos, nanos, parseDuration } from "../base/time.ts";
import { findRecording, type Recording, RecordingError } from "../replay/recording.ts";
import { PatternError, Redaction } from "../replay/redaction.ts";
import { type Bound, passPeriod, sentLength } from "../replay/bounds.ts";
import { type RecordFilter, RecordSource } from "../replay/record_source.ts";
import { Replay, type ReplayResult } from "../replay/replay.ts";
import { Tally } from "../replay/tally.ts";
import { replayJson, type ReplayReport, replayText } from "../replay/replay_report.ts";
import { ReplaySinks } from "../replay/replay_sinks.ts";
import { WallClock } from "../replay/wall_clock.ts";
import { claimRunFolder, newRunId, RUN_FILES, RunFilesError, writeRunFile } from "../run/run_files.ts";
import { backfillWarnings, formatTime, parseTime } from "../run/times.ts";
import { readOtlpOptions } from "../sinks/otlp_options.ts";
import { collect, parsed, UsageError } from "./command.ts";
import { colorOf, OutputLost, printPatiently } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { projectPath, shownPath, userPath } from "./paths.ts";
import { ProgressDisplay } from "./progress_display.ts";
import { onSignals } from "./signals.ts";
import {
  addDestinationFlags,
  addDisplayFlags,
  addTimeFlags,
  foldersOf,
  momentOf,
  paceText,
  startOf,
  type TelemetryFlags,
  tellLoss,
  tracesLine,
} from "./telemetry_flags.ts";

interface ReplayFlags extends TelemetryFlags {
  /** How often; Infinity without a number; absent: once. */
  readonly loop?: number | true;
  readonly keepIds?: boolean;
  readonly only?: readonly string[];
  readonly from?: Bound;
  readonly to?: Bound;
  readonly redact?: readonly string[];
}

const EXAMPLES = `
A recording is the folder of a run, a file, or a folder of files: OTLP JSON or protobuf (the Collector's file exporter),
answers of Tempo's and Jaeger's API, log files (JSON lines, logfmt, nginx, plain lines with a time); gzip or zstd or as they
are. What a file holds tells its format. Times are shifted by whole seconds, so that all of them keep their digits.

Exit codes:
  0 all went well, 104 invalid flags or nothing to replay, 105 interrupted, 109 internal error, 110 telemetry was not delivered

Examples:
  deno task replay runs/20261123-120000-1a2b3c4d                 a run, with its logs
  deno task replay traces.jsonl app.log.gz --pace 10x
  deno task replay jaeger-trace.json --start -10m --pace max     as if it happened ten minutes ago
  deno task replay traces.jsonl --end now --pace max             as if it had just ended
  deno task replay traces.jsonl --only service=payment --from 30s --to 2m
  deno task replay traces.jsonl --redact 'user.*' --redact '/\\d{16}/'
`;

export function replayCommand(finish: (code: ExitCode) => void): Command {
  const command = new Command("replay")
    .summary("send recorded telemetry again, as if it happened now")
    .description("Sends recorded traces and logs again as if they happened now, in step with each other.")
    .argument("<recordings...>", "folders of runs, files, or folders of files");
  addTimeFlags(command, { starts: "the first record happens", ends: "the last one happens" })
    .option("--loop [times]", "again and again, each time later and with other ids", parseTimes)
    .option("--keep-ids", "keep trace and span ids instead of replacing them consistently")
    .option("--only <service=names>", "only these services: service=payment,cart (repeatable)", collectServices)
    .option("--from <time>", "from this time of the recording on: 30s after its beginning, or RFC 3339", parseBound)
    .option("--to <time>", "before this time of the recording", parseBound)
    .option(
      "--redact <pattern>",
      "hide the values of attributes and fields of this name (user.*), or what matches /an expression/ (repeatable)",
      collect,
    );
  addDestinationFlags(command, "replay");
  return addDisplayFlags(command)
    .addHelpText("after", EXAMPLES)
    .action(async (paths: string[], flags: ReplayFlags) => finish(await replay(paths, flags)));
}

function parseTimes(text: string): number {
  const times = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return parsed(times > 0 ? times : undefined, "It is a number of times, or nothing for without end.");
}

function collectServices(text: string, before: readonly string[] = []): string[] {
  const match = /^service=(.+)$/.exec(text);
  const names = (match?.[1] ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("It is service=NAME, or service=NAME,NAME.");
  return [...before, ...names];
}

function parseBound(text: string): Bound {
  const after = parseDuration(text);
  if (after !== undefined) return { kind: "relative", after };
  const epochNs = /^\d{4}-/.test(text) ? parseTime(text, 0) : undefined;
  return parsed(
    epochNs === undefined ? undefined : { kind: "absolute", epochNs },
    "It is a time since the recording's beginning like 2m30s, or one like 2026-11-23T12:00:00Z.",
  );
}

function passesOf({ loop, keepIds, pace }: ReplayFlags): number {
  if (loop === undefined) return 1;
  if (keepIds === true) {
    throw new UsageError("--loop and --keep-ids exclude each other: a second time the same ids would be other spans'");
  }
  if (loop === true && pace === Infinity) {
    throw new UsageError("--loop without a number and --pace max: nobody could stop it in time; write --loop 10");
  }
  return loop === true ? Infinity : loop;
}

/** Runs what may find the user's input unusable, and says so as a usage error. */
async function usable<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const isTheirs = error instanceof RecordingError || error instanceof PatternError ||
      error instanceof RunFilesError;
    throw isTheirs ? new UsageError(error.message) : error;
  }
}

/** When the first record happens: nanoseconds since the epoch. For --end the recording is read once before. */
async function replayStart(
  flags: ReplayFlags,
  parts: Recording["parts"],
  filter: RecordFilter,
  passes: number,
): Promise<bigint> {
  const moment = momentOf(flags);
  if (moment.flag === "--start") return startOf(moment, 0, "replay");
  if (passes === Infinity) throw new UsageError("--end and --loop without a number exclude each other: it has no end");
  const source = await RecordSource.open(parts, filter, new Tally(), shownPath);
  try {
    const length = await sentLength(source, flags) ?? 0;
    return startOf(moment, (passes - 1) * passPeriod(length) * 1e9 + length, "replay");
  } finally {
    source.close();
  }
}

async function replay(paths: readonly string[], flags: ReplayFlags): Promise<ExitCode> {
  const otlp = readOtlpOptions((name) => Deno.env.get(name), flags.otlpEndpoint);
  const passes = passesOf(flags);
  const redaction = await usable(() => new Redaction(flags.redact ?? []));
  const recording = await usable(() => findRecording(paths.map(userPath), projectPath("logs"), shownPath));
  const filter = { services: new Set(flags.only ?? []), redaction: redaction.isEmpty ? undefined : redaction };
  const startEpochNs = await usable(() => replayStart(flags, recording.parts, filter, passes));
  const id = newRunId();
  const { runFolder, logsFolder } = foldersOf(flags, id);
  const display = new ProgressDisplay({ quiet: flags.quiet === true, color: flags.color });
  const notice = (text: string): void => display.notice(visible(text));
  const recordings = paths.map((path) => shownPath(userPath(path)));
  const claimed = await usable(() =>
    claimRunFolder(
      runFolder,
      JSON.stringify({ recordings, flags: calledWith(flags) }, undefined, 2) + "\n",
      RUN_FILES.replay,
    )
  );
  const sinks = await ReplaySinks.open({
    runId: id,
    logsFolder,
    runFolder,
    traces: flags.traces,
    otlp,
    onNotice: notice,
    showPath: shownPath,
  });
  display.lines(head(recording, startEpochNs, flags, logsFolder, sinks));
  for (
    const text of [
      ...recording.notices,
      ...(flags.traces === "file" || flags.traces === "none" ? [] : otlp.notices),
      ...backfillWarnings(startEpochNs, 0 as Nanos, Date.now(), {
        logs: logsFolder !== undefined,
        traces: flags.traces !== "none",
      }),
    ]
  ) notice(text);

  const session = new Replay({
    parts: recording.parts,
    filter,
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
    pace: flags.pace,
    startEpochNs,
    passes,
    keepIds: flags.keepIds === true,
    idKey: crypto.getRandomValues(new Uint32Array(4)),
    sinks,
    clock: new WallClock(),
    showPath: shownPath,
    progress: ({ now, end }) => {
      const { spans, logs } = sinks.delivery;
      display.progress({ now, end, spans: spans.generated, logs: logs.generated, faults: [], workloads: [] });
    },
  });
  let isOver = false;
  onSignals(() => {
    notice(
      isOver
        ? "the replay is over, its summary is being written; once more ends at once"
        : "interrupted: writing what was sent; once more ends at once",
    );
    session.interrupt();
  });
  let result: ReplayResult;
  try {
    result = await usable(() => session.execute());
  } catch (error) {
    claimed.release();
    throw error;
  } finally {
    isOver = true;
    display.end();
  }
  return await finish();

  async function finish(): Promise<ExitCode> {
    const report: ReplayReport = {
      id,
      version: denoJson.version,
      recordings,
      files: recording.parts.length,
      keepIds: flags.keepIds === true,
      result,
      delivery: sinks.delivery,
    };
    const json = JSON.stringify(replayJson(report), undefined, 2) + "\n";
    const { tally } = result;
    const isEmpty = result.recordedEpochNs === undefined;
    if (result.behindMs > 1000) {
      notice(`the replay fell behind its pace by up to ${formatDuration(nanos(result.behindMs * 1e6))}`);
    }
    let code = codeOf(result, sinks), written = "not written";
    const failed = (error: unknown, kind: typeof RunFilesError | typeof OutputLost): void => {
      tellLoss(error, kind);
      if (code === ExitCode.success) code = ExitCode.undelivered;
    };
    try {
      if (isEmpty) claimed.release();
      else {
        writeRunFile(runFolder, RUN_FILES.summary, json);
        written = shownPath(join(runFolder, RUN_FILES.summary));
      }
    } catch (error) {
      failed(error, RunFilesError);
    }
    // A full disk costs the file, but not the account of the replay.
    try {
      if (flags.json) await printPatiently(json);
      else if (!flags.quiet) {
        const color = colorOf(Deno.stdout, flags.color);
        await printPatiently(replayText(report, color, closing(id, logsFolder, sinks, written)));
      }
    } catch (error) {
      failed(error, OutputLost);
    }
    if (isEmpty && result.ended === "completed") {
      throw new UsageError(
        `there is nothing to replay in ${recordings.join(", ")}` +
          (tally.spans + tally.lines === 0 ? "" : ": what is there is left out by --only, --from or --to"),
      );
    }
    return code;
  }
}

/** The flags that change what is sent, for the replay's own file; patterns to redact may be telling, so they are counted. */
function calledWith({ pace, start, end, loop, keepIds, only, from, to, redact }: ReplayFlags): Record<string, unknown> {
  const bound = (time: Bound | undefined): string | undefined =>
    time === undefined ? undefined : time.kind === "relative" ? formatDuration(time.after) : formatTime(time.epochNs);
  return {
    pace: pace === Infinity ? "max" : `${pace}x`,
    start: end === undefined ? start ?? "now" : undefined,
    end,
    loop: loop === true ? "unlimited" : loop,
    keepIds: keepIds === true,
    only,
    from: bound(from),
    to: bound(to),
    redact: redact?.length,
  };
}

function codeOf(result: ReplayResult, sinks: ReplaySinks): ExitCode {
  if (result.ended === "interrupted") return ExitCode.interrupted;
  const { spans, logs } = sinks.delivery;
  const lost = spans.pending + spans.rejected + logs.pending + logs.rejected;
  return lost > 0 ? ExitCode.undelivered : ExitCode.success;
}

function head(
  recording: Recording,
  startEpochNs: bigint,
  { pace, loop }: ReplayFlags,
  logsFolder: string | undefined,
  sinks: ReplaySinks,
): string[] {
  const { parts } = recording;
  const what = parts.length === 1 ? basename(parts[0]!.path) : `${parts.length} files`;
  const loops = loop === undefined ? "" : loop === true ? ", again and again (Ctrl-C ends it)" : `, ${loop} times`;
  return [
    visible(`replay of ${what} as of ${formatTime(startEpochNs)} ${paceText(pace)}${loops}`),
    `  logs    ${logsFolder === undefined ? "not written (--no-logs)" : `${shownPath(logsFolder)}/<service>/`}`,
    ...sinks.traces.to.map((line, i) => `${i === 0 ? "  traces  " : " ".repeat(10)}${visible(line)}`),
  ];
}

/** Where everything is. */
function closing(id: string, logsFolder: string | undefined, sinks: ReplaySinks, summary: string): string[] {
  const lines: string[] = [];
  if (sinks.logFiles.length > 0) lines.push(`logs     ${shownPath(logsFolder!)}/<service>/<service>-${id}.log`);
  if (sinks.traces.file !== undefined || sinks.delivery.spans.generated > 0) lines.push(tracesLine(sinks.traces));
  lines.push(`summary  ${summary}`);
  return lines;
}
