// Texts with slots: what a log line says, before it is known for which request.

/** What stands in a slot is read from the row of a fact. */
export const Slot = {
  time: 0,
  traceId: 1,
  spanId: 2,
  /** Milliseconds with three decimals: 35.214. */
  durationMs: 3,
  /** As people write it: 35.2ms. */
  durationText: 4,
  /** Seconds with three decimals: 0.035. */
  durationSeconds: 5,
  queueMs: 6,
  pauseMs: 7,
  pauseText: 8,
  attempt: 9,
  /** The call that failed a request: which attempt it was, and how long it took. */
  failedAttempt: 10,
  failedDurationText: 11,
  /** Attribute number `arg`, as text. */
  drawnText: 12,
  /** The same within a path. */
  drawnPath: 13,
  /** The same as a JSON value. */
  drawnJson: 14,
  /** The same as a logfmt value. */
  drawnLogfmt: 22,
  /** For what has no span of its own: a query is told in the span of its caller. */
  parentSpanId: 23,
  /** Of the replica that writes the line, of service `arg`. */
  instance: 15,
  /** Of the replica at the other end, of service `arg`. */
  peerInstance: 17,
  peerAddress: 18,
  /** The user's address, for a request that a journey makes. */
  clientAddress: 19,
  /** A port above 32767 that stays the same for one request. */
  clientPort: 20,
  /** A number from 1 to `arg`: which worker, thread or process. */
  worker: 21,
  /** Since the run's start when it began, in seconds with three decimals. */
  uptimeSeconds: 30,
} as const;
export type SlotCode = (typeof Slot)[keyof typeof Slot];

export interface SlotPiece {
  readonly slot: SlotCode;
  readonly arg: number;
}

export type Message = readonly (string | SlotPiece)[];

export function slot(code: SlotCode, arg = 0): SlotPiece {
  return { slot: code, arg };
}

/** The slots that need no argument. */
export const TIME = slot(Slot.time);
export const TRACE_ID = slot(Slot.traceId);
export const SPAN_ID = slot(Slot.spanId);
export const PARENT_SPAN_ID = slot(Slot.parentSpanId);
export const DURATION_MS = slot(Slot.durationMs);
export const DURATION = slot(Slot.durationText);
export const DURATION_SECONDS = slot(Slot.durationSeconds);
export const UPTIME_SECONDS = slot(Slot.uptimeSeconds);
export const QUEUE_MS = slot(Slot.queueMs);
export const PAUSE_MS = slot(Slot.pauseMs);
export const PAUSE = slot(Slot.pauseText);
export const ATTEMPT = slot(Slot.attempt);
export const FAILED_ATTEMPT = slot(Slot.failedAttempt);
export const FAILED_DURATION = slot(Slot.failedDurationText);
export const CLIENT_ADDRESS = slot(Slot.clientAddress);
export const CLIENT_PORT = slot(Slot.clientPort);

/** Template tag: texts that are put in stay texts, whatever characters they hold; slots stay slots. */
export function msg(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | SlotPiece | Message)[]
): Message {
  const pieces: (string | SlotPiece)[] = [];
  const push = (piece: string | SlotPiece): void => {
    const last = pieces.length - 1;
    if (typeof piece === "string" && typeof pieces[last] === "string") pieces[last] += piece;
    else if (piece !== "") pieces.push(piece);
  };
  strings.forEach((text, i) => {
    push(text);
    const value = values[i];
    if (value === undefined) return;
    if (typeof value === "string" || typeof value === "number") push(String(value));
    else if ("slot" in value) push(value);
    else for (const piece of value) push(piece);
  });
  return pieces;
}
