// Recordings to the text of a scenario, and the account of it.

import { formatCounted } from "../../report/units.ts";
import { Observation } from "../observation.ts";
import { readTraffic } from "../recorded_traffic.ts";
import type { Recording } from "../recording.ts";
import { ExtrasReader } from "./extras.ts";
import { importTraffic } from "./importer.ts";
import { scenarioText } from "./scenario_text.ts";
import { lumpRare } from "./rare_operations.ts";
import { dropStrays } from "./strays.ts";

export interface ImportSettings {
  readonly recording: Recording;
  readonly shown: (path: string) => string;
  readonly name: string;
  /** Keep values of attributes, and messages. */
  readonly attributes: boolean;
  readonly messages: boolean;
}

export interface Noted {
  readonly reason: string;
  readonly count: number;
  readonly first: string;
}

export interface ImportAccount {
  readonly spans: number;
  readonly lines: number;
  readonly traces: number;
  readonly length_s: number;
  readonly services: number;
  readonly endpoints: number;
  readonly edges: number;
  readonly faults: number;
  readonly skipped: readonly Noted[];
  readonly odd: readonly Noted[];
}

export interface ImportReport {
  /** Undefined when there is no request in it. */
  readonly text: string | undefined;
  readonly account: ImportAccount;
}

export async function importRecording(settings: ImportSettings): Promise<ImportReport> {
  const { recording, shown, name, attributes, messages } = settings;
  const extras = new ExtrasReader({ attributes, messages });
  const { table, tally, unnamed } = await readTraffic({
    recording,
    shown,
    ...(attributes || messages ? { span: (view) => extras.span(view) } : {}),
    line: (view) => extras.line(view),
  });
  const { rows: spans, traces } = table;
  const strays = dropStrays(table);
  const rare = lumpRare(table);
  const observation = new Observation(table);
  const length_s = (observation.to - observation.from) / 1e9;
  const { orphans, duplicates, circles, backwards, loose } = observation.tally;
  const odd = [
    ...tally.odd,
    ...noted("spans whose parent is not in the recording, taken as the beginning of a trace", orphans),
    ...noted("spans recorded twice, counted once", duplicates),
    ...noted("spans that were their own ancestors", circles),
    ...noted("spans that end before they start, taken to have no length", backwards),
    ...noted("spans more than a day apart from the others, left out", strays.apart),
    ...noted("spans of more than a day, left out", strays.long),
    ...noted("calls that no request in the recording made, left out", loose),
    ...noted("spans with too many different names, taken as one", unnamed + rare),
  ];
  const imported = importTraffic(observation, extras.known(observation));
  const account: ImportAccount = {
    spans,
    lines: tally.lines,
    traces,
    length_s,
    services: imported.services.length,
    endpoints: imported.services.reduce((sum, { endpoints }) => sum + endpoints.length, 0),
    edges: observation.edges.filter(({ caller }) => caller >= 0).length,
    faults: imported.faults.length,
    skipped: tally.skipped,
    odd,
  };
  if (imported.arrivals.length === 0) return { text: undefined, account };
  const start = new Date(Math.floor(table.baseSeconds * 1000 + observation.from / 1e6));
  const header = [
    `Made of a recording: ${formatCounted(spans, "span")} in ${formatCounted(traces, "trace")} over ${
      length_s.toFixed(1)
    } s` +
    `${Number.isNaN(start.getTime()) ? "" : `, from ${start.toISOString()}`}.`,
    ...[...tally.skipped, ...odd].map(({ reason, count }) => `  ${count} × ${reason}`),
    "",
    "What spans cannot tell, and this file therefore leaves out or simplifies:",
    "  - how many requests a replica works on at once: time in a queue counts as own time (concurrency, queue)",
    "  - time limits that were never reached, and attempts that were never needed (timeout, retry)",
    "  - whether a caller needs a call that never failed: it is taken to need it (optional, fallback)",
    "  - whether all traces were recorded: with sampling, rates are too low by the share that was left out",
    ...(imported.services.some(({ topics }) => topics.length > 0)
      ? ["  - what becomes of messages that fail for good (deadLetter), and which key puts them into a partition (key)"]
      : []),
    "  - users: who made several requests, and how long they paused (journeys, think)",
    ...(attributes ? [] : ["  - values of attributes: left out (--attributes keeps them)"]),
    ...(messages ? [] : ["  - messages of errors: left out (--messages keeps them)"]),
  ];
  return { text: scenarioText(imported, { name, header }), account };
}

function noted(reason: string, count: number): Noted[] {
  return count === 0 ? [] : [{ reason, count, first: "" }];
}
