// Reads back what a run claims to have delivered, and waits for backends that are still taking it in.

import type { AlertExpectation } from "./alert_expectations.ts";
import { type AlertFinding, decidedAt, type Firing, firingsInGrafana, firingsInPrometheus, judge } from "./alerts.ts";
import { type Backend, pause } from "./backend.ts";
import { type Discard, discardsOf } from "./discards.ts";
import { expectedOf } from "./expected.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { type LogFindings, LogVerifier } from "./verify_logs.ts";
import { type MetricFindings, MetricVerifier } from "./verify_metrics.ts";
import { type TraceFindings, TraceVerifier } from "./verify_traces.ts";

export interface VerifySettings {
  readonly run: RecordedRun;
  /** Undefined: not asked for. */
  readonly loki: Backend | undefined;
  readonly tempo: Backend | undefined;
  readonly prometheus: Backend | undefined;
  readonly grafana: Backend | undefined;
  /** Asked for its counters if it answers. */
  readonly promtail: Backend | undefined;
  readonly label: string;
  /** For how long to wait for what is missing once nothing comes any more. */
  readonly waitMs: number;
  /** How many traces to compare span by span; Infinity for all. */
  readonly compare: number;
  readonly alerts: readonly AlertExpectation[];
  /** Now and then: what is still missing. */
  readonly onWait: (text: string) => void;
}

export interface Verification {
  readonly logs: readonly LogFindings[];
  readonly traces: TraceFindings | undefined;
  readonly metrics: readonly MetricFindings[];
  readonly discards: readonly Discard[];
  readonly alerts: readonly AlertFinding[];
  /** The run's own account: what it said was rejected is no surprise, and which it was nobody knows. */
  readonly rejected: { readonly logs: number; readonly spans: number; readonly samples: number };
  readonly ok: boolean;
}

const ASK_AGAIN_MS = 1_500;
/** Search is slower than the way by id: it is waited for, but what only an id finds is no loss. */
const SEARCH_WAIT_SHARE = 0.5;

/**
 * Verifies a run.
 * @throws {BackendError} when a backend does not answer
 * @throws {RecordedRunError} when the run cannot be simulated again
 */
export async function verify(settings: VerifySettings): Promise<Verification> {
  const { run, loki, tempo, prometheus } = settings;
  const expected = await expectedOf(run);
  const logs = loki === undefined || expected.logs.length === 0
    ? undefined
    : new LogVerifier(run, expected, loki, settings.label);
  const traces = tempo === undefined || expected.spans === undefined
    ? undefined
    : new TraceVerifier(run, expected.spans, tempo);
  const metrics = prometheus === undefined || expected.samples === undefined
    ? undefined
    : new MetricVerifier(run, expected.samples, prometheus);
  if (logs !== undefined) await readLogs(logs, settings);
  if (traces !== undefined) await findTraces(traces, settings);
  if (metrics !== undefined) await readMetrics(metrics, settings);
  const findings = await logs?.findings() ?? [];
  const traceFindings = await traces?.findings(settings.compare);
  const alerts = await alertFindings(settings);
  const { manifest } = run;
  const rejected = {
    logs: manifest.logs.delivery.rejected,
    spans: manifest.traces.delivery.rejected,
    samples: manifest.metrics.delivery.rejected,
  };
  const verification = {
    logs: findings,
    traces: traceFindings,
    metrics: metrics?.findings() ?? [],
    // Only of those that were asked for telemetry: a run without traces needs no Tempo.
    discards: await discards({
      ...settings,
      loki: logs === undefined ? undefined : loki,
      tempo: traces === undefined ? undefined : tempo,
      prometheus: metrics === undefined ? undefined : prometheus,
    }),
    alerts,
    rejected,
  };
  return { ...verification, ok: isOk(verification) };
}

/** Says when nothing has come for so long that waiting has no sense any more. */
class Patience {
  #least = Infinity;
  #until = 0;

  constructor(readonly waitMs: number) {}

