// Runs of the whole program, and what holds for what they write.

import assert from "node:assert/strict";
import { type Ended, filesBelow, squall } from "./squall.ts";
import type { FileSpan } from "./traces.ts";

export interface Summary {
  readonly metrics: { readonly [name: string]: { readonly values: { readonly [name: string]: number } } };
  readonly services: { readonly [name: string]: { readonly [name: string]: unknown } };
  readonly delivery: {
    readonly [what in "spans" | "logs"]: { generated: number; delivered: number; rejected: number; pending: number };
  };
  readonly run: { readonly [name: string]: unknown };
}

export interface Result extends Ended {
  readonly folder: string;
  readonly summary: Summary;
  readonly traces: string;
  /** By service. */
  readonly logs: ReadonlyMap<string, string>;
}

/** Runs a scenario with its logs, its traces and its summary in a fresh folder. */
export async function runScenario(file: string, ...flags: string[]): Promise<Result> {
  const folder = Deno.makeTempDirSync({ prefix: "squall-" });
  const ended = await squall([
    "run",
    file,
    "--logs",
    `${folder}/logs`,
    "--results",
    `${folder}/run`,
    "--traces",
    "file",
    ...flags,
  ]);
  return { ...ended, folder, ...readRun(folder) };
}

/** What a run has left in a folder. */
export function readRun(folder: string): Pick<Result, "summary" | "traces" | "logs"> {
  const logs = new Map(
    filesBelow(`${folder}/logs`).map((path) => [path.split("/")[0]!, Deno.readTextFileSync(`${folder}/logs/${path}`)]),
  );
  return {
    summary: JSON.parse(Deno.readTextFileSync(`${folder}/run/summary.json`)) as Summary,
    traces: Deno.readTextFileSync(`${folder}/run/traces.jsonl`),
    logs,
  };
}

/** A log line of the JSON format. */
export type Line = { readonly [key: string]: unknown };

/** The records of a JSON log. */
export function jsonLines(log: string): Line[] {
  const lines = log.split("\n");
  assert.equal(lines.pop(), "", "the last line ends");
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Checks what holds for the spans of any run. A CLIENT span that timed out may be outlived by its SERVER span. */
export function assertTree(spans: readonly FileSpan[]): void {
  const byId = new Map(spans.map((span) => [span.traceId + span.spanId, span]));
  assert.equal(byId.size, spans.length, "span ids are unique");
  for (const span of spans) {
    assert.ok(span.start <= span.end, `${span.name} ends before it starts`);
    assert.match(span.traceId, /^(?!0{32})[0-9a-f]{32}$/);
    assert.match(span.spanId, /^(?!0{16})[0-9a-f]{16}$/);
    if (span.parentSpanId === "") {
      assert.equal(span.kind, 2, "a root is a SERVER span");
      continue;
    }
    const parent = byId.get(span.traceId + span.parentSpanId);
    assert.ok(parent !== undefined, `the parent of ${span.service} ${span.name} is missing`);
    assert.ok(parent.start <= span.start, `${span.name} starts before its parent`);
    const abandoned = parent.attributes.get("error.type") === "timeout" || parent.status === 2 && span.kind === 2;
    if (!abandoned) {
      assert.ok(span.end <= parent.end, `${span.service} ${span.name} outlives ${parent.service} ${parent.name}`);
    }
    const seen = new Set([span.spanId]);
    for (let up: FileSpan | undefined = parent; up !== undefined; up = byId.get(up.traceId + up.parentSpanId)) {
      assert.ok(!seen.has(up.spanId), "a cycle of parents");
      seen.add(up.spanId);
    }
  }
}
