// What was verified, as text for people.

import { visible } from "../../base/diagnostics.ts";
import { formatDuration } from "../../base/time.ts";
import type { AlertFinding } from "./alerts.ts";
import type { RecordedRun } from "./recorded_run.ts";
import type { Verification } from "./verify.ts";
import type { LogFindings } from "./verify_logs.ts";
import type { MetricFindings } from "./verify_metrics.ts";
import type { TraceFindings } from "./verify_traces.ts";

const COLUMNS = ["expected", "found", "missing", "duplicate", "unexpected", "wrong time"] as const;

/** Lines fit 80 columns, but for examples of log lines, which are cut to `columns`. */
export function verifyText(run: RecordedRun, verification: Verification, columns: number): string {
  const { manifest, plan } = run;
  const lines = [
    `${visible(plan.name)}: run ${visible(manifest.id)} from ${manifest.start}, seed ${manifest.seed}`,
    "",
  ];
  lines.push(...logLines(verification, manifest.logs.to, columns));
  lines.push(...traceLines(verification.traces, manifest.traces.to));
  if (manifest.metrics.to === "otlp") lines.push(...metricLines(verification.metrics, columns));
  const { logs, spans, samples } = verification.rejected;
  if (logs + spans + samples > 0) {
    lines.push(
      `  the run's own account says that ${count(logs)} log records, ${count(spans)} spans`,
      `  and ${count(samples)} samples were rejected: so many may be missing`,
      "",
    );
  }
  lines.push(...verification.alerts.flatMap(alertLines));
  if (verification.alerts.length > 0) lines.push("");
  if (verification.discards.length > 0) {
    lines.push("  thrown away by the backends since they started, whoever sent it:");
    for (const { metric, labels, count: discarded } of verification.discards) {
      lines.push(`    ${count(discarded).padStart(9)}  ${visible(metric)}{${visible(labels)}}`);
    }
    lines.push("");
  }
  const nothing = verification.logs.length === 0 && verification.traces === undefined &&
    verification.metrics.length === 0 && verification.alerts.length === 0;
  lines.push(
    nothing
      ? "  nothing of this run was read back"
      : verification.ok
      ? "  ✓ all that the run claims to have delivered is there"
      : `  ✗ ${summary(verification)}`,
  );
  return lines.join("\n") + "\n";
}

function logLines({ logs }: Verification, to: string, columns: number): string[] {
  if (to === "none") return ["  logs: the run wrote none", ""];
  if (logs.length === 0) return ["  logs: not asked for", ""];
  const width = Math.max(8, ...logs.map(({ service }) => service.length));
  const row = (name: string, cells: readonly string[]): string =>
    `    ${name.padEnd(width)}${cells.map((cell) => cell.padStart(11)).join("")}`;
  const cellsOf = (each: Omit<LogFindings, "service" | "examples">): string[] =>
    [each.expected, each.found, each.missing, each.duplicate, each.unexpected, each.wrongTime].map(count);
  const sum = (valueOf: (each: LogFindings) => number): number =>
    logs.reduce((total, each) => total + valueOf(each), 0);
  const lines = ["  log lines", row("", COLUMNS)];
  for (const each of logs) {
    lines.push(row(visible(each.service), cellsOf(each)));
    for (const example of each.examples) lines.push(`      ${cut(visible(example), columns - 6)}`);
  }
  lines.push(
    row(
      "all",
      cellsOf({
        expected: sum((each) => each.expected),
        found: sum((each) => each.found),
        missing: sum((each) => each.missing),
        duplicate: sum((each) => each.duplicate),
        unexpected: sum((each) => each.unexpected),
        wrongTime: sum((each) => each.wrongTime),
      }),
    ),
    "",
  );
  return lines;
}

