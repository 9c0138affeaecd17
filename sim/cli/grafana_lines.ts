// What a run leaves in Grafana at its end, when the stack of compose/ answers: its faults as annotations that are switched
// off, and lines that lead to its dashboards, logs and traces.

import type { PlanFault } from "../plan/plan.ts";
import { exploreLinks, hasStack } from "../stack/explore_links.ts";
import { annotateFaults } from "../stack/fault_annotations.ts";
import { stackLogsFolder } from "./stack_folder.ts";

export interface EndedRun {
  readonly runId: string;
  readonly namespace: string;
  /** Nanoseconds since the Unix epoch. */
  readonly startEpochNs: bigint;
  /** Nanoseconds of simulated time. */
  readonly length: number;
  readonly faults: readonly PlanFault[];
  /** Undefined: no log files. */
  readonly logsFolder: string | undefined;
  /** Whether spans went to a collector. */
  readonly toCollector: boolean;
}

const GRAFANA_DEFAULT = "http://localhost:3000";

/** Empty when no Grafana of the stack answers; without links to what this run did not send. Never throws. */
export async function grafanaLines(run: EndedRun): Promise<string[]> {
  const shipped = run.logsFolder === stackLogsFolder();
  if (!shipped && !run.toCollector) return [];
  const grafana = (Deno.env.get("GRAFANA_URL") || GRAFANA_DEFAULT).replace(/\/+$/, "");
  if (!await hasStack(grafana)) return [];
  const fromMs = Number(run.startEpochNs / 1_000_000n);
  const untilMs = fromMs + run.length / 1e6;
  const wrong = await annotateFaults(
    grafana,
    run.runId,
    run.faults.filter(({ at }) => at < run.length).map(({ name, at, until }) => ({
      name,
      fromMs: fromMs + at / 1e6,
      untilMs: Math.min(fromMs + until / 1e6, untilMs),
    })),
  );
  const links = exploreLinks({ ...run, grafana, fromMs, untilMs })
    .filter(({ name }) => name === "logs" ? shipped : name === "traces" ? run.toCollector : true)
    .map(({ name, url }) => `${name.padEnd(10)} ${url}`);
  return wrong === undefined ? links : [...links, `(the faults are not in its annotations: it ${wrong})`];
}
