// From what was observed to a scenario: services, endpoints, calls, times, errors, arrivals, and the incident.

import type { Observation, SeenEndpoint, SeenRequest } from "../observation.ts";
import { SampleFlag } from "../observation.ts";
import { SpanFlag } from "../span_table.ts";
import { formatCount, formatCounted } from "../../report/units.ts";
import { quantile } from "../comparison.ts";
import { fitArrivals } from "./arrivals.ts";
import { Attempts } from "./attempts.ts";
import { type CallSite, CallSites } from "./call_sites.ts";
import { arrange, type CallTree } from "./call_tree.ts";
import { type EndpointChanges, failuresIn, faultsOf, findChanges, isInside, ownTimes } from "./incidents.ts";
import { LogicalCalls } from "./logical_calls.ts";
import type {
  ImportedArrivals,
  ImportedCall,
  ImportedEndpoint,
  ImportedFault,
  ImportedScenario,
  ImportedService,
  ImportedStep,
  ImportedSubscription,
  ImportedTopic,
} from "./model.ts";
import { circlesOf } from "./circles.ts";
import { type SeenTopic, seenTopics } from "./messages.ts";
import { endpointName, Names } from "./names.ts";
import { type Shape, shapeOf } from "./shapes.ts";

/** What else is known of endpoints, where the user asked for it. */
export interface ImportExtras {
  /** By service and endpoint as recorded. */
  attributesOf(service: string, endpoint: string): ImportedEndpoint["attributes"];
  messageOf(service: string, endpoint: string): string | undefined;
  logFormatOf(service: string): string | undefined;
}

export const NO_EXTRAS: ImportExtras = {
  attributesOf: () => [],
  messageOf: () => undefined,
  logFormatOf: () => undefined,
};

/** Shares of the own time in front of, between and behind the steps that differ by less are chance. */
const LEAD_MIN = 0.85;
/** A time limit is one where so many calls ended at it. */
const TIMEOUTS_MIN = 3;
/** Failing calls, below which nothing is known of whether the caller needs them. */
const FAILURES_MIN = 3;
/** A call that none of so many needs to end is not waited for. */
const ASYNC_MIN = 0.8;
/** Requests that survive less often tell too little of the others. */
const SURVIVAL_MIN = 0.05;
const NETWORK_SAMPLES_MAX = 5000;
const PARTITIONS_MAX = 10_000;
/** Calls in a circle are left out now and then, even if no request that was well left one out. */
const CIRCLE_SHARE_MAX = 0.99;
/** Longer recordings are looked at for so long. */
const SECONDS_MAX = 1_000_000;
/** Arrivals of so many requests are drawn at random where they were; the number of fewer would be too uncertain. */
export const RANDOM_ARRIVALS_MIN = 4000;

export function importTraffic(observation: Observation, extras: ImportExtras = NO_EXTRAS): ImportedScenario {
  return new Importer(observation, extras).scenario();
}

interface Learned {
  readonly sites: CallSites;
  /** Shares of the own time: in front of the first call, and behind the last. */
  lead: number;
  tail: number;
  counted: number;
}

class Importer {
  readonly #observation: Observation;
  readonly #extras: ImportExtras;
  readonly #names: Names;
  readonly #learned: Learned[];
  /** Half of what a call took longer than its answer, by the callee's service. */
  readonly #network = new Map<string, number[]>();
  /** By edge. */
  readonly #attempts = new Map<number, Attempts>();
  /** Starts of requests that another one started and did not wait for, by callee; and who that was. */
  readonly #started = new Map<number, { times: number[]; by: Map<number, number> }>();
  /** Endpoints that reach each other are in the same part. */
  readonly #circles: Int32Array;
  /** By the endpoint that takes their messages. */
  readonly #topics: ReadonlyMap<number, SeenTopic>;
  /** Endpoints that handle messages of these topics. */
  readonly #handlers: ReadonlySet<number>;