function traceLines(traces: TraceFindings | undefined, to: string): string[] {
  if (to === "none") return ["  traces: the run wrote none", ""];
  if (to === "file") return ["  traces: the run wrote them to its own file, so no collector has them", ""];
  if (traces === undefined) return ["  traces: not asked for", ""];
  const lines = [
    `  traces: expected ${count(traces.expected)}, found ${count(traces.found)}, missing ${count(traces.missing)}`,
    `  spans of ${count(traces.compared)} of them: expected ${count(traces.spansExpected)}, missing ${
      count(traces.spansMissing)
    }, unexpected ${count(traces.spansUnexpected)}, duplicate ${count(traces.spansDuplicate)}`,
  ];
  if (traces.notSearchable > 0) {
    lines.push(`  ${count(traces.notSearchable)} traces are found by id only, not by search`);
  }
  for (const example of traces.examples) lines.push(`    ${visible(example)}`);
  return [...lines, ""];
}

function metricLines(metrics: readonly MetricFindings[], columns: number): string[] {
  if (metrics.length === 0) return ["  metrics: not asked for", ""];
  const width = Math.max(8, ...metrics.map(({ service }) => service.length));
  const row = (name: string, cells: readonly string[]): string =>
    `    ${name.padEnd(width)}${cells.map((cell) => cell.padStart(11)).join("")}`;
  const requests = (value: number | undefined): string => value === undefined ? "-" : count(value);
  const lines = ["  metrics in Prometheus", row("", ["requests", "found", "samples", "missing", "different"])];
  for (const each of metrics) {
    const { service, expected, missing, different } = each;
    lines.push(
      row(visible(service), [
        requests(each.requests),
        requests(each.requestsFound),
        ...[expected, missing, different].map(count),
      ]),
    );
    for (const example of each.examples) lines.push(`      ${cut(visible(example), columns - 6)}`);
  }
  const sum = (valueOf: (each: MetricFindings) => number): string =>
    count(metrics.reduce((total, each) => total + valueOf(each), 0));
  lines.push(
    row("all", [
      sum((each) => each.requests ?? 0),
      sum((each) => each.requestsFound ?? 0),
      sum(({ expected }) => expected),
      sum(({ missing }) => missing),
      sum(({ different }) => different),
    ]),
    "",
  );
  return lines;
}

function alertLines({ expectation, ok, fired, cleared, why }: AlertFinding): string[] {
  const when = [
    fired === undefined ? undefined : `fired after ${formatDuration(fired)}`,
    cleared === undefined ? undefined : `cleared after ${formatDuration(cleared)}`,
  ].filter((part) => part !== undefined).join(", ");
  const head = `  ${ok ? "✓" : "✗"} alert ${visible(expectation.alert)} (${visible(expectation.cause)})`;
  return [
    `${head}: ${
      [why === undefined ? undefined : visible(why), when === "" ? undefined : when].filter(Boolean).join("; ")
    }`,
  ];
}

function summary({ logs, traces, metrics, alerts }: Verification): string {
  const total = (valueOf: (each: LogFindings) => number): number => logs.reduce((sum, each) => sum + valueOf(each), 0);
  const parts: [number, string][] = [
    [total(({ missing }) => missing), "lines are missing"],
    [total(({ duplicate }) => duplicate), "lines are there more than once"],
    [total(({ unexpected }) => unexpected), "lines are unexpected"],
    [total(({ wrongTime }) => wrongTime), "lines have another time than their own"],
    [traces?.missing ?? 0, "traces are missing"],
    [traces?.spansMissing ?? 0, "spans are missing"],
    [traces?.spansUnexpected ?? 0, "spans are unexpected"],
    [traces?.spansDuplicate ?? 0, "spans are there more than once"],
    [metrics.reduce((sum, { missing }) => sum + missing, 0), "samples are missing"],
    [metrics.reduce((sum, { different }) => sum + different, 0), "samples have another value"],
    [alerts.filter(({ ok }) => !ok).length, "alerts are not as expected"],
  ];
  return parts.filter(([number]) => number > 0).map(([number, what]) => `${count(number)} ${what}`).join(", ");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, Math.max(0, length - 1))}…` : text;
}
