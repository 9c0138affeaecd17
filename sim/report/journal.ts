// journal.json in Chaos Toolkit's shape, so that what reads its journals reads this one: the experiment, the steady states,
// the method as it was run, mitigations as its rollbacks, and how it ended. Times are the simulated ones.

import type { Nanos } from "../base/time.ts";
import type { ThresholdResult } from "../metrics/evaluation.ts";
import type { ExperimentReport, SteadyCheck } from "../metrics/experiment.ts";
import type { GroundTruthReport, Injection } from "../metrics/truth_report.ts";
import { type Threshold, thresholdText } from "../objectives/threshold.ts";
import type { Plan } from "../plan/plan.ts";
import type { ExperimentInput } from "./verdict.ts";
import { verdictJson } from "./verdict.ts";

export interface JournalInput extends ExperimentInput {
  readonly plan: Plan;
  readonly ended: "completed" | "aborted" | "interrupted";
  readonly version: string;
  /** A time since the run's start in RFC 3339. */
  at(time: Nanos): string;
}

/** A run has a journal when it has faults or a hypothesis. */
export function journalJson(input: JournalInput): Record<string, unknown> {
  const { plan, experiment, truth, elapsed, at } = input;
  return {
    "squall-version": input.version,
    platform: "simulation",
    node: "squall",
    experiment: experimentJson(plan, experiment),
    start: at(0 as Nanos),
    status: statusOf(input),
    deviated: experiment?.verdict === "deviated",
    steady_states: steadyStates(experiment, at),
    run: (truth?.injections ?? []).map((injection) => activityRun(injection, at)),
    rollbacks: (truth?.mitigations ?? []).map((mitigation) => activityRun(mitigation, at)),
    end: at(elapsed),
    duration: elapsed / 1e9,
    ...verdictJson({ experiment, truth, elapsed }),
  };
}

/** `failed`: the hypothesis did not hold, before the faults or after; `aborted`: something else ended the run. */
function statusOf({ ended, experiment }: JournalInput): string {
  if (ended === "interrupted") return "interrupted";
  if (experiment !== undefined && experiment.verdict !== "held") return "failed";
  return ended;
}

function experimentJson(plan: Plan, experiment: ExperimentReport | undefined): Record<string, unknown> {
  const written = plan.faults.filter(({ schedule }) => schedule === undefined);
  return {
    version: "1.0.0",
    title: experiment?.hypothesis.title ?? plan.name,
    description: plan.name,
    ...(experiment === undefined ? {} : {
      "steady-state-hypothesis": {
        title: experiment.hypothesis.title,
        probes: experiment.hypothesis.probes.map(probeActivity),
      },
    }),
    method: written.filter(({ isMitigation }) => !isMitigation).map(actionActivity),
    rollbacks: written.filter(({ isMitigation }) => isMitigation).map(actionActivity),
  };
}

function probeActivity(threshold: Threshold): Record<string, unknown> {
  return {
    type: "probe",
    name: `${threshold.metricText} ${thresholdText(threshold)}`,
    tolerance: threshold.source,
    provider: { type: "simulation", metric: threshold.metricText },
  };
}

function actionActivity({ name, kind, target }: Plan["faults"][number]): Record<string, unknown> {
  return { type: "action", name, provider: { type: "simulation", kind, target } };
}

function activityRun({ fault, from, until, endedByRun }: Injection, at: JournalInput["at"]): Record<string, unknown> {
  return {
    activity: actionActivity(fault),
    status: "succeeded",
    output: endedByRun ? "still there at the run's end" : null,
    start: at(from),
    end: at(until),
    duration: (until - from) / 1e9,
  };
}

function steadyStates(experiment: ExperimentReport | undefined, at: JournalInput["at"]): Record<string, unknown> {
  const stateOf = (check: SteadyCheck | undefined): Record<string, unknown> | null =>
    check === undefined ? null : {
      steady_state_met: check.met,
      probes: check.probes.map((probe) => probeRun(probe, at(check.time))),
    };
  const during = experiment === undefined
    ? []
    : [experiment.during, ...experiment.deviations.map(({ check }) => check)].filter((check) => check !== undefined)
      .sort((one, other) => one.time - other.time);
  const isTried = experiment !== undefined && experiment.verdict !== "unsteady";
  return {
    before: stateOf(experiment?.before),
    during: [...new Set(during)].map(stateOf),
    after: stateOf(isTried ? experiment.after : undefined),
  };
}

function probeRun({ threshold, value, ok, why }: ThresholdResult, time: string): Record<string, unknown> {
  return {
    activity: probeActivity(threshold),
    output: value ?? why ?? null,
    status: value === undefined ? "failed" : "succeeded",
    start: time,
    end: time,
    duration: 0,
    tolerance_met: ok,
  };
}

/** Whether a run with these writes a journal. */
export function hasJournal(truth: GroundTruthReport | undefined, experiment: ExperimentReport | undefined): boolean {
  return truth !== undefined || experiment !== undefined;
}
