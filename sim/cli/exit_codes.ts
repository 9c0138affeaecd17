// Exit codes: k6's where k6 has one. Where several hold, the first of this list that does is given, success last.

export const ExitCode = {
  internal: 109,
  interrupted: 105,
  thresholds: 99,
  /** Spans or log lines were not delivered; what is pending is kept. */
  undelivered: 110,
  /** Invalid scenario, flags, variables or folders: nothing was run. */
  invalid: 104,
  /** stack:up and stack:status: a part of the stack is not ready. */
  unready: 1,
  success: 0,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
