// What a run with faults shows, in words that need no knowledge of the system: whether the hypothesis held, how soon users
// were hurt and well again, and how many of them.

import { visible } from "../base/diagnostics.ts";
import { formatDuration, type Nanos } from "../base/time.ts";
import type { ThresholdResult } from "../metrics/evaluation.ts";
import type { ExperimentReport, SteadyCheck } from "../metrics/experiment.ts";
import type { GroundTruthReport } from "../metrics/truth_report.ts";
import { isMetricName, metricSpec } from "../objectives/metrics.ts";
import { thresholdText } from "../objectives/threshold.ts";
import { cut, padEnd, type Paint, wrapped } from "./terminal.ts";
import { formatCount, formatMilliseconds, formatNumber, formatShare } from "./units.ts";

/** What a run with faults, or a hypothesis, adds to its summary. */
export interface ExperimentInput {
  /** Undefined without a hypothesis. */
  readonly experiment: ExperimentReport | undefined;
  /** Undefined without faults. */
  readonly truth: GroundTruthReport | undefined;
  readonly elapsed: Nanos;
}

/** The figures of the verdict. Times in nanoseconds. */
export interface Verdict {
  /** From the beginning of the first fault to the first request of a user that was changed; undefined: none was. */
  readonly timeToImpact: Nanos | undefined;
  /**
   * From the end of the last fault to the last such request, 0 when none came after it. Undefined: no user was hurt, or the
   * run ended while a fault was there or within a second of such a request.
   */
  readonly timeToRecovery: Nanos | undefined;
  readonly usersHurt: number;
  readonly usersPresent: number;
}

/** So close to the run's end nobody knows whether more would have come. */
const ENDED_WITHIN = 1e9;

/** @param elapsed length of the run */
export function verdictOf(truth: GroundTruthReport, elapsed: Nanos): Verdict {
  const { users, injections } = truth;
  const began = injections[0]?.from ?? 0;
  const ended = Math.max(0, ...injections.map(({ until }) => until));
  const isOpen = injections.some(({ endedByRun }) => endedByRun);
  const recovers = users.last !== undefined && !isOpen && elapsed - users.last > ENDED_WITHIN;
  return {
    timeToImpact: users.first === undefined ? undefined : Math.max(0, users.first - began) as Nanos,
    timeToRecovery: recovers ? Math.max(0, users.last! - ended) as Nanos : undefined,
    usersHurt: users.users,
    usersPresent: users.usersPresent,
  };
}

/** The lines of the summary's block, below its title. */
export function verdictLines(input: ExperimentInput, columns: number, paint: Paint): string[] {
  const { experiment, truth } = input;
  const rows: [string, string][] = [];
  const lines: string[] = [];
  if (experiment !== undefined) {
    const { verdict, why } = experiment;
    lines.push(cut(visible(experiment.hypothesis.title), columns));
    if (verdict === "held") lines.push(`${paint.green("✓")} It held.`, "");
    else {
      const text = `${verdict === "unsteady" ? "It was not tried" : "It did not hold"}: ${why!}.`;
      lines.push(...wrapped(text, columns - 2).map((line, n) => `${n === 0 ? paint.red("✗") : " "} ${line}`), "");
    }
    rows.push(...steadyRows(experiment, paint));
  }
  if (truth !== undefined && truth.injections.length > 0) rows.push(...impactRows(truth, input.elapsed, paint));
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  const indent = " ".repeat(width + 2);
  for (const [name, text] of rows) {
    const [first = "", ...more] = wrapped(text, columns - width - 2);
    lines.push(`${padEnd(name, width)}  ${first}`, ...more.map((line) => indent + line));
  }
  return lines;
}

function steadyRows({ hypothesis, before, deviations, after }: ExperimentReport, paint: Paint): [string, string][] {
  const rows: [string, string][] = [];
  if (before !== undefined) rows.push(["steady before", checkText(before, paint)]);
  const [first] = deviations, last = deviations.at(-1);
  if (first !== undefined) {
    const times = deviations.length === 1 ? "" : `${deviations.length} times, first `;
    rows.push(["unsteady", `${times}at ${formatDuration(first.from)}: ${failedText(first.check)}`]);
    rows.push([
      "steady again",
      last!.until === undefined ? paint.red("not before the run ended") : `at ${formatDuration(last!.until)}`,
    ]);
  } else if (before !== undefined && before.met) rows.push(["steady during", paint.green("yes")]);
  if (after !== undefined && before !== after) rows.push(["steady at the end", checkText(after, paint)]);
  if (hypothesis.recoverWithin !== undefined) {
    rows.push(["allowed", `to recover within ${formatDuration(hypothesis.recoverWithin)} of the faults' end`]);
  }
  return rows;
}

