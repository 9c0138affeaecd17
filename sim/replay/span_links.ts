// Which span belongs to which: spans of a trace together, each with its parent, the request that it is part of and the
// call that led to it. Nothing here calls itself: recordings with 10,000 levels, or with circles, are only slow to read.

import { SpanFlag, SpanRole, type SpanTable } from "./span_table.ts";

/** What a span is within its trace. */
export const SpanClass = {
  /** Work inside a request, or a detail of a call: part of what is around it. */
  part: 0,
  /** A request that a service handled. */
  request: 1,
  /** A call that a request made. */
  call: 2,
  /** A second record of a span with the same id. */
  duplicate: 3,
} as const;

export interface LinkTally {
  /** Spans whose parent is not in the recording; they begin a tree of their own. */
  orphans: number;
  duplicates: number;
  /** Spans that were their own ancestors. */
  circles: number;
  /** Spans that end before they start, by the clocks that wrote them: taken to have no length. */
  backwards: number;
  /** Calls that no request made. */
  loose: number;
}

export interface SpanLinks {
  /** Rows by trace, then by start. */
  readonly order: Uint32Array;
  /** Where in `order` each trace begins; one more than there are traces. */
  readonly traceStarts: Uint32Array;
  readonly kind: Uint8Array;
  /** The request around a row; -1 for none. */
  readonly owner: Int32Array;
  /** The outermost call between a row and its owner; -1 for none. */
  readonly via: Int32Array;
  readonly tally: LinkTally;
}

/** Links all spans. Afterwards the table's ids are gone, to make room. */
export function linkSpans(table: SpanTable): SpanLinks {
  const { rows } = table;
  const tally: LinkTally = { orphans: 0, duplicates: 0, circles: 0, backwards: 0, loose: 0 };
  for (let row = 0; row < rows; row++) {
    if (table.end[row]! >= table.start[row]!) continue;
    tally.backwards++;
    table.end[row] = table.start[row]!;
  }
  const { order, traceStarts } = byTrace(table);
  const kind = new Uint8Array(rows);
  const parent = findParents(table, order, traceStarts, kind, tally);
  table.spanHigh =
    table.spanLow =
    table.parentHigh =
    table.parentLow =
      new Uint32Array(0);
  cutCircles(parent, tally);
  const { owner, via } = classify(table, order, parent, kind);
  for (let row = 0; row < rows; row++) if (kind[row] === SpanClass.call && owner[row]! < 0) tally.loose++;
  return { order, traceStarts, kind, owner, via, tally };
}

/** Traces longer than this are sorted by the library; shorter ones, nearly in order already, by insertion. */
const INSERTION_MAX = 64;

function byTrace(table: SpanTable): { order: Uint32Array; traceStarts: Uint32Array } {
  const { rows, traces, trace, start } = table;
  const traceStarts = new Uint32Array(traces + 1);
  for (let row = 0; row < rows; row++) traceStarts[trace[row]! + 1]!++;
  for (let index = 0; index < traces; index++) traceStarts[index + 1]! += traceStarts[index]!;
  const next = traceStarts.slice();
  const order = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) order[next[trace[row]!]!++] = row;
  for (let index = 0; index < traces; index++) {
    const from = traceStarts[index]!, to = traceStarts[index + 1]!;
    if (to - from > INSERTION_MAX) {
      order.subarray(from, to).sort((a, b) => start[a]! - start[b]! || a - b);
      continue;
    }
    for (let i = from + 1; i < to; i++) {
      const row = order[i]!, at = start[row]!;
      let j = i - 1;
      while (j >= from && start[order[j]!]! > at) {
        order[j + 1] = order[j]!;
        j--;
      }
      order[j + 1] = row;
    }
  }
  return { order, traceStarts };
}

/** Below so many spans looking through all of them is faster than a table. */
const SCAN_MAX = 12;

