// Spans whose times cannot be those of the recording: clocks that were never set would make it last for years.

import type { SpanTable } from "../span_table.ts";

export interface StrayTally {
  /** Spans that lie more than a day from all others. */
  apart: number;
  /** Spans of more than a day. */
  long: number;
}

const DAY_NS = 86_400e9;
/** A run lasts 100 days at most; the last requests need some time to end. */
const LENGTH_NS_MAX = 99 * DAY_NS;
/** Fewer than one in so many are no part of the traffic. */
const STRAY_SHARE = 20;

/** Takes spans out of the table whose times are no times of the recording. */
export function dropStrays(table: SpanTable): StrayTally {
  const { rows } = table;
  const tally: StrayTally = { apart: 0, long: 0 };
  let first = Infinity, last = -Infinity, longest = 0;
  for (let row = 0; row < rows; row++) {
    first = Math.min(first, table.start[row]!);
    last = Math.max(last, table.start[row]!);
    longest = Math.max(longest, table.end[row]! - table.start[row]!);
  }
  if (last - first <= DAY_NS && longest <= DAY_NS) return tally;
  const { from, to } = mainPart(table);
  table.retain((row) => {
    const start = table.start[row]!;
    if (start < from || start > to) tally.apart++;
    else if (table.end[row]! - start > DAY_NS) tally.long++;
    else return true;
    return false;
  });
  return tally;
}

/** The longest stretch without a pause of a day, if that is almost all, or if the whole would be too long. */
function mainPart({ rows, start }: SpanTable): { readonly from: number; readonly to: number } {
  const times = start.slice(0, rows).sort();
  let from = 0, to = rows - 1, size = 0;
  for (let begin = 0, end = 0; end < rows; end++) {
    if (end + 1 < rows && times[end + 1]! - times[end]! <= DAY_NS) continue;
    if (end + 1 - begin > size) [from, to, size] = [begin, end, end + 1 - begin];
    begin = end + 1;
  }
  const isAlmostAll = (rows - size) * STRAY_SHARE < rows;
  if (!isAlmostAll && times[rows - 1]! - times[0]! <= LENGTH_NS_MAX) [from, to] = [0, rows - 1];
  return { from: times[from]!, to: Math.min(times[to]!, times[from]! + LENGTH_NS_MAX) };
}
