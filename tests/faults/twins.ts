// The check of the ground truth: the same run with a fault and without it, compared request by request.

import assert from "node:assert/strict";
import { hashText, mix, mixed, uniform } from "../../sim/base/draws.ts";
import type { Nanos } from "../../sim/base/time.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { GroundTruth } from "../../sim/metrics/ground_truth.ts";
import type { GroundTruthReport } from "../../sim/metrics/truth_report.ts";
import { FactBatch, FactFlag, FactKind, isSlower, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { fromRoot } from "../root.ts";

/** How a request ended. Durations in nanoseconds. */
interface Ended {
  readonly service: number;
  readonly outcome: number;
  readonly status: number;
  readonly duration: number;
  /** Calls that it went on without. */
  forgone: number;
  /** The endpoint, what was asked, and the attempt: the same for a message, its copies, and when it is delivered again. */
  readonly asked: string;
}

export interface TwinRun {
  readonly plan: Plan;
  /** By what was asked and by whom: the span too. */
  readonly requests: ReadonlyMap<string, Ended>;
  /** The first of each that was asked, with its place in `requests`. */
  readonly firsts: ReadonlyMap<string, string>;
  readonly truth: GroundTruthReport | undefined;
}

/** Simulates checkout.yaml with these faults and no others, as they stand in YAML's flow style. */
export function twinOf(faults: string, seed: number): TwinRun {
  const path = fromRoot("scenarios/checkout.yaml");
  const text = Deno.readTextFileSync(path);
  const { scenario } = loadScenario({
    path,
    text,
    sets: [`faults=[${faults}]`, `seed=${seed}`, "thresholds={}"],
    env: new Map(),
  });
  return simulateTwin(compileScenario(scenario));
}

export function simulateTwin(plan: Plan): TwinRun {
  const engine = new Engine(plan, 1);
  const truth = plan.faults.length === 0 ? undefined : new GroundTruth(plan);
  const requests = new Map<string, Ended>(), firsts = new Map<string, string>();
  const bySpan = new Map<string, Ended>();
  const forgone = new Map<string, number>();
  const batch = new FactBatch();
  while (!engine.done) {
    engine.step((engine.now + 1e10) as Nanos, batch);
    truth?.take(batch);
    for (let row = 0; row < batch.length; row++) {
      const span = `${batch.span[row * 2]} ${batch.span[row * 2 + 1]}`;
      if (batch.kind[row] === FactKind.call) {
        if ((batch.flags[row]! & (FactFlag.tolerated | FactFlag.fallback)) === 0) continue;
        const parent = `${batch.parent[row * 2]} ${batch.parent[row * 2 + 1]}`;
        forgone.set(parent, (forgone.get(parent) ?? 0) + 1);
      }
      if (batch.kind[row] !== FactKind.request || batch.outcome[row] === Outcome.interrupted) continue;
      const endpoint = batch.endpoint[row]!;
      const ended = {
        service: plan.endpoints[endpoint]!.service,
        outcome: batch.outcome[row]!,
        status: batch.status[row]!,
        duration: batch.time[row]! - batch.start[row]!,
        forgone: 0,
        asked: `${endpoint} ${batch.key[row * 2]} ${batch.key[row * 2 + 1]} ${batch.attempt[row]}`,
      };
      const id = `${ended.asked} ${span}`;
      requests.set(id, ended);
      if (!firsts.has(ended.asked)) firsts.set(ended.asked, id);
      if (plan.services[ended.service]!.kind === "service") bySpan.set(span, ended);
    }
    batch.clear();
  }
  for (const [span, count] of forgone) {
    const request = bySpan.get(span);
    if (request !== undefined) request.forgone = count;
  }
  return { plan, requests, firsts, truth: truth?.report(engine.now) };
}

/** How many requests of each service a fault changed, by name: they ended otherwise, took longer, or were added. */
export function changedServices(before: TwinRun, after: TwinRun): Map<string, number> {
  const changed = new Map<string, number>();
  for (const [id, { service, outcome, status, duration, forgone, asked }] of after.requests) {
    // One that is delivered anew has another span; a copy stands beside the message that it is one of.
    const first = before.firsts.get(asked);
    const twin = before.requests.get(id) ??
      (first === undefined || after.requests.has(first) ? undefined : before.requests.get(first));
    const isChanged = twin === undefined || twin.outcome !== outcome || twin.status !== status ||
      twin.forgone !== forgone || isSlower(duration - twin.duration, duration);
    if (!isChanged) continue;
    const { name } = after.plan.services[service]!;
    changed.set(name, (changed.get(name) ?? 0) + 1);
  }
  return changed;
}

/** A random fault of checkout.yaml. @returns it in YAML's flow style, and the service that it is in */
export function randomFault(plan: Plan, number: number): { readonly text: string; readonly service: string } {
  mix(number, 0, hashText("random fault"));
  const { high, low } = mixed;
  const draw = (what: string): number => uniform(high, low, hashText(what));
  const among = <T>(what: string, items: readonly T[]): T => items[Math.floor(draw(what) * items.length)]!;
  const service = among("service", plan.services);
  const endpoint = plan.endpoints[among("endpoint", service.endpoints)]!;
  const edges = plan.sites.filter(({ caller }) => caller >= 0);
  const form = among("form", ["service", "endpoint", "replica", "edge", "replicas"]);
  const site = among("edge", edges);
  const caller = plan.endpoints[site.caller]!, callee = plan.endpoints[site.callee]!;
  const nameOf = (index: number): string => plan.services[index]!.name;
  const target = form === "service" || form === "replicas"
    ? service.name
    : form === "endpoint"
    ? `${service.name}.${endpoint.name}`
    : form === "replica"
    ? `${service.name}#${1 + Math.floor(draw("replica") * service.replicas)}`
    : `${nameOf(caller.service)}.${caller.name} -> ${nameOf(callee.service)}.${callee.name}`;
  const at = Math.round(10 + draw("at") * 100), length = Math.round(5 + draw("for") * 50);
  const amount = draw("amount");
  const effect = among("kind", [
    `kind: latency, add: ${Math.round(5 + 1500 * amount ** 2)}ms`,
    `kind: latency, multiply: ${(1.5 + 20 * amount).toFixed(1)}`,
    `kind: latency, add: { exponential: ${Math.round(10 + 500 * amount)}ms }`,
    `kind: errors, rate: ${Math.round(2 + 98 * amount)}%`,
    `kind: errors, rate: 100%, status: 503`,
  ]);
  const extra = [
    ...(form === "replicas" ? ["replicas: 50%"] : []),
    ...(draw("ramp") < 0.3 ? ["ramp: 2s"] : []),
    ...(draw("probability") < 0.3 ? [`probability: ${Math.round(5 + 90 * draw("share"))}%`] : []),
  ];
  const text = `{ name: injected, ${effect}, target: "${target}", at: ${at}s, for: ${length}s${
    extra.map((each) => `, ${each}`).join("")
  } }`;
  return { text, service: form === "edge" ? nameOf(callee.service) : service.name };
}

/** Share of the services on which the ground truth and the twin may disagree. */
const DISAGREEMENT_MAX = 0.01;

/** Compares the ground truth of that many random faults with their twins. */
export function checkRandomFaults(count: number): void {
  const before = twinOf("", 7), { plan } = before;
  const wrong: string[] = [];
  let changes = 0;
  for (let number = 0; number < count; number++) {
    const { text, service } = randomFault(plan, number);
    const after = twinOf(text, 7);
    const changed = changedServices(before, after);
    const [fault] = after.truth!.faults;
    assert.equal(fault!.root, service, text);
    const reached = new Set(fault!.reached.map((each) => each.service));
    for (const { path, service: end } of fault!.reached) assert.equal(path.at(-1), end);
    changes += changed.size;
    for (const { name } of plan.services) {
      if (changed.has(name) !== reached.has(name)) {
        wrong.push(`${name}, ${changed.has(name) ? "not " : ""}said: ${text}`);
      }
    }
  }
  assert.ok(changes > count, "the faults reach somebody");
  assert.ok(wrong.length <= DISAGREEMENT_MAX * count * plan.services.length, wrong.join("\n"));
}
