// ground-truth.json: what was injected, whom it reached when and by which way, and what users saw. Its schema is
// scenarios/ground-truth.schema.json.

import type { Nanos } from "../base/time.ts";
import type {
  CausalEdge,
  FaultTruth,
  GroundTruthReport,
  Injection,
  PhaseFigures,
  Reached,
  UserImpact,
} from "../metrics/truth_report.ts";
import { readableEffectSize } from "../plan/facts.ts";
import type { Plan, PlanFault } from "../plan/plan.ts";

/** Raised when a reader of the old shape would misread the new one. */
const FORMAT = 1;

export interface GroundTruthInput {
  readonly plan: Plan;
  readonly truth: GroundTruthReport;
  readonly elapsed: Nanos;
  /** A time since the run's start in RFC 3339. */
  at(time: Nanos): string;
}

/** The ground truth as plain data. Every time stands twice: as a time, and as seconds since the run's start. */
export function groundTruthJson({ plan, truth, elapsed, at }: GroundTruthInput): Record<string, unknown> {
  const when = (name: string, time: Nanos): Record<string, unknown> => ({
    [name]: at(time),
    [`${name}_s`]: time / 1e9,
  });
  const span = ({ from, until }: { from: Nanos; until: Nanos }): Record<string, unknown> => ({
    ...when("from", from),
    ...when("until", until),
  });
  const usersOf = (users: UserImpact): Record<string, unknown> => ({
    requests: users.requests,
    failed: users.failed,
    users: users.users,
    usersPresent: users.usersPresent,
    ...(users.first === undefined ? {} : when("first", users.first)),
    ...(users.last === undefined ? {} : when("last", users.last)),
  });
  const windowOf = (word: string, { fault, endedByRun, ...window }: Injection): Record<string, unknown> => ({
    [word]: fault.name,
    kind: fault.kind,
    target: targetJson(plan, fault),
    ...span(window),
    endedByRun,
  });
  const reached = (each: Reached): Record<string, unknown> => ({
    service: each.service,
    ...when("firstImpact", each.firstImpact),
    ...when("lastImpact", each.lastImpact),
    by: each.by,
    from: each.from ?? null,
    path: each.path,
    requests: each.requests,
    failed: each.failed,
    slower: each.slower,
    other: each.other,
  });
  const edge = ({ from, to, by, first, last, requests }: CausalEdge): Record<string, unknown> => ({
    from,
    to,
    by,
    ...when("first", first),
    ...when("last", last),
    requests,
  });
  const effectsOf = (word: string, each: FaultTruth): Record<string, unknown> => ({
    [word]: each.fault.name,
    kind: each.fault.kind,
    root: each.root ?? null,
    reached: each.reached.map(reached),
    edges: each.edges.map(edge),
    users: usersOf(each.users),
  });
  return {
    format: FORMAT,
    scenario: plan.name,
    seed: plan.seed,
    ...when("start", 0 as Nanos),
    ...when("end", elapsed),
    effectSize: readableEffectSize,
    injections: truth.injections.map((each) => windowOf("fault", each)),
    mitigations: truth.mitigations.map((each) => windowOf("mitigation", each)),
    phases: truth.phases.map((phase) => ({ name: phase.name, ...span(phase) })),
    faults: truth.faults.map((each) => effectsOf("fault", each)),
    sideEffects: truth.sideEffects.map((each) => effectsOf("mitigation", each)),
    userVisible: truth.userVisible,
    users: usersOf(truth.users),
    indicators: { baseline: figures(truth.indicators.baseline), incident: figures(truth.indicators.incident) },
    redHerrings: truth.redHerrings,
  };
}

function figures({ requests, perSecond, errorRate, p95 }: PhaseFigures): Record<string, unknown> {
  return { requests, perSecond, errorRate, p95Ms: p95 ?? null };
}

function targetJson(plan: Plan, fault: PlanFault): Record<string, unknown> {
  const nameOf = (index: number): string | null => plan.services[index]?.name ?? null;
  const of = fault.service < 0 ? undefined : plan.services[fault.service];
  const isWhole = of === undefined || fault.endpoints.length === of.endpoints.length;
  return {
    text: fault.target,
    service: nameOf(fault.service),
    endpoints: isWhole ? null : fault.endpoints.map((index) => plan.endpoints[index]!.name),
    caller: nameOf(fault.caller),
    replica: fault.replica < 0 ? null : fault.replica + 1,
    zone: fault.zone ?? null,
  };
}