function findParents(
  table: SpanTable,
  order: Uint32Array,
  traceStarts: Uint32Array,
  kind: Uint8Array,
  tally: LinkTally,
): Int32Array {
  const { spanHigh, spanLow, parentHigh, parentLow, flags } = table;
  const parent = new Int32Array(table.rows).fill(-1);
  let slots = new Int32Array(64);
  for (let index = 0; index < table.traces; index++) {
    const from = traceStarts[index]!, to = traceStarts[index + 1]!, size = to - from;
    if (size === 1 || size <= SCAN_MAX) {
      for (let i = from; i < to; i++) {
        const row = order[i]!;
        for (let j = from; j < i; j++) {
          const other = order[j]!;
          if (spanLow[other] !== spanLow[row] || spanHigh[other] !== spanHigh[row]) continue;
          if (kind[other] !== SpanClass.duplicate) kind[row] = SpanClass.duplicate;
        }
        if (kind[row] === SpanClass.duplicate) {
          tally.duplicates++;
          continue;
        }
        if ((flags[row]! & SpanFlag.hasParent) === 0) continue;
        for (let j = from; j < to; j++) {
          const other = order[j]!;
          if (spanLow[other] === parentLow[row] && spanHigh[other] === parentHigh[row]) {
            parent[row] = other;
            break;
          }
        }
        if (parent[row]! < 0) tally.orphans++;
      }
      continue;
    }
    let capacity = 64;
    while (capacity < size * 2) capacity *= 2;
    if (slots.length < capacity) slots = new Int32Array(capacity);
    slots.fill(-1, 0, capacity);
    const mask = capacity - 1;
    for (let i = from; i < to; i++) {
      const row = order[i]!;
      let slot = hashOf(spanHigh[row]!, spanLow[row]!) & mask;
      for (; slots[slot]! >= 0; slot = (slot + 1) & mask) {
        const other = slots[slot]!;
        if (spanLow[other] === spanLow[row] && spanHigh[other] === spanHigh[row]) break;
      }
      if (slots[slot]! >= 0) {
        kind[row] = SpanClass.duplicate;
        tally.duplicates++;
      } else slots[slot] = row;
    }
    for (let i = from; i < to; i++) {
      const row = order[i]!;
      if ((flags[row]! & SpanFlag.hasParent) === 0 || kind[row] === SpanClass.duplicate) continue;
      let slot = hashOf(parentHigh[row]!, parentLow[row]!) & mask;
      for (; slots[slot]! >= 0; slot = (slot + 1) & mask) {
        const other = slots[slot]!;
        if (spanLow[other] === parentLow[row] && spanHigh[other] === parentHigh[row]) break;
      }
      if (slots[slot]! >= 0) parent[row] = slots[slot]!;
      else tally.orphans++;
    }
  }
  return parent;
}

function hashOf(high: number, low: number): number {
  const hash = Math.imul(high ^ Math.imul(low, 0x85ebca6b), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

/** A span that is its own ancestor becomes a root. */
function cutCircles(parent: Int32Array, tally: LinkTally): void {
  // The walk that saw a row first; 0 for none yet.
  const seen = new Uint32Array(parent.length);
  for (let first = 0; first < parent.length; first++) {
    const walk = first + 1;
    let row = first;
    while (seen[row] === 0) {
      seen[row] = walk;
      const next = parent[row]!;
      if (next < 0) break;
      if (seen[next] === walk) {
        parent[row] = -1;
        tally.circles++;
        break;
      }
      row = next;
    }
  }
}

function classify(
  table: SpanTable,
  order: Uint32Array,
  parent: Int32Array,
  kind: Uint8Array,
): { owner: Int32Array; via: Int32Array } {
  const { role, instance, instances, flags, operation, operations } = table;
  const owner = new Int32Array(table.rows).fill(-1), via = new Int32Array(table.rows).fill(-1);
  const done = new Uint8Array(table.rows);
  const path: number[] = [];
  const serviceOf = (row: number): number => instances[instance[row]!]!.service;
  const settle = (row: number): void => {
    done[row] = 1;
    if (kind[row] === SpanClass.duplicate) return;
    const above = parent[row]!;
    if (above >= 0) {
      if (kind[above] === SpanClass.request) owner[row] = above;
      else {
        owner[row] = owner[above]!;
        via[row] = kind[above] === SpanClass.call ? above : via[above]!;
      }
    }
    const call = via[row]!;
    // Handling a message is no part of sending it, though its span may be the sender's child.
    if (
      (flags[row]! & SpanFlag.message) !== 0 && call >= 0 &&
      (role[call] === SpanRole.send || operations[operation[call]!]!.kind === "queue")
    ) owner[row] = via[row] = -1;
    const isElsewhere = above < 0 || serviceOf(above) !== serviceOf(row);
    switch (role[row]) {
      case SpanRole.request:
        // A framework's own SERVER span inside that of the server is a part of it.
        kind[row] = isElsewhere || via[row]! >= 0 || owner[row]! < 0 ? SpanClass.request : SpanClass.part;
        break;
      case SpanRole.call:
      case SpanRole.send:
        // A client inside another client, as HTTP inside gRPC, is a detail of it.
        kind[row] = via[row]! >= 0 ? SpanClass.part : SpanClass.call;
        break;
      default:
        kind[row] = isElsewhere ? SpanClass.request : SpanClass.part;
    }
  };
  for (let i = 0; i < order.length; i++) {
    for (let row = order[i]!; row >= 0 && done[row] === 0; row = parent[row]!) path.push(row);
    while (path.length > 0) settle(path.pop()!);
  }
  return { owner, via };
}