  constructor(observation: Observation, extras: ImportExtras) {
    this.#observation = observation;
    this.#extras = extras;
    this.#names = new Names(observation);
    this.#circles = circlesOf(observation.endpoints.length, observation.edges);
    const topics = seenTopics(observation, (service) => this.#names.kind(service) === "queue");
    this.#topics = new Map(topics.map((topic) => [topic.publish.index, topic]));
    this.#handlers = new Set(topics.flatMap(({ subscriptions }) => subscriptions.map(({ handler }) => handler.index)));
    this.#learned = observation.endpoints.map(() => ({ sites: new CallSites(), lead: 0, tail: 0, counted: 0 }));
  }

  scenario(): ImportedScenario {
    this.#learnCalls();
    const changes = this.#observation.endpoints.map(({ samples }) => findChanges(samples, this.#observation));
    const services = this.#services(changes);
    const faults = this.#faults(changes, services);
    return { services, arrivals: this.#arrivals(), faults, remarks: [] };
  }

  #learnCalls(): void {
    const observation = this.#observation;
    const logical = new LogicalCalls(observation);
    for (const request of observation.requests()) {
      if (request.calls === 0) continue;
      logical.read(request);
      this.#learned[request.endpoint]!.sites.learnHabits(logical.calls, logical.count);
    }
    const { table } = observation;
    for (const request of observation.requests()) {
      logical.read(request);
      const learned = this.#learned[request.endpoint]!;
      const flags = table.flags[request.row]!;
      const ok = (flags & SpanFlag.error) === 0 && table.status[request.row]! < 400;
      // What was cut off says nothing about what would have followed.
      if ((flags & SpanFlag.interrupted) !== 0) continue;
      learned.sites.learn(logical.calls, logical.count, ok);
      for (let i = 0; i < request.calls; i++) this.#learnAttempt(request, i);
      if (ok && logical.count > 0) this.#learnShares(request, learned);
    }
  }

  #learnAttempt(request: SeenRequest, i: number): void {
    const { table, endpoints } = this.#observation;
    const call = request.callRow[i]!, answer = request.calleeRow[i]!;
    const callee = endpoints[request.callee[i]!]!;
    const flags = table.flags[call]!;
    if (!callee.instrumented) return;
    const key = edgeKey(request.endpoint, callee.index);
    let attempts = this.#attempts.get(key);
    if (attempts === undefined) this.#attempts.set(key, attempts = new Attempts(request.endpoint, callee.index));
    const start = table.start[call]!, end = table.end[call]!;
    if (answer < 0) {
      if ((flags & SpanFlag.interrupted) !== 0 || (flags & SpanFlag.error) === 0) attempts.withoutAnswer(start);
      else if ((flags & SpanFlag.timeout) !== 0) attempts.timedOut(start, end, this.#observation.to);
      else attempts.refused(start, table.status[call]!);
      return;
    }
    attempts.answered(start, answer === call ? NaN : table.start[answer]! - start);
    if (
      table.end[answer]! > table.end[request.row]! + 2000 &&
      (answer === call || table.end[call]! > table.end[request.row]! + 2000)
    ) {
      let started = this.#started.get(callee.index);
      if (started === undefined) this.#started.set(callee.index, started = { times: [], by: new Map() });
      started.times.push(table.start[answer]!);
      started.by.set(request.endpoint, (started.by.get(request.endpoint) ?? 0) + 1);
    }
    if (answer === call || (flags & SpanFlag.error) !== 0) return;
    const gap = table.end[call]! - table.start[call]! - (table.end[answer]! - table.start[answer]!);
    let gaps = this.#network.get(callee.service);
    if (gaps === undefined) this.#network.set(callee.service, gaps = []);
    if (gap >= 0 && gaps.length < NETWORK_SAMPLES_MAX) gaps.push(gap / 2);
  }

  #learnShares(request: SeenRequest, learned: Learned): void {
    const { table } = this.#observation;
    const start = table.start[request.row]!, end = table.end[request.row]!;
    let until = start, waited = 0, lead = -1;
    for (let i = 0; i < request.calls; i++) {
      const from = table.start[request.callRow[i]!]!;
      let to = Math.min(end, table.end[request.callRow[i]!]!);
      const wasTriedAgain = (table.flags[request.callRow[i]!]! & SpanFlag.error) !== 0 &&
        request.callee[i + 1] === request.callee[i] && i + 1 < request.calls;
      if (wasTriedAgain) to = Math.max(to, table.start[request.callRow[i + 1]!]!);
      if (lead < 0) lead = Math.max(0, from - start);
      if (to > until) {
        waited += to - Math.max(from, until);
        until = to;
      }
    }
    const own = end - start - waited;
    if (own <= 0) return;
    learned.counted++;
    learned.lead += Math.min(1, lead / own);
    learned.tail += Math.min(1, Math.max(0, end - until) / own);
  }

