// Exit codes: k6's where k6 has one. Where several hold, the first of this list that does is given, success last.

export const ExitCode = {
  internal: 109,
  interrupted: 105,
  /** The simulation could not go on; what it had done until then is reported. k6's "aborted". */
  aborted: 108,
  thresholds: 99,
  /** Spans or log lines were not delivered (what is pending is kept), or the result could not be written. */
  undelivered: 110,
  /** Invalid scenario, flags, variables or folders: nothing was run. */
  invalid: 104,
  /** stack:up and stack:status: a part of the stack is not ready. */
  unready: 1,
  success: 0,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
