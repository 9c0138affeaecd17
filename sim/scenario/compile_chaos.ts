// A chaos schedule as faults: one for each that may be drawn and each target, with the windows that fall to it.

import { FOREVER, type Nanos } from "../base/time.ts";
import { suits } from "./chaos_fields.ts";
import { Chaos } from "../plan/chaos.ts";
import type { ChaosDraw, ChaosSpec, FaultSpec, FaultTarget, Scenario } from "./scenario.ts";

/** @param end of the load: no fault outlives it */
export function chaosFaults({ seed, services, chaos }: Scenario, end: Nanos): FaultSpec[] {
  if (chaos === undefined) return [];
  const all = [...services.keys()].map(wholeService);
  const slots = chaos.draws.flatMap((draw, index) =>
    targetsOf(draw, chaos, all).map((target) => ({ draw, index, target }))
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

/** How many faults each draw of the schedule may be. @param services names of all */
export function chaosSizes(chaos: ChaosSpec, services: readonly string[]): number[] {
  const all = services.map(wholeService);
  return chaos.draws.map((draw) => targetsOf(draw, chaos, all).length);
}

/** Whom a draw may strike: its own targets, or those of the schedule that it can. */
function targetsOf(draw: ChaosDraw, chaos: ChaosSpec, all: readonly FaultTarget[]): readonly FaultTarget[] {
  const { aim, zone, workload } = draw.fault;
  if (aim === "zone") return [{ ...wholeService(""), text: zone! }];
  if (aim === "workloads") return [{ ...wholeService(""), text: workload ?? "all scenarios" }];
  return draw.targets ?? (chaos.targets ?? all).filter((target) => suits(aim, target));
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