  #services(changes: readonly EndpointChanges[]): ImportedService[] {
    const { endpoints } = this.#observation;
    const groups = new Map<string, SeenEndpoint[]>();
    for (const endpoint of endpoints) {
      const group = groups.get(endpoint.service);
      if (group === undefined) groups.set(endpoint.service, [endpoint]);
      else group.push(endpoint);
    }
    return [...groups].map(([recorded, all]) => {
      const members = all.filter(({ index }) => !this.#topics.has(index));
      const name = this.#names.service(recorded);
      const replicas = this.#replicas(recorded);
      const instance = this.#observation.table.instances.find(({ service }) =>
        this.#observation.table.services[service] === recorded
      );
      return {
        name,
        recordedName: name === recorded ? undefined : recorded,
        kind: this.#names.kind(recorded),
        language: instance?.language,
        version: instance?.version,
        system: all[0]!.system,
        replicas: Math.max(1, replicas),
        replicasKnown: instance?.id !== undefined,
        network: this.#networkOf(recorded),
        logFormat: this.#extras.logFormatOf(recorded),
        topics: all.flatMap((endpoint) => this.#topicOf(endpoint)),
        subscriptions: members.flatMap((endpoint) => this.#subscriptionsOf(endpoint)),
        atOnce: this.#atOnce(members) / Math.max(1, replicas),
        endpoints: members.map((endpoint) => this.#endpoint(endpoint, changes[endpoint.index]!)),
      };
    });
  }

  #topicOf(publish: SeenEndpoint): ImportedTopic[] {
    const topic = this.#topics.get(publish.index);
    if (topic === undefined) return [];
    return [{
      name: this.#names.topic(publish),
      partitions: partitionsOf(topic),
      partitionsKnown: topic.partitions > 0,
      latency: this.#latencyOf(publish, () => true).shape,
      messages: publish.samples.count,
    }];
  }

  #subscriptionsOf(handler: SeenEndpoint): ImportedSubscription[] {
    return [...this.#topics.values()].flatMap((topic) =>
      topic.subscriptions.filter((each) => each.handler === handler).map((each) => ({
        topic: this.#topicReference(topic.publish),
        endpoint: this.#names.endpoint(handler),
        attempts: each.attempts,
        retryAfter: each.retryAfter,
        concurrency: Math.max(1, Math.ceil(each.atOnce / partitionsOf(topic))),
        deliveries: each.deliveries,
      }))
    );
  }

