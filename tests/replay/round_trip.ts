// The round trip of an import: a scenario is run, its traces are imported, and what comes of that is run in its turn.

import { formatDiagnostic, InvalidInput } from "../../sim/base/diagnostics.ts";
import { Run } from "../../sim/run/run.ts";
import { OtlpFile } from "../../sim/sinks/otlp_file.ts";
import { SPANS } from "../../sim/sinks/otlp_signal.ts";
import { TraceFileSink } from "../../sim/sinks/trace_file.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { ksDistance } from "../../sim/replay/comparison.ts";
import { importRecording } from "../../sim/replay/import/import_recording.ts";
import { type Observation, SampleFlag, type SeenEndpoint } from "../../sim/replay/observation.ts";
import { simulateTraffic } from "../../sim/replay/simulated.ts";
import { SpanBuilder } from "../../sim/telemetry/spans.ts";

const START = 1_764_000_000_000_000_000n;

/** Reads a scenario; what is wrong with it is in the error's message. */
export function scenarioOf(text: string): Scenario {
  try {
    return loadScenario({ path: "scenario.yaml", text, sets: [], env: new Map() }).scenario;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new Error(error.diagnostics.map(formatDiagnostic).join("\n\n"));
  }
}

/** Runs a scenario and writes its spans into a file, as deno task run does. */
export async function record(scenario: Scenario, path: string): Promise<void> {
  const plan = compileScenario(scenario);
  const onNotice = (text: string): void => {
    throw new Error(text);
  };
  const file = new OtlpFile({ path, onNotice }, SPANS);
  const builder = new SpanBuilder(plan, {
    startEpochNs: START,
    seed: plan.seed,
    version: "0",
    resourceAttributes: new Map(),
  });
  const sink = new TraceFileSink(builder, file);
  await new Run({
    plan,
    startEpochNs: START,
    pace: Infinity,
    sinks: {
      take: (batch) => Promise.resolve(sink.take(batch)),
      evaluate: () => Promise.resolve(sink.evaluate()),
      flush: () => Promise.resolve(),
      close: () => sink.close(),
      delivery: { spans: sink.delivery, logs: sink.delivery, points: undefined },
    },
    listener: { progress: () => {}, notice: () => {} },
  }).execute();
}

/** Imports the traces of a scenario. */
export async function importOf(scenario: Scenario): Promise<string> {
  const path = Deno.makeTempFileSync({ suffix: ".jsonl" });
  Deno.removeSync(path);
  try {
    await record(scenario, path);
    const { text } = await importRecording({
      recording: { parts: [{ path, service: "", bytes: 0 }], notices: [] },
      shown: (each) => each,
      name: "imported",
      attributes: false,
      messages: false,
    });
    if (text === undefined) throw new Error("nothing was imported");
    return text;
  } finally {
    Deno.removeSync(path);
  }
}

export interface RoundTrip {
  readonly text: string;
  readonly original: Observation;
  readonly again: Observation;
  readonly imported: Scenario;
}

export async function roundTrip(scenario: Scenario): Promise<RoundTrip> {
  const text = await importOf(scenario);
  const imported = scenarioOf(text);
  const { observation: original } = await simulateTraffic(compileScenario(scenario));
  const { observation: again } = await simulateTraffic(compileScenario(imported));
  return { text, original, again, imported };
}

const nameOf = ({ service, name }: SeenEndpoint): string => `${service}.${name}`;

function edgesOf({ endpoints, edges }: Observation): Map<string, number> {
  return new Map(edges.map(({ caller, callee, calls }) => [
    `${caller < 0 ? "users" : nameOf(endpoints[caller]!)} -> ${nameOf(endpoints[callee]!)}`,
    calls,
  ]));
}

function errorRate({ samples }: SeenEndpoint): number {
  let errors = 0;
  for (let at = 0; at < samples.count; at++) if ((samples.flags[at]! & SampleFlag.error) !== 0) errors++;
  return errors / samples.count;
}

const own = ({ samples }: SeenEndpoint): Float64Array => samples.own.slice(0, samples.count).sort();

/** Everything about a round trip that is not as it has to be, as sentences. */
export function shortcomings(scenario: Scenario, { original, again, imported }: RoundTrip): string[] {
  const wrong: string[] = [];
  const services = (observation: Observation) =>
    [...new Set(observation.endpoints.map(({ service }) => service))].sort();
  const before = edgesOf(original), after = edgesOf(again);
  const missing = services(original).filter((name) =>
    !services(again).includes(name) &&
    original.endpoints.some((each) => each.service === name && each.samples.count >= 30)
  );
  if (missing.length > 0) wrong.push(`services are missing: ${missing.join(", ")}`);
  for (const name of services(again)) {
    if (!services(original).includes(name)) wrong.push(`the service ${name} is invented`);
  }
  for (const [edge, calls] of before) {
    if (calls >= 30 && !after.has(edge)) wrong.push(`the edge ${edge} with ${calls} calls is missing`);
    // Within 5 %, and what chance does to so many draws.
    const there = after.get(edge) ?? 0;
    if (calls >= 30 && Math.abs(there - calls) > 0.05 * calls + 4 * Math.sqrt(calls)) {
      wrong.push(`${edge}: ${there} calls instead of ${calls}`);
    }
  }
  for (const edge of after.keys()) if (!before.has(edge)) wrong.push(`the edge ${edge} is invented`);
  const roots = (edges: Map<string, number>) =>
    [...edges].filter(([edge]) => edge.startsWith("users ")).reduce((sum, [, calls]) => sum + calls, 0);
  if (Math.abs(roots(after) / roots(before) - 1) > 0.05) {
    wrong.push(`${roots(after)} requests instead of ${roots(before)}`);
  }
  for (const endpoint of original.endpoints) {
    const twin = again.endpoints.find((each) => nameOf(each) === nameOf(endpoint));
    const n = endpoint.samples.count;
    if (twin === undefined || n < 300 || twin.samples.count < 300) continue;
    const here = errorRate(endpoint), there = errorRate(twin);
    // One point, and three standard errors of both.
    const chance = 3 * Math.sqrt(2 * here * (1 - here) / n);
    if (Math.abs(here - there) > 0.01 + chance) {
      wrong.push(`${nameOf(endpoint)}: ${(there * 100).toFixed(2)} % errors instead of ${(here * 100).toFixed(2)} %`);
    }
    if (n < 1000 || twin.samples.count < 1000) continue;
    const distance = ksDistance(own(endpoint), own(twin));
    if (distance > 0.1) wrong.push(`${nameOf(endpoint)}: its own time is ${distance.toFixed(3)} away`);
  }
  for (const fault of scenario.faults) {
    const found = imported.faults.some((each) =>
      each.kind === fault.kind && each.target.service === fault.target.service &&
      (fault.target.endpoint === undefined || each.target.endpoint === fault.target.endpoint) &&
      Math.abs(each.at - fault.at) <= 10e9 && Math.abs(each.at + each.duration - fault.at - fault.duration) <= 10e9
    );
    if (!found) {
      const all = imported.faults.map((each) =>
        `${each.kind} on ${each.target.text} ${each.at / 1e9}+${each.duration / 1e9}`
      );
      wrong.push(
        `the fault ${fault.kind} on ${fault.target.text} at ${fault.at / 1e9}+${fault.duration / 1e9} is not found: ` +
          (all.join("; ") || "none is"),
      );
    }
  }
  return wrong;
}
