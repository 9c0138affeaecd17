// The wall-clock times of a run: when it starts, and how a time is written.

import { type Nanos, parseDuration } from "../base/time.ts";

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Reads a time as --start and --end take it: `now`, `-6h` (so long ago), or RFC 3339 up to nanoseconds.
 * @param nowMs the wall clock, milliseconds since the Unix epoch
 * @returns nanoseconds since the Unix epoch; undefined when the text is no such time
 */
export function parseTime(text: string, nowMs: number): bigint | undefined {
  const now = BigInt(nowMs) * 1_000_000n;
  if (text === "now") return now;
  const ago = /^[+-]/.test(text) ? parseDuration(text.slice(1)) : undefined;
  if (ago !== undefined) return text.startsWith("-") ? now - BigInt(ago) : now + BigInt(ago);
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, date, clock, fraction = "", zone] = match;
  const ms = Date.parse(`${date}T${clock}${zone!.toUpperCase()}`);
  return Number.isNaN(ms) || ms < 0 ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** A time as RFC 3339 in UTC, with as many digits of the second as it needs: none, 3, 6 or 9. */
export function formatTime(epochNs: bigint): string {
  const seconds = new Date(Number(epochNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  const fraction = String(epochNs % 1_000_000_000n).padStart(9, "0").replace(/(000)+$/, "");
  return `${seconds}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/** What is sent to a backend. */
export interface Sent {
  readonly logs: boolean;
  readonly traces: boolean;
}

/**
 * What a backend as it is installed by default would not show, as lines for the user; empty when it shows everything.
 * @param length for which the run goes on in any case
 */
export function backfillWarnings(startEpochNs: bigint, length: Nanos, nowMs: number, sent: Sent): string[] {
  const age = Number(BigInt(nowMs) * 1_000_000n - startEpochNs);
  const hour = 3.6e12;
  const warnings: string[] = [];
  if (sent.logs && age > 7 * 24 * hour) {
    warnings.push(
      "a default Loki refuses lines older than 7 days (reject_old_samples)",
    );
  } else if (sent.logs && age > 3 * hour) {
    warnings.push(
      "a default Loki does not find lines older than 3 hours until its chunks are flushed (query_ingesters_within)",
    );
  }
  if (sent.traces && age > hour) {
    warnings.push(
      "a default Tempo finds spans this old by trace id only, not by search (ingestion_time_range_slack)",
    );
  }
  if (sent.logs && age - length < -10 * 60e9) {
    warnings.push("a default Loki refuses lines more than 10 minutes ahead (creation_grace_period)");
  }
  return warnings;
}