  #topicReference(publish: SeenEndpoint): string {
    return `${this.#names.service(publish.service)}.${this.#names.topic(publish)}`;
  }

  /** Requests of these endpoints at once in the busiest second, on average. */
  #atOnce(endpoints: readonly SeenEndpoint[]): number {
    const { from, to } = this.#observation;
    const busy = new Float64Array(Math.min(SECONDS_MAX, Math.ceil((to - from) / 1e9) + 1));
    for (const { samples, instrumented } of endpoints) {
      if (!instrumented) continue;
      for (let at = 0; at < samples.count; at++) {
        const second = Math.floor((samples.start[at]! - from) / 1e9);
        if (second < busy.length) busy[second]! += samples.duration[at]! / 1e9;
      }
    }
    return busy.reduce((most, each) => Math.max(most, each), 0);
  }

  /** The most instances that were there at one time. */
  #replicas(service: string): number {
    const { table } = this.#observation;
    return this.#names.replicas(table, service);
  }

  #networkOf(service: string): Shape | undefined {
    const gaps = this.#network.get(service);
    if (gaps === undefined || gaps.length === 0) return undefined;
    const sorted = Float64Array.from(gaps).sort();
    const p50 = quantile(sorted, 0.5), p99 = quantile(sorted, 0.99);
    if (p50 < 1000) return undefined;
    return p99 <= p50 * 1.05
      ? { type: "constant", value: Number(p50.toPrecision(3)) }
      : { type: "lognormal", p50, p99 };
  }

  #endpoint(endpoint: SeenEndpoint, changes: EndpointChanges): ImportedEndpoint {
    const { samples } = endpoint;
    const { shape: latency, count: latencyRequests } = this.#latencyOf(
      endpoint,
      (time) => !isInside(changes.times, time),
    );
    const { count, requests, status } = failuresIn(samples, (time) => !isInside(changes.errors, time));
    let cutShort = 0;
    if (!endpoint.instrumented) {
      for (const site of this.#learned.flatMap(({ sites }) => sites.sites)) {
        if (site.callee === endpoint.index) cutShort += site.patience.length;
      }
    }
    const rate = requests === 0 ? 0 : count / requests;
    return {
      name: this.#names.endpoint(endpoint),
      requests: samples.count,
      latency,
      latencyRequests,
      cutShort,
      errors: rate > 0 && (count >= 2 || requests < 100)
        ? { rate, status, message: this.#extras.messageOf(endpoint.service, endpoint.name) }
        : undefined,
      errorsSeen: count,
      attributes: this.#extras.attributesOf(endpoint.service, endpoint.name),
      calls: this.#steps(endpoint.index),
    };
  }

  #latencyOf(
    { samples }: SeenEndpoint,
    isUsual: (time: number) => boolean,
  ): { readonly shape: Shape | undefined; readonly count: number } {
    const times = ownTimes(samples, isUsual);
    const shape = times.length === 0 ? undefined : shapeOf(times);
    return { shape: shape?.type === "constant" && shape.value === 0 ? undefined : shape, count: times.length };
  }

  #steps(caller: number): readonly ImportedStep[] {
    const learned = this.#learned[caller]!, { sites } = learned;
    const waited = sites.sites.flatMap((site, index) => site.async >= ASYNC_MIN * site.calls ? [] : [index]);
    if (waited.length === 0) return [];
    const steps = this.#tree(arrange(sites, waited), caller, 1);
    const lead = learned.counted === 0 ? 1 : learned.lead / learned.counted;
    if (lead >= LEAD_MIN) return steps;
    // The rest is spread over the gaps between the steps, but for what lies behind the last.
    const tail = Math.min(1 - lead, learned.tail / learned.counted);
    const gaps = steps.length - 1;
    const between = gaps === 0 ? 0 : (1 - lead - tail) / gaps;
    const shares = [lead, ...Array.from({ length: gaps }, () => between), gaps === 0 ? 1 - lead : tail]
      .map((share) => Math.round(share * 100));
    shares[0]! += 100 - shares.reduce((sum, share) => sum + share, 0);
    return shares.flatMap((share, i): ImportedStep[] => [
      ...(share > 0 ? [{ type: "work" as const, share: share / 100 }] : []),
      ...(i < steps.length ? [steps[i]!] : []),
    ]);
  }

  /** @param given share of the requests that come here */
  #tree(tree: CallTree, caller: number, given: number): ImportedStep[] {
    switch (tree.type) {
      case "site":
        return [this.#call(caller, tree.site, given)];
      case "sequence":
        return tree.parts.flatMap((part) => this.#tree(part, caller, given));
      case "parallel":
        return [{ type: "parallel", branches: tree.parts.map((part) => this.#tree(part, caller, given)) }];
      case "choose": {
        // Shares are of the requests that were well: of an option that fails more there are fewer among those than took it.
        const taken = tree.parts.map(({ tree: part, share }) => share / this.#survival(part, caller));
        const left = Math.max(0, given - tree.parts.reduce((sum, { share }) => sum + share, 0));
        const scale = given / Math.max(1e-9, left + taken.reduce((sum, share) => sum + share, 0));
        const options = tree.parts.map(({ tree: part, share }, i) => ({
          weight: weight(taken[i]! * scale),
          steps: this.#tree(part, caller, Math.max(share, 1e-9)),
        }));
        const none = weight(left * scale);
        return [{ type: "choose", options: none > 0.1 ? [...options, { weight: none, steps: [] }] : options }];
      }
    }
  }

  /** Share of the requests that are well after these calls, those that they can do without left aside. */
  #survival(tree: CallTree, caller: number): number {
    const { sites } = this.#learned[caller]!;
    if (!sites.okIsEnough) return 1;
    switch (tree.type) {
      case "site": {
        const site = sites.sites[tree.site]!;
        return Math.max(SURVIVAL_MIN, (1 - failingOf(site)) ** (site.calls / Math.max(1, site.requests)));
      }
      case "choose": {
        const all = tree.parts.reduce((sum, { share }) => sum + share, 0);
        const well = tree.parts.reduce((sum, { tree: part, share }) => sum + share * this.#survival(part, caller), 0);
        return all > 0 ? well / all : 1;
      }
      default:
        return Math.max(SURVIVAL_MIN, tree.parts.reduce((all, part) => all * this.#survival(part, caller), 1));
    }
  }

  /** Share of the calls between endpoints that call each other which led on: what was recorded had an end. */
  #goingOn(caller: number, callee: number): number {
    if (this.#circles[caller] !== this.#circles[callee]) return 1;
    const edge = this.#attempts.get(edgeKey(caller, callee));
    return Math.min(CIRCLE_SHARE_MAX, edge === undefined ? 1 : 1 - edge.unanswered / edge.count);
  }

  #call(caller: number, index: number, given: number): ImportedCall {
    const { sites: learned } = this.#learned[caller]!;
    const site = learned.sites[index]!;
    const callee = this.#observation.endpoints[site.callee]!;
    const counted = site.turns.size > 0 ? site.turns : site.turnsOfFailed;
    const isLoop = [...counted.keys()].some((turns) => turns > 1);
    // Of requests that failed nobody knows whether they would have come here.
    const enough = learned.okRequests >= 20 || learned.okRequests === learned.requests;
    const seen = enough
      ? site.okRequests / Math.max(1, learned.okRequests)
      : site.requests / Math.max(1, learned.requests);
    const optional = isOptional(site);
    // Where a failed call fails the request, those that are well reached it less often than they would have.
    const failing = failingOf(site);
    const reached = seen / (seen + (1 - seen) * (1 - failing) || 1);
    const goingOn = this.#goingOn(caller, callee.index);
    const probability = Math.min(1, (learned.okIsEnough ? reached : seen) / given) * goingOn;
    return {
      type: "call",
      target: this.#names.reference(callee),
      publish: this.#topics.has(callee.index) ? this.#topicReference(callee) : undefined,
      probability: isLoop || probability > 0.9999 ? 1 : probability,
      turns: isLoop ? turnsOf(counted, site.turns.size > 0 ? failing : 0, probability) : undefined,
      timeout: site.patience.length >= TIMEOUTS_MIN ? patienceOf(site.patience) : undefined,
      retry: site.attemptsMax > 1 ? retryOf(site) : undefined,
      optional,
      calls: site.calls,
      failed: site.failed,
    };
  }

  #faults(changes: readonly EndpointChanges[], services: readonly ImportedService[]): ImportedFault[] {
    const { endpoints, from } = this.#observation;
    const shapes = new Map(
      services.flatMap(({ name, endpoints: members }) =>
        members.map((each): [string, Shape | undefined] => [`${name}.${each.name}`, each.latency])
      ),
    );
    const faults = endpoints.flatMap((endpoint) => {
      const target = this.#names.reference(endpoint);
      return faultsOf(target, endpoint.samples, changes[endpoint.index]!, from, shapes.get(target));
    });
    for (const attempts of this.#attempts.values()) {
      const { caller, callee } = attempts;
      const target = `${this.#names.reference(endpoints[caller]!)} -> ${this.#names.reference(endpoints[callee]!)}`;
      faults.push(...attempts.faults(target, this.#observation));
    }
    for (const { publish } of this.#topics.values()) {
      const { count, requests, status } = failuresIn(publish.samples, () => true);
      if (count < 5 || count < 0.002 * requests || changes[publish.index]!.errors.length > 0) continue;
      const target = this.#names.reference(publish);
      faults.push({
        name: `${target} fails`,
        target,
        at: 0,
        length: undefined,
        effect: { kind: "errors", rate: count / requests, status },
        evidence: `${formatCount(count)} of ${formatCounted(requests, "message")} were not taken`,
      });
    }
    return faults.sort((a, b) => a.at - b.at);
  }

  #arrivals(): ImportedArrivals[] {
    const { endpoints, from, to } = this.#observation;
    const taken = new Set<string>();
    return endpoints.flatMap((endpoint): ImportedArrivals[] => {
      const { samples } = endpoint;
      if (this.#handlers.has(endpoint.index)) return [];
      const times: number[] = [];
      for (let at = 0; at < samples.count; at++) {
        if ((samples.flags[at]! & SampleFlag.root) !== 0) times.push((samples.start[at]! - from) / 1e9);
      }
      const started = this.#started.get(endpoint.index);
      const isAsync = started !== undefined && this.#isAsync(endpoint.index);
      if (isAsync) { for (const time of started.times) times.push((time - from) / 1e9); }
      if (times.length === 0) return [];
      const sorted = Float64Array.from(times).sort();
      // The recording goes on until the last answer; requests were asked until the last of them.
      const length = Math.max(1, this.#lastArrival() / 1e9, Math.min((to - from) / 1e9, sorted.at(-1)! + 1e-9));
      const by = isAsync ? [...started.by].sort((a, b) => b[1] - a[1])[0] : undefined;
      return [{
        target: this.#names.reference(endpoint),
        name: uniqueSlug(`${endpoint.service}-${endpoint.name}`, taken),
        requests: sorted.length,
        fit: fitArrivals(sorted, length),
        startedBy: by === undefined ? undefined : this.#names.reference(endpoints[by[0]]!),
      }];
    });
  }

  #isAsync(callee: number): boolean {
    let calls = 0, async = 0;
    for (const { sites } of this.#learned) {
      for (const site of sites.sites) {
        if (site.callee !== callee) continue;
        calls += site.calls;
        async += site.async;
      }
    }
    return calls > 0 && async >= ASYNC_MIN * calls;
  }

  #last: number | undefined;
  /** Nanoseconds from the beginning to the last request of a user. */
  #lastArrival(): number {
    if (this.#last !== undefined) return this.#last;
    let last = 0;
    for (const { samples } of this.#observation.endpoints) {
      for (let at = 0; at < samples.count; at++) {
        if ((samples.flags[at]! & SampleFlag.root) !== 0) last = Math.max(last, samples.start[at]!);
      }
    }
    return this.#last = last - this.#observation.from;
  }
}

function edgeKey(caller: number, callee: number): number {
  return caller * 4_194_304 + callee;
}

/** As many as were named, or as are needed for as many messages at once. */
function partitionsOf({ partitions, subscriptions }: SeenTopic): number {
  return partitions > 0 ? partitions : Math.min(PARTITIONS_MAX, Math.max(...subscriptions.map(({ atOnce }) => atOnce)));
}

/** With none at all for the requests that did not come there. */
function turnsOf(
  turns: ReadonlyMap<number, number>,
  failing: number,
  probability: number,
): (readonly [turns: number, weight: number])[] {
  // Of the requests with many turns, fewer are well.
  const sorted = [...turns].sort((a, b) => a[0] - b[0]).map(([count, requests]): [number, number] => [
    count,
    Math.max(1, Math.round(requests / Math.max(SURVIVAL_MIN, (1 - failing) ** count))),
  ]);
  const some = sorted.reduce((sum, [, requests]) => sum + requests, 0);
  const share = Math.round(some * (1 - probability) / Math.max(probability, 1e-9));
  const none = probability <= CIRCLE_SHARE_MAX ? Math.max(1, share) : share;
  return none > 0 ? [[0, none], ...sorted] : sorted;
}

/** Its failures were no failures of those who called it. */
function isOptional({ failed, tolerated }: CallSite): boolean {
  return failed >= FAILURES_MIN && tolerated >= 0.5 * failed;
}

/** Share of the calls whose failure fails the request. */
function failingOf(site: CallSite): number {
  return isOptional(site) ? 0 : site.failed / Math.max(1, site.calls);
}

function weight(share: number): number {
  return Number((share * 100).toPrecision(3));
}

/** A limit that somebody wrote down is a round number. */
function patienceOf(times: readonly number[]): number {
  const median = quantile(Float64Array.from(times).sort(), 0.5);
  for (const digits of [1, 2, 3]) {
    const rounded = Number(median.toPrecision(digits));
    if (Math.abs(rounded - median) <= 0.005 * median) return rounded;
  }
  return Math.round(median);
}

function retryOf(
  { attemptsMax, pauses, secondPauses }: CallSites["sites"][number],
): NonNullable<ImportedCall["retry"]> {
  const sorted = Float64Array.from(pauses).sort();
  const p50 = quantile(sorted, 0.5), p95 = quantile(sorted, 0.95), p5 = quantile(sorted, 0.05);
  if (!(p95 > 1e5)) return { attempts: attemptsMax, base: undefined, factor: 2, jitter: "none" };
  // A pause between nothing and its full length is jitter; one that is always the same is none.
  const jitter = p5 < 0.5 * p95 ? "full" : "none";
  const base = jitter === "full" ? p95 / 0.95 : p50;
  // Their longest ones tell more than their middle, which jitter moves.
  const second = secondPauses.length < 20 ? NaN : quantile(Float64Array.from(secondPauses).sort(), 0.95);
  const factor = Number.isNaN(second) ? 2 : Math.min(10, Math.max(1, Math.round(second / p95 * 2) / 2));
  return { attempts: attemptsMax, base: Number(base.toPrecision(2)), factor, jitter };
}

function uniqueSlug(text: string, taken: Set<string>): string {
  const slug = endpointName(text).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80) ||
    "load";
  let name = slug;
  for (let n = 2; taken.has(name); n++) name = `${slug}-${n}`;
  taken.add(name);
  return name;
}
