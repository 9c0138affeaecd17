// What really happened, gathered from the facts while the run goes on: the windows of faults, whom each of them reached,
// when and by which way, and what users saw of it. It counts nothing but what the engine says that a fault has changed.

import { FOREVER, type Nanos } from "../base/time.ts";
import {
  CAUSE_FAULT,
  CauseKind,
  type FactBatch,
  FactFlag,
  FactKind,
  hasEffect,
  Outcome,
  readCause,
} from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { requestTraits, Trait } from "../plan/samples.ts";
import type { FaultsNow } from "./experiment.ts";
import { Trend } from "./trend.ts";
import type {
  ArrivalKind,
  CausalEdge,
  FaultTruth,
  GroundTruthReport,
  Injection,
  Phase,
  PhaseFigures,
  Reached,
  RedHerring,
  UserImpact,
} from "./truth_report.ts";

/** Fewer requests than this tell nothing about a service. */
const HERRING_REQUESTS_MIN = 20;
/** Users, as an edge of the causal graph names them. */
export const USERS = "users";

const ARRIVALS: readonly ArrivalKind[] = ["answer", "request", "queue", "user"];

/** Effects that came to one service by one way. */
interface Way {
  first: number;
  last: number;
  requests: number;
}

/** What one fault did to one service. */
class ServiceEffects {
  failed = 0;
  slower = 0;
  other = 0;
  readonly ways = new Map<number, Way>();

  add(batch: FactBatch, row: number): void {
    const isChanged = (batch.flags[row]! & FactFlag.changed) !== 0;
    if (!isChanged) this.slower++;
    else if (batch.outcome[row] !== Outcome.ok) this.failed++;
    else this.other++;
    addTo(this.ways, batch.via[row]!, batch.since[row]!, batch.time[row]!);
  }
}

function addTo(ways: Map<number, Way>, key: number, since: number, time: number): void {
  const way = ways.get(key);
  if (way === undefined) ways.set(key, { first: since, last: time, requests: 1 });
  else {
    way.first = Math.min(way.first, since);
    way.last = Math.max(way.last, time);
    way.requests++;
  }
}

/** Users that a fault, or all faults together, hurt. */
class UserEffects {
  requests = 0;
  failed = 0;
  first = Infinity;
  last = -Infinity;
  users = 0;
  present = 0;
  /** When its first window began, and until when it, or its effects, were there. */
  began = Infinity;
  activeUntil = -Infinity;
  open = 0;

  call(batch: FactBatch, row: number): void {
    const time = batch.time[row]!;
    this.requests++;
    if ((batch.flags[row]! & FactFlag.changed) !== 0 && batch.outcome[row] !== Outcome.ok) this.failed++;
    this.first = Math.min(this.first, time);
    this.last = this.activeUntil = time;
  }

  iteration(start: number, end: number, isHurt: boolean): void {
    if (isHurt) this.users++;
    if (isHurt || (end >= this.began && (this.open > 0 || start <= this.activeUntil))) this.present++;
  }

  report(): UserImpact {
    return {
      requests: this.requests,
      failed: this.failed,
      first: this.requests === 0 ? undefined : this.first as Nanos,
      last: this.requests === 0 ? undefined : this.last as Nanos,
      users: this.users,
      usersPresent: this.present,
    };
  }
}

/** One fault, from its first window on. */
class FaultEffects {
  /** By index of the service. */
  readonly services = new Map<number, ServiceEffects>();
  /** Answers that users got, by the service that gave them. */
  readonly answers = new Map<number, Way>();
  readonly users = new UserEffects();
}

/** Requests of a service, or of users, in a part of the run. */
class Figures {
  requests = 0;
  errors = 0;
  duration: Trend | undefined;

  add(failed: boolean, duration: number): void {
    this.requests++;
    if (failed) this.errors++;
    (this.duration ??= new Trend()).add(duration);
  }

  report(seconds: number): PhaseFigures {
    const p95 = this.duration?.aggregate({ type: "percentile", percentile: 95 });
    return {
      requests: this.requests,
      perSecond: seconds > 0 ? this.requests / seconds : 0,
      errorRate: this.requests === 0 ? 0 : this.errors / this.requests,
      p95,
    };
  }
}