function checkText(check: SteadyCheck, paint: Paint): string {
  return check.met ? paint.green("yes") : `${paint.red("no")}: ${failedText(check)}`;
}

function failedText({ probes }: SteadyCheck): string {
  return visible(probes.filter(({ ok }) => !ok).map(probeText).join(", "));
}

/** `http_req_failed rate<0.01 over 10s was 12.5%` */
export function probeText({ threshold, value, why }: ThresholdResult): string {
  const { metricText, metric, aggregation } = threshold;
  const { type, contains } = metricSpec(isMetricName(metric) ? metric : "http_reqs");
  const seen = value === undefined
    ? why ?? "not known"
    : type === "rate"
    ? formatShare(value)
    : contains === "time" && aggregation.type !== "count"
    ? formatMilliseconds(value)
    : formatNumber(value);
  return `${metricText} ${thresholdText(threshold)} was ${seen}`;
}

function impactRows(truth: GroundTruthReport, elapsed: Nanos, paint: Paint): [string, string][] {
  const { injections, mitigations, faults, users } = truth;
  const [first] = injections;
  const { timeToImpact, timeToRecovery, usersHurt, usersPresent } = verdictOf(truth, elapsed);
  const names = faults.map(({ fault }) => fault.name);
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  const windows = injections.length === 1 ? "" : `, ${formatCount(injections.length)} times in all`;
  const rows: [string, string][] = [[
    names.length === 1 ? "fault" : "faults",
    `${visible(names.slice(0, 3).join(", "))}${more}, first at ${formatDuration(first!.from)}${windows}`,
  ]];
  if (mitigations.length > 0) {
    const acted = [...new Set(mitigations.map(({ fault }) => fault.name))];
    const others = acted.length > 3 ? ` and ${acted.length - 3} more` : "";
    rows.push([
      acted.length === 1 ? "mitigation" : "mitigations",
      `${visible(acted.slice(0, 3).join(", "))}${others}, first at ${formatDuration(mitigations[0]!.from)}`,
    ]);
  }
  if (timeToImpact === undefined) return [...rows, ["impact", paint.green("no user noticed")]];
  rows.push(["time to impact", `${formatDuration(timeToImpact)} until the first user was hurt`]);
  const isOpen = injections.some(({ endedByRun }) => endedByRun);
  rows.push([
    "time to recovery",
    timeToRecovery === undefined
      ? paint.red(isOpen ? "the run ended while a fault was there" : "users were hurt until the run ended")
      : timeToRecovery === 0
      ? "at once: no user was hurt after the last fault's end"
      : `${formatDuration(timeToRecovery)} from the last fault's end until the last user was hurt`,
  ]);
  rows.push([
    "users hurt",
    `${formatShare(usersHurt / Math.max(1, usersPresent))} (${formatCount(usersHurt)} of ${
      formatCount(usersPresent)
    } there at the time): ${formatCount(users.requests - users.failed)} slow and ${
      formatCount(users.failed)
    } failed requests`,
  ]);
  const reached = [...new Set(faults.flatMap((each) => each.reached.map(({ service }) => service)))];
  if (reached.length > 0) rows.push(["services reached", visible(reached.join(", "))]);
  return rows;
}

/** The same for summary.json. Times in milliseconds. */
export function verdictJson({ experiment, truth, elapsed }: ExperimentInput): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  if (experiment !== undefined) {
    const { hypothesis: { title }, verdict, why } = experiment;
    json["hypothesis"] = { title, verdict, deviated: verdict === "deviated", ...(why === undefined ? {} : { why }) };
  }
  if (truth !== undefined) {
    const { timeToImpact, timeToRecovery, usersHurt, usersPresent } = verdictOf(truth, elapsed);
    const ms = (time: Nanos | undefined): number | null => time === undefined ? null : time / 1e6;
    json["impact"] = {
      injections: truth.injections.length,
      mitigations: truth.mitigations.length,
      userVisible: truth.userVisible,
      timeToImpactMs: ms(timeToImpact),
      timeToRecoveryMs: ms(timeToRecovery),
      usersHurt,
      usersPresent,
      shareHurt: usersPresent === 0 ? 0 : usersHurt / usersPresent,
      requestsHurt: truth.users.requests,
      requestsFailed: truth.users.failed,
    };
  }
  return json;
}
