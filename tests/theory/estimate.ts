// From runs to a verdict: independent replications of a system, their mean and standard error, and the row that says
// whether theory and simulation agree.

import { hashText } from "../../sim/base/draws.ts";
import { type Nanos, nanos, RUN_LENGTH_MAX, SECOND } from "../../sim/base/time.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { Tape } from "./tape.ts";

export type Unit = "time" | "rate" | "share" | "number";

/** What is asked of a system, and what theory says. */
export interface Question {
  readonly quantity: string;
  readonly formula: string;
  /** In seconds, a second, or without a unit. */
  readonly expected: number;
  readonly unit: Unit;
  /** A 99th percentile may be off by more than a mean. */
  readonly tail?: true;
  /** The quantity in one run. */
  of(tape: Tape): number;
}

/** A queueing system, and the questions that one set of runs answers. */
export interface System {
  readonly name: string;
  /** Simulated seconds of all replications of the long version together, warm-ups aside. */
  readonly seconds: number;
  /** A run of this length. */
  plan(seed: number, length: Nanos): Plan;
  readonly questions: readonly Question[];
}

export interface Effort {
  /** Share of each system's seconds. */
  readonly share: number;
  readonly meanTolerance: number;
  readonly tailTolerance: number;
}

/** The long version, which the README's table comes from. */
export const LONG: Effort = { share: 1, meanTolerance: 0.02, tailTolerance: 0.03 };
/** A sixth of it: standard errors are 2.45 times as large, the tolerances 2.5 times as wide. */
export const SHORT: Effort = { share: 1 / 6, meanTolerance: 0.05, tailTolerance: 0.075 };

export interface Verdict {
  readonly system: string;
  readonly question: Question;
  readonly simulated: number;
  readonly standardError: number;
  /** Half the width of the 95 % confidence interval. */
  readonly halfWidth: number;
  /** How far off it may be, as a share of the expected value. */
  readonly tolerance: number;
  /** How far off it is, in standard errors. */
  readonly z: number;
  /** Both the deviation and four standard errors are at most the tolerance. */
  readonly holds: boolean;
}

/** Independent replications, each with a seed of its own. */
export const REPLICATIONS = 16;
/** Student's t for 15 degrees of freedom: 97.5 % lie below it. */
const T_975 = 2.1314;
/** Of each replication, before anything is counted: queues fill from empty within a few thousand services. */
const WARM_UP = 0.08;

/** Answers a system's questions. Its seeds come from its name, so that no two systems share their draws. */
export function examine(system: System, effort: Effort): Verdict[] {
  const tape = new Tape();
  const each = Math.ceil(system.seconds * effort.share / REPLICATIONS);
  const from = nanos(Math.ceil(each * WARM_UP) * SECOND), until = nanos(from + each * SECOND);
  const firstSeed = hashText(system.name);
  const values = system.questions.map(() => new Float64Array(REPLICATIONS));
  for (let run = 0; run < REPLICATIONS; run++) {
    tape.record(system.plan(firstSeed + run, until), from, until);
    system.questions.forEach((question, n) => values[n]![run] = question.of(tape));
  }
  return system.questions.map((question, n) => verdict(system.name, question, values[n]!, effort));
}

function verdict(system: string, question: Question, values: Float64Array, effort: Effort): Verdict {
  const simulated = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - simulated) ** 2, 0);
  const standardError = Math.sqrt(squares / (values.length - 1) / values.length);
  const tolerance = question.tail === undefined ? effort.meanTolerance : effort.tailTolerance;
  const most = tolerance * question.expected;
  const deviation = simulated - question.expected;
  return {
    system,
    question,
    simulated,
    standardError,
    halfWidth: T_975 * standardError,
    tolerance,
    z: deviation === 0 ? 0 : deviation / standardError,
    holds: Math.abs(deviation) <= most && 4 * standardError <= most,
  };
}

/** After the load's end everything that is under way is let end. */
export const GRACE = (RUN_LENGTH_MAX / 4) as Nanos;