export class GroundTruth {
  readonly #plan: Plan;
  /** Windows of faults and mitigations. */
  readonly #windows: { fault: number; from: number; until: number | undefined }[] = [];
  readonly #open = new Map<number, { readonly from: number; until: number | undefined }>();
  readonly #openMitigations = new Map<number, { until: number | undefined }>();
  #lastEnd = -Infinity;
  readonly #faults = new Map<number, FaultEffects>();
  readonly #users = new UserEffects();
  /** Faults that hurt an iteration that has not ended, by workload and number. */
  readonly #hurt: Map<number, Set<number>>[];
  /** Stretches with a fault, and until when effects were seen after each. */
  readonly #incidents: { from: number; until: number; recovered: number }[] = [];
  /** By index of the service, and the users' after them: before the first fault, and while there is one. */
  readonly #baseline: readonly Figures[];
  readonly #incident: readonly Figures[];
  #incidentTime = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#hurt = plan.workloads.map(() => new Map());
    this.#baseline = [...plan.services, USERS].map(() => new Figures());
    this.#incident = [...plan.services, USERS].map(() => new Figures());
  }

  /** What the faults are, without mitigations, up to the facts that have been taken. */
  get faultsNow(): FaultsNow {
    let recoverFrom = this.#lastEnd;
    for (const [fault, { from }] of this.#open) {
      const { duration, schedule } = this.#plan.faults[fault]!;
      const stays = duration === FOREVER && schedule === undefined;
      recoverFrom = Math.max(recoverFrom, stays ? from : Infinity);
    }
    return { begun: this.#incidents.length > 0, open: this.#open.size > 0, recoverFrom };
  }

  /** Takes all rows of a batch. Keeps nothing of it. */
  take(batch: FactBatch): void {
    const { kind, length } = batch;
    for (let row = 0; row < length; row++) {
      switch (kind[row]) {
        case FactKind.request:
          this.#request(batch, row);
          break;
        case FactKind.call:
          if ((batch.flags[row]! & FactFlag.journey) !== 0) this.#journeyCall(batch, row);
          break;
        case FactKind.iteration:
          this.#iteration(batch, row);
          break;
        case FactKind.fault:
          this.#fault(batch.cause[row]!, batch.time[row]!, batch.outcome[row] === 1);
          break;
      }
    }
  }

  #fault(fault: number, time: number, begins: boolean): void {
    if (this.#plan.faults[fault]!.isMitigation) return this.#mitigation(fault, time, begins);
    const { users } = this.#of(fault);
    if (begins) {
      const injection = { fault, from: time, until: undefined };
      this.#windows.push(injection);
      this.#open.set(fault, injection);
      if (this.#open.size === 1) this.#incidents.push({ from: time, until: Infinity, recovered: time });
      for (const each of [users, this.#users]) {
        each.began = Math.min(each.began, time);
        each.open++;
      }
      return;
    }
    const injection = this.#open.get(fault);
    if (injection === undefined) return;
    injection.until = this.#lastEnd = time;
    this.#open.delete(fault);
    for (const each of [users, this.#users]) {
      each.open--;
      each.activeUntil = Math.max(each.activeUntil, time);
    }
    if (this.#open.size > 0) return;
    const incident = this.#incidents.at(-1)!;
    incident.until = incident.recovered = time;
    this.#incidentTime += time - incident.from;
  }

  /** A mitigation is no part of an incident: it only has a window of its own, and whom it hurts. */
  #mitigation(fault: number, time: number, begins: boolean): void {
    const { users } = this.#of(fault);
    if (begins) {
      const window = { fault, from: time, until: undefined };
      this.#windows.push(window);
      this.#openMitigations.set(fault, window);
      users.began = Math.min(users.began, time);
      users.open++;
      return;
    }
    const window = this.#openMitigations.get(fault);
    if (window === undefined) return;
    window.until = time;
    this.#openMitigations.delete(fault);
    users.open--;
    users.activeUntil = Math.max(users.activeUntil, time);
  }

  #of(fault: number): FaultEffects {
    let effects = this.#faults.get(fault);
    if (effects === undefined) this.#faults.set(fault, effects = new FaultEffects());
    return effects;
  }

  #request(batch: FactBatch, row: number): void {
    const traits = requestTraits(batch, row);
    // How one would have ended that was interrupted is not known.
    if (traits === 0) return;
    const service = this.#plan.endpoints[batch.endpoint[row]!]!.service;
    this.#figures(service, (traits & Trait.failed) !== 0, batch, row);
    if (!hasEffect(batch, row)) return;
    const fault = batch.fault[row]! - 1;
    const { services } = this.#of(fault);
    let effects = services.get(service);
    if (effects === undefined) services.set(service, effects = new ServiceEffects());
    effects.add(batch, row);
    const incident = this.#incidents.at(-1);
    if (incident !== undefined && !this.#plan.faults[fault]!.isMitigation) {
      incident.recovered = Math.max(incident.recovered, batch.time[row]!);
    }
  }

  #figures(index: number, failed: boolean, batch: FactBatch, row: number): void {
    const figures = this.#incidents.length === 0 ? this.#baseline : this.#open.size > 0 ? this.#incident : undefined;
    figures?.[index]?.add(failed, batch.time[row]! - batch.start[row]!);
  }

  #journeyCall(batch: FactBatch, row: number): void {
    const outcome = batch.outcome[row]!;
    if (outcome === Outcome.interrupted || outcome === Outcome.cancelled) return;
    const status = batch.status[row]!;
    this.#figures(this.#plan.services.length, status < 200 || status >= 400, batch, row);
    if (!hasEffect(batch, row)) return;
    const fault = batch.fault[row]! - 1, { users, answers } = this.#of(fault);
    users.call(batch, row);
    this.#users.call(batch, row);
    addTo(answers, this.#plan.endpoints[batch.endpoint[row]!]!.service, batch.time[row]!, batch.time[row]!);
    const hurt = this.#hurt[batch.workload[row]!]!, iteration = batch.iteration[row]!;
    const faults = hurt.get(iteration);
    if (faults === undefined) hurt.set(iteration, new Set([fault]));
    else faults.add(fault);
  }

  #iteration(batch: FactBatch, row: number): void {
    if (this.#faults.size === 0) return;
    const hurt = this.#hurt[batch.workload[row]!]!, iteration = batch.iteration[row]!;
    const faults = hurt.get(iteration);
    const start = batch.start[row]!, end = batch.time[row]!;
    if (faults !== undefined) hurt.delete(iteration);
    for (const [fault, { users }] of this.#faults) users.iteration(start, end, faults?.has(fault) === true);
    this.#users.iteration(start, end, faults !== undefined);
  }

  /** Everything so far. @param now since the run's start, up to which all facts have been taken */
  report(now: Nanos): GroundTruthReport {
    const users = this.#users.report();
    const first = this.#incidents[0]?.from ?? now;
    const open = this.#incidents.at(-1);
    const incidentTime = this.#incidentTime + (this.#open.size > 0 && open !== undefined ? now - open.from : 0);
    const all = [...this.#faults].sort(([one], [other]) => one - other)
      .map(([index, effects]) => this.#faultTruth(index, effects));
    const windows = this.#windows.map(({ fault, from, until }): Injection => ({
      fault: this.#plan.faults[fault]!,
      from: from as Nanos,
      until: (until ?? now) as Nanos,
      endedByRun: until === undefined,
    }));
    return {
      injections: windows.filter(({ fault }) => !fault.isMitigation),
      mitigations: windows.filter(({ fault }) => fault.isMitigation),
      faults: all.filter(({ fault }) => !fault.isMitigation),
      sideEffects: all.filter(({ fault }) => fault.isMitigation),
      phases: this.#phases(now),
      redHerrings: this.#redHerrings(all, first / 1e9, incidentTime / 1e9),
      users,
      indicators: {
        baseline: this.#baseline.at(-1)!.report(first / 1e9),
        incident: this.#incident.at(-1)!.report(incidentTime / 1e9),
      },
      userVisible: users.requests > 0,
    };
  }

  #faultTruth(index: number, { services, users, answers }: FaultEffects): FaultTruth {
    const fault = this.#plan.faults[index]!;
    const name = (service: number): string => this.#plan.services[service]!.name;
    const edges: CausalEdge[] = [];
    for (const [service, { ways }] of services) {
      for (const [via, { first, last, requests }] of ways) {
        const cause = readCause(via);
        if (cause === undefined) continue;
        const from = cause.kind === CauseKind.user ? USERS : name(cause.service);
        const by = ARRIVALS[cause.kind]!;
        edges.push({ from, to: name(service), by, first: first as Nanos, last: last as Nanos, requests });
      }
    }
    for (const [service, { first, last, requests }] of answers) {
      edges.push({
        from: name(service),
        to: USERS,
        by: "answer",
        first: first as Nanos,
        last: last as Nanos,
        requests,
      });
    }
    return {
      fault,
      root: fault.service < 0 ? undefined : name(fault.service),
      reached: [...services].map(([service, effects]) => this.#reached(service, effects, services, fault.service))
        .sort((one, other) => one.firstImpact - other.firstImpact || (one.service < other.service ? -1 : 1)),
      edges: edges.sort((one, other) => one.first - other.first || (one.to < other.to ? -1 : 1)),
      users: users.report(),
    };
  }

  #reached(
    service: number,
    effects: ServiceEffects,
    services: ReadonlyMap<number, ServiceEffects>,
    root: number,
  ): Reached {
    const { name } = this.#plan.services[service]!;
    const { failed, slower, other, ways } = effects;
    const all = [...ways.values()];
    const cause = readCause(firstWay(ways, service));
    return {
      service: name,
      requests: failed + slower + other,
      failed,
      slower,
      other,
      firstImpact: Math.min(...all.map(({ first }) => first)) as Nanos,
      lastImpact: Math.max(...all.map(({ last }) => last)) as Nanos,
      by: cause === undefined ? "fault" : ARRIVALS[cause.kind]!,
      from: cause === undefined || cause.kind === CauseKind.user ? undefined : this.#plan.services[cause.service]!.name,
      path: this.#path(service, services, root),
    };
  }

  /** From where the fault struck to a service: backwards along the first way to each. */
  #path(service: number, services: ReadonlyMap<number, ServiceEffects>, root: number): string[] {
    const seen: number[] = [];
    for (let at = service; !seen.includes(at);) {
      seen.push(at);
      const effects = services.get(at);
      const cause = effects === undefined ? undefined : readCause(firstWay(effects.ways, at));
      // Those between the root and here only handed on that something came at another time.
      const isFirst = effects === undefined || cause?.service === at;
      if (isFirst && cause?.kind !== CauseKind.user && root >= 0 && at !== root) seen.push(root);
      if (cause === undefined) break;
      if (cause.kind === CauseKind.user) {
        return [
          USERS,
          ...seen.reverse().map((each) => this.#plan.services[each]!.name),
        ];
      }
      at = cause.service;
    }
    return seen.reverse().map((each) => this.#plan.services[each]!.name);
  }

  #phases(now: Nanos): Phase[] {
    const phases: Phase[] = [];
    let at = 0;
    const add = (name: Phase["name"], until: number): void => {
      if (until > at) phases.push({ name, from: at as Nanos, until: until as Nanos });
      at = Math.max(at, until);
    };
    this.#incidents.forEach(({ from, until, recovered }, n) => {
      add(n === 0 ? "baseline" : "normal", from);
      add("incident", Math.min(until, now));
      add("recovery", Math.min(recovered, this.#incidents[n + 1]?.from ?? now));
    });
    add(this.#incidents.length === 0 ? "baseline" : "normal", now);
    return phases;
  }

  #redHerrings(faults: readonly FaultTruth[], baseline_s: number, incident_s: number): RedHerring[] {
    // Without an incident there is nothing that figures could have moved in.
    if (this.#incidents.length === 0) return [];
    const reached = new Set(faults.flatMap((each) => each.reached.map(({ service }) => service)));
    const herrings: RedHerring[] = [];
    for (const { index, name } of this.#plan.services) {
      if (reached.has(name) || faults.some(({ root }) => root === name)) continue;
      const why = oddity(this.#baseline[index]!.report(baseline_s), this.#incident[index]!.report(incident_s));
      if (why !== undefined) herrings.push({ service: name, why });
    }
    return herrings;
  }
}

/** The way by which a service was reached first; one through its own queue only where there is no other. */
function firstWay(ways: ReadonlyMap<number, Way>, service: number): number {
  let best = CAUSE_FAULT, first = Infinity, isOwn = true;
  for (const [via, way] of ways) {
    const own = readCause(via)?.service === service;
    if ((own === isOwn && way.first < first) || (isOwn && !own)) {
      best = via;
      first = way.first;
      isOwn = own;
    }
  }
  return best;
}

/** What would catch the eye of somebody who compares the incident with the time before. */
function oddity(before: PhaseFigures, during: PhaseFigures): string | undefined {
  if (before.requests < HERRING_REQUESTS_MIN) return undefined;
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
  const rate = during.perSecond / before.perSecond;
  if (rate < 0.7 || rate > 1.3) {
    return `${Math.abs(Math.round((rate - 1) * 100))}% ${
      rate < 1 ? "fewer" : "more"
    } requests than before the incident`;
  }
  if (during.requests < HERRING_REQUESTS_MIN) return undefined;
  if (during.errorRate > before.errorRate + 0.01) {
    return `its errors rose from ${percent(before.errorRate)} to ${percent(during.errorRate)}`;
  }
  const p95 = before.p95 ?? 0, now = during.p95 ?? 0;
  if (now > 1.5 * p95 && now > p95 + 5) return `its p95 rose from ${p95.toFixed(1)}ms to ${now.toFixed(1)}ms`;
  return undefined;
}