  /** @param missing now; fewer than ever before: the backend is still taking in */
  isOver(missing: number): boolean {
    if (missing < this.#least) this.#until = Date.now() + this.waitMs;
    this.#least = Math.min(this.#least, missing);
    return Date.now() >= this.#until;
  }
}

async function readLogs(logs: LogVerifier, { waitMs, onWait }: VerifySettings): Promise<void> {
  const patience = new Patience(waitMs);
  for (let missing = await logs.read(false); missing > 0; missing = await logs.read(false)) {
    if (patience.isOver(missing)) {
      await logs.read(true);
      return;
    }
    onWait(`${missing} lines are not in Loki yet`);
    await pause(ASK_AGAIN_MS);
  }
}

async function findTraces(traces: TraceVerifier, { waitMs, onWait }: VerifySettings): Promise<void> {
  const search = new Patience(waitMs * SEARCH_WAIT_SHARE), byId = new Patience(waitMs);
  for (let missing = await traces.search(); missing > 0; missing = await traces.search()) {
    if (search.isOver(missing)) break;
    onWait(`${missing} traces are not found by search yet`);
    await pause(ASK_AGAIN_MS);
  }
  for (let missing = traces.missing; missing > 0;) {
    missing = await traces.askById();
    if (missing === 0 || byId.isOver(missing)) return;
    onWait(`${missing} traces are not in Tempo yet`);
    await pause(ASK_AGAIN_MS);
  }
}

async function readMetrics(metrics: MetricVerifier, { waitMs, onWait }: VerifySettings): Promise<void> {
  const patience = new Patience(waitMs);
  for (let missing = await metrics.read(); missing > 0; missing = await metrics.read()) {
    if (patience.isOver(missing)) return;
    onWait(`${missing} samples are not in Prometheus yet`);
    await pause(ASK_AGAIN_MS);
  }
}

async function discards({ loki, tempo, prometheus, promtail }: VerifySettings): Promise<Discard[]> {
  const found: Discard[] = [];
  for (const backend of [loki, tempo, prometheus]) if (backend !== undefined) found.push(...await discardsOf(backend));
  if (promtail !== undefined) {
    // Alloy may stand in its place, or nobody.
    found.push(...await discardsOf(promtail).catch(() => []));
  }
  return found;
}

async function alertFindings(settings: VerifySettings): Promise<AlertFinding[]> {
  const { alerts, run, prometheus, grafana } = settings;
  if (alerts.length === 0) return [];
  const sinceStart = (): number => Number(BigInt(Date.now()) * 1_000_000n - run.startEpochNs);
  const decided = decidedAt(alerts);
  for (let left = decided - sinceStart(); left > 0; left = decided - sinceStart()) {
    settings.onWait(`alerts are decided in ${Math.ceil(left / 1e9)} s`);
    await pause(Math.min(left / 1e6 + 1, 10_000));
  }
  const until = Math.min(sinceStart(), Number.isFinite(decided) ? decided + 120e9 : Infinity);
  return await Promise.all(alerts.map(async (expectation) => {
    const firings: Firing[] = [];
    if (prometheus !== undefined) firings.push(...await firingsInPrometheus(prometheus, run, expectation, until));
    if (grafana !== undefined) firings.push(...await firingsInGrafana(grafana, run, expectation, until));
    return judge(expectation, firings.sort((a, b) => a.from - b.from), until);
  }));
}

function isOk({ logs, traces, metrics, alerts, rejected }: Omit<Verification, "ok">): boolean {
  const missingLines = logs.reduce((sum, { missing }) => sum + missing, 0);
  if (missingLines > rejected.logs) return false;
  if (logs.some(({ duplicate, unexpected, wrongTime }) => duplicate + unexpected + wrongTime > 0)) return false;
  if (traces !== undefined) {
    const { missing, spansMissing, spansUnexpected, spansDuplicate } = traces;
    if (spansUnexpected + spansDuplicate > 0) return false;
    // Which spans were rejected nobody knows: as many may be missing.
    if (missing + spansMissing > rejected.spans) return false;
  }
  const missingSamples = metrics.reduce((sum, { missing }) => sum + missing, 0);
  if (missingSamples > rejected.samples || metrics.some(({ different }) => different > 0)) return false;
  return alerts.every(({ ok }) => ok);
}
