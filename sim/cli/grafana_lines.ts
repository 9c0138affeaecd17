// The lines that lead from the end of a run into Grafana, when the stack of compose/ answers.

import { exploreLinks, hasStack } from "../stack/explore_links.ts";
import { stackLogsFolder } from "./stack_folder.ts";

export interface EndedRun {
  readonly runId: string;
  readonly namespace: string;
  /** Nanoseconds since the Unix epoch. */
  readonly startEpochNs: bigint;
  /** Nanoseconds of simulated time. */
  readonly length: number;
  /** Undefined: no log files. */
  readonly logsFolder: string | undefined;
  /** Whether spans went to a collector. */
  readonly toCollector: boolean;
}

const GRAFANA_DEFAULT = "http://localhost:3000";

/** Empty when no Grafana of the stack answers; without links to what this run did not send. */
export async function grafanaLines(run: EndedRun): Promise<string[]> {
  const shipped = run.logsFolder === stackLogsFolder();
  if (!shipped && !run.toCollector) return [];
  const grafana = (Deno.env.get("GRAFANA_URL") || GRAFANA_DEFAULT).replace(/\/+$/, "");
  if (!await hasStack(grafana)) return [];
  const fromMs = Number(run.startEpochNs / 1_000_000n);
  const links = exploreLinks({ ...run, grafana, fromMs, untilMs: fromMs + run.length / 1e6 });
  return links
    .filter(({ name }) => name === "logs" ? shipped : name === "traces" ? run.toCollector : true)
    .map(({ name, url }) => `${name.padEnd(10)} ${url}`);
}
