// What a replay says when it has ended: as text for the terminal, and as JSON for programs.

import { visible } from "../base/diagnostics.ts";
import { formatDuration, type Nanos, nanos } from "../base/time.ts";
import { accountLine } from "../report/summary_text.ts";
import { paintFor } from "../report/terminal.ts";
import { formatCount, formatCounted } from "../report/units.ts";
import { formatTime } from "../run/times.ts";
import type { Delivery } from "../sinks/sink.ts";
import type { ReplayResult } from "./replay.ts";
import type { Noted } from "./tally.ts";

export interface ReplayReport {
  readonly id: string;
  readonly version: string;
  readonly recordings: readonly string[];
  readonly files: number;
  readonly keepIds: boolean;
  readonly result: ReplayResult;
  readonly delivery: { readonly spans: Delivery; readonly logs: Delivery };
}

/** Reasons that are listed; the JSON has all. */
const REASONS_SHOWN = 8;

export function replayText(report: ReplayReport, color: boolean, closing: readonly string[]): string {
  const paint = paintFor(color);
  const { result, delivery } = report;
  const { tally, account } = result;
  const ended = result.ended === "completed" ? "" : ", interrupted";
  const passes = result.passes === 1 ? "" : `, ${formatCount(result.passes)} times`;
  const lines = [
    `  ${paint.bold("replay")}: ${formatDuration(result.length)} of ${formatCounted(tally.spans, "span")} and ${
      formatCounted(tally.lines, "log record")
    }${passes}${ended}`,
    ...timesLines(result).map((line) => `  ${line}`),
  ];
  const notes = [
    ...filteredLines(result),
    ...account.late === 0 ? [] : [
      `${formatCounted(account.late, "record")} came up to ${
        formatDuration(nanos(account.lateNs))
      } later in the recording than its window holds: sent out of order`,
    ],
    ...result.leaps === 0 ? [] : [`${formatCounted(result.leaps, "pause")} of more than a day not waited for`],
    ...notedLines("kept", tally.odd),
  ];
  const skipped = notedLines("skipped", tally.skipped);
  if (notes.length + skipped.length > 0) lines.push("");
  lines.push(...notes.map((line) => `  ${line}`), ...skipped.map((line) => `  ${paint.yellow(line)}`));
  lines.push("", accountLine("spans", delivery.spans, paint), accountLine("logs", delivery.logs, paint));
  lines.push("", ...closing.map((line) => line === "" ? "" : `  ${line}`));
  return lines.join("\n") + "\n";
}

function timesLines({ recordedEpochNs, shiftSeconds }: ReplayResult): string[] {
  if (recordedEpochNs === undefined) return ["nothing to send"];
  const now = recordedEpochNs + BigInt(shiftSeconds) * 1_000_000_000n;
  const shift = formatDuration((Math.abs(shiftSeconds) * 1e9) as Nanos);
  const how = shiftSeconds === 0 ? "its own times" : `${shift} ${shiftSeconds > 0 ? "later" : "earlier"}`;
  return [`recorded from ${formatTime(recordedEpochNs)}`, `sent as of    ${formatTime(now)}, ${how}`];
}

function filteredLines({ account, outside }: ReplayResult): string[] {
  const lines: string[] = [];
  if (account.otherServices > 0) {
    lines.push(`left out: ${formatCounted(account.otherServices, "record")} of other services`);
  }
  if (outside > 0) lines.push(`left out: ${formatCounted(outside, "record")} outside --from and --to`);
  return lines;
}

function notedLines(what: string, noted: readonly Noted[]): string[] {
  const lines = noted.slice(0, REASONS_SHOWN).map(({ reason, count: times, first }) =>
    `${what}: ${formatCount(times)} × ${visible(reason)} (first: ${visible(first)})`
  );
  const more = noted.length - lines.length;
  return more > 0 ? [...lines, `${what}: and ${formatCounted(more, "reason")} more; --json has them`] : lines;
}

/** The replay's summary.json. */
export function replayJson(report: ReplayReport): Record<string, unknown> {
  const { result } = report;
  const { tally, account } = result;
  return {
    replay: {
      id: report.id,
      version: report.version,
      recordings: report.recordings,
      files: report.files,
      ended: result.ended,
      passes: result.passes,
      keepIds: report.keepIds,
      recorded: result.recordedEpochNs === undefined ? null : formatTime(result.recordedEpochNs),
      shiftSeconds: result.shiftSeconds,
      leaps: result.leaps,
      lengthMs: result.length / 1e6,
      behindMs: Math.round(result.behindMs),
    },
    read: {
      bytes: tally.bytes,
      spans: tally.spans,
      logs: tally.lines,
      skipped: tally.skipped,
      kept: tally.odd,
      otherServices: account.otherServices,
      outside: result.outside,
      late: { records: account.late, maxMs: account.lateNs / 1e6 },
    },
    delivery: report.delivery,
  };
}
