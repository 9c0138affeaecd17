// The calls of one request as its code made them: attempts of one call together, and calls of a loop told from attempts.

import type { Observation, SeenRequest } from "../observation.ts";
import { SpanFlag, SpanRole, type SpanTable } from "../span_table.ts";

/** A call with its attempts; times as in the table. */
export interface LogicalCall {
  callee: number;
  start: number;
  /** Of the last attempt. */
  end: number;
  attempts: number;
  /** The last attempt failed. */
  failed: boolean;
  /** Nobody waited for its end. */
  async: boolean;
  /** Pause before the second attempt; -1 without one. */
  pause: number;
  /** Pause before the third; -1 without one. */
  secondPause: number;
  /** Time of an attempt that the caller gave up; -1 without one. */
  patience: number;
}

/** A call that begins so much before its predecessor's end is no attempt after it. Clocks of one process agree. */
const TOLERANCE_NS = 2_000;
/** Requests with more calls than these are read up to there: they would cost the square of it. */
export const CALLS_MAX = 2000;

/** Reads the calls of requests one after the other into the same objects. */
export class LogicalCalls {
  readonly #table: SpanTable;
  readonly calls: LogicalCall[] = [];
  count = 0;

  constructor(observation: Observation) {
    this.#table = observation.table;
  }

  read(request: SeenRequest): void {
    const table = this.#table;
    this.count = 0;
    const end = table.end[request.row]!;
    const size = Math.min(request.calls, CALLS_MAX);
    for (let i = 0; i < size; i++) {
      const row = request.callRow[i]!, callee = request.callee[i]!;
      const before = this.#attemptBefore(callee, table.start[row]!);
      const call = before ?? this.#take();
      const failed = (table.flags[row]! & SpanFlag.error) !== 0;
      if (before === undefined) {
        call.callee = callee;
        call.start = table.start[row]!;
        call.attempts = 1;
        call.pause = call.secondPause = call.patience = -1;
      } else {
        const pause = Math.max(0, table.start[row]! - call.end);
        if (call.attempts === 1) call.pause = pause;
        else if (call.attempts === 2) call.secondPause = pause;
        call.attempts++;
      }
      call.end = table.end[row]!;
      call.failed = failed;
      call.async = call.end > end + TOLERANCE_NS && table.role[row] !== SpanRole.send;
      // A callee that answers with a time-out of its own was waited for to its end.
      const answer = request.calleeRow[i]!;
      const gaveUp = (table.flags[row]! & SpanFlag.timeout) !== 0 &&
        (answer < 0 || answer === row || table.end[answer]! > table.end[row]!);
      if (gaveUp) call.patience = table.end[row]! - table.start[row]!;
    }
  }

  /** The call to the same callee that failed last and has ended: what follows it is its next attempt. */
  #attemptBefore(callee: number, start: number): LogicalCall | undefined {
    for (let i = this.count - 1; i >= 0; i--) {
      const call = this.calls[i]!;
      if (call.callee !== callee) continue;
      return call.failed && call.end <= start + TOLERANCE_NS ? call : undefined;
    }
    return undefined;
  }

  #take(): LogicalCall {
    const known = this.calls[this.count++];
    if (known !== undefined) return known;
    const call: LogicalCall = {
      callee: 0,
      start: 0,
      end: 0,
      attempts: 0,
      failed: false,
      async: false,
      pause: -1,
      secondPause: -1,
      patience: -1,
    };
    this.calls.push(call);
    return call;
  }
}
