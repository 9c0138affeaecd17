// Where spans go: what --traces says, and for `auto` whether a collector answers.

import { type OtlpOptions, shownUrl } from "../sinks/otlp_options.ts";
import { askCollector } from "../sinks/otlp_probe.ts";

/** `auto`: the collector if one answers, else the file; `otlp`: the collector in any case. */
export const TRACE_MODES = ["auto", "otlp", "file", "none"] as const;
export type TraceMode = (typeof TRACE_MODES)[number];

/** How long `auto` waits for a collector's answer. */
const PROBE_TIMEOUT_MS = 1_000;

export interface TraceDestination {
  readonly mode: Exclude<TraceMode, "auto">;
  /** Why it is not what was hoped for, as lines for the user. */
  readonly why: readonly string[];
}

/** Decides where spans go; `auto` asks once. */
export async function traceDestination(wanted: TraceMode, otlp: OtlpOptions): Promise<TraceDestination> {
  if (wanted !== "auto") return { mode: wanted, why: [] };
  const { answers, words } = await askCollector(otlp, PROBE_TIMEOUT_MS);
  return answers
    ? { mode: "otlp", why: [] }
    : { mode: "file", why: [`no collector at ${shownUrl(otlp.url)}: ${words}`] };
}
