// When alerts fired: from the series that Prometheus keeps of its own rules (ALERTS) and that Grafana writes of its rules
// (GRAFANA_ALERTS), and from Grafana's annotations.

import { type Nanos, SECOND } from "../../base/time.ts";
import type { AlertExpectation } from "./alert_expectations.ts";
import type { Backend } from "./backend.ts";
import type { RecordedRun } from "./recorded_run.ts";

/** Firing from `from` to `until`: nanoseconds since the run's start. `until` Infinity: still. */
export interface Firing {
  readonly from: number;
  readonly until: number;
}

export interface AlertFinding {
  readonly expectation: AlertExpectation;
  readonly ok: boolean;
  /** Since the cause began, and since it was over; undefined when it did not happen. */
  readonly fired: Nanos | undefined;
  readonly cleared: Nanos | undefined;
  /** What went wrong, in words. */
  readonly why: string | undefined;
}

/** Between two questions about a series: rules are evaluated every 10 s or less often. */
const STEP_S = 5;
/** Prometheus answers at most so many points a series. */
const POINTS_MAX = 10_000;

/** When it is clear what became of all expectations: nanoseconds since the run's start. */
export function decidedAt(expectations: readonly AlertExpectation[]): number {
  return Math.max(
    0,
    ...expectations.map(({ from, until, within, clears }) =>
      Math.max(from + within, clears === undefined ? 0 : until + clears)
    ),
  );
}

/** What happened in place of each expectation. */
export function judge(expectation: AlertExpectation, firings: readonly Firing[], now: number): AlertFinding {
  const { from, until, within, clears, alert } = expectation;
  // One that was firing before the cause has not been made to fire by it.
  const already = firings.find((each) => each.from < from && each.until > from);
  const first = firings.filter((each) => each.from >= from).sort((a, b) => a.from - b.from)[0];
  if (first === undefined || first.from > from + within) {
    const why = already !== undefined
      ? `${alert} was firing already before`
      : first === undefined
      ? `${alert} did not fire`
      : `${alert} fired too late`;
    return { expectation, ok: false, fired: first && (first.from - from) as Nanos, cleared: undefined, why };
  }
  const fired = (first.from - from) as Nanos;
  // Flapping counts: it has cleared when it fires no more until the question is decided.
  const last = firings.filter((each) => each.from >= from && each.from <= until + (clears ?? 0)).at(-1)!;
  const end = Math.max(...firings.filter((each) => each.from <= last.from).map((each) => each.until));
  const cleared = end > now ? undefined : Math.max(0, end - until) as Nanos;
  if (clears === undefined) return { expectation, ok: true, fired, cleared, why: undefined };
  if (cleared === undefined) {
    return { expectation, ok: false, fired, cleared, why: `${alert} is still firing` };
  }
  const ok = cleared <= clears;
  return { expectation, ok, fired, cleared, why: ok ? undefined : `${alert} cleared too late` };
}

/**
 * When an alert fired, by Prometheus.
 * @throws {BackendError} when it does not answer
 */
export async function firingsInPrometheus(
  prometheus: Backend,
  run: RecordedRun,
  { alert, labels }: AlertExpectation,
  until: number,
): Promise<Firing[]> {
  const start = Number(run.startEpochNs / 1_000_000n) / 1000;
  const length = until / SECOND;
  const step = Math.max(STEP_S, Math.ceil(length / POINTS_MAX));
  const matchers = [
    `alertname=${JSON.stringify(alert)}`,
    `alertstate=~"firing|alerting|Alerting"`,
    ...[...labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`),
  ].join(",");
  const answer = await prometheus.json("/api/v1/query_range", {
    query: `max(ALERTS{${matchers}}) or max(GRAFANA_ALERTS{${matchers}})`,
    start: String(start),
    end: String(start + length),
    step: String(step),
  }) as { data?: { result?: readonly { values: readonly (readonly [number, string])[] }[] } };
  const times = (answer.data?.result ?? []).flatMap(({ values }) => values.filter(([, value]) => value !== "0"))
    .map(([time]) => (time - start) * SECOND).sort((a, b) => a - b);
  const firings: { from: number; until: number }[] = [];
  for (const time of times) {
    const last = firings.at(-1);
    if (last !== undefined && time - last.until <= 2 * step * SECOND) last.until = time;
    else firings.push({ from: time, until: time });
  }
  // What fires at the last point that was asked for is firing still.
  return firings.map((each) => each.until + step * SECOND > until ? { ...each, until: Infinity } : each);
}

/**
 * When an alert fired, by Grafana's annotations, which its own alerting writes.
 * @throws {BackendError} when it does not answer
 */
export async function firingsInGrafana(
  grafana: Backend,
  run: RecordedRun,
  { alert, labels }: AlertExpectation,
  until: number,
): Promise<Firing[]> {
  const startMs = Number(run.startEpochNs / 1_000_000n);
  const answer = await grafana.json("/api/annotations", {
    type: "alert",
    from: String(startMs),
    to: String(Math.ceil(startMs + until / 1e6)),
    limit: "5000",
  }) as readonly { alertName?: string; text?: string; newState?: string; time?: number }[];
  const changes = answer.filter(({ alertName, text = "" }) =>
    alertName === alert && [...labels].every(([name, value]) => text.includes(`${name}=${value}`))
  ).map(({ newState = "", time = 0 }) => ({ fires: /^alerting/i.test(newState), at: (time - startMs) * 1e6 }))
    .sort((a, b) => a.at - b.at);
  const firings: { from: number; until: number }[] = [];
  for (const { fires, at } of changes) {
    const last = firings.at(-1);
    if (fires && last?.until !== Infinity) firings.push({ from: at, until: Infinity });
    else if (!fires && last?.until === Infinity) last.until = at;
  }
  return firings;
}
