// deno task import: makes a scenario of recorded traffic.

import { Command } from "commander";
import { basename } from "node:path";
import { visible } from "../base/diagnostics.ts";
import { formatDuration, type Nanos } from "../base/time.ts";
import { importRecording, type ImportReport } from "../replay/import/import_recording.ts";
import { findRecording, RecordingError } from "../replay/recording.ts";
import { formatCount, formatCounted } from "../report/units.ts";
import { FILE_BYTES_MAX } from "../scenario/limits.ts";
import { loadScenario } from "../scenario/load.ts";
import { UsageError } from "./command.ts";
import { print, printError } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { writeUserFile } from "./output_files.ts";
import { projectPath, shownPath, userPath } from "./paths.ts";

interface ImportFlags {
  readonly output?: string;
  readonly name?: string;
  readonly attributes?: boolean;
  readonly messages?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Recordings are what replay reads: the folder of a run, OTLP JSON or protobuf of a Collector, answers of Tempo's and Jaeger's
APIs, log files; compressed with gzip or zstd too. Values of attributes and messages are left out unless they are asked for.

Examples:
  deno task import traces.jsonl -o scenario.yaml
  deno task import traces.jsonl logs/ -o scenario.yaml
  deno task import runs/20261125-120000-1a2b3c4d | deno task validate /dev/stdin
`;

export function importCommand(finish: (code: ExitCode) => void): Command {
  return new Command("import")
    .summary("make a scenario of recorded traffic")
    .description(
      "Makes a scenario of recorded traffic: services, endpoints, calls, times, errors, the rate over time, and the " +
        "incident, as faults at its times. Comments say how sure each part is.",
    )
    .argument("<recordings...>", "recorded traces, and the logs that belong to them")
    .option("-o, --output <file>", "where the scenario goes (default: standard output)")
    .option("--name <name>", "what it is called (default: the name of the file that is written)")
    .option("--attributes", "keep values of the spans' own attributes")
    .option("--messages", "keep messages of errors")
    .option("-q, --quiet", "say nothing about what was read")
    .option("--json", "an account of what was read as JSON on standard output; needs --output")
    .addHelpText("after", EXAMPLES)
    .action(async (paths: string[], flags: ImportFlags) => finish(await importFiles(paths, flags)));
}

async function importFiles(paths: readonly string[], flags: ImportFlags): Promise<ExitCode> {
  if (flags.json && flags.output === undefined) throw new UsageError("--json needs --output: both would be printed");
  const name = flags.name ?? basename(flags.output ?? paths[0]!).replace(/(?:\.[A-Za-z0-9]+)+$/, "");
  let report: ImportReport;
  try {
    const recording = findRecording(paths.map(userPath), projectPath("logs"), shownPath);
    report = await importRecording({
      recording,
      shown: shownPath,
      name: name.trim() === "" ? "imported" : name,
      attributes: flags.attributes === true,
      messages: flags.messages === true,
    });
  } catch (error) {
    if (error instanceof RecordingError) throw new UsageError(error.message);
    throw error;
  }
  const { text, account } = report;
  if (text === undefined) {
    tell(report, flags);
    throw new UsageError("there is no request in what was read: nothing to make a scenario of");
  }
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > FILE_BYTES_MAX) {
    tell(report, flags);
    throw new UsageError(
      `a scenario of ${formatCount(account.services)} services and ${
        formatCount(account.endpoints)
      } endpoints would have ` +
        `${formatCount(bytes)} bytes, and ${formatCount(FILE_BYTES_MAX)} is the most: import a part of the recording`,
    );
  }
  // What is handed over passes validate, whatever was in the recording.
  loadScenario({ path: flags.output ?? "scenario.yaml", text, sets: [], env: new Map() });
  if (flags.output === undefined) print(text);
  else writeUserFile(flags.output, text);
  tell(report, flags);
  if (flags.json) print(JSON.stringify(account, undefined, 2) + "\n");
  return ExitCode.success;
}

function tell({ account }: ImportReport, flags: ImportFlags): void {
  if (flags.quiet || flags.json) return;
  const { spans, lines, traces, services, endpoints, edges, faults, length_s, skipped, odd } = account;
  const to = flags.output === undefined ? "" : `${shownPath(userPath(flags.output))}: `;
  const linesText = lines === 0 ? "" : ` and ${formatCounted(lines, "log line")}`;
  if (endpoints > 0) {
    printError(
      `${to}${formatCounted(services, "service")}, ${formatCounted(endpoints, "endpoint")}, ` +
        `${formatCounted(edges, "call")} and ${formatCounted(faults, "fault")} of ` +
        `${formatCounted(spans, "span")}${linesText} in ${formatCounted(traces, "trace")} over ` +
        `${formatDuration(Math.round(length_s * 1e9) as Nanos)}\n`,
    );
  }
  for (const { reason, count, first } of skipped) {
    printError(`left out: ${formatCount(count)} × ${visible(reason)} (first: ${visible(first)})\n`);
  }
  for (const { reason, count } of odd) printError(`note: ${formatCount(count)} × ${visible(reason)}\n`);
}
