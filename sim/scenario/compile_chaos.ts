// A chaos schedule as faults: one for each that may be drawn and each target, with the windows that fall to it.

import { FOREVER, type Nanos } from "../base/time.ts";
import { suits } from "./chaos_fields.ts";
import { Chaos } from "../plan/chaos.ts";
import { type FaultHost, findsAnything, scenarioHosts } from "./fault_hosts.ts";
import type { ChaosDraw, ChaosSpec, FaultSpec, FaultTarget, Scenario } from "./scenario.ts";

/** @param end of the load: no fault outlives it */
export function chaosFaults(scenario: Scenario, end: Nanos): FaultSpec[] {
  const { seed, services, chaos } = scenario;
  if (chaos === undefined) return [];
  const hosts = scenarioHosts(scenario);
  const slots = chaos.draws.flatMap((draw, index) =>
    targetsOf(draw, chaos, hosts).map((target) => ({ draw, index, target }))
  );
  const schedule = new Chaos({
    seed,
    from: chaos.from,
    until: Math.min(chaos.until, end) as Nanos,
    every: chaos.every,
    length: chaos.length,
    atOnce: chaos.atOnce,
    servicesMax: Math.max(1, Math.floor(chaos.radius * services.size + 1e-9)),
  }, slots.map(({ draw: { weight }, index, target }) => ({ draw: index, weight, service: target.service })));
  const names = new Map<string, number>();
  return slots.map(({ draw, target }, slot): FaultSpec => ({
    ...draw.fault,
    name: nameOf(draw, target, names),
    kind: draw.kind,
    target,
    at: chaos.from,
    duration: chaos.length.mean as Nanos,
    every: FOREVER,
    times: Infinity,
    jitter: 0 as Nanos,
    when: [],
    reaction: 0 as Nanos,
    schedule: schedule.scheduleOf(slot),
  }));
}

/** How many faults each draw of the schedule may be. */
export function chaosSizes(chaos: ChaosSpec, hosts: ReadonlyMap<string, FaultHost>): number[] {
  return chaos.draws.map((draw) => targetsOf(draw, chaos, hosts).length);
}

/** Whom a draw may strike: its own targets, or those of the schedule in which it finds anything. */
function targetsOf(draw: ChaosDraw, chaos: ChaosSpec, hosts: ReadonlyMap<string, FaultHost>): readonly FaultTarget[] {
  const { kind, fault: { aim, zone, workload } } = draw;
  if (aim === "zone") return [{ ...wholeService(""), text: zone! }];
  if (aim === "workloads") return [{ ...wholeService(""), text: workload ?? "all scenarios" }];
  return draw.targets ?? (chaos.targets ?? [...hosts.keys()].map(wholeService)).filter((target) => {
    const host = hosts.get(target.service);
    return suits(aim, target) && (host === undefined || findsAnything(kind, host));
  });
}

function wholeService(service: string): FaultTarget {
  return { text: service, service, endpoint: undefined, replica: undefined, caller: undefined };
}

function nameOf({ kind }: ChaosDraw, { text }: FaultTarget, names: Map<string, number>): string {
  const name = `chaos: ${kind} on ${text}`;
  const count = (names.get(name) ?? 0) + 1;
  names.set(name, count);
  return count === 1 ? name : `${name} (${count})`;
}
